"""How the files of a folder are written, where that is declared."""

from __future__ import annotations

import codecs
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from risk_assets.domain.file_form import FileForm


class FormatSetting(BaseModel):
    """How files are written; what is not given is found in each file, where its texts allow one reading alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    decimal: Literal[".", ","] | None = Field(default=None, description="separates whole from broken numbers")
    thousands: Literal["", ",", ".", " ", "'"] | None = Field(default=None, description="groups digits")
    delimiter: Literal[",", ";", "\t", "|"] | None = Field(
        default=None, description="separates fields of CSV files"
    )
    encoding: str | None = Field(default=None, description="of text files, such as cp1252")
    sheet: str | None = Field(default=None, min_length=1, description="of workbooks; the first one by default")
    missing: tuple[str, ...] = Field(
        default=(), description="further words for what is missing, in columns of text too"
    )
    lenient_quotes: bool = Field(
        default=False, description="a quote inside of a field is a character like any other"
    )

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        try:
            return None if value is None else codecs.lookup(value).name
        except LookupError as error:
            raise ValueError(f"{value!r} is no encoding that is known here, such as cp1252 or utf-8") from error

    @model_validator(mode="after")
    def _apart(self) -> FormatSetting:
        if self.decimal is not None and self.decimal == self.thousands:
            raise ValueError(f"thousands: is {self.decimal!r}, as decimal")
        return self

    def to_form(self) -> FileForm:
        """Return the form as the domain knows it."""
        return FileForm(**self.model_dump())
