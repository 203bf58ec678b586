"""Files that go out as they are: style sheets, the icon and the report."""

from __future__ import annotations

import mimetypes
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from flask import Response, request

from risk_assets.serve.http.replies import RequestError
from risk_assets.serve.state import serving

OURS = Path(__file__).parents[1] / "static"
BOOTSTRAP = "bootstrap.min.css"
PDF = "application/pdf"


def static(name: str) -> Response:
    """Return a file that belongs to the pages."""
    content = _static_files().get(name)
    if content is None:
        raise RequestError(404, "there is no such file")
    response = Response(content, mimetype=mimetypes.guess_type(name)[0])
    response.add_etag()
    response.make_conditional(request.environ)
    return response


def report() -> Response:
    """Return the report for people."""
    response = Response(serving().generated.report().read_bytes(), mimetype=PDF)
    response.headers["Content-Disposition"] = "inline; filename=attrition_risk.pdf"
    return response


def nothing(name: str) -> Response:
    """Say that there is no such page."""
    raise RequestError(404, f"there is no page /pages/{name[:80]}")


@cache
def _static_files() -> dict[str, bytes]:
    """Return our own files, and Bootstrap's style sheet from Bootstrap-Flask, which is found, not imported."""
    package = find_spec("flask_bootstrap")
    assert package is not None
    assert package.origin is not None
    sheet = Path(package.origin).parent / "static" / "bootstrap5" / "css" / BOOTSTRAP
    return {file.name: file.read_bytes() for file in (sheet, *OURS.iterdir())}
