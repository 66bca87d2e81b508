"""Sound that is sent past aiortc's encoder and task. Needs aiortc to import."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

__all__ = ["OPUS_SILENCE", "PacedTrack"]

OPUS_SILENCE = b"\xf8\xff\xfe"
"""20 ms of Opus without content (CELT, full band)."""


class PacedTrack(MediaStreamTrack):
    """A track whose frames are encoded already, and asked for when they are due.

    Peers of :func:`realtime_harness.rtc.peer_connection` can send it, each 20 ms one frame; others
    cannot, because it has nothing to :meth:`recv`.
    """

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.frames = 0
        """How many were sent."""
        self.late = 0
        """How many of them were sent a frame's time after they were due, or later."""

    @abstractmethod
    def next_frame(self) -> bytes | None:
        """Return the payload of the next packet, or ``None`` to send none for 20 ms.

        Called in the middle of a beat for all calls, so it has to be quick.
        """

    async def recv(self) -> Any:
        """Have nothing to give.

        Raises:
            MediaStreamError: always.

        """
        raise MediaStreamError(f"{type(self).__name__} is sent by peers of realtime_harness.rtc")
