"""The S3 that other tests lean on."""

from __future__ import annotations

import pytest

from risk_assets_tests.services.faults import faulty_proxy
from risk_assets_tests.services.s3 import S3, running_s3

pytestmark = pytest.mark.slow


def test_a_server_of_ones_own_keeps_objects_and_a_proxy_passes_them_on() -> None:
    with running_s3() as server, faulty_proxy(server.port) as faults:
        server.put("a/b.txt", "content")
        through = S3(faults.port)
        assert through.get("a/b.txt") == b"content"
        assert through.names("a") == ["b.txt"]
        assert faults.asked
