"""All settings with their defaults, and what must hold between them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from risk_assets.domain.columns import Columns
from risk_assets.domain.contacts.digest import DigestTimes
from risk_assets.domain.intake.outcomes import OutcomeFiles, OutcomeRules
from risk_assets.domain.scoring.calls import CallCosts
from risk_assets.settings.columns import ColumnsSetting
from risk_assets.settings.engine import EngineSetting
from risk_assets.settings.file_format import FormatSetting
from risk_assets.settings.folders import FolderSettings
from risk_assets.settings.sources import SqlSourceSetting, refuse_mistaken, source_key

CRON_FIELDS = 5

PREFIX = "RISK_ASSETS_"


def _cron(value: str) -> str:
    fields = value.split()
    if len(fields) != CRON_FIELDS or not all(re.fullmatch(r"[\d*/,A-Za-z-]+", field) for field in fields):
        raise ValueError(f"{value!r} is not a cron expression of five fields, such as '*/5 * * * *'")
    return value


def _digest_times(value: str) -> str:
    DigestTimes.parse(value)
    return value


def _split_keys(value: object) -> object:
    return tuple(key.strip() for key in value.split(",") if key.strip()) if isinstance(value, str) else value


ApiKeys = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split_keys)]


class Settings(FolderSettings):
    """Everything that can be set; each field can also be given as RISK_ASSETS_<FIELD> in the environment."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True)

    columns: ColumnsSetting = Field(description="what the columns of client files mean")
    format: FormatSetting = Field(default=FormatSetting(), description="how client files are written")
    test_data_format: FormatSetting | None = Field(
        default=None, description="how files of testdata are written; as client files if unset"
    )
    outcomes_until: date | None = Field(
        default=None, description="all leavings up to here are known; by default the newest of the files"
    )

    # ingestion
    finaldata_csv: bool = Field(default=True, description="also write finaldata.csv for people")
    final_files: tuple[str, ...] = Field(
        default=(), description="files that teach although some of their outcomes stay unknown"
    )
    hold_suspect_files: bool = Field(
        default=True, description="hold back new files whose content looks broken beside those before them"
    )
    max_bad_share: float = Field(default=0.5, ge=0, le=1, description="more refused rows, or files, fail")
    memory_limit: str = Field(default="4GB", pattern=r"^\d+(\.\d+)?\s?[KMGT]i?B$", description="of the engine")
    threads: int | None = Field(default=None, ge=1, description="of the engine; all cores by default")
    spill_folder: Path | None = Field(default=None, description="of DuckDB; below the output folder if unset")
    engine: EngineSetting = Field(default=EngineSetting(), description="DuckDB, or Spark for many machines")

    # databases
    sources: tuple[SqlSourceSetting, ...] = Field(default=(), description="that new rows are read from")
    source_passwords: dict[str, SecretStr] = Field(
        default={}, description="by the source's name, from the environment alone"
    )

    # model
    seed: int = Field(default=0, ge=0, description="of every draw")
    max_training_rows: int = Field(
        default=1_000_000, ge=100, description="of more rows a sample of the clients is trained on"
    )
    threshold: float | None = Field(
        default=None, gt=0, lt=1, description="fixed; tuned on training folds if unset"
    )
    threshold_for: Literal["f1", "capacity", "value"] = Field(
        default="f1", description="whom to flag: by the best F1, as many as can be called, or whom a call pays for"
    )
    call_cost: float | None = Field(default=None, gt=0, description="of one call, in the money of columns.value")
    share_kept: float | None = Field(default=None, gt=0, le=1, description="of the leavers, those a call keeps")
    test_share: float = Field(
        default=0.2, gt=0, lt=1, description="of the clients, set apart as test clients where no folder holds them"
    )
    call_capacity: int = Field(default=100, ge=1, description="clients that can be called in a period")
    backtest_periods: int = Field(default=6, ge=1, description="months that the backtest looks back on")
    bootstrap_samples: int = Field(
        default=1000, ge=100, le=100_000, description="resamples behind each interval of a score"
    )

    # gate
    gate_margin: float = Field(default=0.02, ge=0, le=1, description="F1 a challenger may lack")
    gate_anchor_margin: float = Field(default=0.10, ge=0, le=1, description="F1 lost on testdata that holds it")

    # diagnostics and report
    dependency_check: bool = Field(default=True, description="ask for outdated and vulnerable packages")
    dependency_timeout_seconds: float = Field(default=20, gt=0, description="for that question")
    history_runs: int = Field(default=20, ge=1, description="runs shown in timings and histories")

    # call list and contacts
    recall_days: int = Field(default=30, ge=1, description="a client that was reached is not listed again before")
    uncalled_share: float = Field(
        default=0, ge=0, le=0.5, description="of the listed, left uncalled at random, to tell whether calls help"
    )
    manager_column: str | None = Field(
        default=None, min_length=1, description="the carried column that names who calls a client"
    )
    contacts_url: SecretStr | None = Field(
        default=None, description="of PostgreSQL for contacts; a SQLite file of the deployment folder if unset"
    )
    digest: Annotated[str, AfterValidator(_digest_times)] | None = Field(
        default=None, description="when the call list is sent, in UTC, such as 'mon 07:30' or 'daily 07:30'"
    )
    digest_urls: dict[str, SecretStr] = Field(
        default={}, description="apprise URLs by manager, '*' for the whole list; best from the environment"
    )
    pages_url: str | None = Field(
        default=None, pattern=r"^https?://", description="the server's address, for links to its pages"
    )

    # serving
    api_keys: ApiKeys = Field(
        default=(), description="whoever asks must name one; nobody must while there is none"
    )
    serve_workers: int | None = Field(default=None, ge=1, description="processes; one per core by default")
    max_body_bytes: int = Field(default=16 * 1024 * 1024, ge=1024, description="of one request")
    max_rows: int = Field(default=100_000, ge=1, description="clients in one request")
    body_seconds: float = Field(default=30, gt=0, description="for a request's body to arrive")
    access_log: bool = Field(default=True, description="write a JSON line per request to standard output")
    prediction_log: bool = Field(default=True, description="keep what was served, for drift")
    prediction_log_days: int = Field(default=30, ge=1, description="how long it is kept")
    prediction_log_bytes: int = Field(default=256 * 1024 * 1024, ge=0, description="per day, at most")

    # automation
    settle_seconds: float = Field(
        default=3, ge=0, le=3600, description="a new file is read once it has been the same for so long"
    )
    drift_policy: Literal["statistical", "seed"] = Field(default="statistical", description="the rule of drift")
    drift_cron: Annotated[str, AfterValidator(_cron)] = Field(
        default="* * * * *", description="when the schedule checks drift"
    )
    retrain_cooldown_minutes: float = Field(default=10, ge=0, description="least time between two trainings")
    notify_url: SecretStr | None = Field(default=None, description="apprise URL for notices; the log if unset")

    # dagster
    dagster_url: str | None = Field(
        default=None, pattern=r"^https?://", description="the address of Dagster's UI, for links of pages"
    )
    executor: Literal["in_process", "multiprocess"] = Field(
        default="in_process", description="the assets of a run in one process, or in one each"
    )

    @model_validator(mode="after")
    def _outcomes_from_one_origin(self) -> Settings:
        columns = self.columns
        if self.outcomes is None:
            if columns.target is None:
                raise ValueError("columns.target: name the target, or say with outcomes where leavings are told")
            if self.outcomes_until is not None:
                raise ValueError("outcomes_until: is given without outcomes")
            if any(source.into == "outcomes" for source in self.sources):
                raise ValueError("sources: one lands its files into outcomes, and none are configured")
        elif columns.target is not None:
            raise ValueError("columns.target: is given beside outcomes, from which labels are derived; drop one")
        elif columns.as_of is None:
            raise ValueError("outcomes: rows need a date, columns.as_of, to be compared with dates of leaving")
        return self

    @model_validator(mode="after")
    def _one_threshold(self) -> Settings:
        if self.threshold is not None and self.threshold_for != "f1":
            raise ValueError("threshold: is given beside threshold_for, by which it would be chosen; drop one")
        needed = {"columns.value": self.columns.value, "call_cost": self.call_cost, "share_kept": self.share_kept}
        absent = [name for name, value in needed.items() if value is None]
        if self.threshold_for == "value" and absent:
            raise ValueError(f"threshold_for: value also needs {' and '.join(absent)}")
        return self

    @model_validator(mode="after")
    def _manager_carried(self) -> Settings:
        carried = self.columns.carried
        if self.manager_column is not None and self.manager_column not in carried:
            raise ValueError(f"manager_column: {self.manager_column!r} is not a carried column")
        return self

    @property
    def call_costs(self) -> CallCosts | None:
        """What a call costs and keeps, None where that is not set, or no column holds the value of a client."""
        if self.call_cost is None or self.share_kept is None or self.columns.value is None:
            return None
        return CallCosts(self.call_cost, self.share_kept)

    @model_validator(mode="after")
    def _sources_told_apart(self) -> Settings:
        refuse_mistaken(self.sources, self.source_passwords)
        return self

    @property
    def client_columns(self) -> Columns:
        """The columns of client files, and how these are written."""
        return replace(self.columns.to_columns(), form=self.format.to_form())

    @property
    def outcome_files(self) -> OutcomeFiles | None:
        """How files of outcomes are read, None where client files hold the outcomes."""
        if self.outcomes is None:
            return None
        until = None if self.outcomes_until is None else self.outcomes_until.isoformat()
        rules = OutcomeRules(self.outcomes.horizon_days, self.outcomes.reported_within_days, until)
        return OutcomeFiles(self.outcomes.to_columns(self.client_columns), rules)

    def source_columns(self, source: SqlSourceSetting) -> Columns:
        """Return the columns of what a source lands."""
        outcomes = self.outcome_files
        return outcomes.columns if outcomes and source.into == "outcomes" else self.client_columns

    def source_password(self, source: SqlSourceSetting) -> str | None:
        """Return the password for a source, None when its driver is to find one by itself."""
        found = {source_key(name): secret for name, secret in self.source_passwords.items()}.get(source.key)
        return found.get_secret_value() if found else None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, whose content arrives as arguments."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings
