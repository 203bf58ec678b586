"""Pictures inside text, as the Dagster UI shows them."""

from __future__ import annotations

import base64


def picture(png: bytes, description: str) -> str:
    """Return Markdown that shows a PNG without any file beside it."""
    return f"![{description}](data:image/png;base64,{base64.b64encode(png).decode()})"
