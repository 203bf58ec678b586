"""A label changes what people read, and nothing that was computed."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from risk_assets.definitions import defs
from risk_assets.domain.ranking.risk_summary import REASONS
from risk_assets.resources.declaration import code_version
from risk_assets.settings import load_settings
from risk_assets_tests.assets.project import MODEL, ROOT, Project

COLUMNS: dict[str, Any] = json.loads((ROOT / "config.json").read_text())["columns"]
SHOWN = ("client_risk", "drift", "report")
EMPLOYEES = {"name": "number_of_employees", "min": 0}


def columns_with(**employees: object) -> dict[str, Any]:
    """The shipped columns, the last of which says this besides."""
    return {**COLUMNS, "numeric": [*COLUMNS["numeric"][:-1], {**EMPLOYEES, **employees}]}


def code_versions(project: Project) -> dict[str, str | None]:
    settings = load_settings(project.config)
    return {
        spec.key.to_user_string(): code_version(spec.code_version, spec.metadata, settings)
        for spec in defs.resolve_all_asset_specs()
    }


@pytest.mark.parametrize("said", [{"label": "Staff"}, {"unit": "people"}, {"actionable": False}])
def test_what_shows_words_alone_is_stale_after_a_change_of_them(tmp_path: Path, said: dict[str, object]) -> None:
    project = Project(tmp_path, columns=columns_with())
    before = code_versions(project)
    project.configure(columns=columns_with(**said))
    after = code_versions(project)

    assert tuple(sorted(key for key in before if before[key] != after[key])) == SHOWN


def test_nothing_is_stale_after_a_change_of_what_is_listed(tmp_path: Path) -> None:
    project = Project(tmp_path)
    before = code_versions(project)
    project.configure(columns={**COLUMNS, "shown": ["number_of_employees"]})
    after = code_versions(project)

    assert before == after


def test_a_label_rewords_reasons_and_leaves_rows_model_and_what_was_read(tmp_path: Path) -> None:
    project = Project(tmp_path, columns=columns_with())
    project.write_clients("a.csv", 900, seed=1, first_id=0)
    project.write_test_clients(500)
    everything = (*MODEL, "client_risk")
    project.materialize(*everything)
    versions = {key: project.version_of(key) for key in MODEL}
    risks, reasons = ranking(project)
    parsed = written_at(project)

    project.configure(columns=columns_with(label="Staff", unit="people", actionable=False))
    project.materialize(*everything)

    assert {key: project.version_of(key) for key in MODEL} == versions
    assert written_at(project) == parsed
    risks_then, reasons_then = ranking(project)
    assert risks_then == risks
    assert any("number_of_employees is " in text for each in reasons for text in each)
    told = [text for each in reasons_then for text in each]
    assert any(text.startswith("Staff is ") and " people (usual: " in text for text in told)
    assert not any("number_of_employees" in text for text in told)
    leading = [each[0] for each in reasons_then if each[0].startswith("Staff is ")]
    alone = [each for each in reasons_then if each[0].startswith("Staff is ") and len(each) == 1]
    assert len(leading) == len(alone)


def ranking(project: Project) -> tuple[list[tuple[str, str]], list[list[str]]]:
    """Return id and risk of the ranked clients, and the reasons of those that have some."""
    with project.layout.client_risk_csv.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = [[row[f"reason_{place}"] for place in range(1, REASONS + 1) if row[f"reason_{place}"]] for row in rows]
    return [(row["corporation"], row["risk"]) for row in rows], [each for each in found if each]


def written_at(project: Project) -> dict[str, int]:
    """Return when each file that was parsed was written."""
    return {path.name: path.stat().st_mtime_ns for path in project.layout.parsed.rglob("*") if path.is_file()}
