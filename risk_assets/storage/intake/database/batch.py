"""One batch of rows as a parquet file: written hidden, and landed under a name when it is whole."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from risk_assets.storage.intake.database.position import Position

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

ROWS_PER_GROUP = 122_880


class Batch:
    """Rows on their way into a file; the same rows and cursors give the same bytes and the same content hash."""

    def __init__(self, part: Path) -> None:
        self.part = part
        self.rows = 0
        self.reached: Position
        self._waiting: list[pa.Table] = []
        self._cursors = hashlib.sha256()
        self._writer: pq.ParquetWriter | None = None

    def add(self, table: pa.Table, reached: Position) -> None:
        """Take in rows up to a position: the declared columns, and last the cursor, which is not landed."""
        self.rows += table.num_rows
        self.reached = reached
        self._waiting.append(table)
        while sum(waiting.num_rows for waiting in self._waiting) >= ROWS_PER_GROUP:
            self._write_group()

    def finish(self) -> str:
        """Write what is left and return the content hash, of rows and cursors."""
        if self._waiting:
            self._write_group()
        assert self._writer is not None
        self._writer.close()
        with self.part.open("rb") as file:
            content = hashlib.file_digest(file, "sha256")
        content.update(self._cursors.digest())
        return content.hexdigest()[:16]

    def drop(self) -> None:
        """Give up: remove the unfinished file."""
        if self._writer is not None:
            self._writer.close()
        self.part.unlink(missing_ok=True)

    def _write_group(self) -> None:
        """Write a row group of a fixed size, so that the file does not depend on how the rows came in."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        rows = pa.concat_tables(self._waiting, promote_options="permissive")
        group, rest = rows.slice(0, ROWS_PER_GROUP), rows.slice(ROWS_PER_GROUP)
        self._waiting = [rest] if rest.num_rows else []
        *columns, cursor = group.combine_chunks().itercolumns()
        self._cursors.update(_bytes_of(cursor))
        content = pa.table(columns, names=group.column_names[:-1])
        if self._writer is None:
            _, *others = content.column_names  # of ids, all different, a dictionary is a waste
            self._writer = pq.ParquetWriter(self.part, content.schema, compression="zstd", use_dictionary=others)
        self._writer.write_table(content, row_group_size=ROWS_PER_GROUP)


def _bytes_of(cursor: pa.ChunkedArray) -> bytes:
    import pyarrow as pa

    if pa.types.is_primitive(cursor.type):
        return bytes(cursor.to_numpy().tobytes())
    return "\n".join(map(str, cursor.to_pylist())).encode()
