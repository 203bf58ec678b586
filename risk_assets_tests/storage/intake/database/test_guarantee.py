"""Nothing lost, nothing twice: any order of changes, late commits, looks cut short, kills and forgotten states."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from risk_assets_tests.storage.death import Killed, dying_after
from risk_assets_tests.storage.intake.database.crm import Crm

LOOK_BACK = 10
NAMES = st.sampled_from("abcdefgh")
CHANGES = st.tuples(st.just("write"), NAMES, st.integers(0, 3), st.integers(0, LOOK_BACK))
STEPS = st.lists(
    CHANGES
    | st.tuples(st.just("look"))
    | st.tuples(st.just("cut"))
    | st.tuples(st.just("die"), st.integers(0, 60))
    | st.tuples(st.just("forget")),
    max_size=25,
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, st.integers(1, 4))
def test_finaldata_holds_every_row_that_a_look_left_behind_and_only_rows_that_were_there(
    steps: list[tuple[object, ...]], batch_rows: int
) -> None:
    """A change's cursor is at most LOOK_BACK behind the newest; it becomes visible between two looks.

    After a last look that came to its end, finaldata holds all rows that are in the table then, and each row of it
    was in the table at some look. The rows of a look that came to its end stay.
    """
    with tempfile.TemporaryDirectory() as folder:
        world = _World(Path(folder), batch_rows)
        for name, *arguments in steps:
            getattr(world, str(name))(*arguments)
        world.look()
        found = world.crm.finaldata() if world.crm.files else []
        latest = world.crm.place.latest() if world.crm.files else {}
    rows = [(row[0], row[1]) for row in found]
    assert len(rows) == len(set(rows))
    assert world.settled <= set(rows) <= world.seen
    assert {name: row[1] for name, row in latest.items()} == world.table


class _World:
    """A table as it should be, what was ever seen of it, and what finaldata has to hold at any rate."""

    def __init__(self, folder: Path, batch_rows: int) -> None:
        self.crm = Crm(folder, batch_rows=batch_rows, look_back=LOOK_BACK + 1)
        self.newest = 1000
        self.table: dict[object, object] = {}
        self.seen: set[tuple[object, object]] = set()
        self.settled: set[tuple[object, object]] = set()

    def write(self, name: str, calls: int, late: int) -> None:
        self.newest += 1
        at = self.newest - late + self.newest / 1_000_000  # as with a time, no value comes twice
        self.crm.write(name, at=at, calls=calls)
        self.table[name] = float(calls)

    def look(self) -> None:
        self.crm.look()
        self._saw()
        self.settled |= set(self.table.items())

    def cut(self) -> None:
        self.crm.look(in_time=lambda: False)
        self._saw()

    def die(self, step: int) -> None:
        self._saw()
        with contextlib.suppress(Killed), dying_after(step):
            self.crm.look()

    def forget(self) -> None:
        self.crm.state.unlink(missing_ok=True)

    def _saw(self) -> None:
        self.seen |= set(self.table.items())
