"""Client files that the company drops: observed, never written."""

import dagster as dg

from risk_assets.resources.home import Home

SPEC = dg.AssetSpec(
    "sourcedata",
    description="""Client files dropped into the input folder (CSV, packed CSV, workbooks or parquet).

The data version is a hash of the names and contents of all files, so that a new, a changed and a deleted file
show. Rows are never edited here: what is wrong with them stands in quarantine/ below the output folder.""",
    group_name="attrition_risk",
    owners=["team:data"],
    kinds={"csv", "parquet"},
)


@dg.multi_observable_source_asset(name="observe_sourcedata", specs=[SPEC])
def sourcedata(home: Home) -> dg.ObserveResult:
    """Hash what the input folder holds."""
    state = home.source_state(SPEC.key.to_user_string())
    return dg.ObserveResult(
        SPEC.key, data_version=dg.DataVersion(state.version), metadata={"files": len(state.files)}
    )
