"""Labels and a backtest in plain pandas, written apart from the package: what its own answers are compared with.

Tables: `rows` holds id and as_of (and features), each row with an index of its own; `leavings` holds id, left_on
and reported, the day on which the file of the leaving arrived. Days are anything that pandas reads as a date. A
client may leave more than once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import roc_auc_score

Day = pd.Timestamp | None


def outcomes_until(leavings: pd.DataFrame) -> Day:
    """The greatest left_on that is not later than the arrival of its file, None where there is none.

    A leaving that is announced for a day to come says nothing of how far outcomes are known.
    """
    left_on, reported = pd.to_datetime(leavings["left_on"]), pd.to_datetime(leavings["reported"])
    newest = left_on[left_on <= reported].max()
    return None if pd.isna(newest) else newest


def label(
    rows: pd.DataFrame,
    leavings: pd.DataFrame,
    *,
    horizon_days: int,
    reported_within_days: int,
    until: Day = None,
    id_column: str = "id",
) -> pd.DataFrame:
    """Add to the rows, in their order: complete, after_leaving, returned, and outcome (1 left, 0 stayed, or null).

    A row is complete when as_of + horizon_days + reported_within_days <= `until`, which is `outcomes_until` unless
    it is declared. It has left when as_of < left_on <= as_of + horizon_days for a leaving of its client, else it
    stayed. A row that is not complete has no outcome, also where its client has left. A row with
    left_on <= as_of <= left_on + horizon_days is after_leaving: a stale listing, which has no outcome either. One
    that is later than that after a leaving is of a client that returned.
    """
    horizon = pd.Timedelta(days=horizon_days)
    until = outcomes_until(leavings) if until is None else until
    known = rows.reset_index(drop=True)
    as_of = pd.to_datetime(known["as_of"])
    pairs = pd.DataFrame({"id": known[id_column], "as_of": as_of, "row": known.index}).merge(
        pd.DataFrame({"id": leavings[id_column], "left_on": pd.to_datetime(leavings["left_on"])}), on="id"
    )
    after = pairs["as_of"] - pairs["left_on"]
    left = known.index.isin(pairs.loc[(after < pd.Timedelta(0)) & (after >= -horizon), "row"])
    stale = known.index.isin(pairs.loc[(after >= pd.Timedelta(0)) & (after <= horizon), "row"])
    returned = known.index.isin(pairs.loc[after > horizon, "row"]) & ~stale
    wait = horizon + pd.Timedelta(days=reported_within_days)
    complete = np.zeros(len(known), dtype=bool) if until is None else (as_of + wait <= until).to_numpy()
    outcome = pd.Series(left.astype("int64"), dtype="Int64").where(complete & ~stale)
    labelled = known.assign(complete=complete, after_leaving=stale, returned=returned, outcome=outcome)
    return labelled.set_index(rows.index)


def backtest(
    rows: pd.DataFrame,
    leavings: pd.DataFrame,
    model: Any,
    *,
    features: Sequence[str],
    horizon_days: int,
    reported_within_days: int,
    capacity: int = 100,
    periods: int = 6,
    until: Day = None,
    apart: Collection[str] = (),
    id_column: str = "id",
) -> pd.DataFrame:
    """One line for each of the last `periods` complete days of observation on which anything could be learnt.

    On day t = as_of a copy of the scikit-learn `model` is trained on the rows (but those of clients `apart`) that
    were complete by the leavings reported by t. Of the rows of that day, but those that were after_leaving by
    the same leavings, the first `capacity` are named: by risk, and by the best single column. The line says how
    many of them left within the horizon, as is known by now, and how many of as many at random would have. One who
    turned out to have left before t is no hit. Equal risks stand in the order of ids. A declared `until` says how
    far outcomes are known by now; on day t they are known until t, if that is earlier.
    """
    labelled = partial(
        label, horizon_days=horizon_days, reported_within_days=reported_within_days, id_column=id_column
    )
    by_now = labelled(rows, leavings, until=until)
    days = sorted(pd.to_datetime(by_now.loc[by_now["complete"], "as_of"]).unique())[-periods:]
    reported, as_of = pd.to_datetime(leavings["reported"]), pd.to_datetime(rows["as_of"])
    found = []
    for day in days:
        declared = None if until is None else min(until, day)
        then = labelled(rows[as_of <= day], leavings[reported <= day], until=declared)
        training = then[then["outcome"].notna() & ~then[id_column].isin(apart)]
        if training["outcome"].nunique() < 2:
            continue
        here = then.index[(pd.to_datetime(then["as_of"]) == day) & ~then["after_leaving"]]
        today = by_now.loc[here].fillna({"outcome": 0})
        found.append({"as_of": day, **_period(training, today.sort_values(id_column), model, features, capacity)})
    return pd.DataFrame(found)


def best_column(training: pd.DataFrame, features: Sequence[str]) -> tuple[str, int]:
    """The numeric column whose order tells those who left best, by AUC on the training rows, and its direction.

    1 names large values first and -1 small ones. Rows without a value do not count.
    """
    reach = {}
    for name in features:
        if pd.api.types.is_numeric_dtype(training[name]):
            there = training[training[name].notna()]
            if there["outcome"].nunique() == 2:
                reach[name] = float(roc_auc_score(there["outcome"].astype(int), there[name])) - 0.5
    best = max(reach, key=lambda name: abs(reach[name]))
    return best, 1 if reach[best] >= 0 else -1


def read_panel(rows: Path, leavings: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All CSV files of two folders; a file of leavings was reported on the day of its time of modification."""
    files = sorted(leavings.glob("*.csv"))
    arrived = [pd.Timestamp(file.stat().st_mtime, unit="s").normalize() for file in files]
    told = [_read(file).assign(reported=day) for file, day in zip(files, arrived, strict=True)]
    return pd.concat(map(_read, sorted(rows.glob("*.csv"))), ignore_index=True), pd.concat(told, ignore_index=True)


def _period(
    training: pd.DataFrame, today: pd.DataFrame, model: Any, features: Sequence[str], capacity: int
) -> dict[str, Any]:
    fitted = clone(model).fit(training[[*features]], training["outcome"].astype(int))
    risk = pd.Series(fitted.predict_proba(today[[*features]])[:, 1], index=today.index)
    column, direction = best_column(training, features)
    named = min(capacity, len(today))
    left = today["outcome"].astype(int)
    return {
        "training_rows": len(training),
        "clients": len(today),
        "left": int(left.sum()),
        "named": named,
        "hits": int(left[_first(risk, named)].sum()),
        "random_hits": named * float(left.mean()),
        "column": column,
        "direction": direction,
        "column_hits": int(left[_first(direction * today[column], named)].sum()),
    }


def _first(values: pd.Series[Any], count: int) -> pd.Index[Any]:
    """The index of the greatest values, missing ones last, equal ones in the order that they have."""
    return values.sort_values(ascending=False, kind="stable", na_position="last").index[:count]


def _read(file: Path) -> pd.DataFrame:
    return pd.read_csv(file, dtype={"corporation": str}, keep_default_na=False, na_values=[""])
