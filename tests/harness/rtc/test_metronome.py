from __future__ import annotations

import asyncio
import time

import pytest

from realtime_harness.rtc.metronome import PERIOD_S, Metronome


@pytest.fixture
async def metronome():
    metronome = Metronome()
    yield metronome
    assert metronome._timer is None


class Listener:
    """Notes its beats."""

    def __init__(self, enough: int) -> None:
        self.dues: list[float] = []
        self._left = enough
        self.done = asyncio.Event()

    def __call__(self, due: float) -> None:
        self.dues.append(due)
        self._left -= 1
        if self._left == 0:
            self.done.set()

    @property
    def steps(self) -> list[float]:
        return [round(b - a, 6) for a, b in zip(self.dues, self.dues[1:], strict=False)]


async def soon(listener: Listener) -> None:
    async with asyncio.timeout(5):
        await listener.done.wait()


async def test_a_beat_each_20_ms(metronome):
    listener = Listener(6)
    metronome.add(listener)
    await soon(listener)
    metronome.remove(listener)
    assert listener.steps == [PERIOD_S] * 5
    assert listener.dues[-1] - time.monotonic() < 0.001


async def test_listeners_are_spread(metronome):
    listeners = [Listener(2) for _ in range(8)]
    for listener in listeners:
        metronome.add(listener)
    for listener in listeners:
        await soon(listener)
    phases = [round(listener.dues[0] % PERIOD_S * 1000) % 20 for listener in listeners]
    assert sorted(phases) == [0, 0, 5, 5, 10, 10, 15, 15]
    for listener in listeners:
        metronome.remove(listener)


async def test_what_was_missed_is_made_up_for(metronome):
    listener = Listener(8)
    metronome.add(listener)
    time.sleep(0.1)  # a loop that is busy elsewhere  # noqa: ASYNC251
    await soon(listener)
    metronome.remove(listener)
    assert listener.steps == [PERIOD_S] * 7


async def test_after_a_long_time_the_schedule_is_moved(metronome):
    listener = Listener(4)
    metronome.add(listener)
    time.sleep(0.5)  # noqa: ASYNC251
    await soon(listener)
    metronome.remove(listener)
    assert max(listener.steps, default=0) == PERIOD_S
    assert time.monotonic() - listener.dues[0] < 0.2


async def test_whoever_keeps_the_loop_busy_lets_it_catch_up(metronome):
    listener = Listener(100)
    metronome.add(listener)
    end = time.monotonic() + 0.1
    while time.monotonic() < end:
        metronome.catch_up()
    metronome.remove(listener)
    assert len(listener.dues) >= 4


async def test_one_that_fails_is_left_out(metronome):
    reported = []
    asyncio.get_running_loop().set_exception_handler(
        lambda loop, context: reported.append(str(context["exception"]))
    )

    def fail(due: float) -> None:
        raise ValueError("no more frames")

    listener = Listener(3)
    metronome.add(fail)
    metronome.add(listener)
    await soon(listener)
    metronome.remove(listener)
    assert reported == ["no more frames"]


async def test_each_loop_has_its_own():
    assert Metronome.running() is Metronome.running()
    assert await asyncio.to_thread(lambda: asyncio.run(_other())) is not Metronome.running()


async def _other() -> Metronome:
    return Metronome.running()
