from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from risk_assets.settings import Settings
from risk_assets.storage.layout import Layout
from risk_assets_tests.serve.conftest import Home, opened
from risk_assets_tests.serve.deployed import CLIENT

INFER = "/v2/models/risk/infer"


def tensor(name: str, kind: str, data: list[Any], shape: list[int] | None = None) -> dict[str, Any]:
    return {"name": name, "shape": shape or [len(data)], "datatype": kind, "data": data}


def tensors(count: int = 1) -> list[dict[str, Any]]:
    return [
        tensor("activity", "FP64", [12.5] * count),
        tensor("employees", "INT64", [40] * count),
        tensor("industry", "BYTES", ["mining"] * count),
    ]


def infer(home: Home, inputs: Any, **more: Any) -> TestResponse:
    return home.http.post(INFER, json={"inputs": inputs, **more})


def test_columns_get_the_same_risk_as_clients(home: Home) -> None:
    [client] = home.predict({"clients": [CLIENT]}).get_json()["predictions"]

    answer = infer(home, tensors(), id="q7")

    assert answer.get_json() == {
        "model_name": "risk",
        "model_version": home.version,
        "id": "q7",
        "outputs": [
            {"name": "risk", "datatype": "FP64", "shape": [1], "data": [client["risk"]]},
            {"name": "predicted", "datatype": "BYTES", "shape": [1], "data": ["1"]},
        ],
    }
    assert answer.headers["X-Model-Version"] == home.version


def test_a_column_may_be_nested_and_its_cells_missing(home: Home) -> None:
    nested = [
        tensor("activity", "FP32", [[12.5], [None]], [2, 1]),
        tensor("employees", "UINT8", [40, 7]),
        tensor("industry", "BYTES", [["mining"], [None]], [2, 1]),
    ]

    [output] = infer(home, nested, outputs=[{"name": "risk"}]).get_json()["outputs"]

    clients = home.predict({"clients": [CLIENT, {"employees": 7}]}).get_json()["predictions"]
    assert output["data"] == [client["risk"] for client in clients]


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ([], "inputs is not a list of tensors"),
        ("x", "inputs is not a list of tensors"),
        ([7], "inputs is not a list of tensors"),
        (tensors()[:2], "there is no input industry; the model needs activity, employees, industry"),
        ([*tensors(), tensor("colour", "FP64", [1])], 'there is no input "colour"'),
        ([*tensors(), tensor("activity", "FP64", [1])], "the input activity is given twice"),
        ([tensor("activity", "BYTES", [1]), *tensors()[1:]], "activity: the datatype is not FP64 or FP32"),
        (
            [tensor("activity", "FP64", [1], [2]), *tensors()[1:]],
            "activity: the shape [2] is not that of 1 values",
        ),
        ([tensor("activity", "FP64", [1, 2]), *tensors()[1:]], "the inputs are of different lengths: 1, 2"),
        ([tensor("activity", "FP64", [-1]), *tensors()[1:]], "row 1: activity is below 0: -1"),
        ([tensor("activity", "FP64", ["1"]), *tensors()[1:]], 'row 1: activity is not a number: "1"'),
        ([{**tensors()[0], "data": "x"}, *tensors()[1:]], "activity: data is not a list"),
        ([{**tensors()[0], "colour": 1}, *tensors()[1:]], '"colour" is not known in an input'),
        (tensors(0), "there are no clients"),
    ],
)
def test_a_wrong_request_is_refused_in_the_words_of_the_protocol(home: Home, inputs: Any, words: str) -> None:
    answer = infer(home, inputs)

    assert answer.status_code == 422
    assert list(answer.get_json()) == ["error"]
    assert words in answer.get_json()["error"]


@pytest.mark.parametrize("wrong", [{"id": 7}, {"id": None}, {"outputs": [{"name": "colour"}]}, {"colour": 1}])
def test_a_refused_request_is_neither_logged_nor_counted(settings: Settings, wrong: dict[str, Any]) -> None:
    with opened(settings, deployed=True) as home:
        before = home.http.get("/metrics").get_data(as_text=True)
        assert infer(home, tensors(), **wrong).status_code == 422
        home.serving.log.flush()
        after = home.http.get("/metrics").get_data(as_text=True)

    assert clients_scored(after) == clients_scored(before)
    assert not Layout.of(settings).predictions.exists()


def clients_scored(figures: str) -> str:
    [line] = [line for line in figures.splitlines() if line.startswith("risk_predictions_total")]
    return line


def test_an_output_is_given_once_however_often_it_is_asked_for(home: Home) -> None:
    asked = [{"name": name} for name in ("predicted", "risk", "predicted", "risk")]

    outputs = infer(home, tensors(), outputs=asked).get_json()["outputs"]

    assert [output["name"] for output in outputs] == ["predicted", "risk"]


@pytest.mark.parametrize("outputs", [[{"name": "colour"}], ["risk"], "risk", [{}]])
def test_an_output_that_there_is_not_is_refused(home: Home, outputs: Any) -> None:
    assert infer(home, tensors(), outputs=outputs).status_code == 422


def test_the_server_tells_its_health_and_what_the_model_takes(home: Home) -> None:
    metadata = home.http.get("/v2/models/risk").get_json()

    assert home.http.get("/v2/health/live").get_json() == {"live": True}
    assert home.http.get("/v2/health/ready").get_json() == {"ready": True}
    assert home.http.get("/v2/models/risk/ready").get_json() == {"ready": True}
    assert home.http.get("/v2").get_json()["name"] == "risk_assets"
    assert metadata["versions"] == [home.version]
    assert [(each["name"], each["datatype"]) for each in metadata["inputs"]] == [
        ("activity", "FP64"),
        ("employees", "FP64"),
        ("industry", "BYTES"),
    ]
