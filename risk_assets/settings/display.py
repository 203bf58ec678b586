"""How people are told of columns, as config.json declares it: in a column's object, or by name under display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field

from risk_assets.domain.columns import Columns
from risk_assets.domain.display import Display

#: Where a column may be an object.
KINDS = ("numeric", "categorical", "carried", "derived")


class DisplaySetting(BaseModel):
    """How people are told of a column, without any effect on a number: keys of its object, or by its name here."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str | None = Field(default=None, min_length=1, description="what people call it, instead of its name")
    unit: str | None = Field(default=None, min_length=1, description="of its numbers")
    actionable: bool = Field(
        default=True, description="false: nobody can act on it, so it never leads the reasons"
    )

    def to_display(self, name: str) -> Display:
        """Return it as the domain knows it."""
        return Display(name, self.label, self.unit, self.actionable)


KEYS = tuple(DisplaySetting.model_fields)


def display_apart(given: Mapping[str, object]) -> dict[str, object]:
    """Return settings of columns in which what the objects say of their display is under display, by name.

    >>> display_apart({"categorical": [{"name": "region", "label": "Sales region"}, "industry"]})
    {'categorical': [{'name': 'region'}, 'industry'], 'display': {'region': {'label': 'Sales region'}}}
    """
    found = dict(given)
    for kind in KINDS:
        listed = found.get(kind)
        if isinstance(listed, list | tuple):
            found[kind] = [_without(item, kind, found) for item in listed]
    return found


def _without(item: object, kind: str, found: dict[str, object]) -> object:
    """Return a column without what is said of its display, which moves to `found`."""
    said = {key: item[key] for key in KEYS if key in item} if isinstance(item, Mapping) else {}
    if not said:
        return item
    assert isinstance(item, Mapping)
    name = item.get("name")
    if not isinstance(name, str):
        raise ValueError(f"a {kind} column with {' and '.join(said)} has no name")  # noqa: TRY004  # pydantic tells of ValueError alone
    known = found.get("display") or {}
    if not isinstance(known, Mapping) or name in known:
        raise ValueError(f"{name!r} is described under {kind} and under display too")
    found["display"] = {**known, name: said}
    return {key: value for key, value in item.items() if key not in said}


def refuse_display(display: Mapping[str, DisplaySetting], columns: Columns) -> None:
    """Raise ValueError for what is said of a column that is not declared, or cannot be said of it."""
    for name, setting in display.items():
        if name not in columns.known:
            raise ValueError(f"display: {name!r} is not declared")
        if not setting.actionable and name not in columns.inputs and name not in columns.features:
            raise ValueError(f"{name!r} is never learnt from, so it cannot be actionable or not")
        if setting.unit is not None and name in columns.categorical:
            raise ValueError(f"{name!r} is categorical, so it has no unit")
    labels = [columns.label(name).casefold() for name in columns.known]
    for name in display:
        if labels.count(columns.label(name).casefold()) > 1:
            raise ValueError(f"{columns.label(name)!r} is what two columns are called")


def refuse_listed(listed: Sequence[str], columns: Columns) -> None:
    """Raise ValueError for what cannot be shown in the list of clients."""
    for name in listed:
        if name not in (*columns.features, *columns.shown):
            raise ValueError(f"shown: {name!r} is neither a feature nor carried nor a date")
        if listed.count(name) > 1:
            raise ValueError(f"shown: {name!r} is named twice")
