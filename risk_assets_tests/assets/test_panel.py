"""Months of the same clients and dates of leaving, through the whole graph; checked by pandas alone."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import replace
from pathlib import Path

import dagster as dg
import duckdb
import numpy as np
import pandas as pd
import pytest
from pypdf import PdfReader

from risk_assets.domain.columns import Columns
from risk_assets.domain.scoring.backtest import Backtest
from risk_assets.domain.scoring.ranked_periods import RankedPeriod
from risk_assets.engine.scoring.ranked_periods import ranked_periods
from risk_assets.storage.intake.finaldata import require_ingestion
from risk_assets.storage.intake.part_files import rows_of
from risk_assets.storage.intake.set_apart import ids_set_apart
from risk_assets.storage.records import read_record
from risk_assets_tests.assets.panel import ASSETS, CAPACITY, FEATURES, HORIZON, LATE, panel_in, settings
from risk_assets_tests.assets.project import Project, failed_checks
from risk_assets_tests.engine.clients import trained, write_clients

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = panel_in(tmp_path_factory.mktemp("panel") / "home")
    assert failed_checks(project.materialize(*ASSETS)) == []
    return project


def files_in(folder: Path | None) -> pd.DataFrame:
    assert folder is not None
    return pd.concat([pd.read_csv(file).assign(file=file.name) for file in sorted(folder.glob("*.csv"))])


@pytest.fixture(scope="module")
def panel(project: Project) -> pd.DataFrame:
    """All rows with the day on which their client left, if it did, and what that makes of them."""
    rows, leavings = files_in(project.layout.input), files_in(project.layout.outcomes)
    found = rows.merge(leavings[["corporation", "left_on"]], on="corporation", how="left")
    found["as_of"], found["left_on"] = pd.to_datetime(found["as_of"]), pd.to_datetime(found["left_on"])
    days = (found["left_on"] - found["as_of"]).dt.days
    found["left"] = ((days > 0) & (days <= HORIZON)).astype(float)
    newest = found["left_on"].max()
    found["complete"] = found["as_of"] + pd.Timedelta(days=HORIZON + LATE) <= newest
    return found


def drawn(client: str, purpose: str = "") -> int:
    return int(hashlib.md5(f"{purpose}{client}".encode(), usedforsecurity=False).hexdigest()[:8], 16)


def test_rows_have_the_labels_that_pandas_gives_them(project: Project, panel: pd.DataFrame) -> None:
    sheet = pd.read_csv(project.layout.finaldata_csv, parse_dates=["as_of"])
    both = sheet.merge(panel, on=["corporation", "as_of"], suffixes=("", "_raw"))
    assert len(sheet) == len(both) == len(panel)
    expected = both["left"].where(both["complete"])
    pd.testing.assert_series_equal(both["has_left"].astype(float), expected, check_names=False)
    assert expected.isna().any()
    ingestion = require_ingestion(project.layout)
    assert ingestion.positives == expected.sum()


def test_nobody_in_the_ranking_has_left_and_everybody_else_is_in_it(project: Project, panel: pd.DataFrame) -> None:
    with duckdb.connect() as connection:  # unrounded, unlike the sheet
        ranked = connection.execute("FROM read_parquet(?)", [str(project.layout.client_risk_parquet)]).df()
    last = panel.sort_values("as_of").groupby("corporation").last()
    here = last[last["left_on"].isna() & (last["as_of"] >= panel["as_of"].max() - pd.Timedelta(days=HORIZON))]
    assert set(ranked["corporation"]) == set(here.index)
    joined = ranked.merge(here[["manager", "value"]], on="corporation", suffixes=("", "_raw"))
    assert (joined["manager"] == joined["manager_raw"]).all()
    np.testing.assert_allclose(joined["value_at_risk"], joined["risk"] * joined["value_raw"], rtol=1e-9)


def test_the_backtest_is_what_pandas_finds_with_models_of_what_was_known(
    project: Project, panel: pd.DataFrame, tmp_path: Path
) -> None:
    found = read_record(project.layout.backtest, Backtest)
    first = panel["as_of"].min() + pd.Timedelta(days=HORIZON + LATE)  # before it nothing was known
    days = [day for day in sorted(panel.loc[panel["complete"], "as_of"].unique())[-3:] if day >= first]
    assert [period.as_of for period in found.periods] == [str(day.date()) for day in days]
    called = left = 0.0
    for period, day in zip(found.periods, days, strict=True):
        known = panel["as_of"] + pd.Timedelta(days=HORIZON + LATE) <= day
        free = panel["corporation"].map(drawn) % 10 != 0
        free &= panel["corporation"].map(lambda client: drawn(client, "test ")) >= round(0.2 * 2**32)
        learnt = panel[known & free].assign(has_left=lambda rows: rows["left"].astype(int))
        columns = project.home.settings.columns.to_columns()
        part = write_clients(tmp_path / f"{day.date()}.parquet", plain(columns), learnt)
        model = trained([part], plain(columns)).scorecard
        reported = panel["left_on"] <= day - pd.Timedelta(days=LATE)
        here = panel[(panel["as_of"] == day) & ~reported].copy()
        here["risk"] = model.risk({name: here[name].to_numpy(dtype=float) for name in FEATURES})
        first = here.sort_values(["risk", "corporation"], ascending=[False, True]).head(CAPACITY)
        assert (period.trained_rows, period.clients) == (len(learnt), len(here))
        assert (period.hits, period.left) == (first["left"].sum(), here["left"].sum())
        called, left = called + len(first), left + first["left"].sum()
    assert found.precision.value == left / called
    assert found.lift.low > 1


def plain(columns: Columns) -> Columns:
    """The same features with a target of their own, without dates."""
    return replace(columns, as_of=None, carried=(), value=None, has_target=True)


def test_what_happens_after_a_day_changes_nothing_that_was_known_on_it(project: Project, tmp_path: Path) -> None:
    before = {period.as_of: period for period in periods_of(project)}
    day = sorted(before)[-2]
    other = Project(tmp_path, **settings())
    for source, target in folders_of(project, other):
        for file in source.iterdir():
            disturbed(file, target / file.name, day)
    other.materialize("finaldata")

    after = {period.as_of: period for period in periods_of(other)}[day]

    expected = before[day]
    assert after.risk.tolist() == expected.risk.tolist()
    assert after.clients.tolist() == expected.clients.tolist()
    assert (after.threshold, after.column, after.trained_rows) == (
        expected.threshold,
        expected.column,
        expected.trained_rows,
    )
    assert after.left.tolist() != expected.left.tolist()


def folders_of(project: Project, other: Project) -> list[tuple[Path, Path]]:
    """The folders of rows and of leavings of a project, each with the one of another project, which is made."""
    pairs = (project.layout.input, other.layout.input), (project.layout.outcomes, other.layout.outcomes)
    found = [(source, target) for source, target in pairs if source is not None and target is not None]
    for _, target in found:
        target.mkdir(exist_ok=True)
    return found


def disturbed(source: Path, target: Path, day: str) -> None:
    """Copy a file with every row and every leaving after a day moved or changed."""
    frame = pd.read_csv(source)
    if "left_on" in frame:
        reported = pd.Timestamp(day) - pd.Timedelta(days=LATE)
        late = pd.to_datetime(frame["left_on"]) > reported
        moved = (pd.to_datetime(frame["left_on"]) + pd.Timedelta(days=1)).dt.strftime("%Y-%m-%d")
        frame["left_on"] = frame["left_on"].where(~late, moved)
        frame = frame[~late | (np.arange(len(frame)) % 3 > 0)]
    else:
        later = pd.to_datetime(frame["as_of"]) > pd.Timestamp(day)
        frame["lastmonth_activity"] = frame["lastmonth_activity"].where(~later, 7)
    frame.to_csv(target, index=False)
    shutil.copystat(source, target)
    os.utime(target, (source.stat().st_mtime, source.stat().st_mtime + 86400 * 5))


def periods_of(project: Project) -> list[RankedPeriod]:
    given, ingestion = project.home.settings, require_ingestion(project.layout)
    assert ingestion.outcomes is not None
    with project.home.session() as session:
        found = ranked_periods(
            session,
            rows_of(project.layout, ingestion),
            ingestion.outcomes,
            apart=ids_set_apart(project.layout, session),
            most=5,
            threshold=given.threshold,
            most_rows=given.max_training_rows,
        )
        return list(found)


def test_the_graph_says_what_outcomes_are_known(project: Project) -> None:
    event = project.instance.get_latest_materialization_event(dg.AssetKey("finaldata"))
    assert event is not None
    assert event.asset_materialization is not None
    told = {name: each.value for name, each in event.asset_materialization.metadata.items()}
    account = require_ingestion(project.layout).outcomes
    assert account is not None
    assert told["outcomes complete for rows until"] == account.complete_until
    assert told["leavings known until"] == account.reached
    assert told["days within which 99 % of leavings came"] == pytest.approx(account.counts.late_days)


def test_dagster_shows_the_columns_of_the_ranking_and_where_they_come_from(project: Project) -> None:
    event = project.instance.get_latest_materialization_event(dg.AssetKey("client_risk"))
    assert event is not None
    assert event.asset_materialization is not None
    told = event.asset_materialization.metadata
    schema, lineage = told["dagster/column_schema"].value, told["dagster/column_lineage"].value
    assert isinstance(schema, dg.TableSchema)
    assert isinstance(lineage, dg.TableColumnLineage)
    written = pd.read_parquet(project.layout.client_risk_parquet).columns

    assert {column.name for column in schema.columns} == {name for name in written if "feature." not in name}
    assert {each.column_name for each in lineage.deps_by_column["value_at_risk"]} > {"value"}
    assert [each.column_name for each in lineage.deps_by_column["manager"]] == ["manager"]


def test_the_report_leads_with_what_past_lists_were_worth(project: Project) -> None:
    found = read_record(project.layout.backtest, Backtest)
    pages = [page.extract_text() for page in PdfReader(project.layout.summary_report).pages]
    assert f"Of {found.called} clients that would have been named" in pages[0]
    assert "Would it have paid off?" in pages[1]
    assert "99 % of leavings came within" in "".join(pages)


def test_one_more_month_and_its_leavings_refresh_the_ranking_and_nobody_who_left_stays(
    project: Project, tmp_path: Path
) -> None:
    younger = Project(tmp_path, **settings())
    months = sorted(file.name for file in project.layout.input.iterdir())
    (rows, younger_rows), (told, younger_told) = folders_of(project, younger)
    for source, target in ((rows, younger_rows), (told, younger_told)):
        for file in sorted(source.iterdir())[:-1]:
            shutil.copy2(file, target)
    younger.materialize("finaldata", "trained_model", "latest_score", "deployed_model", "client_risk")
    live = younger.version_of("deployed_model")
    left = files_in(project.layout.outcomes).query(f"file == 'left_{months[-1][8:]}'")["corporation"]
    assert set(left) & set(pd.read_csv(younger.layout.client_risk_csv)["corporation"])

    shutil.copy2(rows / months[-1], younger_rows)
    shutil.copy2(told / f"left_{months[-1][8:]}", younger_told)
    younger.materialize("finaldata", "client_risk")

    assert not set(left) & set(pd.read_csv(younger.layout.client_risk_csv)["corporation"])
    assert younger.version_of("deployed_model") == live
