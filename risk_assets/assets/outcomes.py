"""Dates of leaving that the company drops: observed, never written. Only where they are configured."""

import dagster as dg

from risk_assets.resources.home import Home

SPEC = dg.AssetSpec(
    "outcomes",
    description="""Files with the id and the date of leaving of clients that left.

Labels are derived from them: a row has left when its client leaves within the horizon, and is known once the
horizon has passed and its leavings are reported. The data version is a hash of the names and contents of all
files. What is wrong with rows stands in outcomes_quarantine/ below the output folder.""",
    group_name="attrition_risk",
    owners=["team:data"],
    kinds={"csv", "parquet"},
)


@dg.multi_observable_source_asset(name="observe_outcomes", specs=[SPEC])
def outcomes(home: Home) -> dg.ObserveResult:
    """Hash what the folder holds."""
    state = home.source_state(SPEC.key.to_user_string())
    return dg.ObserveResult(
        SPEC.key, data_version=dg.DataVersion(state.version), metadata={"files": len(state.files)}
    )
