from __future__ import annotations

import asyncio
import threading
from concurrent.futures import CancelledError

import pytest

from realtime_harness.crew import Crew


def test_runs_at_the_same_time_on_loops_of_their_own() -> None:
    met = threading.Barrier(2, timeout=5.0)

    async def meet() -> int:
        await asyncio.to_thread(met.wait)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return id(asyncio.get_running_loop())

    crew: Crew[int] = Crew(2)
    first, second = crew.submit(meet), crew.submit(meet)
    assert first.result(5.0) != second.result(5.0)
    crew.close()


def test_what_fails_says_so_to_whoever_asks() -> None:
    async def fail() -> None:
        raise LookupError("nobody there")

    crew: Crew[None] = Crew(1)
    failed = crew.submit(fail)
    with pytest.raises(LookupError, match="nobody there"):
        failed.result(5.0)
    crew.close()


def test_closing_ends_what_runs_and_what_waits() -> None:
    begun, cleaned_up = threading.Event(), threading.Event()

    async def for_ever() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cleaned_up.set()

    crew: Crew[None] = Crew(1)
    running, waiting = crew.submit(for_ever), crew.submit(for_ever)
    assert begun.wait(5.0)
    crew.close()
    crew.close()
    assert cleaned_up.is_set()
    for each in (running, waiting):
        with pytest.raises((CancelledError, asyncio.CancelledError)):
            each.result(5.0)
