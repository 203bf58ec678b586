from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from risk_assets_tests.panel_reference import Rules, backtest, best_column, label, reached, read_panel

TEN = Rules(10)


def rows(*pairs: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame([*pairs], columns=["id", "as_of"])


def leavings(*told: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame([*told], columns=["id", "left_on", "arrived"])


def outcomes(frame: pd.DataFrame) -> list[int | None]:
    return [None if pd.isna(value) else int(value) for value in frame["outcome"]]


def labelled(frame: pd.DataFrame, told: pd.DataFrame, rules: Rules = TEN) -> pd.DataFrame:
    return label(frame, told, rules)


def backtested(
    frame: pd.DataFrame, told: pd.DataFrame, model: object, *, periods: int = 6, apart: Sequence[str] = ()
) -> pd.DataFrame:
    """A list of one client a day."""
    return backtest(frame, told, TEN, model, features=["calls"], capacity=1, periods=periods, apart=apart)


LATE = ("other", "2025-03-01", "2025-03-01")


@pytest.mark.parametrize(
    ("left_on", "outcome"),
    [("2025-01-02", 1), ("2025-01-11", 1), ("2025-01-12", 0)],
    ids=["the day after", "on the last day", "a day too late"],
)
def test_a_complete_row_has_left_when_its_client_leaves_within_the_horizon(left_on: str, outcome: int) -> None:
    told = leavings(("a", left_on, left_on), LATE)
    assert outcomes(labelled(rows(("a", "2025-01-01"), ("b", "2025-01-01")), told)) == [outcome, 0]


def test_a_row_is_complete_on_the_day_on_which_the_last_leaving_can_have_been_reported() -> None:
    told = leavings(("a", "2025-01-13", "2025-01-13"))
    found = labelled(rows(("b", "2025-01-01"), ("b", "2025-01-02")), told, Rules(10, reported_within=2))
    assert outcomes(found) == [0, None]
    assert found["complete"].tolist() == [True, False]


def test_a_young_row_is_unknown_also_where_its_client_has_left() -> None:
    told = leavings(("a", "2025-01-05", "2025-01-05"))
    assert outcomes(labelled(rows(("a", "2025-01-01")), told)) == [None]


def test_how_far_outcomes_are_known_can_be_declared_and_is_nowhere_without_any() -> None:
    nothing = leavings()
    assert reached(nothing) is None
    assert outcomes(labelled(rows(("a", "2025-01-01")), nothing)) == [None]
    assert outcomes(labelled(rows(("a", "2025-01-01")), nothing, Rules(10, until="2025-01-11"))) == [0]


def test_an_announced_leaving_does_not_tell_how_far_outcomes_are_known() -> None:
    told = leavings(("a", "2025-06-01", "2025-01-20"), ("b", "2025-01-09", "2025-01-20"))
    assert reached(told) == pd.Timestamp("2025-01-09")


@pytest.mark.parametrize(
    ("as_of", "state", "outcome"),
    [
        ("2025-01-14", "before", 1),
        ("2025-01-15", "after_leaving", None),
        ("2025-01-25", "after_leaving", None),
        ("2025-01-26", "returned", 0),
    ],
)
def test_a_client_that_left_is_listed_by_mistake_for_a_horizon_and_has_returned_after_it(
    as_of: str, state: str, outcome: int | None
) -> None:
    found = labelled(rows(("a", as_of)), leavings(("a", "2025-01-15", "2025-01-15"), LATE))
    assert [name for name in ("after_leaving", "returned") if found[name].item()] == [state][state == "before" :]
    assert outcomes(found) == [outcome]


def test_a_client_that_returned_can_leave_again() -> None:
    told = leavings(("a", "2025-01-05", "2025-01-05"), ("a", "2025-02-05", "2025-02-05"), LATE)
    found = labelled(rows(("a", "2025-01-01"), ("a", "2025-01-20"), ("a", "2025-02-01")), told)
    assert outcomes(found) == [1, 0, 1]
    assert found["returned"].tolist() == [False, True, True]


def test_labels_stand_beside_the_rows_in_the_order_of_the_rows() -> None:
    given = rows(("b", "2025-01-01"), ("a", "2025-01-01")).set_index(pd.Index([7, 3]))
    found = labelled(given, leavings(("a", "2025-01-05", "2025-01-05"), LATE))
    assert found.index.tolist() == [7, 3]
    assert outcomes(found) == [0, 1]


def test_the_best_column_is_that_of_the_training_rows_with_its_direction() -> None:
    training = pd.DataFrame(
        {"outcome": [1, 1, 0, 0], "calls": [1.0, 2.0, 3.0, np.nan], "size": [1.0, 3.0, 2.0, 4.0]}
    )
    assert best_column(training, ["size", "calls"]) == ("calls", -1)


def monthly_world() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Four clients on five days, twenty days apart; who has few calls leaves five days later, and is replaced."""
    days = pd.date_range("2025-01-01", periods=5, freq="20D")
    table, told = [], []
    for number, day in enumerate(days):
        for name, calls in (("few", 1.0), ("more", 5.0), ("many", 9.0), ("most", 12.0)):
            client = f"few{number}" if name == "few" else name
            table.append((client, day, calls))
        left_on = day + pd.Timedelta(days=5)
        told.append((f"few{number}", left_on, left_on))
    return (
        pd.DataFrame(table, columns=["id", "as_of", "calls"]),
        pd.DataFrame(told, columns=["id", "left_on", "arrived"]),
    )


def test_a_backtest_names_the_clients_that_a_model_of_that_day_ranks_first() -> None:
    table, told = monthly_world()
    found = backtested(table, told, LogisticRegression())
    # A day is complete once a later leaving is known: the last is not, and on the first two nothing was.
    assert found["as_of"].dt.strftime("%m-%d").tolist() == ["02-10", "03-02"]
    assert found["training_rows"].tolist() == [4, 8]
    assert found["hits"].tolist() == found["column_hits"].tolist() == [1, 1]
    assert found["random_hits"].tolist() == [0.25, 0.25]
    assert set(zip(found["column"], found["direction"], strict=True)) == {("calls", -1)}


def test_only_the_last_complete_days_are_looked_at_and_clients_set_apart_train_nowhere() -> None:
    table, told = monthly_world()
    found = backtested(table, told, LogisticRegression(), periods=1, apart=["most"])
    assert found[["training_rows", "clients"]].to_numpy().tolist() == [[6, 4]]


def test_what_is_reported_after_a_day_changes_neither_its_model_nor_its_list() -> None:
    table, told = monthly_world()
    as_it_was = backtested(table, told, DecisionTreeClassifier())
    late = told.assign(arrived=told["arrived"].where(told.index != 1, pd.Timestamp("2025-02-25")))
    found = backtested(table, late, DecisionTreeClassifier())
    # On 10 February the leaving of 26 January was not reported yet: outcomes were known until 6 January alone.
    assert found["as_of"].dt.strftime("%m-%d").tolist() == ["03-02"]
    assert found.iloc[-1]["training_rows"] == as_it_was.iloc[-1]["training_rows"] == 8


@pytest.mark.parametrize(
    ("reported", "clients", "hits"),
    [("2025-02-26", 4, 1), ("2025-03-20", 5, 0)],
    ids=["it was known", "it was not known"],
)
def test_a_client_that_had_left_is_named_in_vain_unless_that_was_known(
    reported: str, clients: int, hits: int
) -> None:
    table, told = monthly_world()
    stale = pd.DataFrame({"id": ["gone"], "as_of": [pd.Timestamp("2025-03-02")], "calls": [0.5]})
    silent = pd.DataFrame(
        {"id": ["gone"], "left_on": [pd.Timestamp("2025-02-25")], "arrived": [pd.Timestamp(reported)]}
    )
    found = backtested(
        pd.concat([table, stale], ignore_index=True),
        pd.concat([told, silent], ignore_index=True),
        LogisticRegression(),
        periods=1,
    )
    assert found[["clients", "left", "hits"]].to_numpy().tolist() == [[clients, 1, hits]]


def test_files_are_read_with_the_day_on_which_they_came(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    (tmp_path / "left").mkdir()
    (tmp_path / "rows" / "a.csv").write_text("corporation,as_of\nnull,2025-01-01\n")
    file = tmp_path / "left" / "a.csv"
    file.write_text("corporation,left_on\nnull,2025-01-05\n")
    noon = pd.Timestamp("2025-01-06 12:00").timestamp()
    os.utime(file, (noon, noon))

    table, told = read_panel(tmp_path / "rows", tmp_path / "left")

    assert table.to_numpy().tolist() == [["null", "2025-01-01"]]
    assert told["arrived"].tolist() == [pd.Timestamp("2025-01-06")]
