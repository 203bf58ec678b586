"""The health of the system: data, timings and dependencies."""

from __future__ import annotations

from dataclasses import dataclass

from risk_assets.domain.drift.profile import Profile


@dataclass(frozen=True)
class Timing:
    """How long an asset took in one run; `at` is ISO 8601 in UTC."""

    asset: str
    run_id: str
    at: str
    seconds: float


@dataclass(frozen=True)
class Dependency:
    """A declared dependency; `latest` is None when it could not be asked, `vulnerabilities` are advisory ids."""

    name: str
    installed: str
    locked: str | None
    latest: str | None
    vulnerabilities: tuple[str, ...] = ()


@dataclass(frozen=True)
class DependencyReport:
    """The state of the dependencies; each status is "complete", or "unavailable: why"."""

    outdated_status: str
    audit_status: str
    dependencies: tuple[Dependency, ...]


@dataclass(frozen=True)
class Diagnostics:
    """Everything that diagnostics.json holds."""

    at: str
    profile: Profile
    timings: tuple[Timing, ...]
    prediction_rows: int
    prediction_seconds: float
    dependencies: DependencyReport
