"""The virtual clock of a fake, for tests of what takes an hour."""

from __future__ import annotations

from realtime_harness.testing.control import Control

__all__ = ["Clock"]


class Clock:
    """Moves the time of one fake.

    Args:
        control: of a fake whose clock is virtual.

    """

    def __init__(self, control: Control) -> None:
        self._control = control

    @property
    def now(self) -> float:
        """Unix time in seconds, as the fake sees it."""
        now: float = self._control.state()["clock"]["now"]
        return now

    def advance(self, seconds: float) -> float:
        """Move on; what falls due has happened when this returns the new time.

        Raises:
            ValueError: if ``seconds`` is negative, or the clock is a real one.

        """
        now: float = self._control.advance(seconds)["clock"]["now"]
        return now
