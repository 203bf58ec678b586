from __future__ import annotations

import csv
import io
import re
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from risk_assets.serve.pages import upload
from risk_assets.settings import Settings
from risk_assets_tests.serve.conftest import Home, opened
from risk_assets_tests.serve.deployed import SURE, deploy, make_settings
from risk_assets_tests.serve.test_pages import text

GOOD = b"corporation,activity,employees,industry\na,0,0,mining\n=2+2,100,,retail\n"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with opened(make_settings(tmp_path_factory.mktemp("upload"), max_rows=3), deployed=True) as home:
        yield home


def token_of(answer: TestResponse) -> str:
    found = re.search('name="form_token" value="([^"]+)"', answer.get_data(as_text=True))
    assert found
    return found[1]


def send(home: Home, content: bytes, answer: str = "page", name: str = "new clients.csv") -> TestResponse:
    token = token_of(home.http.get("/pages/upload"))
    form = {"form_token": token, "answer": answer, "file": (io.BytesIO(content), name)}
    return home.http.post("/pages/upload", data=form)


def test_a_file_comes_back_as_a_page_with_the_riskiest_client_first(deployed: Home) -> None:
    answer = send(deployed, GOOD)
    words = text(answer).replace("\xa0", " ")

    assert answer.status_code == 200
    assert "new clients.csv" in words
    assert "1 of 2 clients is at high risk: 40.0 % or more" in words
    assert words.index("81.8 %") < words.index("=2+2")
    assert "missing: employees" in words


def test_the_page_of_a_file_carries_the_same_result_to_be_downloaded(deployed: Home) -> None:
    html, sent = send(deployed, GOOD).get_data(as_text=True), send(deployed, GOOD, "csv")

    found = re.search('href="data:text/csv;base64,([^"]+)" download="new_clients_scored.csv"', html)
    assert found
    assert b64decode(found[1]) == sent.data


def test_a_result_that_is_too_long_for_the_page_says_how_to_get_it(
    deployed: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "MOST_CARRIED", 10)
    answer = send(deployed, GOOD)

    assert "data:text/csv" not in answer.get_data(as_text=True)
    assert "send the file again with “Download as CSV”" in text(answer)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_a_file_in_the_encodings_of_spreadsheets_is_scored(deployed: Home, encoding: str) -> None:
    answer = send(deployed, GOOD.replace(b"\na,", "\nMüller – Söhne,".encode()).decode().encode(encoding), "csv")

    assert answer.status_code == 200
    assert "Müller – Söhne" in answer.get_data(as_text=True)


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0"])
def test_of_a_workbook_it_is_said_what_reads_it(deployed: Home, start: bytes) -> None:
    answer = send(deployed, start + bytes(100), name="clients.xlsx")

    assert answer.status_code == 415
    assert "This is a workbook, which `risk score FILE` reads" in text(answer)


def test_one_client_is_at_high_risk_or_not(deployed: Home) -> None:
    assert "0 of 1 client is at high risk" in text(send(deployed, b"activity\n100\n")).replace("\xa0", " ")


@pytest.mark.parametrize("is_deployed", [True, False])
def test_the_sample_has_the_declared_columns_and_two_clients_that_can_be_scored(
    tmp_path: Path, deployed: Home, *, is_deployed: bool
) -> None:
    with opened(make_settings(tmp_path), deployed=is_deployed) as home:
        assert "/pages/sample.csv" in home.http.get("/pages/upload").get_data(as_text=True)
        answer = home.http.get("/pages/sample.csv")
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))

    assert answer.headers["Content-Disposition"] == "attachment; filename=sample.csv"
    assert [*rows[0]] == ["corporation", "activity", "employees", "industry"]
    assert [row["corporation"] for row in rows] == ["example-1", "example-2"]
    assert "of 2 clients" in text(send(deployed, answer.data))


def test_the_sample_is_written_as_files_are_declared_to_be(tmp_path: Path) -> None:
    with opened(make_settings(tmp_path, format={"delimiter": ";", "decimal": ","}), deployed=True) as home:
        answer = home.http.get("/pages/sample.csv")

        assert answer.get_data(as_text=True).startswith("corporation;activity;employees;industry")
        assert "of 2 clients" in text(send(home, answer.data))


def test_a_file_comes_back_as_csv_with_risks_and_harmless_cells(deployed: Home) -> None:
    answer = send(deployed, GOOD, "csv")
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))

    assert answer.headers["Content-Disposition"] == "attachment; filename=new_clients_scored.csv"
    assert [row["corporation"] for row in rows] == ["a", "'=2+2"]
    asked = [{"activity": 0, "employees": 0, "industry": "mining"}, {"activity": 100, "industry": "retail"}]
    expected = [client["risk"] for client in deployed.predict({"clients": asked}).get_json()["predictions"]]
    assert [float(row["risk"]) for row in rows] == expected


@pytest.mark.parametrize(
    ("content", "sentences"),
    [
        (
            b"corporation,activity,employees\na,1,-5\nb,many,1\n",
            ["Row 1: employees is below 0: -5 (and 1 more).", "2 activity is not a number"],
        ),
        (b"corporation,activty\na,1\n", ["is nearly called activity, which the file lacks"]),
        (b"corporation,activity\na,1\nb\n", ["Row 2: has 1 cells, the header has 2."]),
        (b"corporation,activity\na,two\n", ["Row 1: activity is not a number"]),
        ("corporation,activity\nMüller,1\n".encode() + b"\xff,2\n", ["The CSV is not UTF-8 text"]),
        (b"corporation,activity\n" + b"a,1\n" * 4, ["More than 3 clients in one request"]),
        (b"", ["The CSV has no header with a feature"]),
    ],
)
def test_a_faulty_file_is_refused_with_row_and_field(deployed: Home, content: bytes, sentences: list[str]) -> None:
    answer = send(deployed, content)

    assert answer.status_code in {400, 413, 422}
    assert 'role="alert"' in answer.get_data(as_text=True)
    for sentence in sentences:
        assert sentence in text(answer)


def test_intervals_and_unknown_categories_are_told(tmp_path: Path, deployed: Home) -> None:
    settings = make_settings(tmp_path)
    deploy(settings, SURE)
    rows = b"corporation,activity,employees,industry\na,0,0,mining\nb,100,2,fishing\n"
    with opened(settings) as home:
        words = text(send(home, rows)).replace("\xa0", " ")
    older = text(send(deployed, rows)).replace("\xa0", " ")

    assert ", 90 % interval 80.0 to 93.2 %" in words
    assert "unknown: industry" in words
    assert "1 client has a category that the model does not know" in words
    assert "unknown: industry" in older
    assert "interval" not in older


def test_a_form_without_a_file_asks_for_one(deployed: Home) -> None:
    answer = deployed.http.post("/pages/upload", data={"form_token": token_of(deployed.http.get("/pages/upload"))})

    assert answer.status_code == 422
    assert "Choose a CSV file first." in text(answer)


@pytest.mark.parametrize("token", [None, "", "guessed", "gu\u00e9ss"])
def test_a_form_from_elsewhere_is_refused(deployed: Home, token: str | None) -> None:
    deployed.http.get("/pages/upload")
    form = {"file": (io.BytesIO(GOOD), "a.csv")} | ({} if token is None else {"form_token": token})

    assert deployed.http.post("/pages/upload", data=form).status_code == 403


def test_a_visitor_without_a_cookie_cannot_send_a_form(deployed: Home) -> None:
    stranger = deployed.app.test_client()

    assert stranger.post("/pages/upload", data={"form_token": ""}).status_code == 403


def test_before_a_deployment_an_upload_says_that_no_model_serves(settings: Settings) -> None:
    with opened(settings) as empty:
        answer = send(empty, GOOD)

    assert answer.status_code == 503
    assert "No model is deployed yet" in text(answer)


def test_a_long_file_says_that_the_page_is_a_part_and_how_to_get_the_rest(
    deployed: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "LISTED", 1)
    words = text(send(deployed, GOOD))

    assert "The 1 clients at the highest risk of 2; the download has all of them" in words


def test_the_form_tells_how_large_a_file_may_be(deployed: Home) -> None:
    words = text(deployed.http.get("/pages/upload")).replace("\xa0", " ")

    assert "Up to 3 rows and 16.8 MB." in words
