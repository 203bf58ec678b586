from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from risk_assets.domain.contacts.assignment import Assignment, draw, effect, places_listed


@given(
    sizes=st.lists(st.integers(0, 60), min_size=1, max_size=4),
    share=st.sampled_from([0.05, 0.1, 0.2, 0.5]),
    days=st.integers(1, 5),
)
def test_the_share_is_kept_within_each_manager_over_all_days(sizes: list[int], share: float, days: int) -> None:
    counts, uncalled = Counter[str](), Counter[str]()
    for day in range(days):
        listed = [
            (f"{manager}-{day}-{n}", f"m{manager}") for manager, size in enumerate(sizes) for n in range(size)
        ]
        drawn = draw(listed, counts, share, f"2026-03-{day + 1:02}")
        for client, manager in listed:
            counts[manager] += 1
            uncalled[manager] += drawn[client]

    assert all(abs(uncalled[manager] - share * counts[manager]) < 1 for manager in counts)


def test_who_is_drawn_does_not_depend_on_the_order_of_the_list() -> None:
    listed = [(f"c{n}", "") for n in range(50)]

    assert draw(listed, {}, 0.2, "2026-03-01") == draw(reversed(listed), {}, 0.2, "2026-03-01")
    assert draw(listed, {}, 0.2, "2026-03-01") != draw(listed, {}, 0.2, "2026-03-02")


def test_the_interval_covers_the_true_difference_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        clients = random.integers(0, 150, 300)  # the same client in several periods
        frailty = random.normal(0, 0.1, 150)[clients]
        uncalled = random.random(300) < 0.3
        left = random.random(300) < np.clip(0.2 + frailty + 0.1 * uncalled, 0, 1)
        rows = [
            (Assignment(f"c{client}", f"{n}", "", bool(kept), 0.2), bool(gone))
            for n, (client, kept, gone) in enumerate(zip(clients, uncalled, left, strict=True))
        ]
        found = effect(rows)
        assert found
        covered += found.low <= 0.1 <= found.high

    assert 0.91 <= covered / 400 <= 0.98


def test_a_handful_of_clients_tells_nothing() -> None:
    few = [(Assignment(f"c{n}", "2026-03-01", "", n < 9, 0.5), True) for n in range(100)]

    assert effect(few) is None


def test_what_was_saved_is_the_difference_on_the_value_of_the_clients_that_were_called() -> None:
    rows = [(Assignment(f"c{n}", "2026-03-01", "", n < 20, 0.5, 100.0), n % 2 == 0 and n < 20) for n in range(60)]
    found = effect(rows)

    assert found
    assert (found.called, found.uncalled, found.left_called, found.left_uncalled) == (40, 20, 0, 10)
    assert found.saved == 0.5 * 40 * 100.0


def test_the_list_is_longer_by_those_that_are_left_uncalled() -> None:
    assert [places_listed(100, share) for share in (0, 0.1, 0.5)] == [100, 112, 200]
