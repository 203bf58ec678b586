"""Any sequence of changes and of deaths: a mirror ends up like its bucket, a bucket never half of anything."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_assets.storage.remote.push import ConflictError
from risk_assets.storage.remote.store import RemoteError
from risk_assets_tests.storage.remote.machines import (
    Bucket,
    Killed,
    dying_after,
    files_of,
    machine,
    new_url,
    write_unit,
)

CLIENT_FILES = st.dictionaries(
    st.sampled_from(["a.csv", "b.csv", "c.parquet", "D.csv.gz"]), st.binary(max_size=20), max_size=4
)
MODEL = st.fixed_dictionaries(
    {name: st.binary(max_size=10) for name in ("trainedmodel.pkl", "scorecard.json", "training.json")},
    optional={"reference.json": st.binary(max_size=10), "trained_rows.parquet": st.binary(max_size=10)},
)
FINALDATA = st.builds(
    lambda parts, top, csv: {
        **{f"finaldata.parquet/{part}.parquet": part.encode() for part in parts},
        "ingestion.json": repr((sorted(parts), top)).encode(),
        "sourceobjects.json": top,
        **({"finaldata.csv": csv} if csv else {}),
    },
    st.sets(st.sampled_from("abcdef"), max_size=4),
    st.binary(max_size=10),
    st.binary(max_size=10),
)


@settings(max_examples=30)
@given(states=st.lists(CLIENT_FILES, min_size=1, max_size=5), tampered=st.booleans())
def test_whatever_changes_in_a_bucket_its_mirror_follows(
    states: list[dict[str, bytes]], *, tampered: bool
) -> None:
    url = new_url()
    bucket = Bucket(f"{url}/input")
    with tempfile.TemporaryDirectory() as folder:
        here = machine(Path(folder), url)
        for state in states:
            for name in bucket.content().keys() - state.keys():
                bucket.delete(name)
            for name, content in state.items():
                bucket.put(name, content)
            if tampered and here.layout.input.exists():
                for name in files_of(here, "sourcedata"):
                    (here.layout.input / name).write_bytes(b"somebody else's")
                (here.layout.input / "stray.csv").write_bytes(b"never in the bucket")
            here.pull("sourcedata")
            assert files_of(here, "sourcedata") == state


@settings(max_examples=25)
@given(key_and_states=st.one_of(
    st.tuples(st.just("trained_model"), st.lists(MODEL, min_size=2, max_size=4)),
    st.tuples(st.just("finaldata"), st.lists(FINALDATA, min_size=2, max_size=4)),
), steps=st.integers(0, 25))  # fmt: skip
def test_a_push_that_dies_anywhere_is_seen_whole_or_not_at_all_and_the_next_one_mends_it(
    key_and_states: tuple[str, list[dict[str, bytes]]], steps: int
) -> None:
    key, states = key_and_states
    url = new_url()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        writer = machine(root / "writer", url)
        before: dict[str, bytes] = {}
        for number, state in enumerate(states):
            try:
                with dying_after(writer.store(key), steps), writer.working(key):
                    write_unit(writer, key, state)
            except Killed:
                pass
            reader = machine(root / f"reader{number}", url)
            reader.pull(key)
            found = files_of(reader, key)
            read = [name for name in (state | before) if reader.unit(key).reads(name, writer=False)]
            whole = [
                one
                for one in (before, state)
                if all(found.get(name) == one.get(name) for name in read if "/" not in name)
                and all(found.get(name) == one[name] for name in read if name in one)
            ]
            assert whole, (found, before, state)
            before = whole[-1]
        with writer.working(key):
            write_unit(writer, key, states[0])
        reader = machine(root / "last", url)
        reader.pull(key)
        assert Bucket(f"{url}/{writer.unit(key).folder.name}").content() == states[0]
        assert [name for name in writer.store(key).list() if name.endswith("commit.json")] == []


def test_a_write_by_another_machine_since_the_pull_is_a_conflict_and_changes_nothing(tmp_path: Path) -> None:
    url = new_url()
    one, other = machine(tmp_path / "one", url), machine(tmp_path / "other", url)

    def write_while_the_other_writes() -> None:
        with one.working("drift"):
            write_unit(one, "drift", {"drift.json": b"mine"})
            with other.working("drift"):
                write_unit(other, "drift", {"drift.json": b"theirs"})

    with pytest.raises(ConflictError, match="another machine"):
        write_while_the_other_writes()
    assert Bucket(f"{url}/models").content() == {"drift.json": b"theirs"}
    one.pull("drift")
    assert files_of(one, "drift") == {"drift.json": b"theirs"}


def test_an_error_in_a_step_pushes_nothing(tmp_path: Path) -> None:
    url = new_url()
    here = machine(tmp_path, url)
    files: dict[str, bytes | None] = {"drift_history.jsonl": b"1", "drift.json": None}
    with pytest.raises(TypeError), here.working("drift"):
        write_unit(here, "drift", files)  # type: ignore[arg-type]
    assert here.layout.drift_history.exists()
    assert Bucket(url).content() == {}


def test_what_is_written_for_people_goes_up_and_never_comes_down(tmp_path: Path) -> None:
    url = new_url()
    one, other = machine(tmp_path / "one", url), machine(tmp_path / "other", url)
    with one.working("client_risk"):
        write_unit(one, "client_risk", {"client_risk.parquet": b"1", "client_risk.csv": b"2"})
    other.pull("client_risk")
    assert files_of(other, "client_risk") == {"client_risk.parquet": b"1"}
    assert Bucket(f"{url}/models").content() == {"client_risk.parquet": b"1", "client_risk.csv": b"2"}


def test_units_in_one_folder_leave_each_other_alone(tmp_path: Path) -> None:
    url = new_url()
    here = machine(tmp_path, url)
    with here.working("drift"):
        write_unit(here, "drift", {"drift.json": b"d"})
    with here.working("diagnostics"):
        write_unit(here, "diagnostics", {"diagnostics.json": b"x"})
    Bucket(f"{url}/models").put("notes.txt", b"somebody's own")
    with here.working("drift"):
        write_unit(here, "drift", {})
    assert Bucket(f"{url}/models").content() == {"diagnostics.json": b"x", "notes.txt": b"somebody's own"}


def test_each_machine_adds_to_the_prediction_log_and_loses_nothing_of_its_own(tmp_path: Path) -> None:
    url = new_url()
    one, other = machine(tmp_path / "one", url), machine(tmp_path / "other", url)
    write_unit(one, "predictions", {"2026-01-01.1.jsonl": b"a\n"})
    one.push("predictions")
    write_unit(other, "predictions", {"2026-01-01.2.jsonl": b"b\n"})
    other.pull("predictions")
    other.push("predictions")
    (tmp_path / "one/predictions/2026-01-01.1.jsonl").write_bytes(b"a\naa\n")
    one.pull("predictions")
    assert files_of(one, "predictions") == {"2026-01-01.1.jsonl": b"a\naa\n", "2026-01-01.2.jsonl": b"b\n"}
    one.push("predictions")
    other.pull("predictions")
    assert files_of(other, "predictions") == files_of(one, "predictions")


@pytest.mark.parametrize("content", [b"{", b'{"push":"1-ab","put":["../x"],"delete":[]}',
                                     b'{"push":"1-ab","put":[],"delete":["training.json"]}',
                                     b'{"push":"../1","put":[],"delete":[]}'])  # fmt: skip
def test_a_commit_that_speaks_of_others_objects_is_refused(tmp_path: Path, content: bytes) -> None:
    url = new_url()
    Bucket(f"{url}/models").put(".push/drift/commit.json", content)
    with pytest.raises(RemoteError, match=r"commit\.json: .*remove it"):
        machine(tmp_path, url).pull("drift")


def test_who_may_not_write_waits_for_an_unfinished_push(tmp_path: Path) -> None:
    url = new_url()
    writer, reader = machine(tmp_path / "writer", url), machine(tmp_path / "reader", url)
    with writer.working("drift"):
        write_unit(writer, "drift", {"drift.json": b"1", "drift_history.jsonl": b"1"})
    reader.pull("drift")
    for steps in range(3, 20):
        try:
            with dying_after(writer.store("drift"), steps), writer.working("drift"):
                write_unit(writer, "drift", {"drift.json": b"2", "drift_history.jsonl": b"2"})
        except Killed:
            if any("commit.json" in name for name in writer.store("drift").list()):
                break
    reader.pull("drift", read_only=True)
    assert files_of(reader, "drift") == {"drift.json": b"1", "drift_history.jsonl": b"1"}
    reader.pull("drift")
    assert files_of(reader, "drift") == {"drift.json": b"2", "drift_history.jsonl": b"2"}
