"""New rows counted in the engine, by what drift and the gate judge by: none of them leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from risk_assets.domain.dates import days_since_1970
from risk_assets.domain.drift.counts import MOST_UNLISTED, ColumnCounts, CountedRows
from risk_assets.domain.drift.profile import CategoricalProfile, NumericProfile
from risk_assets.domain.drift.statistics import decile_edges
from risk_assets.domain.drift.verdict import DriftReference
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.scoring.bootstrap import PairedCounts
from risk_assets.domain.scoring.metrics import CalibrationBin, Confusion
from risk_assets.domain.scoring.performance_estimate import ExpectedPositives, calibration_points
from risk_assets.engine.drift.profile import QUANTILE_ROWS, SHARES, whole
from risk_assets.engine.model.scorecard_sql import placed, risk_sql, scorable
from risk_assets.engine.model.shape_sql import number
from risk_assets.engine.select import draw, one_in
from risk_assets.engine.session import Session
from risk_assets.engine.sql import literal, quote

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from risk_assets.domain.scoring.groups import ScoredRows

ColumnProfile = NumericProfile | CategoricalProfile


def count_new_rows(session: Session, table: str, scorecard: Scorecard, reference: DriftReference) -> CountedRows:
    """Count the rows of a query (see `select.observed_query`) as domain.drift_counts does.

    Expected leavers are sums of whole numbers, the same in any order of rows. Medians of many rows come from a
    sample, as in a profile.
    """
    cells = {name: f"x{place}" for place, name in enumerate(scorecard.features)}
    profiles: list[ColumnProfile] = [*reference.profile.numeric, *reference.profile.categorical]
    columns = [*((profile, cells[profile.name]) for profile in profiles), (reference.risks, "risk")]
    flagged = f"risk >= {number(reference.metrics.threshold)}"
    others = f"NOT ({flagged})"
    groups = [
        ["count(*)"],
        [_count(f"y = {left} AND {says}") for left in (0, 1) for says in (others, flagged)],
        _leavers(flagged),
        _leavers(others),
        *(_bins(profile, cell) for profile, cell in columns),
    ]
    scored = _scored(session, table, scorecard, "true")
    chances = f"SELECT *, {_chance(reference.metrics.calibration)} AS p FROM ({scored})"
    [n], confusion, first, second, *found = _grouped(session, groups, chances)
    sample = _scored(session, table, scorecard, one_in(-(-n // QUANTILE_ROWS), draw(session.columns)))
    medians = _medians(session, sample, [cell for profile, cell in columns if isinstance(profile, NumericProfile)])
    counts = [
        ColumnCounts(
            bins := _in_bins(profile, n, each),
            medians.get(cell),
            _unlisted(session, scored, profile, cell) if bins[-2] else (),
        )
        for (profile, cell), each in zip(columns, found, strict=True)
    ]
    return CountedRows(
        n=n,
        features={profile.name: each for profile, each in zip(profiles, counts[:-1], strict=True)},
        score=counts[-1],
        flagged=_expected(*first),
        others=_expected(*second),
        confusion=Confusion(*confusion),
    )


def read_scored_rows(session: Session, table: str, scorecard: Scorecard) -> tuple[ScoredRows, NDArray[np.float64]]:
    """Return the rows of a query with a known outcome, by client, and their dates in days since 1970 (n,)."""
    import numpy as np

    from risk_assets.domain.scoring.groups import ScoredRows

    columns = session.columns
    key = f"{quote(columns.id)} AS client", f"{quote(columns.as_of or '')} AS day"
    scored = _scored(session, table, scorecard, f"{quote(columns.target)} IS NOT NULL", *key)
    found = session.run(f"SELECT client, day, y, risk FROM ({scored}) ORDER BY client, day").fetchnumpy()
    clients, target, risk = (np.ma.getdata(found[name]) for name in ("client", "y", "risk"))
    return ScoredRows(target, risk, scorecard.threshold, clients), days_since_1970(found["day"])


def count_pairs(session: Session, table: str, champion: Scorecard, challenger: Scorecard) -> PairedCounts:
    """Count the labelled rows of a query by label and by what both models call positive."""
    models = {"a": champion, "b": challenger}
    cells = [
        f"{cell} AS {letter}{place}"
        for letter, model in models.items()
        for place, cell in enumerate(scorable(session.columns, model))
    ]
    says = (
        f"{risk_sql(placed(model, letter))} >= {number(model.threshold)} AS says_{letter}"
        for letter, model in models.items()
    )
    source = f"SELECT {', '.join([f'{quote(session.columns.target)} AS y', *cells])} FROM ({table})"
    both = ("NOT says_a AND NOT says_b", "NOT says_a AND says_b", "says_a AND NOT says_b", "says_a AND says_b")
    groups = [[_count(f"y = {left} AND {each}") for each in both] for left in (1, 0)]
    left, stayed = _grouped(session, groups, f"SELECT y, {', '.join(says)} FROM ({source})")
    return PairedCounts(tuple(left), tuple(stayed))


def _scored(session: Session, table: str, scorecard: Scorecard, condition: str, *more: str) -> str:
    """Return a query for the features (x0, x1, …), label y and risk of rows, and for what else is wanted."""
    cells = [f"{cell} AS x{place}" for place, cell in enumerate(scorable(session.columns, scorecard))]
    labelled = ", ".join([f"{quote(session.columns.target)} AS y", *cells, *more])
    source = f"SELECT {labelled} FROM ({table}) WHERE {condition}"
    return f"SELECT *, {risk_sql(placed(scorecard))} AS risk FROM ({source})"


def _grouped(session: Session, groups: Sequence[Sequence[str]], table: str) -> list[list[int]]:
    """Return the figures of one pass over a query, in the groups in which they were asked for; no sum is 0."""
    wanted = ", ".join(figure for group in groups for figure in group)
    [row] = session.run(f"SELECT {wanted} FROM ({table})").fetchall()
    figures = iter(row)
    return [[int(next(figures) or 0) for _ in group] for group in groups]


def _count(condition: str) -> str:
    return f"count(CASE WHEN {condition} THEN 1 END)"


def _bins(profile: ColumnProfile, cell: str) -> list[str]:
    """Ask how many rows have a value, and how many lie above each edge or in each category."""
    if isinstance(profile, CategoricalProfile):
        return [f"count({cell})", *(_count(f"{cell} = {literal(name)}") for name, _ in profile.counts)]
    return [f"count({cell})", *(_count(f"{cell} > {number(edge)}") for edge in decile_edges(profile).tolist())]


def _in_bins(profile: ColumnProfile, n: int, found: Sequence[int]) -> tuple[int, ...]:
    """Return the counts of the bins, the missing ones last, from what `_bins` found."""
    present, *rest = found
    if isinstance(profile, CategoricalProfile):
        return (*rest, present - sum(rest), n - present)
    return (*(above - beyond for above, beyond in pairwise([present, *rest, 0])), n - present)


def _unlisted(session: Session, table: str, profile: ColumnProfile, cell: str) -> tuple[tuple[str, int], ...]:
    """Return the most frequent categories that the profile does not list, with their rows."""
    if isinstance(profile, NumericProfile):
        return ()
    known = " AND ".join([f"{cell} IS NOT NULL", *(f"{cell} <> {literal(name)}" for name, _ in profile.counts)])
    found = session.run(
        f"SELECT {cell}, count(*) AS times FROM ({table}) WHERE {known} GROUP BY {cell} "
        f"ORDER BY times DESC, {cell} LIMIT {MOST_UNLISTED}"
    ).fetchall()
    return tuple((str(name), int(number)) for name, number in found)


def _medians(session: Session, table: str, cells: Sequence[str]) -> dict[str, Any]:
    wanted = ", ".join(f"quantile_cont({cell}, 0.5)" for cell in cells)
    [medians] = session.run(f"SELECT {wanted} FROM ({table})").fetchall()
    return dict(zip(cells, medians, strict=True))


def _chance(bins: Sequence[CalibrationBin]) -> str:
    """Return SQL for the calibrated risk: domain.performance_estimate.calibrate."""
    points = calibration_points(bins)
    if not points:
        return "risk"
    (first, least), (_, most) = points[0], points[-1]
    pieces = "".join(
        f" WHEN risk < {number(right)} THEN {number((y2 - y1) / (right - left))} * (risk - {number(left)}) "
        f"+ {number(y1)}"
        for (left, y1), (right, y2) in pairwise(points)
        if left < right
    )
    return f"CASE WHEN risk <= {number(first)} THEN {number(least)}{pieces} ELSE {number(most)} END"


def _leavers(condition: str) -> list[str]:
    sums = (f"sum(CASE WHEN {condition} THEN {whole(chance)} END)" for chance in ("p", "(p * (1 - p))"))
    return [_count(condition), *sums]


def _expected(n: int, mean: int, variance: int) -> ExpectedPositives:
    return ExpectedPositives(n, mean / SHARES, variance / SHARES)
