"""Whether calls helped, told alike on the page and in the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from risk_assets.domain.contacts.assignment import Assignment, Effect, effect, left_within
from risk_assets.domain.intake.outcomes import OutcomesAccount
from risk_assets.settings import Settings


def effect_of_calls(
    settings: Settings,
    account: Callable[[], OutcomesAccount | None],
    assigned: Callable[[], Sequence[Assignment]],
    left_on: Callable[[Sequence[str]], Mapping[str, str]],
) -> tuple[Effect | None, str]:
    """Return what calls did, and why that cannot be told where it cannot.

    The account of outcomes, the draws and the dates of leaving (ISO 8601) of clients are read only where needed.
    """
    if not settings.uncalled_share:
        return None, (
            "Whether calls help cannot be told: all listed clients are called, so there is nobody to compare them "
            "with. With uncalled_share in the settings some are left uncalled at random."
        )
    if settings.outcomes is None:
        return None, "Whether calls help cannot be told without dates of leaving (outcomes in the settings)."
    known = account()
    until = known.complete_until[:10] if known else ""
    complete = [one for one in assigned() if one.listed_on <= until]
    leavings = left_on([one.client for one in complete])
    found = effect([(one, left_within(one, leavings, settings.outcomes.horizon_days)) for one in complete])
    if found is None:
        return None, (
            f"Too early to tell: {len(complete)} clients were listed so long ago that their outcome is known."
        )
    return found, ""
