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
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> float:
        """Return the current time."""
        return self._now

    def on_advance(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every advance, so that due timers run."""
        self._listeners.append(listener)

    def advance(self, seconds: float) -> float:
        """Move on by ``seconds`` and return the new time.

        Raises:
            ValueError: if ``seconds`` is negative: time does not run backwards.

        """
        if seconds < 0:
            raise ValueError(f"cannot advance by {seconds} s: time does not run backwards")
        self._now += seconds
        for listener in list(self._listeners):
            listener()
        return self._now
