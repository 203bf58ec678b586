from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from risk_assets.domain.scoring.clustered import client_numbers, ranking_error, share
from risk_assets.domain.scoring.metrics import Estimate
from risk_assets.domain.scoring.score import auc_of

WORLDS = 300


def holds(estimate: Estimate | None, truth: float) -> bool:
    return estimate is not None and estimate.low <= truth <= estimate.high


def coverage(found: list[Estimate | None], truth: float) -> float:
    return sum(holds(each, truth) for each in found) / len(found)


@given(
    rows=st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=4, max_size=60).filter(
        lambda rows: 0 < sum(left for left, _ in rows) < len(rows)
    )
)
def test_the_auc_is_the_one_of_the_score_ties_included(rows: list[tuple[bool, int]]) -> None:
    left, risk = (np.array(column) for column in zip(*rows, strict=True))
    found = ranking_error(left.astype(np.int64), risk / 10, np.arange(len(rows)))
    assert found.auc == pytest.approx(auc_of(left, risk / 10))
    assert 0 <= found.estimate.low <= found.auc <= found.estimate.high <= 1


@pytest.mark.parametrize(("rows", "rate"), [(100, 0.1), (100, 0.5), (400, 0.03)])
def test_the_interval_of_a_share_holds_the_true_one_in_nineteen_of_twenty_worlds(rows: int, rate: float) -> None:
    rng = np.random.default_rng(0)
    everyone, owners = np.ones(rows, dtype=bool), np.arange(rows)
    found = [share(rng.random(rows) < rate, everyone, owners) for _ in range(WORLDS)]
    assert 0.92 <= coverage(found, rate) <= 0.99


def test_the_interval_of_a_share_holds_it_where_clients_have_several_rows_alike() -> None:
    rng = np.random.default_rng(1)
    owners = np.repeat(np.arange(150), 6)

    def drawn() -> NDArray[np.bool_]:
        return rng.random(900) < np.repeat(rng.beta(0.6, 1.4, 150), 6)  # some clients nearly always, most rarely

    worlds = [drawn() for _ in range(WORLDS)]
    everyone = np.ones(900, dtype=bool)
    assert 0.92 <= coverage([share(hits, everyone, owners) for hits in worlds], 0.3) <= 0.98
    assert coverage([share(hits, everyone, np.arange(900)) for hits in worlds], 0.3) < 0.85


@pytest.mark.parametrize("times", [1, 4])
def test_the_interval_of_the_auc_holds_the_true_one_in_nineteen_of_twenty_worlds(times: int) -> None:
    rng = np.random.default_rng(2)

    def world(clients: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        logit = rng.normal(-1, 1.5, clients)
        return (rng.random(clients) < 1 / (1 + np.exp(-logit))).astype(np.int64), logit

    target, logit = world(400_000)
    truth = auc_of(target == 1, logit)
    owners = np.repeat(np.arange(150), times)
    found: list[Estimate | None] = []
    for _ in range(WORLDS):
        target, logit = world(150)
        found.append(ranking_error(np.repeat(target, times), np.repeat(logit, times), owners).estimate)
    assert 0.92 <= coverage(found, truth) <= 0.98


def test_a_share_of_no_rows_is_not_told() -> None:
    assert share(np.array([True]), np.array([False]), np.array([0])) is None


def test_a_share_of_all_is_not_certain() -> None:
    found = share(np.ones(40, dtype=bool), np.ones(40, dtype=bool), np.arange(40))
    assert found is not None
    assert found.value == found.high == 1.0
    assert 0.88 < found.low < 0.95


def test_numbers_of_clients_tell_names_apart_and_stay() -> None:
    assert client_numbers(np.array(["b", "a", "b"], dtype=object)).tolist() == [1, 0, 1]
    assert client_numbers(np.array([7, 3, 7])).tolist() == [7, 3, 7]
