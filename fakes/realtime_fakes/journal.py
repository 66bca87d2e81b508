"""What the callers of a service sent and got, as it stood on the wire.

Kept for testers: the control API shows it, and expectations are matched against it. An entry has
the form of a line of evidence, so that whatever reads evidence reads this. Directions are the
caller's: ``sent`` is what the service received.

On the hot path a batch of frames becomes one string of bytes; whoever looks takes it apart. Frames
are not kept as they come from the encoder: it leaves each in a buffer of 4 kB and more, of which it
uses a few hundred bytes (measured with orjson 3.13; home-assistant/core#181245 says why).
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter_ns
from typing import Any, NamedTuple, TypeAlias

import orjson

from realtime_fakes.audience import Attachment, Role

__all__ = ["LIMIT_BYTES", "OVERHEAD", "Journal", "Record", "Track"]

LIMIT_BYTES = 16 * 1024 * 1024
"""Of memory that a journal takes; the oldest entries go first."""

OVERHEAD = 256
"""Bytes that a record takes beside what it holds: also one of empty frames fills the journal."""

_LANES = {
    Role.WEBSOCKET: "ws",
    Role.DATA_CHANNEL: "data-channel",
    Role.FILTERED_CHANNEL: "data-channel",
    Role.SIDEBAND: "sideband",
}


class Track(NamedTuple):
    """One connection in the journal."""

    lane: str
    connection: str
    """Its name: unique in the journal, so the second ``client`` is ``client-2``."""
    session_id: str | None


_HTTP = Track("http", "http", None)


class Record(NamedTuple):
    """Entries that came together: frames, or one entry that is none."""

    t_ns: int
    """When, in nanoseconds on the clock of ``time.perf_counter_ns``."""
    track: Track
    direction: str
    content: str | bytes
    """A frame as it was sent, or frames that were received, each on a line of its own; JSON of the
    data, if it is no frame."""
    number: int
    """How many entries."""
    kind: str | None
    """Of an entry that is no frame."""

    def entries(self, seq: int, start_ns: int) -> Iterator[dict[str, Any]]:
        """Yield the entries as lines of evidence, each with its ``session_id``.

        Args:
            seq: of the first one.
            start_ns: time from which they count theirs.

        """
        for place, (kind, data) in enumerate(self._read(), start=seq):
            yield {
                "seq": place,
                "t_ns": self.t_ns - start_ns,
                "lane": "transport" if kind == "state" else self.track.lane,
                "connection": self.track.connection,
                "session_id": self.track.session_id,
                "direction": self.direction,
                "kind": kind,
                "data": data,
            }

    def _read(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the kind and the data of each entry."""
        if self.kind is not None:
            yield self.kind, json.loads(self.content)
        else:
            yield from map(_read, self.content.splitlines() if self.number > 1 else [self.content])


_Row: TypeAlias = tuple[int, Track, str, str | bytes, int, str | None]
"""A record before anybody looks: a plain tuple is made in a fifth of the time."""


class Journal:
    """The journal of one service, bounded.

    Args:
        limit_bytes: of memory that it takes.

    """

    def __init__(self, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self.dropped = 0
        """How many entries had to go."""
        self.start_ns = perf_counter_ns()
        """On the clock of ``time.perf_counter_ns``."""
        self._limit_bytes = limit_bytes
        self._rows: deque[_Row] = deque()
        self._first = 0  # seq of the first entry that is kept
        self._size = 0
        self._names: set[str] = set()
        self._listeners: list[Callable[[Record], None]] = []

    def listen(self, listener: Callable[[Record], None]) -> None:
        """Call ``listener`` with each record as it is made."""
        self._listeners.append(listener)

    def unlisten(self, listener: Callable[[Record], None]) -> None:
        """Call ``listener`` no more."""
        self._listeners.remove(listener)

    def newest(self, number: int) -> tuple[int, list[Record]]:
        """Return the last records, as many as hold ``number`` entries, and the seq of the next.

        Args:
            number: of entries. The oldest record may hold more than what is missing.

        """
        found: deque[Record] = deque()
        for row in reversed(self._rows):
            if number <= 0:
                break
            found.appendleft(Record(*row))
            number -= found[0].number
        return self._first + sum(row[4] for row in self._rows), list(found)

    def open(self, session_id: str, attachment: Attachment) -> Track:
        """Begin the track of a party that joined a session."""
        name, number = attachment.name, 2
        while name in self._names:
            name, number = f"{attachment.name}-{number}", number + 1
        self._names.add(name)
        track = Track(_LANES[attachment.role], name, session_id)
        self._state(track, "open", session_id=session_id)
        return track

    def close(self, track: Track, by: str, **how: Any) -> None:
        """End a track; ``by`` is who left: ``client``, ``service`` or ``network``."""
        self._state(track, "closed", by=by, **how)

    def sent(self, track: Track, frame: str | bytes) -> None:
        """Write down a frame of a caller."""
        self._rows.append((perf_counter_ns(), track, "sent", frame, 1, None))
        self._size += OVERHEAD + len(frame)
        if self._size > self._limit_bytes or self._listeners:
            self._added()

    def received(self, track: Track, frames: Sequence[bytes]) -> None:
        """Write down frames that left for a caller, before any fault damages them.

        Each is JSON without line breaks.
        """
        content = b"\n".join((*frames, b""))
        self._rows.append((perf_counter_ns(), track, "received", content, len(frames), None))
        self._size += OVERHEAD + len(content)
        if self._size > self._limit_bytes or self._listeners:
            self._added()

    def request(self, data: dict[str, Any]) -> None:
        """Write down a request: ``method``, ``url``, ``path``, ``query``, ``key``, ``body``."""
        self._other(_HTTP, "sent", "request", data)

    def response(self, data: dict[str, Any]) -> None:
        """Write down the answer to a request: ``status``, ``headers``, ``body``."""
        self._other(_HTTP, "received", "response", data)

    def entries(self, *, session_id: str | None = None, after: int = -1) -> list[dict[str, Any]]:
        """Return the entries that are kept, oldest first.

        Args:
            session_id: only of this session.
            after: only those with a larger ``seq``.

        """
        found = []
        seq = self._first
        for row in self._rows:
            record = Record(*row)
            behind = seq + record.number
            if behind > after + 1 and session_id in (None, record.track.session_id):
                found += [e for e in record.entries(seq, self.start_ns) if e["seq"] > after]
            seq = behind
        return found

    def clear(self) -> None:
        """Forget everything; numbers and names go on."""
        self._first += sum(count for _, _, _, _, count, _ in self._rows)
        self._rows.clear()
        self._size = 0
        self.dropped = 0

    def _state(self, track: Track, state: str, **data: Any) -> None:
        what = "datachannel" if track.lane == "data-channel" else "websocket"
        self._other(track, "note", "state", {"what": what, "state": state, **data})

    def _other(self, track: Track, direction: str, kind: str, data: dict[str, Any]) -> None:
        # Not by orjson: a header may hold what is no UTF-8.
        content = json.dumps(data)
        self._rows.append((perf_counter_ns(), track, direction, content, 1, kind))
        self._size += OVERHEAD + len(content)
        self._added()

    def _added(self) -> None:
        """Keep within the limit, and tell who listens."""
        record = Record(*self._rows[-1]) if self._listeners else None
        if self._size > self._limit_bytes:
            # Room for a while, so that a full journal costs hardly more than another.
            enough, before = self._limit_bytes * 7 // 8, self._first
            while self._size > enough:
                _, _, _, content, count, _ = self._rows.popleft()
                self._size -= OVERHEAD + len(content)
                self._first += count
            self.dropped += self._first - before
        if record is not None:
            for listener in self._listeners:
                listener(record)


def _read(frame: str | bytes) -> tuple[str, dict[str, Any]]:
    """Return the kind and the data of a frame."""
    try:
        event = orjson.loads(frame)
    except orjson.JSONDecodeError:
        event = None
    if isinstance(event, dict):
        return "event", event
    if isinstance(frame, str):
        return "raw", {"text": frame}
    return "raw", {"bytes": len(frame), "why": "not a JSON object"}
