"""A panel whose clients were called: what those tell that were not stands beside all, and nothing else moves."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from pypdf import PdfReader

from risk_assets.domain.contacts.assignment import Assignment
from risk_assets.domain.contacts.contact import Draft, Kind
from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.domain.scoring.backtest import Backtest
from risk_assets.domain.scoring.metrics import Metrics
from risk_assets.storage.contacts.assignments import AssignmentLog
from risk_assets.storage.contacts.database import ContactsDatabase
from risk_assets.storage.contacts.journal import ContactJournal
from risk_assets.storage.deployment.versions import read_decisions
from risk_assets.storage.records import read_record
from risk_assets_tests.assets.panel import ASSETS, HORIZON, panel_in, settings
from risk_assets_tests.assets.project import Project
from risk_assets_tests.assets.test_panel import files_in

pytestmark = pytest.mark.slow
JUDGED = ("latest_score", "drift", "backtest")
CALLED_AT = tuple(datetime(2025, month, 3, 10, tzinfo=UTC) for month in (2, 4, 5, 6))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A model of the first months, and younger ones that it has not seen, so that drift has rows to judge."""
    project = panel_in(tmp_path_factory.mktemp("treated") / "home", uncalled_share=0.5)
    assert project.layout.outcomes is not None
    aside = [
        (file, file.rename(file.with_suffix(".later")))
        for folder in (project.layout.input, project.layout.outcomes)
        for file in sorted(folder.glob("*.csv"))[-1:]
    ]
    project.materialize(*ASSETS)
    for file, moved in aside:
        moved.rename(file)
    project.materialize("finaldata", *JUDGED)
    return project


def plain(folder: Path) -> dict[str, object]:
    """What is written of the figures of all rows, without times."""
    found: dict[str, object] = {}
    for name in ("metrics", "drift", "backtest"):
        record = json.loads((folder / f"{name}.json").read_text())
        found[name] = {key: value for key, value in record.items() if key not in {"untreated", "at"}}
    return found


def call(project: Project, clients: Iterable[str], at: Iterable[datetime], kind: Kind = "reached") -> None:
    database = ContactsDatabase.of(project.home.settings, project.layout)
    journal, note = ContactJournal(database, recall_days=30), "a note" if kind == "note" else ""
    for client, day in itertools.product(clients, at):
        journal.add(Draft(client, kind, note), token=f"{client} {day} {kind}", by="Anna", now=day)
    database.close()


def half_of_the_clients(project: Project) -> list[str]:
    return sorted(set(files_in(project.layout.input)["corporation"]))[::2]


def told(project: Project) -> tuple[Metrics, DriftVerdict, Backtest]:
    layout = project.layout
    return (
        read_record(layout.metrics, Metrics),
        read_record(layout.drift, DriftVerdict),
        read_record(layout.backtest, Backtest),
    )


@pytest.mark.long
def test_calls_of_the_past_are_told_beside_figures_that_stay_as_they_were(project: Project) -> None:
    before = plain(project.layout.models)
    assert not project.layout.contacts.exists()  # looking for calls makes no journal
    assert all(each.untreated is None for each in told(project))

    rows = files_in(project.layout.input).assign(as_of=lambda found: pd.to_datetime(found["as_of"]))
    clients = half_of_the_clients(project)
    call(project, clients, [datetime.now(UTC)])
    call(project, clients, CALLED_AT, kind="note")
    project.materialize(*JUDGED)
    assert all(each.untreated is None for each in told(project))  # a call of today and a note tell nothing

    call(project, clients, CALLED_AT)
    project.materialize(*JUDGED)
    metrics, drift, backtest = told(project)

    assert plain(project.layout.models) == before
    assert metrics.untreated
    assert drift.untreated
    assert backtest.untreated
    assert metrics.untreated.called == expected_called(project, rows, set(clients))
    assert metrics.untreated.every
    assert metrics.untreated.every.roc_auc == metrics.roc_auc
    assert metrics.untreated.untreated
    assert 0 < metrics.untreated.untreated.rows <= metrics.n - metrics.untreated.called


def expected_called(project: Project, rows: pd.DataFrame, clients: set[str]) -> int:
    """Count, with pandas alone, complete rows of test clients that were called within the horizon while there."""
    leavings = files_in(project.layout.outcomes)
    left_on = pd.to_datetime(leavings.set_index("corporation")["left_on"])
    complete = rows["as_of"] + pd.Timedelta(days=HORIZON + 10) <= left_on.max()
    left = rows["corporation"].map(left_on).fillna(pd.Timestamp("2100-01-01"))
    called = pd.Series(data=False, index=rows.index)
    for day in (pd.Timestamp(each.date()) for each in CALLED_AT):
        called |= (rows["as_of"] < day) & (day <= rows["as_of"] + pd.Timedelta(days=HORIZON)) & (day <= left)
    draws = rows["corporation"].map(
        lambda name: int(hashlib.md5(f"test {name}".encode(), usedforsecurity=False).hexdigest()[:8], 16)
    )
    is_test = draws < round(project.home.settings.test_share * 2**32)
    is_there = rows["as_of"] < left
    return int((complete & called & is_there & is_test & rows["corporation"].isin(clients)).sum())


def test_the_gate_records_how_both_models_do_on_rows_that_were_not_called(project: Project) -> None:
    call(project, half_of_the_clients(project), CALLED_AT)
    project.configure(**settings(), uncalled_share=0.5, threshold=0.3)
    project.materialize("trained_model", "latest_score", "deployed_model")
    figures = read_decisions(project.layout)[-1].figures

    for name in ("challenger", "champion"):
        untreated, every = figures[f"testdata_untreated_{name}_f1"], figures[f"testdata_{name}_f1"]
        assert untreated == pytest.approx(every, abs=0.2)
        assert untreated != every


def test_the_report_says_whether_calls_helped_and_is_the_same_to_the_byte(project: Project) -> None:
    database = ContactsDatabase.of(project.home.settings, project.layout)
    clients = sorted(set(pd.read_csv(next(iter(sorted(project.layout.input.glob("*.csv")))))["corporation"]))
    listed_on = (CALLED_AT[0] - timedelta(days=1)).date().isoformat()
    AssignmentLog(database).add(
        [
            Assignment(name, listed_on, "", uncalled=place % 2 == 0, risk=0.5, value=100.0)
            for place, name in enumerate(clients[:400])
        ]
    )
    database.close()
    project.materialize("client_risk", "diagnostics", "report")
    first = project.layout.summary_report.read_bytes()
    project.materialize("report")

    assert project.layout.summary_report.read_bytes() == first
    pages = PdfReader(project.layout.summary_report).pages
    said = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert "Did calls help?" in said
    assert "of 200 that were left uncalled at random" in said
