"""A recorder for sessions that last: it remembers what came last, and forgets the rest."""

from __future__ import annotations

from typing import Any

from realtime_harness.evidence import Direction, Entry, Kind, Lane, Recorder

__all__ = ["RecentRecorder"]

_KEPT = 32


class _Recent(list[Entry]):
    """The last lines, found by their number in all of the evidence."""

    def __getitem__(self, seq: Any) -> Any:
        return super().__getitem__(seq % _KEPT)


class RecentRecorder(Recorder):
    """Keeps the last lines of evidence, with the secrets in them until they are looked at.

    Its clock is ``time.perf_counter_ns`` as it is, so that the times of all sessions compare.
    """

    def __init__(self) -> None:
        super().__init__(clock=lambda: 0)
        from time import perf_counter_ns

        self._clock = perf_counter_ns
        self.entries = _Recent()
        self.seq = 0
        """How many lines there were."""

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
        """Write down one line, over the oldest one, and return it."""
        seq = self.seq
        self.seq = seq + 1
        entry = Entry(
            seq=seq,
            t_ns=self._clock() if t_ns is None else t_ns,
            lane=lane,
            connection=connection,
            direction=direction,
            kind=kind,
            data=data,
        )
        if seq < _KEPT:
            self.entries.append(entry)
        else:
            list.__setitem__(self.entries, seq % _KEPT, entry)
        return entry

    def recent(self) -> list[dict[str, Any]]:
        """Return the last lines in order, without secrets, as plain values."""
        lines = sorted(self.entries, key=lambda entry: entry.seq)
        return [{**each.to_json(), "data": self.redactor.data(each.data)} for each in lines]
