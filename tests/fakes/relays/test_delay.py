from __future__ import annotations

import asyncio
import time

from realtime_fakes.relays.delay import DelayLine

MS = 1e-3


async def test_items_leave_in_order_after_their_delay() -> None:
    line: DelayLine[int] = DelayLine()
    start = time.monotonic()
    await line.put(1, 20 * MS)
    await line.put(2, 0)
    await line.put(3, 5 * MS)
    assert [await line.get() for _ in range(3)] == [1, 2, 3]
    assert time.monotonic() - start >= 20 * MS


async def test_delays_of_items_that_came_together_do_not_add_up() -> None:
    line: DelayLine[int] = DelayLine()
    start = time.monotonic()
    for item in range(50):
        await line.put(item, 20 * MS)
    assert [await line.get() for _ in range(50)] == list(range(50))
    assert time.monotonic() - start < 50 * 20 * MS  # what they add up to


async def test_a_full_line_makes_the_source_wait() -> None:
    line: DelayLine[int] = DelayLine(capacity=1)
    await line.put(1, 0)
    second = asyncio.create_task(line.put(2, 0))
    await asyncio.sleep(0)
    assert not second.done()
    assert await line.get() == 1
    await asyncio.wait_for(second, 1)
