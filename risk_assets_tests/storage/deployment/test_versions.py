from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from risk_assets.domain.deployment.decisions import Decision, Manifest
from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.domain.model.shapes import NumericShape
from risk_assets.storage.deployment.versions import (
    DeploymentError,
    live_version,
    next_version,
    point_to,
    publish_version,
    read_decisions,
    read_manifest,
    record_decision,
    verify_version,
)
from risk_assets.storage.layout import Layout
from risk_assets.storage.records import append_record, write_record
from risk_assets_tests.storage.death import deaths

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACTIVITY = NumericShape("activity", (0.0, 20.0), ((-4.0, 2.0),), missing=0.5, mean=0.5)


def make_layout(root: Path) -> Layout:
    return Layout(
        data_root=root,
        input=root / "sourcedata",
        testdata=root / "testdata",
        ingested=root / "ingesteddata",
        models=root / "models",
        deployment=root / "production_deployment",
    )


def publish(layout: Layout, model: str = "first", *, data: str = "data-1", parent: str | None = None) -> Manifest:
    layout.models.mkdir(parents=True, exist_ok=True)
    layout.trainedmodel.write_text(model)
    write_record(layout.scorecard, Scorecard(len(model), 0.5, (ACTIVITY,), ()))
    return publish_version(
        layout,
        {"trainedmodel.pkl": layout.trainedmodel, "scorecard.json": layout.scorecard},
        model_sha256=hashlib.sha256(model.encode()).hexdigest(),
        data_version=data,
        parent=parent,
        features=("lastmonth_activity", "number_of_employees"),
        libraries={"scikit-learn": "1.9.0"},
        now=NOON,
    )


def promotion(manifest: Manifest, before: str | None = None) -> Decision:
    return Decision(
        at="2026-03-01T12:00:00+00:00",
        verdict="promoted",
        version=manifest.version,
        before=before,
        live=manifest.version,
        reason="not worse",
        model_sha256=manifest.model_sha256,
        data_version=manifest.data_version,
        figures={"f1": 0.61, "n": 2000},
        run_id="run-1",
    )


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return make_layout(tmp_path)


def test_a_version_is_named_by_its_sequence_and_its_model(layout: Layout) -> None:
    first, second = publish(layout), publish(layout, "second")

    assert first.version == f"v0001-{hashlib.sha256(b'first').hexdigest()[:8]}"
    assert second.version == f"v0002-{hashlib.sha256(b'second').hexdigest()[:8]}"


def test_the_manifest_states_hash_and_size_of_each_file_and_reads_back_equal(layout: Layout) -> None:
    manifest = publish(layout, "a model", parent=None)

    assert manifest.files["trainedmodel.pkl"] == (hashlib.sha256(b"a model").hexdigest(), 7)
    assert read_manifest(layout, manifest.version) == manifest
    assert verify_version(layout, manifest.version) == ()


def test_a_published_version_does_not_serve_before_it_is_pointed_to(layout: Layout) -> None:
    version = publish(layout).version
    assert live_version(layout) is None

    point_to(layout, version)

    assert live_version(layout) == version


def test_publishing_the_same_again_gives_the_same_version(layout: Layout) -> None:
    assert publish(layout) == publish(layout)
    assert len(list(layout.versions.iterdir())) == 1


def test_the_same_model_on_other_data_is_another_version(layout: Layout) -> None:
    assert publish(layout).version != publish(layout, data="data-2").version


def test_a_number_used_by_a_decision_alone_is_not_used_again(layout: Layout) -> None:
    record_decision(layout, rejection("v0007-0123abcd", live=None))

    assert next_version(layout, "f" * 64) == "v0008-ffffffff"


def rejection(version: str, live: str | None) -> Decision:
    return Decision("2026-03-02T12:00:00+00:00", "rejected", version, live, live, "worse", "0" * 64, "data-1")


def test_a_model_that_changed_since_it_was_scored_is_not_published(layout: Layout) -> None:
    layout.models.mkdir(parents=True)
    layout.trainedmodel.write_text("another")

    with pytest.raises(DeploymentError, match=r"trainedmodel\.pkl: changed since it was scored"):
        publish_version(
            layout,
            {"trainedmodel.pkl": layout.trainedmodel},
            model_sha256="0" * 64,
            data_version="data-1",
            parent=None,
            features=(),
            libraries={},
            now=NOON,
        )


def shorten(folder: Path) -> None:
    (folder / "trainedmodel.pkl").write_text("x")


def alter(folder: Path) -> None:
    (folder / "trainedmodel.pkl").write_text("FIRST")


def remove(folder: Path) -> None:
    (folder / "trainedmodel.pkl").unlink()


def link(folder: Path) -> None:
    (folder / "trainedmodel.pkl").rename(folder.parent / "elsewhere.pkl")
    (folder / "trainedmodel.pkl").symlink_to(folder.parent / "elsewhere.pkl")


def add(folder: Path) -> None:
    (folder / "extra.pkl").write_text("x")


def forget(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def scribble(folder: Path) -> None:
    (folder / "manifest.json").write_text("{")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (shorten, "trainedmodel.pkl: has 1 bytes, not 5"),
        (alter, "trainedmodel.pkl: its content differs from the manifest"),
        (remove, "trainedmodel.pkl: is missing"),
        (link, "trainedmodel.pkl: is missing"),
        (add, "extra.pkl: is not in the manifest"),
        (forget, "manifest.json: does not exist"),
        (scribble, "manifest.json: not a valid Manifest"),
    ],
)
def test_a_damaged_version_is_told_in_words_and_cannot_serve(
    layout: Layout, harm: Callable[[Path], None], words: str
) -> None:
    version = publish(layout).version
    harm(layout.versions / version)

    assert [words in fault for fault in verify_version(layout, version)] == [True]
    with pytest.raises(DeploymentError, match="cannot serve"):
        point_to(layout, version)
    with pytest.raises(DeploymentError, match="cannot serve"):
        record_decision(layout, promotion(Manifest(version, "", "0" * 64, "data-1", None, (), {}, {})))
    assert live_version(layout) is None
    assert read_decisions(layout) == ()


def test_a_renamed_version_folder_is_told(layout: Layout) -> None:
    version = publish(layout).version
    (layout.versions / version).rename(layout.versions / "v0009-0123abcd")

    assert verify_version(layout, "v0009-0123abcd") == (
        f"v0009-0123abcd/manifest.json: is the manifest of {version}",
    )


@pytest.mark.parametrize(
    "text", ["../../etc", "v1", "", "v0001-3FA9C1D2", "v0001-3fa9c1d2/x", "v0001-3fa9c1d2\nx"]
)
def test_a_text_that_is_no_version_name_never_becomes_a_path(layout: Layout, text: str) -> None:
    layout.current.parent.mkdir(parents=True)
    layout.current.write_text(text)

    with pytest.raises(DeploymentError, match="not a version name"):
        live_version(layout)
    with pytest.raises(DeploymentError, match="not a version name"):
        read_manifest(layout, text)


def test_a_pointer_of_other_bytes_is_a_clear_error(layout: Layout) -> None:
    layout.current.parent.mkdir(parents=True)
    layout.current.write_bytes(b"\xff\xfe")

    with pytest.raises(DeploymentError, match="current: not text"):
        live_version(layout)


def test_a_decision_puts_its_version_live_and_stands_in_the_history(layout: Layout) -> None:
    first = promotion(publish(layout))
    record_decision(layout, first)
    held = rejection("v0002-0123abcd", live=first.version)
    record_decision(layout, held)

    assert live_version(layout) == first.version
    assert read_decisions(layout) == (first, held)
    assert not layout.pending.exists()


def test_a_version_of_the_same_model_and_rows_is_taken_whenever_they_were_ingested(
    layout: Layout,
) -> None:
    def published(day: str) -> Manifest:
        layout.models.mkdir(parents=True, exist_ok=True)
        layout.trained_on.write_text(f'{{"ingested_at": "{day}"}}')
        layout.trainedmodel.write_text("first")
        return publish_version(
            layout,
            {"trainedmodel.pkl": layout.trainedmodel, "ingestion.json": layout.trained_on},
            model_sha256=hashlib.sha256(b"first").hexdigest(),
            data_version="data-1",
            parent=None,
            features=("lastmonth_activity",),
            libraries={},
            now=NOON,
        )

    first = published("2026-03-01")
    assert published("2026-03-02") == first
    assert [folder.name for folder in layout.versions.iterdir() if folder.name[0] == "v"] == [first.version]


def test_publishing_survives_death_at_each_step_and_the_next_attempt_completes(tmp_path: Path) -> None:
    layout = make_layout(tmp_path / "work")
    served = publish(layout)
    record_decision(layout, promotion(served))
    kept = tmp_path / "kept"
    shutil.copytree(layout.data_root, kept)

    def restore() -> None:
        shutil.rmtree(layout.data_root)
        shutil.copytree(kept, layout.data_root)

    steps = 0
    for _ in deaths(lambda: publish(layout, "second", parent=served.version), restore):
        assert live_version(layout) == served.version
        assert verify_version(layout, served.version) == ()
        again = publish(layout, "second", parent=served.version)
        assert again.version.startswith("v0002-")
        assert verify_version(layout, again.version) == ()
        assert sorted(folder.name for folder in layout.versions.iterdir()) == [served.version, again.version]
        steps += 1
    assert steps > 8


def test_a_decision_survives_death_at_each_step_and_the_history_tells_what_served(tmp_path: Path) -> None:
    layout = make_layout(tmp_path / "work")
    first = promotion(publish(layout))
    record_decision(layout, first)
    second = promotion(publish(layout, "second", parent=first.version), before=first.version)
    kept = tmp_path / "kept"
    shutil.copytree(layout.data_root, kept)

    def restore() -> None:
        shutil.rmtree(layout.data_root)
        shutil.copytree(kept, layout.data_root)

    outcomes = []
    for _ in deaths(lambda: record_decision(layout, second), restore):
        history, live = read_decisions(layout), live_version(layout)
        assert history[-1].live == live
        outcomes.append(history)

        later = rejection("v0003-0123abcd", live=live)
        record_decision(layout, later)
        assert read_decisions(layout) == (*history, later)
        assert not layout.pending.exists()
    assert {len(history) for history in outcomes} == {1, 2}
    assert outcomes[-1] == (first, second)


def test_a_decision_whose_line_was_not_written_before_the_crash_counts(layout: Layout) -> None:
    decision = promotion(publish(layout))
    write_record(layout.pending, decision)
    point_to(layout, decision.version)

    assert read_decisions(layout) == (decision,)


def test_a_decision_whose_line_was_written_before_the_crash_counts_once(layout: Layout) -> None:
    decision = promotion(publish(layout))
    write_record(layout.pending, decision)
    point_to(layout, decision.version)
    append_record(layout.deployments, decision)

    assert read_decisions(layout) == (decision,)
