from __future__ import annotations

from pathlib import Path

import pytest

from risk_assets.settings import ColumnsSetting, SettingsError, load_settings
from risk_assets_tests.test_settings import columns_with, config_with

AGE = {"name": "age", "sensitive": True}
GENDER = {"name": "gender", "sensitive": True}


def test_sensitive_columns_of_every_kind_are_carried_and_no_features(tmp_path: Path) -> None:
    country = {"name": "country", "sensitive": True}
    declared = columns_with(numeric=["calls", AGE], categorical=["city", GENDER], carried=["manager", country])
    columns = load_settings(config_with(tmp_path, columns=declared)).columns.to_columns()

    assert columns.features == ("calls", "city")
    assert columns.carried == ("manager", "country", "age", "gender")
    assert set(columns.sensitive) == {"country", "age", "gender"}
    assert columns.carried_numbers == ("age",)


def test_a_column_that_is_marked_as_not_sensitive_is_what_it_was(tmp_path: Path) -> None:
    declared = columns_with(
        numeric=[{"name": "age", "min": 0, "sensitive": False}],
        categorical=[{"name": "city", "sensitive": False}],
    )
    columns = load_settings(config_with(tmp_path, columns=declared)).columns.to_columns()

    assert columns.features == ("age", "city")
    assert columns.numeric[0].min == 0
    assert (columns.carried, columns.sensitive) == ((), ())


def test_settings_are_the_same_read_again() -> None:
    once = ColumnsSetting.model_validate({"id": "client", "target": "left", "numeric": ["calls", AGE]})
    assert ColumnsSetting.model_validate(once.model_dump()) == once


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"numeric": [{**AGE, "min": 0}]}, "'age' is sensitive and never learnt from, so it cannot have min too"),
        ({"numeric": [{"name": "age", "sensitive": "yes"}]}, "sensitive is true or false, not 'yes'"),
        ({"categorical": [{"sensitive": True}]}, "a sensitive column has no name"),
        ({"numeric": ["age", AGE]}, "column 'age' is named twice"),
        (
            {"categorical": [{"name": "city", "levels": 3}]},
            "columns.categorical.0: Input should be a valid string",
        ),
        (
            {"numeric": [AGE, "calls"], "derived": [{"name": "calls_a_year", "ratio": ["calls", "age"]}]},
            "calls_a_year: its part 'age' is sensitive, and nothing is learnt from it",
        ),
        ({"numeric": [{**AGE, "monotone": "increasing"}]}, "so it cannot have monotone too"),
        ({"sensitive": ["city"]}, "'city' is named under sensitive or numbers, but not carried"),
        ({"numeric": [AGE], "value": "age"}, "column 'age' is named twice"),
        ({"numeric": [{"name": "rank", "sensitive": True}]}, "'rank' is what a column of client_risk is called"),
    ],
)
def test_a_mark_that_makes_no_sense_is_refused(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError) as told:
        load_settings(config_with(tmp_path, columns=columns_with(**changes)))
    assert said in str(told.value)
