"""Rows that ingestion refused, in words: how many, why, and what to do."""

from __future__ import annotations

from pathlib import Path

from risk_assets.domain.intake.ingestion import Ingestion
from risk_assets.reporting.wording import count, percent, plural

MOST_REASONS = 3
MISSING_WORDS = "what stands for a missing number belongs in format.missing"


def refused_sentence(ingestion: Ingestion, quarantine: Path) -> str:
    """Return how many rows are refused, the most frequent reasons, and the folder that holds them."""
    share = f"{percent(ingestion.quarantined, max(ingestion.read, 1))} of the rows read are refused"
    found = [f"{share} ({count(ingestion.quarantined)} of {count(ingestion.read)})"]
    if whole := [file.name for file in ingestion.files if file.reason]:
        found.append(f"{plural(len(whole), 'file')} refused whole: {', '.join(whole)}")
    reasons = list(ingestion.reasons.items())
    if reasons:
        found.append(", ".join(f"{count(rows)} × {reason}" for reason, rows in reasons[:MOST_REASONS]))
    if ingestion.quarantined or whole:
        found.append(f"they are in {quarantine}")
    if any(reason.endswith("is not a number") for reason, _ in reasons):
        found.append(MISSING_WORDS)
    return "; ".join(found)
