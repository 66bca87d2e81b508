"""A recorder for sessions that last: it remembers what came last, and forgets the rest."""

from __future__ import annotations

from time import perf_counter_ns
from typing import Any

from realtime_harness.evidence import Direction, Entry, Kind, Lane, Recorder
from realtime_harness.load.purse import CHARGED, Account

__all__ = ["RecentRecorder"]

_KEPT = 32

_Line = tuple[int, int, Lane, str, Direction, Kind, dict[str, Any]]


class RecentRecorder(Recorder):
    """Keeps the last lines of evidence, with the secrets in them until they are looked at.

    Its clock is ``time.perf_counter_ns`` as it is, so that the times of all sessions compare.
    """

    keeps = False

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[_Line | None] = [None] * _KEPT
        self._seq = 0
        self.account: Account | None = None
        """What is shown each line that may say that something was charged."""
        self.entries = _Entries(self._lines)

    def now_ns(self) -> int:
        """Return the time."""
        return perf_counter_ns()

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
        t_ns = perf_counter_ns() if t_ns is None else t_ns
        return self.entries[self.add(lane, connection, direction, kind, data, t_ns)]

    def add(
        self,
        lane: Lane,
        connection: str,
        direction: Direction,
        kind: Kind,
        data: dict[str, Any],
        t_ns: int,
    ) -> int:
        """Write down one line without making an entry of it; return its number."""
        seq = self._seq
        self._seq = seq + 1
        self._lines[seq % _KEPT] = (seq, t_ns, lane, connection, direction, kind, data)
        if self.account is not None and data.get("type") in CHARGED:
            self.account.note(self.entries[seq])
        return seq

    def recent(self) -> list[dict[str, Any]]:
        """Return the last lines in order, without secrets, as plain values."""
        return [{**each.to_json(), "data": self.redactor.data(each.data)} for each in self.entries]


class _Entries(list[Entry]):
    """The last lines, each found by its number, and made when somebody looks at it."""

    def __init__(self, lines: list[_Line | None]) -> None:
        super().__init__()
        self._lines = lines

    def __getitem__(self, seq: Any) -> Any:
        line = self._lines[seq % _KEPT]
        assert line is not None
        return _entry(line)

    def __len__(self) -> int:
        return sum(line is not None for line in self._lines)

    def __iter__(self) -> Any:
        lines = sorted((line for line in self._lines if line is not None), key=lambda line: line[0])
        return map(_entry, lines)


def _entry(line: _Line) -> Entry:
    seq, t_ns, lane, connection, direction, kind, data = line
    return Entry(
        seq=seq,
        t_ns=t_ns,
        lane=lane,
        connection=connection,
        direction=direction,
        kind=kind,
        data=data,
    )
