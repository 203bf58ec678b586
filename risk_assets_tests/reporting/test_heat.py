from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from risk_assets.domain.drift.profile import CategoricalProfile, NumericProfile, Profile
from risk_assets.domain.model.scorecard import Scorecard, risk_at
from risk_assets.domain.model.shapes import CategoricalShape, NumericShape
from risk_assets.reporting.charts.heat import Cell, HeatMap, heat_maps
from risk_assets_tests.domain.clients import trained_on_every_form
from risk_assets_tests.serve.deployed import SURE

NOTHING = Profile(0, 0, 0, (), ())


def some_missing(*names: str) -> Profile:
    numeric = tuple(NumericProfile(name, 100, 3, None, None, None, None, None) for name in names)
    return Profile(100, 100, 10, numeric, (CategoricalProfile("region", 100, 0, 2, (("a", 100),)),))


def cells_of(drawn: HeatMap) -> dict[tuple[str, str], float]:
    return {
        (down, across): cell.risk
        for down, cells in zip(drawn.row_labels, drawn.rows, strict=True)
        for across, cell in zip(drawn.column_labels, cells, strict=True)
    }


def test_a_cell_is_the_risk_of_a_client_with_these_two_values_and_usual_ones() -> None:
    [drawn] = heat_maps(SURE, NOTHING)
    client: dict[str, Cell] = {"activity": 0.0, "employees": 100.0, "industry": "mining"}
    cells = cells_of(drawn)

    assert cells["mining", "0"] == pytest.approx(SURE.risk_of(client))
    assert cells["any other", "100"] == pytest.approx(SURE.risk_of({**client, "activity": 100.0, "industry": "x"}))


def test_cells_above_the_usual_risk_and_below_it_have_shades_of_their_own() -> None:
    usual = float(risk_at(np.array(trained_on_every_form().scorecard.usual_log_odds)))
    for drawn in heat_maps(trained_on_every_form().scorecard, NOTHING):
        cells = [cell for row in drawn.rows for cell in row]
        assert all((cell.risk - usual) * cell.shade >= 0 for cell in cells)
        assert max(abs(cell.shade) for cell in cells) == 5
        assert max(cells, key=lambda cell: cell.risk).shade == max(cell.shade for cell in cells)


def test_a_pair_that_does_next_to_nothing_stays_pale() -> None:
    activity = NumericShape("activity", (0.0, 100.0), ((0.0,),), 0.0, 0.0, usual=30.0)
    industry = CategoricalShape("industry", {"mining": 0.0}, 0.0, 0.0, 0.0, usual="mining")
    weak = replace(SURE.pairs[0], values=((0.05, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)))
    [drawn] = heat_maps(Scorecard(-1.0, 0.5, (activity,), (industry,), (weak,), format=2), NOTHING)

    assert {cell.shade for row in drawn.rows for cell in row} == {0}


def test_the_column_with_more_labels_goes_down() -> None:
    for drawn in heat_maps(trained_on_every_form().scorecard, NOTHING):
        assert len(drawn.row_labels) >= len(drawn.column_labels)
        assert [len(row) for row in drawn.rows] == [len(drawn.column_labels)] * len(drawn.row_labels)


def test_missing_values_have_a_row_where_there_are_some() -> None:
    scorecard = trained_on_every_form().scorecard
    without, having = (
        next(drawn for drawn in heat_maps(scorecard, known) if drawn.down == "balance__eur")
        for known in (NOTHING, some_missing("balance__eur"))
    )

    assert "missing" not in without.row_labels
    assert having.row_labels == (*without.row_labels, "missing")


def test_a_number_that_many_clients_share_has_a_row_of_its_own() -> None:
    drawn = next(
        each for each in heat_maps(trained_on_every_form().scorecard, NOTHING) if each.down == "balance__eur"
    )

    assert drawn.row_labels[0] == "0"


@pytest.mark.parametrize(
    ("activity", "industry", "expected"),
    [
        (0.0, "mining", ("0", "mining")),
        (45.0, "fishing", ("0", "any other")),
        (1e9, "retail", ("100", "any other")),
        (None, None, ("missing", "missing")),
    ],
)
def test_the_nearest_cell_is_that_of_the_client(activity: Cell, industry: Cell, expected: tuple[str, str]) -> None:
    [drawn] = heat_maps(SURE, NOTHING, {"activity": activity, "employees": 5.0, "industry": industry})
    marked = [
        (down, across)
        for down, cells in zip(drawn.row_labels, drawn.rows, strict=True)
        for across, cell in zip(drawn.column_labels, cells, strict=True)
        if cell.is_client
    ]

    assert marked == [expected if drawn.down == "activity" else expected[::-1]]
