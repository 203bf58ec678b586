"""Where the rows of finaldata are, by its account."""

from __future__ import annotations

from collections.abc import Collection

from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.engine.dataset import Dataset, Outcomes
from risk_assets.storage.layout import Layout


def rows_of(layout: Layout, ingestion: Ingestion) -> Dataset:
    """Return the rows of finaldata in reading order."""
    return rows_of_files(layout, ingestion, {file.name for file in ingestion.files})


def rows_with_redelivered(layout: Layout, ingestion: Ingestion) -> Dataset:
    """Return the rows of finaldata in reading order, those of each file followed by what it delivers again.

    The last row of a client in them is its latest; the others are no use, as some are there twice.
    """
    found = (
        (layout.finaldata_parquet, file.part, layout.redelivered, file.redelivered) for file in ingestion.files
    )
    parts = (
        folder / name
        for parts, part, again, redelivered in found
        for folder, name in ((parts, part), (again, redelivered))
        if name
    )
    return Dataset(tuple(parts), outcomes_of(layout, ingestion))


def teaching_rows(layout: Layout, ingestion: Ingestion) -> Dataset:
    """Return the rows of files that do not wait for outcomes, in reading order."""
    return rows_of_files(layout, ingestion, {file.name for file in ingestion.files if file.waiting is None})


def rows_of_files(layout: Layout, ingestion: Ingestion, names: Collection[str]) -> Dataset:
    """Return the rows of the source files of these names, in reading order."""
    wanted = (file for file in ingestion.files if file.name in names)
    parts = tuple(layout.finaldata_parquet / file.part for file in wanted if file.part)
    return Dataset(parts, outcomes_of(layout, ingestion))


def outcomes_of(layout: Layout, ingestion: Ingestion) -> Outcomes | None:
    """Return how the outcomes of rows follow, None where files hold them."""
    account = ingestion.outcomes
    if account is None:
        return None
    return Outcomes(
        layout.leavings / account.leavings, account.complete_until, account.reached, account.rules.horizon_days
    )
