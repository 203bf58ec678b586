"""Pictures inside text, as the Dagster UI shows them."""

from __future__ import annotations

import base64
import re


def picture(png: bytes, description: str) -> str:
    """Return Markdown that shows a PNG without any file beside it; brackets in the description do not end it."""
    escaped = re.sub(r"([\\\[\]])", r"\\\1", " ".join(description.split()))
    return f"![{escaped}](data:image/png;base64,{base64.b64encode(png).decode()})"
