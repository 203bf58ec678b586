from __future__ import annotations

from risk_assets.domain.intake.source_file import SourceFile
from risk_assets.domain.intake.teaching import with_waiting


def file(name: str, *, left: int = 0, stayed: int = 0, unknown: int = 0) -> SourceFile:
    rows = left + stayed + unknown
    return SourceFile(name, name, 1, rows, rows, 0, 0, positives=left, open=unknown)


def reasons(*files: SourceFile, final: tuple[str, ...] = ()) -> list[str | None]:
    return [each.waiting for each in with_waiting(files, final)]


def test_a_file_teaches_once_nearly_all_of_its_outcomes_are_known() -> None:
    assert reasons(file("a", left=20, stayed=75, unknown=5), file("b", left=20, stayed=74, unknown=6)) == [
        None,
        "the outcomes of 6 of its 100 rows are not known yet",
    ]


def test_a_file_without_known_outcomes_waits_even_when_it_is_final() -> None:
    assert reasons(file("a", unknown=9), final=("a",)) == ["no outcome of its rows is known yet"]


def test_a_file_that_is_declared_final_teaches_what_it_has() -> None:
    assert reasons(file("a", left=5, stayed=5, unknown=90), final=("a",)) == [None]


def test_one_class_alone_waits_where_that_is_no_accident_beside_the_files_before() -> None:
    before = file("a", left=200, stayed=800)
    assert reasons(before, file("b", left=3), file("c", left=9), file("d", stayed=20)) == [
        None,
        None,
        "all of its 9 known outcomes are “left”, which is no accident beside the files before",
        None,
    ]


def test_the_first_file_of_one_class_is_no_surprise() -> None:
    assert reasons(file("a", stayed=1000), file("b", left=100, stayed=900)) == [None, None]


def test_a_file_without_rows_has_nothing_to_wait_for() -> None:
    assert reasons(file("a")) == [None]
