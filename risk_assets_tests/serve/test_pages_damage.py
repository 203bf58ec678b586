from __future__ import annotations

from pathlib import Path

import pytest

from risk_assets.domain.drift.verdict import DriftVerdict, Judgement, Measurement
from risk_assets.settings import NumericSetting
from risk_assets.settings.loading import ConfigFile
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import write_record
from risk_assets_tests.serve.conftest import opened
from risk_assets_tests.serve.desk import BROWSER, write_desk
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


def test_clients_ranked_with_other_settings_are_told_in_words_and_not_in_those_of_the_engine(
    tmp_path: Path,
) -> None:
    ranked = write_desk(tmp_path)
    columns = ranked.columns.model_copy(
        update={"numeric": (*ranked.columns.numeric, NumericSetting(name="Plätze"))}
    )
    with opened(ranked.model_copy(update={"columns": columns}), deployed=True) as home:
        page, client = home.http.get("/clients/c001", headers=BROWSER), home.http.get("/clients/c001")

    told = "clients were ranked with other settings than those of this server: restart it, then run the graph"
    assert told in text(page).lower()
    assert (client.status_code, client.get_json()["detail"]) == (503, told)
    assert "Binder" not in text(page)


def test_pages_say_when_the_settings_have_changed_since_the_server_started(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text("{}")
    with opened(write_desk(tmp_path), deployed=True, config=ConfigFile.of(file)) as home:
        before = text(home.http.get("/pages/overview"))
        file.write_text('{"call_capacity": 20}')
        after = text(home.http.get("/pages/overview"))

    assert "config.json has changed" not in before
    assert "config.json has changed. This server goes on with the settings it started with" in after
