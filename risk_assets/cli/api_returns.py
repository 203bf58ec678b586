"""What the API answered, as a text for people: one section per question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from risk_assets.cli.api_client import CallError
from risk_assets.domain.drift.profile import Profile
from risk_assets.domain.figures import figure
from risk_assets.domain.scoring.metrics import Estimate
from risk_assets.reporting import wording
from risk_assets.serve.api.answers import DiagnosticsAnswer, Scoring, SummaryStats

Model = TypeVar("Model", bound=BaseModel)
Row = Sequence[object]

LONGEST_CELL = 200


class PredictedClient(BaseModel):
    """A client of the answer."""

    id: str | int | None = None
    risk: float
    predicted: int | str


class PredictionAnswer(BaseModel):
    """What POST /prediction answers."""

    version: str
    threshold: float
    predictions: list[PredictedClient]


def api_returns(url: str, filepath: str, answers: Mapping[str, bytes]) -> str:
    """Return the text of the four answers. Raises CallError for one that is not what it should be."""
    prediction = _read("prediction", answers, PredictionAnswer)
    scoring = _read("scoring", answers, Scoring)
    stats = _read("summarystats", answers, SummaryStats)
    diagnostics = _read("diagnostics", answers, DiagnosticsAnswer)
    sections = (
        (f"prediction of {filepath}", _prediction(prediction)),
        ("scoring", _scoring(scoring)),
        ("summarystats", _statistics(stats)),
        ("diagnostics", _diagnostics(diagnostics)),
    )
    texts = [f"{title}\n{'-' * len(title)}\n{body}\n" for title, body in sections]
    return "\n".join([f"What {url} answered; version {prediction.version} serves\n", *texts])


def _read(name: str, answers: Mapping[str, bytes], kind: type[Model]) -> Model:
    try:
        return kind.model_validate_json(answers[name])
    except ValidationError as error:
        raise CallError(f"/{name} answered something else than expected; are server and client equal?") from error


def _prediction(answer: PredictionAnswer) -> str:
    flagged = sum(client.risk >= answer.threshold for client in answer.predictions)
    summary = f"{wording.plural(len(answer.predictions), 'client')}, {wording.count(flagged)} of them at high risk"
    rows = [
        ("" if each.id is None else wording.terminal_text(str(each.id)), f"{each.risk:.6f}", each.predicted)
        for each in answer.predictions
    ]
    return f"{summary} ({answer.threshold:.6f} or more)\n\n{table(('client', 'risk', 'predicted'), rows)}"


def _scoring(answer: Scoring) -> str:
    found = answer.metrics
    rows = [
        (name, wording.score(estimate.value), wording.interval(estimate))
        for name, estimate in vars(found).items()
        if isinstance(estimate, Estimate)
    ]
    cells = found.confusion
    confusion = (
        f"confusion: {cells.true_positives} true positives, {cells.false_positives} false positives, "
        f"{cells.false_negatives} false negatives, {cells.true_negatives} true negatives"
    )
    return f"{table(('metric', 'value', '95 % interval'), rows)}\n\non {found.n} clients; {confusion}"


def _statistics(answer: SummaryStats) -> str:
    found = answer.profile
    summary = f"{wording.plural(found.rows, 'row')} of {wording.plural(found.clients, 'client')}"
    return f"{summary}, {wording.count(found.positives)} positive, as of {answer.at}\n\n{_columns(found)}"


def _columns(profile: Profile) -> str:
    rows: list[Row] = [
        (each.name, *map(figure, (each.mean, each.median, each.std)), _missing(each.missing, each.n))
        for each in profile.numeric
    ]
    rows += [
        (each.name, f"{each.distinct} values", "", "", _missing(each.missing, each.n))
        for each in profile.categorical
    ]
    return table(("column", "mean", "median", "std", "missing"), rows)


def _missing(missing: int, rows: int) -> str:
    return wording.percent(missing, rows).replace(wording.TIED, " ")


def _diagnostics(answer: DiagnosticsAnswer) -> str:
    found = answer.diagnostics
    timings = [(each.at, each.asset, f"{each.seconds:.2f}") for each in found.timings]
    report = found.dependencies
    packages = [
        (each.name, each.installed, each.latest or "", ", ".join(each.vulnerabilities))
        for each in report.dependencies
    ]
    return "\n\n".join(
        (
            f"as of {found.at}: {found.prediction_rows} predictions in {found.prediction_seconds:.3f} s",
            table(("at", "asset", "seconds"), timings),
            f"outdated packages: {report.outdated_status}; vulnerabilities: {report.audit_status}",
            table(("package", "installed", "latest", "vulnerabilities"), packages),
        )
    )


def _cell(value: object) -> str:
    return wording.terminal_text(str(value), LONGEST_CELL)


def table(heads: Sequence[str], rows: Iterable[Row]) -> str:
    """Return aligned columns with their heads."""
    lines = [tuple(heads), *(tuple(map(_cell, row)) for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(heads))]
    padded = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "\n".join(line.rstrip() for line in padded)
