"""Which assets are stale: made by other code, or from something that has changed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

NEVER_MADE = "never made"
#: Remade for new data alone; a model is trained when the world has drifted.
RESULTS = ("client_risk", "drift", "diagnostics", "report")


@dataclass(frozen=True)
class AssetState:
    """An asset as it was made last: its data version, code version and the versions of its parents then.

    `code_now` is the version of the code that would make it today; all are None for an asset never made. A source
    has no code and is never stale itself.

    >>> AssetState(parents=(), code_now=None, data_version="d1").is_source
    True
    """

    parents: tuple[str, ...]
    code_now: str | None
    data_version: str | None = None
    code_then: str | None = None
    inputs: Mapping[str, str] | None = None

    @property
    def is_source(self) -> bool:
        """Whether it is observed, not made."""
        return self.code_now is None


def why_stale(states: Mapping[str, AssetState]) -> dict[str, str]:
    """Return the stale assets with the reason of each; like Dagster's own marks, staleness is not transitive.

    >>> source = AssetState(parents=(), code_now=None, data_version="d2")
    >>> final = AssetState(("source",), "1", data_version="f1", code_then="1", inputs={"source": "d1"})
    >>> why_stale({"source": source, "final": final})
    {'final': 'source changed'}
    """
    reasons = {key: _why(state, states) for key, state in states.items() if not state.is_source}
    return {key: reason for key, reason in reasons.items() if reason}


def stale_results(states: Mapping[str, AssetState]) -> dict[str, str]:
    """Return the stale assets as `why_stale` does, and the results that are made from a stale result.

    >>> drift = AssetState(parents=(), code_now="2", data_version="a", code_then="1", inputs={})
    >>> report = AssetState(("drift",), "1", data_version="b", code_then="1", inputs={"drift": "a"})
    >>> stale_results({"drift": drift, "report": report})
    {'drift': 'its code has changed (1 -> 2)', 'report': 'drift stale'}
    """
    stale = why_stale(states)
    for key in RESULTS:
        parents = states[key].parents if key in states else ()
        above = [parent for parent in parents if parent in RESULTS and parent in stale]
        if above:
            stale.setdefault(key, f"{', '.join(above)} stale")
    return stale


def _why(state: AssetState, states: Mapping[str, AssetState]) -> str | None:
    if state.data_version is None or state.inputs is None:
        return NEVER_MADE
    if state.code_then != state.code_now:
        return f"its code has changed ({state.code_then} -> {state.code_now})"
    changed = [key for key in state.parents if states[key].data_version != state.inputs.get(key)]
    return f"{', '.join(changed)} changed" if changed else None
