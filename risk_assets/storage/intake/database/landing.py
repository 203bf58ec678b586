"""What is new in a source since the last look is landed in the input folder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from risk_assets.domain.columns import Columns
from risk_assets.settings import SettingsError, SqlSourceSetting
from risk_assets.storage.intake.database.database import SourceError, connected
from risk_assets.storage.intake.database.position import CursorError
from risk_assets.storage.intake.database.reading import Look, Reading
from risk_assets.storage.intake.database.shape import where
from risk_assets.storage.intake.database.window import MOST_ROWS, hashing
from risk_assets.storage.lock import writing
from risk_assets.storage.remote.mirror import Mirror

WAIT_SECONDS = 0.5
#: The settings that name the folders which files are landed into.
SETTINGS = {"sourcedata": "input_folder_path", "outcomes": "outcomes"}


def land_new_rows(
    source: SqlSourceSetting,
    password: str | None,
    mirror: Mirror,
    columns: Columns,
    *,
    in_time: Callable[[], bool] = lambda: True,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    most_rows: int = MOST_ROWS,
) -> Look:
    """Land what is new since the last look, as long as it is `in_time`; what is left is for the next look.

    Files land in the input folder, or in the bucket it stands for. Raises SourceError when the database cannot be
    read or is not as it was, SettingsError when a driver or the input folder is missing, and RemoteError when the
    bucket does not answer; what was landed before stays, and the next look goes on from there.
    """
    layout = mirror.layout
    folder = mirror.unit(source.into).folder
    if mirror.is_remote(source.into):
        folder.mkdir(parents=True, exist_ok=True)
    if not folder.is_dir():
        raise SettingsError(f"{SETTINGS[source.into]}: no such folder: {folder}")
    with (
        mirror.working("sources"),
        writing(layout.sources / source.name, f"source {source.name}", wait=WAIT_SECONDS),
        connected(source, password) as database,
        hashing() as hasher,
    ):
        try:
            return Reading(database, mirror, columns, hasher, in_time, now, most_rows).look()
        except CursorError as error:
            fault = f'column "{source.cursor}" cannot be followed: {error}'
            raise SourceError(f"{source.name}: {where(source)}: {fault}") from error
