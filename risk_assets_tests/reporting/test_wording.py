from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_assets.domain.columns import Columns
from risk_assets.domain.drift.verdict import DriftVerdict
from risk_assets.domain.scoring.metrics import Confusion
from risk_assets.reporting import wording
from risk_assets_tests.reporting import samples


def tied(text: str) -> str:
    return text.replace(" ", wording.TIED)


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 10, "0 %"),
        (10, 10, "100 %"),
        (5, 10, "50 %"),
        (1, 100, "1.0 %"),
        (99, 100, "99.0 %"),
        (1, 10**6, "<0.1 %"),
        (10**6 - 1, 10**6, ">99.9 %"),
        (0, 0, "–"),
        (math.nan, 1, "–"),
    ],
)
def test_a_share_never_rounds_something_to_nothing(part: float, whole: float, text: str) -> None:
    assert wording.percent(part, whole) == tied(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 µs"), (1.22e-6, "1.22 µs"), (0.34, "340 ms"), (4.2, "4.2 s"), (75, "1.25 min"), (7200, "2 h")],
)
def test_a_duration_has_the_unit_that_suits_it(seconds: float, text: str) -> None:
    assert wording.duration(seconds) == tied(text)


@given(st.text(), st.integers(3, 80))
def test_a_shortened_text_is_one_line_of_at_most_the_limit(text: str, limit: int) -> None:
    short = wording.shorten(text, limit)
    assert len(short) <= limit
    assert "\n" not in short


def test_long_names_stay_distinct_by_what_tells_them_apart() -> None:
    names = [f"a_very_long_feature_name_number_{place}_of_sixty_that_goes_on" for place in range(60)]
    short = wording.distinct([*names, "age"], 22)
    assert len(set(short)) == 61
    assert short[17] == "…name_number_17_of_si…"
    assert short[-1] == "age"


@given(st.lists(st.text("ab", min_size=1, max_size=40), max_size=6), st.integers(8, 30))
def test_a_distinct_name_is_no_longer_than_the_limit_and_whole_if_it_fits(names: list[str], limit: int) -> None:
    for name, short in zip(names, wording.distinct(names, limit), strict=True):
        assert len(short) <= limit
        assert short == name or len(name) > limit


def test_a_text_for_the_terminal_is_one_short_line_without_control_characters() -> None:
    assert wording.terminal_text("Nordwind\x1b[2J\nLogistics\u202e") == "Nordwind□[2J Logistics□"
    assert len(wording.terminal_text("x" * 500_000)) == 60


@pytest.mark.parametrize(("number", "shown"), [(0, 0), (24, 24), (25, 25), (26, 24)])
def test_a_single_row_is_shown_rather_than_said_to_be_left_out(number: int, shown: int) -> None:
    assert wording.shown_of(number, 24) == shown


@given(st.text(alphabet="abc", min_size=20, max_size=60))
def test_a_shortened_text_keeps_its_beginning_and_its_end(text: str) -> None:
    short = wording.shorten(text, 12)
    beginning, end = short.split("…")
    assert text.startswith(beginning)
    assert text.endswith(end)


def test_the_score_is_told_about_a_hundred_clients() -> None:
    assert wording.what_the_score_means(samples.metrics()) == (
        "Of 100 clients that left, the model flags 63. Of 100 that it flags, 53 indeed left."
    )


def test_the_score_is_told_in_the_labels_of_the_data() -> None:
    told = wording.what_the_score_means(samples.metrics(), ("Active", "Churned"))
    assert "Of 100 clients that are “Churned” in the data, the model flags 63." in told


def test_a_score_without_positives_is_said_to_tell_nothing() -> None:
    metrics = dataclasses.replace(samples.metrics(), confusion=Confusion(9, 1, 0, 0))
    assert "cannot be told" in wording.what_the_score_means(metrics)


def test_a_model_that_flags_nobody_is_called_that() -> None:
    metrics = dataclasses.replace(samples.metrics(), confusion=Confusion(9, 0, 4, 0))
    assert wording.what_the_score_means(metrics) == "The model flags no client at this threshold."


@pytest.mark.parametrize(
    ("negative", "positive", "words"),
    [
        ("0", "1", ("stayed", "left")),
        ("No", "Yes", ("stayed", "left")),
        ("Active", "Churned", ("Active", "Churned")),
    ],
)
def test_labels_that_say_little_become_words(negative: str, positive: str, words: tuple[str, str]) -> None:
    assert wording.outcome_words(Columns("id", "target", positive, negative, ())) == words


def test_drift_without_outcomes_is_told_in_short_without_a_false_word() -> None:
    verdict = DriftVerdict("no labels yet", "1,000 new rows …; 0 of 3 features have shifted.", 1000, "statistical")
    told = "On 1,000 new rows: no column has shifted, F1 is told when outcomes are known."
    assert wording.drift_in_short(verdict) == told
