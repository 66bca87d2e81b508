"""The recorder: everything that is sent or seen passes through it before anybody looks at it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from realtime_harness.evidence.entry import Direction, Entry, Kind, Lane
from realtime_harness.evidence.redaction import Redactor

__all__ = ["Recorder"]


class Recorder:
    """Evidence of one scenario, on one monotonic clock that starts at 0.

    Args:
        redactor: takes secrets out of every entry, at the point of recording.
        sink: gets each entry as it is recorded, such as a journal's writer.
        clock: monotonic nanoseconds.

    """

    keeps = True
    """Whether what is recorded stays, so that sound is worth its room."""

    def __init__(
        self,
        *,
        redactor: Redactor | None = None,
        sink: Callable[[Entry], None] | None = None,
        clock: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        self.redactor = redactor if redactor is not None else Redactor()
        self.entries: list[Entry] = []
        self._sink = sink
        self._clock = clock
        self._start_ns = clock()

    def now_ns(self) -> int:
        """Return nanoseconds since the recorder was made."""
        return self._clock() - self._start_ns

    def time_of(self, seq: int) -> int:
        """Return when a line was written down, or what it says was sent."""
        return self.entries[seq].t_ns

    def record(
        self,
        lane: Lane,
        connection: str,
        direction: Direction,
        kind: Kind,
        data: dict[str, Any],
        *,
        t_ns: int | None = None,
    ) -> Entry:
        """Write down one line and return it, without secrets.

        Args:
            lane: the channel it went over.
            connection: which connection on that lane.
            direction: seen from us.
            kind: what ``data`` holds; see :class:`Kind`.
            data: what was sent or seen. It must not be changed afterwards.
            t_ns: when it happened, if that was measured already; now otherwise.

        """
        entry = Entry(
            seq=len(self.entries),
            t_ns=self.now_ns() if t_ns is None else t_ns,
            lane=lane,
            connection=connection,
            direction=direction,
            kind=kind,
            data=self.redactor.data(data),
        )
        self.entries.append(entry)
        if self._sink is not None:
            self._sink(entry)
        return entry

    def note(self, text: str, **data: Any) -> Entry:
        """Write down a note of the harness."""
        return self.record(
            Lane.HARNESS, "harness", Direction.NOTE, Kind.NOTE, {"text": text, **data}
        )

    def state(self, connection: str, what: str, state: str, **data: Any) -> Entry:
        """Write down that a transport changed its state."""
        return self.record(
            Lane.TRANSPORT,
            connection,
            Direction.NOTE,
            Kind.STATE,
            {"what": what, "state": state, **data},
        )
