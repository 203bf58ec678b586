from __future__ import annotations

import pytest

from risk_assets.serve.guards.login_throttle import (
    LONG_SECONDS,
    MOST_ADDRESSES,
    SECONDS,
    WRONG,
    WRONG_OF_ALL,
    LoginThrottle,
    sender,
)

HERE, THERE = "192.0.2.1", "192.0.2.2"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def name_wrong(login_throttle: LoginThrottle, times: int = 1, address: str = HERE) -> int:
    for _ in range(times):
        login_throttle.note(address, known=False)
    return login_throttle.seconds(address)


def test_a_few_wrong_keys_cost_nothing_and_each_one_after_them_a_wait() -> None:
    clock = Clock()
    login_throttle = LoginThrottle(clock)

    assert name_wrong(login_throttle, WRONG - 1) == 0
    assert name_wrong(login_throttle) == SECONDS
    clock.now += SECONDS - 0.5
    assert login_throttle.seconds(HERE) == 1
    clock.now += 0.5
    assert login_throttle.seconds(HERE) == 0
    assert name_wrong(login_throttle) == SECONDS


def test_a_right_key_ends_the_count() -> None:
    login_throttle = LoginThrottle(Clock())
    name_wrong(login_throttle, WRONG - 1)
    login_throttle.note(HERE, known=True)

    assert name_wrong(login_throttle, WRONG - 1) == 0


def test_nobody_waits_for_the_wrong_keys_of_another_address() -> None:
    login_throttle = LoginThrottle(Clock())
    name_wrong(login_throttle, 10 * WRONG_OF_ALL)

    assert login_throttle.seconds(THERE) == 0


def test_after_many_wrong_keys_of_all_addresses_each_may_err_once_and_waits_for_longer() -> None:
    clock = Clock()
    login_throttle = LoginThrottle(clock)
    for number in range(WRONG_OF_ALL):
        login_throttle.note(f"198.51.100.{number}", known=False)

    assert name_wrong(login_throttle) == LONG_SECONDS
    clock.now += 3600
    assert name_wrong(login_throttle) == 0


def test_addresses_of_one_ipv6_network_count_as_one() -> None:
    login_throttle = LoginThrottle(Clock())
    for number in range(WRONG):
        login_throttle.note(f"2001:db8::{number}", known=False)

    assert login_throttle.seconds("2001:db8::ffff") == SECONDS
    assert login_throttle.seconds("2001:db8:0:1::1") == 0


def test_only_so_many_addresses_are_held() -> None:
    login_throttle = LoginThrottle(Clock())
    name_wrong(login_throttle, WRONG)
    for number in range(MOST_ADDRESSES):
        login_throttle.note(f"sender {number}", known=False)

    assert login_throttle.seconds(HERE) == 0


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        ("127.0.0.1", "203.0.113.9, 192.0.2.1", "192.0.2.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("192.0.2.2", "192.0.2.1", "192.0.2.2"),
    ],
)
def test_a_proxy_alone_on_this_machine_says_who_sent_a_request(remote: str, forwarded: str, address: str) -> None:
    assert sender(remote, forwarded) == address
