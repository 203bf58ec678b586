from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from risk_assets.cli import main


def simulate(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["simulate", *map(str, arguments)], catch_exceptions=False)


def test_clients_are_written_with_their_share_of_leavers_and_the_best_auc(tmp_path: Path) -> None:
    out = tmp_path / "new" / "clients.csv"

    result = simulate("--rows", 500, "--out", out)

    frame = pd.read_csv(out)
    assert list(frame.columns) == [
        "corporation",
        "lastmonth_activity",
        "lastyear_activity",
        "number_of_employees",
        "exited",
    ]
    assert len(frame) == 500
    assert (
        f"500 clients in {out}: {frame['exited'].mean():.1%} leave, the best possible AUC is 0." in result.stdout
    )


def test_the_same_seed_gives_the_same_bytes_plain_and_compressed(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv", "a.csv.gz", "b.csv.gz"):
        simulate("--rows", 50, "--seed", 7, "--out", tmp_path / name)
    simulate("--rows", 50, "--seed", 8, "--out", tmp_path / "other.csv")

    plain = (tmp_path / "a.csv").read_bytes()
    assert plain == (tmp_path / "b.csv").read_bytes() != (tmp_path / "other.csv").read_bytes()
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.csv.gz").read_bytes()) == plain


def test_drift_of_the_features_makes_companies_larger(tmp_path: Path) -> None:
    simulate("--rows", 500, "--out", tmp_path / "before.csv")
    simulate("--rows", 500, "--drift", "features", "--amount", 2, "--out", tmp_path / "after.csv")

    before, after = (pd.read_csv(tmp_path / name)["number_of_employees"] for name in ("before.csv", "after.csv"))
    assert after.median() > 3 * before.median()


def test_a_file_is_overwritten_only_by_force(tmp_path: Path) -> None:
    out = tmp_path / "clients.csv"
    out.write_text("mine")

    refused = simulate("--rows", 5, "--out", out)
    assert (refused.exit_code, refused.stderr) == (1, f"Error: {out} exists; --force overwrites it\n")
    assert out.read_text() == "mine"

    assert simulate("--rows", 5, "--out", out, "--force").exit_code == 0
    assert len(pd.read_csv(out)) == 5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--rows", 0), "--rows"),
        (("--seed", -1), "--seed"),
        (("--drift", "sideways"), "--drift"),
        (("--amount", "nan"), "amount"),
        (("--amount", 11), "--amount"),
        (("--out", "clients.parquet"), "neither a .csv nor a .csv.gz"),
    ],
)
def test_a_wrong_option_is_named(tmp_path: Path, arguments: tuple[object, ...], words: str) -> None:
    result = simulate("--out", tmp_path / "clients.csv", *arguments)

    assert result.exit_code in {1, 2}
    assert words in result.stderr
    assert list(tmp_path.iterdir()) == []
