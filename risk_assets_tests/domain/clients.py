"""Client rows with everything that a table may hold, and a model trained on them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk_assets.domain.columns import Columns, NumericColumn
from risk_assets.domain.model.training import TrainedModel, train
from risk_assets.domain.model.training_rows import TrainingRows
from risk_assets.domain.simulate import SimulatedClients

MIXED = Columns(
    id="client",
    target="left",
    positive="1",
    negative="0",
    numeric=tuple(NumericColumn(name) for name in ("activity", "balance__eur", "flag", "same", "blank")),
    categorical=("region", "remainder", "only"),
)
SIMULATED = Columns(
    id="corporation",
    target="exited",
    positive="1",
    negative="0",
    numeric=tuple(
        NumericColumn(name, 0) for name in ("lastmonth_activity", "lastyear_activity", "number_of_employees")
    ),
)


def mixed_clients(rows: int = 600, seed: int = 0) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Heavy tails, negative numbers, ties, constants, blanks, rare categories and missing ones, with labels."""
    rng = np.random.default_rng(seed)
    activity, balance = np.floor(rng.lognormal(2, 1.5, rows)), rng.normal(-50, 1e4, rows)
    region = rng.choice(np.array(["north", "it's", "(missing)", "", None], dtype=object), rows)
    odds = -np.log1p(activity) + (region == "north") + np.where(activity > 20, balance, 0) / 1e4 + 1
    frame = pd.DataFrame({
        "activity": np.where(rng.random(rows) < 0.05, np.nan, activity),
        "balance__eur": balance,
        "flag": (rng.random(rows) < 0.004).astype(float),
        "same": np.full(rows, 3.0),
        "blank": np.full(rows, np.nan),
        "region": pd.Series(region, dtype=object),
        "remainder": pd.Series([f"level {int(level)}" for level in rng.exponential(25, rows)], dtype=object),
        "only": pd.Series(["all alike"] * rows, dtype=object),
    })  # fmt: skip
    frame.loc[0, "flag"] = 1.0
    return frame, (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.int64)


@lru_cache
def trained_on_mixed_clients() -> TrainedModel:
    frame, target = mixed_clients()
    return train(TrainingRows(arrays(frame, MIXED), target), MIXED, threshold=None)


def clients_of_every_form(rows: int = 3000, seed: int = 0) -> TrainingRows:
    """A wave, a number that is often 0 beside it, few levels, categories, and two pairs that act together."""
    rng = np.random.default_rng(seed)
    activity = rng.normal(size=rows)
    balance = np.where(rng.random(rows) < 0.3, 0.0, rng.lognormal(1, 1.5, rows))
    products = rng.integers(0, 4, rows).astype(float)
    region = np.array([*"abcdefgh", None], dtype=object)[rng.integers(0, 9, rows)]
    blank = rng.random(rows) < 0.1
    odds = np.sin(2 * activity) * np.where(balance == 0, 2.0, 0.5) + 0.4 * products + blank - 1.5
    odds += 1.5 * activity * (region == "a")
    cells = {"activity": activity, "balance__eur": np.where(blank, np.nan, balance), "products": products}
    left = (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    return TrainingRows({**cells, "region": region}, left)


EVERY_FORM = Columns(
    "client", "left", "1", "0", tuple(map(NumericColumn, ("activity", "balance__eur", "products"))), ("region",)
)


@lru_cache
def trained_on_every_form() -> TrainedModel:
    return train(clients_of_every_form(), EVERY_FORM, threshold=None)


def arrays(frame: pd.DataFrame, columns: Columns) -> dict[str, NDArray[np.float64] | NDArray[np.object_]]:
    """The columns of a table as a scorecard takes them."""
    numeric = {column.name: frame[column.name].to_numpy(dtype=np.float64) for column in columns.numeric}
    return {**numeric, **{name: frame[name].to_numpy(dtype=object) for name in columns.categorical}}


def labelled(world: SimulatedClients) -> TrainingRows:
    """Features and labels of simulated clients."""
    return TrainingRows(arrays(world.frame, SIMULATED), world.frame["exited"].to_numpy())
