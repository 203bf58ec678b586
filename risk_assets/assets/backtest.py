"""Whether listening to the ranking would have paid off. Only where outcomes are configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.domain.scoring.backtest import Backtest
from risk_assets.reporting.contact_words import untreated_lists_sentence
from risk_assets.reporting.markdown import picture
from risk_assets.reporting.wording import backtest_sentence, interval
from risk_assets.resources.declaration import Metadata, graph_asset
from risk_assets.resources.home import Home
from risk_assets.storage.intake.finaldata import require_ingestion
from risk_assets.storage.intake.part_files import rows_of
from risk_assets.storage.intake.set_apart import ids_set_apart
from risk_assets.storage.records import write_record

if TYPE_CHECKING:
    from risk_assets.domain.scoring.ranked_periods import RankedPeriod


@graph_asset(
    upstream=["finaldata"],
    also_reads=["testdata", "contacts"],  # whose clients are left out of training, and who was called
    code_version="2",
    settings=[
        "columns",
        "backtest_periods",
        "call_capacity",
        "test_share",
        "test_data_format",
        "bootstrap_samples",
        "seed",
        "threshold",
        "max_training_rows",
    ],
    owners=["team:ml"],
    kinds={"scikitlearn"},
    pool="model",
    check_specs=[
        dg.AssetCheckSpec(
            "better_than_at_random",
            asset="backtest",
            description="Of the clients that would have been named, more left than of as many at random.",
        )
    ],
)
def backtest(home: Home) -> dg.MaterializeResult:
    """What calling the first of each past list would have been worth: backtest.json.

    For each of the last months whose outcomes are complete a model is trained on what was known on its last day
    alone; it ranks the clients of that month, and is compared with what happened, with a choice at random, and
    with the best single column of that day. Where clients were called, which may have kept them, those that were
    not are weighted beside to stand for all.
    """
    from risk_assets.domain.scoring.ranked_periods import compare_periods

    settings, layout = home.settings, home.layout
    ingestion = require_ingestion(layout)
    periods = _ranked_periods(home, ingestion)
    horizon = settings.outcomes.horizon_days if settings.outcomes else 0
    found = compare_periods(
        periods,
        capacity=settings.call_capacity,
        horizon_days=horizon,
        samples=settings.bootstrap_samples,
        seed=settings.seed,
    )
    write_record(layout.backtest, found)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(ingestion.data_version),
        metadata=_metadata(found),
        check_results=[_check(found)],
    )


def _ranked_periods(home: Home, ingestion: Ingestion) -> list[RankedPeriod]:
    from risk_assets.engine.scoring.ranked_periods import ranked_periods
    from risk_assets.storage.contacts.calls import read_calls

    settings, account = home.settings, ingestion.outcomes
    if account is None or not account.complete_until:
        return []
    with home.session() as session:
        found = ranked_periods(
            session,
            rows_of(home.layout, ingestion),
            account,
            apart=ids_set_apart(home.layout, session),
            most=settings.backtest_periods,
            threshold=settings.threshold,
            most_rows=settings.max_training_rows,
            calls=read_calls(settings, home.layout, session),
        )
        return list(found)


def _metadata(found: Backtest) -> Metadata:
    from risk_assets.reporting.charts import backtest_chart

    return {
        "periods": len(found.periods),
        "clients named": found.called,
        "of whom left": found.hits,
        "share that left": interval(found.precision),
        "share at random": interval(found.random_precision),
        "times as many as at random": interval(found.lift),
        "in words": backtest_sentence(found),
        **({"not called": untreated_lists_sentence(found.untreated)} if found.untreated else {}),
        "picture": dg.MetadataValue.md(picture(backtest_chart(found), "backtest")),
    }


def _check(found: Backtest) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name="better_than_at_random",
        passed=not found.periods or found.lift.low > 1,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"why": backtest_sentence(found)},
    )
