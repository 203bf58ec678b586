from __future__ import annotations

from pathlib import Path

import pytest

from risk_assets.domain.drift.verdict import DriftVerdict, Judgement, Measurement
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import write_record
from risk_assets_tests.serve.conftest import opened
from risk_assets_tests.serve.prepared import prepare
from risk_assets_tests.serve.test_pages import text


def as_folder(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.mkdir()


@pytest.mark.parametrize("name", ["deployments", "drift_history", "score_history"])
def test_a_history_that_is_a_folder_is_told_on_its_part_of_the_page(tmp_path: Path, name: str) -> None:
    settings = prepare(tmp_path)
    file: Path = getattr(Layout.of(settings), name)
    with opened(settings, deployed=True) as home:
        as_folder(file)
        overview, history = home.http.get("/pages/overview"), home.http.get("/pages/history")

    assert (overview.status_code, history.status_code) == (200, 200)
    words = text(history).lower()
    assert f"this cannot be read {file.name}" in words
    assert "is a directory" in words
    assert "Nothing has been decided yet." not in text(overview)


def test_a_score_that_is_no_number_is_told_in_place_of_the_chart(tmp_path: Path) -> None:
    settings = prepare(tmp_path)
    file = Layout.of(settings).score_history
    file.write_text(file.read_text().replace('"value":0.58', '"value":NaN'))
    with opened(settings, deployed=True) as home:
        answer = home.http.get("/pages/history")

    assert answer.status_code == 200
    assert "score_history.jsonl is damaged: one of its scores is not a number." in text(answer)


def test_the_overview_tells_what_was_served_beside_a_verdict_that_leaves_it_out(tmp_path: Path) -> None:
    settings = prepare(tmp_path)
    moved = Measurement("served", "risk", 400, "PSI", 0.4, 0.1, 0.4, 0.1)
    told = "29 new rows say nothing yet: 30 are needed. What was served has shifted: PSI 0.40, above 0.10."
    for drifted in (False, True):
        judged = Judgement(moved, drifted, "The served risks have shifted: PSI 0.40, above 0.10.")
        write_record(
            Layout.of(settings).drift, DriftVerdict("insufficient data", told, 29, "statistical", (judged,))
        )
        with opened(settings, deployed=True) as home:
            words = text(home.http.get("/pages/overview"))

        assert f"Insufficient data {told}" in words
        assert ("Served clients: Drifted" in words) == drifted
