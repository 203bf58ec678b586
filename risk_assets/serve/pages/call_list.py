"""Today's list: whom to call, why, and what came of the last contact."""

from __future__ import annotations

from flask import Response

from risk_assets.domain.contacts.contact import KIND_WORDS
from risk_assets.reporting.contact_words import effect_sentences
from risk_assets.serve.api.questions import CallQuery
from risk_assets.serve.contact_desk import SORTS, By, CallList
from risk_assets.serve.pages.clients import levels_of
from risk_assets.serve.pages.site import find, show
from risk_assets.serve.state import find_version, ranking_origin, ranking_threshold, serving

ORDERS: dict[By, str] = {
    "value": "value at risk",
    "risk": "risk",
    "rise": "rise of the risk",
    "uncertainty": "uncertainty",
}


def show_calls(query: CallQuery) -> Response:
    """Show whom to call today."""
    here, version = serving(), find_version()
    wanted = query.levels()
    found = find(lambda: here.desk.call_list(query.by, wanted))
    calls = found.value
    effect = find(here.desk.effect) if calls else None
    valued = here.columns.value is not None
    return show(
        "call_list",
        version=version,
        columns=here.columns,
        capacity=here.settings.call_capacity,
        found=found,
        wanted=wanted,
        address=query.model_dump(by_alias=True, exclude_none=True),
        fitting={f"in.{name}": level for name, level in wanted.items()},
        by=calls.by if calls else query.by or ("value" if valued else "risk"),
        orders={by: words for by, words in ORDERS.items() if by in SORTS and (valued or by != "value")},
        levels=levels_of() if calls else {},
        threshold=find(ranking_threshold).value,
        origin=find(ranking_origin).value,
        as_of=_as_of(calls),
        kinds=KIND_WORDS,
        effect=effect,
        helped=effect_sentences(*effect.value) if effect and effect.value else (),
    )


def _as_of(calls: CallList | None) -> str:
    """Return the day of the newest row among those listed; of rows without dates when they were ingested."""
    days = [call.ranked.as_of for call in (*calls.due, *calls.calls) if call.ranked.as_of] if calls else []
    ingestion = find(serving().generated.ingestion).value
    return max(days)[:10] if days else ingestion.ingested_at[:10] if ingestion else ""
