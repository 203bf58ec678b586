from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from types import ModuleType

from risk_assets import domain

PROMPT = ">>> "


def examples(docstring: str | None) -> str:
    """The lines of a docstring that are run."""
    return "\n".join(line for line in (docstring or "").splitlines() if line.lstrip().startswith((PROMPT, "... ")))


def modules() -> Iterator[ModuleType]:
    for module in pkgutil.walk_packages(domain.__path__, f"{domain.__name__}."):
        yield import_module(module.name)


def without_example(module: ModuleType) -> Iterator[str]:
    """Public functions without an example, and public methods that neither theirs nor their class's calls."""
    for name, member in vars(module).items():
        if name.startswith("_") or getattr(member, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(member) and f"{name}(" not in examples(member.__doc__):
            yield f"{module.__name__}.{name}"
        if inspect.isclass(member):
            yield from (f"{module.__name__}.{name}.{method}" for method in methods_without_example(member))


def methods_without_example(owner: type) -> Iterator[str]:
    for name, member in vars(owner).items():
        if not name.startswith("_") and isinstance(member, property | cached_property | type(without_example)):
            shown = examples(owner.__doc__) + examples(member.__doc__)
            if not re.search(rf"\.{name}\b", shown):
                yield name


def test_every_public_function_of_the_domain_shows_in_an_example_what_it_does() -> None:
    assert [name for module in modules() for name in without_example(module)] == []
