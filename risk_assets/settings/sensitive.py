"""Columns that are marked as sensitive in config.json: carried, so that nothing is learnt from them."""

from __future__ import annotations

from collections.abc import Mapping

#: Where a column may be marked; a sensitive number is carried as the text that it is in the file.
KINDS = ("numeric", "categorical", "carried")
MARK = "sensitive"


def marked_apart(given: Mapping[str, object]) -> dict[str, object]:
    """Return settings of columns in which those with `"sensitive": true` are carried, and named under sensitive.

    >>> marked_apart({"numeric": ["calls", {"name": "age", "sensitive": True}], "categorical": ["region"]})
    {'numeric': ['calls'], 'categorical': ['region'], 'carried': ['age'], 'sensitive': ['age'], 'numbers': ['age']}
    """
    found = dict(given)
    for kind in KINDS:
        listed = found.get(kind)
        if not isinstance(listed, list | tuple):
            continue
        marked = [_name(item) for item in listed if _is_marked(item)]
        found[kind] = [_unmarked(item, kind) for item in listed if kind == "carried" or not _is_marked(item)]
        if marked:
            moved = {"carried": [] if kind == "carried" else marked, MARK: marked}
            moved |= {"numbers": marked} if kind == "numeric" else {}
            for place, names in moved.items():
                found[place] = [*_listed(found.get(place)), *names]
    return found


def _is_marked(item: object) -> bool:
    marked = item.get(MARK, False) if isinstance(item, Mapping) else False
    if marked is not True and marked is not False:
        raise ValueError(f"sensitive is true or false, not {marked!r}")
    return marked


def _name(item: Mapping[str, object]) -> object:
    if "name" not in item:
        raise ValueError("a sensitive column has no name")
    useless = sorted(item.keys() - {"name", MARK})
    if useless:
        raise ValueError(
            f"{item['name']!r} is sensitive and never learnt from, so it cannot have {' and '.join(useless)} too"
        )
    return item["name"]


def _unmarked(item: object, kind: str) -> object:
    """Return a column as it is declared without the mark; all but numeric ones are names alone then."""
    if not isinstance(item, Mapping):
        return item
    rest = {key: value for key, value in item.items() if key != MARK}
    return rest["name"] if kind != "numeric" and rest.keys() == {"name"} else rest


def _listed(names: object) -> list[object]:
    return list(names) if isinstance(names, list | tuple) else []
