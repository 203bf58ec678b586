"""Features that are made of other columns, as config.json declares them."""

from __future__ import annotations

from typing import get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from risk_assets.domain.columns import MAX_MAGNITUDE, Columns, Derivation, DerivedColumn, Monotone

FORMS: tuple[Derivation, ...] = get_args(Derivation)


class DerivedSetting(BaseModel):
    """A numeric feature computed from others: one of ratio, difference, sum and days_between names its parts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="of the new column")
    ratio: tuple[str, str] | None = Field(default=None, description="the first divided by the second")
    times: float | None = Field(default=None, description="what a ratio is multiplied by; 1 by default")
    difference: tuple[str, str] | None = Field(default=None, description="the first less the second")
    sum: tuple[str, ...] | None = Field(default=None, min_length=2, description="all of them added up")
    days_between: tuple[str, str] | None = Field(
        default=None, description="days from the first date to the second"
    )
    monotone: Monotone | None = Field(default=None, description="the risk only rises, or only falls, with it")

    @model_validator(mode="after")
    def _one_form(self) -> DerivedSetting:
        given = [form for form in FORMS if getattr(self, form) is not None]
        if len(given) != 1:
            raise ValueError(f"{self.name}: give one of {', '.join(FORMS)}, not {' and '.join(given) or 'none'}")
        if self.times is not None and self.ratio is None:
            raise ValueError(f"{self.name}: times is for a ratio alone")
        if self.times is not None and not 0 < abs(self.times) <= MAX_MAGNITUDE:
            raise ValueError(f"{self.name}: times is 0, or no finite number up to {MAX_MAGNITUDE:g}")
        parts = self.to_column().parts
        twice = [part for part in parts if parts.count(part) > 1]
        if twice:
            raise ValueError(f"{self.name}: {twice[0]!r} is named twice in {given[0]}")
        return self

    def to_column(self) -> DerivedColumn:
        """Return the column as the domain knows it."""
        [(kind, parts)] = [(form, getattr(self, form)) for form in FORMS if getattr(self, form) is not None]
        return DerivedColumn(self.name, kind, parts, 1.0 if self.times is None else self.times, self.monotone)


def refuse_parts(setting: DerivedSetting, columns: Columns) -> None:
    """Raise ValueError for a part that is not declared, or that holds something else."""
    column = setting.to_column()
    for part in column.parts:
        if part not in _fitting(column, columns):
            raise ValueError(f"{column.name}: its part {part!r} {_fault(part, column, columns)}")


def _fitting(column: DerivedColumn, columns: Columns) -> tuple[str, ...]:
    return columns.dated if column.kind == "days_between" else tuple(each.name for each in columns.numeric)


def _fault(part: str, column: DerivedColumn, columns: Columns) -> str:
    faults = (
        ([each.name for each in columns.derived], "is derived itself: name the columns that it is made of"),
        (columns.sensitive, "is sensitive, and nothing is learnt from it"),
        ((columns.id, *columns.texts), "holds text"),
        (columns.dated, "is a date, which days_between alone takes"),
        ([each.name for each in columns.numeric], "is a number, and days_between takes dates"),
        (
            [columns.value],
            "is the value: list it under numeric too, with feature false where it is not to be learnt",
        ),
    )
    place = (
        "is neither as_of nor one of columns.dates"
        if column.kind == "days_between"
        else "is not in columns.numeric"
    )
    return next((words for names, words in faults if part in names), place)
