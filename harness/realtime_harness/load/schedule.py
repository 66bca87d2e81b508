"""When load comes: shapes, the starts of sessions, and the times at which operations are due.

Everything here is a function of time since the start of a run, in seconds, and of nothing else, so
that several engines each take their share of one schedule without asking each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

__all__ = ["SHAPES", "Shape", "arrivals", "sessions_at"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How the level of load moves in the course of a run."""

    name: str
    summary: str
    """What it answers."""
    points: tuple[tuple[float, float], ...]
    """Share of the run's duration, and level there: 1 is what was asked for. Between two points
    the level goes straight; two points at the same place make a step."""
    cuts: tuple[float, ...] = ()
    """Shares of the duration at which all sessions break off and have to come back."""

    @property
    def peak(self) -> float:
        """The highest level."""
        return max(level for _, level in self.points)

    def level(self, share: float) -> float:
        """Return the level at a share of the duration; behind a step, the one it leads to."""
        earlier, later = self.points[0], self.points[-1]
        for point in self.points:
            if point[0] <= share:
                earlier = point
            else:
                later = point
                break
        else:
            return earlier[1]
        place = (share - earlier[0]) / (later[0] - earlier[0])
        return earlier[1] + place * (later[1] - earlier[1])


def _steps(*levels: float) -> tuple[tuple[float, float], ...]:
    """Return the points of as many steps of the same length."""
    return tuple(
        (place / len(levels), level)
        for number, level in enumerate(levels)
        for place in (number, number + 1)
    )


_ALL = (
    Shape(
        name="baseline",
        summary="What is it like at the load that is expected?",
        points=((0, 1), (1, 1)),
    ),
    Shape(
        name="ramp",
        summary="From where on does it get worse? From nothing to the whole load.",
        points=((0, 0), (1, 1)),
    ),
    Shape(
        name="stress",
        summary="What does more than expected do? Steps from a half of the load to twice as much.",
        points=_steps(0.5, 1, 1.5, 2),
    ),
    Shape(
        name="spike",
        summary="Does a sudden crowd break it? A tenth of the load, all at once for a fifth of the "
        "time, and back.",
        points=((0, 0.1), (0.4, 0.1), (0.4, 1), (0.6, 1), (0.6, 0.1), (1, 0.1)),
    ),
    Shape(
        name="soak",
        summary="Does it hold out? The load that is expected, for long: look at the slopes.",
        points=((0, 1), (1, 1)),
    ),
    Shape(
        name="past-the-cap",
        summary="Is too much refused politely, and are those inside left alone? The load, half as "
        "much again, and the load.",
        points=((0, 1), (0.3, 1), (0.3, 1.5), (0.7, 1.5), (0.7, 1), (1, 1)),
    ),
    Shape(
        name="reconnect-storm",
        summary="What if all connections break and come back at once? Twice in a run.",
        points=((0, 1), (1, 1)),
        cuts=(1 / 3, 2 / 3),
    ),
    Shape(
        name="recovery",
        summary="Is all as before when too much is over? A third of the time each: the load, twice "
        "as much, the load.",
        points=_steps(1, 2, 1),
    ),
)

SHAPES: Mapping[str, Shape] = {shape.name: shape for shape in _ALL}
"""By name."""


def sessions_at(
    shape: Shape, sessions: int, t_s: float, *, duration_s: float, spawn_rate: float
) -> int:
    """Return how many sessions there are to be.

    Args:
        shape: of the load.
        sessions: at level 1.
        t_s: time since the start.
        duration_s: of the run.
        spawn_rate: sessions a second that may be started, which bounds the climb at the start.

    """
    wanted = shape.level(t_s / duration_s) * sessions
    # Rounded up a hair below: 0.1 * 30 is a little more than 3.
    return math.ceil(min(wanted, spawn_rate * t_s + 1) - 1e-9)


def arrivals(
    shape: Shape, rate: float, *, duration_s: float, share: int = 0, shares: int = 1
) -> Iterator[tuple[int, float]]:
    """Yield the number of each arrival, and when it is due, in order.

    The n-th arrival is due when the integral of the rate has come to n. They are exactly regular
    as long as the level stays the same.

    Args:
        shape: of the load.
        rate: arrivals a second at level 1.
        duration_s: of the run.
        share: which share is asked for, of those numbered from 0.
        shares: among how many the arrivals are dealt out in turn.

    """
    number = share
    passed = 0.0
    for (from_, before), (to, after) in zip(shape.points, shape.points[1:], strict=False):
        start, length = from_ * duration_s, (to - from_) * duration_s
        low, high = before * rate, after * rate
        in_here = (low + high) / 2 * length
        while number < passed + in_here - 1e-9:
            yield number, start + _time_of(number - passed, low, high, length)
            number += shares
        passed += in_here


def _time_of(area: float, low: float, high: float, length: float) -> float:
    """Return when a rate that goes straight from low to high has brought so much."""
    slope = (high - low) / length
    # The usual formula, turned so that it holds for a slope of nothing as well.
    root = math.sqrt(max(0.0, low * low + 2 * slope * area))
    return 2 * area / (low + root) if area > 0 else 0.0
