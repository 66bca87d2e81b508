"""What the callers of a service sent and got, as it stood on the wire.

Kept for testers: the control API shows it, and expectations are matched against it. An entry has
the form of a line of evidence, so that whatever reads evidence reads this. Directions are the
caller's: ``sent`` is what the service received.

On the hot path a batch of frames is one record of bytes that exist anyway; it is taken apart when
somebody looks.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from realtime_fakes.audience import Attachment, Role

__all__ = ["LIMIT_BYTES", "Journal", "Record", "Track"]

LIMIT_BYTES = 16 * 1024 * 1024
"""Of frames that a journal keeps; the oldest go first."""

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


@dataclass(slots=True)
class Record:
    """Entries that came together: frames, or one entry that is none."""

    seq: int
    """Of the first entry."""
    t_ns: int
    """Nanoseconds since the journal was begun."""
    track: Track
    direction: str
    frames: Sequence[str | bytes]
    other: tuple[str, dict[str, Any]] | None
    """Kind and data of what is no frame."""
    size: int
    """Bytes."""

    @property
    def count(self) -> int:
        """How many entries these are."""
        return len(self.frames) if self.other is None else 1

    def entries(self) -> Iterator[dict[str, Any]]:
        """Yield the entries as lines of evidence, each with its ``session_id``."""
        read = map(_read, self.frames) if self.other is None else [self.other]
        for seq, (kind, data) in enumerate(read, start=self.seq):
            yield {
                "seq": seq,
                "t_ns": self.t_ns,
                "lane": "transport" if kind == "state" else self.track.lane,
                "connection": self.track.connection,
                "session_id": self.track.session_id,
                "direction": self.direction,
                "kind": kind,
                "data": data,
            }


class Journal:
    """The journal of one service, bounded.

    Args:
        limit_bytes: of frames that are kept.

    """

    def __init__(self, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self.dropped = 0
        """How many entries had to go."""
        self._limit_bytes = limit_bytes
        self._records: deque[Record] = deque()
        self._size = 0
        self._next = 0
        self._names: set[str] = set()
        self._listeners: list[Callable[[Record], None]] = []
        self._start_ns = time.perf_counter_ns()

    def listen(self, listener: Callable[[Record], None]) -> None:
        """Call ``listener`` with each record as it is made."""
        self._listeners.append(listener)

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
        self._add(track, "sent", (frame,), None, len(frame))

    def received(self, track: Track, frames: Sequence[bytes]) -> None:
        """Write down frames that left for a caller. They must not be changed afterwards."""
        self._add(track, "received", frames, None, sum(map(len, frames)))

    def request(self, data: dict[str, Any]) -> None:
        """Write down a request: ``method``, ``url``, ``path``, ``query``, ``key``, ``body``."""
        self._add(_HTTP, "sent", (), ("request", data), _size(data))

    def response(self, data: dict[str, Any]) -> None:
        """Write down the answer to a request: ``status``, ``headers``, ``body``."""
        self._add(_HTTP, "received", (), ("response", data), _size(data))

    def entries(self, *, session_id: str | None = None, after: int = -1) -> list[dict[str, Any]]:
        """Return the entries that are kept, oldest first.

        Args:
            session_id: only of this session.
            after: only those with a larger ``seq``.

        """
        return [
            entry
            for record in self._records
            if record.seq + record.count > after + 1
            and (session_id is None or record.track.session_id == session_id)
            for entry in record.entries()
            if entry["seq"] > after
        ]

    def clear(self) -> None:
        """Forget everything; numbers and names go on."""
        self._records.clear()
        self._size = 0
        self.dropped = 0

    def _state(self, track: Track, state: str, **data: Any) -> None:
        what = "datachannel" if track.lane == "data-channel" else "websocket"
        self._add(track, "note", (), ("state", {"what": what, "state": state, **data}), 0)

    def _add(
        self,
        track: Track,
        direction: str,
        frames: Sequence[str | bytes],
        other: tuple[str, dict[str, Any]] | None,
        size: int,
    ) -> None:
        now_ns = time.perf_counter_ns() - self._start_ns
        record = Record(self._next, now_ns, track, direction, frames, other, size)
        records = self._records
        records.append(record)
        self._next += record.count
        # An empty frame costs as well.
        self._size += size + 1
        while self._size > self._limit_bytes:
            oldest = records.popleft()
            self._size -= oldest.size + 1
            self.dropped += oldest.count
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


def _size(data: dict[str, Any]) -> int:
    return len(str(data.get("body", "")))
