from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_assets.domain.columns import UNDESCRIBED, Columns
from risk_assets.domain.display import Display
from risk_assets.domain.model.reasons import reasons
from risk_assets.domain.model.scorecard import Family, Scorecard
from risk_assets.domain.model.shapes import CategoricalShape, NumericShape
from risk_assets.domain.model.training import TrainedModel
from risk_assets.domain.model.words import value_text
from risk_assets.engine.duck.session import DuckSession, open_duckdb
from risk_assets.engine.model.reasons_sql import reasons_query
from risk_assets.engine.model.scorecard_sql import log_odds_sql, placed, risk_sql
from risk_assets.engine.model.words_sql import value_text as value_text_sql
from risk_assets.engine.sql import literal, quote
from risk_assets_tests.domain.clients import (
    EVERY_FORM,
    MIXED,
    arrays,
    clients_of_every_form,
    trained_on_every_form,
    trained_on_mixed_clients,
)
from risk_assets_tests.domain.rows import rows_of

MODELS = [(trained_on_mixed_clients(), MIXED), (trained_on_every_form(), EVERY_FORM)]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckSession]:
    spill = tmp_path_factory.mktemp("spill")
    with open_duckdb(MIXED, memory_limit="500MB", threads=1, spill=spill) as opened:
        yield opened


def load(session: DuckSession, frame: pd.DataFrame) -> None:
    """Make a table `clients` of doubles and texts in which a missing number is NULL or, in even rows, NaN."""
    kinds = ", ".join(
        f"{quote(str(name))} {'VARCHAR' if column.dtype == object else 'DOUBLE'}" for name, column in frame.items()
    )
    session.run(f"CREATE OR REPLACE TABLE clients (place BIGINT, {kinds})")
    marks = ", ".join("?" * frame.shape[1])
    for place, cells in enumerate(frame.itertuples(index=False)):
        row = [None if place % 2 and pd.isna(cell) else cell for cell in cells]
        session.run(f"INSERT INTO clients VALUES ({place}, {marks})", row)


def reasons_of(
    session: DuckSession, card: Scorecard, table: str, k: int = 3, schema: Columns = UNDESCRIBED
) -> list[list[str]]:
    """Return the reasons of the rows of a table with the column place, in its order."""
    named = zip(placed(card).features, card.features, strict=True)
    cells = ", ".join(f"{quote(feature)} AS {name}" for name, feature in named)
    scored = f"(SELECT *, {log_odds_sql(placed(card))} AS log_odds FROM (SELECT place, {cells} FROM {table}))"
    query = reasons_query(card, scored, ["place"], k, schema=schema)
    found = session.run(f"SELECT * FROM ({query}) ORDER BY place").fetchall()
    return [[reason for reason in row[1:] if reason is not None] for row in found]


def column_of(session: DuckSession, expression: str) -> list[object]:
    return [row[0] for row in session.run(f"SELECT {expression} FROM clients ORDER BY place").fetchall()]


@pytest.mark.parametrize(("model", "columns"), MODELS)
@settings(max_examples=15)
@given(data=st.data())
def test_sql_numpy_and_pipeline_agree_on_any_row(
    session: DuckSession, model: TrainedModel, columns: Columns, data: st.DataObject
) -> None:
    frame = data.draw(rows_of(columns))
    load(session, frame)
    in_sql = column_of(session, risk_sql(model.scorecard))
    assert in_sql == pytest.approx(model.scorecard.risk(arrays(frame, columns)), rel=0, abs=1e-9)
    assert in_sql == pytest.approx(model.pipeline.predict_proba(frame)[:, 1], rel=0, abs=1e-9)


def described_by(data: st.DataObject, columns: Columns) -> Columns:
    """Return the columns with labels and units of any text, and some on which nobody can act."""
    words = st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=5)
    displays = (data.draw(st.builds(Display, st.just(name), words, words)) for name in columns.features)
    return replace(columns, display=tuple(displays))


@pytest.mark.parametrize(("model", "columns"), MODELS)
@settings(max_examples=12)
@given(data=st.data())
def test_sql_words_reasons_exactly_as_python_does(
    session: DuckSession, model: TrainedModel, columns: Columns, data: st.DataObject
) -> None:
    frame = data.draw(rows_of(columns))
    load(session, frame)
    described = described_by(data, columns)
    worded = reasons(model.scorecard, arrays(frame, columns), schema=described)
    expected = [[reason.text for reason in row] for row in worded]
    assert reasons_of(session, model.scorecard, "clients", schema=described) == expected


def test_sql_words_a_family_as_python_does(session: DuckSession) -> None:
    model, rows = trained_on_every_form(), clients_of_every_form().features
    card = replace(model.scorecard, families=(Family(("activity",), ("balance__eur", "region")),))
    few = {name: cells[:40] for name, cells in rows.items()}
    load(session, pd.DataFrame({name: pd.Series(cells, dtype=cells.dtype) for name, cells in few.items()}))
    expected = [[reason.text for reason in row] for row in reasons(card, few)]
    assert reasons_of(session, card, "clients") == expected
    assert any("activity is" in row[0] and "; usual: " in row[0] for row in expected)


@given(x=st.floats(allow_infinity=False) | st.floats(-2e3, 2e3) | st.integers(-(10**7), 10**7).map(float))
def test_sql_writes_a_number_as_python_does(session: DuckSession, x: float) -> None:
    shape = NumericShape("x", (0.0, 3.0), ((3.0, 0.0),), missing=0.0, mean=0.0)
    written = session.run(
        f"SELECT {value_text_sql(shape, 'x', 'EUR')} FROM (SELECT {literal(repr(x))}::DOUBLE AS x)"
    )
    assert written.fetchall() == [(value_text(x, "EUR"),)]


def test_names_and_categories_with_quotes_cannot_break_out_of_the_sql(session: DuckSession) -> None:
    name, category = 'a "quoted" name\'', "'; DROP TABLE clients; --"
    card = Scorecard(0.0, 0.5, (), (CategoricalShape(name, {category: 2.0}, unknown=0.0, missing=0.0, mean=0.0),))
    table = f"(SELECT 1 AS place, {literal(category)} AS {quote(name)})"
    [(risk,)] = session.run(f"SELECT {risk_sql(card)} FROM {table}").fetchall()
    assert risk == pytest.approx(1 / (1 + math.exp(-2)))
    assert reasons_of(session, card, table) == [[f"{name} is {category}: 88 %, on average 50 %"]]


def test_a_whole_number_column_is_scored_like_a_double(session: DuckSession) -> None:
    card = Scorecard(0.0, 0.5, (NumericShape("x", (0.0, 3.0), ((3.0, 0.0),), missing=0.0, mean=0.0),), ())
    [(risk,)] = session.run(f"SELECT {risk_sql(card)} FROM (SELECT 1 AS x)").fetchall()
    assert risk == pytest.approx(card.risk({"x": np.array([1.0])})[0], rel=0, abs=1e-12)
    assert reasons_of(session, card, "(SELECT 1 AS place, 1 AS x)") == [["x is 1: 73 %, on average 50 %"]]


@pytest.mark.parametrize("steep", [1e4, 1e300])
def test_log_odds_beyond_any_double_give_a_certain_risk_in_sql_too(session: DuckSession, steep: float) -> None:
    card = Scorecard(
        0.0, 0.5, (NumericShape("x", (-1.0, 1.0), ((2 * steep, -steep),), missing=0.0, mean=0.0),), ()
    )
    found = session.run(f"SELECT {risk_sql(card)} FROM (VALUES (-1e0), (0e0), (1e0)) AS t(x)").fetchall()
    assert [risk for (risk,) in found] == pytest.approx([0.0, 0.5, 1.0])


def test_sql_explains_the_side_that_the_client_is_on_first(session: DuckSession) -> None:
    shapes = tuple(
        NumericShape(name, (0.0, 1.0), ((end, 0.0),), missing=0.0, mean=0.0)
        for name, end in (("x", -2.0), ("y", 1.0), ("z", 1.0))
    )
    card = Scorecard(0.0, 0.5, shapes, ())
    rows = "(VALUES (1, 1e0, 1e0, 1e0), (2, 1e0, 1e0, 9e-1)) AS t(place, x, y, z)"
    assert reasons_of(session, card, f"(FROM {rows})", 2) == [
        ["y is 1: 50 %, on average 27 %", "z is 1: 50 %, on average 27 %"],
        ["x is 1: 48 %, on average 87 %", "y is 1: 48 %, on average 25 %"],
    ]


def test_only_the_strongest_reasons_are_listed(session: DuckSession) -> None:
    shapes = tuple(
        NumericShape(f"x{place}", (0.0, 1.0), ((float(place), 0.0),), missing=0.0, mean=0.0) for place in range(6)
    )
    cells = ", ".join(f"1e0 AS x{place}" for place in range(6))
    card = Scorecard(-10.0, 0.5, shapes, ())
    [said] = reasons_of(session, card, f"(SELECT 1 AS place, {cells})", 2)
    assert said == ["x5 is 1: 99.33 %, on average 50 %", "x4 is 1: 99.33 %, on average 73 %"]
