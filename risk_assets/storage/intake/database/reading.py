"""A look at a source: its new rows are read in the order of its cursor, and landed batch by batch."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from risk_assets.domain.columns import Columns
from risk_assets.settings import SqlSourceSetting
from risk_assets.storage.intake.database.batch import Batch
from risk_assets.storage.intake.database.database import Database
from risk_assets.storage.intake.database.position import CursorError, Position, latest, position_of
from risk_assets.storage.intake.database.query import CURSOR, new_rows, passed_over, start_of
from risk_assets.storage.intake.database.shape import Shape, describe
from risk_assets.storage.intake.database.state import (
    SourceState,
    file_name,
    find_state,
    landed_files,
    origin_of,
    refuse_change,
)
from risk_assets.storage.intake.database.streams import streamed
from risk_assets.storage.intake.database.window import Hasher, Landed, Window, hashed_by
from risk_assets.storage.records import write_record
from risk_assets.storage.remote.mirror import Mirror

if TYPE_CHECKING:
    import pyarrow as pa

#: No zone is so far ahead: of times without one, only what is beyond it is surely not of now.
AHEAD = timedelta(days=2)


@dataclass(frozen=True)
class Look:
    """What a look landed: rows and files, up to which cursor, and whether it came to the end of what is new.

    `passed_over` counts rows without a cursor that could be followed; `shortened` says that the look-back holds
    more rows than can be kept, so that a row that comes late may be missed; `ahead` says that
    rows dated too far ahead wait for their time.
    """

    rows: int = 0
    files: tuple[str, ...] = ()
    reached: str | None = None
    complete: bool = True
    passed_over: int = 0
    shortened: bool = False
    ahead: bool = False


@dataclass
class Reading:
    """One look at a source that is connected and locked."""

    database: Database
    mirror: Mirror
    columns: Columns
    hasher: Hasher
    in_time: Callable[[], bool]
    now: Callable[[], datetime]
    most_rows: int
    shape: Shape = field(init=False)
    state: SourceState = field(init=False)
    began: datetime = field(init=False)
    window: Window = field(init=False)
    rows: int = 0
    files: tuple[str, ...] = ()
    shortened: bool = False
    ahead: bool = False

    def look(self) -> Look:
        """Read from the last position on, and land what is new."""
        self.shape = describe(self.database, self.columns)
        self.database.connection.rollback()  # nothing is locked while rows are streamed
        self.state = self._remembered()
        self.began, before = self.now(), self.state
        self.window = Window(
            self.hasher, self._source.look_back, self._position, self.began, most_rows=self.most_rows
        )
        self.window.groups.extend(before.window)
        query = new_rows(self._source, self.shape, start_of(before, self._source.look_back))
        with streamed(self.database, self.shape, query) as tables:
            complete = self._land_all(self._unknown(tables))
        if complete:
            self._catch_up()
            self._settle(before)
        cursor = latest(self.state.cursor, self.window.newest)
        lost = self._passed_over() if self.files or before.cursor is None else 0
        return Look(
            self.rows, self.files, cursor.text if cursor else None, complete, lost, self.shortened, self.ahead
        )

    @property
    def _source(self) -> SqlSourceSetting:
        return self.database.source

    @property
    def _landed(self) -> dict[str, int]:
        """Content hashes and numbers of the files that this source has in the input folder."""
        return landed_files(self.mirror.names(self._source.into), self._source.name)

    @property
    def _record(self) -> Path:
        return self.mirror.layout.sources / self._source.name / "state.json"

    def _remembered(self) -> SourceState:
        """Return the state; a killed look may have landed a file with a number that the state does not know."""
        origin = origin_of(self._source, self.columns)
        state = find_state(self._record, origin) or SourceState(origin, self.shape.type_names)
        refuse_change(self._source, state, self.shape, self._record)
        if state.hashed_by != hashed_by():
            state = replace(state, window=(), hashed_by=hashed_by())
        numbers = self._landed.values()
        return replace(state, number=max((state.number, *numbers)))

    def _position(self, table: pa.Table, row: int) -> Position:
        value = table[CURSOR][row].as_py()
        found = position_of(value, is_decimal=self.shape.cursor_is_decimal)
        last = self.state.cursor
        if last is not None and (
            last.is_number != found.is_number or (last.kind == "text") != (found.kind == "text")
        ):
            raise CursorError(f"{found.text} is of another kind than {last.text} before it")
        return found

    def _unknown(self, tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
        """Yield what is not landed yet: only rows up to the last position can be."""
        landed, last = Landed(self.state.window), latest(self.state.cursor, self.window.newest)
        for table in tables:
            due = self._due(table)
            if due.num_rows:
                again = last is not None and self._position(due, 0).rank <= last.rank
                yield landed.without(due, self.hasher) if again else due
            if due.num_rows < table.num_rows:
                self.ahead = True
                return

    def _due(self, table: pa.Table) -> pa.Table:
        """Return the rows that are not dated too far ahead: those wait for their time."""
        if not table.num_rows or (last := self._position(table, -1)).is_number:
            return table
        margin = min(timedelta(seconds=min(self._source.look_back, 1e9)), AHEAD) if last.has_zone else AHEAD
        latest_due = Position.of((self.began + margin).astimezone(UTC)).rank
        places = range(table.num_rows)
        return table.slice(0, bisect_right(places, latest_due, key=lambda row: self._position(table, row).rank))

    def _land_all(self, tables: Iterator[pa.Table]) -> bool:
        """Land batch after batch; return whether the end was reached in time, with something new at any rate."""
        batch, complete = self._batch(), True
        try:
            for table in tables:
                batch = self._take(batch, table)
                complete = not (batch.rows or self.rows) or self.in_time()
                if not complete:
                    break
            batch = self._land(batch) if batch.rows else batch
            return complete
        finally:
            batch.drop()

    def _take(self, batch: Batch, rows: pa.Table) -> Batch:
        """Add rows to the batch and land it when it is full; return the batch that the next rows are for."""
        while rows.num_rows:
            room = self._source.batch_rows - batch.rows
            taken, rows = rows.slice(0, room), rows.slice(room)
            self.window.add(taken)
            batch.add(taken, self._position(taken, -1))
            if batch.rows == self._source.batch_rows:
                batch = self._land(batch)
        return batch

    def _batch(self) -> Batch:
        return Batch(self.mirror.unit(self._source.into).folder / f".{self._source.name}.part")

    def _land(self, batch: Batch) -> Batch:
        """Land a batch unless it was landed already, then write down how far the source is read."""
        content, reached = batch.finish(), batch.reached
        number = self.state.number
        if content not in self._landed:
            number += 1
            name = file_name(self._source.name, number, content)
            self.mirror.land(self._source.into, batch.part, name)
            self.files += (name,)
            self.rows += batch.rows
        self._write(reached, number)
        return self._batch()

    def _write(self, reached: Position, number: int) -> None:
        """Write down how far the source is read: not beyond the clock, as rows of now would lie below that."""
        state, reached = self.state, reached.at_most(self.began)
        if state.cursor is None or reached.rank > state.cursor.rank:
            state = replace(state, cursor=reached, reached_at=self.now().isoformat())
        assert state.cursor is not None
        beyond = self.window.close(state.cursor)
        self.shortened |= beyond is not None
        self.state = replace(
            state, number=number, final=latest(state.final, beyond), window=tuple(self.window.groups)
        )
        write_record(self._record, self.state)

    def _catch_up(self) -> None:
        """Follow the clock up to the newest row landed, if a look that came to the end finds that dated ahead."""
        newest, cursor = self.window.newest, self.state.cursor
        if newest is not None and (cursor is None or cursor.rank < newest.at_most(self.began).rank):
            self._write(newest, self.state.number)

    def _settle(self, before: SourceState) -> None:
        """Take for landed all that the look-back of a read that came to the end can have left no gap in."""
        last = before.cursor
        if last is None or last.is_number or before.final == last:
            return
        late = timedelta(seconds=self._source.look_back) + last.span
        if self.began < datetime.fromisoformat(before.reached_at) + late:
            return
        left = tuple(group for group in self.state.window if group.newest.rank > last.rank)
        self.state = replace(self.state, final=latest(self.state.final, last), window=left)
        write_record(self._record, self.state)

    def _passed_over(self) -> int:
        return int(self.database.connection.execute(passed_over(self._source, self.shape)).scalar_one())
