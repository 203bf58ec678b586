"""What schemathesis cannot read in the OpenAPI document: what a CSV of clients is, and how long columns are."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode

INFER = "/v2/models/risk/infer"

NUMBERS = st.one_of(st.just(""), st.integers(0, 1_000_000).map(str), st.floats(0, 1e6).map(repr))
CELLS = st.tuples(NUMBERS, NUMBERS, st.sampled_from(["mining", "retail", "", "fishing"]))
ROWS = st.lists(CELLS.filter(any), min_size=1)


def _csv(rows: list[tuple[str, str, str]]) -> bytes:
    return "\n".join(["activity,employees,industry", *map(",".join, rows)]).encode()


schemathesis.openapi.media_type("text/csv", ROWS.map(_csv))


def _is_missing(cell: Any) -> bool:
    value = cell[0] if isinstance(cell, list) and len(cell) == 1 else cell
    return value is None or (isinstance(value, str) and not value.strip())


@schemathesis.hook
def map_case(context: Any, case: Any) -> Any:
    """Let the columns of a valid inference request be each feature once, of equal length."""
    positive = case.meta is None or case.meta.generation.mode == GenerationMode.POSITIVE
    if case.path == INFER and positive and isinstance(case.body, dict):
        given = {tensor["name"]: tensor for tensor in case.body["inputs"]}
        count = min(len(tensor["data"]) for tensor in given.values())
        kinds = {"activity": ("FP64", 1.5), "employees": ("INT64", 7), "industry": ("BYTES", "mining")}
        inputs = []
        for name, (kind, value) in kinds.items():
            tensor = given.get(name, {"name": name, "datatype": kind, "data": [value] * count})
            inputs.append({**tensor, "shape": [count], "data": tensor["data"][:count]})
        for row, cells in enumerate(zip(*(tensor["data"] for tensor in inputs), strict=True)):
            if all(map(_is_missing, cells)):
                inputs[0]["data"][row] = kinds["activity"][1]
        case.body = {**case.body, "inputs": inputs}
    return case
