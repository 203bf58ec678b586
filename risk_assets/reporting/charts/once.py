"""Pictures that are drawn once: a run shows the same ones in Dagster's UI and in the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
#: So many of the last pictures are kept.
KEPT = 16


@dataclass(frozen=True)
class _Call:
    """A chart's function and its arguments, told apart by their text: records with mappings have no hash."""

    draw: Callable[..., Any]
    text: str
    args: tuple[Any, ...] = field(compare=False)
    named: dict[str, Any] = field(compare=False)


@lru_cache(KEPT)
def kept(call: _Call) -> Any:  # noqa: ANN401  # what a chart returns
    """Return the picture of a call, one of the last few or drawn now."""
    return call.draw(*call.args, **call.named)


def drawn_once(draw: Callable[P, R]) -> Callable[P, R]:
    """Return the function, which keeps its last pictures; its arguments are records that repr shows whole."""

    @wraps(draw)
    def drawn(*args: P.args, **named: P.kwargs) -> R:
        found: R = kept(_Call(draw, repr((args, named)), args, named))
        return found

    return drawn
