from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_assets.serve.http.json_form import read_clients_quickly, read_object

FORMS = ("clients", "reasons")
values = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text()
clients = st.lists(
    st.dictionaries(st.text(max_size=3), values | st.lists(values, max_size=2), max_size=4), max_size=4
)


@given(st.fixed_dictionaries({"clients": clients}, optional={"reasons": values}))
def test_what_is_read_quickly_is_what_the_strict_reader_reads(content: dict[str, Any]) -> None:
    body = json.dumps(content).encode()
    quickly = read_clients_quickly(body, FORMS)

    assert quickly is None or repr(quickly) == repr(read_object(body, FORMS))


@pytest.mark.parametrize(
    "body",
    [
        b'{"clients": [{"a": 1, "a": 2}]}',
        b'{"clients": [{"a": 1}], "clients": [{"a": 1}]}',
        b'{"clients": [{"a": {"b": 1, "b": 2}}]}',
        b'{"clients": [{"a": NaN}]}',
        b'{"clients": [1]}',
        b'{"clients": []}',
        b'{"clients": [{"a": 1}], "other": 2}',
        b'{"filepath": "a.csv"}',
        b'[{"a": 1}]',
        b'{"clients": [{"a": "\\ud800"}]}',
        b"\xff",
        b"",
    ],
)
def test_what_may_be_wrong_is_left_to_the_strict_reader(body: bytes) -> None:
    assert read_clients_quickly(body, FORMS) is None


def test_a_client_of_each_kind_of_cell_is_read_quickly() -> None:
    body = '{"clients": [{"a": 1, "b": 2.5, "c": "größe", "d": null}], "reasons": 2}'.encode()

    assert read_clients_quickly(body, FORMS) == json.loads(body)
