"""Goodput: not how much a service did, but how much of it was good enough.

A *limit* is an objective from above on something that is measured of each operation, such as
``p95(ttft_ms) < 400``, with the percentile left out: an operation is good if it succeeded and
exceeds no limit. A session is good if all of its operations are, from its first connection to its
end, however often it had to come back meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from realtime_harness.load.operation import LAST_POSITION, Operation, Series, Tally, ends
from realtime_harness.load.slo import GOOD, GOOD_SESSIONS, Objective, good_of

__all__ = ["Limit", "Yardstick", "goodput", "limits_of", "wants_goodput"]

_MILLION = 1_000_000
_STARTS: Mapping[str, str] = {"response": "intended_ns", "service": "sent_ns"}
"""Clock -> the attribute of an operation that it runs from."""
_OF_GENERATOR = "lateness_ms"
"""What is said of the generator says nothing about an operation."""

# When a time of an operation ended, when it began, and how long it may be.
_Times = tuple[tuple[str, str, int], ...]
# What else was measured of it, and how much that may be.
_Others = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What no good operation exceeds."""

    text: str
    """The objective that it comes from."""
    metric: str
    most: int
    """Millionths of the metric's unit: nanoseconds of durations. It may be reached."""
    clock: str = "response"
    position: str = ""
    """Of operations it is about, as in :attr:`~realtime_harness.load.operation.Series.tags`."""
    operation: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values, which are its arguments."""
        return asdict(self)


def limits_of(objectives: Iterable[Objective]) -> tuple[Limit, ...]:
    """Return the limits that objectives set on single operations."""
    return tuple(
        Limit(
            text=each.text,
            metric=each.of,
            most=round(each.limit * _MILLION) - (each.relation == "<"),
            clock=each.tags.get("clock", "response"),
            position=each.tags.get("position", ""),
            operation=each.tags.get("operation", ""),
        )
        for each in objectives
        if each.is_of_metric
        and each.relation in ("<", "<=")
        and each.figure != "min"
        and each.of != _OF_GENERATOR
    )


def wants_goodput(objectives: Iterable[Objective]) -> bool:
    """Return whether there is anything to count: a limit, or an objective about what is good."""
    objectives = tuple(objectives)
    return bool(limits_of(objectives)) or any(
        each.of in (GOOD, GOOD_SESSIONS) and not each.is_of_metric for each in objectives
    )


@dataclass(slots=True)
class Yardstick:
    """Says which operations are good. What concerns a kind of them is looked up once."""

    limits: tuple[Limit, ...]
    _known: dict[tuple[str, int], tuple[_Times, _Others]] = field(default_factory=dict, init=False)

    def is_good(self, operation: Operation) -> bool:
        """Return whether an operation that succeeded exceeds no limit.

        What was not measured of it exceeds none.
        """
        kind = operation.name, min(operation.position, LAST_POSITION)
        times, others = self._known.get(kind) or self._learn(*kind)
        for end, start, most in times:
            ended_ns = getattr(operation, end)
            if ended_ns is not None and ended_ns - getattr(operation, start) > most:
                return False
        return not others or all(operation.more.get(metric, 0) <= most for metric, most in others)

    def _learn(self, name: str, position: int) -> tuple[_Times, _Others]:
        ending = ends(name)
        place = Series("", "", position).tags.get("position", "")
        ours = [
            each
            for each in self.limits
            if each.operation in ("", name) and each.position in ("", place)
        ]
        times = tuple(
            (ending[each.metric], _STARTS[each.clock], each.most)
            for each in ours
            if each.metric in ending and each.clock in _STARTS
        )
        others = tuple((each.metric, each.most) for each in ours if each.metric not in ending)
        self._known[name, position] = times, others
        return times, others


def goodput(
    tally: Tally, objectives: Iterable[Objective], *, seconds: float
) -> dict[str, Any] | None:
    """Return what ``load.json`` says about goodput; ``None`` if it was not asked for.

    Args:
        tally: what counts.
        objectives: those of the run.
        seconds: for how long it was counted.

    """
    objectives = tuple(objectives)
    if not wants_goodput(objectives):
        return None
    good, of = good_of(tally)
    return {
        "limits": [each.text for each in limits_of(objectives)],
        "good": good,
        "of": of,
        "per_s": round(good / seconds, 3) if seconds else 0.0,
        "good_sessions": tally.ended["good"],
        "sessions": tally.ended["all"],
    }
