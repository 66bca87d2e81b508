"""One clock for all that is sent each 20 ms on one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import TypeAlias
from weakref import WeakKeyDictionary

__all__ = ["PERIOD_S", "Beat", "Metronome"]

PERIOD_S = 0.02
"""Time between two beats of the same listener, the usual length of an RTP packet of speech."""

_PHASES = 4
_SLOT_S = PERIOD_S / _PHASES
_TOLERANCE_S = 0.001
"""By how much a beat may come early: the timers of uvloop are that coarse."""
_PATIENCE_S = 0.005
"""By how much a beat has to be late before somebody else than its timer cares."""
_MAX_LAG_S = 0.2

Beat: TypeAlias = Callable[[float], None]
"""Called each 20 ms, with the time at which it was due (``time.monotonic``)."""


class Metronome:
    """Calls its listeners each 20 ms, by a schedule that does not drift.

    All of a loop share one timer, and are spread over four phases of 5 ms, so that some hundred
    of them do not fill the buffers of their sockets all at once.

    Who was not called in time is called as often as was missed, because what is sent late can
    still be played. After more than 200 ms (a suspended machine) the schedule is moved instead.

    An event loop that has much to do looks at its timers only between two rounds. Whoever makes
    it busy by pieces calls :meth:`catch_up` between them.
    """

    def __init__(self) -> None:
        self._listeners: list[list[Beat]] = [[] for _ in range(_PHASES)]
        self._slot = 0
        self._timer: asyncio.TimerHandle | None = None
        self._is_beating = False

    @classmethod
    def running(cls) -> Metronome:
        """Return the metronome of the running event loop."""
        loop = asyncio.get_running_loop()
        found = _of_loops.get(loop)
        if found is None:
            found = _of_loops[loop] = cls()
        return found

    def add(self, listener: Beat) -> None:
        """Call a listener from now on, in the phase that has the fewest."""
        phase = min(self._listeners, key=len)
        phase.append(listener)
        if self._timer is None:
            self._slot = int(monotonic() / _SLOT_S) + 1
            self._set_timer()

    def remove(self, listener: Beat) -> None:
        """Call a listener no more. Does nothing if it is not called anyway."""
        for number, phase in enumerate(self._listeners):
            if listener in phase:
                # Not in place: it may be in the middle of a beat.
                self._listeners[number] = [each for each in phase if each != listener]
        if not any(self._listeners) and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def catch_up(self) -> None:
        """Beat now if that is late already. Costs next to nothing if it is not."""
        if self._timer is not None and monotonic() >= self._slot * _SLOT_S + _PATIENCE_S:
            self._beat()

    def _beat(self) -> None:
        if self._is_beating:
            return
        self._is_beating = True
        try:
            now = monotonic()
            if now - self._slot * _SLOT_S > _MAX_LAG_S:
                self._slot = int(now / _SLOT_S)
            # One round at most: others have something to do, too.
            for _ in range(_PHASES):
                due = self._slot * _SLOT_S
                if due > now + _TOLERANCE_S:
                    break
                listeners = self._listeners[self._slot % _PHASES]
                self._slot += 1
                for listener in listeners:
                    try:
                        listener(due)
                    except Exception as error:
                        self._drop(listener, error)
        finally:
            self._is_beating = False
        if self._timer is not None:
            self._set_timer()

    def _drop(self, listener: Beat, error: Exception) -> None:
        """Leave out a listener that fails, so that the others go on."""
        self.remove(listener)
        asyncio.get_running_loop().call_exception_handler(
            {"message": f"{listener!r} failed and is called no more", "exception": error}
        )

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        wait_s = max(0.0, self._slot * _SLOT_S - monotonic())
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._beat)


_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, Metronome] = WeakKeyDictionary()
