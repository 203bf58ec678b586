from __future__ import annotations

import tracemalloc

from risk_assets.serve.http.replies import Fault, faulty, refuse_any


def test_many_faults_are_counted_and_only_the_first_kept() -> None:
    tracemalloc.start()
    try:
        error = faulty(Fault(row, "activity", f"is below 0: {row}") for row in range(100_000, 0, -1))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert str(error) == "row 1: activity is below 0: 1 (and 99999 more)"
    assert [fault.row for fault in error.faults] == list(range(1, 21))
    assert peak < 100_000, "bytes; a fault each would be tens of millions"


def test_faults_of_a_row_stay_in_their_order() -> None:
    error = faulty([Fault(2, "b", "is wrong"), Fault(1, "z", "is wrong"), Fault(1, "a", "is wrong")])

    assert [fault.field for fault in error.faults] == ["z", "a", "b"]


def test_no_faults_are_no_error() -> None:
    refuse_any([])


def test_a_fault_of_a_field_without_a_name_has_a_subject() -> None:
    assert str(Fault(3, "", "is not known")) == 'row 3: "" is not known'
