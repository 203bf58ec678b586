from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from risk_assets.domain.columns import Columns
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.model.shapes import CategoricalShape, NumericShape
from risk_assets.domain.ranking.risk_summary import FIGURES, RankedClient
from risk_assets.engine.dataset import Dataset
from risk_assets.engine.ranking.client_risk import RankingFiles, rank_clients
from risk_assets.engine.ranking.risk_summary import risk_summary
from risk_assets_tests.domain.clients import EVERY_FORM, clients_of_every_form, trained_on_every_form
from risk_assets_tests.engine.clients import write_clients
from risk_assets_tests.engine.parts import COLUMNS, Row, session_of, write_part

SCORECARD = Scorecard(
    intercept=0.5,
    threshold=0.4,
    numeric=(
        NumericShape("activity", (0.0, 10.0, 40.0), ((-2.0, 1.0), (-3.0, -1.0)), missing=0.0, mean=-1.0),
        NumericShape("size", (0.0, 100.0), ((-0.5, 0.25),), missing=0.1, mean=0.0),
    ),
    categorical=(CategoricalShape("region", {"north": 0.8, "=cmd": 0.9}, unknown=0.0, missing=-0.2, mean=0.1),),
)


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    return tmp_path / "client_risk.parquet"


def files_of(parquet: Path) -> RankingFiles:
    return RankingFiles(parquet, parquet.with_suffix(".csv"), parquet.with_name("client_status.parquet"))


def rank(
    parquet: Path, parts: Sequence[Sequence[Row]], *, columns: Columns = COLUMNS, card: Scorecard = SCORECARD
) -> pd.DataFrame:
    """Rank the rows of each part, whose names do not follow the reading order; return the parquet's rows."""
    folder = parquet.parent
    files = [write_part(folder / f"part{9 - place}.parquet", columns, rows) for place, rows in enumerate(parts)]
    with session_of(columns, folder / "spill") as session:
        rank_clients(session, Dataset(tuple(files)), card, files_of(parquet))
    with duckdb.connect() as connection:
        return connection.execute("SELECT * FROM read_parquet(?)", [str(parquet)]).df()


def sheet(parquet: Path) -> list[list[str]]:
    with parquet.with_suffix(".csv").open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_each_client_has_the_risk_of_its_latest_row_in_reading_order(parquet: Path) -> None:
    first: list[Row] = [("c1", 35, 80, "north", 0), ("c2", 1, 5, "south", 0), ("c2", 12, 5, None, 0)]
    second: list[Row] = [("c1", 2, 90, "north", 0)]

    found = rank(parquet, [first, second]).set_index("corporation")

    expected = SCORECARD.risk(
        {
            "activity": np.array([2.0, 12.0]),
            "size": np.array([90.0, 5.0]),
            "region": np.array(["north", None], dtype=object),
        }
    )
    np.testing.assert_allclose(found.loc[["c1", "c2"], "risk"], expected, atol=1e-12)
    assert len(found) == 2


def test_only_current_clients_are_ranked_and_the_status_of_all_is_told(parquet: Path) -> None:
    first: list[Row] = [("left", 1, 5, "n", 1), ("open", 1, 5, "n", None), ("stayed", 1, 5, "n", 0)]
    first += [("left before", 1, 5, "n", 1), ("returned", 1, 5, "n", 1)]
    second: list[Row] = [("left before", 2, 5, "n", None), ("returned", 2, 5, "n", 0)]

    found = rank(parquet, [first, second])

    assert sorted(found["corporation"]) == ["open", "returned", "stayed"]
    with duckdb.connect() as connection:
        status = connection.execute("FROM read_parquet(?)", [str(files_of(parquet).status)]).fetchall()
    assert [(client, word) for client, word, _, _ in status] == [
        ("left", "left"),
        ("left before", "left"),
        ("open", "current"),
        ("returned", "current"),
        ("stayed", "current"),
    ]
    with session_of(COLUMNS, parquet.parent / "spill") as session:
        summary = risk_summary(session, parquet, files_of(parquet).status, threshold=0.5)
    assert (summary.clients, summary.left) == (3, 2)


def test_a_client_is_compared_with_its_row_before_by_the_same_model(parquet: Path) -> None:
    first: list[Row] = [("fell", 35, 80, "north", 0), ("rose", 2, 80, "north", 0), ("same", 3, 5, None, 0)]
    second: list[Row] = [("fell", 20, 80, "north", None), ("rose", 35, 80, None, None), ("new", 1, 5, None, None)]
    second += [("fell", 2, 80, "north", None), ("same", 3, 5, None, None)]

    found = rank(parquet, [first, second]).set_index("corporation")

    risks = SCORECARD.risk(
        {
            "activity": np.array([20.0, 2.0, 35.0]),
            "size": np.array([80.0, 80.0, 80.0]),
            "region": np.array(["north", "north", None], dtype=object),
        }
    )
    assert found.loc["fell", "previous_risk"] == pytest.approx(risks[0])
    assert found.loc["fell", "change"] == pytest.approx(risks[1] - risks[0])
    assert found.loc["fell", "change_reason"] == "activity 20 to 2"
    assert found.loc["rose", "change"] == pytest.approx(risks[2] - risks[1])
    assert found.loc["rose", "change_reason"] == "activity 2 to 35"
    assert found.loc["same", "change"] == 0
    assert found["change_reason"].isna()[["same", "new"]].all()
    assert found["previous_risk"].isna()["new"]


def test_a_ranking_of_an_earlier_version_is_read_without_what_it_lacks(tmp_path: Path) -> None:
    old = tmp_path / "client_risk.parquet"
    with session_of(COLUMNS, tmp_path / "spill") as session:
        session.run(
            "COPY (SELECT 'a' AS corporation, 0.5 AS risk, 1 AS rank, 1 AS decile, 'why' AS reason_1, "
            f"NULL AS reason_2, NULL AS reason_3) TO '{old}' (FORMAT parquet)"
        )
        found = risk_summary(session, old, tmp_path / "client_status.parquet", threshold=0.5)
    assert found.top == (RankedClient("a", 0.5, 1, 1, ("why",)),)


def test_no_current_client_gives_an_empty_ranking(parquet: Path) -> None:
    assert len(rank(parquet, [[("a", 1, 5, "n", 1)]])) == 0
    assert len(sheet(parquet)) == 1


def test_clients_are_ranked_by_risk_and_equal_risks_by_id(parquet: Path) -> None:
    rows: list[Row] = [("b", 5, 5, None, 0), ("c", 1, 5, None, 0), ("a", 5, 5, None, 0)]

    found = rank(parquet, [rows])

    assert found["corporation"].tolist() == ["c", "a", "b"]
    assert found["rank"].tolist() == [1, 2, 3]
    assert found["risk"].is_monotonic_decreasing


@pytest.mark.parametrize(("clients", "sizes"), [(20, [2] * 10), (23, [3, 2, 2, 3, 2, 2, 3, 2, 2, 2]), (1, [1])])
def test_deciles_hold_a_tenth_of_the_clients_each_the_riskiest_first(
    parquet: Path, clients: int, sizes: list[int]
) -> None:
    found = rank(parquet, [[(f"c{place}", place, 5, None, 0) for place in range(clients)]])

    counted = found["decile"].value_counts().sort_index()
    assert counted.tolist() == sizes
    assert found["decile"].is_monotonic_increasing
    assert found["decile"].iloc[0] == 1


def test_reasons_name_the_strongest_features_first(parquet: Path) -> None:
    found = rank(parquet, [[("c1", 0, 50, "north", 0)]]).iloc[0]

    assert found["reason_1"].startswith("activity is 0")
    assert found["reason_2"].startswith("region is north")


def test_cells_that_a_spreadsheet_would_take_for_formulas_are_neutralised_in_the_csv_alone(parquet: Path) -> None:
    ids = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "plain", "a=b", 'quo"te', "com,ma", "two\nlines"]

    found = rank(parquet, [[(client, 5, 5, "=cmd", 0) for client in ids]])

    assert sorted(found["corporation"]) == sorted(ids)
    [head, *cells] = sheet(parquet)
    assert head == ["corporation", *FIGURES]
    dangerous = ("=", "+", "-", "@", "\t", "\r")
    assert not [cell for row in cells for cell in row if cell.startswith(dangerous)]
    assert sorted(row[0] for row in cells) == sorted(
        f"'{client}" if client[0] in dangerous else client for client in ids
    )


def test_a_reason_or_a_heading_that_looks_like_a_formula_is_neutralised_in_the_csv(parquet: Path) -> None:
    columns = replace(COLUMNS, id="=id", categorical=("@region",))
    card = replace(SCORECARD, categorical=(replace(SCORECARD.categorical[0], column="@region"),))

    found = rank(parquet, [[("c1", 9, 50, "north", 0)]], columns=columns, card=card)

    assert found.columns[0] == "=id"
    [head, row] = sheet(parquet)
    assert head[0] == "'=id"
    assert [cell for cell in row if cell.startswith("'@region is north")]


def test_the_csv_has_readable_risks_and_the_parquet_exact_ones(parquet: Path) -> None:
    found = rank(parquet, [[("c1", 3.3, 7.7, None, 0)]])

    assert sheet(parquet)[1][1] == f"{found['risk'].iloc[0]:.6f}"
    assert round(found["risk"].iloc[0], 6) != found["risk"].iloc[0]


def test_each_risk_has_the_interval_that_the_scorecard_gives_it(parquet: Path) -> None:
    card, rows = trained_on_every_form().scorecard, clients_of_every_form().features
    frame = pd.DataFrame({name: pd.Series(cells, dtype=cells.dtype) for name, cells in rows.items()})
    frame = frame.assign(client=[f"c{place}" for place in range(len(frame))], left=0)
    part = write_clients(parquet.with_name("part.parquet"), EVERY_FORM, frame)
    with session_of(EVERY_FORM, parquet.parent / "spill") as session:
        rank_clients(session, Dataset((part,)), card, files_of(parquet))
    with duckdb.connect() as connection:
        found = connection.execute("SELECT * FROM read_parquet(?)", [str(parquet)]).df().set_index("client")
    expected = card.interval(rows)
    assert expected is not None
    bounds = found.loc[frame["client"], ["risk_low", "risk_high"]].to_numpy()
    assert bounds == pytest.approx(np.column_stack(expected), rel=0, abs=1e-9)
    assert (found["risk_low"] < found["risk"]).all()
    assert (found["risk"] < found["risk_high"]).all()


def test_a_model_that_cannot_tell_how_sure_it_is_gives_no_interval(parquet: Path) -> None:
    assert rank(parquet, [[("c1", 3, 7, None, 0)]])[["risk_low", "risk_high"]].isna().all(axis=None)


def test_an_id_that_is_called_like_a_figure_does_not_clash(parquet: Path) -> None:
    found = rank(parquet, [[("c1", 3, 7, None, 0)]], columns=replace(COLUMNS, id="Rank"))

    assert list(found.columns[:6]) == ["client", "risk", "risk_low", "risk_high", "rank", "decile"]


def test_no_clients_make_an_empty_ranking(parquet: Path) -> None:
    assert rank(parquet, []).empty
    assert len(sheet(parquet)) == 1

    with session_of(COLUMNS, parquet.parent / "spill") as session:
        found = risk_summary(session, parquet, files_of(parquet).status, threshold=0.5)
    assert (found.clients, found.flagged, found.top, sum(found.histogram)) == (0, 0, (), 0)


def test_the_summary_counts_and_lists_what_was_ranked(parquet: Path) -> None:
    ranked = rank(parquet, [[(f"c{place:03d}", place / 4, 5, "north", 0) for place in range(150)]])
    threshold = float(ranked["risk"].iloc[39])

    with session_of(COLUMNS, parquet.parent / "spill") as session:
        found = risk_summary(session, parquet, files_of(parquet).status, threshold=threshold, top=3)

    assert (found.clients, found.flagged, found.threshold) == (150, 40, threshold)
    assert found.histogram == tuple(np.histogram(ranked["risk"], bins=20, range=(0, 1))[0])
    assert [client.rank for client in found.top] == [1, 2, 3]
    first = ranked.iloc[0]
    reasons = tuple(first[["reason_1", "reason_2", "reason_3"]].dropna())
    assert found.top[0] == RankedClient(
        first["corporation"],
        first["risk"],
        1,
        1,
        reasons,
        features={name: first[f"feature.{name}"] for name in COLUMNS.features},
    )
    assert found.top[0].change is None


@pytest.mark.parametrize("threads", [1, 4])
def test_many_clients_stand_in_the_order_of_rank_in_both_files_whatever_the_threads(
    parquet: Path, threads: int
) -> None:
    part = parquet.parent / "many.parquet"
    with session_of(COLUMNS, parquet.parent / "spill", threads) as session:
        session.run(
            "COPY (SELECT 'c' || i % 300000 AS corporation, CAST(i * 7919 % 40 AS DOUBLE) AS activity, "
            "CAST(i % 100 AS DOUBLE) AS size, 'north' AS region, 0 AS exited FROM range(400000) AS t(i)) "
            f"TO '{part}' (FORMAT parquet, ROW_GROUP_SIZE 20000)"
        )
        rank_clients(session, Dataset((part,)), SCORECARD, files_of(parquet))
        found = session.run(
            f"SELECT rank, risk, corporation FROM read_parquet('{parquet}') ORDER BY file_row_number"
        ).fetchall()

    assert [place for place, *_ in found] == list(range(1, 300_001))
    assert found == sorted(found, key=lambda row: (-row[1], row[2]))
    assert [int(row[4]) for row in sheet(parquet)[1:]] == list(range(1, 300_001))
    latest = {
        "activity": np.array([7919.0 * 300_000 % 40]),
        "size": np.array([0.0]),
        "region": np.array(["north"]),
    }
    [(risk,)] = [(risk,) for _, risk, name in found if name == "c0"]
    assert risk == pytest.approx(SCORECARD.risk(latest)[0])


@pytest.mark.parametrize("name", ["file_row_number", "FILE_INDEX"])
def test_columns_that_are_called_like_the_engines_own_are_read_as_columns(parquet: Path, name: str) -> None:
    columns = replace(COLUMNS, numeric=(replace(COLUMNS.numeric[0], name=name), COLUMNS.numeric[1]))
    card = replace(SCORECARD, numeric=(replace(SCORECARD.numeric[0], column=name), SCORECARD.numeric[1]))
    rows: list[Row] = [("c1", 35, 80, "north", 0), ("c2", 1, 5, "south", None), ("c1", 2, 80, "north", 0)]

    found = rank(parquet, [rows], columns=columns, card=card)

    assert found["reason_1"].str.startswith(name).tolist() == [True, True]
    assert found.set_index("corporation")["risk"].to_dict() == pytest.approx(
        {
            client: SCORECARD.risk(
                {"activity": np.array([x]), "size": np.array([y]), "region": np.array([z], dtype=object)}
            )[0]
            for client, x, y, z in (("c1", 2.0, 80.0, "north"), ("c2", 1.0, 5.0, "south"))
        }
    )
