"""A decision about what serves: one line of deployments.jsonl."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["promoted", "rejected", "held", "approved", "rolled back"]


@dataclass(frozen=True)
class Decision:
    """What was decided about `version`, and why.

    `at` is ISO 8601 in UTC; `before` and `live` are the versions that served before and after it;
    `figures` are the numbers the reason rests on; `run_id` is the Dagster run, None when decided by hand.
    """

    at: str
    verdict: Verdict
    version: str
    before: str | None
    live: str | None
    reason: str
    model_sha256: str
    data_version: str
    figures: Mapping[str, float] = field(default_factory=dict)
    run_id: str | None = None


@dataclass(frozen=True)
class Manifest:
    """What a version folder holds: files by name with sha256 and bytes, and where the model came from."""

    version: str
    created_at: str
    model_sha256: str
    data_version: str
    parent: str | None
    features: tuple[str, ...]
    libraries: Mapping[str, str]
    files: Mapping[str, tuple[str, int]]
