from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from sklearn.metrics import roc_auc_score

from risk_assets.cli import main
from risk_assets_tests.panel_reference import Rules, label, reached, read_panel


def simulate(folder: Path, *arguments: object) -> Result:
    words = [
        "simulate",
        "--months",
        "6",
        "--clients",
        "500",
        "--outcomes",
        str(folder / "left"),
        *map(str, arguments),
    ]
    return CliRunner().invoke(main, words, catch_exceptions=False)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.csv"))}


def test_each_month_has_a_file_of_clients_and_each_after_the_first_one_of_leavings(tmp_path: Path) -> None:
    result = simulate(tmp_path, "--out", tmp_path / "rows")

    months = [f"2025-0{month}-01" for month in range(1, 7)]
    assert [path.name for path in sorted((tmp_path / "rows").iterdir())] == [
        f"clients_{day}.csv" for day in months
    ]
    assert [path.name for path in sorted((tmp_path / "left").iterdir())] == [
        f"left_{day}.csv" for day in months[1:]
    ]
    assert f"6 months of 500 clients in {tmp_path / 'rows'}, leavings in {tmp_path / 'left'}" in result.stdout
    features = ["lastmonth_activity", "lastyear_activity", "number_of_employees"]
    assert list(pd.read_csv(tmp_path / "rows" / "clients_2025-01-01.csv")) == ["corporation", "as_of", *features]
    assert list(pd.read_csv(tmp_path / "left" / "left_2025-02-01.csv")) == ["corporation", "left_on"]


def test_months_go_to_sourcedata_beside_the_outcomes_unless_a_folder_is_named(tmp_path: Path) -> None:
    simulate(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"left", "sourcedata"}


def test_a_file_has_the_time_of_the_day_on_which_it_would_have_come(tmp_path: Path) -> None:
    simulate(tmp_path)
    for path in tmp_path.rglob("*.csv"):
        assert datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat() == path.stem.split("_")[1]


@pytest.mark.parametrize("days", [0, 20])
def test_a_file_holds_what_was_reported_since_the_one_before(tmp_path: Path, days: int) -> None:
    simulate(tmp_path, "--reported-within", days, "--clients", 3000)
    for path in sorted((tmp_path / "left").iterdir()):
        came = pd.Timestamp(path.stem.split("_")[1])
        left_on = pd.to_datetime(pd.read_csv(path)["left_on"])
        before = came - pd.offsets.MonthBegin(1)
        assert (left_on <= came).all()
        assert (left_on > before - pd.Timedelta(days=days)).all()
        assert (left_on <= before).any() == (days > 0 and came > pd.Timestamp("2025-02-01"))


def test_share_and_best_auc_are_those_of_the_true_risks_of_the_last_complete_month(tmp_path: Path) -> None:
    result = simulate(tmp_path, "--reported-within", 10, "--truth", tmp_path / "truth.csv")
    rows, leavings = read_panel(tmp_path / "sourcedata", tmp_path / "left")
    known = label(rows, leavings, Rules(90, reported_within=10))
    last = known.loc[known["complete"], "as_of"].max()

    truth = pd.read_csv(tmp_path / "truth.csv", dtype={"corporation": str}, keep_default_na=False)
    assert truth[["corporation", "as_of"]].to_numpy().tolist() == rows[["id", "as_of"]].to_numpy().tolist()
    risk = truth.loc[truth["as_of"] == last, "risk"].to_numpy()
    classes, weight = np.repeat([1, 0], len(risk)), np.concatenate([risk, 1 - risk])
    auc = roc_auc_score(classes, np.tile(risk, 2), sample_weight=weight)

    said = re.search(r"until (\S+), so (\S+) is .* ([\d.]+)% can .* is ([\d.]+)\n", result.stdout)
    assert said is not None
    assert said[1] == str(reached(leavings))[:10]
    assert said[2] == last
    assert float(said[3]) == pytest.approx(100 * risk.mean(), abs=0.051)
    assert float(said[4]) == pytest.approx(auc, abs=0.005)
    left = known.loc[known["as_of"] == last, "outcome"].astype(int)
    words = f"of its clients {left.mean():.1%} left, whom the true risks rank with an AUC of "
    assert f"{words}{roc_auc_score(left, risk):.3f}\n" in result.stdout


def test_too_few_months_for_a_complete_one_are_told(tmp_path: Path) -> None:
    assert "no month is complete: " in simulate(tmp_path, "--horizon", 365).stdout


def test_the_same_seed_gives_the_same_files_and_another_gives_others(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        simulate(tmp_path / name, "--seed", seed, "--reported-within", 9)
    assert files(tmp_path / "a") == files(tmp_path / "b") != files(tmp_path / "c")


def test_managers_countries_and_values_are_written_when_asked_for(tmp_path: Path) -> None:
    simulate(tmp_path, "--carried")
    frame = pd.read_csv(tmp_path / "sourcedata" / "clients_2025-03-01.csv")
    assert list(frame.columns)[-3:] == ["manager", "country", "value"]
    assert frame["value"].dtype == np.int64


def test_nothing_is_written_where_one_file_exists_unless_by_force(tmp_path: Path) -> None:
    (tmp_path / "left").mkdir()
    mine = tmp_path / "left" / "left_2025-04-01.csv"
    mine.write_text("mine")

    refused = simulate(tmp_path)
    assert (refused.exit_code, refused.stderr) == (1, f"Error: {mine} exists; --force overwrites it\n")
    assert files(tmp_path) == {"left/left_2025-04-01.csv": b"mine"}

    assert simulate(tmp_path, "--force").exit_code == 0
    assert mine.read_text() != "mine"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--months", 3), "--outcomes"),
        (("--months", 3, "--outcomes", "FOLDER/left", "--rows", 5), "--rows goes without --months"),
        (("--months", 3, "--outcomes", "FOLDER/left", "--drift", "reason"), "--drift goes without --months"),
        (("--months", 3, "--outcomes", "FOLDER/left", "--start", "2025-13-01"), "--start"),
        (("--out", "FOLDER/clients.csv", "--reported-within", 3), "--reported-within needs --months"),
        (("--out", "FOLDER/clients.csv", "--carried"), "--carried needs --months"),
        ((), "--out"),
    ],
)
def test_options_that_do_not_go_together_are_named(
    tmp_path: Path, arguments: tuple[object, ...], words: str
) -> None:
    given = [str(argument).replace("FOLDER", str(tmp_path)) for argument in arguments]
    result = CliRunner().invoke(main, ["simulate", *given])
    assert (result.exit_code, list(tmp_path.iterdir())) == (2, [])
    assert words in result.stderr
