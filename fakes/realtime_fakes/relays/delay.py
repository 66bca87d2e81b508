"""A first-in-first-out line whose items leave a set time after they entered."""

from __future__ import annotations

import asyncio
import time
from typing import Generic, TypeVar

__all__ = ["DelayLine", "sleep_until"]

T = TypeVar("T")

# An event loop wakes up to 1 ms late, because epoll counts whole milliseconds. What is left of a
# wait is therefore spent turning the loop over, which costs at most this much CPU per wait and
# brings the error down to that of one turn of the loop (about 20 us).
_COARSE_S = 0.0015


async def sleep_until(due: float) -> None:
    """Sleep until :func:`time.monotonic` shows ``due``, far more precisely than a timer alone."""
    if (coarse := due - time.monotonic() - _COARSE_S) > 0:
        await asyncio.sleep(coarse)
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
