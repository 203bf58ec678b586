from __future__ import annotations

from pathlib import Path

from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.domain.intake.source_file import SourceFile
from risk_assets.reporting.refusal_words import refused_sentence
from risk_assets.reporting.wording import percent


def ingestion(*files: SourceFile) -> Ingestion:
    return Ingestion("data-1", "2026-03-01T12:00:00+00:00", 0, files)


def test_refused_rows_are_told_with_the_reasons_where_they_are_and_the_setting_that_may_help() -> None:
    reasons = {"fee is not a number": 50, "calls is below 0": 6}
    refused = ingestion(SourceFile("a.csv", "ab", 9, 1500, 1444, 0, 56, reasons=reasons))

    assert refused_sentence(refused, Path("data/quarantine")) == (
        f"{percent(56, 1500)} of the rows read are refused (56 of 1,500); "
        "50 × fee is not a number, 6 × calls is below 0; they are in data/quarantine; "
        "what stands for a missing number belongs in format.missing"
    )


def test_where_no_row_is_refused_nothing_is_advised() -> None:
    sound = ingestion(SourceFile("a.csv", "ab", 9, 1500, 1500, 0, 0))
    assert (
        refused_sentence(sound, Path("data/quarantine"))
        == f"{percent(0)} of the rows read are refused (0 of 1,500)"
    )
