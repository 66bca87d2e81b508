"""By how much a fault is late, and when: what a delay can be programmed to be.

``50ms`` is always the same; ``50ms@90%+400ms@10%`` is one of several, each as often as it says;
``50ms..250ms`` grows steadily. Nothing here has a clock or draws by itself.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from math import isclose
from random import Random
from typing import Any, Protocol

__all__ = ["Delay", "Freeze", "Modes", "Ramp", "chance", "delay", "seconds"]

_TIME = re.compile(r"(\d+(?:\.\d+)?)(ms|s)")
_MODES = "50ms@90%+400ms@10%"
_FORMS = f"50ms, {_MODES} or 50ms..250ms"


def seconds(text: str) -> float:
    """Read a time.

    Raises:
        ValueError: if it is none.

    """
    if (match := _TIME.fullmatch(text)) is None:
        raise ValueError("has to be a time such as 50ms or 1.5s")
    return float(match[1]) * (0.001 if match[2] == "ms" else 1)


def chance(text: str) -> float:
    """Read a probability.

    Raises:
        ValueError: if it is none.

    """
    number = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    if not 0 <= number <= 1:
        raise ValueError("has to be a chance such as 3% or 0.03")
    return number


class Delay(Protocol):
    """By how much one event is late."""

    def draw(self, random: Random, elapsed: float) -> float:
        """Return seconds.

        Args:
            random: decides what is left to chance.
            elapsed: share of the time in which it changes that has passed, 1 at the most.

        """
        ...


@dataclass(frozen=True, slots=True)
class Modes:
    """One of some delays, each with its share. One delay alone draws nothing."""

    modes: tuple[tuple[float, float], ...]
    """Seconds, and how often."""

    def draw(self, random: Random, elapsed: float) -> float:
        """Return the seconds of one of them."""
        if len(self.modes) == 1:
            return self.modes[0][0]
        limits = list(accumulate(share for _, share in self.modes))
        place = bisect_right(limits, random.random() * limits[-1])
        return self.modes[min(place, len(self.modes) - 1)][0]


@dataclass(frozen=True, slots=True)
class Ramp:
    """A delay that goes straight from one to another."""

    start: float
    end: float

    def draw(self, random: Random, elapsed: float) -> float:
        """Return what it has come to."""
        return self.start + (self.end - self.start) * elapsed


def delay(text: str) -> Modes | Ramp:
    """Read by how much something is late.

    Raises:
        ValueError: if it cannot be read.

    """
    start, is_ramp, end = text.partition("..")
    if is_ramp:
        return Ramp(_time(start), _time(end))
    parts = text.split("+")
    if len(parts) == 1 and "@" not in text:
        return Modes(((_time(text), 1.0),))
    modes = []
    for part in parts:
        time, has_share, share = part.partition("@")
        if not has_share:
            raise ValueError(f"has to say how often each one is, as in {_MODES}")
        modes.append((_time(time), chance(share)))
    if not isclose(sum(share for _, share in modes), 1, abs_tol=1e-6):
        raise ValueError("has to have shares that add up to 100%")
    return Modes(tuple(modes))


def _time(text: str) -> float:
    try:
        return seconds(text)
    except ValueError:
        raise ValueError(f"has to be {_FORMS}") from None


@dataclass(frozen=True, slots=True)
class Freeze:
    """Times at which everything stands still. All in nanoseconds."""

    first_ns: int
    """When it does so first."""
    length_ns: int
    every_ns: int | None = None
    """From one beginning to the next; ``None``: once."""

    @classmethod
    def of(cls, values: Any, began_ns: int) -> Freeze:
        """Return that of a fault's parameters, which began to be on at some time."""
        every = values.get("every")
        return cls(
            began_ns + round(values["after"] * 1e9),
            round(values["length"] * 1e9),
            None if every is None else round(every * 1e9),
        )

    def thaw(self, now_ns: int) -> int:
        """Return when it goes on: now, if it does not stand still."""
        since = now_ns - self.first_ns
        if since < 0:
            return now_ns
        if self.every_ns is not None:
            since %= self.every_ns
        return now_ns + max(0, self.length_ns - since)
