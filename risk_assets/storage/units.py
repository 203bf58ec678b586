"""Files that belong together: what an asset writes, or a source folder holds, and which makes the rest valid."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from risk_assets.engine.intake.formats import SUFFIXES
from risk_assets.storage.layout import Layout


@dataclass(frozen=True)
class Unit:
    """Names below `folder`, in the order in which they are published: the last one makes the others valid.

    A name that ends with / is a folder with all that it holds. `for_people` is written for people and never read
    back, so it goes up and never comes down; `of_the_writer` is fetched only by who writes the unit. Of an
    `append_only` unit every machine writes files of its own: nothing that is only here is dropped. A unit without
    names is a folder of files with one of the `suffixes`.
    """

    key: str
    folder: Path
    names: tuple[str, ...] = ()
    for_people: tuple[str, ...] = ()
    of_the_writer: tuple[str, ...] = ()
    append_only: bool = False
    suffixes: tuple[str, ...] = SUFFIXES

    @property
    def _all(self) -> tuple[str, ...]:
        return (*self.for_people, *self.names)

    def holds(self, name: str) -> bool:
        """Whether a file of this name belongs to the unit."""
        if not self._all:
            return "/" not in name and name.lower().endswith(self.suffixes)
        return _is_among(name, self._all)

    def reads(self, name: str, *, writer: bool) -> bool:
        """Whether a file of this name is fetched, by who writes the unit or by others."""
        if not self.holds(name) or _is_among(name, self.for_people):
            return False
        return writer or not _is_among(name, self.of_the_writer)

    def rank(self, name: str) -> tuple[int, str]:
        """Return a key that sorts names as they are published."""
        order = self._all
        return next((place for place, one in enumerate(order) if _is_among(name, (one,))), len(order)), name

    def local(self) -> list[str]:
        """Return the names of the unit's files here, as they are published; what is hidden does not count."""
        tops = dict.fromkeys(name.partition("/")[0] for name in self._all)
        places = [self.folder / top for top in tops] if tops else [self.folder]
        found = (_below(self.folder, file) for place in places for file in _files(place))
        return sorted(filter(self.holds, found), key=self.rank)


def _is_among(name: str, names: Iterable[str]) -> bool:
    return any(name.startswith(one) if one.endswith("/") else name == one for one in names)


def _below(folder: Path, file: Path) -> str:
    return file.relative_to(folder).as_posix()


def _files(place: Path) -> Iterable[Path]:
    if place.is_file():
        yield place
    elif place.is_dir():
        for inner in place.iterdir():
            if not inner.name.startswith("."):
                yield from _files(inner)


def units_of(layout: Layout) -> dict[str, Unit]:
    """Return the units of a layout by key: those of assets have the asset's own."""
    models = layout.models
    found: tuple[Unit, ...] = (
        Unit("sourcedata", layout.input),
        *([Unit("testdata", layout.testdata)] if layout.test_share is None else []),
        *([Unit("outcomes", layout.outcomes)] if layout.outcomes else []),
        Unit("sources", layout.ingested, (_folder(layout.sources),)),
        _finaldata(layout),
        Unit("trained_model", models, _trained(layout)),
        Unit(
            "latest_score",
            models,
            (layout.latestscore.name, layout.score_history.name, layout.metrics.name),
            for_people=(layout.confusionmatrix.name,),
        ),
        Unit(
            "deployed_model",
            layout.deployment,
            (_folder(layout.versions), layout.deployments.name, layout.current.name),
        ),
        Unit(
            "client_risk",
            models,
            (layout.client_status.name, layout.client_risk_origin.name, layout.client_risk_parquet.name),
            for_people=(layout.client_risk_csv.name,),
        ),
        Unit("drift", models, (layout.drift_history.name, layout.drift.name)),
        Unit("backtest", models, (layout.backtest.name,)),
        Unit("diagnostics", models, (layout.diagnostics.name,)),
        Unit("report", models, (layout.summary_report.name,), for_people=(_folder(layout.charts),)),
        Unit("apireturns", models, (), for_people=(layout.apireturns.name,)),
        Unit("predictions", layout.predictions, append_only=True, suffixes=(".jsonl",)),
    )
    return {unit.key: unit for unit in found}


def _finaldata(layout: Layout) -> Unit:
    return Unit(
        "finaldata",
        layout.ingested,
        (
            _folder(layout.parsed),
            _folder(layout.finaldata_parquet),
            _folder(layout.redelivered),
            _folder(layout.outcomes_parsed),
            _folder(layout.outcomes_parquet),
            _folder(layout.leavings),
            layout.source_objects.name,
            layout.feed_verdicts.name,
            layout.ingestion.name,
        ),
        for_people=(
            _folder(layout.quarantine),
            _folder(layout.refused),
            _folder(layout.outcomes_quarantine),
            layout.finaldata_csv.name,
            layout.ingestedfiles.name,
        ),
        of_the_writer=(_folder(layout.parsed), _folder(layout.outcomes_parsed)),
    )


def _trained(layout: Layout) -> tuple[str, ...]:
    files = (
        layout.trainedmodel,
        layout.scorecard,
        layout.reference,
        layout.trained_on,
        layout.trained_on_files,
        layout.trained_rows,
        layout.training,
    )
    return tuple(file.name for file in files)


def _folder(path: Path) -> str:
    return f"{path.name}/"
