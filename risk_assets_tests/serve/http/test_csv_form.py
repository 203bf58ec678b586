from __future__ import annotations

from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from risk_assets_tests.serve.conftest import Home
from risk_assets_tests.serve.deployed import CLIENT

CSV = "corporation,activity,employees,industry\nabcd,12.5,40,mining\n"


def send(home: Home, text: str | bytes, accept: str = "application/json", query: str = "") -> TestResponse:
    return home.http.post(
        f"/prediction{query}", data=text, content_type="text/csv; charset=utf-8", headers={"Accept": accept}
    )


def test_a_csv_and_the_same_clients_as_json_get_the_same_answer(home: Home) -> None:
    assert send(home, CSV).get_json() == home.predict({"clients": [CLIENT]}).get_json()


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + CSV,
        CSV.replace("\n", "\r\n"),
        "Industry, EMPLOYEES ,activity,corporation,exited\n mining ,4e1, +12.50 ,abcd,1\n\n",
        '"corporation","activity","employees","industry"\n"abcd","12.5","40","mining"',
        "corporation;activity;employees;industry\nabcd;12,5;40;mining\n",
        "corporation\tactivity\temployees\tindustry\nabcd\t12.5\t40\tmining\n",
    ],
)
def test_spelling_and_order_of_a_csv_do_not_matter(home: Home, text: str) -> None:
    assert send(home, text).get_json() == send(home, CSV).get_json()


def test_columns_that_are_not_declared_are_left_out_and_named(home: Home) -> None:
    answer = send(home, CSV.replace("\n", ",colour\n", 1).replace("mining\n", "mining,red\n")).get_json()

    assert answer.pop("left_out") == ["colour"]
    assert answer == send(home, CSV).get_json()


@pytest.mark.parametrize("blank", ["", " ", "N/A", "null", "-"])
def test_blank_cells_and_words_for_them_are_missing_values(home: Home, blank: str) -> None:
    text = f"corporation,activity,industry\nabcd,{blank},mining\n"
    [client] = send(home, text).get_json()["predictions"]

    assert client["missing"] == ["activity", "employees"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no header with a feature"),
        ("corporation\nabcd\n", "no header with a feature"),
        ("activity,employes\n1,red\n", "employes is nearly called employees, which the file lacks"),
        ("activity,Activity\n1,2\n", "activity is named twice in the header"),
        ("activity;employees\n1,234;2\n", 'numbers such as "1,234" may be 1234 or 1.234'),
        ("activity,employees\n1,2\n3\n", "row 2: has 1 cells, the header has 2"),
        ("activity\n1\ntwo\n", 'row 2: activity is not a number: "two"'),
        ("activity\n1\nnan\n", "row 2: has no known feature"),
        ("activity\n1\n1e999\n", "row 2: activity is not a number"),
        ("activity\n1\n1_000\n", "row 2: activity is not a number"),
        ("activity\n1\n-3\n", "row 2: activity is below 0: -3"),
        ('activity\n"1\n', "is not CSV"),
        ("activity\n" + "1" * 200_000, "is not"),
        ("activity\n", "no clients"),
    ],
)
def test_a_wrong_csv_is_refused_in_words(home: Home, text: str, words: str) -> None:
    answer = send(home, text)

    assert answer.status_code == 422
    assert words in answer.get_json()["detail"]


def test_a_csv_of_other_bytes_is_refused(home: Home) -> None:
    assert send(home, b"activity\n\xff\n").status_code == 400


def test_letters_of_what_was_sent_are_quoted_as_they_are_and_marks_that_hide_text_are_not(home: Home) -> None:
    known = send(home, "activity\nweiß nicht\n").get_json()["detail"]
    hidden = send(home, "activity\n\u202etxet\n").get_json()["detail"]

    assert known == 'row 1: activity is not a number: "weiß nicht"'
    assert hidden == 'row 1: activity is not a number: "\\u202etxet"'


def test_too_many_rows_are_refused_before_they_are_all_read(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home.serving.predictions.validator, "max_rows", 3)

    assert send(home, "activity\n" + "1\n" * 4).status_code == 413


def test_an_answer_as_csv_holds_what_was_sent_and_what_it_means(home: Home) -> None:
    answer = send(home, CSV, accept="text/csv", query="?reasons=1")

    risk = send(home, CSV).get_json()["predictions"][0]["risk"]
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.get_data(as_text=True).splitlines() == [
        "corporation,activity,employees,industry,risk,predicted,reason_1",
        f'abcd,12.5,40,mining,{risk!r},1,"industry is mining (usual: retail): 78 %, with the usual value 57 %"',
    ]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/csv", "text/csv"),
        ("TEXT/CSV; charset=utf-8", "text/csv"),
        ("application/json;q=0.5, text/csv", "text/csv"),
        ("text/csv, */*", "text/csv"),
        ("text/*", "text/csv"),
        ("text/csvfoo", "application/json"),
        ("text/csv;q=0", "application/json"),
        ("text/csv;q=0, */*", "application/json"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("text/csv, application/json", "application/json"),
        ("text/csv;q=x", "application/json"),
        ("*/*", "application/json"),
        ("", "application/json"),
    ],
)
def test_the_answer_has_the_form_that_accept_prefers(home: Home, accept: str, kind: str) -> None:
    assert send(home, CSV, accept=accept).mimetype == kind


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_text_that_a_spreadsheet_would_run_is_neutralised(home: Home, start: str) -> None:
    text = f"corporation,activity,industry\n{start}cmd|x,1,{start}1+1\n"

    line = send(home, text, accept="text/csv").get_data(as_text=True).splitlines()[1]

    assert line.startswith(f"'{start}cmd|x,1,,'{start}1+1,")


def test_a_file_below_the_data_root_is_read(home: Home) -> None:
    folder = home.settings.data_root / "testdata"
    folder.mkdir()
    (folder / "testdata.csv").write_text(CSV)

    answer = home.predict({"filepath": "testdata/testdata.csv"})

    assert answer.get_json() == send(home, CSV).get_json()


def test_a_fault_in_a_file_names_its_row(home: Home) -> None:
    Path(home.settings.data_root / "a.csv").write_text("activity\n1\n-1\n")

    answer = home.predict({"filepath": "a.csv"})

    assert (answer.status_code, answer.get_json()["detail"]) == (422, "row 2: activity is below 0: -1")
