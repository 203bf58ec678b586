"""What rows and dates of leaving mean, once more and by pandas alone: package and tests must agree."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Rules:
    """The horizon, how late leavings are reported, and until when they are known, if that is declared."""

    horizon: int
    reported_within: int = 0
    until: str | None = None

    @property
    def days(self) -> pd.Timedelta:
        return pd.Timedelta(days=self.horizon)


def reached(leavings: pd.DataFrame) -> pd.Timestamp | None:
    """The newest date of leaving (columns left_on, arrived) that was not ahead of its file."""
    came = leavings[leavings["left_on"] < leavings["arrived"] + pd.Timedelta(days=1)]
    return None if came.empty else came["left_on"].max()


def labelled(rows: pd.DataFrame, leavings: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Rows (id, as_of, …) with `left` (1, 0, or None), and without stale listings of clients that have gone."""
    newest = reached(leavings)
    known = pd.Timestamp(rules.until) if rules.until else newest
    kept = []
    for row in rows.to_dict("records"):
        dates = leavings.loc[leavings["id"] == row["id"], "left_on"]
        if ((dates <= row["as_of"]) & (row["as_of"] <= dates + rules.days)).any():
            continue
        leaves = ((dates > row["as_of"]) & (dates <= row["as_of"] + rules.days)).any()
        late = pd.Timedelta(days=rules.reported_within)
        complete = known is not None and row["as_of"] + rules.days + late <= known
        kept.append(row | {"left": int(leaves) if complete else None})
    return pd.DataFrame(kept, columns=[*rows.columns, "left"])


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
