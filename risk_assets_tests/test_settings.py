from __future__ import annotations

import json
from pathlib import Path

import pytest

from risk_assets.domain.columns import NumericColumn
from risk_assets.settings import SettingsError, load_settings

ROOT = Path(__file__).parents[1]
CONFIG = {
    "data_root": "data",
    "input_folder_path": "in",
    "output_folder_path": "out",
    "test_data_path": "test",
    "output_model_path": "models",
    "prod_deployment_path": "live",
    "columns": {"id": "client", "target": "left", "positive": "Yes", "numeric": ["age"], "categorical": ["city"]},
}


def config_with(folder: Path, **changes: object) -> Path:
    file = folder / "config.json"
    file.write_text(json.dumps({**CONFIG, **changes}))
    return file


def columns_with(**changes: object) -> dict[str, object]:
    columns = CONFIG["columns"]
    assert isinstance(columns, dict)
    return {**columns, **changes}


def test_relative_paths_count_from_the_folder_of_the_config_file(tmp_path: Path) -> None:
    assert load_settings(config_with(tmp_path)).data_root == tmp_path / "data"


def test_an_absolute_data_root_is_taken_as_it_is(tmp_path: Path) -> None:
    assert load_settings(config_with(tmp_path, data_root="/srv/clients")).data_root == Path("/srv/clients")


def test_a_numeric_column_is_a_name_alone_or_an_object_with_bounds(tmp_path: Path) -> None:
    columns = columns_with(numeric=["age", {"name": "income", "min": 0}])
    found = load_settings(config_with(tmp_path, columns=columns)).columns.to_columns()
    assert found.numeric == (NumericColumn("age"), NumericColumn("income", 0))


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISK_ASSETS_SEED", "7")
    monkeypatch.setenv("RISK_ASSETS_INPUT_FOLDER_PATH", "elsewhere")
    settings = load_settings(config_with(tmp_path, seed=3))
    assert (settings.seed, settings.input_folder_path) == (7, "elsewhere")


def test_a_misspelled_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISK_ASSETS_TRESHOLD", "0.4")
    with pytest.raises(SettingsError, match="RISK_ASSETS_TRESHOLD: unknown setting"):
        load_settings(config_with(tmp_path))


def test_a_wrong_value_of_the_environment_is_not_blamed_on_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_ASSETS_THRESHOLD", "4")
    with pytest.raises(SettingsError) as refused:
        load_settings(config_with(tmp_path, seed="x"))

    environment, file = sorted(str(refused.value).split("; "), reverse=True)
    assert environment.startswith("environment: RISK_ASSETS_THRESHOLD: threshold: ")
    assert file.startswith(f"config {tmp_path / 'config.json'}: seed: ")


def test_the_config_in_force_is_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISK_ASSETS_CONFIG", str(config_with(tmp_path, seed=11)))
    assert load_settings().seed == 11


def test_the_usual_opposite_of_the_positive_label_need_not_be_named(tmp_path: Path) -> None:
    columns = load_settings(config_with(tmp_path)).columns.to_columns()
    assert (columns.positive, columns.negative) == ("Yes", "No")


@pytest.mark.parametrize("positive", [1, 1.0, "1", True, "true"])
def test_every_spelling_of_one_is_the_same_positive_label(tmp_path: Path, positive: object) -> None:
    columns = load_settings(config_with(tmp_path, columns=columns_with(positive=positive))).columns.to_columns()
    assert (columns.positive, columns.negative) == ("1", "0")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": "red"}, "colour: unknown key"),
        ({"data_root": None}, "data_root: "),
        ({"input_folder_path": " "}, "input_folder_path: must name a folder"),
        ({"columns": columns_with(numeric=["age", "age"])}, "columns: column 'age' is named twice"),
        ({"columns": columns_with(categorical=["Age"])}, "is named twice"),
        ({"columns": columns_with(target="client")}, "column 'client' is named twice"),
        ({"columns": columns_with(numeric=[{"name": "age", "least": 0}])}, "columns.numeric.0.least: unknown key"),
        ({"columns": columns_with(numeric=[{"name": "age", "min": 2, "max": 1}])}, "min 2.0 is above max 1.0"),
        ({"columns": columns_with(positive="gone")}, "add the other label as 'negative'"),
        ({"columns": columns_with(negative="Yes")}, "are the same label 'Yes'"),
        ({"columns": columns_with(numeric="age")}, "columns.numeric: must be a list of column names"),
        ({"drift_cron": "not a cron"}, "drift_cron: 'not a cron' is not a cron expression"),
        ({"max_bad_share": 2}, "max_bad_share: "),
        ({"output_model_path": "out"}, "output_model_path: the same folder as output_folder_path"),
        ({"output_folder_path": "in/sub"}, "output_folder_path: lies inside input_folder_path"),
    ],
)
def test_a_wrong_setting_gives_one_line_that_names_the_key(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(config_with(tmp_path, **changes))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


DATED = {"id": "client", "as_of": "day", "numeric": ["age"], "carried": ["manager"], "value": "fee"}
OUTCOMES = {"path": "left", "horizon_days": 90, "reported_within_days": 0}


def test_outcomes_in_place_of_a_target_make_labels_of_dates(tmp_path: Path) -> None:
    found = load_settings(config_with(tmp_path, columns=DATED, outcomes=OUTCOMES, outcomes_until="2026-01-31"))
    given = found.outcome_files
    assert given is not None
    assert (given.rules.horizon_days, given.rules.until) == (90, "2026-01-31")
    assert (given.columns.id, given.columns.as_of) == ("client", "left_on")
    assert found.columns.to_columns().names == ("client", "age", "manager", "fee", "day", "has_left")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"columns": DATED}, "columns.target: name the target"),
        ({"outcomes": OUTCOMES}, "columns.target: is given beside outcomes"),
        ({"columns": {"id": "client", "numeric": ["age"]}, "outcomes": OUTCOMES}, "outcomes: rows need a date"),
        ({"columns": DATED, "outcomes": OUTCOMES | {"horizon_days": 0}}, "outcomes.horizon_days"),
        ({"columns": DATED, "outcomes": {"path": "left", "horizon_days": 9}}, "outcomes.reported_within_days"),
        (
            {"columns": DATED, "outcomes": OUTCOMES | {"path": "in"}},
            "outcomes: the same folder as input_folder_path",
        ),
        ({"columns": columns_with(carried=["city"])}, "column 'city' is named twice"),
        ({"columns": columns_with(carried=["Rank"])}, "'Rank' is what a column of client_risk is called"),
        ({"columns": columns_with(value="city")}, "value: 'city' is a categorical column"),
        ({"columns": columns_with(date_format="%d.%m.%Y")}, "date_format: is given without as_of"),
        ({"columns": columns_with(as_of="day", date_format="%y")}, "%y is none of"),
        ({"outcomes_until": "2026-01-31"}, "outcomes_until: is given without outcomes"),
    ],
)
def test_dates_and_outcomes_that_cannot_be_used_say_so(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        load_settings(config_with(tmp_path, **changes))


def test_a_missing_config_file_is_named() -> None:
    with pytest.raises(SettingsError, match=r"config /no/such\.json: No such file"):
        load_settings("/no/such.json")


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text('{"data_root": "a", "data_root": "b"}')
    with pytest.raises(SettingsError, match="key 'data_root' is given twice"):
        load_settings(file)


def test_practice_and_production_share_no_output_folder() -> None:
    practice, production = load_settings(ROOT / "config.practice.json"), load_settings(ROOT / "config.json")
    for key in ("input_folder_path", "output_folder_path", "output_model_path", "prod_deployment_path"):
        assert getattr(practice, key) != getattr(production, key)
