from __future__ import annotations

from dataclasses import replace

from risk_assets.domain.scoring.backtest import UntreatedLists
from risk_assets.reporting.contact_words import effect_sentences, untreated_lists_sentence, untreated_sentence
from risk_assets_tests.reporting.samples import effect, estimate, untreated


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_what_calls_did_is_told_with_its_worth_and_its_doubt() -> None:
    shares, worth, doubt = map(plain, effect_sentences(effect(), ""))
    assert shares == (
        "18 % of 400 clients to be called left, and 21 % of 100 that were left uncalled at random: "
        "a difference of +3.0 points (95 % interval -5.0 points to +11.0 points)."
    )
    assert worth == "On the clients that were called that is worth 41,200 a year (-68,000 to 150,000)."
    assert doubt == "So far it could be chance; about 3,600 listed clients would tell."


def test_an_effect_beyond_chance_is_told_without_a_doubt() -> None:
    sure = replace(effect(), low=0.01, saved=None)
    assert len(effect_sentences(sure, "")) == 1


def test_what_cannot_be_told_says_why() -> None:
    assert effect_sentences(None, "Too early to tell.") == ("Too early to tell.",)


def test_rows_that_were_not_called_are_told_beside_all() -> None:
    assert plain(untreated_sentence(untreated())) == (
        "Of 2,000 rows with a known outcome 204 are of clients that were called before it, which may have kept "
        "them. The others, weighted to stand for all: 21 % left, AUC 0.834 (0.804 to 0.864), F1 0.583, log-odds "
        "0.02 too low. All rows as they turned out: 17 % left, AUC 0.779 (0.749 to 0.809), F1 0.521, log-odds "
        "0.31 too high. Nobody stands for 31 rows: everyone of their risk was called."
    )


def test_rows_of_which_nobody_stands_for_the_called_ones_say_so() -> None:
    assert "cannot stand for them" in untreated_sentence(replace(untreated(), untreated=None))


def test_past_lists_are_told_as_if_nobody_had_been_called() -> None:
    lists = UntreatedLists(300, 210, 0, estimate(0.52), estimate(0.11), estimate(4.7, 0.6))
    assert plain(untreated_lists_sentence(lists)) == (
        "Of 300 named clients 210 were called before their outcome, which may have kept them. Of the others, "
        "weighted to stand for all, 52 % left (95 % interval 49 % to 55 %); at random 11 %: 4.7 times as many "
        "(4.1 to 5.3)."
    )
    assert "cannot be told" in untreated_lists_sentence(UntreatedLists(300, 300, 300))
