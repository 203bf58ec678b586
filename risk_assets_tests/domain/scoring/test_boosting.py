from __future__ import annotations

import numpy as np
import pytest

from risk_assets.domain.model.boosting import boosted_risk
from risk_assets.domain.model.training_rows import TrainingRows
from risk_assets.domain.scoring.boosting import compare_risks
from risk_assets.domain.simulate import simulate
from risk_assets_tests.domain.clients import EVERY_FORM, SIMULATED, clients_of_every_form, labelled


def test_boosting_ranks_clients_that_it_has_not_seen() -> None:
    world = simulate(3000, seed=2)
    test = labelled(world)
    risk = boosted_risk(labelled(simulate(4000, seed=1)), test.features, SIMULATED, seed=0)
    found = compare_risks(test.target, world.risk, risk, np.arange(3000).astype(object), seed=0)
    assert found.boosting_auc > 0.75
    assert found.auc_ahead.value == pytest.approx(found.auc - found.boosting_auc)
    assert found.auc_ahead.low > 0  # the true risk is ahead of any model


def test_categories_missing_and_new_ones_are_taken_and_the_same_seed_gives_the_same_risks() -> None:
    rows = clients_of_every_form(1000)
    test = {name: cells[:50].copy() for name, cells in rows.features.items()}
    test["region"][:3] = ["never seen", None, "a"]
    once, again = (boosted_risk(rows, test, EVERY_FORM, seed=1) for _ in range(2))
    assert np.array_equal(once, again)
    assert np.isfinite(once).all()


def test_a_column_of_more_categories_than_boosting_takes_is_no_fault() -> None:
    rows = clients_of_every_form(1000)
    names = np.array([f"level {place}" for place in range(1000)], dtype=object)
    many = TrainingRows({**rows.features, "region": names}, rows.target)
    assert boosted_risk(many, many.features, EVERY_FORM, seed=0).shape == (1000,)


def test_rows_of_one_client_are_drawn_together() -> None:
    target, risk = np.array([0, 1] * 40), np.linspace(0, 1, 80)
    alone = compare_risks(target, risk, risk[::-1].copy(), np.arange(80).astype(object), seed=0)
    shared = compare_risks(
        np.tile(target, 9),
        np.tile(risk, 9),
        np.tile(risk[::-1], 9),
        np.tile(np.arange(80).astype(object), 9),
        seed=0,
    )
    width, same = (found.auc_ahead.high - found.auc_ahead.low for found in (alone, shared))
    assert same == pytest.approx(width, rel=0.3)
