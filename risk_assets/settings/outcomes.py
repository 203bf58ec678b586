"""Dates of leaving that come as files of their own."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from risk_assets.domain.columns import Columns
from risk_assets.domain.dates import DateFormat
from risk_assets.settings.file_format import FormatSetting
from risk_assets.settings.object_storage import folder_url, is_url


def _folder_name(value: str) -> str:
    if not value.strip():
        raise ValueError("must name a folder")
    return folder_url(value) if is_url(value) else value


FolderName = Annotated[str, AfterValidator(_folder_name)]


class OutcomesSetting(BaseModel):
    """A folder of files with id and date of leaving of clients that left, from which labels are derived."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: FolderName = Field(description="the folder, or its URL")
    id: str | None = Field(default=None, min_length=1, description="the id of columns if unset")
    left_on: str = Field(default="left_on", min_length=1, description="the date of leaving")
    date_format: str | None = Field(default=None, description="of left_on; found in the file if unset")
    format: FormatSetting = Field(default=FormatSetting(), description="how the files are written")
    horizon_days: int = Field(ge=1, description="a row has left if its client leaves within so many days")
    partial_files: str = Field(
        default="contacts*.csv",
        description="files of such names tell of single leavings: they do not say until when outcomes are known",
    )
    reported_within_days: int = Field(ge=0, description="how late leavings are reported, at most")

    def to_columns(self, rows: Columns) -> Columns:
        """Return the schema of the files; a leaving may be announced before its date."""
        return Columns(
            id=self.id or rows.id,
            target=rows.target,
            positive=rows.positive,
            negative=rows.negative,
            numeric=(),
            as_of=self.left_on,
            dates=None if self.date_format is None else DateFormat(self.date_format),
            has_target=False,
            announced=True,
            form=self.format.to_form(),
        )
