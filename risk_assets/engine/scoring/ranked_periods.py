"""The days of a backtest, gathered from dated rows: what was known on each, and what happened then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from risk_assets.domain.intake.outcomes import OutcomesAccount
from risk_assets.domain.scoring.ranked_periods import RankedPeriod, best_column
from risk_assets.domain.scoring.untreated import Calls
from risk_assets.engine.dataset import NEXT_LEAVING, Dataset, moment, numbered_rows, rows
from risk_assets.engine.model.training import train_on
from risk_assets.engine.model.training_rows import training_table
from risk_assets.engine.select import labelled_rows, read_labelled_rows
from risk_assets.engine.session import Session
from risk_assets.engine.sql import month_number, quote


def ranked_periods(
    session: Session,
    data: Dataset,
    account: OutcomesAccount,
    *,
    apart: str,
    most: int,
    threshold: float | None,
    most_rows: int,
    calls: Calls | None = None,
) -> Iterator[RankedPeriod]:
    """Yield the last `most` complete months, each ranked by a model of what was known on its last day.

    A row counts as known on its date, and a leaving once its days of reporting are over. The models learn nothing
    from the clients whose ids the query `apart` gives. Days before which nobody could have been told from whom are
    left out; some rows have to be complete by the account.
    """
    from risk_assets.domain.model.training_rows import TrainingError

    for day in _days(session, data, account, most):
        known = _as_known_on(data, account, day)
        try:
            with training_table(session, known, "training", most_rows=most_rows, apart=apart) as table:
                model = train_on(session, table, threshold=threshold)
        except TrainingError:  # too little was known on that day; later days may do
            continue
        learnt = labelled_rows(session, known, "all")
        column, sign = best_column(learnt.columns, learnt.target == 1)
        found = read_labelled_rows(session, _clients(session, data, account, day))
        values = sign * found.columns[column].astype(np.float64) if column else np.zeros(len(found.ids))
        yield RankedPeriod(
            as_of=day,
            clients=found.ids,
            risk=model.scorecard.risk(found.columns),
            left=found.target == 1,
            threshold=model.scorecard.threshold,
            column=column,
            column_value=values,
            trained_rows=model.report.rows,
            treatment=None if calls is None else calls.of(found.ids, found.dates),
        )


def _as_known_on(data: Dataset, account: OutcomesAccount, day: str) -> Dataset:
    """Return the rows with the outcomes that were known on a day (ISO 8601)."""
    assert data.outcomes is not None
    complete = replace(account.rules, until=day).complete_until("")
    return replace(data, outcomes=replace(data.outcomes, complete_until=complete, reached=_reported(account, day)))


def _reported(account: OutcomesAccount, day: str) -> str:
    """Return the last day of which all leavings were reported on a day."""
    reported = datetime.fromisoformat(day) - timedelta(days=account.rules.reported_within_days)
    return reported.isoformat().removesuffix("T00:00:00")


def _days(session: Session, data: Dataset, account: OutcomesAccount, most: int) -> list[str]:
    """Return the last day with rows of each of the last months that are complete, the earliest first."""
    as_of = quote(session.columns.as_of or "")
    month, every = month_number(as_of), rows(session.columns, data)
    latest = f"SELECT {month} AS month, max({as_of}) AS day FROM ({every}) GROUP BY 1"
    complete = f"SELECT day FROM ({latest}) WHERE day <= {moment(account.complete_until)}"
    found = session.run(f"{complete} ORDER BY day DESC LIMIT {most}").fetchall()
    return [day.isoformat().removesuffix("T00:00:00") for (day,) in reversed(found)]


def _clients(session: Session, data: Dataset, account: OutcomesAccount, day: str) -> str:
    """Return the query for the latest row in a day's month of the clients that were current as far as was known.

    Their outcomes are those known now. One that had left already, and nobody had said so, would have been named in
    vain.
    """
    assert data.outcomes is not None
    columns = session.columns
    told = replace(data, outcomes=replace(data.outcomes, reached=_reported(account, day), as_told=True))
    as_of, client = quote(columns.as_of or ""), quote(columns.id)
    first = f"{day[:7]}-01"
    within = f"{as_of} >= {moment(first)} AND {as_of} <= {moment(day)}"
    gone = f"coalesce({NEXT_LEAVING} <= {moment(_reported(account, day))}, false)"
    here = f"SELECT * FROM ({numbered_rows(session, told)}) WHERE {within} AND NOT {gone}"
    turn = quote(" turn")
    latest = f"SELECT *, row_number() OVER (PARTITION BY {client} ORDER BY {as_of} DESC) AS {turn} FROM ({here})"
    names = ", ".join(quote(name) for name in columns.known)
    known = f"{turn} = 1 AND {quote(columns.target)} IS NOT NULL"
    return f"SELECT {names} FROM ({latest}) WHERE {known} ORDER BY {client}"
