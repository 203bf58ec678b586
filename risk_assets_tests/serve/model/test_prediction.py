from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.settings import Settings
from risk_assets_tests.serve.conftest import Home, opened
from risk_assets_tests.serve.deployed import CLIENT, SCORECARD, SURE, deploy, make_settings


def risk_of(client: dict[str, Any], scorecard: Scorecard = SCORECARD) -> float:
    def cell(name: str, kind: type) -> np.ndarray[Any, Any]:
        return np.array([client.get(name)], dtype=kind)

    numeric = {shape.column: cell(shape.column, float) for shape in scorecard.numeric}
    text = {shape.column: cell(shape.column, object) for shape in scorecard.categorical}
    return float(scorecard.risk({**numeric, **text})[0])


def test_each_client_gets_id_risk_and_label_in_the_order_asked(home: Home) -> None:
    other = {"corporation": 77, "activity": 500, "employees": 10.5, "industry": "fishing"}

    answer = home.predict({"clients": [CLIENT, other]})

    assert answer.status_code == 200
    assert answer.get_json() == {
        "version": home.version,
        "threshold": 0.4,
        "predictions": [
            {"id": "abcd", "risk": pytest.approx(risk_of(CLIENT), abs=1e-9), "predicted": 1},
            {"id": 77, "risk": pytest.approx(risk_of(other), abs=1e-9), "predicted": 0, "unknown": ["industry"]},
        ],
    }
    assert answer.headers["X-Model-Version"] == home.version


def test_a_client_alone_and_among_others_has_the_same_risk(home: Home) -> None:
    clients = [{**CLIENT, "activity": activity} for activity in (0, 12.5, 49.999, 50, 77, 100, 1e9)]

    together = [each["risk"] for each in home.predict({"clients": clients}).get_json()["predictions"]]
    alone = [home.predict({"clients": [client]}).get_json()["predictions"][0]["risk"] for client in clients]

    assert alone == pytest.approx(together, abs=1e-12)


def test_an_id_is_in_the_answer_only_where_one_was_given(home: Home) -> None:
    nameless = {"activity": 1, "employees": 2, "industry": "retail"}

    alone = home.predict({"clients": [nameless]}).get_json()["predictions"]
    mixed = home.predict({"clients": [nameless, CLIENT]}).get_json()["predictions"]

    assert "id" not in alone[0]
    assert [each["id"] for each in mixed] == [None, "abcd"]


def test_missing_values_are_allowed_and_said_so(home: Home) -> None:
    clients = [{"corporation": "a", "employees": 40, "activity": None, "industry": " "}, CLIENT]

    first, second = home.predict({"clients": clients}).get_json()["predictions"]

    assert first["missing"] == ["activity", "industry"]
    assert first["risk"] == pytest.approx(risk_of({"employees": 40}), abs=1e-9)
    assert "missing" not in second


@pytest.mark.parametrize(
    "client", [{}, {"corporation": "a"}, {"exited": 1}, dict.fromkeys(("activity", "employees", "industry"))]
)
def test_a_client_without_one_known_feature_is_refused(home: Home, client: dict[str, Any]) -> None:
    answer = home.predict({"clients": [CLIENT, client]})

    assert answer.status_code == 422
    words = "row 2: has no known feature; there are activity, employees, industry"
    assert answer.get_json()["detail"] == words


def test_a_line_of_a_csv_without_one_known_feature_is_refused(home: Home) -> None:
    body = "corporation,activity,industry\na,12,\nb,,\n"

    answer = home.http.post("/prediction", data=body, content_type="text/csv")

    assert (answer.status_code, answer.get_json()["faults"][0]["row"]) == (422, 2)


def test_the_target_is_ignored(home: Home) -> None:
    plain = home.predict({"clients": [CLIENT]}).get_json()

    assert home.predict({"clients": [{**CLIENT, "exited": 1}]}).get_json() == plain
    assert home.predict({"clients": [{**CLIENT, "exited": {"any": "thing"}}]}).get_json() == plain


@pytest.mark.parametrize("ask", [{"query_string": {"reasons": 2}}, {}])
def test_reasons_come_on_request_strongest_first(home: Home, ask: dict[str, Any]) -> None:
    body = {"clients": [CLIENT]} if ask else {"clients": [CLIENT], "reasons": 2}

    [client] = home.predict(body, **ask).get_json()["predictions"]

    assert client["reasons"] == [
        "industry is mining (usual: retail): 78 %, with the usual value 57 %",
        "activity is 12.50 (usual: 30): 78 %, with the usual value 72 %",
    ]


@pytest.fixture
def sure(tmp_path: Path) -> Iterator[Home]:
    """A home whose model has a pair and says how sure it is."""
    settings = make_settings(tmp_path)
    deploy(settings, SURE)
    with opened(settings) as home:
        yield home


def test_the_interval_of_a_risk_comes_on_request_and_holds_it(sure: Home) -> None:
    [client] = sure.predict({"clients": [CLIENT]}, query_string={"interval": "true"}).get_json()["predictions"]
    columns = {
        "activity": np.array([12.5]),
        "employees": np.array([40.0]),
        "industry": np.array(["mining"], object),
    }
    interval = SURE.interval(columns)
    assert interval is not None
    assert (client["risk_low"], client["risk_high"]) == pytest.approx([bound[0] for bound in interval], abs=1e-12)
    assert client["risk_low"] < client["risk"] < client["risk_high"]
    [plain] = sure.predict({"clients": [CLIENT]}).get_json()["predictions"]
    assert set(plain) == {"id", "risk", "predicted"}


def test_contributions_and_their_base_add_up_to_the_log_odds(sure: Home) -> None:
    answer = sure.predict({"clients": [CLIENT, {**CLIENT, "industry": None}], "contributions": True}).get_json()
    for client in answer["predictions"]:
        added = client["contributions"]
        assert list(added) == ["activity", "employees", "industry", "activity x industry"]
        log_odds = math.log(client["risk"] / (1 - client["risk"]))
        assert answer["base_log_odds"] + sum(added.values()) == pytest.approx(log_odds, abs=1e-9)


def test_a_category_without_a_level_of_its_own_is_named_and_scored_as_rare(sure: Home) -> None:
    clients = [{**CLIENT, "industry": industry} for industry in ("mining", "fishing", None)]
    known, new, missing = sure.predict({"clients": clients}).get_json()["predictions"]
    assert ("unknown" in known, new["unknown"], "unknown" in missing) == (False, ["industry"], False)
    assert missing["missing"] == ["industry"]


def test_everything_that_was_asked_for_is_in_the_csv_too(sure: Home) -> None:
    body = "corporation,activity,employees,industry\nabcd,12.5,40,mining\n"
    answer = sure.http.post(
        "/prediction?interval=true&contributions=true&reasons=1",
        data=body,
        content_type="text/csv",
        headers={"Accept": "text/csv"},
    )
    head, row = csv.reader(answer.get_data(as_text=True).splitlines())
    assert head[4:] == [
        "risk", "predicted", "risk_low", "risk_high", "contribution of activity", "contribution of employees",
        "contribution of industry", "contribution of activity x industry", "reason_1",
    ]  # fmt: skip
    assert len(row) == len(head)


@pytest.mark.parametrize("query", ["interval=yes", "interval=", "contributions=1", "interval=true&interval=true"])
def test_an_option_of_another_value_is_refused_by_its_name(sure: Home, query: str) -> None:
    answer = sure.http.post(f"/prediction?{query}", json={"clients": [CLIENT]})
    assert answer.status_code == 422
    assert answer.get_json()["detail"].startswith(query.partition("=")[0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"activty": 1}, "row 2: activty is not a known field; there are corporation, activity"),
        ({"activity": math.nan}, "row 2: activity is not a finite number up to 1e+100: NaN"),
        ({"activity": math.inf}, "row 2: activity is not a finite number up to 1e+100: Infinity"),
        ({"activity": -math.inf}, "row 2: activity is not a finite number"),
        ({"activity": 1e101}, "row 2: activity is not a finite number"),
        ({"activity": 10**400}, "row 2: activity is not a finite number up to 1e+100: a number of many digits"),
        ({"activity": "12"}, 'row 2: activity is not a number: "12"'),
        ({"activity": True}, "row 2: activity is not a number: true"),
        ({"activity": [1]}, "row 2: activity is not a number: [1]"),
        ({"activity": -1}, "row 2: activity is below 0: -1"),
        ({"employees": 1000001}, "row 2: employees is above 1000000: 1000001"),
        ({"industry": 7}, "row 2: industry is not a text: 7"),
        ({"corporation": 1.5}, "row 2: corporation is neither a text nor a whole number: 1.5"),
        ({"corporation": "\ud800"}, 'row 2: corporation is not valid Unicode: "\\ud800"'),
        ({"industry": "a\udfff"}, 'row 2: industry is not valid Unicode: "a\\udfff"'),
        ({"corporation": False}, "row 2: corporation is neither a text nor a whole number: false"),
    ],
)
def test_a_wrong_value_is_refused_with_its_row_and_field(home: Home, change: dict[str, Any], words: str) -> None:
    answer = home.predict({"clients": [CLIENT, {**CLIENT, **change}]})

    content = answer.get_json()
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert words in content["detail"]
    assert (content["faults"][0]["row"], content["faults"][0]["field"]) == (2, next(iter(change)))


def test_all_faults_are_told_by_row_and_counted(home: Home) -> None:
    clients = [{**CLIENT, "activity": -1, "industry": 3} for _ in range(30)]

    content = home.predict({"clients": clients}).get_json()

    assert content["detail"] == "row 1: activity is below 0: -1 (and 59 more)"
    assert [fault["row"] for fault in content["faults"][:4]] == [1, 1, 2, 2]


def test_unknown_fields_are_told_in_the_order_of_the_request(home: Home) -> None:
    names = [f"field {number}" for number in range(100, 0, -1)]

    content = home.predict({"clients": [CLIENT, dict.fromkeys(names, 1)]}).get_json()

    assert content["detail"].startswith("row 2: field 100 is not a known field")
    assert content["detail"].endswith("(and 99 more)")
    assert [fault["field"] for fault in content["faults"]] == names[:20]


@pytest.mark.parametrize("depth", range(850, 1000, 10))
def test_a_value_of_any_depth_is_refused_in_words(home: Home, depth: int) -> None:
    body = '{"clients": [{"activity": ' + '{"a":' * depth + "1" + "}" * depth + "}]}"

    answer = home.http.post("/prediction", data=body, content_type="application/json")

    assert answer.status_code in {400, 422}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "not JSON"),
        (b"{", 400, "not JSON"),
        (b"\xff\xfe", 400, "not UTF-8"),
        (b"[" * 200_000, 400, "nested too deeply"),
        (b'{"clients": [' + b"9" * 5000 + b"]}", 422, "too many digits"),
        (b"[]", 422, "not an object"),
        (b"{}", 422, "no list of clients and no filepath"),
        (b'{"clients": []}', 422, "no clients"),
        (b'{"clients": {}}', 422, "no list of clients"),
        (b'{"clients": [7]}', 422, "row 1: a client is an object"),
        (b'{"clients": [{}], "filepath": "a.csv"}', 422, "not both"),
        (b'{"clients": [{}], "colour": 1}', 422, "colour is not known here; there are clients, filepath, reasons"),
        (b'{"clients": [{"activity": 1, "activity": 2}]}', 422, 'the name "activity" is given twice'),
        (b'{"a": 1, "b": 2, "a": 3}', 422, 'the name "a" is given twice'),
        (b'{"clients": [{"": 1}]}', 422, 'row 1: "" is not a known field'),
        (b'{"clients": [{}], "reasons": 11}', 422, "reasons is not a whole number from 0 to 10: 11"),
        (b'{"clients": [{}], "reasons": true}', 422, "reasons is not a whole number"),
    ],
)
def test_a_body_that_is_no_question_is_refused_in_words(home: Home, body: bytes, status: int, words: str) -> None:
    answer = home.http.post("/prediction", data=body, content_type="application/json")

    assert answer.status_code == status
    assert words in answer.get_json()["detail"]


@pytest.mark.parametrize(
    "query", ["reasons=x", "reasons=-1", "reasons=11", "reasons=", "reasons=1&reasons=2", "a=1"]
)
def test_a_wrong_parameter_is_refused(home: Home, query: str) -> None:
    assert home.predict({"clients": [CLIENT]}, query_string=query).status_code == 422


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/octet-stream"]
)
def test_only_json_and_csv_are_taken(home: Home, kind: str) -> None:
    answer = home.http.post("/prediction", data=b'{"clients": [{}]}', content_type=kind)

    assert answer.status_code == 415
    assert "send application/json or text/csv" in answer.get_json()["detail"]


@pytest.mark.parametrize(
    ("charset", "status"),
    [("utf-8", 200), ('"UTF-8"', 200), ("us-ascii", 200), ("latin-1", 415), ("utf-16", 415), ("x", 415)],
)
def test_the_character_set_that_is_stated_is_utf8_or_refused(home: Home, charset: str, status: int) -> None:
    body = json.dumps({"clients": [CLIENT]})

    answer = home.http.post("/prediction", data=body, content_type=f"application/json; charset={charset}")

    assert answer.status_code == status
    if status == 415:
        assert answer.get_json()["detail"] == f'the charset "{charset}" is not accepted; send utf-8'


def test_more_clients_than_the_limit_are_refused(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home.serving.predictions.validator, "max_rows", 3)

    assert home.predict({"clients": [CLIENT] * 3}).status_code == 200
    assert home.predict({"clients": [CLIENT] * 4}).status_code == 413


def test_before_the_first_deployment_a_sentence_says_so(settings: Settings) -> None:
    with opened(settings) as empty:
        answer = empty.predict({"clients": [CLIENT]})

    assert answer.status_code == 503
    assert answer.get_json()["detail"] == "no model is deployed yet; materialize deployed_model"
    assert answer.headers["X-Model-Version"] == "none"
