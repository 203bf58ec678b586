"""Folders that are named by a URL: how it is written, and how the store behind it is reached."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

URL = re.compile(r"([a-z][a-z0-9+.-]*)://(.*)", re.DOTALL)
#: Words in the name of an option whose value nobody may write into a file.
SECRET = re.compile(
    r"(^|[_-])(key|secret|token|password|passwd|credentials?|sas|connection_string|headers?)($|[_-])"
)
S3 = ("s3", "s3a")


class ObjectStorageSetting(BaseModel):
    """How the store of a URL is reached; credentials come from its usual variables (AWS_…) alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    endpoint_url: str | None = Field(default=None, description="of a store that speaks S3; AWS if unset")
    region: str | None = Field(default=None, min_length=1, description="AWS_DEFAULT_REGION if unset")
    connect_seconds: float = Field(default=5, gt=0, description="for a connection to open")
    read_seconds: float = Field(default=20, gt=0, description="of silence before a connection counts as lost")
    retry_seconds: float = Field(default=60, ge=0, description="for tries of one request, in sum")
    poll_seconds: float = Field(default=1, gt=0, description="between two looks of a server at the pointer")
    options: Mapping[str, JsonValue] = Field(default={}, description="of fsspec's file system")

    @field_validator("endpoint_url")
    @classmethod
    def _plain_address(cls, value: str | None) -> str | None:
        found = re.fullmatch(r"https?://([^/?#]+)/?", value) if value is not None else None
        if value is not None and (found is None or "@" in found[1]):
            raise ValueError("must be an address such as http://127.0.0.1:9000, without credentials")
        return value.rstrip("/") if value else None

    @field_validator("options")
    @classmethod
    def _without_secrets(cls, value: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
        for name in _names(value):
            if SECRET.search(name.lower()):
                raise ValueError(f"{name}: credentials belong into the environment, never into settings")
        return value


def _names(value: JsonValue | Mapping[str, JsonValue]) -> list[str]:
    if isinstance(value, Mapping):
        return [*value, *(name for inner in value.values() for name in _names(inner))]
    return [name for inner in value for name in _names(inner)] if isinstance(value, list) else []


def is_url(text: object) -> bool:
    """Whether a folder is named by a URL."""
    return isinstance(text, str) and "://" in text


def scheme_of(url: str) -> str:
    """Return what stands before the colon."""
    return url.partition("://")[0]


def folder_url(text: str) -> str:
    """Return the URL of a folder in its one form, without a slash at its end.

    Raises ValueError for one with credentials, a query or steps that lead elsewhere, and repeats none of it.
    """
    found = URL.fullmatch(text)
    if found is None:
        raise ValueError("is no URL of one folder, such as s3://bucket/prefix")
    scheme, rest = found[1], found[2].rstrip("/")
    steps = rest.removeprefix("/").split("/")
    if "@" in steps[0]:
        raise ValueError("a URL holds no credentials: they belong into the environment")
    if any(letter in rest for letter in "?#*[]") or "::" in rest or not rest.isprintable():
        raise ValueError("a URL is scheme://bucket/prefix, without a query or a pattern")
    if not steps[0] or any(step in {"", ".", ".."} for step in steps):
        raise ValueError("a URL names a bucket, and no step of it is empty, '.' or '..'")
    return f"{scheme}://{rest}"


def mirror_name(url: str, endpoint: str | None) -> str:
    """Return the name of the folder that mirrors a URL: readable, and its own for each store."""
    digest = hashlib.sha256(f"{endpoint or ''}\n{url}".encode()).hexdigest()[:12]
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', url)[:60]}-{digest}"


def usual_cache() -> Path:
    """Return where mirrors are kept unless a setting says otherwise."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "risk_assets"


def missing_package(url: str) -> str | None:
    """Return what has to be installed before a URL can be used, in a sentence; None when it can."""
    scheme = scheme_of(url)
    absent = [name for name in ("fsspec", "s3fs") if find_spec(name) is None]
    if "fsspec" in absent or (scheme in S3 and absent):
        return f'{scheme}:// needs an extra: pip install "risk_assets[s3]"'
    from fsspec import get_filesystem_class
    from fsspec.registry import known_implementations

    try:
        get_filesystem_class(scheme)
    except ValueError:
        return f"{scheme}:// is no file system that fsspec knows"
    except ImportError as error:
        return f"{scheme}://: {known_implementations.get(scheme, {}).get('err') or error}"
    return None
