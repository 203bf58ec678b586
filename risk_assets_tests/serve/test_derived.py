"""Callers send what derived columns are made of, never their values."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from risk_assets.domain.columns import DerivedColumn
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.model.shapes import NumericShape
from risk_assets.storage.drift.predictions import served_rows
from risk_assets.storage.layout import Layout
from risk_assets_tests.serve.conftest import Home, opened
from risk_assets_tests.serve.deployed import deploy, make_settings
from risk_assets_tests.serve.model.test_inference import infer, tensor

COLUMNS = {
    "id": "corporation",
    "target": "exited",
    "numeric": ["lastmonth", {"name": "lastyear", "min": 0, "feature": False}],
    "as_of": "month",
    "dates": ["start"],
    "date_format": "%d.%m.%Y",
    "derived": [
        {"name": "trend", "ratio": ["lastmonth", "lastyear"], "times": 12},
        {"name": "age", "days_between": ["start", "month"]},
    ],
}
CARD = Scorecard(
    intercept=0.0,
    threshold=0.5,
    numeric=tuple(
        NumericShape(name, (0.0, 1000.0), ((slope, 0.0),), missing=0.5, mean=0.0)
        for name, slope in (("lastmonth", 1.0), ("trend", -100.0), ("age", 1.0))
    ),
    categorical=(),
    derived=(
        DerivedColumn("trend", "ratio", ("lastmonth", "lastyear"), times=12.0),
        DerivedColumn("age", "days_between", ("start", "month")),
    ),
)
CLIENT = {"lastmonth": 5, "lastyear": 200, "start": "1.8.2026", "month": "31.08.2026"}


@pytest.fixture(scope="module", name="home")
def _home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    settings = make_settings(tmp_path_factory.mktemp("home"), columns=COLUMNS)
    deploy(settings, CARD)
    with opened(settings) as home:
        yield home


def risk(lastmonth: float | None, trend: float | None, age: float | None) -> float:
    return CARD.risk_of({"lastmonth": lastmonth, "trend": trend, "age": age})


def test_a_client_is_scored_by_what_is_computed_of_it(home: Home) -> None:
    without = {"lastmonth": 0, "lastyear": 0}

    together = home.predict({"clients": [CLIENT, without]}).get_json()["predictions"]
    [alone] = home.predict({"clients": [CLIENT]}).get_json()["predictions"]

    assert [each["risk"] for each in together] == pytest.approx([risk(5, 0.3, 30), risk(0, None, None)])
    assert alone["risk"] == pytest.approx(together[0]["risk"], abs=1e-12)
    assert [each.get("missing") for each in together] == [None, ["trend", "age"]]


def test_a_csv_is_scored_alike_and_answered_with_what_was_computed(home: Home) -> None:
    body = "corporation,lastyear,lastmonth,month,start\nA,200,5,31.08.2026,1.8.2026\nB,,5,,\n"
    answer = home.http.post("/prediction", data=body, headers={"Content-Type": "text/csv", "Accept": "text/csv"})

    first, second = csv.DictReader(io.StringIO(answer.get_data(as_text=True)))

    assert float(first.pop("risk")) == pytest.approx(risk(5, 0.3, 30))
    assert first == {
        "corporation": "A",
        "lastyear": "200",
        "start": "1.8.2026",
        "month": "31.08.2026",
        "lastmonth": "5",
        "trend": "0.3",
        "age": "30",
        "predicted": "1",
    }
    assert (second["trend"], second["age"]) == ("", "")


def test_columns_are_scored_alike(home: Home) -> None:
    inputs = [
        tensor("lastmonth", "FP64", [5, 1]),
        tensor("lastyear", "INT64", [200, None]),
        tensor("start", "BYTES", ["1.8.2026", None]),
        tensor("month", "BYTES", ["31.08.2026", None]),
    ]

    output, _ = infer(home, inputs).get_json()["outputs"]

    assert output["data"] == pytest.approx([risk(5, 0.3, 30), risk(1, None, None)])
    assert infer(home, inputs[:3]).get_json()["error"].startswith("there is no input month")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"trend": 0.3}, "row 1: trend is computed here: send lastmonth and lastyear instead"),
        ({"age": 30}, "row 1: age is computed here: send start and month instead"),
        ({"trendy": 0.3}, "row 1: trendy is not a known field; there are corporation, lastmonth, lastyear"),
        ({"lastyear": -1}, "row 1: lastyear is below 0"),
        ({"lastyear": "200"}, "row 1: lastyear is not a number"),
        ({"start": "2026-08-01"}, "row 1: start is not a date as %d.%m.%Y spells it"),
        ({"start": 20260801}, "row 1: start is not a date as %d.%m.%Y spells it"),
        ({"start": "1.8.1826"}, "row 1: start is before 1900"),
    ],
)
def test_what_cannot_be_a_part_is_refused(home: Home, change: dict[str, Any], fault: str) -> None:
    answer = home.predict({"clients": [{**CLIENT, **change}]})

    assert answer.status_code == 422
    assert fault in answer.get_json()["detail"]


def test_a_header_that_names_a_derived_column_says_what_to_send(home: Home) -> None:
    answer = home.http.post("/prediction", data="trend\n0.3\n", headers={"Content-Type": "text/csv"})
    assert answer.status_code == 422
    assert "trend is computed here: send lastmonth and lastyear instead" in answer.get_json()["detail"]


def test_parts_alone_that_make_no_feature_are_no_known_client(home: Home) -> None:
    answer = home.predict({"clients": [{"lastyear": 200, "start": "1.8.2026"}]})
    assert answer.status_code == 422
    assert "has no known feature; there are lastmonth, lastyear, start, month" in answer.get_json()["detail"]


def test_the_description_of_the_api_names_what_to_send(home: Home) -> None:
    described = home.http.get("/openapi/openapi.json").get_data(as_text=True)
    assert '"lastyear"' in described
    assert '"trend"' not in described
    assert [each["name"] for each in home.http.get("/v2/models/risk").get_json()["inputs"]] == [
        "lastmonth",
        "lastyear",
        "start",
        "month",
    ]


def test_the_page_for_files_names_what_to_send(home: Home) -> None:
    page = home.http.get("/pages/upload").get_data(as_text=True)
    assert "a date as %d.%m.%Y, or blank" in page
    assert "trend" not in page


def test_what_was_served_is_kept_with_its_derived_columns(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, columns=COLUMNS)
    deploy(settings, CARD)
    with opened(settings) as home:
        home.predict({"clients": [CLIENT]})

    since = datetime.now(UTC) - timedelta(days=1)
    kept = served_rows(Layout.of(settings), settings.columns.to_columns(), since=since, limit=9)
    assert {name: cells.tolist() for name, cells in kept.columns.items()} == {
        "lastmonth": [5.0],
        "trend": [0.3],
        "age": [30.0],
    }


def test_a_model_that_learnt_another_derived_column_of_that_name_does_not_serve(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, columns=COLUMNS)
    monthly = DerivedColumn("trend", "ratio", ("lastmonth", "lastyear"))
    age = DerivedColumn("age", "days_between", ("start", "month"))
    deploy(settings, replace(CARD, derived=(monthly, age)))
    with opened(settings) as home:
        answer = home.predict({"clients": [CLIENT]})
    assert answer.status_code == 503
    assert answer.get_json()["detail"].endswith(
        "the model learnt 'trend' as lastmonth / lastyear, the settings declare 12 × lastmonth / lastyear"
    )
