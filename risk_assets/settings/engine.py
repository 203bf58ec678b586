"""Which engine crunches rows, and where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class EngineSetting(BaseModel):
    """DuckDB in the run's own process, or Apache Spark under any master URL with options of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["duckdb", "spark"] = Field(default="duckdb", description="in this process, or on a cluster")
    master: str | None = Field(default=None, min_length=1, description="of Spark; local[*] if unset")
    options: Mapping[str, str] = Field(default={}, description='of Spark, such as "spark.executor.memory"')

    @model_validator(mode="after")
    def _of_spark_alone(self) -> EngineSetting:
        if self.kind == "duckdb" and (self.master or self.options):
            raise ValueError('master and options are for kind "spark"')
        return self
