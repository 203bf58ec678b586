"""What rows and dates of leaving mean, once more and by pandas alone: package and tests must agree.

Tables: `rows` holds id and as_of (and features), each row with an index of its own; `leavings` holds id, left_on
and arrived, the day on which the file of the leaving came. A client may leave more than once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import roc_auc_score


@dataclass(frozen=True)
class Rules:
    """The horizon, how late leavings are reported, and until when they are known, if that is declared."""

    horizon: int
    reported_within: int = 0
    until: str | None = None

    @property
    def days(self) -> pd.Timedelta:
        return pd.Timedelta(days=self.horizon)

    @property
    def wait(self) -> pd.Timedelta:
        return pd.Timedelta(days=self.horizon + self.reported_within)

    def on(self, day: pd.Timestamp) -> Rules:
        """The rules as they were on a day: a later date was not declared yet."""
        return self if self.until is None else replace(self, until=str(min(pd.Timestamp(self.until), day)))


def reached(leavings: pd.DataFrame) -> pd.Timestamp | None:
    """The newest date of leaving that was not ahead of its file."""
    left_on, arrived = pd.to_datetime(leavings["left_on"]), pd.to_datetime(leavings["arrived"])
    came = left_on[left_on < arrived + pd.Timedelta(days=1)]
    return None if came.empty else came.max()


def label(rows: pd.DataFrame, leavings: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Add to the rows, in their order: complete, after_leaving, returned, and outcome (1 left, 0 stayed, or null).

    A row is complete when as_of + horizon + days of reporting <= the date until which leavings are known: the
    declared one, else `reached`. It has left when as_of < left_on <= as_of + horizon for a leaving of its client,
    else it stayed. A row that is not complete has no outcome, also where its client has left. A row with
    left_on <= as_of <= left_on + horizon is after_leaving: a stale listing, which has no outcome either. One that
    is later than that after a leaving is of a client that returned.
    """
    until = pd.Timestamp(rules.until) if rules.until else reached(leavings)
    known = rows.reset_index(drop=True)
    as_of = pd.to_datetime(known["as_of"])
    pairs = pd.DataFrame({"id": known["id"], "as_of": as_of, "row": known.index}).merge(
        pd.DataFrame({"id": leavings["id"], "left_on": pd.to_datetime(leavings["left_on"])}), on="id"
    )
    after = pairs["as_of"] - pairs["left_on"]
    left = known.index.isin(pairs.loc[(after < pd.Timedelta(0)) & (after >= -rules.days), "row"])
    stale = known.index.isin(pairs.loc[(after >= pd.Timedelta(0)) & (after <= rules.days), "row"])
    returned = known.index.isin(pairs.loc[after > rules.days, "row"]) & ~stale
    complete = np.zeros(len(known), dtype=bool) if until is None else (as_of + rules.wait <= until).to_numpy()
    outcome = pd.Series(left.astype("int64"), dtype="Int64").where(complete & ~stale)
    found = known.assign(complete=complete, after_leaving=stale, returned=returned, outcome=outcome)
    return found.set_index(rows.index)


def labelled(rows: pd.DataFrame, leavings: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Rows with `left` (1, 0, or NaN), and without stale listings of clients that have gone."""
    found = label(rows, leavings, rules)
    return rows.assign(left=found["outcome"].astype("float64"))[~found["after_leaving"]]


def statuses(rows: pd.DataFrame, leavings: pd.DataFrame, rules: Rules) -> dict[str, str]:
    """The status of each client that has a row which is no stale listing."""
    listed, newest = labelled(rows, leavings, rules), reached(leavings)
    found = {}
    for client, of_client in listed.groupby("id"):
        latest = of_client["as_of"].max()
        dates = leavings.loc[leavings["id"] == client, "left_on"]
        after = dates[dates > latest]
        if len(after) and newest is not None and after.min() <= newest:
            found[str(client)] = "left"
        elif latest < listed["as_of"].max() - rules.days:
            found[str(client)] = "known before"
        else:
            found[str(client)] = "current"
    return found


def backtest(
    rows: pd.DataFrame,
    leavings: pd.DataFrame,
    rules: Rules,
    model: Any,
    *,
    features: Sequence[str],
    capacity: int = 100,
    periods: int = 6,
    apart: Collection[str] = (),
) -> pd.DataFrame:
    """One line for each of the last `periods` complete days of observation on which anything could be learnt.

    On day t = as_of a copy of the scikit-learn `model` is trained on the rows (but those of clients `apart`) that
    were complete by the leavings that had arrived by t. Of the rows of that day, but those that were after_leaving
    by the same leavings, the first `capacity` are named: by risk, and by the best single column. The line says how
    many of them left within the horizon, as is known by now, and how many of as many at random would have. One who
    turned out to have left before t is no hit. Equal risks stand in the order of ids.
    """
    by_now = label(rows, leavings, rules)
    as_of, arrived = pd.to_datetime(rows["as_of"]), pd.to_datetime(leavings["arrived"])
    found = []
    for day in sorted(as_of[by_now["complete"]].unique())[-periods:]:
        then = label(rows[as_of <= day], leavings[arrived <= day], rules.on(day))
        training = then[then["outcome"].notna() & ~then["id"].isin(apart)]
        if training["outcome"].nunique() < 2:
            continue
        here = then.index[(as_of[then.index] == day) & ~then["after_leaving"]]
        today = by_now.loc[here].fillna({"outcome": 0}).sort_values("id")
        found.append({"as_of": day, **_period(training, today, model, [*features], capacity)})
    return pd.DataFrame(found)


def best_column(training: pd.DataFrame, features: Sequence[str]) -> tuple[str, int]:
    """The numeric column whose order tells those who left best, by AUC on the training rows, and its direction.

    1 names large values first and -1 small ones. Rows without a value do not count.
    """
    reach = {}
    for name in features:
        there = training[training[name].notna()]
        if pd.api.types.is_numeric_dtype(training[name]) and there["outcome"].nunique() == 2:
            reach[name] = float(roc_auc_score(there["outcome"].astype(int), there[name])) - 0.5
    best = max(reach, key=lambda name: abs(reach[name]))
    return best, 1 if reach[best] >= 0 else -1


def read_panel(rows: Path, leavings: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All CSV files of simulated clients and of leavings, each of which came on the day of its modification."""
    files = sorted(leavings.glob("*.csv"))
    came = [pd.Timestamp(file.stat().st_mtime, unit="s").normalize() for file in files]
    told = [_read(file).assign(arrived=day) for file, day in zip(files, came, strict=True)]
    return pd.concat(map(_read, sorted(rows.glob("*.csv"))), ignore_index=True), pd.concat(told, ignore_index=True)


def _period(
    training: pd.DataFrame, today: pd.DataFrame, model: Any, features: list[str], capacity: int
) -> dict[str, Any]:
    fitted = clone(model).fit(training[features], training["outcome"].astype(int))
    risk = pd.Series(fitted.predict_proba(today[features])[:, 1], index=today.index)
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
    frame = pd.read_csv(file, dtype={"corporation": str}, keep_default_na=False, na_values=[""])
    return frame.rename(columns={"corporation": "id"})
