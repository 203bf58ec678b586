"""Files of outcomes that look broken are held back, and what they would tell counts as not known meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.domain.intake.outcomes import OutcomeRules
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.model.shapes import NumericShape
from risk_assets.storage.intake.feed_verdicts import accept, accepted_since, refuse
from risk_assets_tests.storage.dated import DatedPlace
from risk_assets_tests.storage.place import NOW

RULES = OutcomeRules(horizon_days=10, reported_within_days=0)
#: A live model: the fewer calls, the higher the risk.
FEW_CALLS_LEAVE = Scorecard(0, 0.5, (NumericShape("calls", (0, 20), ((-4, 2),), missing=0, mean=0, usual=10),), ())
MONTHS = [date(2025, month, 1) for month in range(1, 8)]


@pytest.fixture(name="place")
def _place(tmp_path: Path) -> DatedPlace:
    """Clients of a year, and the leavings of January to March, three a day."""
    place = DatedPlace(tmp_path)
    place.put("clients.csv", *(f"c{number},2025-01-01,1,," for number in range(2000)))
    for month in (1, 2, 3):
        report(place, f"{month}.csv", leavings(month))
    return place


def report(place: DatedPlace, name: str, lines: Sequence[str]) -> None:
    place.report(name, *lines, arrived="2025-12-01")


def leavings(month: int, *, each_day: int = 3, client: str = "c") -> list[str]:
    first, end = MONTHS[month - 1], MONTHS[month]
    found = []
    for number in range((end - first).days):
        day = first + timedelta(days=number)
        found += [f"{client}{month * 100 + number * each_day + again},{day}" for again in range(each_day)]
    return found


def held(ingestion: Ingestion) -> list[tuple[str, tuple[str, ...]]]:
    return [(file.name, file.reasons) for file in ingestion.held]


def complete_until(ingestion: Ingestion) -> str:
    assert ingestion.outcomes is not None
    return ingestion.outcomes.complete_until


def test_months_like_those_before_go_in(place: DatedPlace) -> None:
    report(place, "4.csv", leavings(4, each_day=2))
    report(place, "5.csv", [*leavings(5, each_day=6), "c700,2024-06-01", "c701,2026-11-30"])
    assert held(place.ingest(RULES, hold=True)) == []


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (leavings(4, each_day=40), "38.71 leavings a day; in the files before 2.82"),
        (
            leavings(4, client="id-"),
            "100% of the leavings are of clients without a row; in the files before 0%",
        ),
        (
            leavings(5),
            "0 leavings from 2025-04-01 to 2025-04-18; usual are 51",
        ),
    ],
    ids=["ten times as many", "other ids", "a month is missing"],
)
def test_a_broken_file_is_held_back_whole_with_the_figures(
    place: DatedPlace, lines: list[str], reason: str
) -> None:
    report(place, "4.csv", lines)
    found = place.ingest(RULES, hold=True)

    assert held(found) == [("outcomes/4.csv", (reason,))]
    assert found.outcomes is not None
    assert [file.name for file in found.outcomes.files] == ["1.csv", "2.csv", "3.csv"]


def test_a_file_cut_short_is_held_back_although_it_is_small(place: DatedPlace) -> None:
    report(place, "4.csv", [leavings(4)[-1]])
    [(_, reasons)] = held(place.ingest(RULES, hold=True))
    assert reasons[0].startswith("0.033 leavings a day; in the files before 2.82")


@pytest.mark.parametrize("few_calls_leave", [True, False])
def test_a_file_whose_leavings_the_live_model_ranks_upside_down_is_held_back(
    place: DatedPlace, *, few_calls_leave: bool
) -> None:
    calls = {f"a{number}": number % 3 for number in range(200)}
    place.put("later.csv", *(f"{client},2025-04-05,{number},," for client, number in calls.items()))
    leaving = [client for client, number in calls.items() if number == (0 if few_calls_leave else 2)]
    report(place, "4.csv", [f"{client},2025-04-{6 + day % 10:02d}" for day, client in enumerate(leaving)])

    found = held(place.ingest(RULES, hold=True, live=FEW_CALLS_LEAVE))
    upside_down = ("outcomes/4.csv", ("the live model ranks the clients upside down: AUC 0.00",))
    assert found == ([] if few_calls_leave else [upside_down])


def test_few_leavings_tell_nothing(tmp_path: Path) -> None:
    place = DatedPlace(tmp_path)
    place.put("clients.csv", "c1,2025-01-01,1,,")
    report(place, "1.csv", leavings(1, each_day=1))
    report(place, "2.csv", leavings(5, each_day=1, client="id-"))
    assert held(place.ingest(RULES, hold=True)) == []


def test_rows_that_a_held_file_would_decide_are_not_known_whatever_later_files_or_settings_say(
    place: DatedPlace,
) -> None:
    report(place, "4.csv", leavings(4, client="id-"))
    report(place, "5.csv", leavings(5))
    declared = OutcomeRules(horizon_days=10, reported_within_days=0, until="2025-06-30")

    waiting = place.ingest(declared, hold=True)
    assert [name for name, _ in held(waiting)] == ["outcomes/4.csv"]
    assert complete_until(waiting) == "2025-03-21"
    refuse(place.layout, "4.csv", now=NOW)  # its folder may be left out where no other file has the name
    refused = place.ingest(declared, hold=True)
    assert [(file.name, file.verdict) for file in refused.held] == [("outcomes/4.csv", "refused")]
    assert complete_until(refused) == "2025-03-21"
    report(place, "4.csv", leavings(4))
    assert complete_until(place.ingest(declared, hold=True)) == "2025-06-20"


def test_a_file_that_was_accepted_goes_in(place: DatedPlace) -> None:
    report(place, "4.csv", leavings(4, client="id-"))
    found = place.ingest(RULES, hold=True)
    assert accepted_since(place.layout.feed_verdicts, found) == frozenset()
    accept(place.layout, "outcomes/4.csv", now=NOW)
    assert accepted_since(place.layout.feed_verdicts, found) == {"outcomes/4.csv"}
    assert complete_until(place.ingest(RULES, hold=True)) == "2025-04-20"


def test_a_rebuild_and_a_file_that_comes_earlier_change_no_verdict(place: DatedPlace) -> None:
    report(place, "4.csv", leavings(4, client="id-"))
    first = place.ingest(RULES, hold=True)
    report(place, "0.csv", leavings(1, client="id-"))
    place.layout.ingestion.unlink()
    assert place.ingest(RULES, hold=True).held == first.held


def test_nothing_is_held_where_that_is_off(place: DatedPlace) -> None:
    report(place, "4.csv", leavings(4, client="id-"))
    assert held(place.ingest(RULES)) == []
