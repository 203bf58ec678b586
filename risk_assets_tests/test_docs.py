from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
LONGEST = 120


def prose(page: str) -> Iterator[str]:
    """The lines of a page that are neither in a table nor in a block of code."""
    in_code = False
    for line in page.splitlines():
        if line.startswith("```"):
            in_code = not in_code
        elif not in_code and not line.startswith(("|", "    ")):
            yield line


def test_tables_and_code_are_no_prose() -> None:
    page = "# Title\n\nWords.\n- an item\n\n| a | table |\n\n    code\n\n```json\n{}\n```\nThe end."
    assert [line for line in prose(page) if line] == ["# Title", "Words.", "- an item", "The end."]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_lines_of_prose_fit_on_a_screen(page: Path) -> None:
    assert [line for line in prose(page.read_text(encoding="utf-8")) if len(line) > LONGEST] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_to_files_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []
