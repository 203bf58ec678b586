"""The open inference protocol (KServe, version 2): columns as tensors.

Each input is one column by name, a feature or what a derived one is made of, of shape [n] or [n, 1]; `null` is a
missing value. The outputs are risk (FP64) and predicted (BYTES).
https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from risk_assets.domain.columns import Columns
from risk_assets.serve.http.client_validation import Clients, ClientValidator
from risk_assets.serve.http.content_type import media_type
from risk_assets.serve.http.json_form import read_object
from risk_assets.serve.http.replies import Reply, RequestError, json_reply, shown
from risk_assets.serve.model.live import LiveModel, Version
from risk_assets.serve.model.prediction import Predictions, Question
from risk_assets.serve.model.prediction_answer import Scored

MODEL = "risk"
NUMERIC_TYPES = ("FP64", "FP32", "INT64", "INT32", "INT16", "INT8", "UINT64", "UINT32", "UINT16", "UINT8")
REQUEST_NAMES = ("id", "parameters", "inputs", "outputs")
INPUT_NAMES = ("name", "shape", "datatype", "parameters", "data")
OUTPUTS = {"risk": "FP64", "predicted": "BYTES"}


class Inference:
    """Answers inference requests from the version that serves."""

    def __init__(self, live: LiveModel, predictions: Predictions) -> None:
        self._live = live
        self._predictions = predictions

    def answer(self, question: Question) -> Reply:
        """Return the outputs. Raises RequestError: 422 for what is wrong, in the words of the request."""
        version = self._live.current()
        if media_type(question.content_type) not in {"application/json", ""}:
            raise RequestError(415, f"send application/json, not {shown(question.content_type)}")
        content = read_object(question.body, REQUEST_NAMES)
        if not isinstance(content.get("id", ""), str):
            raise RequestError(422, f"id is not a text: {shown(content['id'])}")
        wanted = _wanted(content.get("outputs"))
        clients = _clients(content.get("inputs"), self._predictions.validator)
        scored = self._predictions.score(version, clients)
        answer: dict[str, object] = {"model_name": MODEL, "model_version": version.name}
        if "id" in content:
            answer["id"] = content["id"]
        answer["outputs"] = [_output(name, scored) for name in wanted]
        return json_reply(answer, version.name)


def metadata(version: Version, columns: Columns) -> dict[str, object]:
    """Return what the model takes and gives, as the protocol words it."""
    numeric = {column.name for column in columns.numeric}
    inputs = {name: "FP64" if name in numeric else "BYTES" for name in columns.inputs}
    return {
        "name": MODEL,
        "versions": [version.name],
        "platform": "additive_scorecard",
        "inputs": _tensors(inputs),
        "outputs": _tensors(OUTPUTS),
    }


def _tensors(types: Mapping[str, str]) -> list[dict[str, object]]:
    return [{"name": name, "datatype": kind, "shape": [-1]} for name, kind in types.items()]


def _wanted(outputs: object) -> Sequence[str]:
    if outputs is None:
        return tuple(OUTPUTS)
    if not isinstance(outputs, list) or not all(isinstance(output, dict) for output in outputs):
        raise RequestError(422, "outputs is not a list of objects with a name")
    names = [output.get("name") for output in outputs]
    for name in names:
        if not isinstance(name, str) or name not in OUTPUTS:
            raise RequestError(422, f"there is no output {shown(name)}; there are {', '.join(OUTPUTS)}")
    return tuple(dict.fromkeys(names)) or tuple(OUTPUTS)


def _clients(inputs: object, validator: ClientValidator) -> Clients:
    if not isinstance(inputs, list) or not inputs or not all(isinstance(tensor, dict) for tensor in inputs):
        raise RequestError(422, "inputs is not a list of tensors")
    columns: dict[str, list[object]] = {}
    for tensor in inputs:
        name = _name(tensor, validator.columns)
        if name in columns:
            raise RequestError(422, f"the input {name} is given twice")
        columns[name] = _data(name, tensor, validator.columns)
    absent = [name for name in validator.columns.inputs if name not in columns]
    if absent:
        raise RequestError(
            422, f"there is no input {absent[0]}; the model needs {', '.join(validator.columns.inputs)}"
        )
    counts = {len(cells) for cells in columns.values()}
    if len(counts) > 1:
        raise RequestError(422, f"the inputs are of different lengths: {', '.join(map(str, sorted(counts)))}")
    validator.check_count(max(counts))
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    return validator.clients(rows)


def _name(tensor: Mapping[str, object], columns: Columns) -> str:
    for name in tensor:
        if name not in INPUT_NAMES:
            raise RequestError(422, f"{shown(name)} is not known in an input; there are {', '.join(INPUT_NAMES)}")
    given = tensor.get("name")
    if not isinstance(given, str) or given not in columns.inputs:
        raise RequestError(422, f"there is no input {shown(given)}; there are {', '.join(columns.inputs)}")
    return given


def _data(name: str, tensor: Mapping[str, object], columns: Columns) -> list[object]:
    """Return the cells of a tensor of shape [n] or [n, 1], flat or nested."""
    shape, cells = tensor.get("shape"), tensor.get("data")
    numeric = any(column.name == name for column in columns.numeric)
    kinds = NUMERIC_TYPES if numeric else ("BYTES",)
    if tensor.get("datatype") not in kinds:
        raise RequestError(
            422, f"{name}: the datatype is not {' or '.join(kinds[:2])}: {shown(tensor.get('datatype'))}"
        )
    if not isinstance(cells, list):
        raise RequestError(422, f"{name}: data is not a list")
    flat = [cell[0] if isinstance(cell, list) and len(cell) == 1 else cell for cell in cells]
    if shape not in ([len(flat)], [len(flat), 1]):
        raise RequestError(422, f"{name}: the shape {shown(shape)} is not that of {len(flat)} values")
    return flat


def _output(name: str, scored: Scored) -> dict[str, object]:
    data: Sequence[float | str] = scored.risk if name == "risk" else [str(label) for label in scored.predicted]
    return {"name": name, "datatype": OUTPUTS[name], "shape": [len(data)], "data": data}
