"""When too much of the input folder is bad, nothing is ingested: the rule, and the words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from risk_assets.storage.intake.parse_cache import Source

FILES_NAMED = 3
REASONS_NAMED = 3


class IngestionError(ValueError):
    """Nothing may be ingested; the message says why, in one line."""


def refuse_bad(sources: Sequence[Source], folder: Path | str, max_bad_share: float) -> None:
    """Raise IngestionError without a usable row, and where more than a share of the rows or files is refused."""
    if not sources:
        raise IngestionError(f"no client files in {folder}")
    read = sum(source.parsed.read for source in sources)
    refused = sum(source.parsed.quarantined for source in sources)
    if not any(source.usable_rows for source in sources):
        raise IngestionError(f"no usable row in {folder}: {_worst(sources)}")
    whole = sum(source.parsed.reason is not None for source in sources)
    if whole > max_bad_share * len(sources):
        share = f"{whole:,} of {len(sources):,} files in {folder} are refused whole, more than {max_bad_share:.0%}"
        raise IngestionError(f"{share}: {_worst(sources)}")
    if refused > max_bad_share * read:
        share = f"{refused:,} of {read:,} rows in {folder} are refused, more than {max_bad_share:.0%}"
        raise IngestionError(f"{share}: {_worst(sources)}")


def _worst(sources: Sequence[Source]) -> str:
    """Say of the files with the most refused rows what is wrong, and where the rows are."""
    bad = [source for source in sources if source.parsed.reason or source.parsed.quarantined]
    bad.sort(key=lambda source: (source.parsed.reason is None, -source.parsed.quarantined))
    texts = [_refusal_text(source) for source in bad[:FILES_NAMED]]
    more = [f"and {len(bad) - FILES_NAMED} more files"] * (len(bad) > FILES_NAMED)
    return "; ".join(texts + more) or "the files hold no rows"


def _refusal_text(source: Source) -> str:
    parsed = source.parsed
    if parsed.reason:
        return f"{source.name}: {parsed.reason}"
    reasons = [f"{count:,} × {reason}" for reason, count in list(parsed.reasons.items())[:REASONS_NAMED]]
    why = f"{', '.join(reasons)}"
    return f"{source.name}: {parsed.quarantined:,} of {parsed.read:,} ({why})"
