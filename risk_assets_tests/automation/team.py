"""A team's Dagster: records in PostgreSQL; code location, daemon and web server as processes of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import httpx

from risk_assets_tests.automation.daemon import ROOT, DaemonHome, kill_tree
from risk_assets_tests.services.ports import free_port
from risk_assets_tests.services.postgres import Postgres, running_postgres

TEAM = ROOT / "dagster_home" / "team"
LAUNCH = """
mutation Launch($params: ExecutionParams!) {
  launchPipelineExecution(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}
"""


@dataclass
class TeamHome(DaemonHome):
    """A home whose records are in PostgreSQL; DAGSTER_HOME is the shipped dagster_home/team."""

    database: Postgres = field(kw_only=True)
    code_port: int = field(default_factory=free_port)
    web_port: int = field(default_factory=free_port)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def build(self, **settings: object) -> None:
        super().build(**settings)
        for file in TEAM.glob("*.yaml"):
            shutil.copy(file, self.folder / "dagster_home")

    @property
    def variables(self) -> dict[str, str]:
        """What docs/scaling.md lets one export."""
        return {
            "DAGSTER_PG_HOST": "127.0.0.1",
            "DAGSTER_PG_PORT": str(self.database.port),
            "DAGSTER_PG_DB": "postgres",
            "DAGSTER_PG_USERNAME": "postgres",
            "DAGSTER_PG_PASSWORD": "trusted without",
            "RISK_CODE_SERVER_HOST": "127.0.0.1",
            "RISK_CODE_SERVER_PORT": str(self.code_port),
        }

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **self.variables}

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        os.environ.update(self.variables)
        with super().instance() as instance:
            yield instance

    def start(self, *names: str) -> None:
        """Start `code`, `daemon` or `web` by the commands of docs/scaling.md."""
        workspace = ("-w", "dagster_home/workspace.yaml")
        where = ("--host", "127.0.0.1", "--port")
        code = ("dagster", "code-server", "start", "-m", "risk_assets.definitions", *where, str(self.code_port))
        commands: dict[str, Sequence[str]] = {
            "code": (*code, "--location-name", "risk_assets"),
            "daemon": ("dagster-daemon", "run", *workspace),
            "web": ("dagster-webserver", *workspace, *where, str(self.web_port), "--db-pool-recycle", "0"),
        }
        for name in names:
            self.running[name] = self.command(*commands[name])

    def kill(self, *names: str) -> None:
        """Kill processes with all that they started."""
        for name in names:
            kill_tree(self.running.pop(name))

    def launch(self, *assets: str, job: str = "everything") -> str:
        """Ask the web server for a run, as its pages do, and return the run's id."""
        selector = {
            "repositoryLocationName": "risk_assets",
            "repositoryName": "__repository__",
            "pipelineName": job,
            "assetSelection": [{"path": [asset]} for asset in assets] or None,
        }
        params = {"selector": selector, "runConfigData": "{}", "mode": "default"}
        launched = self.ask(LAUNCH, params=params)["launchPipelineExecution"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return str(launched["run"]["runId"])

    def knows_the_code(self) -> bool:
        """Whether the web server answers and has loaded the code location."""
        try:
            found = self.ask("{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }")
        except httpx.TransportError:
            return False
        return bool(found["repositoriesOrError"]["nodes"])

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        """Ask the web server in GraphQL and return what it answers."""
        url, asked = f"http://127.0.0.1:{self.web_port}/graphql", {"query": query, "variables": variables}
        answer: dict[str, Any] = httpx.post(url, json=asked, timeout=600).json()["data"]
        return answer

    def status(self, run: str) -> str:
        with self.instance() as instance:
            found = instance.get_run_by_id(run)
        assert found is not None
        return found.status.value

    def wait_for(self, run: str, status: str = "SUCCESS") -> None:
        """Wait for a status; a run that ends in another fails at once."""

        def there() -> bool:
            now = self.status(run)
            assert now == status or now not in {"FAILURE", "CANCELED", "SUCCESS"}, (run, now, self._state())
            return now == status

        self.wait(there, f"run {run} to be {status}")


@contextmanager
def running_team(folder: Path, **settings: object) -> Iterator[TeamHome]:
    """Start PostgreSQL and the three processes; at the end nothing of them is left."""
    with running_postgres() as database:
        home = TeamHome(folder, database=database)
        home.build(**settings)
        try:
            home.start("code", "daemon", "web")
            yield home
        finally:
            home.kill(*home.running)
