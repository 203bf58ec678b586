"""A real browser: Debian's Chromium, driven by Playwright, and what every page must pass in it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

CHROMIUM = shutil.which("chromium") or "chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
FLAGS += ["--disable-sync", "--no-first-run"]
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}},
    "dark phone": {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}},
}

#: The elements that are why a page is wider than its window.
BEYOND = """() => {
    const root = document.documentElement
    const beyond = element => element.getBoundingClientRect().right > root.clientWidth + 1
    return root.scrollWidth === root.clientWidth ? [] : [...root.querySelectorAll('*')].filter(beyond)
        .map(element => element.outerHTML.slice(0, 120))
}"""
#: The words of rows' and columns' names that go on in another line, other than after an underscore.
BROKEN = """() => [...document.querySelectorAll('th')].flatMap(cell => {
    const broken = [], range = document.createRange()
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT)
    for (let text = texts.nextNode(); text; text = texts.nextNode())
        for (const word of text.data.matchAll(/[^\\s_-]+[_-]?/g)) {
            range.setStart(text, word.index)
            range.setEnd(text, word.index + word[0].length)
            if (new Set([...range.getClientRects()].map(box => box.top)).size > 1) broken.push(word[0])
        }
    return broken
})"""
#: What Chromium notes when a form is answered with its faults, or is too large.
REFUSAL = re.compile("the server responded with a status of (409|413|422)")


Open = Callable[..., "Page"]
Check = Callable[["Page"], None]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def opened_page(browser: Browser) -> Iterator[Open]:
    """Opens pages in a look of their own; whatever the browser complains about fails the test."""
    contexts, complaints = [], list[str]()

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not REFUSAL.search(message.text):
            complaints.append(message.text)

    def open_page(url: str, look: str = "light", **more: Any) -> Page:
        context = browser.new_context(**LOOKS[look], reduced_motion="reduce", **more)
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == [], complaints


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core, from the wheel axe-playwright-python."""
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def check(axe: str) -> Check:
    """Checks that a page fits its window and breaks no name, and that axe-core finds nothing serious in it."""

    def check_page(page: Page) -> None:
        assert page.locator("h1").is_visible()
        assert page.evaluate(BEYOND) == []
        assert page.evaluate(BROKEN) == []
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        page.evaluate(axe)
        found = page.evaluate("axe.run()")["violations"]
        assert [
            f"{each['id']}: {[node['html'][:120] for node in each['nodes'][:3]]}"
            for each in found
            if each["impact"] in {"serious", "critical"}
        ] == []

    return check_page
