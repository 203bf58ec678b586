"""What waits for a person: files that look broken, models that are held back; and rolling back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from risk_assets.domain.columns import Columns
from risk_assets.domain.deployment.decisions import Decision, last_decision, predecessor
from risk_assets.serve.http.replies import RequestError
from risk_assets.serve.model.live import message_of
from risk_assets.serve.pages.site import find, show
from risk_assets.serve.state import find_version, serving
from risk_assets.serve.visitors import record, require, visitor
from risk_assets.storage.deployment import manual_decisions
from risk_assets.storage.deployment.versions import DeploymentError
from risk_assets.storage.intake.feed_verdicts import accept, refuse
from risk_assets.storage.layout import Layout
from risk_assets.storage.lock import LockedError
from risk_assets.storage.remote.mirror import Mirror
from risk_assets.storage.remote.store import RemoteError


def decide() -> Response:
    """Show what waits for a decision."""
    generated, version = serving().generated, find_version()
    files, decisions = find(generated.feed_verdicts), find(generated.decisions)
    made = decisions.value or ()
    before = predecessor(made, version.name) if version and made else None
    return show(
        "decide",
        files=files,
        held=_held(made),
        decisions=decisions,
        version=version,
        before=before,
    )


def _held(decisions: tuple[Decision, ...]) -> list[Decision]:
    """Return the last decision on each version that is held."""
    last = [last_decision(decisions, name) for name in dict.fromkeys(one.version for one in decisions)]
    return [one for one in last if one is not None and one.verdict == "held"]


def decided() -> AnyResponse:
    """Carry a decision out. Raises RequestError: 403 without the role, 409 where it cannot be made."""
    require("operate")
    what, target = request.form.get("what", ""), request.form.get("target", "")
    if what not in ACTIONS or not target:
        raise RequestError(422, "there is no such decision")
    asset, words, carry_out = ACTIONS[what]
    mirror = Mirror.of(serving().settings)
    try:
        with mirror.working(asset):
            carry_out(mirror.layout, target)
            record(words, target)
    except LockedError as error:
        raise RequestError(503, message_of(mirror.layout, error)) from error
    except (DeploymentError, RemoteError, ValueError) as error:
        raise RequestError(409, message_of(mirror.layout, error)) from error
    finally:
        mirror.close()
    return redirect(url_for("pages.decide"), HTTPStatus.SEE_OTHER)


def _accept(layout: Layout, file: str) -> None:
    accept(layout, file, now=_now(), by=visitor().name)


def _refuse(layout: Layout, file: str) -> None:
    refuse(layout, file, now=_now(), by=visitor().name)


def _columns() -> Columns:
    return serving().settings.client_columns


def _now() -> datetime:
    return datetime.now(UTC)


#: What can be decided: the asset whose folder is written, the words of the audit log, and what carries it out.
ACTIONS: dict[str, tuple[str, str, Callable[[Layout, str], object]]] = {
    "accept": ("finaldata", "accepted the file", _accept),
    "refuse": ("finaldata", "refused the file", _refuse),
    "approve": (
        "deployed_model",
        "approved",
        lambda layout, name: manual_decisions.approve(layout, name, _columns(), now=_now()),
    ),
    "reject": (
        "deployed_model",
        "rejected",
        lambda layout, name: manual_decisions.reject(layout, name, now=_now()),
    ),
    "rollback": (
        "deployed_model",
        "rolled back to",
        lambda layout, name: manual_decisions.rollback(layout, name, _columns(), now=_now()),
    ),
}
