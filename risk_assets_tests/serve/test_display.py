"""Pages and the API call columns what people call them, and keep names and exact values where programs read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from risk_assets_tests.serve.conftest import Home, opened
from risk_assets_tests.serve.deployed import SURE, deploy
from risk_assets_tests.serve.prepared import prepare
from risk_assets_tests.serve.test_pages import text

COLUMNS = {
    "id": "corporation",
    "target": "exited",
    "numeric": [
        {"name": "activity", "min": 0, "label": "Activity last month", "unit": "calls"},
        {"name": "employees", "min": 0, "max": 1e6, "label": "Employees", "actionable": False},
    ],
    "categorical": [{"name": "industry", "label": "Line of business"}],
}


@pytest.fixture(scope="module", name="home")
def _home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    settings = prepare(tmp_path_factory.mktemp("display"), certain=True, columns=COLUMNS)
    deploy(settings, SURE)
    with opened(settings) as home:
        yield home


def test_reasons_of_predictions_have_labels_and_units_and_the_actionable_first(home: Home) -> None:
    client = {"activity": 1.5, "employees": 123456.0, "industry": "mining"}
    [told] = home.predict({"clients": [client], "reasons": 3}).get_json()["predictions"]

    assert [reason.partition(":")[0] for reason in told["reasons"]] == [
        "Line of business is mining (usual",
        "Activity last month is 1.50 calls (usual",
        "Employees is 123,456 (usual",
    ]


def test_an_explanation_has_label_and_name_and_the_exact_value(home: Home) -> None:
    shapes = home.http.get("/clients/c001").get_json()["explanation"]["shapes"]
    found = {shape["feature"]: (shape["label"], shape["value"]) for shape in shapes}

    assert found == {
        "activity": ("Activity last month", 12.5),
        "employees": ("Employees", 40.0),
        "industry": ("Line of business", "mining"),
        "activity x industry": ("Activity last month x Line of business", "12.50 calls and mining"),
    }
    told = {shape["feature"]: shape["text"] for shape in shapes}
    assert told["activity"].startswith("Activity last month is 12.50 calls: odds")


@pytest.mark.parametrize("page", ["/pages/client?id=c001", "/pages/model"])
def test_curves_and_pairs_are_headed_by_labels(home: Home, page: str) -> None:
    words = text(home.http.get(page))

    assert "Activity last month and Line of business" in words
    assert "What Employees does to the odds of leaving" in words
    assert "employees" not in words


def test_the_upload_page_names_columns_as_files_do(home: Home) -> None:
    words = text(home.http.get("/pages/upload"))

    assert "employees a number" in words
