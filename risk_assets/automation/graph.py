"""The asset graph as Dagster's records tell it: what was made, by which code and from what."""

import dagster as dg

from risk_assets.domain.refresh.staleness import AssetState
from risk_assets.resources.declaration import CODE_VERSION_TAG, INPUT_VERSION_TAG, code_version
from risk_assets.resources.observation import DATA_VERSION_TAG
from risk_assets.settings import Settings


def asset_states(
    instance: dg.DagsterInstance, repository: dg.RepositoryDefinition, settings: Settings
) -> dict[str, AssetState]:
    """Return the state of every asset and source of the graph, with the code versions that these settings give."""
    graph = repository.asset_graph
    return {
        node.key.to_user_string(): _state(
            instance,
            node.key,
            tuple(sorted(parent.to_user_string() for parent in node.parent_keys)),
            code_version(node.code_version, node.metadata, settings) if node.is_materializable else None,
        )
        for node in (graph.get(key) for key in graph.get_all_asset_keys())
    }


def _state(
    instance: dg.DagsterInstance, key: dg.AssetKey, parents: tuple[str, ...], code_now: str | None
) -> AssetState:
    if code_now is None:
        records = instance.fetch_observations(key, limit=1).records
        observed = records[0].asset_observation if records else None
        return AssetState(parents, None, observed.tags.get(DATA_VERSION_TAG) if observed else None)
    event = instance.get_latest_materialization_event(key)
    tags = event.asset_materialization.tags if event and event.asset_materialization else None
    if tags is None:
        return AssetState(parents, code_now)
    inputs = {parent: tags.get(f"{INPUT_VERSION_TAG}/{parent}", "") for parent in parents}
    return AssetState(parents, code_now, tags.get(DATA_VERSION_TAG), tags.get(CODE_VERSION_TAG), inputs)
