"""The columns of a client file, as config.json names them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from risk_assets.domain.columns import Columns, Monotone, NumericColumn
from risk_assets.domain.dates import DateFormat
from risk_assets.domain.labels import canonical_label, usual_opposite
from risk_assets.domain.ranking.risk_summary import FEATURE, RESERVED
from risk_assets.settings.derived import DerivedSetting, refuse_parts
from risk_assets.settings.display import DisplaySetting, display_apart, refuse_display, refuse_listed
from risk_assets.settings.sensitive import marked_apart

#: What the target is called in finaldata where labels are derived from outcomes.
DERIVED_TARGET = "has_left"


class NumericSetting(BaseModel):
    """A numeric column with optional inclusive bounds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, description="as the header of the files has it, in any case")
    min: float | None = Field(default=None, description="a smaller value is refused")
    max: float | None = Field(default=None, description="a greater value is refused")
    feature: bool = Field(default=True, description="false: read and kept for derived columns, never learnt from")
    monotone: Monotone | None = Field(default=None, description="the risk only rises, or only falls, with it")
    special: tuple[float, ...] = Field(default=(), description="codes that are no numbers, such as -99")
    special_as: Literal["missing", "levels"] = Field(
        default="missing", description="what they mean: nothing is known, or each something of its own"
    )

    @model_validator(mode="after")
    def _consistent(self) -> NumericSetting:
        if self.special_as == "levels" and not self.special:
            raise ValueError(f"{self.name}: special_as is given without special")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"{self.name}: min {self.min} is above max {self.max}")
        if self.monotone is not None and not self.feature:
            raise ValueError(f"{self.name}: is monotone, but no feature, so that nothing is learnt from it")
        return self

    def to_column(self) -> NumericColumn:
        """Return the column as the domain knows it."""
        given = self.model_dump(exclude={"special_as"})
        return NumericColumn(**given, special_levels=self.special_as == "levels")


class ColumnsSetting(BaseModel):
    """The columns of a client file. `negative` is needed only where `positive` has no usual opposite."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1, description="identifies a client")
    target: str | None = Field(default=None, min_length=1, description="not with outcomes, which say who left")
    positive: bool | int | float | str = Field(default=1, description="the label of clients that left")
    negative: bool | int | float | str | None = Field(
        default=None, description="the other label; needed only where positive has no usual opposite"
    )
    numeric: tuple[NumericSetting, ...] = Field(default=(), description="columns of numbers: names, or objects")
    categorical: tuple[str, ...] = Field(default=(), description="columns of text with few values, likewise")
    carried: tuple[str, ...] = Field(default=(), description="shown and filtered by, never learnt from; likewise")
    value: str | None = Field(default=None, min_length=1, description="money a year; may be a numeric column too")
    as_of: str | None = Field(default=None, min_length=1, description="the date of observation")
    dates: tuple[str, ...] = Field(default=(), description="other dates, for days_between; never learnt from")
    date_format: str | None = Field(
        default=None, description="of all dates, such as %d.%m.%Y; found in each file if unset"
    )
    derived: tuple[DerivedSetting, ...] = Field(default=(), description="features that are made of other columns")
    sensitive: tuple[str, ...] = Field(default=(), description="carried columns by which the score is told apart")
    numbers: tuple[str, ...] = Field(default=(), description="carried columns that hold numbers")
    ignore: tuple[str, ...] = Field(
        default=(), description="columns, and fields of requests, to pass over in silence"
    )
    display: dict[str, DisplaySetting] = Field(
        default={}, description="how people are told of columns, by name; or by the same keys in a column's object"
    )
    shown: tuple[str, ...] | None = Field(
        default=None, description="shown in the list of clients; what is carried, and dates, if unset"
    )

    @model_validator(mode="before")
    @classmethod
    def _objects_taken_apart(cls, given: object) -> object:
        return marked_apart(display_apart(given)) if isinstance(given, Mapping) else given

    @field_validator("numeric", mode="before")
    @classmethod
    def _names_alone(cls, value: object) -> object:
        if not isinstance(value, list | tuple):
            raise ValueError("must be a list of column names, or of objects with name, min and max")  # noqa: TRY004  # pydantic tells of ValueError alone
        return [{"name": item} if isinstance(item, str) else item for item in value]

    @model_validator(mode="after")
    def _consistent(self) -> ColumnsSetting:
        if self.target is None and canonical_label(self.positive) != "1":
            raise ValueError("positive: is a label of a target, and none is named")
        if self.date_format is not None and self.as_of is None and not self.dates:
            raise ValueError("date_format: is given without as_of or dates")
        if self.value is not None and self.value in self.categorical:
            raise ValueError(f"value: {self.value!r} is a categorical column")
        for name in (*self.carried, self.value, self.as_of, *self.dates):
            if name is not None and (name.casefold() in RESERVED or name.casefold().startswith(FEATURE)):
                raise ValueError(f"{name!r} is what a column of client_risk is called")
        names = list(self._named())
        folded = [name.casefold() for name in names]
        for name in names:
            if not name.strip():
                raise ValueError("a column name is blank")
            if folded.count(name.casefold()) > 1:
                raise ValueError(f"column {name!r} is named twice")
        columns = self.to_columns()
        if columns.positive == columns.negative:
            raise ValueError(f"positive and negative are the same label {columns.positive!r}")
        return self

    @model_validator(mode="after")
    def _derived_of_declared(self) -> ColumnsSetting:
        for derived in self.derived:
            refuse_parts(derived, self.to_columns())
        return self

    @model_validator(mode="after")
    def _displayed_as_declared(self) -> ColumnsSetting:
        refuse_display(self.display, self.to_columns())
        refuse_listed(self.shown or (), self.to_columns())
        return self

    @model_validator(mode="after")
    def _marks_of_carried(self) -> ColumnsSetting:
        for name in (*self.sensitive, *self.numbers):
            if name not in self.carried:
                raise ValueError(f"{name!r} is named under sensitive or numbers, but not carried")
        return self

    def _named(self) -> Iterator[str]:
        numeric = [column.name for column in self.numeric]
        yield from (self.id, self.target or DERIVED_TARGET, *numeric, *self.categorical, *self.carried)
        if self.value is not None and self.value not in numeric:
            yield self.value
        if self.as_of is not None:
            yield self.as_of
        yield from (*self.dates, *(column.name for column in self.derived))

    def to_columns(self) -> Columns:
        """Return the schema as the domain knows it, with canonical labels."""
        positive = canonical_label(self.positive)
        negative = usual_opposite(positive) if self.negative is None else canonical_label(self.negative)
        if negative is None:
            raise ValueError(f"positive {positive!r} has no usual opposite: add the other label as 'negative'")
        return Columns(
            id=self.id,
            target=self.target or DERIVED_TARGET,
            positive=positive,
            negative=negative,
            numeric=tuple(column.to_column() for column in self.numeric),
            categorical=self.categorical,
            carried=self.carried,
            sensitive=self.sensitive,
            carried_numbers=self.numbers,
            ignored=self.ignore,
            value=self.value,
            as_of=self.as_of,
            dates=None if self.date_format is None else DateFormat(self.date_format),
            has_target=self.target is not None,
            date_columns=self.dates,
            derived=tuple(column.to_column() for column in self.derived),
            display=tuple(setting.to_display(name) for name, setting in self.display.items()),
            listed=(*self.carried, *self.dates) if self.shown is None else self.shown,
        )
