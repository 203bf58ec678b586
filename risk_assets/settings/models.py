"""The models that settings are made of."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterator

from pydantic import BaseModel

from risk_assets.settings.settings import Settings


def models() -> dict[str, type[BaseModel]]:
    """Return the models by the first key at which they stand, "" for the whole config."""
    found: dict[str, type[BaseModel]] = {}
    every: list[tuple[str, type[BaseModel]]] = [("", Settings), *_nested("", Settings)]
    for key, model in every:
        if model not in found.values():
            found[key] = model
    return found


def _nested(prefix: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in model.model_fields.items():
        for inner in models_in(field.annotation):
            key = "format" if name == "format" else f"{prefix}{name}"
            yield key, inner
            yield from _nested(f"{key}.", inner)


def models_in(annotation: object) -> Iterator[type[BaseModel]]:
    """Yield the models in the annotation of a field."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from models_in(argument)
