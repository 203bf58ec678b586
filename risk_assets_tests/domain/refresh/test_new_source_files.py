from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from risk_assets.domain.refresh.new_source_files import ArrivalDecision, FolderFacts, decide_ingest
from risk_assets.domain.refresh.retry import FailedRuns

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
INGESTED = {"a.csv": "1", "b.csv": "2"}


def decide(settled: dict[str, str], **facts: object) -> ArrivalDecision:
    return decide_ingest(FolderFacts(settled=settled, ingested=INGESTED, **facts), NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settled", "reason"),
    [
        (INGESTED | {"c.csv": "3"}, "1 new (c.csv)"),
        (INGESTED | {"b.csv": "9"}, "1 changed (b.csv)"),
        ({"a.csv": "1"}, "1 deleted (b.csv)"),
        ({}, "2 deleted (a.csv, b.csv)"),
        ({"a.csv": "1", "c.csv": "2"}, "1 new (c.csv); 1 deleted (b.csv)"),
    ],
)
def test_new_changed_and_deleted_files_are_ingested_and_named(settled: dict[str, str], reason: str) -> None:
    assert decide(settled) == ArrivalDecision(ingest=True, reason=reason)


def test_five_hundred_files_at_once_make_one_run() -> None:
    decision = decide(INGESTED | {f"new{number:03}.csv": "x" for number in range(500)})
    assert decision.reason == "500 new (new000.csv, new001.csv, new002.csv and 497 more)"


def test_an_unchanged_folder_is_left_alone_with_the_count_in_the_reason() -> None:
    assert decide(dict(INGESTED)) == ArrivalDecision(ingest=False, reason="nothing new: 2 files are ingested")


def test_a_new_file_that_is_still_being_written_holds_no_other_up() -> None:
    decision = decide(INGESTED | {"c.csv": "3"}, settling=("half.csv",))
    assert decision == ArrivalDecision(ingest=True, reason="1 new (c.csv)")


def test_a_half_written_file_alone_starts_nothing() -> None:
    assert decide(dict(INGESTED), settling=("half.csv",)).reason.endswith("still being written: half.csv")


def test_a_known_file_that_is_being_rewritten_is_waited_for() -> None:
    decision = decide({"a.csv": "1", "c.csv": "3"}, settling=("b.csv",))
    assert decision == ArrivalDecision(ingest=False, reason="waiting for b.csv to be written to the end")


def test_a_run_under_way_is_waited_for_and_named() -> None:
    decision = decide({}, in_flight="0123456789abcdef")
    assert not decision.ingest
    assert decision.reason == "2 deleted (a.csv, b.csv); run 01234567 is ingesting already"


def test_a_failed_run_is_tried_again_after_its_pause_and_not_before() -> None:
    failed = FailedRuns(2, NOW - timedelta(minutes=1, seconds=59))
    told = "2 runs failed on these files, the next try is at 12:00:01 UTC"
    assert decide({}, failed=failed).reason.endswith(told)
    assert decide({}, failed=FailedRuns(2, NOW - timedelta(minutes=2))).ingest


def test_the_pause_doubles_up_to_an_hour() -> None:
    pauses = [FailedRuns(count, NOW).next_try - NOW for count in (1, 2, 3, 6, 7, 5000)]
    assert [pause.total_seconds() / 60 for pause in pauses] == [1, 2, 4, 32, 60, 60]
