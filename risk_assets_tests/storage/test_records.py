from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from risk_assets.domain.scoring.metrics import Metrics
from risk_assets.storage.records import RecordError, append_record, read_history, read_record, write_record
from risk_assets_tests.reporting import samples

NEW_IN_METRICS = {"calibration_fit", "rules", "gains", "groups"}


@dataclass(frozen=True)
class Reading:
    name: str
    values: tuple[float, ...]


def test_a_record_is_read_back_exactly(tmp_path: Path) -> None:
    record = Reading("é", (0.1, 1e-300, 1 / 3))
    write_record(tmp_path / "r.json", record)
    assert read_record(tmp_path / "r.json", Reading) == record


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_no_reader_would_understand_is_not_written(tmp_path: Path, number: float) -> None:
    with pytest.raises(ValueError, match="Reading: holds a number that is not finite"):
        write_record(tmp_path / "r.json", Reading("a", (number,)))
    assert not (tmp_path / "r.json").exists()


def test_a_missing_record_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"r\.json: does not exist yet; materialize the asset"):
        read_record(tmp_path / "r.json", Reading)


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text('{"name": "a"}')
    with pytest.raises(RecordError, match=r"r\.json: not a valid Reading"):
        read_record(tmp_path / "r.json", Reading)


@dataclass(frozen=True)
class Score:
    all_positive_f1: float


def test_a_record_that_was_written_under_an_earlier_name_is_read(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text('{"always_yes_f1": 0.3257}')
    assert read_record(tmp_path / "metrics.json", Score) == Score(0.3257)


def test_a_history_keeps_its_order_and_passes_over_a_torn_line(tmp_path: Path) -> None:
    file = tmp_path / "h.jsonl"
    append_record(file, Reading("a", ()))
    with file.open("a") as stream:
        stream.write('{"name": "torn')
    append_record(file, Reading("b", ()))
    assert [reading.name for reading in read_history(file, Reading)] == ["a", "b"]


def test_a_score_of_a_release_before_calls_and_levels_is_read(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    write_record(path, samples.metrics())
    held = json.loads(path.read_text())
    path.write_text(json.dumps({name: held[name] for name in held if name not in NEW_IN_METRICS}))
    assert read_record(path, Metrics) == samples.metrics()


def test_a_score_with_calls_and_levels_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_record(tmp_path / "metrics.json", samples.scored_metrics())
    assert read_record(tmp_path / "metrics.json", Metrics) == samples.scored_metrics()


def test_a_damaged_line_of_a_history_is_set_aside_and_the_rest_is_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "readings.jsonl"
    for name in ("a", "b", "c"):
        append_record(file, Reading(name, (1.0,)))
    lines = file.read_bytes().splitlines()
    lines[1] = lines[1].replace(b"1.0", b'"x"')
    file.write_bytes(b"\n".join(lines) + b"\n")

    assert [record.name for record in read_history(file, Reading)] == ["a", "c"]
    assert (tmp_path / "readings.jsonl.damaged").read_bytes() == b"2: " + lines[1] + b"\n"
    assert "readings.jsonl: line 2 is damaged and is passed over; it is set aside in" in caplog.text
    assert file.read_bytes().splitlines() == lines
    append_record(file, Reading("d", (1.0,)))
    assert [record.name for record in read_history(file, Reading)] == ["a", "c", "d"]
