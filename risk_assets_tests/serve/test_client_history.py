"""Clients with dates, values and managers, as the API and the pages show them."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import pandas as pd
import pytest

from risk_assets_tests.assets.panel import ASSETS, panel_in
from risk_assets_tests.assets.project import Project
from risk_assets_tests.serve.conftest import Home, opened

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = panel_in(tmp_path_factory.mktemp("history") / "home")
    project.materialize(*ASSETS)
    return project


@pytest.fixture(scope="module")
def home(project: Project) -> Iterator[Home]:
    with opened(project.home.settings, deployed=False) as home:
        yield home


@pytest.fixture(scope="module")
def ranked(project: Project) -> pd.DataFrame:
    return pd.read_csv(project.layout.client_risk_csv)


def test_each_row_of_a_client_has_its_date_its_risk_and_what_changed(
    home: Home, project: Project, ranked: pd.DataFrame
) -> None:
    rows = pd.concat([pd.read_csv(file) for file in project.layout.input.iterdir()])
    name = ranked["corporation"][0]
    mine = rows[rows["corporation"] == name].sort_values("as_of")

    answer = home.http.get(f"/clients/{name}").get_json()

    history = answer["history"]
    assert [row["as_of"] for row in history] == mine["as_of"].tolist()
    assert history[-1]["risk"] == answer["client"]["risk"]
    assert history[-1]["left"] is None
    assert history[0]["left"] is False
    before, last = mine.iloc[-2], mine.iloc[-1]
    assert history[-1]["changed"] == [key for key in history[-1]["features"] if before[key] != last[key]]
    assert answer["client"]["carried"] == {"manager": last["manager"], "country": last["country"]}


def test_one_that_has_left_is_found_with_the_day(home: Home, project: Project) -> None:
    assert project.layout.outcomes is not None
    leavings = pd.concat([pd.read_csv(file) for file in project.layout.outcomes.iterdir()])
    name, day = leavings.iloc[0][["corporation", "left_on"]]
    answer = home.http.get(f"/clients/{name}").get_json()
    assert (answer["status"], answer["left_on"], answer["client"]) == ("left", day, None)
    page = home.http.get("/pages/client", query_string={"id": name}).get_data(as_text=True)
    assert f"has left on {day}" in page


def test_the_list_is_sorted_by_value_at_risk(home: Home, ranked: pd.DataFrame) -> None:
    found = home.http.get("/clients?sort=-value_at_risk").get_json()["clients"]
    expected = ranked.sort_values("value_at_risk", ascending=False)["corporation"].head(10).tolist()
    assert [client["id"] for client in found[:10]] == expected


def test_the_download_has_dates_values_and_managers(home: Home, ranked: pd.DataFrame) -> None:
    answer = home.http.get("/clients.csv?status=all&sort=-risk").get_data(as_text=True)
    head, first, *_ = csv.reader(answer.splitlines())
    assert head == [*ranked.columns, *home.serving.columns.features, "status", "left_on"]
    assert first[:2] == [ranked["corporation"][0], ranked["as_of"][0]]


def test_the_overview_says_whether_past_lists_paid_off_and_what_is_at_stake(
    home: Home, ranked: pd.DataFrame
) -> None:
    page = home.http.get("/pages/overview").get_data(as_text=True)
    assert "that would have been named" in page
    assert f"{round(ranked['value_at_risk'].sum()):,}" in page
