"""Files that come one after the other, in any order, are put together by Spark as by DuckDB."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from risk_assets.domain.intake.source_file import SourceFile
from risk_assets.storage.intake.finaldata import IngestionRules, ingest
from risk_assets_tests.engine.ranking.test_ranking_dated import HORIZON, filled, rank
from risk_assets_tests.engine.spark.engines import spark_of
from risk_assets_tests.storage.dated import COLUMNS as DATED
from risk_assets_tests.storage.dated import DatedPlace
from risk_assets_tests.storage.place import COLUMNS, NOW, Place

pytestmark = [pytest.mark.slow, pytest.mark.needs("java")]

#: b comes last and stands in the middle: it takes rows from c, which lost some before. Outcomes come later too.
STEPS = (
    {
        "a.csv": ("A,1,north,0", "B,1,,0", "E,1,north,", "F,1,,"),
        "c.csv": ("A,2,north,0", "A,1,north,0", "C,,south,1", "D,1,north,1", "E,1,north,1", "F,1,,"),
    },
    {"b.csv": ("C,,south,1", "B,2,,0", "B,1,,0", "F,1,,", "F,1,,0", "E,1,north,0")},
)


def account(file: SourceFile) -> SourceFile:
    """Leave out what goes by an engine's own hashes."""
    return replace(file, part=None, fingerprint="", redelivered=str(bool(file.redelivered)))


@pytest.mark.long
def test_files_that_come_one_by_one_are_merged_alike(tmp_path: Path) -> None:
    embedded, cluster, parallel_reads = (Place(tmp_path / name) for name in ("duckdb", "spark", "at once"))
    with spark_of(COLUMNS, tmp_path) as session:
        for step in STEPS:
            for place in (embedded, cluster, parallel_reads):
                for name, lines in step.items():
                    place.put(name, *lines)
            expected = embedded.ingest(bad=1.0)
            found = ingest(cluster.layout, session, IngestionRules(1.0, write_csv=False), now=NOW)
            assert list(map(account, found.files)) == list(map(account, expected.files))
            assert cluster.rows() == embedded.rows()
            assert cluster.latest() == embedded.latest()
        assert ingest(parallel_reads.layout, session, IngestionRules(1.0, write_csv=False), now=NOW) == found
    assert (parallel_reads.rows(), parallel_reads.latest()) == (cluster.rows(), cluster.latest())


def test_rows_with_dates_are_labelled_and_ranked_to_the_same_bytes(tmp_path: Path) -> None:
    embedded, cluster = (filled(DatedPlace(tmp_path / name)) for name in ("duckdb", "spark"))
    expected_account = embedded.ingest(HORIZON)
    with embedded.session() as session:
        expected = rank(embedded, session)
    with spark_of(DATED, tmp_path) as session:
        account = cluster.ingest(HORIZON, session=session)
        found = rank(cluster, session)
    assert account.outcomes is not None
    assert expected_account.outcomes is not None
    assert account.outcomes.counts == expected_account.outcomes.counts
    assert cluster.labelled() == embedded.labelled()
    assert cluster.layout.finaldata_csv.read_bytes() == embedded.layout.finaldata_csv.read_bytes()
    assert found.csv.read_bytes() == expected.csv.read_bytes()
    with duckdb.connect() as connection:
        for one, other in ((found.parquet, expected.parquet), (found.status, expected.status)):
            tables = [connection.execute("FROM read_parquet(?)", [str(path)]).fetchall() for path in (one, other)]
            assert tables[0] == tables[1]
