from __future__ import annotations

from pathlib import Path

import pytest

from risk_assets.serve.server import LEAST_KEY, ServeError, check_keys
from risk_assets_tests.serve.deployed import make_settings

LONG = "k" * LEAST_KEY


@pytest.mark.parametrize("key", ["schlüssel-schlüssel", "tab\tin\tthe\tmiddle\tof"])
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_key_that_no_request_can_carry_is_refused_without_showing_it(
    tmp_path: Path, key: str, host: str
) -> None:
    settings = make_settings(tmp_path, api_keys=[LONG, key])

    with pytest.raises(ServeError, match="key 2 has a character that is not printable ASCII") as refused:
        check_keys(settings, host, insecure=True)
    assert key not in str(refused.value)


def test_a_short_key_is_refused_where_others_can_try_it(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, api_keys=[LONG, LONG[1:]])

    with pytest.raises(ServeError, match=r"key 2 has 15 characters, .* 0\.0\.0\.0: take 16 or more"):
        check_keys(settings, "0.0.0.0", insecure=False)
    check_keys(settings, "127.0.0.1", insecure=False)
    check_keys(settings, "0.0.0.0", insecure=True)


def test_long_keys_are_taken_anywhere(tmp_path: Path) -> None:
    check_keys(make_settings(tmp_path, api_keys=[LONG]), "0.0.0.0", insecure=False)
