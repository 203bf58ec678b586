"""The reference of all settings, made from their models: docs/settings.md, and the JSON Schema of config.json."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from risk_assets.settings.display import KINDS
from risk_assets.settings.examples import EXAMPLES
from risk_assets.settings.models import models
from risk_assets.settings.sensitive import KINDS as MARKED_KINDS
from risk_assets.settings.sensitive import MARK
from risk_assets.settings.settings import Settings

SCHEMA = "$schema"
HEAD = """\
# Settings

Every key of `config.json`, with its default and an example. `make settings` makes this page, and a test compares
it with the settings. Paths count from the folder of `config.json`. A key of the first table may also stand in the
environment as `RISK_ASSETS_` and its name in capitals, with `__` before a nested key
(`RISK_ASSETS_ENGINE__KIND=spark`). `"$schema"` in the file names the JSON Schema by which editors complete keys
and show what they mean. An unknown key is an error that names the nearest one.
"""


class Entry(NamedTuple):
    """A key with what a reader wants to know of it; a required key has no default."""

    key: str
    default: str
    example: str
    meaning: str


def entries(prefix: str, model: type[BaseModel]) -> Iterator[Entry]:
    """Yield the keys of a model that stands at a key of the config."""
    for name, field in model.model_fields.items():
        if name == "data_root_url":
            continue  # follows from data_root
        key = field.alias or name
        path = f"{prefix}.{key}" if prefix else key
        example = EXAMPLES.get(path)
        shown = _default(field) if example is None else json.dumps(example, ensure_ascii=False)
        yield Entry(key, _default(field), shown, field.description or "")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default_factory is not None:
        return "of its own"
    value: Any = field.default
    if value is None or isinstance(value, BaseModel) or value in ((), {}):
        return "none"
    return json.dumps(value, ensure_ascii=False)


def page() -> str:
    """Return docs/settings.md."""
    lines = [HEAD]
    for key, model in models().items():
        title = f"## `{key}`" if key else "## All keys"
        lines += [title, "", (model.__doc__ or "").partition("\n")[0], "", "| key | default | example | meaning |"]
        lines.append("|---|---|---|---|")
        lines += [
            f"| `{each.key}` | {_code(each.default)} | {_code(each.example)} | {_cell(each.meaning)} |"
            for each in entries(key, model)
        ]
        lines.append("")
    return "\n".join(lines)


def _code(text: str) -> str:
    return text if text in {"required", "none", "of its own"} else f"`{_cell(text)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def schema() -> str:
    """Return the JSON Schema of config.json."""
    found = Settings.model_json_schema()
    _allow_objects(found["$defs"])
    found["properties"].pop("data_root_url")
    found["properties"][SCHEMA] = {"type": "string", "description": "this schema, for editors"}
    found = {SCHEMA: "https://json-schema.org/draft/2020-12/schema", **found, "title": "risk_assets settings"}
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _allow_objects(definitions: dict[str, Any]) -> None:
    """Let a column be a name or an object, with keys that are taken out of it before the settings are made."""
    told = definitions["DisplaySetting"]["properties"]
    sensitive = {"type": "boolean", "default": False, "description": "carried, and the score is told apart by it"}
    for kind in KINDS:
        described = {**told, MARK: sensitive} if kind in MARKED_KINDS else told
        if kind == "carried":
            described = {key: value for key, value in described.items() if key != "actionable"}
        listed = definitions["ColumnsSetting"]["properties"][kind]
        if "$ref" in listed["items"]:
            own = definitions[listed["items"]["$ref"].rpartition("/")[2]]["properties"]
            own.update(described)
            objects = listed["items"]
        else:
            name = {"type": "string", "minLength": 1}
            objects = {
                "type": "object",
                "properties": {"name": name, **described},
                "required": ["name"],
                "additionalProperties": False,
            }
        listed["items"] = objects if kind == "derived" else {"anyOf": [{"type": "string"}, objects]}


def main() -> None:
    """Write the page and the schema to the paths given."""
    for path, content in zip(sys.argv[1:], (page(), schema()), strict=True):
        Path(path).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
