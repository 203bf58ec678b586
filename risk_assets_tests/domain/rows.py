"""Strategies of client rows that a model has never seen the like of."""

from __future__ import annotations

import math

import pandas as pd
from hypothesis import strategies as st

from risk_assets.domain.columns import MAX_MAGNITUDE, Columns

cells = (
    st.floats(-MAX_MAGNITUDE, MAX_MAGNITUDE)
    | st.floats(-1e5, 1e5)
    | st.integers(-3, 60).map(float)
    | st.sampled_from([math.nan, -0.0, MAX_MAGNITUDE, -MAX_MAGNITUDE])
)
categories = st.sampled_from(["north", "it's", "(missing)", "", None, "level 0", "level 90"]) | st.text(
    st.characters(codec="utf-8", exclude_characters="\0")
)


def rows_of(columns: Columns, *, most: int = 15) -> st.SearchStrategy[pd.DataFrame]:
    """Tables of 1 to `most` rows of cells of any kind that ingestion lets through."""
    numeric = [column.name for column in columns.numeric]
    row = st.tuples(*[cells for _ in numeric], *[categories for _ in columns.categorical])
    return st.lists(row, min_size=1, max_size=most).map(
        lambda rows: pd.DataFrame(
            {
                name: pd.Series(cells, dtype=float if name in numeric else object)
                for name, cells in zip(columns.features, zip(*rows, strict=True), strict=True)
            }
        )
    )
