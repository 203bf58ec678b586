"""The 90 % interval of each client's risk: sums over pairs of coefficients, which are counted in numpy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from risk_assets.domain.model.scorecard import Scorecard, risk_at
from risk_assets.engine.session import Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Clients are fetched so many at a time.
BLOCK_ROWS = 200_000


def cache_bounds(session: Session, scorecard: Scorecard, table: str) -> None:
    """Keep the bounds of the rows of an ordered table as `bounds`: place (its `rowid`), risk_low and risk_high.

    The table has `log_odds` and the features as x0, x1, …. A scorecard of the first format gives no bounds, and no
    row.
    """
    session.cache_arrays("bounds", _blocks(session, scorecard, table))


def _blocks(session: Session, scorecard: Scorecard, table: str) -> Iterator[dict[str, Any]]:
    [(rows,)] = session.run(f"SELECT count(*) FROM {table}").fetchall()
    if scorecard.uncertainty is None or not rows:
        yield {"place": np.zeros(0, np.int64), "risk_low": np.zeros(0), "risk_high": np.zeros(0)}
        return
    cells = ", ".join(f"x{place}" for place in range(len(scorecard.features)))
    for start in range(0, rows, BLOCK_ROWS):
        within = f"rowid >= {start} AND rowid < {start + BLOCK_ROWS}"
        query = f"SELECT rowid AS place, log_odds, {cells} FROM {table} WHERE {within}"
        found = session.run(query).fetchnumpy()
        log_odds = np.ma.getdata(found["log_odds"])
        half = scorecard.uncertainty.half_width(_columns(scorecard, found), len(log_odds))
        yield {
            "place": np.ma.getdata(found["place"]),
            "risk_low": risk_at(log_odds - half),
            "risk_high": risk_at(log_odds + half),
        }


def _columns(scorecard: Scorecard, found: dict[str, Any]) -> dict[str, NDArray[np.float64] | NDArray[np.object_]]:
    numbers = len(scorecard.numeric)
    return {
        name: np.ma.filled(found[f"x{place}"].astype(np.float64), np.nan)
        if place < numbers
        else np.ma.getdata(found[f"x{place}"])
        for place, name in enumerate(scorecard.features)
    }
