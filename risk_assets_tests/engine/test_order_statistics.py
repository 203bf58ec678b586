from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_assets.engine.order_statistics import order_statistics
from risk_assets.engine.session import Session
from risk_assets_tests.engine.parts import COLUMNS, session_of

cells = st.lists(
    st.one_of(st.none(), st.integers(-3, 3).map(float), st.floats(-1e100, 1e100, allow_nan=False)),
    min_size=1,
    max_size=60,
).filter(lambda values: any(value is not None for value in values))


def found_in(session: Session, values: list[float | None]) -> list[float]:
    """Every order statistic of the values."""
    listed = ", ".join(
        "(CAST(NULL AS DOUBLE))" if value is None else f"(CAST({value!r} AS DOUBLE))" for value in values
    )
    session.run(f"CREATE OR REPLACE TABLE cells AS SELECT * FROM (VALUES {listed}) AS listed(x)")
    n = sum(value is not None for value in values)
    return order_statistics(session, "cells", "x", range(n))


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with session_of(COLUMNS, tmp_path_factory.mktemp("spill")) as session:
        yield session


@given(values=cells)
def test_each_rank_gives_the_value_that_sorting_puts_there(session: Session, values: list[float | None]) -> None:
    expected = sorted(value for value in values if value is not None)
    assert found_in(session, values) == expected
