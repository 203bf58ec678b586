from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_assets.domain.columns import Columns, DerivedColumn, NumericColumn
from risk_assets.serve.http.client_validation import Clients, ClientValidator
from risk_assets.serve.http.replies import RequestError

COLUMNS = Columns(
    id="corporation",
    target="left",
    positive="1",
    negative="0",
    numeric=(
        NumericColumn("activity", min=0.0),
        NumericColumn("employees", special=(-99.0,)),
        NumericColumn("visits", special=(7.0,), special_levels=True),
        NumericColumn("parts", feature=False),
    ),
    categorical=("industry",),
    derived=(DerivedColumn("trend", "ratio", ("activity", "parts")),),
)
CELLS: st.SearchStrategy[Any] = (
    st.integers(-100, 100)
    | st.sampled_from(
        [None, True, "", " retail ", "\udc80", "a", -99, 7, 0, 1e308, 10**400, math.nan, math.inf, []]
    )
    | st.floats()
)
NUMBERS: st.SearchStrategy[Any] = st.integers(0, 50) | st.floats(0, 50) | CELLS
ROWS = st.fixed_dictionaries(
    {},
    optional={
        "corporation": st.text(max_size=3) | st.integers() | CELLS,
        **{column.name: NUMBERS for column in COLUMNS.numeric},
        "industry": st.sampled_from(["retail", "mining"]) | CELLS,
    },
)
VALIDATOR = ClientValidator(COLUMNS, max_rows=10)


def answer(rows: list[dict[str, Any]]) -> Clients | list[tuple[str | None, str]]:
    """Return the clients, or what is wrong with the first."""
    try:
        return VALIDATOR.clients(rows)
    except RequestError as error:
        return [(fault.field, fault.message) for fault in error.faults if fault.row in (None, 1)]


@given(ROWS)
def test_a_client_alone_is_understood_as_it_is_among_others(row: dict[str, Any]) -> None:
    alone, twice = answer([row]), answer([row, row])

    if isinstance(twice, Clients):
        twice = twice._replace(
            n=1,
            ids=None if twice.ids is None else twice.ids[:1],
            columns={name: cells[:1] for name, cells in twice.columns.items()},
            parts={name: cells[:1] for name, cells in twice.parts.items()},
            missing={row: names for row, names in twice.missing.items() if row == 0},
        )
    assert repr(plain(alone)) == repr(plain(twice))


def plain(found: Clients | list[tuple[str | None, str]]) -> object:
    """Return clients with lists for all sequences."""
    if not isinstance(found, Clients):
        return found
    cells = [{name: list(cells) for name, cells in each.items()} for each in (found.columns, found.parts)]
    return found.n, found.ids and list(found.ids), cells, dict(found.missing), list(found.left_out)


@pytest.mark.parametrize("activity", [3, 3.5])
def test_a_whole_client_keeps_its_numbers_as_they_were_sent(activity: float) -> None:
    row = {
        "corporation": "c1",
        "activity": activity,
        "employees": 2,
        "visits": 1,
        "parts": 2,
        "industry": " retail ",
    }
    found = VALIDATOR.clients([row])

    assert list(found.ids or ()) == ["c1"]
    assert {name: list(cells) for name, cells in found.columns.items()} == {
        "activity": [activity],
        "employees": [2],
        "visits": [1],
        "trend": [activity / 2],
        "industry": ["retail"],
    }
    assert list(found.parts["parts"]) == [2]
