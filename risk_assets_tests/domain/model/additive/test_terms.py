import numpy as np
import pytest

from risk_assets.domain.model.additive.order import ordered_minimum
from risk_assets.domain.model.additive.terms import Term, design_term
from risk_assets.domain.model.forms import Basis

RNG = np.random.default_rng(0)


def greville(basis: Basis) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    padded = basis.padded_knots()
    return np.array([padded[place + 1 : place + 4].mean() for place in range(basis.curve_size)])


def penalty(term: Term, kind: str) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return next(item.matrix for item in term.penalties if item.kind == kind)


@pytest.mark.parametrize("values", [RNG.normal(size=900), RNG.exponential(size=900) ** 3])
def test_bending_leaves_straight_lines_alone_and_the_other_penalty_takes_nothing_else(
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> None:
    term = design_term("x", values)
    curve = term.contrast[: term.basis.curve_size, : term.basis.curve_size - 1]
    constant = np.ones((len(curve), 1))
    line = np.linalg.lstsq(np.hstack([curve, constant]), greville(term.basis), rcond=None)[0][:-1]
    whole = np.append(line, np.zeros(term.width - len(line)))
    assert whole @ penalty(term, "bend") @ whole == pytest.approx(0, abs=float(1e-12 * (line @ line)))
    assert whole @ penalty(term, "line") @ whole == pytest.approx(line @ line, rel=1e-9)
    assert [item.rank for item in term.penalties] == [term.basis.curve_size - 2, 1, 1]


def test_a_curve_averages_to_nothing_over_its_rows() -> None:
    values = RNG.normal(size=500)
    assert np.abs(design_term("x", values).design(values)[:, :-1].mean(axis=0)).max() < 1e-12


def test_a_value_that_holds_a_fifth_of_the_rows_is_a_level_beside_the_curve_unless_the_column_is_monotone() -> (
    None
):
    balance = np.where(np.arange(500) % 3 == 0, 0.0, RNG.normal(size=500))
    assert design_term("x", balance).basis.levels == (0.0,)
    assert design_term("x", balance, monotone="increasing").basis.levels == ()


def test_a_number_between_two_levels_takes_the_straight_line_between_them() -> None:
    rows = design_term("x", np.repeat([1.0, 2.0, 6.0], 30)).design(np.array([2.0, 3.0, 6.0, 9.0]))
    assert rows[1] == pytest.approx(0.75 * rows[0] + 0.25 * rows[2])
    assert rows[3] == pytest.approx(rows[2])


def test_rare_and_unknown_categories_share_a_level_and_missing_has_its_own() -> None:
    term = design_term("k", np.array(["a"] * 30 + ["b"] * 20 + ["c"] * 19, dtype=object))
    rows = term.design(np.array(["a", "b", "c", "new", None], dtype=object))
    assert (rows[2] == rows[3]).all()
    assert np.unique(rows, axis=0).shape[0] == 4


def test_few_levels_have_a_penalty_that_is_not_estimated() -> None:
    few = {item.kind: item.fixed for item in design_term("x", np.repeat(np.arange(4.0), 9)).penalties}
    many = {item.kind: item.fixed for item in design_term("x", np.repeat(np.arange(9.0), 9)).penalties}
    assert few == {"differences": True, "levels": True}
    assert many == {"differences": False, "levels": True}


def test_the_ordered_minimum_is_no_worse_than_any_other_ordered_point() -> None:
    half = RNG.normal(size=(5, 5))
    hessian, free, order = half @ half.T + np.eye(5), RNG.normal(size=5), np.diff(np.eye(5), axis=0)
    best = ordered_minimum(hessian, free, order)
    assert (order @ best).min() > -1e-9
    for _ in range(200):
        other = np.sort(best + RNG.normal(scale=0.3, size=5))
        assert (other - free) @ hessian @ (other - free) >= (best - free) @ hessian @ (best - free) - 1e-9
