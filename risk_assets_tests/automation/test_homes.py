"""The two shipped Dagster homes, side by side."""

from __future__ import annotations

from collections.abc import Iterator

from dagster_shared.yaml_utils import load_yaml_from_path

from risk_assets_tests.automation.daemon import ROOT

ONE_MACHINE = ROOT / "dagster_home" / "dagster.yaml"
TEAM = ROOT / "dagster_home" / "team" / "dagster.yaml"


def leaves(content: object, path: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield from leaves(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, content


def test_a_team_differs_from_one_machine_in_its_storage_and_its_limits_alone() -> None:
    one, team = (dict(leaves(load_yaml_from_path(str(file)))) for file in (ONE_MACHINE, TEAM))

    differing = {key: (one.get(key), team.get(key)) for key in one | team if one.get(key) != team.get(key)}

    assert differing == {
        "concurrency.runs.max_concurrent_runs": (1, 4),
        "run_monitoring.max_runtime_seconds": (None, 86400),
        "run_queue.max_user_code_failure_retries": (None, 20),
        "run_queue.user_code_failure_retry_delay": (None, 15),
        "storage.postgres.postgres_db.scheme": (None, "postgresql+psycopg2"),
        "storage.postgres.postgres_db.hostname.env": (None, "DAGSTER_PG_HOST"),
        "storage.postgres.postgres_db.port.env": (None, "DAGSTER_PG_PORT"),
        "storage.postgres.postgres_db.db_name.env": (None, "DAGSTER_PG_DB"),
        "storage.postgres.postgres_db.username.env": (None, "DAGSTER_PG_USERNAME"),
        "storage.postgres.postgres_db.password.env": (None, "DAGSTER_PG_PASSWORD"),
    }
