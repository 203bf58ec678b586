"""A project is made from one's own file: what is found in it, what is left out, and what is asked."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from click.testing import CliRunner, Result

from risk_assets.cli import main
from risk_assets.settings import load_settings

ROOT = Path(__file__).parents[2]


def clients(rows: int = 300) -> Iterator[tuple[int, int, float, str, bool]]:
    """Yield number, calls, fee, region and whether the client left."""
    rng = random.Random(1)
    for number in range(rows):
        calls, region = rng.randint(0, 4000), rng.choice(["North", "South", "West"])
        left = rng.random() < (0.7 if calls < 1000 else 0.2)
        yield number, calls, rng.uniform(5, 3000), region, left


def init(folder: Path, source: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["init", str(folder), "--from", str(source), *options])


def config_of(folder: Path) -> dict[str, Any]:
    load_settings(folder / "config.json")
    content: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return content


def german(path: Path) -> None:
    lines = ["Kundennummer;Anrufe;Gebühr;Region;Vertrag seit;Gekündigt"]
    for number, calls, fee, region, left in clients():
        amount = f"{fee:,.2f}".replace(",", "T").replace(".", ",").replace("T", ".")
        counted = f"{calls:,}".replace(",", ".")
        day = f"{1 + number % 28:02}.{1 + number % 12:02}.2020"
        lines.append(f"{10000 + number};{counted};{amount} €;{region};{day};{'ja' if left else 'nein'}")
    path.write_bytes("\r\n".join(lines).encode("cp1252"))


def titled(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Clients")
        sheet.merge_range("A1:E1", "Clients of 2026")
        sheet.write_row("A3", ["Client ID", "Calls", "Fee", "Region", "Churned"])
        for number, calls, fee, region, left in clients():
            sheet.write_row(number + 3, 0, [f"C{number}", calls, fee, region, "Yes" if left else "No"])


def coded(path: Path) -> None:
    lines = ["id\tcalls\tfee\tregion\tleft"]
    for number, calls, fee, region, left in clients():
        known = -99 if number % 20 == 3 else calls
        lines.append(f"k{number}\t{known}\t{'N/A' if number % 20 == 5 else fee}\t{region}\t{int(left)}")
    path.write_text("\n".join(lines), encoding="utf-8")


def wide(path: Path) -> None:
    constant, empty, unique = ([f"{kind}{place}" for place in range(5)] for kind in ("same", "empty", "text"))
    lines = [",".join(["customer", "churn", "calls", "fee", "region", "reason", *constant, *empty, *unique])]
    for number, calls, fee, region, left in clients():
        cells = [f"K{number}", int(left), calls, fee, region, "moved" if left else "none", *[7] * 5, *[""] * 5]
        lines.append(",".join(map(str, [*cells, *(f"note {number} of {place}" for place in range(5))])))
    path.write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "write", "expected"),
    [
        (
            "clients.csv",
            german,
            {
                "id": "Kundennummer",
                "target": "Gekündigt",
                "positive": "ja",
                "negative": "nein",
                "numeric": ["Anrufe", "Gebühr"],
                "categorical": ["Region"],
                "ignore": ["Vertrag seit"],
            },
        ),
        (
            "clients.xlsx",
            titled,
            {
                "id": "Client ID",
                "target": "Churned",
                "positive": "Yes",
                "numeric": ["Calls", "Fee"],
                "categorical": ["Region"],
                "ignore": [],
            },
        ),
        (
            "clients.tsv",
            coded,
            {
                "id": "id",
                "target": "left",
                "positive": "1",
                "numeric": [{"name": "calls", "special": [-99]}, "fee"],
                "categorical": ["region"],
                "ignore": [],
            },
        ),
    ],
)
def test_a_file_describes_itself(
    tmp_path: Path, name: str, write: Callable[[Path], None], expected: dict[str, object]
) -> None:
    write(tmp_path / name)
    result = init(tmp_path / "mine", tmp_path / name)

    assert result.exit_code == 0, result.output
    assert config_of(tmp_path / "mine")["columns"] == expected
    assert (tmp_path / "mine" / "data" / "sourcedata" / name).is_file()


def test_useless_columns_are_left_out_with_the_reason(tmp_path: Path) -> None:
    wide(tmp_path / "clients.csv")
    result = init(tmp_path / "mine", tmp_path / "clients.csv")

    columns = config_of(tmp_path / "mine")["columns"]
    assert (columns["numeric"], columns["categorical"]) == (["calls", "fee"], ["region"])
    assert len(columns["ignore"]) == 16
    told = {line.split()[0]: line for line in result.output.splitlines() if "left out" in line}
    assert told["same0"].endswith("it holds one value only")
    assert told["empty0"].endswith("it is empty")
    assert told["text0"].endswith("another id: a value of its own in each row")
    assert "AUC 1.000" in told["reason"]


@pytest.mark.parametrize("word", ["unbekannt", "k. A.", "n.v.", "?"])
def test_a_word_among_numbers_stands_for_a_missing_one(tmp_path: Path, word: str) -> None:
    lines = ["id,fee,left"]
    lines += [f"k{n},{word if n % 25 == 7 else f'{fee:.2f}'},{int(left)}" for n, _, fee, _, left in clients()]
    (tmp_path / "clients.csv").write_text("\n".join(lines), encoding="utf-8")

    assert init(tmp_path / "mine", tmp_path / "clients.csv").exit_code == 0
    config = config_of(tmp_path / "mine")
    assert config["columns"]["numeric"] == ["fee"]
    assert config["format"]["missing"] == [word]


def test_what_is_not_certain_names_the_option_to_pass(tmp_path: Path) -> None:
    lines = ["number,sex,member,calls"] + [f"{n},{'mf'[n % 2]},{'ab'[n % 3 // 2]},{n % 7}" for n in range(60)]
    source = tmp_path / "clients.csv"
    source.write_text("\n".join(lines), encoding="utf-8")

    for options, said in [
        ((), "pass --target, one of sex, member"),
        (("--target", "member"), "pass --positive, 'a' (40 rows) and 'b' (20 rows)"),
        (("--target", "member", "--positive", "A"), "member has no label 'A': pass --positive, 'a' (40 rows)"),
        (("--target", "members"), "no column 'members'; there are number, sex, member, calls"),
        (("--target", "calls"), "calls has 7 values, and an outcome has two"),
    ]:
        result = init(tmp_path / "mine", source, *options)
        assert result.exit_code == 2
        assert said in result.output
        assert not (tmp_path / "mine").exists()
    assert init(tmp_path / "mine", source, "--target", "member", "--positive", "b").exit_code == 0


def test_several_rows_of_a_client_have_a_date(tmp_path: Path) -> None:
    rows = [f"c{n % 50},2026-0{1 + n // 50}-01,{n % 7},{n % 3 // 2}" for n in range(150)]
    (tmp_path / "clients.csv").write_text("\n".join(["client,month,calls,left", *rows]), encoding="utf-8")

    assert init(tmp_path / "mine", tmp_path / "clients.csv").exit_code == 0
    assert config_of(tmp_path / "mine")["columns"]["as_of"] == "month"


def test_of_several_dates_the_one_to_pass_is_asked_for(tmp_path: Path) -> None:
    rows = [f"c{n % 50},2020-01-0{1 + n % 9},2026-0{1 + n // 50}-01,{n % 7},{n % 3 // 2}" for n in range(150)]
    source = tmp_path / "clients.csv"
    source.write_text("\n".join(["client,begin,end,calls,left", *rows]), encoding="utf-8")

    result = init(tmp_path / "mine", source)
    assert (result.exit_code, "pass --as-of, one of begin, end" in result.output) == (2, True)
    assert init(tmp_path / "dated", source, "--as-of", "end").exit_code == 0
    assert config_of(tmp_path / "dated")["columns"]["as_of"] == "end"
    assert init(tmp_path / "plain", source, "--as-of", "").exit_code == 0
    assert "as_of" not in config_of(tmp_path / "plain")["columns"]


def test_a_project_is_not_written_over(tmp_path: Path) -> None:
    coded(tmp_path / "clients.tsv")
    assert init(tmp_path / "mine", tmp_path / "clients.tsv").exit_code == 0
    result = init(tmp_path / "mine", tmp_path / "clients.tsv")
    assert (result.exit_code, "is there already" in result.output) == (1, True)


def test_files_of_one_name_do_not_replace_each_other(tmp_path: Path) -> None:
    sources = [tmp_path / folder / "clients.tsv" for folder in ("north", "south")]
    for source in sources:
        source.parent.mkdir()
        coded(source)

    result = init(tmp_path / "mine", sources[0], "--from", str(sources[1]))
    assert (result.exit_code, "have the same name" in result.output) == (1, True)
    assert not (tmp_path / "mine").exists()


def test_files_that_stand_in_the_folder_stay_as_they_are(tmp_path: Path) -> None:
    mine, source = tmp_path / "mine", tmp_path / "clients.tsv"
    coded(source)
    held = mine / "data" / "sourcedata" / "clients.tsv"
    held.parent.mkdir(parents=True)
    held.write_text("another one", encoding="utf-8")
    (mine / ".gitignore").write_text("*.secret\n", encoding="utf-8")

    result = init(mine, source)
    assert (result.exit_code, "is there already, and is not" in result.output) == (1, True)
    assert held.read_text(encoding="utf-8") == "another one"
    coded(held)
    assert init(mine, held).exit_code == 0
    assert (mine / ".gitignore").read_text(encoding="utf-8") == "*.secret\n"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("clients.zip", b"PK", "is of no kind that is read"),
        ("clients.csv", b"", "the file is empty"),
        ("clients.csv", b"id\n1\n", "has fewer than two columns"),
        ("clients.csv", b"id,ID,x\n1,2,3\n", "column 'id' occurs more than once"),
        ("clients.xlsx", b"PK\x03\x04", "damaged workbook"),
    ],
)
def test_a_file_that_tells_nothing_is_refused_in_words(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    result = init(tmp_path / "mine", tmp_path / name)
    assert result.exit_code == 1
    assert said in result.output


def test_dagster_files_of_the_repository_are_those_of_new_projects() -> None:
    packaged = ROOT / "risk_assets" / "storage" / "project_files"
    assert (packaged / "dagster.yaml").read_text() == (ROOT / "dagster_home" / "dagster.yaml").read_text()
    assert (packaged / "workspace.yaml").read_text() == (ROOT / "workspace.yaml").read_text()


@pytest.mark.slow
def test_a_wheel_outside_of_any_checkout_makes_a_project_and_runs_it(tmp_path: Path) -> None:
    sources = tmp_path / "sources"  # building leaves files beside them
    shutil.copytree(ROOT / "risk_assets", sources / "risk_assets")
    for name in ("pyproject.toml", "setup.cfg", "README.md"):
        shutil.copy(ROOT / name, sources)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", str(sources)]
    subprocess.run([*build, "--wheel-dir", str(tmp_path)], check=True, capture_output=True, cwd=tmp_path)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "installed")
    german(tmp_path / "clients.csv")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("RISK_", "DAGSTER_"))}
    environment["PYTHONPATH"] = str(tmp_path / "installed")
    where = subprocess.run(
        [sys.executable, "-c", "import risk_assets; print(risk_assets.__file__)"],
        env=environment,
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert where.startswith(str(tmp_path / "installed"))

    def risk(*arguments: str, folder: Path) -> str:
        command = [sys.executable, "-m", "risk_assets.cli", *arguments]
        return subprocess.run(
            command, env=environment, cwd=folder, check=True, capture_output=True, text=True
        ).stdout

    risk("init", "mine", "--from", "clients.csv", folder=tmp_path)
    below = tmp_path / "mine" / "data"
    summary = risk("run", folder=below)
    assert "300 in 1 file (0 duplicates, 0 quarantined)" in summary
    assert (below / "models" / "summary_report.pdf").is_file()


def ambiguous(path: Path) -> None:
    lines = ["row_uuid;customer_id;fee;churn"]
    lines += [f"u{n};c{n // 2};{1 + n % 7},{100 + n};{int(left)}" for n, _, _, _, left in clients()]
    path.write_text("\n".join(lines), encoding="utf-8")


def test_numbers_that_may_be_read_in_two_ways_are_asked_about(tmp_path: Path) -> None:
    ambiguous(tmp_path / "clients.csv")
    asked = init(tmp_path / "mine", tmp_path / "clients.csv")
    assert asked.exit_code == 2
    assert 'fee: numbers such as "1,100" may be 1100 or 1.100: pass --decimal, one of . and ,' in asked.output

    for decimal in (".", ","):
        said = init(tmp_path / f"mine{decimal}", tmp_path / "clients.csv", "--decimal", decimal)
        assert said.exit_code == 0, said.output
        config = config_of(tmp_path / f"mine{decimal}")
        assert config["format"]["decimal"] == decimal
        assert config["columns"]["id"] == "customer_id"  # row_uuid tells rows apart, not clients
        assert config["columns"]["numeric"] == ["fee"]


def test_all_files_are_looked_at(tmp_path: Path) -> None:
    rows = list(clients())
    for name, part, more in (("a.csv", rows[:150], ""), ("b.csv", rows[150:], ",note")):
        lines = [f"id,calls,plan,churn{more}"]
        plan = "basic" if name == "a.csv" else "gold"
        lines += [f"{n},{calls},{plan},{int(left)}{more and ',x'}" for n, calls, _, _, left in part]
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")

    result = init(tmp_path / "mine", tmp_path / "a.csv", "--from", str(tmp_path / "b.csv"))

    assert result.exit_code == 0, result.output
    columns = config_of(tmp_path / "mine")["columns"]
    assert (columns["categorical"], columns["ignore"]) == (["plan"], ["note"])
    assert "not in a.csv" in result.output
