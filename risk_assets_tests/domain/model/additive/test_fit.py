import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from risk_assets.domain.model.additive.design import of_matrix
from risk_assets.domain.model.additive.fit import Point, deviance, fit, penalised, restricted_likelihood
from risk_assets.domain.model.additive.problem import Placed, Problem, initial_strengths, penalty_matrix
from risk_assets.domain.model.additive.terms import Penalty, design_term
from risk_assets.domain.model.additive.training import Rows, problem_of

Array = NDArray[np.float64]


def rows_of(size: int = 600, seed: int = 3) -> Rows:
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=size), rng.normal(size=size)
    outcome = (rng.random(size) < expit(np.sin(2 * x) + 0.3 * z)).astype(float)
    return Rows({"x": x, "z": z}, outcome, np.ones(size), None)


def smooth_problem() -> Problem:
    rows = rows_of()
    terms = tuple(design_term(name, values) for name, values in rows.columns.items())
    return problem_of(rows, terms, ())


def by_ranks(problem: Problem, logs: Array) -> float:
    """Laplace's approximation: l(b) - b'Sb/2 + log|S|+/2 - log|H|/2 at the maximum of the penalised likelihood."""
    strengths = np.exp(logs)
    found = fit(problem, strengths, updates=0)
    penalty = penalty_matrix(problem, strengths)
    ranks = np.array([placed.penalty.rank for placed in problem.penalties])
    size = np.linalg.slogdet(found.information + penalty)[1]
    loss = penalised(problem, Point(found.coefficients, found.log_odds), penalty)
    return float(-loss / 2 + ranks @ logs / 2 - size / 2)


def test_a_ridge_has_the_coefficients_of_scikit_learns_logistic_regression() -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4))
    outcome = (rng.random(300) < expit(x @ [1.0, -0.5, 0.0, 2.0])).astype(float)
    weights = rng.integers(1, 4, 300).astype(float)
    ridge = Placed(1, Penalty("levels", np.eye(4), 4))
    ours = fit(
        Problem(of_matrix(np.column_stack([np.ones(300), x])), outcome, weights, (ridge,)),
        np.array([2.5]),
        updates=0,
    )
    theirs = LogisticRegression(C=1 / 2.5, solver="newton-cholesky", tol=1e-12, max_iter=500)
    theirs.fit(x, outcome, sample_weight=weights)
    assert ours.coefficients[1:] == pytest.approx(theirs.coef_[0], abs=1e-8)
    assert ours.coefficients[0] == pytest.approx(theirs.intercept_[0], abs=1e-8)


def test_a_strong_penalty_on_bending_leaves_the_straight_line_of_a_logistic_regression() -> None:
    rows = rows_of()
    x = np.asarray(rows.columns["x"], dtype=float)
    inside = np.clip(x, *np.quantile(x, [0.05, 0.95]))
    term = design_term("x", inside)
    problem = problem_of(Rows({"x": inside}, rows.outcome, rows.weights, None), (term,), ())
    curve = fit(problem, np.array([1e9, 1e-9, 1.0]), updates=0)
    straight_line = of_matrix(np.column_stack([np.ones(600), inside]))
    line = fit(Problem(straight_line, rows.outcome, rows.weights, ()), np.zeros(0))
    fitted, straight = problem.design @ curve.coefficients, line.coefficients[0] + line.coefficients[1] * inside
    assert fitted == pytest.approx(straight, abs=1e-5)


def test_levels_without_a_penalty_have_the_shares_of_the_table() -> None:
    size = np.repeat([1.0, 2.0, 5.0], 20)
    outcome = np.concatenate([np.arange(20) < left for left in (4, 9, 15)]).astype(float)
    problem = problem_of(Rows({"x": size}, outcome, np.ones(60), None), (design_term("x", size),), ())
    found = fit(problem, np.array([1e-10, 1.0]), updates=0)
    assert expit(problem.design @ found.coefficients)[::20] == pytest.approx([4 / 20, 9 / 20, 15 / 20], abs=1e-8)


def test_weights_count_as_copies_of_rows() -> None:
    rows = rows_of(120)
    terms = tuple(design_term(name, values) for name, values in rows.columns.items())
    twice = {name: np.concatenate([values, values]) for name, values in rows.columns.items()}
    copied = Rows(twice, np.tile(rows.outcome, 2), np.ones(240), None)
    weighted = Rows(rows.columns, rows.outcome, np.full(120, 2.0), None)
    ours, theirs = problem_of(weighted, terms, ()), problem_of(copied, terms, ())
    left, right = fit(ours, initial_strengths(ours)), fit(theirs, initial_strengths(theirs))
    assert left.coefficients == pytest.approx(right.coefficients, abs=1e-7)


def test_the_penalties_stand_where_the_restricted_likelihood_is_flat() -> None:
    problem = smooth_problem()
    found = fit(problem, initial_strengths(problem))
    logs = np.log(found.strengths)
    assert found.converged
    for place, placed in enumerate(problem.penalties):
        if placed.penalty.fixed or not 1e-3 < found.strengths[place] < 1e5:
            continue
        step = np.zeros(len(logs))
        step[place] = 1e-3
        rise = by_ranks(problem, logs + step) - by_ranks(problem, logs - step)
        # the update takes W as constant (Wood and Fasiolo 2017), which moves the top a little
        assert abs(rise / 2e-3) < 0.15


def test_the_restricted_likelihood_compares_penalties_as_by_their_ranks() -> None:
    problem = smooth_problem()
    logs = [np.full(len(problem.penalties), value) for value in (-1.0, 2.0)]
    ours = [restricted_likelihood(problem, fit(problem, np.exp(each), updates=0)) for each in logs]
    assert ours[1] - ours[0] == pytest.approx(by_ranks(problem, logs[1]) - by_ranks(problem, logs[0]), abs=1e-8)


def test_other_penalties_have_no_greater_restricted_likelihood() -> None:
    problem = smooth_problem()
    logs = np.log(fit(problem, initial_strengths(problem)).strengths)
    best = by_ranks(problem, logs)
    for place in range(len(logs)):
        if not problem.penalties[place].penalty.fixed:
            for factor in (0.05, 20.0):
                other = logs.copy()
                other[place] += np.log(factor)
                assert by_ranks(problem, other) <= best + 0.05


def test_the_penalised_deviance_is_least_at_the_coefficients() -> None:
    problem = smooth_problem()
    found = fit(problem, initial_strengths(problem), updates=0)
    penalty = penalty_matrix(problem, initial_strengths(problem))
    least = penalised(problem, Point(found.coefficients, found.log_odds), penalty)
    rng = np.random.default_rng(0)
    for _ in range(20):
        other = found.coefficients + rng.normal(scale=0.05, size=len(found.coefficients))
        assert penalised(problem, Point(other, problem.design @ other), penalty) > least
    loss = deviance(problem.design @ found.coefficients, problem.outcome, problem.weights)
    assert found.deviance == pytest.approx(loss, rel=1e-12)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_outcomes_that_are_all_alike_are_refused(value: float) -> None:
    problem = Problem(of_matrix(np.ones((5, 1))), np.full(5, value), np.ones(5), ())
    with pytest.raises(ValueError, match="outcomes of both kinds"):
        fit(problem, np.zeros(0))
