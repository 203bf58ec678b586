from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from risk_assets.serve.metrics import LOG_DROPPED
from risk_assets.serve.model import prediction_log
from risk_assets.storage.drift.predictions import served_rows
from risk_assets_tests.serve.conftest import opened
from risk_assets_tests.serve.deployed import CLIENT, make_settings

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def lines(root: Path) -> list[dict[str, Any]]:
    files = sorted((root / "predictions").iterdir()) if (root / "predictions").is_dir() else []
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_what_is_served_is_kept_without_ids_and_keys(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, api_keys="the key")
    with opened(settings, deployed=True) as home:
        content = {"clients": [CLIENT, {**CLIENT, "activity": None}]}
        answer = home.predict(content, headers={"Authorization": "Bearer the key"}).get_json()
        home.http.post("/prediction", data="activity\n7\n", content_type="text/csv")

    [line] = lines(tmp_path)
    assert line["version"] == home.version
    assert line["risk"] == [client["risk"] for client in answer["predictions"]]
    assert line["columns"] == {"activity": [12.5, None], "employees": [40, 40], "industry": ["mining", "mining"]}
    kept = "".join(file.read_text() for file in (tmp_path / "predictions").iterdir())
    assert "abcd" not in kept
    assert "the key" not in kept


def test_drift_reads_what_was_served(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    with opened(settings, deployed=True) as home:
        risks = [
            home.predict({"clients": [{**CLIENT, "activity": activity}]}).get_json()["predictions"][0]["risk"]
            for activity in (1, 2, 3)
        ]

    rows = served_rows(home.serving.layout, home.serving.columns, since=LONG_AGO, limit=100)
    served = zip(rows.columns["activity"].tolist(), rows.risk.tolist(), strict=True)  # the newest batch first
    assert sorted(served) == list(zip((1, 2, 3), risks, strict=True))


def test_the_log_can_be_turned_off(tmp_path: Path) -> None:
    with opened(make_settings(tmp_path, prediction_log=False), deployed=True) as home:
        assert home.predict({"clients": [CLIENT]}).status_code == 200

    assert not (tmp_path / "predictions").exists()


def test_refused_requests_are_not_kept(tmp_path: Path) -> None:
    with opened(make_settings(tmp_path), deployed=True) as home:
        assert home.predict({"clients": [CLIENT, {"activity": -1}]}).status_code == 422

    assert lines(tmp_path) == []


def test_what_does_not_fit_is_dropped_and_counted_and_the_answer_does_not_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction_log, "CAPACITY", 3)
    dropped = dropped_so_far()
    with opened(make_settings(tmp_path), deployed=True) as home:
        assert home.predict({"clients": [CLIENT] * 4}).status_code == 200

    assert dropped_so_far() - dropped == 4
    assert lines(tmp_path) == []


def test_a_day_that_is_full_takes_no_more_and_is_counted(tmp_path: Path) -> None:
    dropped = dropped_so_far()
    with opened(make_settings(tmp_path, prediction_log_bytes=0), deployed=True) as home:
        assert home.predict({"clients": [CLIENT] * 2}).status_code == 200

    assert dropped_so_far() - dropped == 2


def test_files_older_than_the_setting_are_deleted(tmp_path: Path) -> None:
    folder = tmp_path / "predictions"
    folder.mkdir()
    today = datetime.now(UTC).date()
    old, young = (folder / f"{today - timedelta(days=days)}.1.jsonl" for days in (9, 3))
    old.write_text("")
    young.write_text("")

    with opened(make_settings(tmp_path, prediction_log_days=5), deployed=True) as home:
        home.predict({"clients": [CLIENT]})

    assert (old.exists(), young.exists()) == (False, True)


def test_a_full_disk_does_not_stop_the_server(tmp_path: Path) -> None:
    (tmp_path / "predictions").write_text("a file where the folder should be")

    with opened(make_settings(tmp_path), deployed=True) as home:
        assert home.predict({"clients": [CLIENT]}).status_code == 200
        home.serving.log.flush()
        assert home.predict({"clients": [CLIENT]}).status_code == 200


def dropped_so_far() -> float:
    [metric] = LOG_DROPPED.collect()
    return next(sample.value for sample in metric.samples if sample.name.endswith("_total"))
