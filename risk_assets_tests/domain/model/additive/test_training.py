import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from risk_assets.domain.model.additive import AdditiveModel, fit_additive

Array = NDArray[np.float64]
Columns = dict[str, NDArray[np.float64] | NDArray[np.object_]]
RNG = np.random.default_rng(1)
X, Z = RNG.normal(size=400), RNG.normal(size=400)
OUTCOME = (RNG.random(400) < expit(X)).astype(float)
OUTLIER = np.where(np.arange(400) == 5, 1e300, X)
ONE_LEFT = (np.arange(400) == 3).astype(float)


def texts(values: list[str | None]) -> NDArray[np.object_]:
    return np.array(values, dtype=object)


HARD: dict[str, tuple[Columns, Array]] = {
    "outcomes that a column separates": ({"x": X, "z": Z}, (X > 0).astype(float)),
    "outcomes that categories separate": ({"x": texts([str(v > 0) for v in X])}, (X > 0).astype(float)),
    "one client that left": ({"x": X, "z": Z}, ONE_LEFT),
    "two identical columns": ({"x": X, "copy": X.copy()}, OUTCOME),
    "a cell of 1e300": ({"x": OUTLIER, "z": Z}, OUTCOME),
    "half a column of 1e300": ({"x": np.where(X > 0, 1e300, X), "z": Z}, OUTCOME),
    "cells of the largest doubles": ({"x": 1.7e308 * np.where(X > 0, 1.0, -RNG.random(400))}, OUTCOME),
    "cells of 1e-300": ({"x": X * 1e-300}, OUTCOME),
    "values over a hundred orders of size": ({"x": np.exp(100 * X)}, OUTCOME),
    "a column all missing": ({"x": np.full(400, np.nan), "z": Z}, OUTCOME),
    "categories all missing": ({"x": texts([None] * 400), "z": Z}, OUTCOME),
    "one known cell": ({"x": np.where(np.arange(400) == 7, 1.0, np.nan), "z": Z}, OUTCOME),
    "a constant": ({"x": np.ones(400), "z": Z}, OUTCOME),
    "26 rows": ({"x": X[:26], "z": Z[:26], "k": texts(["a", "b"] * 13)}, OUTCOME[:26]),
    "200 levels": ({"x": texts([f"level {i % 200}" for i in range(400)])}, OUTCOME),
    "two values": ({"x": (X > 0).astype(float), "z": (Z > 1).astype(float)}, OUTCOME),
}


@pytest.mark.parametrize("case", HARD)
def test_hard_data_give_a_model_that_is_finite(case: str) -> None:
    columns, outcome = HARD[case]
    with np.errstate(all="raise", under="ignore"):
        model = fit_additive(columns, outcome)
        log_odds, errors = model.predict(columns), model.standard_error(columns)
    assert model.converged, model.problem
    assert np.isfinite(log_odds).all()
    assert np.isfinite(errors).all()
    assert (errors > 0).all()
    assert expit(log_odds).mean() == pytest.approx(outcome.mean(), abs=1e-6)


@pytest.mark.parametrize(
    ("columns", "outcome", "why"),
    [
        ({"x": X}, np.zeros(400), "outcomes of both kinds"),
        ({"x": X}, np.full(400, 0.5), "an outcome is 0 or 1"),
        ({"x": np.where(X > 2, np.inf, X)}, OUTCOME, "x: an infinite value"),
        ({}, OUTCOME, "at least one column"),
    ],
)
def test_what_cannot_be_fitted_is_told(columns: Columns, outcome: Array, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        fit_additive(columns, outcome)


def test_a_column_that_tells_nothing_vanishes_and_one_that_does_stays() -> None:
    model = fit_additive({"x": X, "z": Z}, OUTCOME)
    assert model.degrees["x"] > 0.9
    assert model.degrees["z"] < 0.6


def test_a_monotone_column_is_monotone_over_its_whole_range_and_an_unbound_one_is_not() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=2000)
    outcome = (rng.random(2000) < expit(np.sin(3 * x))).astype(float)
    grid: Columns = {"x": np.linspace(-6, 6, 5001)}
    bound = fit_additive({"x": x}, outcome, monotone={"x": "increasing"})
    falling = fit_additive({"x": x}, outcome, monotone={"x": "decreasing"})
    free = fit_additive({"x": x}, outcome)
    assert np.diff(bound.predict(grid)).min() >= -1e-9
    assert np.ptp(bound.predict(grid)) > 0.5
    assert np.diff(falling.predict(grid)).max() <= 1e-9
    assert np.diff(free.predict(grid)).min() < -1e-3


def test_a_monotone_column_whose_curve_rises_anyway_is_left_alone() -> None:
    bound = fit_additive({"x": X}, OUTCOME, monotone={"x": "increasing"})
    free = fit_additive({"x": X}, OUTCOME)
    assert bound.predict({"x": X}) == pytest.approx(free.predict({"x": X}), abs=1e-4)


@pytest.mark.parametrize("value", [3.0, np.nan])
def test_a_monotone_column_of_one_value_or_none_changes_nothing(value: float) -> None:
    columns: Columns = {"x": X, "same": np.full(len(X), value)}
    bound = fit_additive(columns, OUTCOME, monotone={"same": "increasing"})
    assert bound.predict(columns) == pytest.approx(fit_additive(columns, OUTCOME).predict(columns), abs=1e-9)


def test_categories_in_no_order_cannot_be_monotone() -> None:
    with pytest.raises(ValueError, match="no order"):
        fit_additive({"k": texts(["a", "b"] * 200)}, OUTCOME, monotone={"k": "increasing"})


def test_values_beyond_the_range_count_as_its_ends() -> None:
    model = fit_additive({"x": X}, OUTCOME)
    far = model.predict({"x": np.array([X.max() + 1, X.max() + 1e9, X.min() - 1, -1e300])})
    assert far[0] == far[1]
    assert far[2] == far[3]


def test_a_category_never_seen_is_less_certain_than_any_that_was() -> None:
    kinds = texts(["a", "b", "c", "d", "e"] * 80)
    model = fit_additive({"k": kinds}, np.where(RNG.random(400) < (kinds == "a") * 0.5 + 0.2, 1.0, 0.0))
    errors = model.standard_error({"k": texts(["a", "b", "c", "d", "e", "new"])})
    assert errors[-1] > 1.5 * errors[:-1].max()


def worlds(strength: float, seed: int) -> tuple[Columns, Array]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(4000, 4))
    log_odds = np.sin(2 * x[:, 0]) + 0.5 * x[:, 1] + strength * x[:, 0] * x[:, 2] - 1
    return {f"x{j}": x[:, j] for j in range(4)}, (rng.random(4000) < expit(log_odds)).astype(float)


def names(model: AdditiveModel) -> list[str]:
    return [pair.name for pair in model.pairs]


@pytest.mark.parametrize("seed", range(3))
def test_the_pair_that_acts_together_is_found_and_no_other(seed: int) -> None:
    assert names(fit_additive(*worlds(0.8, seed))) == ["x0 x x2"]
    assert names(fit_additive(*worlds(0.0, seed))) == []


def test_rows_of_one_client_count_once() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=300)
    outcome = (rng.random(300) < expit(x)).astype(float)
    once = fit_additive({"x": x}, outcome)
    columns: Columns = {"x": np.repeat(x, 6)}
    repeated = fit_additive(columns, np.repeat(outcome, 6), clients=np.repeat(np.arange(300), 6))
    blind = fit_additive(columns, np.repeat(outcome, 6))
    middle: Columns = {"x": np.linspace(-1, 1, 9)}
    assert repeated.dispersion == pytest.approx(6, rel=0.15)
    assert repeated.standard_error(middle) == pytest.approx(once.standard_error(middle), rel=0.35)
    assert (blind.standard_error(middle) < 0.7 * once.standard_error(middle)).all()


def test_a_sample_that_keeps_all_leavers_tells_the_risks_of_all_clients_and_how_sure_they_are() -> None:
    held, moved = [], []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(20_000, 2))
        truth = np.sin(2 * x[:, 0]) + 0.6 * x[:, 1] - 2.2
        left = rng.random(20_000) < expit(truth)
        kept = left | (rng.random(20_000) < 0.15)
        sample: Columns = {"x": x[kept, 0], "z": x[kept, 1]}
        weights = np.where(left[kept], 1.0, 1 / 0.15)
        model = fit_additive(sample, left[kept].astype(float), weights=weights)
        columns: Columns = {"x": x[:, 0], "z": x[:, 1]}
        log_odds = model.predict(columns)
        held.append((np.abs(log_odds - truth) <= 1.645 * model.standard_error(columns)).mean())
        moved.append(expit(log_odds).mean() - expit(truth).mean())
    assert np.mean(moved) == pytest.approx(0, abs=0.004)
    assert 0.85 <= np.mean(held) <= 0.99


def test_weights_that_are_all_alike_change_nothing() -> None:
    weighted = fit_additive({"x": X}, OUTCOME, weights=np.full(400, 7.0))
    plain = fit_additive({"x": X}, OUTCOME)
    assert weighted.predict({"x": X}) == pytest.approx(plain.predict({"x": X}), abs=1e-9)
    assert weighted.standard_error({"x": X}) == pytest.approx(plain.standard_error({"x": X}), abs=1e-9)


@pytest.mark.parametrize("seed", [3, 6])
def test_columns_that_go_along_with_each_other_and_jump_are_no_pair(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(50_000, 6))
    x = 0.8 * rng.normal(size=50_000)[:, None] + 0.6 * x
    log_odds = 3 * (x[:, 0] > 0.3) - 2 * (x[:, 1] < -0.5) + 2 * (np.abs(x[:, 2]) < 0.4) + x[:, 3] - 2.5
    outcome = (rng.random(50_000) < expit(log_odds)).astype(float)
    assert names(fit_additive({f"x{j}": x[:, j] for j in range(6)}, outcome)) == []


def test_a_curve_jumps_where_the_risk_jumps_and_is_level_beside_it() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(8000, 2))
    outcome = (rng.random(8000) < expit(3 * (x[:, 0] > 0.3) + x[:, 1] - 2)).astype(float)
    model = fit_additive({"jump": x[:, 0], "line": x[:, 1]}, outcome)
    jump, line = model.terms
    assert len(jump.basis.knots) > 2 * len(line.basis.knots)
    places = np.array([-2.0, -1.0, 0.2, 0.4, 1.0, 2.0])
    rises = np.diff(model.predict({"jump": places, "line": np.zeros(6)}))
    assert rises[2] == pytest.approx(3, abs=0.5)
    assert np.abs(np.delete(rises, 2)).max() < 0.2


def test_levels_jump_where_the_risk_jumps_and_are_alike_elsewhere() -> None:
    rng = np.random.default_rng(1)
    x = rng.integers(0, 8, 4000).astype(float)
    outcome = (rng.random(4000) < expit(2.0 * (x >= 5) - 1.5)).astype(float)
    rises = np.diff(fit_additive({"x": x}, outcome).predict({"x": np.arange(8.0)}))
    assert rises[4] == pytest.approx(2, abs=0.4)
    assert np.abs(np.delete(rises, 4)).max() < 0.1


def test_curves_that_only_bend_stay_smooth() -> None:
    degrees = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(4000, 3))
        outcome = (rng.random(4000) < expit(x[:, 0] ** 2 + np.sin(1.5 * x[:, 1]) - 1.5)).astype(float)
        columns: Columns = {"bend": x[:, 0], "wave": x[:, 1], "noise": x[:, 2]}
        degrees += [term.basis.degree for term in fit_additive(columns, outcome).terms]
    assert degrees.count(3) >= len(degrees) - 1


def large(seed: int) -> tuple[Columns, Array]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=120_000)
    return {"x": x}, (rng.random(120_000) < expit(np.sin(2 * x) - 1)).astype(float)


def test_the_order_of_rows_changes_nothing_however_many_they_are() -> None:
    columns, outcome = large(4)
    clients = np.arange(120_000) // 2
    order = np.random.default_rng(0).permutation(120_000)
    mixed: Columns = {name: values[order] for name, values in columns.items()}
    one = fit_additive(columns, outcome, clients=clients)
    other = fit_additive(mixed, outcome[order], clients=clients[order])
    assert other.predict(columns) == pytest.approx(one.predict(columns), abs=1e-6)


def test_the_rows_that_penalties_are_found_on_may_be_given_and_all_are_fitted() -> None:
    columns, outcome = large(4)
    part = np.random.default_rng(1).random(120_000) < 0.3
    model = fit_additive(columns, outcome, part=part)
    middle = np.linspace(-2, 2, 41)
    errors = model.standard_error({"x": middle})
    assert (np.abs(model.predict({"x": middle}) - (np.sin(2 * middle) - 1)) < 3.5 * errors).all()
    # the error of all rows is about half that of the part
    alone = fit_additive({"x": columns["x"][part]}, outcome[part])
    assert (errors < 0.75 * alone.standard_error({"x": middle})).all()


def test_few_leavers_among_many_rows_are_enough() -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=150_000)
    outcome = (np.arange(150_000) % 37_500 == 0).astype(float)
    assert fit_additive({"x": x}, outcome).converged


def test_many_rows_are_fitted_as_few_are() -> None:
    model = fit_additive(*large(4))
    middle = np.linspace(-2, 2, 41)
    assert model.converged
    assert model.predict({"x": middle}) == pytest.approx(np.sin(2 * middle) - 1, abs=0.15)
