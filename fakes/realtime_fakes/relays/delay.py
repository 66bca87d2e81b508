"""A first-in-first-out line whose items leave a set time after they entered."""

from __future__ import annotations

import asyncio
import time
from math import floor
from typing import Generic, TypeVar

__all__ = ["DelayLine", "sleep_until"]

T = TypeVar("T")

# Event loops sleep whole milliseconds. A wait is rounded to one that ends at most this much late;
# what is then left of it is spent turning the loop over, precise to some 20 us. Spinning for less
# matters on a busy machine, where whoever burned its share of the CPU is not woken in time.
_LATE_S = 0.00025


async def sleep_until(due: float) -> None:
    """Sleep until :func:`time.monotonic` shows ``due``, far more precisely than a timer alone."""
    if (sleep_s := floor((due + _LATE_S - time.monotonic()) * 1000) / 1000) > 0:
        await asyncio.sleep(sleep_s)
    # An event cannot be waited for here: it is the time itself that is waited for.
    while time.monotonic() < due:  # noqa: ASYNC110
        await asyncio.sleep(0)


class DelayLine(Generic[T]):
    """Holds each item back for its delay, counted from when it was put in; keeps the order.

    Delays do not add up: items that come together leave together. An item with a shorter delay
    than the one before it waits for that one.

    Args:
        capacity: how many items it holds; putting in one more waits.

    """

    def __init__(self, capacity: int = 4096) -> None:
        self._items: asyncio.Queue[tuple[float, T]] = asyncio.Queue(capacity)

    async def put(self, item: T, delay_s: float) -> None:
        """Put ``item`` in; it is due ``delay_s`` seconds from now."""
        await self._items.put((time.monotonic() + delay_s, item))

    async def get(self) -> T:
        """Wait for the next item to be due and return it. Canceling may lose that item."""
        due, item = await self._items.get()
        await sleep_until(due)
        return item
