from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from risk_assets.cli import api_client, batches, main
from risk_assets.cli.api_client import ApiClient, CallError, _retry_after
from risk_assets.cli.batches import score_file
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import write_record
from risk_assets_tests.cli.commands import Project, build_project
from risk_assets_tests.serve.conftest import Home, opened
from risk_assets_tests.serve.deployed import make_settings
from risk_assets_tests.serve.test_app import DIAGNOSTICS

Handler = Callable[[httpx.Request], httpx.Response]
COLUMNS = "corporation,activity,employees,industry"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    settings = make_settings(tmp_path_factory.mktemp("served"), max_rows=5)
    folder = settings.data_root / "testdata"
    folder.mkdir()
    (folder / "tested clients.csv").write_text(f"{COLUMNS}\nabcd,12.5,40,mining\nefgh,99,,retail\n")
    write_record(Layout.of(settings).diagnostics, DIAGNOSTICS)
    with opened(settings, deployed=True) as home:
        yield home


class Sleeps(list[float]):
    """Notes the pauses instead of making them."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def to_app(home: Home) -> httpx.WSGITransport:
    return httpx.WSGITransport(home.app)


def client_of(handler: Handler, sleep: Callable[[float], None] = lambda _: None) -> ApiClient:
    return ApiClient("http://server", sleep=sleep, transport=httpx.MockTransport(handler))


def score(client: ApiClient, path: Path) -> tuple[list[dict[str, str]], list[str]]:
    out, notes = io.BytesIO(), list[str]()
    score_file(client, path, out, advance=lambda _: None, note=notes.append)
    return list(csv.DictReader(io.StringIO(out.getvalue().decode(), newline=""))), notes


def answer_of(request: httpx.Request, version: str = "v1") -> httpx.Response:
    """Add a risk to each row, as a server does."""
    header, *rows = csv.reader(io.StringIO(request.content.decode(), newline=""))
    text = io.StringIO(newline="")
    csv.writer(text).writerows([[*header, "risk"], *([*row, "0.5"] for row in rows)])
    return httpx.Response(200, text=text.getvalue(), headers={"X-Model-Version": version})


def call(monkeypatch: pytest.MonkeyPatch, home: Home, *arguments: str) -> Result:
    """Run `risk call` against an application in this process."""
    original = httpx.Client

    def client(**more: object) -> httpx.Client:
        return original(**{**more, "transport": to_app(home)})  # type: ignore[arg-type]  # what our client passes

    monkeypatch.setattr(httpx, "Client", client)
    return CliRunner().invoke(main, ["call", "--url", "http://localhost", *arguments], catch_exceptions=False)


def test_the_four_answers_stand_in_one_readable_file(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "returns.txt"

    result = call(monkeypatch, home, "--out", str(out), "--filepath", "testdata/tested clients.csv")
    lines = out.read_text().splitlines()

    assert (result.exit_code, result.stdout) == (0, f"what http://localhost answered is in {out}\n")
    assert lines[0] == f"What http://localhost answered; version {home.version} serves"
    for title in ("prediction of testdata/tested clients.csv", "scoring", "summarystats", "diagnostics"):
        assert lines[lines.index(title) + 1] == "-" * len(title)
    [first] = [line.split() for line in lines if line.startswith("abcd")]
    [predicted] = home.predict(
        {"clients": [dict(zip(COLUMNS.split(","), ["abcd", 12.5, 40, "mining"], strict=True))]}
    ).get_json()["predictions"]
    assert first == ["abcd", f"{predicted['risk']:.6f}", str(predicted["predicted"])]
    assert "f1                 0.600  0.500 to 0.700" in lines
    assert any(line.split() == ["activity", "40", "38", "10", "2.0", "%"] for line in lines)
    assert any(line.split() == ["2026-03-01T12:00:00+00:00", "finaldata", "1.50"] for line in lines)


def test_without_out_the_file_is_the_course_projects(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project = house_with_test_files(tmp_path, "tested clients.csv")
    monkeypatch.setenv("RISK_ASSETS_CONFIG", str(project.config))

    assert call(monkeypatch, home).exit_code == 0

    assert project.layout.apireturns.name == "apireturns.txt"
    assert "diagnostics" in project.layout.apireturns.read_text()


@pytest.mark.parametrize("names", [(), ("clients.parquet",)])
def test_without_a_csv_in_the_test_folder_the_error_says_how_to_name_another(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, names: tuple[str, ...]
) -> None:
    project = house_with_test_files(tmp_path, *names)
    monkeypatch.setenv("RISK_ASSETS_CONFIG", str(project.config))

    result = call(monkeypatch, home)

    assert result.exit_code == 1
    assert "there is no .csv file in" in result.stderr
    assert "name one with --filepath" in result.stderr


def house_with_test_files(folder: Path, *names: str) -> Project:
    project = build_project(folder)
    for name in names:
        project.layout.testdata.mkdir(parents=True, exist_ok=True)
        (project.layout.testdata / name).touch()
    return project


def test_a_refusal_is_one_sentence_and_leaves_the_old_file(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    out = tmp_path / "returns.txt"
    out.write_text("old")

    result = call(monkeypatch, home, "--out", str(out), "--filepath", "testdata/none.csv")

    assert (result.exit_code, result.stdout, out.read_text()) == (1, "", "old")
    assert result.stderr == (
        'Error: http://localhost/prediction answered 404: filepath: there is no file "testdata/none.csv" '
        "below the data root\n"
    )


def test_a_file_is_printed_with_its_risks_in_its_own_order(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(batches, "BATCH_ROWS", 2)
    file = tmp_path / "clients.csv"
    file.write_text(f"{COLUMNS}\n" + "".join(f"c{place},{place},1,mining\n" for place in range(7)))

    result = call(monkeypatch, home, "prediction", str(file))
    rows = list(csv.DictReader(io.StringIO(result.stdout, newline="")))

    assert (result.exit_code, result.stderr) == (0, "")
    assert [row["corporation"] for row in rows] == [f"c{place}" for place in range(7)]
    clients = [{"activity": place, "employees": 1, "industry": "mining"} for place in range(5)]
    expected = [each["risk"] for each in home.predict({"clients": clients}).get_json()["predictions"]]
    assert [float(row["risk"]) for row in rows[:5]] == expected


def test_a_faulty_row_is_named_by_its_place_in_the_file_after_the_good_batches(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(batches, "BATCH_ROWS", 2)
    file = tmp_path / "clients.csv"
    file.write_text(f"{COLUMNS}\na,1,1,x\n\nb,2,2,x\nc,3,3,x\nd,-4,4,x\n")

    result = call(monkeypatch, home, "prediction", str(file))

    assert result.exit_code == 1
    assert [line.split(",")[0] for line in result.stdout.splitlines()] == ["corporation", "a", "b"]
    assert result.stderr == f"Error: {file}: row 4: activity is below 0: -4\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"a,b\n1,\xff\n", "is not UTF-8 text: invalid start byte"), (b'a,b\n1,"2\n', "line 2 is not CSV")],
)
def test_a_file_that_is_no_csv_is_one_sentence(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes, words: str
) -> None:
    file = tmp_path / "clients.csv"
    file.write_bytes(content)

    result = call(monkeypatch, home, "prediction", str(file))

    assert (result.exit_code, result.stdout) == (1, "")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


def test_quoted_cells_line_breaks_and_a_byte_order_mark_survive(tmp_path: Path) -> None:
    file = tmp_path / "clients.csv"
    file.write_bytes(b'\xef\xbb\xbfid,name\r\n1,"two\nlines, and ""quotes"""\r\n')

    rows, _ = score(client_of(answer_of), file)

    assert rows == [{"id": "1", "name": 'two\nlines, and "quotes"', "risk": "0.5"}]


def test_a_batch_is_small_whatever_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_BYTES", 1000)
    file = tmp_path / "clients.csv"
    file.write_text("id,name\n" + "1,aaaaaaaaaaaaaaaa\n" * 500)
    sizes: list[int] = []

    def note(request: httpx.Request) -> httpx.Response:
        sizes.append(len(request.content))
        return answer_of(request)

    rows, _ = score(client_of(note), file)

    assert len(rows) == 500
    assert max(sizes) < 1200


def test_a_new_version_on_the_way_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_ROWS", 1)
    file = tmp_path / "clients.csv"
    file.write_text("id\n1\n2\n3\n")
    versions = iter(["v1", "v1", "v2"])

    rows, notes = score(client_of(lambda request: answer_of(request, next(versions))), file)

    assert [row["id"] for row in rows] == ["1", "2", "3"]
    assert notes == ["from row 3 on the risks are by version v2, before by v1"]


def test_an_answer_that_lost_rows_is_not_taken(tmp_path: Path) -> None:
    file = tmp_path / "clients.csv"
    file.write_text("id\n1\n2\n")
    short = httpx.Response(200, text="id,risk\r\n1,0.5\r\n")

    with pytest.raises(CallError, match="answered 1 rows for the 2 from row 1 on"):
        score(client_of(lambda _: short), file)


def test_the_progress_adds_up_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_ROWS", 1000)
    file = tmp_path / "clients.csv"
    file.write_text("id\n" + "123456\n" * 5500)
    steps: list[int] = []

    score_file(client_of(answer_of), file, io.BytesIO(), advance=steps.append, note=pytest.fail)

    assert sum(steps) == file.stat().st_size
    assert len(steps) == 6


def test_a_busy_server_is_asked_again_after_the_pause_that_it_names() -> None:
    answers = iter([httpx.Response(503), httpx.Response(503, headers={"Retry-After": "7"}), httpx.Response(200)])
    sleeps = Sleeps()

    client_of(lambda _: next(answers), sleeps).get("/scoring")

    assert sleeps == [0.5, 7.0]


def test_a_dropped_connection_is_tried_again_with_longer_and_longer_pauses(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sleeps = Sleeps()

    def drop(request: httpx.Request) -> httpx.Response:
        raise httpx.RemoteProtocolError("Server disconnected", request=request)

    with pytest.raises(CallError, match="http://server does not answer: Server disconnected"):
        client_of(drop, sleeps).get("/scoring")

    assert sleeps == [0.5, 1.0, 2.0, 4.0]
    assert capsys.readouterr().err == "http://server is not ready; asking again\n"


def test_a_server_that_stays_busy_is_told_in_its_own_words() -> None:
    busy = json.dumps({"detail": "no model is deployed yet"})

    with pytest.raises(CallError, match="http://server/scoring answered 503: no model is deployed yet"):
        client_of(lambda _: httpx.Response(503, text=busy)).get("/scoring")


def test_other_refusals_are_not_tried_again() -> None:
    sleeps = Sleeps()

    with pytest.raises(CallError, match="answered 500: Internal Server Error"):
        client_of(lambda _: httpx.Response(500, text="<html>"), sleeps).get("/scoring")

    assert sleeps == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, 3.0), ("0", 3.0), ("2", 2.0), ("86400", 30.0), ("soon", 3.0), ("Thu, 01 Jan 1970 00:00:00 GMT", 3.0)],
)
def test_the_pause_is_the_servers_within_reason(header: str | None, seconds: float) -> None:
    assert _retry_after(header, 3.0) == seconds


def test_the_key_goes_along_as_a_bearer_token() -> None:
    seen: list[str | None] = []

    def note(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("Authorization"))
        return httpx.Response(200)

    with ApiClient("http://server", "secret", transport=httpx.MockTransport(note)) as client:
        client.get("/scoring")

    assert seen == ["Bearer secret"]


def test_without_a_key_that_the_server_knows_the_sentence_says_where_to_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(make_settings(tmp_path, api_keys=["right"]), deployed=True) as locked:
        monkeypatch.setenv("RISK_ASSETS_API_KEY", "wrong")
        result = call(monkeypatch, locked, "--out", str(tmp_path / "out.txt"))

    assert result.exit_code == 1
    assert result.stderr == "Error: http://localhost wants an API key that it knows: set RISK_ASSETS_API_KEY\n"


@pytest.mark.parametrize(("url", "key"), [("server", None), ("http://[", None), ("http://server", "schlüssel")])
def test_an_address_or_key_that_cannot_be_is_one_sentence(url: str, key: str | None) -> None:
    with pytest.raises(CallError), ApiClient(url, key, sleep=Sleeps()) as client:
        client.get("/scoring")


def test_waiting_for_a_server_ends_within_a_quarter_of_a_minute() -> None:
    pauses = [
        min(api_client.FIRST_PAUSE * 2**tried, api_client.LONGEST_PAUSE) for tried in range(api_client.TRIES - 1)
    ]

    assert sum(pauses) < 15


@pytest.mark.parametrize("content", ["", f"{COLUMNS}\n", f"{COLUMNS}\n\n\n"])
def test_a_file_without_clients_is_refused_in_one_sentence(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "clients.csv"
    file.write_text(content)

    result = call(monkeypatch, home, "prediction", str(file))

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"Error: {file} holds no clients: a header and a line per client are needed\n"
