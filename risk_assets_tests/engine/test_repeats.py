from __future__ import annotations

from collections import Counter

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_assets.engine.duck import DuckSession
from risk_assets.engine.merge import find_shared
from risk_assets.engine.repeats import find_repeats
from risk_assets_tests.engine.parts import COLUMNS

hashes = st.integers(0, 30) | st.integers(2**64 - 3, 2**64 - 1)


@pytest.mark.parametrize("at_once", [1000, 5])
@settings(max_examples=40, deadline=None)
@given(groups=st.lists(st.lists(hashes, max_size=12), min_size=1, max_size=4))
def test_repeats_are_found_within_and_across_groups_in_any_number_of_passes(
    at_once: int, groups: list[list[int]]
) -> None:
    counts = Counter(number for group in groups for number in group)
    repeated = {number for number, count in counts.items() if count > 1}
    queries = [f"SELECT unnest({group}::UBIGINT[]) AS h" for group in groups]
    with duckdb.connect() as connection:
        found = find_repeats(connection, queries, sum(len(group) for group in groups), at_once=at_once)
        assert {number for (number,) in connection.execute("FROM repeats").fetchall()} == repeated
    assert found == tuple(place for place, group in enumerate(groups) if repeated & set(group))


@settings(max_examples=40, deadline=None)
@given(
    settled=st.lists(hashes, max_size=20, unique=True),
    cut=st.integers(0, 20),
    fresh=st.lists(st.lists(hashes, max_size=12), min_size=1, max_size=3),
)
def test_what_fresh_groups_repeat_is_found_beside_groups_that_share_nothing(
    settled: list[int], cut: int, fresh: list[list[int]]
) -> None:
    groups = [settled[:cut], settled[cut:], *fresh]
    counts = Counter(number for group in groups for number in group)
    repeated = {number for number, count in counts.items() if count > 1}
    queries = [f"SELECT unnest({group}::UBIGINT[]) AS h" for group in groups]
    with duckdb.connect() as connection:
        session = DuckSession(COLUMNS, connection)
        shared, brought = find_shared(session, queries[:2], queries[2:])
        assert {number for (number,) in session.run("FROM repeats").fetchall()} == repeated
    assert shared == tuple(place for place in (0, 1) if repeated & set(groups[place]))
    assert brought == tuple(place for place, group in enumerate(fresh) if repeated & set(group))
