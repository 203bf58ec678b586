"""The columns of a client file, as config.json names them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from risk_assets.domain.columns import Columns, NumericColumn, canonical_label, usual_opposite


class NumericSetting(BaseModel):
    """A numeric column with optional inclusive bounds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _bounds_in_order(self) -> NumericSetting:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"{self.name}: min {self.min} is above max {self.max}")
        return self


class ColumnsSetting(BaseModel):
    """The columns of a client file. `negative` is needed only where `positive` has no usual opposite."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    target: str = Field(min_length=1)
    positive: bool | int | float | str
    negative: bool | int | float | str | None = None
    numeric: tuple[NumericSetting, ...] = ()
    categorical: tuple[str, ...] = ()

    @field_validator("numeric", mode="before")
    @classmethod
    def _names_alone(cls, value: object) -> object:
        if not isinstance(value, list | tuple):
            raise ValueError("must be a list of column names, or of objects with name, min and max")  # noqa: TRY004  # pydantic tells of ValueError alone
        return [{"name": item} if isinstance(item, str) else item for item in value]

    @model_validator(mode="after")
    def _consistent(self) -> ColumnsSetting:
        names = [self.id, self.target, *(column.name for column in self.numeric), *self.categorical]
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

    def to_columns(self) -> Columns:
        """Return the schema as the domain knows it, with canonical labels."""
        positive = canonical_label(self.positive)
        negative = usual_opposite(positive) if self.negative is None else canonical_label(self.negative)
        if negative is None:
            raise ValueError(f"positive {positive!r} has no usual opposite: add the other label as 'negative'")
        return Columns(
            id=self.id,
            target=self.target,
            positive=positive,
            negative=negative,
            numeric=tuple(NumericColumn(column.name, column.min, column.max) for column in self.numeric),
            categorical=self.categorical,
        )
