"""Where the rows of finaldata are, by its account."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.storage.layout import Layout


def parts(layout: Layout, ingestion: Ingestion) -> tuple[Path, ...]:
    """Return the parts of finaldata in reading order."""
    return tuple(layout.finaldata_parquet / file.part for file in ingestion.files if file.part)


def parts_with_redelivered(layout: Layout, ingestion: Ingestion) -> tuple[Path, ...]:
    """Return the parts of finaldata in reading order, each followed by what its file delivers again.

    The last row of a client in them is its latest; the others are no use, as some are there twice.
    """
    found = (
        (layout.finaldata_parquet, file.part, layout.redelivered, file.redelivered) for file in ingestion.files
    )
    return tuple(
        folder / name
        for parts, part, again, redelivered in found
        for folder, name in ((parts, part), (again, redelivered))
        if name
    )


def teaching_parts(layout: Layout, ingestion: Ingestion) -> tuple[Path, ...]:
    """Return the parts whose files do not wait for outcomes, in reading order."""
    return parts_of(layout, ingestion, {file.name for file in ingestion.files if file.waiting is None})


def parts_of(layout: Layout, ingestion: Ingestion, names: Collection[str]) -> tuple[Path, ...]:
    """Return the parts of the source files of these names, in reading order."""
    wanted = (file for file in ingestion.files if file.name in names)
    return tuple(layout.finaldata_parquet / file.part for file in wanted if file.part)
