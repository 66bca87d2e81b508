"""The course of a run: how many sessions are wanted when, what engines are told, and what counts.

Whoever leads a run, we or Locust, keeps to it. It has no clock of its own: all is a function of the
time since the first session was asked for, in seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from realtime_harness.load.schedule import SHAPES, arrivals, sessions_at
from realtime_harness.load.wire import INTERVAL_S

__all__ = ["Course", "Orders"]

_SETTLE_S = 0.5
"""Between the start of the last session and the beginning of what counts."""
_LEVEL = frozenset({"baseline", "soak"})
"""Shapes of which the climb at the start is no part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """When what happens in a run.

    Sessions that decide themselves when they go on begin at once. Arrivals are dealt out among
    sessions that have to be there before, so their schedule begins behind the ramp.
    """

    shape: str
    sessions: int
    """At level 1."""
    spawn_rate: float
    """Sessions started a second, by all engines together."""
    duration_s: float
    arrival_rate: float | None = None
    """Operations a second at level 1; ``None``: each session when it has thought."""

    @property
    def ramp_s(self) -> float:
        """How long it takes until all sessions are there."""
        return self.sessions / self.spawn_rate + _SETTLE_S

    @property
    def begin_s(self) -> float:
        """When the duration that was asked for begins."""
        return 0.0 if self.arrival_rate is None else self.ramp_s

    @property
    def end_s(self) -> float:
        """When it is over."""
        return self.begin_s + self.duration_s

    @property
    def counted_from_s(self) -> float:
        """From when on what is measured counts."""
        if self.arrival_rate is not None:
            return self.begin_s
        if self.shape in _LEVEL:
            return min(self.ramp_s, self.duration_s / 2)
        # The climb belongs to what the others ask.
        return 0.0

    def phase(self, t_s: float) -> str:
        """Return ``ramp``, ``steady`` or ``drain``."""
        if t_s >= self.end_s:
            return "drain"
        return "steady" if t_s >= self.counted_from_s else "ramp"

    def counts(self, t_s: float) -> bool:
        """Return whether an interval counts that ended then.

        All of it has to lie in what counts. Before arrivals begin nothing is done that could be
        taken for a part of it, so there the one in which they begin counts as well.
        """
        began_s = t_s - INTERVAL_S if self.arrival_rate is None else t_s
        return max(0.0, began_s) >= self.counted_from_s

    def wanted(self, t_s: float) -> int:
        """Return how many sessions there are to be."""
        if self.arrival_rate is not None:
            return self.sessions
        return sessions_at(
            SHAPES[self.shape],
            self.sessions,
            min(t_s, self.duration_s),
            duration_s=self.duration_s,
            spawn_rate=self.spawn_rate,
        )

    def due(self) -> Iterator[float]:
        """Yield when each arrival is due; nothing, if there are none."""
        if self.arrival_rate is not None:
            for _, at_s in arrivals(
                SHAPES[self.shape], self.arrival_rate, duration_s=self.duration_s
            ):
                yield self.begin_s + at_s

    def requested(self) -> int | None:
        """Return how many operations are due; ``None`` if sessions decide that themselves."""
        return None if self.arrival_rate is None else sum(1 for _ in self.due())

    def commands(self) -> list[tuple[float, dict[str, Any]]]:
        """Return what all engines are told, and when; in order.

        See :mod:`realtime_harness.load.wire`.
        """
        commands: list[tuple[float, dict[str, Any]]] = [
            # Told before it is time, and before anything that takes a moment, so that arrivals
            # begin when they should and end when the run does.
            (max(0.0, self.begin_s - INTERVAL_S), {"do": "start"}),
            # All sessions are there: what they are made of is not looked at again for garbage.
            (self.ramp_s - _SETTLE_S / 2, {"do": "freeze"}),
        ]
        for share in SHAPES[self.shape].cuts:
            commands.append((self.begin_s + share * self.duration_s, {"do": "cut"}))
        commands.sort(key=lambda command: command[0])
        return [command for command in commands if command[0] < self.end_s]


class Orders:
    """What the engines of a run are told as time passes, each thing once.

    Args:
        course: of the run.
        engines: how many there are.

    """

    def __init__(self, course: Course, engines: int) -> None:
        self._course = course
        self._engines = engines
        self._commands = course.commands()
        self.wanted = 0
        """Sessions of all engines that they were told to have."""

    def until(
        self, t_s: float, *, wanted: int | None = None
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield the number of an engine, from 0, and what it is to be told by then.

        Args:
            t_s: what time it is.
            wanted: sessions, if somebody wants another number than the course.

        """
        count = self._course.wanted(t_s) if wanted is None else wanted
        if count != self.wanted:
            self.wanted = count
            for engine in range(self._engines):
                # In turn, as arrivals are dealt out.
                share = (count - engine + self._engines - 1) // self._engines
                yield engine, {"do": "sessions", "count": share}
        while self._commands and self._commands[0][0] <= t_s:
            _, command = self._commands.pop(0)
            if command["do"] == "start":
                command = {**command, "in_s": self._course.begin_s - t_s}
            for engine in range(self._engines):
                yield engine, command
