from __future__ import annotations

from collections import Counter

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_assets.engine.duck.repeats import find_repeats

hashes = st.integers(0, 30) | st.integers(2**64 - 3, 2**64 - 1)


@pytest.mark.parametrize("rows_per_pass", [1000, 5])
@settings(max_examples=40)
@given(groups=st.lists(st.lists(hashes, max_size=12), min_size=1, max_size=4))
def test_repeats_are_found_within_and_across_groups_in_any_number_of_passes(
    rows_per_pass: int, groups: list[list[int]]
) -> None:
    counts = Counter(number for group in groups for number in group)
    repeated = {number for number, count in counts.items() if count > 1}
    queries = [f"SELECT unnest({group}::UBIGINT[]) AS h" for group in groups]
    with duckdb.connect() as connection:
        found = find_repeats(connection, queries, sum(len(group) for group in groups), rows_per_pass=rows_per_pass)
        assert {number for (number,) in connection.execute("FROM repeats").fetchall()} == repeated
    assert found == tuple(place for place, group in enumerate(groups) if repeated & set(group))
