"""What rankings of the past would have been worth, as figures."""

from __future__ import annotations

from dataclasses import dataclass

from risk_assets.domain.scoring.metrics import CalibrationBin, Estimate

NOTHING = Estimate(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class BacktestPeriod:
    """A day: `called` clients would have been named, of whom `hits` left; by the best column `column_hits` did.

    `flagged` clients were at the threshold or above, of whom `flagged_hits` left.
    """

    as_of: str
    trained_rows: int
    clients: int
    left: int
    called: int
    hits: int
    column: str
    column_hits: int
    flagged: int
    flagged_hits: int
    roc_auc: float


@dataclass(frozen=True)
class UntreatedLists:
    """What named clients that were not called tell of past lists, weighted so that they stand for all.

    Of `named` clients `called` were called before their outcome; for `unspoken` of the named nobody stands, since
    everyone like them was called. Where nobody stands for any there are no shares.
    """

    named: int
    called: int
    unspoken: int
    precision: Estimate | None = None
    random_precision: Estimate | None = None
    lift: Estimate | None = None


@dataclass(frozen=True)
class Backtest:
    """All periods together: shares of the named clients that left, by the ranking, by the best column, at random.

    `lift` is the first over the last, `lift_over_column` over the second; all with 95 % intervals. `curve` holds
    pairs of the share of clients called and the share of leavers reached. `best_size` is the size of the list with
    the greatest F1, as is known only now.
    """

    horizon_days: int
    capacity: int
    periods: tuple[BacktestPeriod, ...] = ()
    precision: Estimate = NOTHING
    column_precision: Estimate = NOTHING
    random_precision: Estimate = NOTHING
    lift: Estimate = NOTHING
    lift_over_column: Estimate = NOTHING
    calibration: tuple[CalibrationBin, ...] = ()
    curve: tuple[tuple[float, float], ...] = ()
    best_size: int = 0
    untreated: UntreatedLists | None = None

    @property
    def called(self) -> int:
        """Clients that would have been named, over all periods.

        >>> Backtest(horizon_days=90, capacity=100).called
        0
        """
        return sum(period.called for period in self.periods)

    @property
    def hits(self) -> int:
        """How many of them left.

        >>> Backtest(horizon_days=90, capacity=100).hits
        0
        """
        return sum(period.hits for period in self.periods)
