"""Sound in real time for thousands of sessions, by one timer.

A wheel has slots of 5 ms. Whoever is on it gets its turn once in a round, in the slot that had the
fewest when it came, so that the sessions of an engine do not all send at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from time import perf_counter_ns

__all__ = ["ROUND_MS", "Pacer", "Turn", "Wheel"]

ROUND_MS = 100
"""Length of a round, and of the sound that is sent in one: what microphones over WebSocket send."""

_SLOT_MS = 5
_SLOTS = ROUND_MS // _SLOT_MS
_MS_NS = 1_000_000
_SLOT_NS = _SLOT_MS * _MS_NS

Turn = Callable[[int], None]
"""Called when it is its turn, with the time at which it was due, nanoseconds."""


class Wheel:
    """Says who is due. Without a clock: whoever turns it says how late it is.

    Args:
        now_ns: when it begins to turn.

    """

    def __init__(self, now_ns: int) -> None:
        self._slots: list[list[Turn]] = [[] for _ in range(_SLOTS)]
        self._slot = now_ns // _SLOT_NS

    def __len__(self) -> int:
        return sum(map(len, self._slots))

    @property
    def due_ns(self) -> int:
        """When the next slot is due, whether or not anybody is in it."""
        return (self._slot + 1) * _SLOT_NS

    def add(self, turn: Turn) -> None:
        """Give somebody a turn in each round from now on."""
        min(self._slots, key=len).append(turn)

    def remove(self, turn: Turn) -> None:
        """Give it none any more. Nothing, if it has none."""
        for number, slot in enumerate(self._slots):
            if turn in slot:
                # Not in place: it may be in the middle of its turn.
                self._slots[number] = [each for each in slot if each != turn]

    def turn(self, now_ns: int) -> Iterator[tuple[int, Turn]]:
        """Yield when it was due, and whose turn it is, for all slots up to now.

        What was missed is made up for: a microphone that was kept from sending sends it all.
        """
        while (due_ns := self.due_ns) <= now_ns:
            self._slot += 1
            for turn in self._slots[self._slot % _SLOTS]:
                yield due_ns, turn


class Pacer:
    """Turns a wheel by the clock of the running event loop, as long as somebody is on it.

    Args:
        lateness: gets by how much each slot was late.

    """

    def __init__(self, lateness: Callable[[int], None]) -> None:
        self._wheel = Wheel(perf_counter_ns())
        self._lateness = lateness
        self._timer: asyncio.TimerHandle | None = None

    def add(self, turn: Turn) -> None:
        """As :meth:`Wheel.add`."""
        if not len(self._wheel):
            # It did not turn while nobody was on it, and nothing was missed.
            self._wheel = Wheel(perf_counter_ns())
        self._wheel.add(turn)
        if self._timer is None:
            self._set_timer()

    def remove(self, turn: Turn) -> None:
        """As :meth:`Wheel.remove`."""
        self._wheel.remove(turn)
        if not len(self._wheel) and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _turn(self) -> None:
        now_ns = perf_counter_ns()
        last_ns = 0
        for due_ns, turn in self._wheel.turn(now_ns):
            if due_ns != last_ns:
                self._lateness(now_ns - due_ns)
                last_ns = due_ns
            turn(due_ns)
        if self._timer is not None:
            self._set_timer()

    def _set_timer(self) -> None:
        # Rounded up: timers of uvloop are whole milliseconds, and one that is due in half of one
        # would be called at once, again and again.
        wait_ms = max(0, -((perf_counter_ns() - self._wheel.due_ns) // _MS_NS))
        self._timer = asyncio.get_running_loop().call_later(wait_ms / 1000, self._turn)
