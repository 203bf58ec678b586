"""One client: how it stands, why, what would change it, what was observed, and its contacts."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

import numpy as np
from flask import Response, request, url_for

from risk_assets.domain.contacts.contact import KIND_WORDS
from risk_assets.domain.model.reasons import Reason
from risk_assets.domain.model.scorecard import risk_at
from risk_assets.domain.ranking.alternatives import Alternative, alternatives
from risk_assets.serve.api.answers import Explanation, ObservedRow
from risk_assets.serve.api.clients import explain, log_odds_of, observed, reasons_of
from risk_assets.serve.client_search import ClientRow
from risk_assets.serve.http.replies import RequestError
from risk_assets.serve.model.live import Version
from risk_assets.serve.pages.bars import Change, changes, deviations
from risk_assets.serve.pages.curves import Cell, drawings, maps, usual_risk
from risk_assets.serve.pages.plots import RiskPath, risk_path
from risk_assets.serve.pages.site import find, show
from risk_assets.serve.state import find_version, ranking_threshold, serving


def client() -> Response:
    """Show the client that the address asks for: an id may hold what no path can."""
    return show_client(request.args.get("id", ""))


def show_client(name: str, fault: RequestError | None = None) -> Response:
    """Show one client: how it stands, why, what would change it, its contacts, and where it is on each shape.

    With the `fault` of a contact that was sent the form is shown again as it was filled in.
    """
    known = serving().clients.client(name)
    rows = find(lambda: serving().clients.history(name))
    return show(
        "client",
        fault.status if fault else 200,
        name=name,
        known=known,
        ranked=known.ranked,
        rows=rows,
        columns=serving().columns,
        flagged_from=find(ranking_threshold).value,
        **_contact_section(name, fault),
        **_model_sections(find_version(), rows.value or ()),
    )


def _contact_section(name: str, fault: RequestError | None) -> dict[str, object]:
    """Return what the contacts of a client and the form for another one show."""
    contacts = find(lambda: serving().desk.of_client(name))
    return {
        "fault": fault,
        "form": request.form if fault else {},
        "contacts": contacts,
        "kinds": KIND_WORDS,
        "seen": contacts.value[0].revision if contacts.value else 0,
        "token": secrets.token_urlsafe(16),
        "today": serving().desk.today,
        "back": _list_address(),
    }


def _list_address() -> str:
    """Return the address of today's list as the visitor saw it, if they came from there."""
    path = "/".join((request.referrer or "").split("/")[3:])
    came_from = request.form.get("to") or f"/{path}"
    return came_from if is_call_list(came_from) else url_for("desk.calls")


def is_call_list(address: str) -> bool:
    """Whether an address is that of today's list, with any filter."""
    return address.partition("?")[0] == url_for("desk.calls") and address.isprintable()


def _model_sections(version: Version | None, rows: Sequence[ClientRow]) -> dict[str, object]:
    """Return what the serving model says of a client's rows, oldest first: little without a model or a row."""
    features = rows[-1].features if rows else None
    explanation = _explanation(version, features)
    shapes = explanation.shapes if explanation else []
    bars = deviations([shape.log_odds - shape.average for shape in shapes])
    past = observed(version, rows) if version is not None and rows else []
    return {
        "history": past,
        "path": _risk_path(past),
        "before": _reasons_before(version, rows),
        "might": _alternatives(version, rows),
        "explanation": explanation,
        "why": _why(version, features),
        "log_odds": log_odds_of(version, features) if version is not None and features is not None else None,
        "shapes": list(zip(shapes, bars, strict=True)),
        **_drawings(version, features),
        "usual": usual_risk(version.scorecard) if version else None,
        "threshold": version.scorecard.threshold if version else None,
    }


def _drawings(version: Version | None, features: Mapping[str, Cell] | None) -> dict[str, object]:
    """Return the curves and the tables of pairs with the place of a client marked."""
    if version is None or features is None:
        return {"curves": (), "maps": ()}
    profile = (
        reference.profile if (reference := find(lambda: serving().generated.reference(version)).value) else None
    )
    return {
        "curves": drawings(version.scorecard, profile, features),
        "maps": maps(version.scorecard, profile, features),
    }


def _why(version: Version | None, features: Mapping[str, Cell] | None) -> list[tuple[Reason, Change]]:
    """Return the reasons of a client with bars from the risk with the usual value to its risk."""
    if version is None or features is None:
        return []
    found, log_odds = reasons_of(version, features), log_odds_of(version, features)
    others = risk_at(log_odds - np.array([reason.effect for reason in found])).tolist()
    return list(zip(found, changes(float(risk_at(np.array(log_odds))), others), strict=True))


def _explanation(version: Version | None, features: Mapping[str, Cell] | None) -> Explanation | None:
    return explain(version, features) if version is not None and features is not None else None


def _risk_path(past: Sequence[ObservedRow]) -> RiskPath | None:
    """Return the line of a client's risk, None for fewer than two dated rows."""
    dated = [(row.as_of, row.risk) for row in past if row.as_of is not None]
    return risk_path(dated) if len(dated) > 1 else None


def _reasons_before(version: Version | None, rows: Sequence[ClientRow]) -> tuple[Reason, ...]:
    """Return the reasons of the row before the latest one."""
    if version is None or not rows or len(rows) == 1:
        return ()
    return reasons_of(version, rows[-2].features)


def _alternatives(version: Version | None, rows: Sequence[ClientRow]) -> tuple[Alternative, ...]:
    if version is None or not rows:
        return ()
    return alternatives(version.scorecard, serving().columns, [(row.as_of, row.features) for row in rows])
