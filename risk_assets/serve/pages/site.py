"""What every page shares: how it is rendered, the words for figures, and how a fault looks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Generic, TypeVar

from flask import Response, g, render_template, request, url_for
from markupsafe import Markup, escape
from werkzeug.exceptions import HTTPException

from risk_assets.domain.deployment.challenger import Challenger
from risk_assets.domain.figures import figure
from risk_assets.domain.model.words import odds_text, value_text
from risk_assets.reporting import contact_words, wording
from risk_assets.resources.page_links import assets_of
from risk_assets.serve import sessions
from risk_assets.serve.http.replies import NotGeneratedError, RequestError
from risk_assets.serve.model.live import Version
from risk_assets.serve.state import find_version, serving
from risk_assets.serve.visitors import may

T = TypeVar("T")

MENU = {
    "desk.calls": "Today",
    "desk.clients": "Clients",
    "desk.contacts": "Contacts",
    "pages.overview": "Overview",
    "pages.upload": "Score a file",
    "pages.model": "Model",
    "pages.history": "History",
    "pages.decide": "Decisions",
}
#: Pages that belong to one of the menu.
BELOW = {
    "pages.client": "desk.clients",
    "pages.clients": "desk.clients",
    "pages.write_contact": "desk.clients",
    "desk.one_client": "desk.clients",
    "pages.scored": "pages.upload",
}
#: Ids that stand in a path as they are; others are named in the query.
PLAIN_ID = re.compile(r"(?!\.+$)[\w .~@:+-]+")
TITLES = {
    400: "That could not be read",
    401: "Sign in first",
    403: "You may not do that",
    404: "Not found",
    413: "That is too large",
    503: "Not available at the moment",
}

#: What an asset makes, as people call it.
RESULTS = {
    "client_risk": "the list of clients",
    "drift": "the comparison of new clients with those of the training",
    "backtest": "the backtest of past lists",
    "diagnostics": "the summary of the data's quality",
    "finaldata": "the table of all rows",
    "latest_score": "the score of the model trained last",
    "report": "the report",
}


def risk_text(risk: float) -> str:
    """Return a risk in percent with one decimal: "99.0 %"."""
    return f"{100 * risk:.1f}{wording.TIED}%"


def odds_interval(log_odds: float, half: float | None) -> str:
    """Return a factor of the odds with its 90 % interval: "odds × 2.0 (90 % interval × 1.6 to × 2.5)"."""
    found = odds_text(log_odds)
    if half is None:
        return found
    ends = (odds_text(log_odds + way).removeprefix("odds ").replace(" ", wording.TIED) for way in (-half, half))
    return f"{found} (90{wording.TIED}% interval {' to '.join(ends)})"


def sentence(text: str) -> str:
    """Return a message as a sentence: a large letter first, unless a name is, and a full stop at its end."""
    end = "" if text.endswith((".", "!", "?")) else "."
    begins_with_name = not text.partition(" ")[0].rstrip(":,;").isalpha()
    return f"{text[:1] if begins_with_name else text[:1].upper()}{text[1:]}{end}"


def breakable(name: str) -> Markup:
    """Return a name that may go on in the next line after each underscore."""
    return escape(name).replace("_", Markup("_<wbr>"))


def client_address(name: str) -> str:
    """Return the address of a client's page."""
    if PLAIN_ID.fullmatch(name):
        return url_for("desk.one_client", id=name)
    return url_for("pages.client", id=name)


def bound_text(bound: float | None) -> str:
    """Return the bound of a filter as it is typed; none is blank."""
    return "" if bound is None else f"{bound:.15g}"


def label(name: str) -> str:
    """Return what people call a column."""
    return serving().columns.label(name)


FILTERS: dict[str, Callable[..., str]] = {
    "count": wording.count,
    "money": wording.money,
    "figure": figure,
    "score": wording.score,
    "interval": wording.interval,
    "percent": wording.percent,
    "moment": wording.moment,
    "volume": wording.volume,
    "plural": wording.plural,
    "shorten": wording.shorten,
    "digest": wording.digest,
    "score_basis": wording.score_basis,
    "backtest_sentence": wording.backtest_sentence,
    "untreated_sentence": contact_words.untreated_sentence,
    "untreated_lists_sentence": contact_words.untreated_lists_sentence,
    "drift_word": wording.drift_word,
    "drift_in_short": wording.drift_in_short,
    "challenger_sentence": wording.challenger_sentence,
    "odds": odds_text,
    "odds_interval": odds_interval,
    "risk_interval": wording.risk_interval,
    "cell": value_text,
    "risk": risk_text,
    "change": wording.points,
    "sentence": sentence,
    "bound": bound_text,
    "breakable": breakable,
    "label": label,
}


@dataclass(frozen=True)
class Found(Generic[T]):
    """A result that a page shows, or in its place the sentence that says why there is none.

    `damaged` tells a result that cannot be read from one that nobody has generated yet.
    """

    value: T | None
    why_not: str = ""
    damaged: bool = False


def find(read: Callable[[], T]) -> Found[T]:
    """Return what `read` returns; a part of a page may be missing while the others show."""
    try:
        return Found(read())
    except RequestError as error:
        return Found(None, words_of(error), damaged=error.status != HTTPStatus.NOT_FOUND)


def words_of(problem: RequestError) -> str:
    """Return what went wrong in words for people who do not run the system."""
    if not isinstance(problem, NotGeneratedError):
        return problem.detail
    what = RESULTS.get(problem.asset, problem.asset)
    return f"{what} is not made yet; whoever runs the system makes it with “risk run”, or in Dagster"


def challenger_of(version: Version | None) -> Challenger | None:
    """Return the model trained last, where another version serves; None too where its score cannot be read."""
    return find(lambda: serving().generated.challenger(version)).value if version else None


def show(template: str, status: int = 200, **content: object) -> Response:
    """Return a page."""
    return Response(
        render_template(f"{template}.html", **content), status, content_type="text/html; charset=utf-8"
    )


def prepare() -> dict[str, Any]:
    """Return what the frame around each page needs."""
    config = serving().config
    return {
        "config": config.path.name if config and config.has_changed else None,
        "menu": MENU,
        "below": BELOW,
        "live": find_version(),
        "refused": serving().live.refused,
        "can_sign_out": sessions.has_signed_in(),
        "is_open": not sessions.is_wanted(),
        "form_token": sessions.form_token,
        "may": may,
        "assets": assets_of(request.path),
        "dagster_url": (serving().settings.dagster_url or "").rstrip("/"),
    }


def show_problem(problem: RequestError) -> Response:
    """Return the page of a refusal."""
    title = TITLES.get(problem.status, HTTPStatus(problem.status).phrase)
    if isinstance(problem, sessions.FormExpiredError):
        title = "That form has expired"
    typed = g.get("typed", "")
    return show("problem", problem.status, title=title, problem=problem, words=words_of(problem), typed=typed)


def show_http_error(error: HTTPException) -> Response:
    """Return the page of a fault that Flask found, or of one that nobody foresaw and that the log explains."""
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    if status < HTTPStatus.BAD_REQUEST:
        return Response(error.get_body(), status, error.get_headers())
    unforeseen = status == HTTPStatus.INTERNAL_SERVER_ERROR
    words = "the server failed; its log says why" if unforeseen else error.description
    return show_problem(RequestError(status, words or error.name))
