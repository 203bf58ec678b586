from __future__ import annotations

from risk_assets.serve.guards.login_throttle import SECONDS, WRONG, LoginThrottle


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def name_wrong(login_throttle: LoginThrottle, times: int = 1) -> int:
    for _ in range(times):
        login_throttle.note(known=False)
    return login_throttle.seconds()


def test_a_few_wrong_keys_cost_nothing_and_each_one_after_them_a_wait() -> None:
    clock = Clock()
    login_throttle = LoginThrottle(clock)

    assert name_wrong(login_throttle, WRONG - 1) == 0
    assert name_wrong(login_throttle) == SECONDS
    clock.now += SECONDS - 0.5
    assert login_throttle.seconds() == 1
    clock.now += 0.5
    assert login_throttle.seconds() == 0
    assert name_wrong(login_throttle) == SECONDS


def test_a_right_key_ends_the_count() -> None:
    login_throttle = LoginThrottle(Clock())
    name_wrong(login_throttle, WRONG - 1)
    login_throttle.note(known=True)

    assert name_wrong(login_throttle, WRONG - 1) == 0
