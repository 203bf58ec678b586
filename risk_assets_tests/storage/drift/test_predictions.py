from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.storage.drift import predictions
from risk_assets.storage.drift.predictions import (
    Served,
    append_served,
    latest_prediction_at,
    prune_served,
    served_rows,
)
from risk_assets.storage.layout import Layout
from risk_assets_tests.storage.deployment.test_versions import make_layout

COLUMNS = Columns("id", "left", "1", "0", (NumericColumn("activity"),), ("industry",))
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG_AGO = NOON - timedelta(days=365)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return make_layout(tmp_path)


def served(risk: float, *, at: datetime = NOON, version: str = "v0001-00000000") -> Served:
    return Served(at.timestamp(), version, {"activity": [risk * 10], "industry": ["mining"]}, [risk])


def keep(layout: Layout, *requests: Served, worker: int = 7) -> None:
    assert append_served(layout, requests, worker=worker, max_bytes=10**9) == 0


def test_what_was_served_is_read_back(layout: Layout) -> None:
    request = Served(
        NOON.timestamp(), "v0001-00000000", {"activity": [1.5, None], "industry": [None, "x"]}, [0.1, 0.9]
    )
    keep(layout, request)

    rows = served_rows(layout, COLUMNS, since=LONG_AGO, limit=10)

    np.testing.assert_array_equal(rows.columns["activity"], [1.5, math.nan])
    assert rows.columns["industry"].tolist() == [None, "x"]
    assert rows.risk.tolist() == [0.1, 0.9]


def test_nothing_served_is_no_rows(layout: Layout) -> None:
    rows = served_rows(layout, COLUMNS, since=LONG_AGO, limit=10)

    assert (len(rows.risk), rows.columns["activity"].dtype.kind) == (0, "f")
    assert latest_prediction_at(layout) is None


def test_each_worker_and_day_has_its_file(layout: Layout) -> None:
    keep(layout, served(0.1), served(0.2, at=NOON + timedelta(days=1)), worker=7)
    keep(layout, served(0.3), worker=8)

    names = sorted(file.name for file in layout.predictions.iterdir())
    assert names == ["2026-03-01.7.jsonl", "2026-03-01.8.jsonl", "2026-03-02.7.jsonl"]


def test_the_newest_come_first_whichever_worker_served_them(layout: Layout) -> None:
    for minute, worker in enumerate((7, 8, 7, 8, 8, 7)):
        keep(layout, served(minute / 10, at=NOON + timedelta(minutes=minute)), worker=worker)
    keep(layout, served(0.9, at=NOON + timedelta(days=2)))

    assert served_rows(layout, COLUMNS, since=LONG_AGO, limit=4).risk.tolist() == [0.9, 0.5, 0.4, 0.3]
    assert served_rows(layout, COLUMNS, since=NOON + timedelta(minutes=4), limit=9).risk.tolist() == [
        0.9,
        0.5,
        0.4,
    ]


def test_one_version_can_be_asked_for(layout: Layout) -> None:
    keep(layout, served(0.1), served(0.2, version="v0002-00000000"))

    assert served_rows(layout, COLUMNS, since=LONG_AGO, limit=9, version="v0002-00000000").risk.tolist() == [0.2]


def test_a_request_of_many_clients_is_cut_at_the_limit(layout: Layout) -> None:
    keep(layout, Served(NOON.timestamp(), "v", {"activity": [1.0] * 9, "industry": ["x"] * 9}, [0.5] * 9))

    rows = served_rows(layout, COLUMNS, since=LONG_AGO, limit=4)
    assert (len(rows.risk), len(rows.columns["activity"]), len(rows.columns["industry"])) == (4, 4, 4)


def test_lines_are_read_across_the_blocks_of_a_file(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(layout, *(served(step / 100, at=NOON + timedelta(seconds=step)) for step in range(100)))
    monkeypatch.setattr(predictions, "BLOCK", 64)

    risk = served_rows(layout, COLUMNS, since=LONG_AGO, limit=1000).risk.tolist()

    assert risk == [step / 100 for step in reversed(range(100))]


def test_a_torn_line_and_one_of_other_features_are_passed_over(layout: Layout) -> None:
    keep(layout, Served(NOON.timestamp(), "v", {"revenue": [1.0]}, [0.7]), served(0.2))
    with (layout.predictions / "2026-03-01.7.jsonl").open("a") as file:
        file.write('{"at":"2026-03-01T13:00:00.000+00:00","version":"v","col')

    assert served_rows(layout, COLUMNS, since=LONG_AGO, limit=9).risk.tolist() == [0.2]


@pytest.mark.parametrize(
    "damage",
    [
        b'{"at":"2026-03-01T13:00:00.000+00:00","version":"v","col{"at":1}\n',
        b'{"at":"2026-03-01T13:00:00.000+00:00","version":"v","columns":{},"risk":\xff}\n',
        b'{"at":"2026-03-01T13:00:00.000+00:00"}\n',
        b'{"at":"2026-03-01T13:00:00.000+00:00","version":"v","columns":{"activity":[1],"industry":[]},"risk":[1]}\n',
        b'{"at":"2026-03-01T13:00:00.000+00:00","version":"v","columns":{"activity":["x"],"industry":["x"]},"risk":[1]}\n',
        b'{"at":7,"version":"v","columns":{"activity":[1],"industry":["x"]},"risk":[1]}\n',
        b"[}\n{}\n\n",
    ],
)
def test_a_damaged_line_is_passed_over_wherever_it_stands(layout: Layout, damage: bytes) -> None:
    keep(layout, served(0.1))
    with (layout.predictions / "2026-03-01.7.jsonl").open("ab") as file:
        file.write(damage)
    keep(layout, served(0.2))

    assert served_rows(layout, COLUMNS, since=LONG_AGO, limit=9).risk.tolist() == [0.2, 0.1]


def test_what_follows_a_torn_line_is_kept(layout: Layout) -> None:
    keep(layout, served(0.1))
    with (layout.predictions / "2026-03-01.7.jsonl").open("a") as file:
        file.write('{"at":"2026-03-01T13:00:00.000+00:00","version":"v","col')
    keep(layout, served(0.2))

    assert served_rows(layout, COLUMNS, since=LONG_AGO, limit=9).risk.tolist() == [0.2, 0.1]


def test_the_files_are_for_their_owner_alone(layout: Layout) -> None:
    keep(layout, served(0.1))

    [file] = layout.predictions.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_day_is_full_by_the_files_of_all_workers(layout: Layout) -> None:
    keep(layout, served(0.1), worker=7)

    assert append_served(layout, [served(0.2)], worker=8, max_bytes=10) == 1
    assert append_served(layout, [served(0.3, at=NOON + timedelta(days=1))], worker=8, max_bytes=10) == 0
    assert served_rows(layout, COLUMNS, since=LONG_AGO, limit=9).risk.tolist() == [0.3, 0.1]


def test_a_full_file_takes_no_more_and_says_how_many_were_left_out(layout: Layout) -> None:
    assert append_served(layout, [served(0.1)], worker=7, max_bytes=10) == 0

    assert append_served(layout, [served(0.2), served(0.3)], worker=7, max_bytes=10) == 2
    assert served_rows(layout, COLUMNS, since=LONG_AGO, limit=9).risk.tolist() == [0.1]


def test_old_days_are_deleted_and_strangers_left_alone(layout: Layout) -> None:
    for days in (0, 1, 2, 3):
        keep(layout, served(0.1, at=NOON - timedelta(days=days)))
    (layout.predictions / "notes.txt").write_text("mine")

    prune_served(layout, today=date(2026, 3, 1), days=2)

    names = sorted(file.name for file in layout.predictions.iterdir())
    assert names == ["2026-02-27.7.jsonl", "2026-02-28.7.jsonl", "2026-03-01.7.jsonl", "notes.txt"]


def test_the_time_of_the_latest_prediction_is_that_of_its_writing(layout: Layout) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    keep(layout, served(0.1))

    latest = latest_prediction_at(layout)
    assert latest is not None
    assert before < latest < datetime.now(UTC) + timedelta(seconds=5)
