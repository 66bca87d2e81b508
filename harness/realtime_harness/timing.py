"""Waiting for a moment, more precisely than the timers of event loops.

Those of asyncio and uvloop count whole milliseconds, from a time that was looked up when the round
of the loop began: a wait of 50 ms ends up to one too early or two too late. Here a moment is waited
for by a timer of the operating system's that counts nanoseconds and wakes the loop as a socket does
(``timerfd``, Linux); elsewhere by a timer of the loop. The last bit is spent turning the loop
over. Whatever is to happen at a moment that was promised goes by this: delays of the fake that are
programmed, operations of load that are due.

All moments are nanoseconds of ``time.perf_counter_ns``. Nothing here knows the protocol.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from heapq import heapify, heappop, heappush
from itertools import count
from math import inf
from time import perf_counter_ns
from typing import Any, Protocol

__all__ = ["Alarm", "LoopWaker", "Timekeeper", "TimerFd", "Waker", "sleep_until"]

_NAME = "_realtime_harness_timekeeper"
_MANY = 64
"""Alarms that were cancelled and may lie around."""


class Alarm:
    """Something that happens at a moment, once."""

    __slots__ = ("_callback", "_context", "_keeper", "due_ns")

    def __init__(self, keeper: Timekeeper, due_ns: int, callback: Callable[[], object]) -> None:
        self.due_ns = due_ns
        self._keeper = keeper
        self._callback: Callable[[], object] | None = callback
        self._context = copy_context()

    @property
    def is_set(self) -> bool:
        """Whether it is still to happen."""
        return self._callback is not None

    def cancel(self) -> None:
        """Let it not happen. Idempotent, also afterwards."""
        if self._callback is not None:
            self._callback = None
            self._keeper.forgo()

    def go_off(self) -> None:
        """Happen now, unless it has already or is not to."""
        callback, self._callback = self._callback, None
        if callback is None:
            return
        try:
            self._context.run(callback)
        except Exception as error:
            # As a timer of the loop does: the others are to happen all the same.
            asyncio.get_running_loop().call_exception_handler(
                {"message": f"{callback!r} failed", "exception": error}
            )


class Timekeeper:
    """Keeps the moments of one event loop, and wakes it for the next one.

    Args:
        loop: the event loop.
        waker: what wakes it; the best there is if not given.

    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, waker: Callable[..., Waker] | None = None
    ) -> None:
        self._loop = loop
        self._waker = (waker or _best_waker)(loop, self._woken)
        self._alarms: list[tuple[int, int, Alarm]] = []
        self._numbers = count()
        self._cancelled = 0
        # What the waker is set to: nothing is as good as the end of time.
        self._next_ns: float = inf
        self._is_turning = False

    @classmethod
    def running(cls) -> Timekeeper:
        """Return that of the running event loop."""
        loop = asyncio.get_running_loop()
        # With the loop, and nowhere else, so that it is gone when the loop is.
        of_loop: dict[str, Any] = vars(loop)
        keeper: Timekeeper | None = of_loop.get(_NAME)
        if keeper is None:
            keeper = of_loop[_NAME] = cls(loop)
        return keeper

    def call_at(self, due_ns: int, callback: Callable[[], object]) -> Alarm:
        """Call at a moment, never before it; soon, if it has passed.

        What is due at the same moment is called in the order in which it was asked for.

        Args:
            due_ns: the moment.
            callback: what happens. It runs on the event loop, in the context of whoever asked.

        """
        alarm = Alarm(self, due_ns, callback)
        heappush(self._alarms, (due_ns, next(self._numbers), alarm))
        if due_ns < self._next_ns:
            self._set(due_ns)
        return alarm

    def forgo(self) -> None:
        """Note that one of the alarms was cancelled."""
        self._cancelled += 1
        if self._cancelled > max(_MANY, len(self._alarms) // 2):
            self._alarms = [each for each in self._alarms if each[2].is_set]
            heapify(self._alarms)
            self._cancelled = 0

    def _set(self, due_ns: int) -> None:
        self._next_ns = due_ns
        # Who turns the loop over looks at the moment each time.
        if not self._is_turning:
            wait_ns = due_ns - self._waker.lead_ns - perf_counter_ns()
            if wait_ns > 0:
                self._waker.wake_in(wait_ns)
            else:
                self._turn()

    def _turn(self) -> None:
        self._is_turning = True
        self._loop.call_soon(self._turned)

    def _turned(self) -> None:
        self._is_turning = False
        self._woken()

    def _woken(self) -> None:
        if self._is_turning:
            return
        now = perf_counter_ns()
        if now < self._next_ns:
            # Soon; or it was woken for what has been cancelled, and there is nothing at all.
            if self._next_ns < inf:
                self._set(int(self._next_ns))
            return
        self._next_ns = -inf  # Nothing sets the waker while alarms go off.
        alarms = self._alarms
        while alarms and (alarms[0][0] <= now or not alarms[0][2].is_set):
            alarm = heappop(alarms)[2]
            if alarm.is_set:
                alarm.go_off()
            else:
                self._cancelled -= 1
            alarms = self._alarms
        self._next_ns = inf
        if alarms:
            self._set(alarms[0][0])


async def sleep_until(due_ns: int) -> None:
    """Sleep until a moment. Returns at once if it has passed. Canceling is safe."""
    if perf_counter_ns() >= due_ns:
        return
    over = asyncio.Event()
    alarm = Timekeeper.running().call_at(due_ns, over.set)
    try:
        await over.wait()
    finally:
        alarm.cancel()


class Waker(Protocol):
    """Wakes an event loop once."""

    lead_ns: int
    """How much earlier than the moment it is to wake; what is left then is spent turning the loop
    over, so more than it needs would be CPU time for nothing."""

    def wake_in(self, wait_ns: int) -> None:
        """Call back when so much time has passed, and not when it was asked to before."""
        ...


class LoopWaker:
    """A timer of the event loop."""

    lead_ns = 1_000_000

    def __init__(self, loop: asyncio.AbstractEventLoop, woken: Callable[[], None]) -> None:
        self._loop = loop
        self._woken = woken
        self._timer: asyncio.TimerHandle | None = None

    def wake_in(self, wait_ns: int) -> None:
        """Call back when so much time has passed."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(wait_ns / 1e9, self._woken)


class TimerFd:
    """``timerfd`` of Linux: the loop waits for it as for a socket (``man 2 timerfd_create``).

    Raises:
        OSError: if the system has none.

    """

    lead_ns = 100_000
    # Waking takes about that long.

    def __init__(self, loop: asyncio.AbstractEventLoop, woken: Callable[[], None]) -> None:
        self._woken = woken
        self._fd, self._set = _timer()
        loop.add_reader(self._fd, self._is_over)

    def wake_in(self, wait_ns: int) -> None:
        """Call back when so much time has passed."""
        self._set(wait_ns)

    def _is_over(self) -> None:
        # Nothing, if it was set again meanwhile.
        with suppress(BlockingIOError):
            os.read(self._fd, 8)
            self._woken()

    def __del__(self) -> None:
        if hasattr(self, "_fd"):
            os.close(self._fd)


def _best_waker(loop: asyncio.AbstractEventLoop, woken: Callable[[], None]) -> Waker:
    # Event loops of Windows cannot wait for files, and 32 bits have more than one kind of time.
    if sys.platform == "linux" and sys.maxsize > 1 << 32:
        with suppress(OSError, AttributeError):
            return TimerFd(loop, woken)
    return LoopWaker(loop, woken)


def _timer() -> tuple[int, Callable[[int], None]]:
    """Return a timer of the system's as a file, and what sets it, to nanoseconds from now.

    Python has this from 3.13 on only.

    """
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    spec = (ctypes.c_long * 4)()  # The interval, of none, and the time: seconds and nanoseconds.
    clock_monotonic, flags = 1, os.O_NONBLOCK | os.O_CLOEXEC
    fd: int = libc.timerfd_create(clock_monotonic, flags)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "timerfd_create")
    settime, place = libc.timerfd_settime, ctypes.byref(spec)

    def set_to(wait_ns: int) -> None:
        spec[2], spec[3] = divmod(wait_ns, 1_000_000_000)
        settime(fd, 0, place, None)

    return fd, set_to
