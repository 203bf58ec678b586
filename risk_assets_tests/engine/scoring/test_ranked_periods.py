"""What is known on a day of the past, and what is not yet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from risk_assets.domain.intake.outcomes import OutcomeRules
from risk_assets.domain.scoring.ranked_periods import RankedPeriod
from risk_assets.engine.scoring.ranked_periods import ranked_periods
from risk_assets.storage.intake.finaldata import require_ingestion
from risk_assets.storage.intake.part_files import rows_of
from risk_assets.storage.intake.set_apart import ids_set_apart
from risk_assets_tests.storage.dated import DatedPlace

MONTHS = [f"2025-{month:02d}-01" for month in range(1, 8)]
#: Leavings are reported within ten days.
RULES = OutcomeRules(20, 10)


@pytest.fixture
def days(tmp_path: Path) -> dict[str, RankedPeriod]:
    """Clients of few calls leave in the middle of a month; two others leave just before a first."""
    place = DatedPlace(tmp_path)
    told = {f"few{month}{number}": f"2025-{month:02d}-15" for month in range(1, 8) for number in range(5)}
    told |= {"unreported": "2025-03-30", "reported": "2025-03-20"}
    for month, day in enumerate(MONTHS, start=1):
        names = [f"many{number}" for number in range(40)]
        names += [f"few{later}{number}" for later in range(month, 8) for number in range(5)]
        names += ["unreported", "reported"] if month <= 4 else []
        lines = [f"{name},{day},{2 if name.startswith(f'few{month}') else 20},," for name in names]
        place.put(f"m{month}.csv", *lines)
    place.report("left.csv", *(f"{name},{day}" for name, day in told.items()))
    place.ingest(RULES)
    layout = replace(place.layout, test_share=0.1)
    ingestion = require_ingestion(layout)
    assert ingestion.outcomes is not None
    with place.session() as session:
        found = ranked_periods(
            session,
            rows_of(layout, ingestion),
            ingestion.outcomes,
            apart=ids_set_apart(layout, session),
            most=4,
            threshold=0.5,
            most_rows=1000,
        )
        return {period.as_of: period for period in found}


def test_one_that_had_left_is_on_the_list_of_a_day_on_which_nobody_had_said_so(
    days: dict[str, RankedPeriod],
) -> None:
    april = days["2025-04-01"]
    clients = dict(zip(april.clients, april.left, strict=True))
    assert not clients["unreported"]
    assert "reported" not in clients
    assert "unreported" not in days["2025-05-01"].clients


def test_a_list_is_made_by_what_was_known_and_compared_with_what_happened(days: dict[str, RankedPeriod]) -> None:
    for day, period in days.items():
        first = set(period.clients[period.by_risk[:5]])
        assert first == {f"few{int(day[5:7])}{number}" for number in range(5)}
        assert period.left[period.by_risk[:5]].all()
        assert period.column == "calls"


def test_months_without_a_known_outcome_of_both_kinds_before_them_have_no_list(
    days: dict[str, RankedPeriod],
) -> None:
    assert list(days) == ["2025-03-01", "2025-04-01", "2025-05-01", "2025-06-01"]
