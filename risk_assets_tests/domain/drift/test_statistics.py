from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import chi2_contingency, fisher_exact, ks_2samp, kstwo

from risk_assets.domain.drift.profile import CategoricalProfile, NumericProfile
from risk_assets.domain.drift.statistics import (
    Distance,
    chi_square,
    contingency_table,
    count_bins,
    count_categories,
    kolmogorov_p_value,
    kolmogorov_smirnov,
    population_stability,
)

RNG = np.random.default_rng(5)
NORMAL = RNG.normal(size=5000)


def profile(values: NDArray[np.float64]) -> NumericProfile:
    present = values[~np.isnan(values)]
    quantiles = np.quantile(present, np.linspace(0, 1, 201)) if len(present) else np.array([])
    missing = len(values) - len(present)
    return NumericProfile(
        "x", len(values), missing, None, None, None, None, None, quantiles=tuple(quantiles.tolist())
    )


def ks(values: NDArray[np.float64], reference: NDArray[np.float64]) -> Distance:
    return kolmogorov_smirnov(values, profile(reference), alpha=0.05)


def with_missing(values: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    return np.where(np.arange(len(values)) < share * len(values), np.nan, values)


@pytest.mark.parametrize("shift", [0.0, 0.2, 1.0])
def test_kolmogorov_smirnov_from_quantiles_comes_close_to_that_of_the_rows(shift: float) -> None:
    values = NORMAL[:300] + shift
    exact = ks_2samp(values, NORMAL[300:])
    found = ks(values, NORMAL[300:])
    assert exact.statistic - 0.01 <= found.value <= exact.statistic + 1e-3
    assert found.p_value is not None
    assert found.p_value >= exact.pvalue * 0.9 or found.p_value < 1e-6


@pytest.mark.parametrize("rows", [30, 100, 3000])
@pytest.mark.parametrize("p_value", [1e-4, 0.01, 0.2])
def test_the_p_value_of_a_distance_is_that_of_its_exact_distribution_or_a_little_larger(
    rows: int, p_value: float
) -> None:
    found = kolmogorov_p_value(float(kstwo.isf(p_value, rows)), rows)
    assert 0.99 * p_value <= found <= 1.25 * p_value


@given(
    st.lists(st.integers(0, 6), min_size=30, max_size=80), st.lists(st.integers(0, 6), min_size=200, max_size=300)
)
def test_with_ties_the_distance_is_never_larger_than_that_of_the_rows(new: list[int], before: list[int]) -> None:
    values, reference = np.array(new, dtype=float), np.array(before, dtype=float)
    assert ks(values, reference).value <= ks_2samp(values, reference).statistic + 1 / len(before)


@pytest.mark.parametrize("draw", ["normal", "lognormal", "poisson", "zero-inflated"])
def test_equal_distributions_are_told_apart_no_more_often_than_the_level_says(draw: str) -> None:
    rng = np.random.default_rng(11)
    draws: dict[str, Callable[[int], NDArray[np.float64]]] = {
        "normal": lambda n: rng.normal(size=n),
        "lognormal": lambda n: rng.lognormal(sigma=2, size=n),
        "poisson": lambda n: rng.poisson(np.full(n, 3.0)).astype(np.float64),
        "zero-inflated": lambda n: rng.normal(size=n) * (rng.random(n) < 0.3),
    }
    p_values = [ks(draws[draw](150), draws[draw](1500)).p_value for _ in range(300)]
    assert np.mean([p is not None and p < 0.05 for p in p_values]) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 300)


def test_a_rise_of_the_share_missing_is_a_distance() -> None:
    found = ks(with_missing(NORMAL[:400], 0.2), NORMAL)
    assert found.effect == pytest.approx(0.2, abs=0.02)
    assert found.p_value is not None
    assert found.p_value < 1e-6


def test_columns_without_a_single_value_are_compared_by_what_is_missing() -> None:
    nothing = np.full(100, np.nan)
    assert ks(nothing, nothing).value == 0
    assert ks(NORMAL[:100], nothing).value == 1
    assert ks(nothing, NORMAL).value == 1


def categories(**counts: int) -> NDArray[np.object_]:
    return np.array([name for name, count in counts.items() for _ in range(count)], dtype=object)


def reference(other: int = 0, missing: int = 0, **counts: int) -> CategoricalProfile:
    n = sum(counts.values()) + other + missing
    return CategoricalProfile("x", n, missing, len(counts), tuple(counts.items()), other)


def test_chi_square_is_that_of_the_contingency_table() -> None:
    found = chi_square(
        categories(a=40, b=30, c=30), reference(a=600, b=300, c=100), alpha=0.05, permutations=9, seed=0
    )
    exact = chi2_contingency([[40, 30, 30], [600, 300, 100]], correction=False)
    assert found.value == pytest.approx(exact.statistic)
    assert found.p_value == pytest.approx(exact.pvalue)
    assert found.effect == pytest.approx(0.2)


def test_rare_categories_get_the_p_value_of_a_permutation_test() -> None:
    found = chi_square(categories(a=28, b=4), reference(a=990, b=10), alpha=0.05, permutations=20_000, seed=0)
    assert found.p_value == pytest.approx(fisher_exact(np.array([[28, 4], [990, 10]])).pvalue, rel=0.5)


def test_unlisted_and_missing_categories_have_levels_of_their_own() -> None:
    values = np.array(["a", "new", None, np.nan, "b"], dtype=object)
    known = reference(a=5, b=6, other=7)
    counts = contingency_table(count_categories(values, known), known)
    assert counts.tolist() == [[1, 1, 1, 2], [5, 6, 7, 0]]


def test_one_and_the_same_category_everywhere_is_no_drift() -> None:
    found = chi_square(categories(a=40), reference(a=900), alpha=0.05, permutations=9, seed=0)
    assert (found.effect, found.p_value) == (0, 1)


def bin_counts(values: NDArray[np.float64], known: NumericProfile) -> NDArray[np.int64]:
    return contingency_table(count_bins(values, known), known)


def psi(values: NDArray[np.float64], known: NDArray[np.float64]) -> Distance:
    return population_stability(bin_counts(values, profile(known)), quantile=0.99)


def test_psi_of_half_a_deviation_is_what_the_formula_gives_for_normal_columns() -> None:
    rng = np.random.default_rng(3)
    found = psi(rng.normal(0.5, 1, 50_000), rng.normal(size=50_000))
    assert found.value == pytest.approx(0.25, abs=0.03)


def test_the_critical_value_of_psi_is_passed_in_one_of_a_hundred_unchanged_worlds() -> None:
    rng = np.random.default_rng(4)
    passed = [
        found.value > found.threshold
        for found in (psi(rng.normal(size=1500), rng.normal(size=3000)) for _ in range(400))
    ]
    assert np.mean(passed) <= 0.025


@pytest.mark.parametrize(
    ("values", "known"),
    [
        (np.full(2000, 3.0), np.full(2000, 4.0)),
        (np.full(2000, 5.0), np.full(2000, 4.0)),
        (with_missing(np.full(2000, 4.0), 0.3), np.full(2000, 4.0)),
        (np.full(2000, np.nan), np.full(2000, 4.0)),
        (np.full(2000, 4.0), np.full(2000, np.nan)),
        (np.repeat([-1.0, 0.0, 1.0], [500, 500, 1000]), np.repeat([0.0, 1.0], [1000, 1000])),
    ],
)
def test_psi_sees_a_changed_constant_missing_cells_and_values_below_a_common_minimum(
    values: NDArray[np.float64], known: NDArray[np.float64]
) -> None:
    assert psi(values, known).value > 0.1


@given(st.lists(st.floats(-1e6, 1e6), min_size=50, max_size=200))
def test_psi_of_a_column_with_itself_is_small(values: list[float]) -> None:
    column = np.array(values)
    assert 0 <= psi(column, column).value < 0.1


@given(st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(np.nan)), min_size=1, max_size=60))
def test_all_rows_are_in_one_bin(values: list[float]) -> None:
    counts = bin_counts(np.array(values), profile(NORMAL))
    assert counts[0].sum() == len(values)
    assert counts[1].sum() == len(NORMAL)
