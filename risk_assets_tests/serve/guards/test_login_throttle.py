from __future__ import annotations

from risk_assets.serve.guards.login_throttle import SECONDS, WRONG, Brake


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def name_wrong(brake: Brake, times: int = 1) -> int:
    for _ in range(times):
        brake.note(known=False)
    return brake.seconds()


def test_a_few_wrong_keys_cost_nothing_and_each_one_after_them_a_wait() -> None:
    clock = Clock()
    brake = Brake(clock)

    assert name_wrong(brake, WRONG - 1) == 0
    assert name_wrong(brake) == SECONDS
    clock.now += SECONDS - 0.5
    assert brake.seconds() == 1
    clock.now += 0.5
    assert brake.seconds() == 0
    assert name_wrong(brake) == SECONDS


def test_a_right_key_ends_the_count() -> None:
    brake = Brake(Clock())
    name_wrong(brake, WRONG - 1)
    brake.note(known=True)

    assert name_wrong(brake, WRONG - 1) == 0
