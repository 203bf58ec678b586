"""A run in this process, recorded as Dagster's UI records one: named after its selection, in the timeline."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import click

from risk_assets.cli.dagster_instance import this_machine

if TYPE_CHECKING:
    import dagster as dg
    from dagster._core.remote_origin import RemoteJobOrigin

DEFINITIONS = "risk_assets.definitions"
EVERYTHING = "*"
#: The job of the whole graph, and the one that Dagster's UI runs for a selection.
WHOLE_GRAPH, SELECTION = "everything", "__ASSET_JOB"
#: Nothing of Dagster's own log on the terminal: it stays in the records.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
#: A command that dies is for its user to repeat, not for the daemon.
NO_RETRIES = {"dagster/max_retries": "0"}


def run_assets(instance: dg.DagsterInstance, select: str) -> Iterator[dg.DagsterEvent]:
    """Run the selected assets, and yield what happens. Raises BadParameter for a selection of nothing."""
    from dagster._core.definitions.reconstruct import ReconstructableRepository
    from dagster._core.execution.api import execute_run_iterator

    repository = ReconstructableRepository.for_module(DEFINITIONS, "defs")
    selected = _selected_assets(repository.get_definition(), select)
    job = repository.get_reconstructable_job(WHOLE_GRAPH if select == EVERYTHING else SELECTION)
    definition = job.get_definition()
    run = instance.create_run_for_job(
        definition,
        run_config=QUIET,
        tags={**this_machine(), **NO_RETRIES},
        asset_selection=None if select == EVERYTHING else frozenset(selected),
        job_code_origin=job.get_python_origin(),
        remote_job_origin=_origin(definition.name),
    )
    yield from execute_run_iterator(job, run, instance)


def _selected_assets(repository: dg.RepositoryDefinition, select: str) -> Collection[dg.AssetKey]:
    """Return the assets of a selection that can be materialized. Raises BadParameter where there are none."""
    import dagster as dg

    graph = repository.asset_graph
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)  # of the parser's own making
            found = dg.AssetSelection.from_coercible(select.split(",")).resolve(graph)
    except dg.DagsterError as error:
        raise click.BadParameter(str(error).splitlines()[0], param_hint="--select") from error
    if not found & graph.materializable_asset_keys:
        raise click.BadParameter(f"{select!r} selects no asset that can be materialized", param_hint="--select")
    return found & graph.materializable_asset_keys


def _origin(job: str) -> RemoteJobOrigin:
    """Return where the job is found in the code location of workspace.yaml: the timeline shows runs by it."""
    from dagster._core.remote_origin import (
        ManagedGrpcPythonEnvCodeLocationOrigin,
        RemoteJobOrigin,
        RemoteRepositoryOrigin,
    )
    from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

    target = LoadableTargetOrigin(executable_path=sys.executable, module_name=DEFINITIONS)
    location = ManagedGrpcPythonEnvCodeLocationOrigin(target, DEFINITIONS)
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, "__repository__"), job)
