"""A recorder for sessions that last: it remembers what came last, and forgets the rest."""

from __future__ import annotations

from time import perf_counter_ns
from typing import Any

import orjson

from realtime_harness.evidence import Direction, Entry, Kind, Lane, Recorder
from realtime_harness.load.purse import CHARGED, Account

__all__ = ["RecentRecorder"]

_KEPT = 16
_KEPT_SENT = 4
_LARGE = 4_096
"""Bytes of an event from which on long texts in it, which are sound, are not kept."""
_LONG = 256

_Line = tuple[int, int, Lane, str, Direction, Kind, dict[str, Any] | bytes]
"""Events are kept as JSON, which is a third of the objects that it describes."""


class RecentRecorder(Recorder):
    """Keeps the last lines of evidence, with the secrets in them until they are looked at.

    Its clock is ``time.perf_counter_ns`` as it is, so that the times of all sessions compare.
    """

    keeps = False

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[_Line | None] = [None] * _KEPT
        self._seq = 0
        # When the last lines were sent: an answer may be longer than what is kept.
        self._sent_ns: dict[int, int] = {}
        self.account: Account | None = None
        """What is shown each line that may say that something was charged."""
        self.entries = _Entries(self._lines)

    def now_ns(self) -> int:
        """Return the time."""
        return perf_counter_ns()

    def time_of(self, seq: int) -> int:
        """Return when one of the last lines was sent, or written down."""
        sent_ns = self._sent_ns.get(seq)
        return super().time_of(seq) if sent_ns is None else sent_ns

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
        frame = None
        if kind is Kind.EVENT:
            # Copied, because the encoder does not give back what it has not used of 4 kB or more.
            frame = bytes(memoryview(orjson.dumps(data)))
        seq = self.add(lane, connection, direction, kind, data, t_ns, frame)
        return Entry(
            seq=seq,
            t_ns=t_ns,
            lane=lane,
            connection=connection,
            direction=direction,
            kind=kind,
            data=data,
        )

    def add(
        self,
        lane: Lane,
        connection: str,
        direction: Direction,
        kind: Kind,
        data: dict[str, Any],
        t_ns: int,
        frame: bytes | None = None,
    ) -> int:
        """Write down one line without making an entry of it; return its number.

        Args:
            lane: of the connection.
            connection: its name.
            direction: seen from us.
            kind: of line.
            data: what it says.
            t_ns: when.
            frame: the same as JSON, where that is at hand.

        """
        seq = self._seq
        self._seq = seq + 1
        if direction is Direction.SENT:
            self._sent_ns[seq] = t_ns
            if len(self._sent_ns) > _KEPT_SENT:
                del self._sent_ns[next(iter(self._sent_ns))]
        kept: dict[str, Any] | bytes = data
        if frame is not None:
            kept = frame if len(frame) < _LARGE else _without_sound(data)
        self._lines[seq % _KEPT] = (seq, t_ns, lane, connection, direction, kind, kept)
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
        if line is None or line[0] != seq:
            # Any other line would be a lie, about when something was sent for example.
            raise IndexError(f"line {seq} is not kept any more")
        return _entry(line)

    def __len__(self) -> int:
        return sum(line is not None for line in self._lines)

    def __iter__(self) -> Any:
        lines = sorted((line for line in self._lines if line is not None), key=lambda line: line[0])
        return map(_entry, lines)


def _entry(line: _Line) -> Entry:
    seq, t_ns, lane, connection, direction, kind, kept = line
    data = orjson.loads(kept) if isinstance(kept, bytes) else kept
    return Entry(
        seq=seq,
        t_ns=t_ns,
        lane=lane,
        connection=connection,
        direction=direction,
        kind=kind,
        data=data,
    )


def _without_sound(data: dict[str, Any]) -> dict[str, Any]:
    return {
        name: f"{value[:32]}… ({len(value)} characters)"
        if isinstance(value, str) and len(value) > _LONG
        else value
        for name, value in data.items()
    }
