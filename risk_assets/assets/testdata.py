"""Labelled clients that no model is trained on: observed, never written."""

import dagster as dg

from risk_assets.resources.home import Home

SPEC = dg.AssetSpec(
    "testdata",
    description="""Labelled clients that no model is ever trained on.

They are the trusted anchor of every score and of the gate: replace these files only with rows that somebody
vouches for. The data version is a hash of the names and contents of all files.""",
    group_name="attrition_risk",
    owners=["team:data"],
    kinds={"csv", "parquet"},
)


@dg.multi_observable_source_asset(name="observe_testdata", specs=[SPEC])
def testdata(home: Home) -> dg.ObserveResult:
    """Hash what the test folder holds."""
    state = home.source_state(SPEC.key.to_user_string())
    return dg.ObserveResult(
        SPEC.key, data_version=dg.DataVersion(state.version), metadata={"files": len(state.files)}
    )
