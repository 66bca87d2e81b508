"""One line of evidence: what was seen or sent, on which lane, when."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

__all__ = ["Direction", "Entry", "Kind", "Lane"]


class Lane(Enum):
    """The channels of the evidence.

    A scenario may have several connections of one kind; they are told apart by
    :attr:`Entry.connection` (``sideband``, ``sideband-2``, …).
    """

    HTTP = "http"
    WEBSOCKET = "ws"
    DATA_CHANNEL = "data-channel"
    SIDEBAND = "sideband"
    TRANSPORT = "transport"
    """ICE, DTLS and SCTP states, WebSocket handshakes and closes."""
    RTP_IN = "rtp-in"
    RTP_OUT = "rtp-out"
    HARNESS = "harness"
    """Notes of the harness: verdicts, measurements, what was switched on."""


class Direction(Enum):
    """Seen from the harness."""

    SENT = "sent"
    RECEIVED = "received"
    NOTE = "note"


class Kind(Enum):
    """What :attr:`Entry.data` holds."""

    EVENT = "event"
    """``data`` is the Realtime event itself."""
    RAW = "raw"
    """``{"text": …}`` or ``{"bytes": n, "why": …}``: a frame that is no JSON object."""
    REQUEST = "request"
    """``{"method", "url", "headers", "body"}``."""
    RESPONSE = "response"
    """``{"status", "headers", "body"}``."""
    STATE = "state"
    """``{"what": "ice"|"dtls"|"sctp"|"websocket"|…, "state": …, …}``."""
    MEDIA = "media"
    """``{"packets", "bytes", "level_dbfs", …}`` summed over an interval; ``levels_dbfs`` has the
    level of each frame of some 20 ms, ``None`` for digital silence. Where it was kept, the sound
    is in ``audio``, base64, with its ``format`` and ``rate``."""
    VERDICT = "verdict"
    """``{"check", "verdict", "reason"}``."""
    NOTE = "note"
    """``{"text": …, …}``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of evidence."""

    seq: int
    """Position in the scenario's evidence, from 0; also the tie-break of equal times."""

    t_ns: int
    """Nanoseconds on the scenario's monotonic clock; 0 is the scenario's start."""

    lane: Lane
    connection: str
    """Name of the connection on that lane (``client``, ``sideband``, ``sideband-2``, …)."""

    direction: Direction
    kind: Kind
    data: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the entry as the JSON object that the store writes."""
        return {
            "seq": self.seq,
            "t_ns": self.t_ns,
            "lane": self.lane.value,
            "connection": self.connection,
            "direction": self.direction.value,
            "kind": self.kind.value,
            "data": self.data,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Entry:
        """Read back what :meth:`to_json` wrote.

        Raises:
            KeyError, ValueError: if the object is not a line of evidence.

        """
        return cls(
            seq=value["seq"],
            t_ns=value["t_ns"],
            lane=Lane(value["lane"]),
            connection=value["connection"],
            direction=Direction(value["direction"]),
            kind=Kind(value["kind"]),
            data=value["data"],
        )
