"""What is measured: the five times of an operation, and the series that are made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Any, NamedTuple

from realtime_harness.load.histogram import Histogram

__all__ = ["DEFINITIONS", "OK", "UNFINISHED", "Failure", "Operation", "Series", "Tally"]

OK = "ok"
"""Outcome of an operation that did what it should. All others name a class of failures."""
UNFINISHED = "unfinished"
"""Outcome of one that was under way when we ended the run or its session; nobody's fault."""

_LAST_POSITION = 5
"""From this turn of a session on, turns share one series."""

DEFINITIONS: Mapping[str, str] = {
    "connect_ms": "from asking for the connection until session.created has come",
    "ttft_ms": "from response.create until the first delta of text or transcript",
    "turn_ms": "from response.create until response.done",
    "first_audio_ms": "from the end of what the user said until the first audible sample came",
    "session_ms": "from asking for the connection until it is closed again",
    "tool_ms": "from a function's output until the first delta of the response to it",
    "call_ms": "from a question until the function call that it leads to is complete",
    "barge_in_ms": "from response.cancel until the response.done that says cancelled",
    "sideband_ms": "from a response.done on the call until the same one came on its sideband",
    "added_ms": "by how much a turn through a relay takes longer than one past it",
    "setup_ms": "from posting the offer until the data channel is open",
    "gap_ms": "the longest wait between two deltas of sound in a turn",
    "stalled_ms": "how long a play-out buffer had nothing to play in a turn",
    "lateness_ms": "from when it was due and its session free until it was sent: the generator's",
}
"""What the series measure, in terms of wire events. Of each there are two: *response* time is taken
from when the operation was due, *service* time from when it was sent."""

# Operation -> metric -> the time that it ends at. Others have their own name, at ``done_ns``.
_METRICS: Mapping[str, Mapping[str, str]] = {
    "connect": {"connect_ms": "done_ns"},
    "turn": {"ttft_ms": "first_ns", "first_audio_ms": "first_audio_ns", "turn_ms": "done_ns"},
    "tool": {"tool_ms": "first_ns", "turn_ms": "done_ns"},
    "barge-in": {"barge_in_ms": "done_ns"},
    "idle": {},
}


_OPENING = frozenset({"setup_ms"})
"""Further durations of ``connect``."""


@dataclass(slots=True, kw_only=True)
class Operation:
    """One thing that was asked of the service. All times by ``time.perf_counter_ns``."""

    name: str
    """``connect``, ``turn``, …"""
    intended_ns: int
    """When it was due. It is never moved, however late it is sent."""
    due_ns: int
    """When it could be sent at the earliest: when it was due, and the one before it done."""
    sent_ns: int
    """When it was sent."""
    first_ns: int | None = None
    """When the first of the answer came."""
    first_audio_ns: int | None = None
    """When the first audible sample came."""
    done_ns: int = 0
    """When the answer was complete."""
    position: int = 0
    """The how manieth of its session, from 1; 0 if that does not matter."""
    more_ns: dict[str, int] = field(default_factory=dict)
    """Further durations, by metric."""

    def send_later(self, lead_ns: int) -> None:
        """Say that what is measured is sent only now, behind a part that is not measured.

        It was due as much later as that part took, so that what was late before still is.

        Args:
            lead_ns: when that part began.

        """
        now = perf_counter_ns()
        self.sent_ns = now
        self.intended_ns += now - lead_ns
        self.due_ns += now - lead_ns


class Series(NamedTuple):
    """Which histogram a duration is in."""

    metric: str
    clock: str
    """``response``, ``service``; or ``generator``, what has nothing to do with the service."""
    position: int = 0

    @property
    def tags(self) -> dict[str, str]:
        """By what it is told apart from others of its metric, for objectives."""
        place = str(self.position) if self.position < _LAST_POSITION else f"{_LAST_POSITION}+"
        return {"clock": self.clock, **({"position": place} if self.position else {})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One operation that failed, as an example of its class."""

    operation: str
    outcome: str
    """Its class."""
    text: str
    session: str
    evidence: list[dict[str, Any]] = field(default_factory=list)
    """The last lines that were sent or seen before."""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "operation": self.operation,
            "outcome": self.outcome,
            "text": self.text,
            "session": self.session,
            "evidence": self.evidence,
        }


class Tally:
    """What a number of operations came to. Those of several engines or intervals can be merged."""

    def __init__(self) -> None:
        self.outcomes: Counter[tuple[str, str]] = Counter()
        """Operation and outcome -> how many."""
        self.series: dict[Series, Histogram] = {}

    def add(self, operation: Operation) -> None:
        """Count an operation that succeeded, and its durations."""
        name = operation.name
        self.outcomes[name, OK] += 1
        intended, sent, place = operation.intended_ns, operation.sent_ns, operation.position
        place = min(place, _LAST_POSITION)
        for metric, attribute in _METRICS.get(name, {f"{name}_ms": "done_ns"}).items():
            end = getattr(operation, attribute)
            if end is not None:
                self.record(Series(metric, "response", place), end - intended)
                self.record(Series(metric, "service", place), end - sent)
        for metric, duration in operation.more_ns.items():
            self.record(Series(metric, "service", place), duration)

    def fail(self, operation: str, outcome: str) -> None:
        """Count an operation that failed: it has no duration."""
        self.outcomes[operation, outcome] += 1

    def record(self, series: Series, duration_ns: int) -> None:
        """Count one duration."""
        histogram = self.series.get(series)
        if histogram is None:
            histogram = self.series[series] = Histogram()
        histogram.add(duration_ns)

    def merge(self, other: Tally) -> None:
        """Add what another one has counted."""
        self.outcomes.update(other.outcomes)
        for series, histogram in other.series.items():
            self.series.setdefault(series, Histogram()).merge(histogram)

    def only(self, operation: str) -> Tally:
        """Return what is known of how sessions were opened, or of another operation."""
        only = Tally()
        for (name, outcome), count in self.outcomes.items():
            if name == operation:
                only.outcomes[name, outcome] = count
        metrics = {*_METRICS.get(operation, ()), *_OPENING}
        only.series = {key: each for key, each in self.series.items() if key.metric in metrics}
        return only

    def histogram(self, metric: str, **tags: str) -> Histogram:
        """Return all of a metric's durations that fit all tags."""
        return Histogram.merged(
            histogram
            for series, histogram in self.series.items()
            if series.metric == metric and tags.items() <= series.tags.items()
        )

    def metrics(self) -> list[str]:
        """Return the metrics that there is anything of, in the order of their definitions."""
        known = list(DEFINITIONS)
        found = {series.metric for series in self.series}
        return [m for m in known if m in found] + sorted(found - set(known))

    def count(self, operation: str = "", *, ok: bool | None = None) -> int:
        """Return how many there were; of all operations if none is named.

        What was unfinished when the run ended is not among them.
        """
        return sum(
            count
            for (name, outcome), count in self.outcomes.items()
            if (not operation or name == operation)
            and outcome != UNFINISHED
            and (ok is None or (outcome == OK) is ok)
        )

    def failures(self) -> Iterator[tuple[str, str, int]]:
        """Yield operation, class and number of what failed, the most frequent first."""
        for (name, outcome), count in self.outcomes.most_common():
            if outcome not in (OK, UNFINISHED):
                yield name, outcome, count

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "outcomes": [[*key, count] for key, count in sorted(self.outcomes.items())],
            "series": [[*key, each.to_json()] for key, each in sorted(self.series.items())],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Tally:
        """Read back what :meth:`to_json` returned."""
        tally = cls()
        for name, outcome, count in values["outcomes"]:
            tally.outcomes[name, outcome] = count
        for metric, clock, position, numbers in values["series"]:
            tally.series[Series(metric, clock, position)] = Histogram.from_json(numbers)
        return tally
