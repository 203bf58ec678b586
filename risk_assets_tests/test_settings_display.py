"""Labels, units and what nobody can act on: declared beside each column, and part of no number."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from risk_assets.settings import ColumnsSetting, SettingsError, load_settings
from risk_assets.settings.reference import schema
from risk_assets_tests.test_settings import columns_with, config_with

ROOT = Path(__file__).parents[1]
DESCRIBED = columns_with(
    numeric=["mails", {"name": "calls", "min": 0, "label": "Calls a month", "unit": "calls"}],
    categorical=["city", {"name": "age_group", "label": "Age", "actionable": False}],
    carried=[
        {"name": "manager", "label": "Account manager"},
        {"name": "gender", "sensitive": True, "label": "Sex"},
    ],
    derived=[{"name": "reach", "sum": ["calls", "mails"], "label": "Contacts", "unit": "contacts"}],
    value="fee",
    display={"fee": {"label": "Fee a year", "unit": "EUR"}},
    shown=["manager", "reach"],
)


def test_columns_of_every_kind_have_labels_and_units(tmp_path: Path) -> None:
    columns = load_settings(config_with(tmp_path, columns=DESCRIBED)).client_columns

    labels = [columns.label(name) for name in ("mails", "calls", "age_group", "manager", "gender", "reach", "fee")]
    assert labels == ["mails", "Calls a month", "Age", "Account manager", "Sex", "Contacts", "Fee a year"]
    assert [columns.unit(name) for name in ("mails", "calls", "reach", "fee")] == [
        None,
        "calls",
        "contacts",
        "EUR",
    ]
    assert [name for name in columns.features if not columns.is_actionable(name)] == ["age_group"]


def test_columns_are_otherwise_what_they_are_without_labels(tmp_path: Path) -> None:
    columns = load_settings(config_with(tmp_path, columns=DESCRIBED)).client_columns

    assert columns.features == ("mails", "calls", "reach", "city", "age_group")
    assert (columns.carried, columns.sensitive) == (("manager", "gender"), ("gender",))


def test_the_list_of_clients_shows_what_is_chosen_or_all_that_is_carried(tmp_path: Path) -> None:
    chosen = load_settings(config_with(tmp_path, columns=DESCRIBED)).client_columns
    unset = {key: value for key, value in DESCRIBED.items() if key != "shown"}
    every = load_settings(config_with(tmp_path, columns=unset)).client_columns

    assert (chosen.listed, every.listed) == (("manager", "reach"), ("manager", "gender"))


def test_the_example_of_the_readme_is_a_config(tmp_path: Path) -> None:
    _, section = (ROOT / "README.md").read_text(encoding="utf-8").split("### Names that people read")
    example = "".join(line for line in section.partition("###")[0].splitlines() if line.startswith("    "))
    declared = {"id": "client", "target": "left", **json.loads(f"{{{example}}}")}

    columns = load_settings(config_with(tmp_path, columns=declared)).client_columns

    assert (columns.label("fee"), columns.unit("seats")) == ("Fee a year", "licences")


def test_described_settings_are_the_same_read_again() -> None:
    once = ColumnsSetting.model_validate(DESCRIBED)
    assert ColumnsSetting.model_validate(once.model_dump()) == once


def test_the_schema_for_editors_takes_objects_and_names_alike(tmp_path: Path) -> None:
    content = json.loads(config_with(tmp_path, columns=DESCRIBED).read_text(encoding="utf-8"))
    misspelt = {**content, "columns": {**DESCRIBED, "categorical": [{"name": "city", "lable": "Town"}]}}
    validator = Draft202012Validator(json.loads(schema()))

    assert list(validator.iter_errors(content)) == []
    assert not validator.is_valid(misspelt)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"display": {"calls": {"label": "Rings"}}}, "'calls' is described under numeric and under display too"),
        ({"display": {"cals": {"label": "Rings"}}}, "display: 'cals' is not declared"),
        ({"carried": [{"name": "manager", "actionable": False}]}, "'manager' is never learnt from"),
        ({"categorical": [{"name": "city", "unit": "km"}]}, "'city' is categorical, so it has no unit"),
        (
            {"categorical": [{"name": "city", "label": "calls a month"}]},
            "'Calls a month' is what two columns are called",
        ),
        ({"categorical": [{"name": "city", "label": "Mails"}]}, "'Mails' is what two columns are called"),
        ({"categorical": [{"label": "Town"}]}, "a categorical column with label has no name"),
        (
            {"categorical": [{"name": "city", "label": ""}]},
            "columns.display.city.label: String should have at least",
        ),
        ({"categorical": [{"name": "city", "actionable": "perhaps"}]}, "columns.display.city.actionable: Input"),
        ({"numeric": ["mails", {"name": "calls", "lable": "Rings"}]}, "unknown key, perhaps label"),
        ({"shown": ["fee"]}, "shown: 'fee' is neither a feature nor carried nor a date"),
        ({"shown": ["manager", "manager"]}, "shown: 'manager' is named twice"),
    ],
)
def test_a_description_that_makes_no_sense_is_refused(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(SettingsError) as told:
        load_settings(config_with(tmp_path, columns={**DESCRIBED, **changes}))
    assert said in str(told.value)
