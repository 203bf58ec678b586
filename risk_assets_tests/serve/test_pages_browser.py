"""The real graph, a real server and a real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import httpx
import joblib
import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page

from risk_assets.settings import load_settings
from risk_assets_tests.serve.browsing import LOOKS, Check, Open
from risk_assets_tests.serve.deployed import SURE, deploy
from risk_assets_tests.serve.prepared import prepare
from risk_assets_tests.serve.running import Server, running
from risk_assets_tests.test_flow import Home

pytestmark = [pytest.mark.slow, pytest.mark.needs("chromium")]

PAGES = [
    "/calls",
    "/contacts",
    "/pages/overview",
    "/pages/clients",
    "/pages/client?id={riskiest}",
    "/pages/upload",
    "/pages/model",
    "/pages/history",
]
KEY = "a-key-for-the-tests"
FEATURES = ["lastmonth_activity", "lastyear_activity", "number_of_employees"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("graph"))
    home.materialize("*")
    return home


@pytest.fixture(scope="module")
def server(home: Home) -> Iterator[Server]:
    with running(load_settings(home.folder / "config.json")) as server:
        yield server


@pytest.fixture(scope="module")
def locked(home: Home) -> Iterator[Server]:
    """A server that wants a key, of two workers, which share the sessions."""
    settings, keys = load_settings(home.folder / "config.json"), {"RISK_ASSETS_API_KEYS": KEY}
    with running(settings, workers=2, environment=keys) as server:
        yield server


@pytest.fixture(scope="module")
def riskiest(home: Home) -> str:
    return str(pd.read_csv(home.data / "models/client_risk.csv")["corporation"][0])


def lightness(page: Page) -> float:
    """The mean of the background's red, green and blue."""
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(map(int, re.findall(r"\d+", background)[:3])) / 3


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_fits_and_can_be_used_by_everybody(
    server: Server, opened_page: Open, check: Check, riskiest: str, look: str
) -> None:
    page = opened_page(f"{server.url}/", look)
    for path in PAGES:
        page.goto(server.url + path.format(riskiest=riskiest))
        assert lightness(page) < 60 if "dark" in look else lightness(page) > 200
        check(page)


@pytest.fixture(scope="module")
def sure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a model that has a pair and says how sure it is."""
    settings = prepare(tmp_path_factory.mktemp("sure"), certain=True)
    deploy(settings, SURE)
    with running(settings) as server:
        yield server


@pytest.mark.parametrize("look", LOOKS)
def test_pairs_bands_and_intervals_fit_and_can_be_read_by_everybody(
    sure: Server, opened_page: Open, check: Check, look: str
) -> None:
    page = opened_page(f"{sure.url}/pages/clients", look)
    check(page)
    for path in ("/pages/model", "/pages/client?id=c001"):
        page.goto(sure.url + path)
        assert page.get_by_role("table", name="activity and industry").is_visible()
        check(page)
    assert page.get_by_text("90 % interval 70 to 84 %").is_visible()


@pytest.mark.parametrize("look", LOOKS)
def test_signing_in_and_sending_files_can_be_done_by_everybody(
    locked: Server, opened_page: Open, check: Check, tmp_path: Path, look: str
) -> None:
    page = opened_page(f"{locked.url}/pages/upload", look)
    check(page)
    page.get_by_label("API key").fill(KEY)
    page.get_by_role("button", name="Sign in").click()
    for content, heading in (("a,b\n1,2\n", "Score a file"), (f"{','.join(FEATURES)}\n1,2,3\n", "sent.csv")):
        (tmp_path / "sent.csv").write_text(content)
        page.get_by_label("CSV file").set_input_files(tmp_path / "sent.csv")
        with page.expect_navigation():
            page.get_by_role("button", name="Show the risks").click()
        assert page.locator("h1").inner_text() == heading
        check(page)
    page.get_by_role("button", name="Sign out").click()
    assert page.get_by_label("API key").is_visible()


def test_a_client_is_found_by_search_without_javascript(server: Server, opened_page: Open, riskiest: str) -> None:
    page = opened_page(f"{server.url}/", java_script_enabled=False)

    page.get_by_role("link", name="Clients", exact=True).click()
    page.get_by_label("Part of the id").fill(riskiest)
    page.get_by_role("button", name="Search").click()
    page.get_by_role("row").get_by_role("link", name=riskiest, exact=True).click()

    assert page.locator("h1").inner_text() == riskiest
    assert page.get_by_text("Where this client stands").is_visible()


def current_clients(home: Home) -> pd.DataFrame:
    """The rows of the shipped clients that have not left."""
    files = (home.data / "sourcedata" / f"clients{number}.csv" for number in (1, 2, 3))
    clients = pd.concat([pd.read_csv(file) for file in files], ignore_index=True)
    return clients[clients["exited"] != 1].reset_index(drop=True)


def test_the_ranking_is_sorted_paged_and_downloaded_without_javascript(
    home: Home, server: Server, opened_page: Open
) -> None:
    page = opened_page(f"{server.url}/pages/clients", java_script_enabled=False)

    page.get_by_role("columnheader", name="Client").get_by_role("link").click()
    page.get_by_role("link", name="Page 2", exact=True).click()
    names = page.get_by_role("rowheader").all_inner_texts()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()

    assert len(names) == 50
    assert names == sorted(names)
    assert len(pd.read_csv(download.value.path())) == len(current_clients(home))


def test_the_keyboard_alone_reaches_the_content(server: Server, opened_page: Open) -> None:
    page = opened_page(f"{server.url}/pages/clients")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.get_by_text("Skip to the content").bounding_box() is not None
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "q"


def test_an_uploaded_file_is_downloaded_with_its_risks(
    home: Home, server: Server, opened_page: Open, tmp_path: Path
) -> None:
    page = opened_page(f"{server.url}/pages/upload", java_script_enabled=False)
    source = home.data / "testdata/testdata.csv"

    page.get_by_label("CSV file").set_input_files(source)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    download.value.save_as(tmp_path / "scored.csv")
    scored, sent = pd.read_csv(tmp_path / "scored.csv"), pd.read_csv(source)

    assert download.value.suggested_filename == "testdata_scored.csv"
    assert scored["corporation"].tolist() == sent["corporation"].tolist()
    assert_equal_risks(scored["risk"], by_the_pipeline(home, sent))


def test_the_sample_is_scored_and_its_risks_are_downloaded_from_the_page(
    sure: Server, opened_page: Open, tmp_path: Path
) -> None:
    page = opened_page(f"{sure.url}/pages/upload", java_script_enabled=False)
    with page.expect_download() as sample:
        page.get_by_role("link", name="A sample file").click()
    sample.value.save_as(tmp_path / "sample.csv")

    page.get_by_label("CSV file").set_input_files(tmp_path / "sample.csv")
    page.get_by_role("button", name="Show the risks").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()

    assert download.value.suggested_filename == "sample_scored.csv"
    shown = page.locator("data.risk").evaluate_all("all => all.map(each => Number(each.value))")
    assert sorted(pd.read_csv(download.value.path())["risk"]) == sorted(shown)


def test_a_file_that_is_too_large_is_refused_by_a_page(
    server: Server, opened_page: Open, check: Check, tmp_path: Path
) -> None:
    page = opened_page(f"{server.url}/pages/upload")
    file = tmp_path / "large.csv"
    file.write_bytes(b"corporation\n" + b"Acme\n" * 3_500_000)

    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Show the risks").click()

    assert page.get_by_role("heading", level=1).text_content() == "That is too large"
    check(page)
    page.get_by_role("link", name="Back to today’s list").click()
    assert page.url == f"{server.url}/calls"


def assert_equal_risks(found: Iterable[float], expected: Iterable[float], atol: float = 1e-9) -> None:
    np.testing.assert_allclose(list(found), list(expected), atol=atol, rtol=0)


def by_the_pipeline(home: Home, clients: pd.DataFrame) -> list[float]:
    pipeline = joblib.load(home.data / "models/trainedmodel.pkl")
    table = clients[FEATURES].astype(float)
    before = table["lastyear_activity"]
    table["activity_trend"] = (12 * table["lastmonth_activity"] / before).where(before != 0)
    risks: list[float] = pipeline.predict_proba(table)[:, 1].tolist()
    return risks


def test_api_page_client_risk_and_pipeline_give_every_client_the_same_risk(home: Home, server: Server) -> None:
    clients = current_clients(home)
    expected = by_the_pipeline(home, clients)
    body = clients.to_csv(index=False).encode()

    with server.http() as http:
        by_api = http.post("/prediction", content=body, headers={"Content-Type": "text/csv"}).json()["predictions"]
        by_page = uploaded(http, body)
        download = pd.read_csv(io.StringIO(http.get("/clients.csv").text)).set_index("corporation")["risk"]
        listed = http.get("/pages/clients").text
    path = home.data / "models/client_risk.parquet"
    ranked = duckdb.execute(f"SELECT * FROM '{path}'").df().set_index("corporation")["risk"]

    assert len(expected) == len(ranked) > 8_000
    assert_equal_risks([client["risk"] for client in by_api], expected)
    assert_equal_risks(by_page, expected)
    assert_equal_risks(ranked[clients["corporation"]], expected)
    assert_equal_risks(download[clients["corporation"]], expected, atol=6e-7)  # a sheet has six decimals
    shown = [float(value) for value in re.findall(r'<data class="risk" value="([^"]+)"', listed)]
    assert_equal_risks(shown, sorted(expected, reverse=True)[:50])


def uploaded(http: httpx.Client, body: bytes) -> list[float]:
    """Send a file by the form of the page, and return the risks of the download."""
    form = http.get("/pages/upload").text
    token = re.search('name="form_token" value="([^"]+)"', form)
    assert token
    answer = http.post(
        "/pages/upload",
        data={"form_token": token[1], "answer": "csv"},
        files={"file": ("clients.csv", body, "text/csv")},
    )
    return [float(row["risk"]) for row in csv.DictReader(io.StringIO(answer.text, newline=""))]
