from __future__ import annotations

import asyncio

import pytest

from risk_assets.serve.http.deadlines import Deadlines

SECONDS = 0.02


async def given_after(event: asyncio.Event) -> str:
    await event.wait()
    return "body"


def test_what_takes_too_long_is_ended_and_what_is_in_time_is_not() -> None:
    ended = []

    async def never() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("never")

    async def both() -> list[object]:
        deadlines, event = Deadlines(SECONDS), asyncio.Event()
        event.set()
        reads = [asyncio.create_task(deadlines.within(each)) for each in (never(), given_after(event), never())]
        return list(await asyncio.gather(*reads, return_exceptions=True))

    late, body, later = asyncio.run(both())

    assert (type(late), body, type(later)) == (TimeoutError, "body", TimeoutError)
    assert ended == ["never", "never"]


def test_a_task_goes_on_after_it_was_late() -> None:
    async def twice() -> list[str]:
        deadlines, said = Deadlines(SECONDS), []
        for _ in range(2):
            try:
                await deadlines.within(asyncio.Event().wait())
            except TimeoutError:
                said.append("late")
        await asyncio.sleep(0)
        return said

    assert asyncio.run(twice()) == ["late", "late"]


def test_who_ends_the_task_itself_is_not_told_of_a_time_limit() -> None:
    async def cancelled() -> None:
        reading = asyncio.create_task(Deadlines(60).within(asyncio.Event().wait()))
        await asyncio.sleep(0)
        reading.cancel()
        await reading

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
