"""What runs together."""

import dagster as dg

#: The run tag that says what a run was requested for; failed runs are counted by it.
CAUSE = "risk_assets/cause"
#: The run tag with the reason in words.
REASON = "risk_assets/reason"
#: The run tag of runs that train for drift.
RETRAINS = "risk_assets/retrains"

#: Runs that nobody started by hand read only files that are written to the end.
SETTLED_ONLY = dg.RunConfig(ops={"finaldata": {"config": {"settled_only": True}}})

everything = dg.define_asset_job(
    "everything", dg.AssetSelection.all(), description="The whole graph, from files to report."
)
ingest = dg.define_asset_job(
    "ingest",
    dg.AssetSelection.assets("finaldata", "drift", "client_risk"),
    description="Read what is new in the input folder, judge whether the deployed model still fits, and rank.",
)
refresh = dg.define_asset_job(
    "refresh",
    dg.AssetSelection.all(),
    description="Materialize what is stale; the schedule check_drift chooses the assets of each run.",
)
