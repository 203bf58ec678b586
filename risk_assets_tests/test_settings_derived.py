"""Derived columns as config.json declares them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from risk_assets.domain.columns import Columns, DerivedColumn, NumericColumn
from risk_assets.resources.declaration import code_version
from risk_assets.settings import Settings, SettingsError, load_settings
from risk_assets_tests.test_settings import ROOT, config_with

COLUMNS: dict[str, object] = {
    "id": "client",
    "target": "left",
    "positive": "Yes",
    "numeric": ["calls", "visits", {"name": "staff", "feature": False}],
    "categorical": ["city"],
    "as_of": "month",
    "dates": ["start"],
    "value": "fee",
}
TREND = {"name": "trend", "ratio": ["calls", "visits"], "times": 12}


def loaded(folder: Path, **changes: object) -> Settings:
    return load_settings(config_with(folder, columns={**COLUMNS, **changes}))


def declared(folder: Path, *derived: object, **changes: object) -> Columns:
    return loaded(folder, derived=list(derived), **changes).columns.to_columns()


def test_each_kind_is_declared_by_its_parts(tmp_path: Path) -> None:
    columns = declared(
        tmp_path,
        TREND,
        {"name": "per head", "ratio": ["calls", "staff"], "monotone": "decreasing"},
        {"name": "more", "difference": ["calls", "visits"]},
        {"name": "contacts", "sum": ["calls", "visits", "staff"]},
        {"name": "age", "days_between": ["start", "month"]},
    )

    assert columns.derived == (
        DerivedColumn("trend", "ratio", ("calls", "visits"), 12.0),
        DerivedColumn("per head", "ratio", ("calls", "staff"), monotone="decreasing"),
        DerivedColumn("more", "difference", ("calls", "visits")),
        DerivedColumn("contacts", "sum", ("calls", "visits", "staff")),
        DerivedColumn("age", "days_between", ("start", "month")),
    )
    assert columns.features == ("calls", "visits", "trend", "per head", "more", "contacts", "age", "city")
    assert columns.names == ("client", "calls", "visits", "staff", "city", "fee", "month", "start", "left")


def test_a_column_may_be_monotone_and_a_part_need_not_be_learnt(tmp_path: Path) -> None:
    numeric = [{"name": "calls", "monotone": "decreasing"}, {"name": "visits", "feature": False}]
    columns = declared(tmp_path, TREND, numeric=numeric)

    assert columns.numeric == (
        NumericColumn("calls", monotone="decreasing"),
        NumericColumn("visits", feature=False),
    )
    assert columns.features == ("calls", "trend", "city")
    assert columns.inputs == ("calls", "visits", "city")


@pytest.mark.parametrize(
    ("derived", "fault"),
    [
        ({"ratio": ["calls", "mails"]}, "trend: its part 'mails' is not in columns.numeric"),
        ({"sum": ["calls", "city"]}, "trend: its part 'city' holds text"),
        ({"sum": ["calls", "client"]}, "trend: its part 'client' holds text"),
        ({"sum": ["calls", "start"]}, "trend: its part 'start' is a date, which days_between alone takes"),
        ({"ratio": ["fee", "calls"]}, "trend: its part 'fee' is the value: list it under numeric too"),
        (
            {"days_between": ["start", "calls"]},
            "trend: its part 'calls' is a number, and days_between takes dates",
        ),
        ({"days_between": ["start", "end"]}, "trend: its part 'end' is neither as_of nor one of columns.dates"),
        ({"ratio": ["calls", "other"]}, "trend: its part 'other' is derived itself: name the columns"),
        ({"sum": ["calls", "visits", "calls"]}, "trend: 'calls' is named twice in sum"),
        ({"sum": ["calls"]}, "sum"),
        ({"ratio": ["calls", "visits", "staff"]}, "ratio"),
        ({}, "trend: give one of ratio, difference, sum, days_between, not none"),
        (
            {"ratio": ["calls", "visits"], "sum": ["calls", "visits"]},
            "trend: give one of ratio, difference, sum, days_between, not ratio and sum",
        ),
        ({"difference": ["calls", "visits"], "times": 12}, "trend: times is for a ratio alone"),
        ({"ratio": ["calls", "visits"], "times": 0}, "trend: times is 0, or no finite number up to 1e\\+100"),
        ({"ratio": ["calls", "visits"], "times": 1e200}, "trend: times is 0, or no finite number up to 1e\\+100"),
        ({"ratio": ["calls", "visits"], "monotone": "up"}, "monotone"),
        ({"product": ["calls", "visits"]}, "product"),
        ({"name": "city", "ratio": ["calls", "visits"]}, "column 'city' is named twice"),
        ({"name": "LEFT", "ratio": ["calls", "visits"]}, "column 'left' is named twice"),
        ({"name": " ", "ratio": ["calls", "visits"]}, "a column name is blank"),
    ],
)
def test_a_mistaken_derived_column_is_told_in_words(
    tmp_path: Path, derived: dict[str, object], fault: str
) -> None:
    other = {"name": "other", "difference": ["calls", "visits"]}
    with pytest.raises(SettingsError, match=fault):
        loaded(tmp_path, derived=[other, {"name": "trend", **derived}])


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            {"numeric": [{"name": "calls", "feature": False, "monotone": "increasing"}]},
            "calls: is monotone, but no",
        ),
        ({"numeric": [{"name": "calls", "monotone": "rising"}]}, "monotone"),
        ({"dates": ["calls"]}, "column 'calls' is named twice"),
        ({"dates": ["risk"]}, "'risk' is what a column of client_risk is called"),
        ({"as_of": None, "dates": [], "date_format": "%Y-%m-%d"}, "date_format: is given without as_of or dates"),
    ],
)
def test_a_mistaken_column_is_told_in_words(tmp_path: Path, changes: dict[str, object], fault: str) -> None:
    with pytest.raises(SettingsError, match=fault):
        loaded(tmp_path, **changes)


@pytest.mark.parametrize("change", [{"times": 6}, {"monotone": "decreasing"}, {"ratio": ["visits", "calls"]}])
def test_another_declaration_makes_the_model_stale(tmp_path: Path, change: dict[str, object]) -> None:
    before, after = (loaded(tmp_path, derived=[trend]) for trend in (TREND, {**TREND, **change}))
    reads_columns = {"settings": ["columns"]}
    assert code_version("1", reads_columns, before) != code_version("1", reads_columns, after)


def test_the_example_of_the_readme_is_a_config(tmp_path: Path) -> None:
    _, section = (ROOT / "README.md").read_text(encoding="utf-8").split("### Derived columns")
    example = "".join(line for line in section.splitlines() if line.startswith("    "))
    columns = {"id": "client", "target": "left", **json.loads(f"{{{example}}}")}

    found = load_settings(config_with(tmp_path, columns=columns)).columns.to_columns()

    assert {column.kind for column in found.derived} == {"ratio", "difference", "sum", "days_between"}
