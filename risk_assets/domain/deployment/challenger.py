"""The model trained last, where another one serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from risk_assets.domain.deployment.decisions import Decision, Manifest
from risk_assets.domain.scoring.metrics import Metrics

UNDECIDED = "not judged yet"


@dataclass(frozen=True)
class Challenger:
    """A trained model that does not serve: its score, and the last decision about it (None before the gate).

    >>> from dataclasses import replace
    >>> from risk_assets_tests.domain.drifting import recorded_score
    >>> challenger = Challenger(replace(recorded_score(), model_sha256="cd" * 32), decision=None)
    >>> challenger.name, challenger.status
    ('model cdcdcdcdcd', 'not judged yet')
    """

    metrics: Metrics
    decision: Decision | None

    @property
    def name(self) -> str:
        """The version's name, or the model's hash where it was never given one."""
        return self.decision.version if self.decision else f"model {self.metrics.model_sha256[:10]}"

    @property
    def status(self) -> str:
        """The last verdict on it, such as "rejected" or "held"; "rolled back" where it has served."""
        if self.decision is None:
            return UNDECIDED
        return "rolled back" if self.decision.verdict in {"promoted", "approved"} else self.decision.verdict


def find_challenger(
    trained: Metrics | None, live: Manifest | None, threshold: float, decisions: Sequence[Decision]
) -> Challenger | None:
    """Return the model that `trained` is the score of, unless it is the live one at the live `threshold`.

    Pickle and threshold together make a model: another threshold alone is a challenger too.

    >>> from risk_assets_tests.domain.drifting import recorded_score
    >>> trained = recorded_score(threshold=0.3)
    >>> live = Manifest("v1", "2026-09-01T12:00:00Z", trained.model_sha256, "d1", None, (), {}, {})
    >>> find_challenger(trained, live, threshold=0.3, decisions=()) is None
    True
    >>> find_challenger(trained, live, threshold=0.4, decisions=()).status
    'not judged yet'
    """
    if trained is None or live is None:
        return None
    if (trained.model_sha256, trained.threshold) == (live.model_sha256, threshold):
        return None
    about = (each for each in reversed(decisions) if each.model_sha256 == trained.model_sha256)
    return Challenger(trained, next(about, None))
