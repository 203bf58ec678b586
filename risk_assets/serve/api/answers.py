"""What the endpoints answer, as models: they write the answers and the OpenAPI document."""

from __future__ import annotations

from pydantic import BaseModel, Field, TypeAdapter

from risk_assets.domain.contacts.contact import Kind
from risk_assets.domain.deployment.decisions import Decision, Manifest
from risk_assets.domain.diagnostics import Diagnostics
from risk_assets.domain.drift.profile import Profile
from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.ranking.risk_summary import Status
from risk_assets.domain.scoring.metrics import Metrics
from risk_assets.serve.contact_desk import By

RANKED_WITH = "the version that the ranking was made with; null of one that does not say"


class FaultAnswer(BaseModel):
    """What is wrong with a request: the row (1 is the first client) and the field, where there is one."""

    row: int | None = None
    field: str | None = None
    message: str


class ProblemAnswer(BaseModel):
    """Problem details (RFC 9457): what is wrong with a request."""

    title: str
    status: int
    detail: str
    faults: list[FaultAnswer] = []


class Scoring(BaseModel):
    """The score with which the live version was deployed."""

    version: str
    f1: float
    metrics: Metrics


class SummaryStats(BaseModel):
    """Statistics of the data as of the last diagnostics."""

    version: str | None
    at: str
    profile: Profile


class DiagnosticsAnswer(BaseModel):
    """Statistics, missing values, timings and dependencies."""

    version: str | None
    diagnostics: Diagnostics


class DriftAnswer(BaseModel):
    """The latest verdict on the deployed model."""

    version: str | None
    drift: DriftVerdict


class ModelAnswer(BaseModel):
    """The live version: where it came from, and its shapes."""

    version: str
    manifest: Manifest
    scorecard: Scorecard


class Deployments(BaseModel):
    """All decisions about deployments, oldest first."""

    version: str | None
    decisions: list[Decision]


class ListedClient(BaseModel):
    """A client of the ranking; rank 1 is the highest risk, decile 1 the riskiest tenth.

    `risk_low` and `risk_high` bound the 90 % interval of the risk; null where the model is of an earlier format.
    `previous_risk` is that of its row before by the same model; it is null for a client with one row. Clients that
    have left, or are known from before only, have no figures. `as_of` is the date of the row, `left_on` when the
    client left or announced that it will.
    """

    id: str
    status: Status = "current"
    left_on: str | None = None
    as_of: str | None = None
    risk: float | None = None
    risk_low: float | None = None
    risk_high: float | None = None
    rank: int | None = None
    decile: int | None = None
    previous_risk: float | None = None
    change: float | None = None
    value: float | None = None
    value_at_risk: float | None = None
    carried: dict[str, str | None] = {}
    reasons: list[str] = []
    change_reason: str | None = None


class ClientList(BaseModel):
    """A page of the clients that fit."""

    version: str | None = Field(description=RANKED_WITH)
    total: int
    page: int
    pages: int
    clients: list[ListedClient]
    after: str | None = Field(default=None, description="cursor of the next page; null on the last one")


class ShapeValue(BaseModel):
    """What a feature or pair does: log-odds by its shape, on average, and the factor of the odds between the two.

    A pair is called "a x b", and its value is the two values as text. People call it by its label.
    """

    feature: str
    label: str
    value: float | str | None
    log_odds: float
    average: float
    odds_factor: float
    text: str


class Explanation(BaseModel):
    """The client by the live version: its features as of its last row, and what each does.

    `risk_low` and `risk_high` bound the 90 % interval of the risk; null where the model is of an earlier format.
    `reasons`, at most five, are said in risk against usual values. What the `shapes` add to the log-odds less
    their averages, and `base_log_odds`, the log-odds of the average client, add up to the log-odds of the risk.
    """

    version: str
    risk: float
    risk_low: float | None = None
    risk_high: float | None = None
    reasons: list[str] = []
    base_log_odds: float
    shapes: list[ShapeValue]


class ObservedRow(BaseModel):
    """A row of a client: its date, its risk by the live version, and whether the client left then, if known.

    `changed` names the features that differ from the row before.
    """

    as_of: str | None
    risk: float
    left: bool | None
    features: dict[str, float | str | None]
    changed: list[str]


class ClientAnswer(BaseModel):
    """A client as it is ranked, why, and its rows, the latest last; one that has left is not ranked.

    There is no explanation when finaldata no longer holds it.
    """

    version: str | None = Field(description=RANKED_WITH)
    status: Status
    left_on: str | None
    client: ListedClient | None
    explanation: Explanation | None
    history: list[ObservedRow]


class RefusedVersion(BaseModel):
    """A version that the pointer names and that cannot serve."""

    version: str | None
    reason: str


class Readiness(BaseModel):
    """Whether a model serves; `refused` is one that should and cannot."""

    ready: bool
    version: str | None
    refused: RefusedVersion | None


class Health(BaseModel):
    """The server answers."""

    status: str


class ContactAnswer(BaseModel):
    """A contact: who wrote it and when, what came of it, and the client's risk then."""

    number: int
    revision: int = Field(description="counts the contacts with the client, from 1")
    client: str
    at: str
    by: str
    kind: Kind
    note: str
    follow_up_on: str | None
    snooze_until: str | None
    left_on: str | None
    risk: float | None


class ContactList(BaseModel):
    """Contacts, the latest first; `before` is where the next page begins, null on the last one."""

    contacts: list[ContactAnswer]
    before: int | None = None


class ListedCallAnswer(ListedClient):
    """A client to call, with the last contact."""

    follow_up_on: str | None = None
    last_contact: str | None = None
    last_kind: Kind | None = None
    last_by: str | None = None


class CallListAnswer(BaseModel):
    """Whom to call on a day: follow-ups that are due, then the first clients of the order."""

    version: str | None = Field(description=RANKED_WITH)
    day: str
    by: By
    due: list[ListedCallAnswer]
    calls: list[ListedCallAnswer]
    resting: int = Field(description="clients that were called or snoozed lately")
    uncalled: int = Field(description="clients that are left uncalled at random")


def dump(answer: BaseModel) -> bytes:
    """Return an answer as JSON."""
    return TypeAdapter(type(answer)).dump_json(answer)
