"""What is measured: the five times of an operation, and the series that are made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Any, NamedTuple

from realtime_harness.load.histogram import Histogram

__all__ = [
    "LAST_POSITION",
    "METRICS",
    "OK",
    "UNFINISHED",
    "Failure",
    "Metric",
    "Operation",
    "Series",
    "Tally",
    "ends",
]

OK = "ok"
"""Outcome of an operation that did what it should. All others name a class of failures."""
UNFINISHED = "unfinished"
"""Outcome of one that was under way when we ended the run or its session; nobody's fault."""

LAST_POSITION = 5
"""From this turn of a session on, turns share one series."""


class Metric(NamedTuple):
    """What a series measures, in terms of what goes over the wire."""

    definition: str
    unit: str = "ms"
    """``ms``, ``%``, or ``x``, which is times. Histograms count millionths of it."""


METRICS: Mapping[str, Metric] = {
    "connect_ms": Metric("from asking for the connection until session.created has come"),
    "tcp_ms": Metric("from resolving the name until the TCP connection, and TLS on it, stands"),
    "upgrade_ms": Metric("from the request to switch protocols until the answer 101"),
    "setup_ms": Metric("from beginning the offer until the data channel is open"),
    "http_ms": Metric(
        "from posting the offer, on a connection that sessions share, until its answer was read"
    ),
    "ice_ms": Metric("from the answer to the offer until ICE has chosen a pair of candidates"),
    "dtls_ms": Metric("from the pair of candidates until the DTLS handshake is over"),
    "sctp_ms": Metric("from the end of the DTLS handshake until the data channel is open"),
    "created_ms": Metric(
        "from the open WebSocket or data channel until session.created; 0 if it came with that"
    ),
    "ttft_ms": Metric(
        "from response.create, or the end of what the user said, until the first delta of text or "
        "transcript"
    ),
    "turn_ms": Metric(
        "from response.create, or the end of what the user said, until response.done"
    ),
    "first_audio_ms": Metric(
        "from the end of what the user said until the first 20 ms of sound above -50 dBFS: came by "
        "RTP, or are played of deltas that are played from when the first one came"
    ),
    "tool_ms": Metric("from a function's output until the first delta of the response to it"),
    "call_ms": Metric("from a question until the function call that it leads to is complete"),
    "barge_in_ms": Metric("from response.cancel until the response.done that says cancelled"),
    "sideband_ms": Metric(
        "from a response.done on the call until the same one came on its sideband"
    ),
    "added_ms": Metric("by how much a turn through a relay takes longer than one past it"),
    "session_ms": Metric("from asking for the connection until it is closed again"),
    "gap_ms": Metric(
        "the longest wait between two deltas of sound in a turn, or two packets of it"
    ),
    "stalled_ms": Metric(
        "how long a simulated play-out had nothing to play in a turn; it begins with the first "
        "delta, or 60 ms behind the first packet"
    ),
    "underruns": Metric("how often the same play-out ran out of sound in a turn", "x"),
    "rtf": Metric(
        "real-time factor: how long the sound of a turn took to come behind its first delta or "
        "packet, by how long that sound is; above 1 nobody can listen without a pause",
        "x",
    ),
    "loss_percent": Metric(
        "RTP packets that did not come, of those that should have by their numbers, since this was "
        "told last; a second of them at least",
        "%",
    ),
    "jitter_ms": Metric(
        "interarrival jitter of RTP as it was at the end of a turn (RFC 3550, 6.4.1)"
    ),
    "rtt_ms": Metric(
        "round trip of RTCP reports as it was at the end of a turn (RFC 3550, 6.4.1); nothing "
        "where none is answered"
    ),
    "lateness_ms": Metric(
        "from when it was due and its session free until it was sent: the generator's"
    ),
}
"""By name. Of most there are two series: *response* time is taken from when the operation was due,
*service* time from when it was sent."""

# Operation -> metric -> the time that it ends at. Others have their own name, at ``done_ns``.
_ENDS: Mapping[str, Mapping[str, str]] = {
    "connect": {"connect_ms": "done_ns"},
    "turn": {"ttft_ms": "first_ns", "first_audio_ms": "first_audio_ns", "turn_ms": "done_ns"},
    "tool": {"tool_ms": "first_ns", "turn_ms": "done_ns"},
    "barge-in": {"barge_in_ms": "done_ns"},
    "idle": {},
}


_OPENING = frozenset(
    {
        "tcp_ms",
        "upgrade_ms",
        "setup_ms",
        "http_ms",
        "ice_ms",
        "dtls_ms",
        "sctp_ms",
        "created_ms",
    }
)
"""Further metrics of ``connect``."""


def ends(operation: str) -> Mapping[str, str]:
    """Return the metrics of an operation, each with the attribute that says when it ended."""
    return _ENDS.get(operation, {f"{operation}_ms": "done_ns"})


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
    more: dict[str, int] = field(default_factory=dict)
    """What else was measured, by metric, in millionths of its unit: nanoseconds of durations."""

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
        place = str(self.position) if self.position < LAST_POSITION else f"{LAST_POSITION}+"
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
        self.good: Counter[str] = Counter()
        """Operation -> how many succeeded and met every limit on one, if there are any."""
        self.ended: Counter[str] = Counter()
        """How many sessions ended: ``all``, and those that were ``good`` from first to last."""

    def add(self, operation: Operation) -> None:
        """Count an operation that succeeded, and its durations."""
        name = operation.name
        self.outcomes[name, OK] += 1
        intended, sent, place = operation.intended_ns, operation.sent_ns, operation.position
        place = min(place, LAST_POSITION)
        for metric, attribute in ends(name).items():
            end = getattr(operation, attribute)
            if end is not None:
                self.record(Series(metric, "response", place), end - intended)
                self.record(Series(metric, "service", place), end - sent)
        for metric, value in operation.more.items():
            self.record(Series(metric, "service", place), value)

    def fail(self, operation: str, outcome: str) -> None:
        """Count an operation that failed: it has no duration."""
        self.outcomes[operation, outcome] += 1

    def record(self, series: Series, value: int) -> None:
        """Count one value, in millionths of its unit."""
        histogram = self.series.get(series)
        if histogram is None:
            histogram = self.series[series] = Histogram()
        histogram.add(value)

    def merge(self, other: Tally) -> None:
        """Add what another one has counted."""
        self.outcomes.update(other.outcomes)
        self.good.update(other.good)
        self.ended.update(other.ended)
        for series, histogram in other.series.items():
            self.series.setdefault(series, Histogram()).merge(histogram)

    def only(self, operation: str) -> Tally:
        """Return what is known of how sessions were opened, or of another operation."""
        only = Tally()
        for (name, outcome), count in self.outcomes.items():
            if name == operation:
                only.outcomes[name, outcome] = count
        metrics = {*_ENDS.get(operation, ()), *_OPENING}
        only.series = {key: each for key, each in self.series.items() if key.metric in metrics}
        return only

    def histogram(self, metric: str, **tags: str) -> Histogram:
        """Return all of a metric's values that fit all tags."""
        return Histogram.merged(
            histogram
            for series, histogram in self.series.items()
            if series.metric == metric and tags.items() <= series.tags.items()
        )

    def metrics(self) -> list[str]:
        """Return the metrics that there is anything of, in the order of their definitions."""
        found = {series.metric for series in self.series}
        return [m for m in METRICS if m in found] + sorted(found - set(METRICS))

    def described(self) -> dict[str, dict[str, str]]:
        """Return what each of these metrics is, as plain values.

        One of a journey of the user's own is a duration of which we know no more than its name.
        """
        return {name: METRICS.get(name, Metric(""))._asdict() for name in self.metrics()}

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
            "good": dict(self.good),
            "ended": dict(self.ended),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Tally:
        """Read back what :meth:`to_json` returned."""
        tally = cls()
        for name, outcome, count in values["outcomes"]:
            tally.outcomes[name, outcome] = count
        for metric, clock, position, numbers in values["series"]:
            tally.series[Series(metric, clock, position)] = Histogram.from_json(numbers)
        # Of figures that were written down before there were any, nothing is known.
        tally.good.update(values.get("good", {}))
        tally.ended.update(values.get("ended", {}))
        return tally
