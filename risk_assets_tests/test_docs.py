"""What is written is true: the examples in docstrings, and the form of the docs."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [*(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")), *ROOT.glob("docs/**/*.md")]
MODULES = [file for file in sorted(ROOT.glob("risk_assets/**/*.py")) if ">>> " in file.read_text(encoding="utf-8")]
LONGEST_LINE = 120


def module_name(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts)


@pytest.mark.parametrize("name", [module_name(file) for file in MODULES])
def test_the_examples_of_a_module_are_true(name: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried
    assert not failed


def functions_without_an_example(file: Path) -> Iterator[str]:
    body = ast.parse(file.read_text(encoding="utf-8")).body
    for node in (each for each in body if isinstance(each, ast.FunctionDef) and not each.name.startswith("_")):
        if ">>> " not in (ast.get_docstring(node) or ""):
            yield f"{file.name}:{node.lineno} {node.name}"


def test_every_public_function_of_the_domain_has_an_example() -> None:
    files = sorted(ROOT.glob("risk_assets/domain/**/*.py"))
    assert len(files) > 30
    assert [name for file in files for name in functions_without_an_example(file)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_lines_of_prose_are_short_enough_to_read(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    exempt = ("|", "    ", "![")  # tables, code, pictures
    long = [line for line in text.splitlines() if len(line) > LONGEST_LINE and not line.startswith(exempt)]
    assert long == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    files = [link for link in links if "://" not in link]
    assert [link for link in files if not (page.parent / link).exists()] == []
