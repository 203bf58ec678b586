"""The appendix: how long things take, and the state of the packages."""

from __future__ import annotations

from collections.abc import Sequence

from risk_assets.domain.diagnostics import Dependency, DependencyReport, Diagnostics
from risk_assets.domain.figures import NOTHING
from risk_assets.reporting.pages.blocks import Block, cell, heading, note, section, space, table, words
from risk_assets.reporting.pages.chart_blocks import charted
from risk_assets.reporting.style import AMBER, MUTED, RED
from risk_assets.reporting.wording import duration, plural, shown_of

MOST_DEPENDENCIES = 24
MOST_ADVISORIES = 4
#: The status of a check that has asked about every dependency.
COMPLETE = "complete"


def appendix_pages(found: Diagnostics, timings: bytes) -> list[Block]:
    """Return the section on times and packages."""
    report = found.dependencies
    return [
        *section("Appendix"),
        words(_speed(found.prediction_rows, found.prediction_seconds)),
        *charted("Timings", timings, "How many seconds each asset took in the last runs."),
        *([note("Dark: the last run. Pale: those before it.")] if found.timings else []),
        *heading("Packages"),
        note(f"Newer versions: {report.outdated_status}. Known vulnerabilities: {report.audit_status}."),
        space(4),
        *_dependencies(report),
    ]


def _speed(rows: int, seconds: float) -> str:
    if not rows:
        return "No prediction has been timed."
    return f"{plural(rows, 'client')} scored in {duration(seconds)}: {duration(seconds / rows)} each."


def _dependencies(report: DependencyReport) -> list[Block]:
    found, audited = report.dependencies, report.audit_status == COMPLETE
    if not found:
        return [words("No dependency is declared.")]
    shown = sorted(found, key=_urgency)[: shown_of(len(found), MOST_DEPENDENCIES)]
    rows = [
        (
            cell(each.name, limit=40),
            cell(each.installed, limit=24),
            cell(each.locked or NOTHING, limit=24),
            cell(each.latest or "not known", AMBER if is_outdated(each) else MUTED, limit=24),
            _advisories(each.vulnerabilities, audited=audited),
        )
        for each in shown
    ]
    rest = len(found) - len(rows)
    more = [note(f"and {plural(rest, 'more package')} in diagnostics.json")] if rest else []
    heads = ("package", "installed", "locked", "latest", "known vulnerabilities")
    return [table(heads, rows, (26, 15, 15, 15, 29)), *more]


def is_outdated(dependency: Dependency) -> bool:
    """Whether another version than the installed one is known to be the latest."""
    return dependency.latest is not None and dependency.latest != dependency.installed


def _urgency(dependency: Dependency) -> tuple[bool, bool, str]:
    return (not dependency.vulnerabilities, not is_outdated(dependency), dependency.name)


def _advisories(found: Sequence[str], *, audited: bool) -> Block:
    if not found:
        return cell("none known" if audited else "not known", MUTED)
    shown = found[: shown_of(len(found), MOST_ADVISORIES)]
    more = f" and {len(found) - len(shown)} more" if len(shown) < len(found) else ""
    return cell(", ".join(shown) + more, RED, bold=True, limit=110)
