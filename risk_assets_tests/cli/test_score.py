from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pytest
import xlsxwriter
from click.testing import Result

from risk_assets.domain.columns import DerivedColumn
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.model.shapes import NumericShape
from risk_assets.settings import Settings
from risk_assets_tests.cli.commands import CONFIG, Project
from risk_assets_tests.serve.conftest import opened
from risk_assets_tests.serve.deployed import SURE, deploy, make_settings

COLUMNS = {
    "id": "corporation",
    "target": "exited",
    "positive": 1,
    "numeric": [
        {"name": "activity", "min": 0, "label": "calls a month"},
        {"name": "employees", "min": 0, "max": 1e6},
    ],
    "categorical": ["industry"],
}
HEADER = "corporation,activity,employees,industry"
ROWS = ["abcd,12.5,40,mining", "efgh,99,,retail", '"=1+1",0,7,fishing', "ijkl,,1000000,"]
TEXT = "\n".join([HEADER, *ROWS]) + "\n"
AGED = {
    "id": "corporation",
    "target": "exited",
    "positive": 1,
    "as_of": "month",
    "carried": ["manager"],
    "value": "fee",
    "numeric": ["activity"],
    "dates": ["start"],
    "derived": [{"name": "age", "days_between": ["start", "month"]}],
}
BY_AGE = Scorecard(
    -1.0,
    0.4,
    (
        NumericShape("activity", (0.0, 100.0), ((-2.0, 1.0),), 0.1, mean=0.0),
        NumericShape("age", (0.0, 1000.0), ((1.0, 0.0),), 0.3, mean=0.0),
    ),
    (),
    derived=(DerivedColumn("age", "days_between", ("start", "month")),),
)


class Home(Project):
    """A project whose deployed model was written by hand."""

    def settings(self) -> Settings:
        given = json.loads(self.config.read_text())
        return make_settings(self.config.parent / "data", columns=given["columns"])

    def score(self, name: str, content: str | bytes, *options: str) -> Result:
        """Score a file of this name and content."""
        path = self.config.parent / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.risk("score", str(path), *options)


def build(folder: Path, scorecard: Scorecard, columns: Mapping[str, object] = COLUMNS) -> Home:
    config = folder / "config.json"
    config.write_text(json.dumps({**CONFIG, "columns": columns}))
    home = Home(config)
    deploy(home.settings(), scorecard)
    return home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return build(tmp_path, SURE)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def asked(home: Home, text: str, query: str = "") -> list[dict[str, str]]:
    """What the API answers to the same file."""
    with opened(home.settings()) as server:
        kinds = {"Content-Type": "text/csv", "Accept": "text/csv"}
        answer = server.http.post(f"/prediction{query}", data=text.encode(), headers=kinds)
        assert answer.status_code == 200, answer.text
        return rows_of(answer.text)


def assert_alike(ours: Sequence[Mapping[str, str]], theirs: Sequence[Mapping[str, str]]) -> None:
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        assert list(mine) == list(other)
        for name, cell in other.items():
            if cell and (name.startswith("risk") or name == "age"):
                assert float(mine[name]) == pytest.approx(float(cell), abs=1e-9)
            else:
                assert mine[name] == cell


def test_scores_are_those_of_the_api_with_intervals_and_reasons(home: Home) -> None:
    result = home.score("clients.csv", TEXT, "--features", "--interval", "--reasons", "3")

    assert result.exit_code == 0
    assert "4 clients scored by v0001-" in result.stderr
    assert_alike(rows_of(result.stdout), asked(home, TEXT, "?interval=true&reasons=3"))
    assert "calls a month" in result.stdout


def test_derived_features_follow_from_dates_and_no_other_declared_column_is_needed_or_named(
    tmp_path: Path,
) -> None:
    home = build(tmp_path, BY_AGE, AGED)
    text = "corporation,start,month,activity,manager\nabcd,2024-01-01,2025-06-01,5,Kim\nefgh,,2025-06-01,7,Lee\n"

    result = home.score("clients.csv", text, "--features")

    assert result.stderr.splitlines() == [result.stderr.strip()]
    assert_alike(rows_of(result.stdout), asked(home, text))
    without = home.score("clients.csv", "corporation,activity\nabcd,5\n")
    assert "missing in all rows, as the file has no such column: start, month" in without.stderr
    assert_alike(rows_of(without.stdout), [short(asked(home, "corporation,activity\nabcd,5\n")[0])])


def short(row: Mapping[str, str]) -> dict[str, str]:
    """What is told of a client by default."""
    return {name: row[name] for name in ("corporation", "risk", "predicted")}


def workbook() -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        sheet = book.add_worksheet()
        for place, line in enumerate([["Clients of the month"], HEADER.split(","), *rows_of_cells()]):
            sheet.write_row(place, 0, line)
    return content.getvalue()


def rows_of_cells() -> list[list[object]]:
    return [["abcd", 12.5, 40, "mining"], ["efgh", 99, None, "retail"], ["xyz", 0, 7, "fishing"]]


def parquet(folder: Path) -> bytes:
    target = folder / "made.parquet"
    values = "('abcd', 12.5, 40, 'mining'), ('efgh', 99.0, NULL, 'retail'), ('xyz', 0.0, 7, 'fishing')"
    names = "t(corporation, activity, employees, industry)"
    duckdb.sql(f"COPY (SELECT * FROM (VALUES {values}) {names}) TO '{target}' (FORMAT parquet)")
    return target.read_bytes()


PLAIN = f"{HEADER}\nabcd,12.5,40,mining\nefgh,99,,retail\nxyz,0,7,fishing\n"


@pytest.mark.parametrize("name", ["a.csv", "a.CSV", "a.csv.gz", "a.tsv", "german.csv", "a.parquet", "a.xlsx"])
def test_every_kind_of_file_gives_the_same_scores(home: Home, name: str, tmp_path: Path) -> None:
    german = "corporation;activity;employees;industry\nabcd;12,5;40;mining\nefgh;99,0;;retail\nxyz;0,0;7;fishing\n"
    content = {
        "a.csv.gz": lambda: gzip.compress(PLAIN.encode()),
        "a.tsv": lambda: PLAIN.replace(",", "\t").encode(),
        "german.csv": german.encode,
        "a.parquet": lambda: parquet(tmp_path),
        "a.xlsx": workbook,
    }.get(name, PLAIN.encode)()

    result = home.score(name, content)

    assert result.exit_code == 0, result.stderr
    assert_alike(rows_of(result.stdout), [short(row) for row in asked(home, PLAIN)])


def test_a_parquet_file_holds_typed_columns_in_the_order_of_the_file(home: Home, tmp_path: Path) -> None:
    out = tmp_path / "new" / "scores.parquet"

    result = home.score("clients.csv", TEXT, "--out", str(out), "--features", "--interval")
    found = duckdb.execute(f"SELECT * FROM '{out}'")
    kinds = [str(column[1]) for column in found.description or ()]

    assert result.exit_code == 0
    assert result.stdout == ""
    assert str(out) in result.stderr
    assert kinds == ["VARCHAR", "DOUBLE", "DOUBLE", "VARCHAR", "DOUBLE", "INTEGER", "DOUBLE", "DOUBLE"]
    assert [row[0] for row in found.fetchall()] == ["abcd", "efgh", "=1+1", "ijkl"]


def test_many_rows_stay_in_order(home: Home) -> None:
    lines = [f"c{number},{number % 101},{number % 977},mining" for number in range(250_000)]

    result = home.score("clients.csv", "\n".join([HEADER, *lines]), "--interval")

    assert [row["corporation"] for row in rows_of(result.stdout)] == [f"c{number}" for number in range(250_000)]


def test_text_that_a_spreadsheet_would_run_has_a_quote_in_front(home: Home) -> None:
    assert "\n'=1+1," in home.score("clients.csv", TEXT).stdout


def test_columns_that_are_not_declared_are_left_out_and_named(home: Home) -> None:
    result = home.score("clients.csv", f"{HEADER},exited,colour\nabcd,12.5,40,mining,1,red\n")

    assert rows_of(result.stdout)[0].keys() == {"corporation", "risk", "predicted"}
    assert "left out, as no such column is declared: colour\n" in result.stderr


def test_without_ids_rows_are_told_by_their_order(home: Home) -> None:
    result = home.score("clients.csv", "activity\n12.5\n99\n")

    assert [row["corporation"] for row in rows_of(result.stdout)] == ["", ""]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("efgh,many,1,mining", 'line 3: activity: "many" is not a number'),
        ("efgh,-3,1,mining", 'line 3: activity: "-3" is below 0'),
        ("efgh,3,1", "line 3: 3 fields instead of 4"),
        ("efgh,,,", "line 3: has no known feature; there are activity, employees, industry"),
    ],
)
def test_a_bad_row_ends_the_command_with_file_row_and_field_and_writes_nothing(
    home: Home, tmp_path: Path, line: str, fault: str
) -> None:
    out = tmp_path / "scores.csv"
    out.write_text("of yesterday")
    text = f"{HEADER}\nabcd,1,2,retail\n{line}\nijkl,1,2,retail\n"

    result = home.score("clients.csv", text, "--out", str(out))

    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: {tmp_path / 'clients.csv'}: {fault}. Nothing was written; --skip-bad leaves such rows out\n"
    )
    assert out.read_text() == "of yesterday"
    assert home.score("clients.csv", text).stdout == ""


def test_bad_rows_can_be_left_out_and_are_then_written_beside_the_scores(home: Home, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    text = f"{HEADER}\nabcd,1,2,retail\nefgh,many,1,mining\nijkl,1,2,retail\nmnop,1\n"

    result = home.score("clients.csv", text, "--out", str(out), "--skip-bad", "--interval")

    assert result.exit_code == 0
    assert [row["corporation"] for row in rows_of(out.read_text())] == ["abcd", "ijkl"]
    assert f"2 rows that cannot be scored are in {tmp_path / 'scores.bad.csv'}" in result.stderr
    assert [(row["line"], row["raw"]) for row in rows_of((tmp_path / "scores.bad.csv").read_text())] == [
        ("3", "efgh,many,1,mining"),
        ("5", "mnop,1"),
    ]
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".tmp")] == []


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("a.csv", "", "the file is empty"),
        ("a.csv", HEADER + "\n", "holds no clients"),
        ("a.csv", "name,colour\nx,red\n", 'no column of which a risk follows; there are "activity"'),
        ("a.csv", "corporation,activty\nx,1\n", 'no column "activity", but one that is called "activty"'),
        ("a.parquet", "PAR1 and no more", "damaged parquet"),
    ],
)
def test_a_file_that_cannot_be_read_ends_in_one_sentence(home: Home, name: str, content: str, fault: str) -> None:
    result = home.score(name, content)

    assert (result.exit_code, result.stdout) == (1, "")
    assert fault in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_mistaken_options_are_refused_before_anything_is_read(home: Home, tmp_path: Path) -> None:
    clients = tmp_path / "clients.csv"
    for options, fault in [
        (["--skip-bad"], "--skip-bad needs --out"),
        (["--out", str(tmp_path / "scores.txt")], "its name ends with none of .csv, .parquet"),
        (["--out", str(clients)], "would write over"),
    ]:
        result = home.score("clients.csv", TEXT, *options)
        assert result.exit_code == 2
        assert fault in result.stderr
    assert clients.read_text() == TEXT
    assert home.score("clients.pdf", TEXT).exit_code == 2


def test_without_a_deployed_model_there_are_no_scores(tmp_path: Path) -> None:
    home = Home(tmp_path / "config.json")
    home.config.write_text(json.dumps({**CONFIG, "columns": COLUMNS}))

    result = home.score("clients.csv", TEXT)

    assert (result.exit_code, result.stderr) == (
        1,
        "Error: no model is deployed yet; materialize deployed_model\n",
    )
