from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest
from werkzeug.test import TestResponse

from risk_assets.domain.drift.verdict import DriftVerdict, Judgement, Measurement
from risk_assets.domain.ranking.risk_summary import RankedClient
from risk_assets.serve.pages.clients import _page_numbers
from risk_assets.settings import Settings
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import write_record
from risk_assets_tests.reporting import samples
from risk_assets_tests.serve.conftest import Home, opened
from risk_assets_tests.serve.deployed import COLUMNS, SURE, deploy, make_settings
from risk_assets_tests.serve.prepared import PDF, prepare
from risk_assets_tests.serve.test_client_table import COUNT, write_ranking

PAGES = [
    "/pages/overview",
    "/pages/clients",
    "/pages/client?id=c001",
    "/pages/upload",
    "/pages/model",
    "/pages/history",
]


@pytest.fixture(scope="module")
def sure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home whose model has a pair and says how sure it is."""
    settings = prepare(tmp_path_factory.mktemp("sure"), certain=True)
    deploy(settings, SURE)
    with opened(settings) as home:
        yield home


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with opened(prepare(tmp_path_factory.mktemp("pages")), deployed=True) as home:
        yield home


class Words(HTMLParser):
    """The words of a page as a reader sees them."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def text(answer: TestResponse) -> str:
    words = Words()
    words.feed(answer.get_data(as_text=True))
    return " ".join(" ".join(words.parts).split())


def lines(answer: TestResponse) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_landmarks_one_heading_and_a_way_past_the_menu(prepared: Home, page: str) -> None:
    answer = prepared.http.get(page)
    html = answer.get_data(as_text=True)

    assert (answer.status_code, answer.content_type) == (200, "text/html; charset=utf-8")
    for landmark in ('<html lang="en">', "<header", '<main id="main"', "<footer", 'href="#main"'):
        assert html.count(landmark) == 1
    assert html.count("<h1>") == 1
    assert html.count('aria-current="page"') >= 1
    tables = re.findall(r'(<[^<]*>\s*)(<table class="table.*?</table>)', html, re.DOTALL)
    assert all("<caption" in table for _, table in tables)
    assert all(re.search('scroll" tabindex="0" role="region" aria-label="[^"]+">', before) for before, _ in tables)


@pytest.mark.parametrize("page", [*PAGES, "/pages/nothing"])
def test_a_page_keeps_to_its_own_files_and_has_nothing_inline(prepared: Home, page: str) -> None:
    answer = prepared.http.get(page)
    html = answer.get_data(as_text=True)

    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|https?://", html)
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_style_sheets_and_icon_are_served_from_here_and_may_be_kept(prepared: Home) -> None:
    kinds = {"bootstrap.min.css": "text/css", "site.css": "text/css", "favicon.svg": "image/svg+xml"}
    for name, kind in kinds.items():
        answer = prepared.http.get(f"/static/{name}")
        assert (answer.status_code, answer.mimetype) == (200, kind)
        assert "max-age" in answer.headers["Cache-Control"]
    for name in ("../app.py", "%2e%2e/app.py", "bootstrap.min.js"):
        assert prepared.http.get(f"/static/{name}").status_code == 404


def test_the_overview_begins_with_who_may_leave_and_tells_drift_data_version_and_score(prepared: Home) -> None:
    words = text(prepared.http.get("/pages/overview")).replace("\xa0", " ")

    assert "120 current clients. 1 other has left." in words
    told = [
        f"Clients at high risk {COUNT} of 120 with a risk of 40.0 % or more",
        "Expected leavers 84 the risks of all current clients, added up",
        "Drift Drifted On 640 new rows: 1 column has shifted. What has moved",
        "c001 99.5 %",
        "2026-03-01 12:00 4 rows from 2 files, 0 quarantined",
        prepared.version,
        "0.600 95 % interval 0.500 to 0.700",
    ]
    places = [words.find(each) for each in told]
    assert -1 not in places
    assert places == sorted(places)
    assert "Value at risk" not in words


def test_the_overview_tells_the_value_at_risk_and_the_horizon_where_they_are_declared(tmp_path: Path) -> None:
    settings = make_settings(
        tmp_path,
        columns={**COLUMNS.model_dump(exclude={"target", "positive"}), "value": "turnover", "as_of": "day"},
        outcomes={"path": "outcomes", "horizon_days": 90, "reported_within_days": 0},
    )
    write_ranking(settings)
    layout = Layout.of(settings)
    valued = f"SELECT *, 10e0 AS turnover, 10 * risk AS value_at_risk FROM '{layout.client_risk_parquet}'"
    duckdb.sql(f"COPY ({valued}) TO '{layout.client_risk_parquet}.new' (FORMAT parquet)")
    Path(f"{layout.client_risk_parquet}.new").rename(layout.client_risk_parquet)
    with opened(settings, deployed=True) as home:
        words = text(home.http.get("/pages/overview")).replace("\xa0", " ")

    assert "Expected leavers 84 within 90 days" in words
    assert "Value at risk 837 a year, risk × value over all clients; 100 % of it at high risk" in words


def test_the_histogram_names_its_axes_and_its_threshold(prepared: Home) -> None:
    words = text(prepared.http.get("/pages/overview")).replace("\xa0", " ")

    assert "clients Clients by risk in 20 equal steps" in words
    assert "0 % 25 % 50 % 75 % 100 % high risk from 40.0 % risk at high risk" in words


def test_before_anything_is_generated_every_page_says_what_to_do(settings: Settings) -> None:
    with opened(settings) as empty:
        answers = {page: empty.http.get(page) for page in PAGES}

    assert {page: answer.status_code for page, answer in answers.items()} == {
        **dict.fromkeys(PAGES, 200),
        "/pages/client?id=c001": 404,
    }
    assert "No model is deployed yet" in text(answers["/pages/overview"])
    assert "The comparison of new clients with those of the training is not made yet" in text(
        answers["/pages/overview"]
    )
    assert "The list of clients is not made yet; whoever runs the system makes it" in text(
        answers["/pages/clients"]
    )
    assert "The list of clients is not made yet" in text(answers["/pages/client?id=c001"])
    assert not any("materialize client_risk" in text(answer) for answer in answers.values())
    assert "No decision yet" in text(answers["/pages/history"])


def test_a_damaged_file_spoils_its_own_part_of_the_page_alone(settings: Settings) -> None:
    layout = Layout.of(settings)
    with opened(settings, deployed=True) as home:
        layout.drift.write_text("{")
        words = text(home.http.get("/pages/history"))

    assert "This cannot be read drift.json is damaged; materialize drift again." in words
    assert "Promoted" in words


def test_clients_are_found_by_a_part_of_the_id(prepared: Home) -> None:
    words = text(prepared.http.get("/pages/clients?q=C04"))

    assert "10 clients with “C04” in the id" in words
    assert "c041" in words
    assert "c051" not in words


def test_clients_are_sorted_and_paged_with_the_search_kept(prepared: Home) -> None:
    html = prepared.http.get("/pages/clients?q=c&sort=id&page=2").get_data(as_text=True)

    assert html.index("c051") < html.index("c099")
    assert "c050<" not in html
    assert 'aria-sort="ascending"' in html
    assert "/clients?page=3&amp;q=c&amp;sort=id" in html


def test_the_pages_named_are_the_ends_and_the_neighbours() -> None:
    assert _page_numbers(10, 200) == [1, None, 8, 9, 10, 11, 12, None, 200]
    assert _page_numbers(1, 1) == [1]
    assert _page_numbers(2, 4) == [1, 2, 3, 4]


@pytest.mark.parametrize("query", ["sort=name", "page=0", "page=x", "min_risk=2", "other=1"])
def test_an_address_that_asks_for_the_impossible_is_answered_with_a_sentence(prepared: Home, query: str) -> None:
    answer = prepared.http.get(f"/pages/clients?{query}")

    assert answer.status_code == 422
    assert query.partition("=")[0] in text(answer).lower()


def test_a_search_that_finds_nobody_says_so(prepared: Home) -> None:
    assert "No client fits" in text(prepared.http.get("/pages/clients?q=zzz"))


def test_the_download_holds_every_client_that_fits_the_search(prepared: Home) -> None:
    answer = prepared.http.get("/clients.csv?q=c0&min_risk=0.7&sort=id")
    rows = lines(answer)

    assert answer.headers["Content-Disposition"] == "attachment; filename=clients_at_risk.csv"
    assert [row["corporation"] for row in rows] == [f"c{number:03d}" for number in range(1, 61)]
    assert float(rows[0]["risk"]) == 0.995


def test_formulas_in_ids_are_harmless_in_the_download(prepared: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from risk_assets.serve.client_search import ClientPage, KnownClient
    from risk_assets.serve.client_table import ClientTable

    ranked = RankedClient("=1+1", 0.5, 1, 1, ("+reason",))
    page = ClientPage(1, 1, 1, (KnownClient("=1+1", "current", None, ranked),))
    monkeypatch.setattr(ClientTable, "page", lambda *_, **__: page)

    [row] = lines(prepared.http.get("/clients.csv"))

    assert (row["corporation"], row["reason_1"]) == ("'=1+1", "'+reason")


def test_a_client_is_shown_with_its_risk_its_reasons_and_its_place_on_each_shape(prepared: Home) -> None:
    answer = prepared.http.get("/pages/client?id=c001")
    words, html = text(answer).replace("\xa0", " "), answer.get_data(as_text=True)

    assert '<data class="risk" value="0.995">99.5 %</data>' in html.replace("\xa0", " ")
    assert "industry is mining (usual: retail): 78 %, with the usual value 57 %" in words
    assert "activity 12.50 +0.750 odds × 2.1" in words
    assert words.index("with the usual value") < words.index("For experts") < words.index("odds × 2.1")
    assert "interval" not in words
    assert html.count('<circle class="client"') == 2
    assert "mining (this client)" in words
    assert "The version that serves now gives this client 78.3 %" in words


def test_a_client_is_shown_with_the_interval_of_its_risk_and_what_two_columns_do_together(sure: Home) -> None:
    answer = sure.http.get("/pages/client?id=c001")
    words, html = text(answer).replace("\xa0", " "), answer.get_data(as_text=True)

    assert "99.5 % 90 % interval 70 to 84 %" in words
    assert "activity x industry 12.50 and mining +0.325 odds × 1.4" in words
    assert "activity and industry" in words
    assert (
        len(re.findall(r'<td class="[^"]* here">[^<]*<span class="visually-hidden"> \(this client\)', html)) == 1
    )


def test_clients_are_listed_with_their_intervals_where_the_ranking_has_them(sure: Home, prepared: Home) -> None:
    words, older = (text(home.http.get("/pages/clients")).replace("\xa0", " ") for home in (sure, prepared))

    assert "99.5 % , 90 % interval 70 to 84 %" in words
    assert "interval" not in older


def test_the_model_page_shows_bands_and_pairs_where_the_model_has_them(sure: Home, prepared: Home) -> None:
    html, older = (home.http.get("/pages/model").get_data(as_text=True) for home in (sure, prepared))

    assert html.count('<polygon class="band"') == 2
    assert "What two columns do together" in html
    assert "(this client)" not in html
    assert 'class="band"' not in older
    assert "What two columns do together" not in older


def test_a_client_whose_row_is_gone_keeps_its_ranking(prepared: Home) -> None:
    words = text(prepared.http.get("/pages/client?id=c005"))

    assert "activity is 3: odds × 2.0" in words
    assert "The data no longer holds this client" in words


def test_an_unknown_client_is_not_found(prepared: Home) -> None:
    answer = prepared.http.get("/pages/client?id=nobody")

    assert answer.status_code == 404
    assert "No client of that id is known. A client is found by a part of its id in the list of clients" in text(
        answer
    )


def test_the_footer_leads_to_the_documentation_itself(prepared: Home) -> None:
    html = prepared.http.get("/pages/overview").get_data(as_text=True)

    [address] = re.findall('<a href="([^"]+)">API</a>', html)
    assert "swagger-ui" in prepared.http.get(address).get_data(as_text=True)


def test_a_page_names_the_assets_it_shows_and_leads_to_them_where_dagsters_address_is_set(
    prepared: Home, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert "Shown are Dagster’s trained_model and latest_score" in text(prepared.http.get("/pages/model"))

    settings = make_settings(tmp_path_factory.mktemp("linked"), dagster_url="https://dagster.example/")
    with opened(settings, deployed=True) as home:
        html = home.http.get("/pages/model").get_data(as_text=True)
    assert 'href="https://dagster.example/assets/trained_model"' in html


def test_names_that_are_markup_stay_text(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = make_settings(tmp_path_factory.mktemp("markup"))
    with opened(settings, deployed=True) as home:
        html = home.http.get("/pages/clients?q=<script>alert(1)</script>").get_data(as_text=True)

    assert "<script>" not in html


def test_the_model_page_has_shapes_confusion_and_metrics(prepared: Home) -> None:
    answer = prepared.http.get("/pages/model")
    words = text(answer)

    assert "20 rightly flagged" in words
    assert "ROC AUC" in words
    assert answer.get_data(as_text=True).count('<polygon class="spread"') == 2
    assert "Trained on 100 rows" in words


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home whose model was scored with what calls reach, and with the figures of levels."""
    settings = prepare(tmp_path_factory.mktemp("scored"))
    score = samples.scored_metrics(["north", "south", "<b>west</b>"])
    deploy(settings, score=replace(score, untreated=samples.untreated()))
    with opened(settings) as home:
        yield home


def test_the_model_page_says_whom_to_call_and_what_follows_of_each_rule(scored: Home) -> None:
    words = text(scored.http.get("/pages/model"))

    assert "Of the first 100 of 2,000 test rows, 85 left: 4.1 times as many as at random" in words
    assert "Best F1 in use 31.4 % 491 299 73 % 41,200" in words
    assert "Whom a call pays for 12.0 % 913" in words
    assert "Risks are off by 0.018 on average over ten groups" in words


def test_the_model_page_draws_how_well_it_ranks(scored: Home, prepared: Home) -> None:
    words, older = (text(home.http.get("/pages/model")) for home in (scored, prepared))

    for name in ("Lift: 4.1 times among the first 100", "ROC: area 0.823", "Precision and recall: 0.610"):
        assert name in words
    assert "Lift" not in older
    assert "ROC: area 0.600" in older


def test_the_model_page_names_weak_levels_and_tells_sensitive_ones_apart(scored: Home) -> None:
    words = text(scored.http.get("/pages/model"))

    assert "Worse than elsewhere, beyond chance: region south: ranks worse." in words
    assert "region south ranks worse 420" in words
    assert "region <b>west</b> 420" in words
    before, _, after = words.partition("Sensitive columns: nothing is learnt from them")
    assert "age 18 to 31 420 20 % (17 to 23)" in after
    assert "age 18 to 31" not in before
    assert "age missing 420 20 % (17 to 23) – – – –" in after


def test_the_model_page_says_what_clients_tell_that_were_not_called(scored: Home) -> None:
    words = text(scored.http.get("/pages/model"))

    assert "Of 2,000 rows with a known outcome 204 are of clients that were called before it" in words
    assert "Not called, weighted 1,765 21 % 0.834 (0.804 to 0.864)" in words
    assert "All, as they turned out 2,000 17 % 0.779 (0.749 to 0.809)" in words


def test_the_model_page_of_an_earlier_score_says_nothing_of_calls(prepared: Home) -> None:
    words = text(prepared.http.get("/pages/model"))

    assert "Whom to call" not in words
    assert "Where it is weak" not in words
    assert "Without the calls" not in words


def test_the_history_lists_decisions_verdicts_and_scores(prepared: Home) -> None:
    words = text(prepared.http.get("/pages/history"))

    assert f"Promoted {prepared.version} It is better." in words
    assert "activity is spread unlike the training rows." in words
    assert "2026-03-03 12:00: F1 0.600, not decided" in words
    assert "2026-03-01 12:00 Promoted" in words


def test_the_history_says_what_moved_in_a_column_before_and_now(tmp_path: Path) -> None:
    country = Measurement(
        "feature",
        "country",
        640,
        "chi-square",
        50.0,
        6.0,
        0.25,
        0.1,
        0.001,
        "Kenya is new: 25.0% now; Spain 75.0% before, 50.0% now",
    )
    median = replace(country, name="activity", detail="median 40 before, 12 now")
    judged = (
        Judgement(country, drifted=True, sentence=f"country has shifted: 0.25, above 0.10 ({country.detail})."),
        Judgement(median, drifted=True, sentence=f"activity has shifted: 0.25, above 0.10 ({median.detail})."),
    )
    settings = make_settings(tmp_path)
    with opened(settings, deployed=True) as home:
        write_record(Layout.of(settings).drift, DriftVerdict("drifted", "It moved.", 640, "statistical", judged))
        words = text(home.http.get("/pages/history"))

    moved = "Kenya is new: 25.0% now Spain 75.0% before, 50.0% now"
    assert f"country Drifted {moved} country has shifted: 0.25, above 0.10." in words
    assert "activity Drifted median 40 before, 12 now activity has shifted: 0.25, above 0.10." in words


def test_the_report_is_one_click_away(prepared: Home) -> None:
    answer = prepared.http.get("/pages/report.pdf")

    assert (answer.mimetype, answer.data) == ("application/pdf", PDF)


def test_a_download_that_cannot_hold_all_says_so(tmp_path: Path) -> None:
    with opened(prepare(tmp_path, max_rows=50), deployed=True) as home:
        many, few = (text(home.http.get(f"/pages/clients{query}")) for query in ("", "?q=c04"))
        rows = lines(home.http.get("/clients.csv"))

    assert "A file holds the first 50 of them, in this order." in many
    assert "The download holds" not in few
    assert len(rows) == 50
