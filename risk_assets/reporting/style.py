"""One palette and one set of sizes, for the charts and the pages alike."""

from __future__ import annotations

from typing import Final

INK: Final = "#1d2935"
MUTED: Final = "#66727f"
RULE: Final = "#d5dbe1"
WASH: Final = "#f4f6f8"
BLUE: Final = "#2b5c8a"
PALE_BLUE: Final = "#c9d8e6"
ORANGE: Final = "#c8602b"
PALE_ORANGE: Final = "#f6dfd1"
GREEN: Final = "#2f7d5b"
PALE_GREEN: Final = "#bfdccd"
AMBER: Final = "#b27a12"
RED: Final = "#a93631"

#: The colour of a decision, in charts and pages.
VERDICT_COLOURS: Final = {
    "promoted": GREEN,
    "approved": GREEN,
    "held": AMBER,
    "rejected": RED,
    "rolled back": MUTED,
}

#: The colour of a drift verdict.
DRIFT_COLOURS: Final = {"drifted": RED, "stable": GREEN}

#: Width of the text, in inches: charts of this width need no scaling on an A4 page.
TEXT_WIDTH: Final = 7.0
DPI: Final = 144
CHART_TEXT: Final = 7.5
