from __future__ import annotations

import asyncio
import gc
import os
import sys
from contextvars import ContextVar
from functools import partial
from itertools import pairwise
from pathlib import Path
from time import perf_counter_ns

import pytest

from realtime_harness.timing import LoopWaker, Timekeeper, TimerFd, sleep_until

MS = 1_000_000

linux = pytest.mark.skipif(sys.platform != "linux", reason="timerfd is of Linux")


@pytest.fixture(params=[LoopWaker, pytest.param(TimerFd, marks=linux)])
async def keeper(request):
    return Timekeeper(asyncio.get_running_loop(), request.param)


async def past(keeper: Timekeeper, wait_ms: float) -> None:
    """Wait for a moment that comes behind those before it."""
    over = asyncio.Event()
    keeper.call_at(perf_counter_ns() + round(wait_ms * MS), over.set)
    async with asyncio.timeout(5):
        await over.wait()


# How late it is is a figure, not a test: benchmarks/load_truth.py.
async def test_moments_come_in_order_and_never_early(keeper):
    seen, now = [], perf_counter_ns()
    for wait_ms in (3.3, 0.2, 12.5, 3.3, -5, 0.05):
        due = now + round(wait_ms * MS)
        keeper.call_at(due, lambda due=due: seen.append((due, perf_counter_ns())))
    await past(keeper, 13)
    assert [due for due, _ in seen] == sorted(due for due, _ in seen)
    assert all(at >= due for due, at in seen)


async def test_the_same_moment_comes_in_the_order_of_asking(keeper):
    seen, due = [], perf_counter_ns() + 2 * MS
    for number in range(20):
        keeper.call_at(due, partial(seen.append, number))
    await past(keeper, 3)
    assert seen == list(range(20))


async def test_what_is_cancelled_does_not_come(keeper):
    seen, now = [], perf_counter_ns()
    alarms = [keeper.call_at(now + n * MS, partial(seen.append, n)) for n in range(1, 5)]
    for number in (0, 2):
        alarms[number].cancel()
        alarms[number].cancel()
        assert not alarms[number].is_set
    await past(keeper, 5)
    assert seen == [2, 4]
    alarms[1].cancel()


async def test_what_is_cancelled_does_not_pile_up(keeper):
    later = perf_counter_ns() + 3600 * 1000 * MS
    for _ in range(1000):
        keeper.call_at(later, seen_never).cancel()
    assert len(keeper._alarms) < 100


def seen_never() -> None:
    raise AssertionError


async def test_an_alarm_sets_an_alarm(keeper):
    seen, over = [], asyncio.Event()

    def again() -> None:
        seen.append(perf_counter_ns())
        if len(seen) < 5:
            keeper.call_at(perf_counter_ns() + MS, again)
        else:
            over.set()

    keeper.call_at(perf_counter_ns(), again)
    async with asyncio.timeout(5):
        await over.wait()
    assert all(after - before >= MS for before, after in pairwise(seen))


async def test_one_that_fails_is_told_and_the_others_go_off(keeper):
    told, seen = [], []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    now = perf_counter_ns()
    keeper.call_at(now, seen_never)
    keeper.call_at(now, partial(seen.append, 1))
    await past(keeper, 0)
    assert seen == [1]
    assert isinstance(told[0]["exception"], AssertionError)


async def test_an_alarm_is_in_the_context_of_who_asked(keeper):
    where: ContextVar[str] = ContextVar("where", default="nowhere")
    seen = []
    keeper.call_at(perf_counter_ns() + MS, lambda: seen.append(where.get()))
    where.set("here")
    keeper.call_at(perf_counter_ns() + MS, lambda: seen.append(where.get()))
    await past(keeper, 2)
    assert seen == ["nowhere", "here"]


async def test_sleep_until():
    for wait_ms in (-3, 0.3, 2.4, 5.7):
        due = perf_counter_ns() + round(wait_ms * MS)
        async with asyncio.timeout(5):
            await sleep_until(due)
        assert perf_counter_ns() >= due


async def test_canceling_a_sleep():
    task = asyncio.create_task(sleep_until(perf_counter_ns() + 3600 * 1000 * MS))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@linux
@pytest.mark.parametrize("name", ["asyncio", "uvloop"])
def test_nothing_is_left_open_behind_a_loop(name):
    module = pytest.importorskip(name)

    def timers() -> int:
        links = [Path(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]
        return sum("timerfd" in os.readlink(link) for link in links if link.is_symlink())

    async def wait() -> None:
        Timekeeper.running().call_at(perf_counter_ns() + 3600 * 1000 * MS, seen_never)
        await sleep_until(perf_counter_ns() + MS)

    gc.collect()
    before = timers()
    for _ in range(3):
        loop = module.new_event_loop()
        loop.run_until_complete(wait())
        assert timers() == before + 1
        loop.close()
        del loop
        gc.collect()
    assert timers() == before
