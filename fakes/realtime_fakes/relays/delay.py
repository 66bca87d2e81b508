"""A first-in-first-out line whose items leave a set time after they entered."""

from __future__ import annotations

import asyncio
from time import perf_counter_ns
from typing import Generic, TypeVar

from realtime_harness.timing import sleep_until

__all__ = ["DelayLine"]

T = TypeVar("T")


class DelayLine(Generic[T]):
    """Holds each item back for its delay, counted from when it was put in; keeps the order.

    Delays do not add up: items that come together leave together. An item with a shorter delay
    than the one before it waits for that one.

    Args:
        capacity: how many items it holds; putting in one more waits.

    """

    def __init__(self, capacity: int = 4096) -> None:
        self._items: asyncio.Queue[tuple[int, T]] = asyncio.Queue(capacity)

    async def put(self, item: T, delay_s: float) -> None:
        """Put ``item`` in; it is due ``delay_s`` seconds from now."""
        await self._items.put((perf_counter_ns() + round(delay_s * 1e9), item))

    async def get(self) -> T:
        """Wait for the next item to be due and return it. Canceling may lose that item."""
        due_ns, item = await self._items.get()
        await sleep_until(due_ns)
        return item
