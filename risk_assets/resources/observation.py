"""What the source folders hold, reported to Dagster."""

import contextlib

import dagster as dg

from risk_assets.resources.home import Home
from risk_assets.settings import SettingsError
from risk_assets.storage.intake.source_folder import FolderState

DATA_VERSION_TAG = "dagster/data_version"


class ObservedSources(dg.ConfigurableResource):
    """Reports what the source folders hold before the steps of a run start, so that lineage tells the truth.

    Dagster notes the version of an upstream source when a step begins; an observation made inside the step would
    come too late.
    """

    home: dg.ResourceDependency[Home]

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Observe the source folders, each only when it changed since the last observation."""
        instance = context.instance
        if instance is None:
            return
        for key in self.home.source_keys:
            with contextlib.suppress(SettingsError):  # a missing folder is told by the assets that read it
                report_observation(instance, key, self.home.source_state(key))


def report_observation(instance: dg.DagsterInstance, key: str, state: FolderState) -> bool:
    """Tell Dagster the version of a source folder; return whether it was news."""
    record = instance.fetch_observations(dg.AssetKey(key), limit=1).records
    if (
        record
        and record[0].asset_observation
        and record[0].asset_observation.tags.get(DATA_VERSION_TAG) == state.version
    ):
        return False
    instance.report_runless_asset_event(
        dg.AssetObservation(
            key,
            tags={DATA_VERSION_TAG: state.version},
            metadata={"files": len(state.files), "bytes": sum(file.size for file in state.files.values())},
        )
    )
    return True
