"""The one source of time of a fake service: real, or virtual and advanced by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

__all__ = ["Clock", "RealClock", "VirtualClock"]


class Clock(Protocol):
    """Unix time in seconds, as a float."""

    kind: str
    """``real`` or ``virtual``."""

    def now(self) -> float:
        """Return the current time."""
        ...


class RealClock:
    """The machine's clock."""

    kind = "real"

    def now(self) -> float:
        """Return the current time."""
        return time.time()


class VirtualClock:
    """A clock that stands still until it is advanced.

    Args:
        start: the time it shows at first; the machine's time if not given.

    """

    kind = "virtual"

    def __init__(self, start: float | None = None) -> None:
        self._now = time.time() if start is None else start
        self._timers: list[tuple[Callable[[], float | None], Callable[[], None]]] = []

    def now(self) -> float:
        """Return the current time."""
        return self._now

    def serve(self, due: Callable[[], float | None], run: Callable[[], None]) -> None:
        """Run somebody's timers when the clock is advanced.

        Args:
            due: says when the next one is due, in Unix seconds; ``None`` if there is none.
            run: runs those that are due, and leaves none of them set.

        """
        self._timers.append((due, run))

    def advance(self, seconds: float) -> float:
        """Move on by ``seconds`` and return the new time.

        On the way the clock stops wherever a timer is due, those included that others set: each
        runs at its own time, in order, as it would if the time had really passed.

        Raises:
            ValueError: if ``seconds`` is negative: time does not run backwards.

        """
        if seconds < 0:
            raise ValueError(f"cannot advance by {seconds} s: time does not run backwards")
        until = self._now + seconds
        while (due := self._next_due()) is not None and due <= until:
            self._now = max(self._now, due)
            for _, run in list(self._timers):
                run()
        self._now = until
        return self._now

    def _next_due(self) -> float | None:
        dues = [due() for due, _ in self._timers]
        return min((each for each in dues if each is not None), default=None)
