"""The JSON form of a request: strict about what JSON leaves open (duplicate names, depth, encoding)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection

import orjson

from risk_assets.serve.http.replies import SHOWN_CHARACTERS, Fault, RequestError, refuse_any, shown


class _DuplicateNameError(ValueError):
    """A JSON object has the same name twice, so that two readers could read two requests."""


def read_json(body: bytes) -> object:
    """Parse a JSON body. Raises RequestError (400) for what is no JSON, (422) for a name that is given twice.

    NaN and Infinity become floats: the check that names row and field refuses them.
    """
    try:
        return _decode(body.decode())
    except _DuplicateNameError as error:
        raise RequestError(422, str(error)) from error
    except UnicodeDecodeError as error:
        raise RequestError(400, f"the body is not UTF-8 text: byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise RequestError(
            400, f"the body is not JSON: {error.msg}, line {error.lineno} column {error.colno}"
        ) from error
    except RecursionError as error:
        raise RequestError(400, "the JSON is nested too deeply") from error
    except ValueError as error:  # whole numbers of more digits than Python takes
        raise RequestError(422, "the JSON has a whole number of too many digits") from error


def read_object(body: bytes, known: Collection[str]) -> dict[str, object]:
    """Return the object of a JSON body. Raises RequestError (422) for anything else, or a name not in `known`."""
    content = read_json(body)
    if not isinstance(content, dict):
        raise RequestError(422, f"the body is not an object of names and values: {shown(content)}")
    unknown = f"is not known here; there are {', '.join(known)}"
    refuse_any(Fault(None, name[:SHOWN_CHARACTERS], unknown) for name in content if name not in known)
    return content


def read_clients_quickly(body: bytes, known: Collection[str]) -> dict[str, object] | None:
    """Return the object of a body with a list of objects as `clients`, None for what `read_object` must judge.

    orjson takes the last of two values of one name, and makes a float of a whole number beyond 64 bits. Each name
    has its colon: no body with just as many of them as there are names in what was read has a name twice.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(content, dict) or not content.keys() <= set(known):
        return None
    clients = content.get("clients")
    if not isinstance(clients, list) or set(map(type, clients)) != {dict}:
        return None
    return content if len(content) + sum(map(len, clients)) == body.count(b":") else None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise _DuplicateNameError(f"the name {shown(twice)} is given twice in one object")
    return content


_decode = json.JSONDecoder(object_pairs_hook=_unique).decode
