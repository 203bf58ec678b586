"""A version whose scorecard was written in the first format: shapes alone, nothing of how sure they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.settings import NumericSetting
from risk_assets.storage.deployment.versions import publish_version
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import RecordError, read_record
from risk_assets_tests.serve.conftest import Home, opened
from risk_assets_tests.serve.deployed import COLUMNS, NOON, make_settings, point, publish

OLD = Path(__file__).with_name("format_1")
RISKS = json.loads((OLD / "risks.json").read_text())
FEATURES = ("lastmonth_activity", "lastyear_activity", "number_of_employees")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home whose live version is an old one, a newer one beside it."""
    columns = COLUMNS.model_copy(
        update={"numeric": tuple(NumericSetting(name=name, min=0) for name in FEATURES), "categorical": ()}
    )
    settings = make_settings(tmp_path, columns=columns)
    layout = Layout.of(settings)
    names = {"scorecard.json": OLD / "scorecard.json", "metrics.json": OLD / "metrics.json"}
    publish(settings)  # it leaves the other files of a version behind
    files = {
        name: names.get(name, layout.models / name) for name in ("trainedmodel.pkl", "reference.json", *names)
    }
    manifest = publish_version(
        layout,
        files,
        model_sha256=hashlib.sha256(layout.trainedmodel.read_bytes()).hexdigest(),
        data_version="data-1",
        parent=None,
        features=FEATURES,
        libraries={},
        now=NOON,
    )
    point(settings, manifest.version)
    with opened(settings) as home:
        yield home


def test_it_serves_the_risks_that_it_served_when_it_was_new(home: Home) -> None:
    answer = home.predict({"clients": [each["client"] for each in RISKS]}).get_json()
    found = [each["risk"] for each in answer["predictions"]]
    assert found == pytest.approx([each["risk"] for each in RISKS], rel=0, abs=1e-12)


def test_it_gives_reasons_against_the_average_and_no_interval(home: Home) -> None:
    [client] = home.predict(
        {"clients": [RISKS[1]["client"]], "reasons": 1, "interval": True, "contributions": True}
    ).get_json()["predictions"]
    assert client["reasons"] == ["lastmonth_activity is 3: 90.4 %, on average 8.4 %"]
    assert (client["risk_low"], client["risk_high"]) == (None, None)
    assert set(client["contributions"]) == set(FEATURES)


def test_a_format_that_is_not_known_yet_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "scorecard.json"
    file.write_text((OLD / "scorecard.json").read_text().replace('"threshold"', '"format": 3, "threshold"'))
    with pytest.raises(RecordError, match=r"scorecard\.json"):
        read_record(file, Scorecard)
