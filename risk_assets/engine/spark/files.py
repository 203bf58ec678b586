"""Files as Spark reads and writes them: where each row stands, and the forms that DuckDB gives them too."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from risk_assets.engine.session import CsvForm
from risk_assets.engine.spark.positions import POSITION
from risk_assets.engine.sql import literal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: Names that Spark reads as they stand; others hide a file, or tell of compression.
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.(csv|txt|parquet)")
SCHEME = re.compile("^file:/+")
#: A position is a piece of a file (in megabytes from its start), and in its low bits the place in the piece.
PLACE_BITS, MEGABYTE_BITS = 33, 20
#: Of a record that has no place, since it is misshapen.
NO_PLACE = -1
#: Positions of several files: those of one are below this.
FILE_BITS = 40


def path_of(pattern: str) -> Path:
    """Return the file that a pattern of `engine.sql.pattern` names."""
    return Path(re.sub(r"\[([*?\[])\]", r"\1", pattern))


def readable(path: Path, folder: Path) -> Path:
    """Return a path that Spark reads as it stands: the file's own, or that of a link to it in `folder`."""
    absolute = path.absolute()
    if PLAIN.fullmatch(absolute.name):
        return absolute
    suffix = ".parquet" if path.suffix == ".parquet" else ".txt"
    number = sum(1 for _ in folder.glob("link-*"))
    link = folder / f"link-{number}{suffix}"
    try:
        os.link(absolute, link)
    except OSError:  # another file system, or one without links
        shutil.copyfile(absolute, link)
    return link


def spelled(path: Path) -> str:
    """Return a path as Hadoop's pattern of just this file or folder."""
    return re.sub(r"([*?{}\[\]\\])", r"\\\1", str(path))


def without_position(frame: DataFrame) -> DataFrame:
    """Return a frame without the hidden column."""
    return frame.drop(POSITION)


def split_lines(spark: SparkSession, path: Path, form: CsvForm) -> DataFrame:
    """Return the fields c0, c1, … of each line after the first that is not blank, with its position."""
    from pyspark.sql import functions

    lines = _lines(spark, path).where(f"{POSITION_SQL} <> 0")
    cells = functions.split("value", re.escape(form.delimiter), -1)
    fits = f"size(cells) = {form.width} AND octet_length(value) + 2 < {form.longest_line}"
    return _fields(lines.withColumn("cells", cells), form.width, fits)


def split_json(spark: SparkSession, path: Path, width: int) -> DataFrame:
    """Return the fields c0, c1, … of each line that is a JSON list, with its position."""
    from pyspark.sql import functions

    cells = functions.from_json("value", "ARRAY<STRING>")
    return _fields(_lines(spark, path).withColumn("cells", cells), width, "true")


POSITION_SQL = f"`{POSITION}`"


def _lines(spark: SparkSession, path: Path) -> DataFrame:
    """Return the lines that are not blank, and where they stand: pieces are read by several tasks."""
    place = f"monotonically_increasing_id() & {(1 << PLACE_BITS) - 1}"
    piece = f"shiftleft(shiftright(_metadata.file_block_start, {MEGABYTE_BITS}), {PLACE_BITS})"
    lines = spark.read.text(spelled(path)).where("trim(BOTH ' ' FROM value) <> ''")
    return lines.selectExpr("value", f"({piece}) | ({place}) AS {POSITION_SQL}")


def _fields(lines: DataFrame, width: int, fits: str) -> DataFrame:
    """Return cells as columns, an empty one as a missing one; a line that does not fit has no place."""
    fields = [f"nullif(get(cells, {place}), '') AS c{place}" for place in range(width)]
    return lines.selectExpr(*fields, f"CASE WHEN {fits} THEN {POSITION_SQL} ELSE {NO_PLACE} END AS {POSITION_SQL}")


def shifts(stored: DataFrame, bits: int = PLACE_BITS) -> Mapping[int, int] | None:
    """Return what to take from the positions in each piece so that rows count from 0; None when some have none."""
    from pyspark.sql import functions

    position = functions.col(POSITION_SQL)
    pieces = stored.groupBy(functions.shiftright(position, bits).alias("piece")).agg(
        functions.min(position), functions.max(position), functions.count(position)
    )
    found, rows = {}, 0
    for piece, first, last, count in sorted(tuple(row) for row in pieces.collect()):
        if first < 0:
            return None
        if last - first + 1 != count:
            raise AssertionError(f"{count} rows at the places {first} to {last} of a file")
        found[piece] = first - rows
        rows += count
    return found


def numbered(
    spark: SparkSession, stored: DataFrame, found: Mapping[int, int], bits: int = PLACE_BITS
) -> DataFrame:
    """Return stored rows with their numbers `rowid`, from 0 in the order of the file."""
    if len(found) <= 1:
        shift = next(iter(found.values()), 0)
        return stored.withColumn("rowid", stored[POSITION_SQL] - shift)
    from pyspark.sql import functions

    values = ", ".join(f"({piece}, {shift})" for piece, shift in found.items())
    pieces = functions.broadcast(spark.sql(f"SELECT * FROM VALUES {values} AS pieces(`piece of`, `shift by`)"))
    piece = functions.shiftright(stored[POSITION_SQL], bits)
    joined = stored.join(pieces, piece == pieces["piece of"])
    return joined.withColumn("rowid", joined[POSITION_SQL] - joined["shift by"]).drop("piece of", "shift by")


def read_parquet(spark: SparkSession, paths: Sequence[Path], folder: Path) -> DataFrame:
    """Return the rows of parquet files with their positions, in the order of the files."""
    from pyspark.sql import functions

    readables = [readable(path, folder) for path in paths]
    frame = spark.read.parquet(*map(spelled, readables))
    if len(paths) == 1:
        return frame.select("*", functions.expr(f"_metadata.row_index AS {POSITION_SQL}"))
    places = {str(path): place for place, path in enumerate(readables)}
    found = {SCHEME.sub("/", uri) for uri in frame.inputFiles()}
    values = ", ".join(f"({_java_literal(uri)}, {places[unquote(uri)]})" for uri in found)
    order = functions.broadcast(spark.sql(f"SELECT * FROM VALUES {values} AS files(`file of`, `place of`)"))
    placed = frame.select(
        "*",
        functions.expr("regexp_replace(_metadata.file_path, '^file:/+', '/') AS `path of`"),
        functions.expr("_metadata.row_index AS `row of`"),
    )
    joined = placed.join(order, placed["path of"] == order["file of"], "left")
    place = "coalesce(`place of`, raise_error('a file that nobody asked for'))"
    position = functions.expr(f"shiftleft(CAST({place} AS BIGINT), {FILE_BITS}) + `row of`")
    return joined.withColumn(POSITION, position).drop("path of", "row of", "file of", "place of")


def csv_lines(frame: DataFrame) -> DataFrame:
    """Return rows as lines of CSV, quoted where DuckDB quotes."""
    from pyspark.sql import functions

    from risk_assets.engine.spark.number_text import double_text

    cells = []
    for found in without_position(frame).schema.fields:
        name = "`" + found.name.replace("`", "``") + "`"
        kind = found.dataType.typeName()
        text = double_text(name) if kind == "double" else f"CAST({name} AS STRING)"
        cells.append(_csv_cell(text) if kind == "string" else f"coalesce({text}, '')")
    return frame.select(functions.expr(f"concat_ws(',', {', '.join(cells)})"))


def csv_header(names: Sequence[str]) -> str:
    """Return the first line of a CSV file."""
    return ",".join(_quoted(name) for name in names) + "\n"


def _csv_cell(text: str) -> str:
    quoted = f"""concat('"', replace({text}, '"', '""'), '"')"""
    needs_quotes = f"""{text} = '' OR {text} RLIKE '[",#\\n\\r]'"""
    return f"CASE WHEN {text} IS NULL THEN '' WHEN {needs_quotes} THEN {quoted} ELSE {text} END"


def _quoted(name: str) -> str:
    return f'"{name.replace(chr(34), chr(34) * 2)}"' if re.search(r'[",#\n\r]', name) or not name else name


def _java_literal(text: str) -> str:
    return literal(text.replace("\\", "\\\\"))
