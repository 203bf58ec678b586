"""The current clients, ranked by the risk of leaving."""

import dagster as dg

from risk_assets.domain.ranking.risk_summary import RiskSummary
from risk_assets.resources.column_metadata import ranking_metadata
from risk_assets.resources.declaration import graph_asset
from risk_assets.resources.home import Home
from risk_assets.storage.deployment.versions import require_live_version, servable_scorecard
from risk_assets.storage.intake.finaldata import require_ingestion
from risk_assets.storage.intake.part_files import rows_with_redelivered


@graph_asset(
    upstream=["finaldata", "deployed_model"],
    code_version="7",
    settings=["columns", "columns.display"],
    owners=["team:ml"],
    kinds={"duckdb", "parquet"},
)
def client_risk(home: Home) -> dg.MaterializeResult:
    """The newest row of each current client, scored with the live version: risk, rank, decile and three reasons.

    previous_risk is that of the row before by the same version, and change_reason what moved it since.

    Clients whose latest known outcome is that they left are not ranked: client_status.parquet has every client
    with current or left. client_risk.parquet is for programs, client_risk.csv for spreadsheets, client_risk.json
    names the version. Rank 1 and decile 1 are the riskiest.
    """
    from risk_assets.storage.ranking.client_risk import save_client_risk
    from risk_assets.storage.ranking.risk_summary import read_risk_summary

    layout = home.layout
    ingestion, live = require_ingestion(layout), require_live_version(layout)
    scorecard = servable_scorecard(layout, live, home.settings.client_columns)
    with home.session() as session:
        save_client_risk(layout, session, rows_with_redelivered(layout, ingestion), scorecard, live)
        summary = read_risk_summary(session, layout, threshold=scorecard.threshold)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(f"{ingestion.data_version}-{live}"),
        metadata={
            "dagster/row_count": summary.clients,
            "clients at high risk": summary.flagged,
            "clients that have left": summary.left,
            "scored with": live,
            **ranking_metadata(home.settings.client_columns),
            "riskiest clients": _top(summary),
        },
    )


def _top(summary: RiskSummary) -> dg.MetadataValue:
    rows = [
        dg.TableRecord({"client": client.id, "risk": round(client.risk, 3), "reasons": "; ".join(client.reasons)})
        for client in summary.top
    ]
    names = (("client", "string"), ("risk", "float"), ("reasons", "string"))
    return dg.MetadataValue.table(rows, dg.TableSchema([dg.TableColumn(*name) for name in names]))
