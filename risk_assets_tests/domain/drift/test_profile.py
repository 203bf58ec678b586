from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from risk_assets.domain.drift.profile import profile_of


@given(values=st.lists(st.floats(0, 1), min_size=1, max_size=300), seed=st.integers(0, 100))
def test_the_same_values_in_any_order_have_the_same_profile_to_the_last_bit(
    values: list[float], seed: int
) -> None:
    shuffled = np.random.default_rng(seed).permutation(values)
    assert profile_of("risk", shuffled) == profile_of("risk", np.array(values))
