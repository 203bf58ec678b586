"""All usable client rows, one table."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from risk_assets.domain.columns import Columns
from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.domain.intake.outcomes import OutcomesAccount
from risk_assets.engine.intake.formats import SUFFIXES
from risk_assets.reporting.wording import count, percent, plural
from risk_assets.resources.column_metadata import column_metadata
from risk_assets.resources.declaration import Metadata, graph_asset, graph_check
from risk_assets.resources.home import Home
from risk_assets.resources.observation import ObservedSources
from risk_assets.storage.deployment.versions import deployed_scorecard, live_version, verify_version
from risk_assets.storage.intake.finaldata import FeedCheck, IngestionRules, ingest, read_ingestion
from risk_assets.storage.intake.source_bucket import note_sources
from risk_assets.storage.layout import Layout

if TYPE_CHECKING:
    from risk_assets.domain.model.scorecard import Scorecard

DUPLICATES_WORTH_A_LOOK = 0.2
DAYS_UNTIL_OLD = 35
#: Files that a sentence names.
MOST_NAMES = 10


class FinaldataConfig(dg.Config):
    """Which files of the input folder a run reads: all, or those alone that are written to the end."""

    settled_only: bool = Field(
        default=False, description="leave out what the sensor new_source_files has not seen unchanged twice"
    )


@graph_asset(
    upstream=["sourcedata", "outcomes"],
    also_reads=["deployed_model"],  # which ranks the clients of new files
    code_version="5",
    settings=[
        "columns",
        "format",
        "outcomes",
        "outcomes_until",
        "finaldata_csv",
        "final_files",
        "hold_suspect_files",
    ],
    owners=["team:data"],
    kinds={"duckdb", "parquet"},
    pool="finaldata",
    check_specs=[
        dg.AssetCheckSpec("quarantine_share", asset="finaldata", description="Few rows are refused."),
        dg.AssetCheckSpec("duplicates", asset="finaldata", description="Few rows are held twice."),
        dg.AssetCheckSpec("files_read", asset="finaldata", description="Files are of kinds that are read."),
        dg.AssetCheckSpec("files_sound", asset="finaldata", description="No file's content looks broken."),
        dg.AssetCheckSpec("columns_declared", asset="finaldata", description="Files bring what is declared."),
        dg.AssetCheckSpec("outcomes_known", asset="finaldata", description="Files have outcomes to learn from."),
    ],
)
def finaldata(config: FinaldataConfig, home: Home, observed_sources: ObservedSources) -> dg.MaterializeResult:
    """Every usable row of sourcedata: checked against the declared columns, duplicates left out.

    Each row read is accepted, a duplicate, an update (it brings something new of a row that is held) or
    quarantined: quarantine/FILE.csv holds its line, the reason and the raw text. A blank outcome, or a file
    without the target column, is an outcome that is not known yet: such a client is ranked, and a file teaches the
    model once nearly all of its outcomes are known. A file, of outcomes too, whose content looks broken beside
    those before it is held back whole, and waits for `risk accept FILE` or `risk refuse FILE`. When no row is
    usable, or too many are bad, the run fails and the earlier finaldata stays.
    """
    del observed_sources  # it has noted what the folders hold, for this run's lineage
    settings, layout = home.settings, home.layout
    rules = IngestionRules(
        settings.max_bad_share,
        write_csv=settings.finaldata_csv,
        final=settings.final_files,
        leave_out=home.unsettled_sources() if config.settled_only else (),
        outcomes=settings.outcome_files,
        hold=FeedCheck(_live(layout)) if settings.hold_suspect_files else None,
    )
    with home.session() as session:
        ingestion = ingest(layout, session, rules, now=datetime.now(UTC))
    note_sources(home.mirror, ingestion)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(ingestion.data_version),
        metadata=_metadata(ingestion, settings.client_columns),
        check_results=[*_checks(ingestion), _files_read(layout.unread_files()), _files_sound(ingestion)],
    )


@graph_check(asset="finaldata", description="New rows have come in lately.")
def data_is_fresh(home: Home) -> dg.AssetCheckResult:
    """Warn when nothing has been ingested for five weeks."""
    ingestion = read_ingestion(home.layout)
    if ingestion is None:
        return dg.AssetCheckResult(passed=False, metadata={"why": "nothing is ingested yet"})
    days = (datetime.now(UTC) - datetime.fromisoformat(ingestion.ingested_at)).days
    return dg.AssetCheckResult(
        passed=days < DAYS_UNTIL_OLD,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"why": f"last ingested {plural(days, 'day')} ago"},
    )


def _metadata(ingestion: Ingestion, columns: Columns) -> Metadata:
    files = [
        dg.TableRecord(
            {
                "file": file.name,
                "read": file.read,
                "accepted": file.accepted,
                "duplicates": file.duplicates,
                "updates": file.updates,
                "quarantined": file.quarantined,
                "outcomes not known": file.open,
                "reason": file.reason or "; ".join(f"{n} × {reason}" for reason, n in file.reasons.items()),
                "teaches": file.waiting or "yes",
                "read as": "; ".join(file.spelled),
            }
        )
        for file in ingestion.files[:100]
    ]
    return {
        "dagster/row_count": ingestion.accepted,
        "positives": ingestion.positives,
        "outcomes not known": ingestion.open,
        "rows that teach": ingestion.teaching,
        "duplicates": ingestion.duplicates,
        "updates": ingestion.updates,
        "quarantined": ingestion.quarantined,
        **_outcome_metadata(ingestion.outcomes),
        **column_metadata(columns, "sourcedata"),
        **({"files": dg.MetadataValue.table(files)} if files else {}),
    }


def _outcome_metadata(account: OutcomesAccount | None) -> Metadata:
    if account is None:
        return {}
    counts = account.counts
    late = {} if counts.late_days is None else {"days within which 99 % of leavings came": counts.late_days}
    return {
        "leavings": account.accepted,
        "outcomes complete for rows until": account.complete_until or "none",
        "leavings known until": account.rules.until or account.reached or "none",
        **late,
        **account.sentences,
    }


def _checks(ingestion: Ingestion) -> Iterator[dg.AssetCheckResult]:
    yield _quarantine_share(ingestion)
    share = f"{percent(ingestion.duplicates, max(ingestion.read, 1))} of the rows read are held already"
    yield _check(
        "duplicates",
        f"{share} ({count(ingestion.duplicates)} of {count(ingestion.read)})",
        passed=ingestion.duplicates <= DUPLICATES_WORTH_A_LOOK * ingestion.read,
    )
    yield _columns_declared(ingestion)
    yield _outcomes_known(ingestion)


def _check(name: str, why: str, *, passed: bool, **more: str | dict[str, str]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=name, passed=passed, severity=dg.AssetCheckSeverity.WARN, metadata={"why": why, **more}
    )


def _quarantine_share(ingestion: Ingestion) -> dg.AssetCheckResult:
    refused = [file.name for file in ingestion.files if file.reason]
    whole = f", {plural(len(refused), 'file')} refused whole: {', '.join(refused)}" if refused else ""
    share = f"{percent(ingestion.quarantined, max(ingestion.read, 1))} of the rows read are refused"
    return _check(
        "quarantine_share",
        f"{share} ({count(ingestion.quarantined)} of {count(ingestion.read)}){whole}",
        passed=ingestion.quarantined == 0 and not refused,
        **{"files refused whole": ", ".join(refused) or "none"},
    )


def _live(layout: Layout) -> "Scorecard | None":
    """Return the scorecard that serves, None where there is none that can be read."""
    live = live_version(layout)
    return None if live is None or verify_version(layout, live) else deployed_scorecard(layout, live)


def _files_sound(ingestion: Ingestion) -> dg.AssetCheckResult:
    held = [file for file in ingestion.held if file.verdict == "suspect"]
    return _check(
        "files_sound",
        "; ".join(file.sentence for file in held) or "every file's content looks sound",
        passed=not held,
        **{"files held back": ", ".join(file.name for file in ingestion.held) or "none"},
    )


def _files_read(unread: Sequence[str]) -> dg.AssetCheckResult:
    kinds = f"read are {', '.join(SUFFIXES)}"
    return _check(
        "files_read",
        f"not read: {', '.join(unread[:MOST_NAMES])}; {kinds}" if unread else "every file in the folder is read",
        passed=not unread,
        **{"files not read": ", ".join(unread) or "none"},
    )


def _columns_declared(ingestion: Ingestion) -> dg.AssetCheckResult:
    dropped = {file.name: ", ".join(file.dropped_columns) for file in ingestion.files if file.dropped_columns}
    undeclared = dict.fromkeys(name for file in ingestion.files for name in file.dropped_columns)
    return _check(
        "columns_declared",
        f"left out: {', '.join(undeclared)}" if undeclared else "every column is declared",
        passed=not dropped,
        **{"columns left out": dropped or "none"},
    )


def _outcomes_known(ingestion: Ingestion) -> dg.AssetCheckResult:
    if ingestion.outcomes is not None:
        return _outcomes_complete(ingestion.outcomes)
    waiting = [f"{file.name} teaches nothing: {file.waiting}" for file in ingestion.files if file.waiting]
    without = [file.name for file in ingestion.files if not file.has_target]
    return _check(
        "outcomes_known",
        "; ".join(waiting) or "every file teaches",
        passed=not waiting,
        **{"files without the target column": ", ".join(without) or "none"},
    )


def _outcomes_complete(account: OutcomesAccount) -> dg.AssetCheckResult:
    found = "; ".join(f"{count(number)} {sentence}" for sentence, number in account.sentences.items())
    why = f"rows up to {account.complete_until} are complete" if account.counts.known else "no row is complete yet"
    return _check(
        "outcomes_known",
        f"{why}; {found}" if found else why,
        passed=account.counts.known > 0 and not account.quarantined,
    )
