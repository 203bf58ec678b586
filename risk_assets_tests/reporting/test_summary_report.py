from __future__ import annotations

import dataclasses
import functools
import itertools
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pypdf import PageObject, PdfReader

from risk_assets.domain.columns import Columns
from risk_assets.domain.deployment.challenger import Challenger
from risk_assets.domain.diagnostics import DependencyReport
from risk_assets.domain.display import Display
from risk_assets.domain.drift.verdict import Judgement, LevelShare
from risk_assets.domain.intake.ingestion import HeldFile
from risk_assets.domain.intake.source_file import SourceFile
from risk_assets.domain.scoring.backtest import UntreatedLists
from risk_assets.reporting import typeface
from risk_assets.reporting.contact_words import (
    effect_sentences,
    untreated_lists_sentence,
    untreated_sentence,
    untreated_table,
)
from risk_assets.reporting.content import ReportContent
from risk_assets.reporting.summary_report import build_report
from risk_assets_tests.domain.clients import trained_on_every_form
from risk_assets_tests.reporting import samples

MADE = "2026-05-09T07:35:00+00:00"
LONG = "Ünïcode<b>&amp;" + "W" * 200
CATEGORIES = [f"Category_{place}" for place in range(16)]
#: A4 in points, and the narrowest margin that a text may reach into.
ACROSS, UP, MARGIN = 595.3, 841.9, 40
#: Nothing but the footer is below.
FOOTER = 44


def empty() -> ReportContent:
    """Nothing yet: no file, feature, client, decision, drift, history or timing."""
    usual = samples.content((), (), files=0, history=0)
    return dataclasses.replace(
        usual,
        manifest=None,
        drift=None,
        risks=dataclasses.replace(usual.risks, top=(), clients=0, flagged=0, histogram=(0,) * 20),
        diagnostics=dataclasses.replace(
            usual.diagnostics,
            timings=(),
            prediction_rows=0,
            dependencies=DependencyReport("complete", "complete", ()),
        ),
    )


def wild() -> ReportContent:
    """Long names without a blank, markup, many scripts, huge numbers, hundreds of files."""
    usual = samples.content((LONG, "$x^2$", "客户活动", "b"), (LONG + "2", "한국어"), files=412, history=60)
    names = (
        LONG,
        "<para>&x;",
        "株式会社サンプル",
        "(주)한국",
        "Ελληνική Εταιρεία",
        "ООО Ромашка",
        "شركة",
        "emoji 🎉",
        "W" * 200,
        "line\nbreak\ttab",
    )
    reasons = (f"{LONG} is {LONG}: odds × over 1000",) * 3
    top = tuple(
        dataclasses.replace(samples.ranked(rank, name), reasons=reasons) for rank, name in enumerate(names, 1)
    )
    bad = SourceFile(
        LONG + ".csv", "0" * 64, 10**13, 0, 0, 0, 0, reason=f"no column {LONG}", dropped_columns=(LONG,) * 300
    )
    profile = usual.diagnostics.profile
    huge = dataclasses.replace(
        profile.numeric[0], mean=-1.23e99, median=-3e98, std=1.11e100, min=-1e100, max=1e100
    )
    profile = dataclasses.replace(profile, numeric=(huge, *profile.numeric[1:]))
    rejected = dataclasses.replace(samples.decision(27, "rejected", "other"), reason=LONG * 5, version="v" * 200)
    assert usual.manifest is not None
    assert usual.drift is not None
    return dataclasses.replace(
        usual,
        labels=("Existing Customer", "Attrited Customer " + "x" * 60),
        metrics=samples.scored_metrics([f"{LONG} {place}" for place in range(60)]),
        risks=dataclasses.replace(usual.risks, top=top, clients=10**12, flagged=10**11),
        manifest=dataclasses.replace(usual.manifest, version="v" * 200, parent="p" * 200, model_sha256="0" * 64),
        ingestion=dataclasses.replace(usual.ingestion, files=(*usual.ingestion.files, bad)),
        diagnostics=dataclasses.replace(usual.diagnostics, profile=profile),
        decisions=(*usual.decisions, rejected),
        drift=dataclasses.replace(usual.drift, sentence=LONG * 4),
    )


def every_form() -> ReportContent:
    """A model with levels, categories and pairs, that says how sure it is."""
    usual = samples.content(("activity", "balance__eur", "products"), ("region",))
    top = tuple(dataclasses.replace(each, risk_low=0.9, risk_high=0.97) for each in usual.risks.top)
    return dataclasses.replace(
        usual,
        scorecard=trained_on_every_form().scorecard,
        risks=dataclasses.replace(usual.risks, top=top),
    )


def with_calls() -> ReportContent:
    """Clients were called, a share of those listed was not, and past lists are known."""
    usual, told = samples.content(), samples.untreated()
    assert usual.drift is not None
    lists = UntreatedLists(300, 210, 20, *(samples.estimate(share) for share in (0.52, 0.11, 4.7)))
    return dataclasses.replace(
        usual,
        backtest=samples.backtest(lists),
        effect=(samples.effect(), ""),
        metrics=dataclasses.replace(usual.metrics, untreated=told),
        drift=dataclasses.replace(usual.drift, untreated=told),
    )


KINDS: dict[str, Callable[[], ReportContent]] = {
    "three features": samples.content,
    "categorical": lambda: samples.content(categorical=CATEGORIES),
    "sixty features": lambda: samples.content([f"feature_{place}" for place in range(60)], files=30, history=45),
    "every form": every_form,
    "with calls": with_calls,
    "empty": empty,
    "wild": wild,
}


@dataclasses.dataclass(frozen=True)
class Piece:
    """A piece of text on a page, with its box in points."""

    left: float
    bottom: float
    right: float
    top: float
    text: str

    def overlaps(self, other: Piece) -> bool:
        across = min(self.right, other.right) - max(self.left, other.left)
        return across > 1 and min(self.top, other.top) - max(self.bottom, other.bottom) > 1


@dataclasses.dataclass(frozen=True)
class Report:
    """A report as a reader finds it: the text and its pieces, page by page."""

    pdf: PdfReader
    pages: tuple[str, ...]
    pieces: tuple[tuple[Piece, ...], ...]

    @property
    def text(self) -> str:
        return " ".join(self.pages)


def read(path: Path) -> Report:
    pdf = PdfReader(path)
    found = [read_page(page) for page in pdf.pages]
    return Report(pdf, tuple(text for text, _ in found), tuple(pieces for _, pieces in found))


def read_page(page: PageObject) -> tuple[str, tuple[Piece, ...]]:
    """Return the text and its pieces; runs of one line in several fonts have one origin, and make one piece."""
    lines: dict[tuple[float, float], tuple[str, float, str]] = {}

    def visit(run: str, outer: list[float], inner: list[float], font: Any, size: float) -> None:
        origin = (inner[4] * outer[0] + outer[4], inner[5] * outer[3] + outer[5])
        face = typeface.BOLD if "Bold" in str((font or {}).get("/BaseFont")) else typeface.REGULAR
        if run.strip() and origin != (0, 0):  # the number of pages is a form with an origin of its own
            lines[origin] = (lines.get(origin, ("",))[0] + run.strip("\n"), size, face)

    text = " ".join(page.extract_text(visitor_text=visit).split())
    pieces = (
        Piece(x, y - 0.15 * size, x + typeface.width(run, size, face), y + 0.7 * size, run)
        for (x, y), (run, size, face) in lines.items()
    )
    return text, tuple(pieces)


def build(content: ReportContent, folder: Path) -> Report:
    pages = build_report(content, folder / "report.pdf", folder / "charts", created_at=MADE)
    report = read(folder / "report.pdf")
    assert len(report.pages) == pages
    return report


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Report]:
    """Build each kind of report once, and read it back."""
    return functools.cache(lambda kind: build(KINDS[kind](), tmp_path_factory.mktemp("report")))


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_runs_over_another_or_off_the_page(report: Callable[[str], Report], kind: str) -> None:
    for pieces in report(kind).pieces:
        assert [(one, other) for one, other in itertools.combinations(pieces, 2) if one.overlaps(other)] == []
        for piece in pieces:
            assert piece.left >= MARGIN, piece
            assert piece.right <= ACROSS - MARGIN + 6, piece
            assert piece.bottom >= 20, piece
            assert piece.top <= UP - 20, piece


@pytest.mark.parametrize("kind", KINDS)
def test_page_one_holds_the_summary_and_no_more(report: Callable[[str], Report], kind: str) -> None:
    first, second = report(kind).pages[:2]
    assert "Whom to call" in first
    assert "History" in (first if kind == "empty" else second)
    assert kind == "empty" or "History" not in first
    assert report(kind).text.count("How the risk is spread") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_page_tells_its_number_version_and_date(report: Callable[[str], Report], kind: str) -> None:
    pages = report(kind).pages
    for number, told in enumerate(pages, start=1):
        assert f"Page {number} of" in told
        assert "2026-05-09 07:35 UTC" in told
        assert re.search(rf"\b{len(pages)}\b", told)


def test_page_one_tells_the_figures_that_matter(report: Callable[[str], Report]) -> None:
    told = report("three features").pages[0]
    for figure in (
        "Clients at high risk 2,618",
        "Expected to leave 1,940",
        "4.1 times",
        "3.8 to 4.4",
        "Stable",
        "Version 0009-c93ef8f8 serves; last decision: promoted on 2026-05-09 07:32; drift: stable.",
        "Of 100 clients that left, the model flags 63",
        "Nordwind Logistics 1 ",
        "95.7%",
        "Nordwind Logistics 10",
        "lastmonth_activity is 4: odds × 3.1",
    ):
        assert figure in told


def test_the_sections_follow_in_order_and_in_the_outline(report: Callable[[str], Report]) -> None:
    outline = [entry.title for entry in report("three features").pdf.outline if not isinstance(entry, list)]
    assert outline == [
        *("Summary", "History", "Model", "Calls", "Data and quality", "Drift", "Lineage", "Appendix"),
    ]


def test_the_file_says_what_it_is(report: Callable[[str], Report]) -> None:
    about = report("three features").pdf.metadata
    assert about is not None
    assert about.author == "risk_assets"
    assert about.title == "Attrition risk: summary report"
    assert about.creation_date == about.modification_date == datetime.fromisoformat(MADE)
    assert about.subject is not None
    assert "2026-05-09 07:35 UTC" in about.subject
    assert str(report("three features").pdf.root_object["/Lang"]) == "en"


def test_the_typeface_is_in_the_file(report: Callable[[str], Report]) -> None:
    page: Any = report("three features").pdf.pages[0]
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    embedded = {str(font["/BaseFont"]).partition("+")[2] for font in fonts if "/FontDescriptor" in font}
    assert embedded == {"DejaVuSans", "DejaVuSans-Bold"}


def test_the_account_of_the_data_adds_up_in_words(report: Callable[[str], Report]) -> None:
    told = report("three features").text
    assert "Of 10,000 rows read from 2 files, 9,780 (97.8 %) were accepted, 196 were duplicates and 24" in told
    assert "lastmonth_activity is not a number 16 2" in told


def test_the_lineage_names_versions_and_counts(report: Callable[[str], Report]) -> None:
    told = report("three features").text
    model, data = samples.MODEL[:10], samples.sha256("rows")[:10]
    for figure in (
        "2 files, 364 kB",
        "9,780 rows",
        f"data {data}",
        f"model {model}",
        "promoted 2026-05-09",
        "trainedmodel.pkl",
        samples.sha256("trainedmodel.pkl"),
    ):
        assert figure in told


def test_the_lineage_shows_drift_diagnostics_and_the_report_too(report: Callable[[str], Report]) -> None:
    told = report("three features").text
    for text in (
        "Stable",
        "on 640 new rows",
        "policy intervals",
        "9,812 clients timed",
        "24 packages",
        "this document",
    ):
        assert text in told


def test_the_shapes_begin_below_the_curves_rather_than_on_a_page_of_their_own(
    report: Callable[[str], Report],
) -> None:
    [page] = [told for told in report("categorical").pages if "Ranking and calibration" in told]
    assert "What each feature does to the odds of leaving" in page


def test_pairs_and_intervals_are_told_where_the_model_has_them(
    report: Callable[[str], Report],
) -> None:
    told, older = report("every form"), report("three features").text

    assert "risk, 90 % interval" in told.pages[0]
    assert "90 to 97 %" in told.pages[0].replace(".0", "")
    assert "What two columns do together" in told.text
    assert "Grey bands and whiskers are 90 % intervals" in told.text
    for words in ("risk, 90 %", "What two columns", "whiskers"):
        assert words not in older


def test_a_single_package_more_is_shown_rather_than_counted(tmp_path: Path) -> None:
    usual = samples.content()
    for number, left_out in ((25, False), (27, True)):
        checked = dataclasses.replace(usual.diagnostics, dependencies=samples.dependencies(number))
        told = build(dataclasses.replace(usual, diagnostics=checked), tmp_path).text
        assert ("more package" in told) is left_out


def test_hundreds_of_files_are_summed_up_with_the_worst_in_sight(report: Callable[[str], Report]) -> None:
    told = report("wild").text
    assert "and 389 more files" in told
    assert "in ingestion.json" in told
    assert "refused whole: no column" in told


def test_a_challenger_stands_named_beside_the_figures_of_the_version_that_serves(tmp_path: Path) -> None:
    usual = samples.content()
    trained = dataclasses.replace(
        usual.metrics, f1=samples.estimate(0.777), threshold=0.123, model_sha256="c" * 64
    )
    rejected = dataclasses.replace(samples.decision(9, "rejected", "c" * 64), version="v0009-cccccccc")
    content = dataclasses.replace(usual, challenger=Challenger(trained, rejected))

    told = build(content, tmp_path)

    sentence = "Challenger v0009-cccccccc does not serve (rejected): F1 0.777 (0.747 to 0.807) at threshold 0.123."
    assert told.text.count(sentence) == 3, "on the first page, with the model and with its lineage"
    assert "0.777" not in told.pages[0].partition("Challenger")[0], "the figures of the live version come first"
    assert "95 % interval challenger" in told.text


def test_without_a_challenger_none_is_spoken_of(report: Callable[[str], Report]) -> None:
    assert "hallenger" not in report("three features").pages[0]


def test_client_names_of_many_scripts_and_with_markup_are_shown(report: Callable[[str], Report]) -> None:
    told = report("wild").pages[0]
    for name in ("<para>&x;", "株式会社サンプル", "한국", "Ελληνική Εταιρεία", "ООО Ромашка", "line break tab"):
        assert name in told


def test_what_is_not_there_yet_is_said(report: Callable[[str], Report]) -> None:
    told = report("empty").text
    for sentence in (
        "No version serves yet.",
        "No client has been scored yet.",
        "Drift has not been judged yet",
        "No row was refused.",
        "Nothing has been decided yet.",
        "No prediction has been timed.",
        "no version serves yet",
    ):
        assert sentence in told


def test_drift_is_told_with_its_reason(tmp_path: Path) -> None:
    content = dataclasses.replace(samples.content(), drift=samples.drift("drifted"))
    told = build(content, tmp_path).text
    assert "Drifted The world has changed." in told
    assert "lastmonth_activity is spread unlike the training rows." in told


def test_columns_are_called_by_their_labels(tmp_path: Path) -> None:
    columns = Columns("id", "left", "1", "0", (), display=(Display("lastmonth_activity", "Activity last month"),))
    content = dataclasses.replace(samples.content(), drift=samples.drift("drifted"), columns=columns)
    assert "Activity last month drifted" in build(content, tmp_path).text


def test_drift_shows_the_shares_of_levels_before_and_now(tmp_path: Path) -> None:
    shares = (LevelShare("Spain", 0.75, 0.5), LevelShare("Kenya", 0.0, 0.25), LevelShare("Peru", 0.25, 0.25))
    moved = dataclasses.replace(samples.measurement("feature", "country", 2.14), shares=shares)
    judged = Judgement(moved, drifted=True, sentence="country has shifted: Kenya is new.")
    drifted = dataclasses.replace(samples.drift("drifted"), judgements=(judged,))
    told = build(dataclasses.replace(samples.content(), drift=drifted), tmp_path)
    assert "What has moved" in told.text
    assert (tmp_path / "charts" / "moved.png").is_file()
    assert "What has moved" not in build(samples.content(), tmp_path / "stable").text


def test_an_unavailable_check_of_the_dependencies_says_why(tmp_path: Path) -> None:
    usual = samples.content()
    checked = dataclasses.replace(usual.diagnostics.dependencies, audit_status="unavailable: no network")
    content = dataclasses.replace(usual, diagnostics=dataclasses.replace(usual.diagnostics, dependencies=checked))
    told = build(content, tmp_path).text
    assert "Known vulnerabilities: unavailable: no network." in told
    assert "CVE-2026-1234" in told
    assert "none known" not in told


def lowest_ink(page: PageObject) -> float:
    """Return the height of the lowest picture, line or text above the footer, in points."""
    found = [piece.bottom for piece in read_page(page)[1] if piece.bottom > FOOTER]

    def visit(operator: bytes, operands: list[Any], outer: list[float], inner: list[float]) -> None:
        del inner
        if operator == b"Do" and outer[5] > FOOTER:
            found.append(outer[5])
        if operator == b"re":
            found.append(outer[5] + float(operands[1]))

    page.extract_text(visitor_operand_before=visit)
    return min(found)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "empty"])
def test_no_page_but_the_last_is_more_than_a_quarter_blank(report: Callable[[str], Report], kind: str) -> None:
    for number, page in enumerate(report(kind).pdf.pages[:-1], start=1):
        assert lowest_ink(page) - FOOTER < (UP - 2 * FOOTER) / 4, f"page {number}"


def test_every_chart_says_in_words_what_it_shows(report: Callable[[str], Report]) -> None:
    said = []
    for page in report("every form").pdf.pages:
        contents = page.get_contents()
        assert contents is not None
        marks = re.findall(rb"/Span <</Alt <FEFF([0-9A-F]+)>>> BDC", contents.get_data())
        said += [bytes.fromhex(text.decode()).decode("utf-16-be") for text in marks]
    for start in (
        "How many clients have which risk: 2,618 of 11,232 clients reach the threshold of 0.314.",
        "Of 100 clients that left, the model flags 63.",
        "What each value does to the odds: activity, balance__eur",
        "Maps of the risk by two columns: ",
        "F1 of 9 models; the last 0.5",
        "9 drift verdicts, ",
        "How the figures of this report came about",
    ):
        assert any(text.startswith(start) for text in said), start


def with_risks(**changed: Any) -> ReportContent:
    usual = samples.content()
    return dataclasses.replace(usual, risks=dataclasses.replace(usual.risks, **changed))


def test_as_many_clients_are_listed_as_can_be_called_and_as_fit_on_page_one(tmp_path: Path) -> None:
    many = with_risks(top=tuple(samples.ranked(rank) for rank in range(1, 41)))
    few = build(dataclasses.replace(many, capacity=3), tmp_path)
    assert "the first 3 of" in few.pages[0]
    assert "History" in few.pages[0], "rather than a page that is half blank"
    assert "Nordwind Logistics 4" not in few.pages[0]
    assert "can be called" not in few.pages[0]

    full = build(dataclasses.replace(many, capacity=100), tmp_path)
    shown = len(re.findall(r"Nordwind Logistics \d+", full.pages[0]))
    assert 15 < shown < 40
    assert f"The next {100 - shown} clients that can be called are in client_risk.csv." in full.pages[0]
    assert "How the risk is spread" not in full.pages[0]


def test_the_list_tells_money_who_looks_after_a_client_and_what_changed(tmp_path: Path) -> None:
    risen = dataclasses.replace(
        samples.ranked(1), change=0.123, value_at_risk=138192.98, carried={"manager": "Ann", "country": None}
    )
    new = dataclasses.replace(samples.ranked(2), as_of="2026-05-01", value_at_risk=10.0)
    money = {"value_at_risk": 4_000_000.4, "flagged_value_at_risk": 1_000_000.0}
    told = build(with_risks(top=(risen, new), compared=900, risen=12, fallen=7, **money), tmp_path).pages[0]
    for text in (
        "+12.3",
        "138,193",
        "Ann",
        "new",
        "Since last time +12",
        "7 no longer are",
        "Value at risk 4,000,000",
    ):
        assert text in told
    assert "25 % of it with those at high risk" in told


def test_a_file_that_is_held_back_and_drift_are_on_page_one(tmp_path: Path) -> None:
    usual = samples.content()
    held = HeldFile("july.csv", "ab", 500, ("calls: all 0",))
    content = dataclasses.replace(
        usual, ingestion=dataclasses.replace(usual.ingestion, held=(held,)), drift=samples.drift("drifted")
    )
    first = build(content, tmp_path).pages[0]
    assert "july.csv is held back: calls: all 0. Accept or refuse it." in first
    assert "The world has changed: On 640 new rows: F1 has fallen, 1 column has shifted." in first


def test_without_a_date_a_report_bears_that_of_the_newest_thing_it_tells(tmp_path: Path) -> None:
    content = samples.content()
    build_report(content, tmp_path / "report.pdf", tmp_path / "charts")
    about = PdfReader(tmp_path / "report.pdf").metadata
    assert about is not None
    assert about.creation_date == datetime.fromisoformat(content.diagnostics.at)


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        build_report(samples.content(), tmp_path / f"{name}.pdf", tmp_path / name, created_at=MADE)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    for chart in (tmp_path / "a").iterdir():
        assert chart.read_bytes() == (tmp_path / "b" / chart.name).read_bytes()


def test_charts_of_an_earlier_larger_model_do_not_linger(tmp_path: Path) -> None:
    charts = tmp_path / "charts"
    charts.mkdir()
    (charts / "shapes_2.png").write_bytes(b"of an earlier model")
    build(samples.content(), tmp_path)
    assert {chart.name for chart in charts.iterdir()} == {
        "risk_histogram.png",
        "confusion_matrix.png",
        "quality.png",
        "gains.png",
        "shapes_1.png",
        "history.png",
        "drift_history.png",
        "timings.png",
    }


def plain(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").split())


def test_whether_calls_helped_is_told_in_the_words_of_the_page(report: Callable[[str], Report]) -> None:
    told = plain(report("with calls").text)
    for said in effect_sentences(samples.effect(), ""):
        assert plain(said) in told


def test_why_it_cannot_be_told_whether_calls_helped_is_told(tmp_path: Path) -> None:
    content = dataclasses.replace(
        samples.content(), backtest=samples.backtest(), effect=(None, "Too early to tell.")
    )
    told = plain(build(content, tmp_path).text)
    assert "Did calls help? Too early to tell." in told
    assert "Without the calls" not in told


def test_what_clients_tell_that_were_not_called_stands_beside_all(report: Callable[[str], Report]) -> None:
    content, told = with_calls(), plain(report("with calls").text)
    assert content.backtest
    assert content.backtest.untreated
    assert plain(untreated_lists_sentence(content.backtest.untreated)) in told
    assert told.count(plain(untreated_sentence(samples.untreated()))) == 2
    for row in untreated_table(samples.untreated()):
        assert all(plain(cell) in told for cell in row)
