from __future__ import annotations

import dataclasses
import functools
import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pypdf import PageObject, PdfReader

from risk_assets.domain.columns import Columns
from risk_assets.domain.deployment.challenger import Challenger
from risk_assets.domain.diagnostics import DependencyReport
from risk_assets.domain.display import Display
from risk_assets.domain.intake.source_file import SourceFile
from risk_assets.reporting import typeface
from risk_assets.reporting.content import ReportContent
from risk_assets.reporting.summary_report import build_report
from risk_assets_tests.domain.clients import trained_on_every_form
from risk_assets_tests.reporting import samples

MADE = "2026-05-09T07:35:00+00:00"
LONG = "Ünïcode<b>&amp;" + "W" * 200
CATEGORIES = [f"Category_{place}" for place in range(16)]
#: A4 in points, and the narrowest margin that a text may reach into.
ACROSS, UP, MARGIN = 595.3, 841.9, 40


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


KINDS: dict[str, Callable[[], ReportContent]] = {
    "three features": samples.content,
    "categorical": lambda: samples.content(categorical=CATEGORIES),
    "sixty features": lambda: samples.content([f"feature_{place}" for place in range(60)], files=30, history=45),
    "every form": every_form,
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
    assert "How the risk is spread" in first
    assert "Data and quality" in second


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
        "2,618",
        "0.571",
        "0.541 to 0.601",
        "Stable",
        "0009-c93ef8f8",
        "promoted on 2026-05-09 07:32",
        "Of 100 clients that left, the model flags 63",
        "Nordwind Logistics 1 ",
        "95.7%",
        "Nordwind Logistics 10",
        "lastmonth_activity is 4: odds × 3.1",
    ):
        assert figure in told


def test_the_sections_follow_in_order_and_in_the_outline(report: Callable[[str], Report]) -> None:
    outline = [entry.title for entry in report("three features").pdf.outline if not isinstance(entry, list)]
    assert outline == ["Summary", "Data and quality", "Model", "Drift", "History", "Diagnostics", "Lineage"]


def test_the_file_says_what_it_is(report: Callable[[str], Report]) -> None:
    about = report("three features").pdf.metadata
    assert about is not None
    assert about.author == "risk_assets"
    assert about.title == "Attrition risk: summary report"


def test_the_typeface_is_in_the_file(report: Callable[[str], Report]) -> None:
    page: Any = report("three features").pdf.pages[0]
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    embedded = {str(font["/BaseFont"]).partition("+")[2] for font in fonts if "/FontDescriptor" in font}
    assert embedded == {"DejaVuSans", "DejaVuSans-Bold"}


def test_the_account_of_the_data_adds_up_in_words(report: Callable[[str], Report]) -> None:
    told = report("three features").pages[1]
    assert "Of 10,000 rows read from 2 files, 9,780 (97.8 %) were accepted, 196 were duplicates and 24" in told
    assert "lastmonth_activity is not a number 16 2" in told


def test_the_lineage_names_versions_and_counts(report: Callable[[str], Report]) -> None:
    told = report("three features").pages[-1]
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
    told = report("three features").pages[-1]
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
        "None yet",
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


def test_an_unavailable_check_of_the_dependencies_says_why(tmp_path: Path) -> None:
    usual = samples.content()
    checked = dataclasses.replace(usual.diagnostics.dependencies, audit_status="unavailable: no network")
    content = dataclasses.replace(usual, diagnostics=dataclasses.replace(usual.diagnostics, dependencies=checked))
    told = build(content, tmp_path).text
    assert "Known vulnerabilities: unavailable: no network." in told
    assert "CVE-2026-1234" in told
    assert "none known" not in told


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
