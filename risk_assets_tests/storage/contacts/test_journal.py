from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_assets.domain.contacts.assignment import Assignment
from risk_assets.domain.contacts.contact import KINDS, ContactError, Draft, Kind
from risk_assets.storage.contacts.assignments import AssignmentLog
from risk_assets.storage.contacts.database import ContactsDatabase, ContactsUnavailableError, _transaction, migrate
from risk_assets.storage.contacts.journal import PAGE, ConflictError, ContactJournal, TokenReusedError
from risk_assets_tests.services.postgres import running_postgres

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TODAY = NOON.date()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running_postgres() as postgres:
        yield postgres.url()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ContactsDatabase]:
    """An empty database of either kind."""
    if request.param == "sqlite":
        opened = ContactsDatabase(tmp_path / "contacts.sqlite")
    else:
        url = request.getfixturevalue("server")
        engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        engine.dispose()
        opened = ContactsDatabase(url)
    yield opened
    opened.close()


@pytest.fixture
def journal(database: ContactsDatabase) -> ContactJournal:
    return ContactJournal(database, recall_days=30)


def write(
    journal: ContactJournal, client: str = "c1", kind: Kind = "reached", *, token: str = "", **more: object
) -> int:
    """Write a contact of Anna's at noon, and return its number."""
    write.count += 1  # type: ignore[attr-defined]  # a token of its own for each call
    draft = Draft(client, kind, **{name: more[name] for name in more.keys() & Draft.__dataclass_fields__})  # type: ignore[arg-type]
    now = more.get("now", NOON)
    assert isinstance(now, datetime)
    seen = more.get("seen")
    assert seen is None or isinstance(seen, int)
    contact, _ = journal.add(draft, token=token or f"t{write.count}", by="Anna", now=now, seen=seen)  # type: ignore[attr-defined]
    return contact.number


write.count = 0  # type: ignore[attr-defined]


def test_a_contact_is_read_back_as_it_was_written(journal: ContactJournal) -> None:
    draft = Draft("c1", "will_stay", "wants a new offer\nby 'May'; DROP TABLE", follow_up_on="2026-03-20")
    contact, is_new = journal.add(draft, token="t", by="Anna", now=NOON, risk=0.25)

    assert is_new
    assert journal.of_client("c1") == (contact,)
    assert (contact.revision, contact.at, contact.by, contact.risk) == (
        1,
        "2026-03-01T12:00:00+00:00",
        "Anna",
        0.25,
    )
    assert (contact.note, contact.follow_up_on) == (draft.note, draft.follow_up_on)


def test_the_same_form_sent_twice_is_written_once(journal: ContactJournal) -> None:
    first = write(journal, token="same", note="once", follow_up_on="2026-03-02")
    second = write(journal, token="same", note="once", follow_up_on="20260302", seen=0)

    assert first == second
    assert [one.note for one in journal.all()] == ["once"]


def test_a_leaving_without_a_day_is_the_same_when_it_is_sent_again_on_the_next_day(
    journal: ContactJournal,
) -> None:
    first = write(journal, kind="left", token="same")

    assert write(journal, kind="left", token="same", now=NOON + timedelta(days=1)) == first


@pytest.mark.parametrize("change", [{"note": "twice"}, {"client": "c2"}, {"kind": "left"}])
def test_a_token_that_comes_with_another_contact_is_refused_and_nothing_is_written(
    journal: ContactJournal, change: dict[str, Any]
) -> None:
    write(journal, token="same", note="once")

    with pytest.raises(TokenReusedError, match="contact #1 with c1; this one is not saved"):
        write(journal, token="same", **{"note": "once", **change})
    assert [(one.client, one.note) for one in journal.all()] == [("c1", "once")]


def test_dates_in_any_iso_spelling_are_kept_in_one(journal: ContactJournal) -> None:
    write(journal, follow_up_on="2026-W50")
    write(journal, "c2", "left", left_on="20260220")

    assert [one.follow_up_on for one in journal.of_client("c1")] == ["2026-12-07"]
    assert [state.client for state in journal.due(date(2026, 12, 7))] == ["c1"]
    assert journal.leavings() == (("c2", "2026-02-20"),)


def test_a_client_whose_leaving_is_announced_rests_until_its_day(journal: ContactJournal) -> None:
    write(journal, kind="left", left_on="2026-05-01")

    assert journal.resting(date(2026, 4, 30), ["c1"]) == {"c1"}
    assert journal.resting(date(2026, 5, 1), ["c1"]) == set()
    assert journal.leavings() == (("c1", "2026-05-01"),)


def test_contacts_of_one_client_or_writer_are_exported_alone_however_many_there_are(
    journal: ContactJournal,
) -> None:
    for place in range(PAGE + 1):
        write(journal, f"c{place % 2}")

    assert len(list(journal.all(by="Anna"))) == PAGE + 1
    assert len(list(journal.all(client="c0"))) == PAGE // 2 + 1
    assert list(journal.all(by="Ben")) == []


def test_only_its_owner_may_read_the_file(tmp_path: Path) -> None:
    write(ContactJournal(ContactsDatabase(tmp_path / "contacts.sqlite"), recall_days=30))

    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}


def test_whoever_has_not_seen_the_last_contact_is_told_who_wrote_it(journal: ContactJournal) -> None:
    write(journal, seen=0)

    with pytest.raises(ConflictError, match="Anna wrote down a contact with c1 in the meantime"):
        write(journal, seen=0)
    write(journal, seen=1)
    assert [one.revision for one in journal.of_client("c1")] == [2, 1]


def test_many_writers_at_once_lose_and_double_nothing(journal: ContactJournal) -> None:
    def write_all(start: int) -> None:
        for number in range(10):
            journal.add(Draft("c1", "note", f"{number}"), token=f"{number}", by="Anna", now=NOON)
            journal.add(
                Draft("c2", "note", f"{start + number}"), token=f"{start + number + 1000}", by="Anna", now=NOON
            )

    threads = [threading.Thread(target=write_all, args=(100 * place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(journal.of_client("c1")) == 10
    assert [one.revision for one in journal.of_client("c2")] == list(range(40, 0, -1))
    assert {one.note for one in journal.of_client("c2")} == {str(100 * k + n) for k in range(4) for n in range(10)}


def test_a_client_that_was_reached_rests_and_comes_back(journal: ContactJournal) -> None:
    write(journal, "reached", "reached")
    write(journal, "busy", "called")
    write(journal, "snoozed", "note", snooze_until="2026-06-01")
    write(journal, "gone", "left")
    write(journal, "noted", "note", note="has a new director")

    def resting(day: date) -> set[str]:
        found = journal.resting(day, ["reached", "busy", "snoozed", "gone", "noted", "nobody"])
        assert len(found - {"gone"}) == journal.count_resting(day)
        return found

    assert resting(TODAY) == {"reached", "busy", "snoozed", "gone"}
    assert resting(TODAY + timedelta(days=1)) == {"reached", "snoozed", "gone"}
    assert resting(TODAY + timedelta(days=30)) == {"snoozed", "gone"}
    assert resting(date(2026, 6, 1)) == {"gone"}


def test_a_follow_up_is_due_on_its_day_until_the_next_call(journal: ContactJournal) -> None:
    write(journal, follow_up_on="2026-03-10")

    assert journal.due(date(2026, 3, 9)) == ()
    assert [state.client for state in journal.due(date(2026, 3, 12))] == ["c1"]
    write(journal, kind="note", note="no change of the day", now=NOON + timedelta(days=9))
    assert [state.client for state in journal.due(date(2026, 3, 12))] == ["c1"]
    write(journal, now=NOON + timedelta(days=11))
    assert journal.due(date(2026, 3, 12)) == ()


def test_what_managers_say_of_leaving_is_a_file_of_outcomes(journal: ContactJournal) -> None:
    write(journal, "c2", "left", left_on="2026-02-20")
    write(journal, "c1", "left", left_on="2026-02-10")
    write(journal, "c1", "left", left_on="2026-02-11")
    write(journal, "back", "left")
    write(journal, "back", "will_stay")
    write(journal, "c2", "note", note="the keys are back")

    assert journal.leavings() == (("c1", "2026-02-11"), ("c2", "2026-02-20"))


def test_what_is_deleted_is_gone_from_every_file(tmp_path: Path) -> None:
    database = ContactsDatabase(tmp_path / "contacts.sqlite")
    journal = ContactJournal(database, recall_days=30)
    write(journal, "c1", note="a word like no other")
    write(journal, "c2", note="kept")
    AssignmentLog(database).add([Assignment("c1", "2026-03-01", "", uncalled=False, risk=0.1)])

    assert journal.forget("c1") == 1

    assert [one.client for one in journal.all()] == ["c2"]
    assert journal.states(["c1"]) == {}
    assert AssignmentLog(database).all() == ()
    database.close()
    held = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"kept" in held
    assert b"like no other" not in held


def test_pages_of_contacts_join_without_a_gap(journal: ContactJournal) -> None:
    written = [write(journal, f"c{number}") for number in range(7)]

    first = journal.page(size=3)
    second = journal.page(size=3, before=first[-1].number)

    assert [one.number for one in (*first, *second)] == written[:0:-1]


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (Draft("c1", "note"), "“Note” is empty"),
        (Draft("c1", "note", "x" * 2001), "“Note” has 2001 characters; 2000 fit"),
        (Draft(" ", "reached"), "“Client” is empty"),
        (Draft("c1", "reached", follow_up_on="tomorrow"), "“Follow up on” is 'tomorrow', which is no date"),
        (Draft("c1", "reached", follow_up_on="2026-02-28"), "“Follow up on” is 2026-02-28, which is too early"),
        (Draft("c1", "reached", snooze_until="2026-03-01"), "“Snooze until” is 2026-03-01, which is too early"),
        (Draft("c1", "reached", snooze_until="2206-03-01"), "“Snooze until” is 2206-03-01, which is more than"),
        (Draft("c1", "reached", left_on="2026-02-01"), "“Left on” is for a client that “has left”"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_written(tmp_path: Path, draft: Draft, words: str) -> None:
    journal = ContactJournal(ContactsDatabase(tmp_path / "contacts.sqlite"), recall_days=30)

    with pytest.raises(ContactError, match=words):
        journal.add(draft, token="t", by="Anna", now=NOON)
    assert list(journal.all()) == []


def test_a_journal_of_the_first_form_is_migrated_with_all_it_holds(database: ContactsDatabase) -> None:
    with _transaction(database._engine) as connection:
        migrate(connection, "0001")
        row = "('t', 'c1', 1, '2026-02-01T09:00:00+00:00', 'Ben', 'reached', 'of old')"
        columns = '(token, client, revision, at, "by", kind, note)'
        connection.exec_driver_sql(f"INSERT INTO contacts {columns} VALUES {row}")
    journal, log = ContactJournal(database, recall_days=30), AssignmentLog(database)

    assert [(one.by, one.note) for one in journal.all()] == [("Ben", "of old")]
    log.add([Assignment("c1", "2026-03-01", "Anna", uncalled=True, risk=0.5, value=100.0)])
    assert log.since(TODAY, 30)["c1"].uncalled


def test_a_file_that_is_no_database_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "contacts.sqlite").write_bytes(b"this is no database" * 100)
    journal = ContactJournal(ContactsDatabase(tmp_path / "contacts.sqlite"), recall_days=30)

    with pytest.raises(
        ContactsUnavailableError, match=r"contacts \(contacts.sqlite\) cannot be reached: file is not"
    ):
        journal.page()


def test_a_database_that_is_away_is_told_without_its_password() -> None:
    journal = ContactJournal(ContactsDatabase("postgresql://risk:secret@127.0.0.1:1/desk"), recall_days=30)

    with pytest.raises(ContactsUnavailableError) as error:
        journal.page()
    assert "127.0.0.1:1/desk" in str(error.value)
    assert "secret" not in str(error.value)


def test_the_first_of_two_draws_on_one_day_counts(database: ContactsDatabase) -> None:
    log = AssignmentLog(database)
    log.add([Assignment("c1", "2026-03-01", "Anna", uncalled=True, risk=0.5)])
    log.add([Assignment("c1", "2026-03-01", "Anna", uncalled=False, risk=0.5)])

    assert [one.uncalled for one in log.all()] == [True]
    assert log.strata() == {"Anna": 1}
    assert log.since(date(2026, 3, 31), 30) == {}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]), st.sampled_from(KINDS), st.sampled_from([None, "2026-03-05"]), st.booleans()
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(steps=STEPS)
def test_states_are_what_the_contacts_add_up_to(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, Kind, str | None, bool]]
) -> None:
    path = tmp_path_factory.mktemp("states") / "contacts.sqlite"
    journal = ContactJournal(ContactsDatabase(path), recall_days=30)
    for place, (client, kind, follow_up_on, again) in enumerate(steps):
        for _ in range(1 + again):
            draft = Draft(client, kind, "words", follow_up_on=follow_up_on)
            journal.add(draft, token=f"{place}", by="Anna", now=NOON + timedelta(hours=place))

    held = sqlite3.connect(path).execute("SELECT count(*), count(DISTINCT token) FROM contacts").fetchone()
    assert held == (len(steps), len(steps))
    for client, state in journal.states(["a", "b"]).items():
        latest = journal.of_client(client)[0]
        assert (state.revision, state.kind, state.at) == (latest.revision, latest.kind, latest.at)
        assert state.revision == sum(step[0] == client for step in steps)
        assert (client in journal.resting(TODAY + timedelta(days=400), [client])) == _has_left(client, steps)


def _has_left(client: str, steps: Sequence[tuple[str, Kind, str | None, bool]]) -> bool:
    """Whether a client that was said to have left is not to be followed up again; a note alone changes nothing."""
    told = [(kind, follow_up_on) for name, kind, follow_up_on, _ in steps if name == client]
    kinds = [kind for kind, follow_up_on in told if kind != "note" or follow_up_on]
    return kinds[-1:] == ["left"]
