from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from risk_assets.domain.columns import Columns
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.model.shapes import NumericShape
from risk_assets.serve.http.replies import RequestError
from risk_assets.serve.model import live
from risk_assets.serve.model.live import LiveModel
from risk_assets.settings import Settings
from risk_assets.storage.atomic import write_text
from risk_assets.storage.layout import Layout
from risk_assets_tests.serve.deployed import SCORECARD, deploy, point, publish, scorecard_of


def live_model(settings: Settings) -> LiveModel:
    """Return a live model that looks at the pointer each time."""
    return LiveModel(Layout.of(settings), settings.columns.to_columns(), look_seconds=0.0)


def test_nothing_serves_before_the_first_deployment_and_the_first_one_then_does(settings: Settings) -> None:
    model = live_model(settings)
    with pytest.raises(RequestError, match="no model is deployed yet"):
        model.current()

    version = deploy(settings)

    assert model.current().name == version
    assert model.current().scorecard == SCORECARD
    assert model.refused is None


def test_a_redeployment_takes_the_place_of_the_old_version(settings: Settings) -> None:
    deploy(settings)
    model = live_model(settings)
    held = model.current()

    second = deploy(settings, scorecard_of(2))

    assert model.current().name == second
    assert model.current().scorecard == scorecard_of(2)
    assert held.scorecard == SCORECARD, "a request that has a version keeps to it"


def change_content(folder: Path) -> None:
    scorecard = folder / "scorecard.json"
    scorecard.write_text(scorecard.read_text().replace("0.4", "0.5"))


def tear(folder: Path) -> None:
    (folder / "scorecard.json").write_text("{")


def remove(folder: Path) -> None:
    (folder / "scorecard.json").unlink()


def forget_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def swap_manifest(folder: Path) -> None:
    content = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**content, "version": "v0009-00000000"}))


def leave_out(folder: Path) -> None:
    content = json.loads((folder / "manifest.json").read_text())
    del content["files"]["scorecard.json"]
    (folder / "manifest.json").write_text(json.dumps(content))


def remove_all(folder: Path) -> None:
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (change_content, "its content differs from the manifest"),
        (tear, "its content differs from the manifest"),
        (remove, "No such file"),
        (forget_manifest, "does not exist"),
        (swap_manifest, "is the manifest of v0009-00000000"),
        (leave_out, "is not in the manifest"),
        (remove_all, "no such version"),
    ],
)
def test_a_damaged_version_is_refused_and_the_old_one_serves_on(
    settings: Settings, harm: Callable[[Path], None], words: str
) -> None:
    first = deploy(settings)
    model = live_model(settings)
    model.current()
    second = deploy(settings, scorecard_of(2))
    harm(Layout.of(settings).versions / second)

    assert model.current().name == first
    assert model.refused is not None
    assert (model.refused.version, words in model.refused.reason) == (second, True)


CONSTANT = Scorecard(-1.0, 0.4, (NumericShape("activity", (0.0, 1.0), ((0.0,),), 0.0, 0.0),), ())
SHAPELESS = Scorecard(-1.0, 0.4, (NumericShape("activity", (), (), 0.0, 0.0),), ())
TORN = Scorecard(-1.0, 0.4, (NumericShape("activity", (0.0, 1.0, 2.0), ((1.0,),), 0.0, 0.0),), ())
EMPTY = Scorecard(-1.0, 0.4, (), ())
FOREIGN = replace(SCORECARD, numeric=(replace(SCORECARD.numeric[0], column="revenue"),))


@pytest.mark.parametrize(
    ("scorecard", "words"),
    [
        (CONSTANT, "gives every client the same risk"),
        (EMPTY, "the model has no shapes"),
        (SHAPELESS, "the smoke test failed"),
        (TORN, "the smoke test failed"),
        (FOREIGN, "the model needs the column 'revenue', which the settings do not declare"),
    ],
)
def test_a_model_that_cannot_be_right_is_refused(settings: Settings, scorecard: Scorecard, words: str) -> None:
    first = deploy(settings)
    model = live_model(settings)
    model.current()
    deploy(settings, scorecard)

    assert model.current().name == first
    assert model.refused is not None
    assert words in model.refused.reason


def test_a_bad_version_is_remembered_and_not_loaded_on_each_request(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(settings)
    model = live_model(settings)
    model.current()
    deploy(settings, CONSTANT)
    loads: list[str] = []
    load = live.load_version

    def counted(layout: Layout, name: str, columns: Columns) -> live.Version:
        loads.append(name)
        return load(layout, name, columns)

    monkeypatch.setattr(live, "load_version", counted)
    for _ in range(5):
        model.current()
    assert len(loads) == 1

    monkeypatch.setattr(time, "monotonic", lambda: 1e9)
    model.current()
    assert len(loads) == 2, "it is tried again after a while: the disk may have failed, not the version"


def test_a_good_version_after_a_bad_one_serves(settings: Settings) -> None:
    deploy(settings)
    model = live_model(settings)
    model.current()
    deploy(settings, CONSTANT)
    model.current()

    third = deploy(settings, scorecard_of(3))

    assert (model.current().name, model.refused) == (third, None)


def test_rolling_back_serves_the_version_before(settings: Settings) -> None:
    first = deploy(settings)
    deploy(settings, scorecard_of(2))
    model = live_model(settings)
    model.current()

    point(settings, first)

    assert model.current().name == first


@pytest.mark.parametrize("pointer", ["../../etc", "v0001", "", "v0404-00000000"])
def test_a_pointer_to_nowhere_is_refused_and_the_old_version_serves_on(settings: Settings, pointer: str) -> None:
    first = deploy(settings)
    model = live_model(settings)
    model.current()

    write_text(Layout.of(settings).current, pointer)

    assert model.current().name == first
    assert model.refused is not None


def test_a_lost_pointer_is_told_and_the_old_version_serves_on(settings: Settings) -> None:
    first = deploy(settings)
    model = live_model(settings)
    model.current()

    Layout.of(settings).current.unlink()

    assert model.current().name == first
    assert model.refused is not None
    assert "is gone" in model.refused.reason


def loop(pointer: Path) -> None:
    pointer.symlink_to(pointer)


def stand_aside(pointer: Path) -> None:
    pointer.parent.rename(pointer.parent.with_name("elsewhere"))
    pointer.parent.write_text("a file where the folder was")


def put_a_folder(pointer: Path) -> None:
    pointer.mkdir()


@pytest.mark.parametrize("harm", [loop, stand_aside, put_a_folder])
def test_a_pointer_that_cannot_be_read_is_told_and_the_old_version_serves_on(
    settings: Settings, harm: Callable[[Path], None]
) -> None:
    first = deploy(settings)
    model = live_model(settings)
    model.current()
    pointer = Layout.of(settings).current

    pointer.unlink()
    harm(pointer)

    assert model.current().name == first
    assert model.refused is not None
    assert "production_deployment/current" in model.refused.reason
    assert str(settings.data_root) not in model.refused.reason


@pytest.mark.parametrize("harm", [change_content, remove, forget_manifest])
def test_what_is_told_names_files_from_the_data_root_on(settings: Settings, harm: Callable[[Path], None]) -> None:
    version = deploy(settings)
    harm(Layout.of(settings).versions / version)

    with pytest.raises(RequestError, match=version) as found:
        live_model(settings).current()
    assert str(settings.data_root) not in found.value.detail


def test_a_start_on_a_bad_version_says_what_is_wrong_with_it(settings: Settings) -> None:
    deploy(settings, CONSTANT)

    with pytest.raises(RequestError, match="gives every client the same risk") as found:
        live_model(settings).current()
    assert found.value.status == 503


def test_others_are_served_while_one_loads(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    first = deploy(settings)
    model = live_model(settings)
    model.current()
    publish(settings, scorecard_of(2))
    second = deploy(settings, scorecard_of(2))
    loading, go_on = threading.Event(), threading.Event()
    load = live.load_version

    def slowly(layout: Layout, name: str, columns: Columns) -> live.Version:
        loading.set()
        go_on.wait(300)
        return load(layout, name, columns)

    monkeypatch.setattr(live, "load_version", slowly)
    loader = threading.Thread(target=model.current)
    loader.start()
    loading.wait(300)
    served_meanwhile = model.current().name
    go_on.set()
    loader.join(10)

    assert (served_meanwhile, model.current().name) == (first, second)


def test_of_many_that_ask_a_new_server_at_once_each_finds_the_model(settings: Settings) -> None:
    version = deploy(settings)
    model = LiveModel(Layout.of(settings), settings.columns.to_columns())
    start = threading.Barrier(16)

    def ask(_: int) -> str | None:
        start.wait()
        found = model.find()
        return found.name if found else None

    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(ask, range(16))) == [version] * 16
