"""What every call offers, whichever client makes it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from enum import Enum

from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.heard import ReceivedAudio
from realtime_harness.clients.signaling import HttpAnswer
from realtime_harness.errors import ConnectionRefused, EventNotReceived, TargetViolation
from realtime_harness.evidence import Lane, Recorder

__all__ = ["CHANNEL_LABEL", "Audio", "Call", "ChannelConnection"]

CHANNEL_LABEL = "oai-events"


class Audio(Enum):
    """What the audio section of the offer has behind it."""

    SILENT_TRACK = "silent-track"
    """A track that sends silence."""
    NO_FRAMES_TRACK = "no-frames-track"
    """A track that never sends a frame, like the empty one of a Web Audio destination."""
    NO_TRACK = "no-track"
    """A ``sendrecv`` transceiver without a track."""
    RECVONLY = "recvonly"
    """A ``recvonly`` transceiver."""
    TONE = "tone"
    """A track that sends a tone of 440 Hz at -12 dBFS."""


class ChannelConnection(EventConnection):
    """The ``oai-events`` data channel of a call."""

    def __init__(self, *, name: str, recorder: Recorder, patience_s: float = 5.0) -> None:
        super().__init__(
            name=name, lane=Lane.DATA_CHANNEL, recorder=recorder, patience_s=patience_s
        )
        self._opened = asyncio.Event()

    async def wait_open(self) -> None:
        """Wait until the channel is open, without a bound."""
        await self._opened.wait()

    def _on_open(self) -> None:
        self._recorder.state(self.name, self.lane.value, "open")
        self._opened.set()

    def _on_close(self) -> None:
        self._ended(code=None, reason="")


class Call(ABC):
    """A call: the peer connection that an offer and its answer make."""

    def __init__(
        self, answer: HttpAnswer, *, name: str, recorder: Recorder, patience_s: float = 5.0
    ) -> None:
        if answer.status != 201:
            raise ConnectionRefused(
                lane=name, status=answer.status, detail=answer.text[:500], answer=answer
            )
        self.answer = answer
        """What the offer was answered with."""
        self.name = name
        self.received_audio = ReceivedAudio(name, recorder, patience_s=patience_s)
        """What was heard so far."""
        self._recorder = recorder
        self._patience_s = patience_s
        self._connected = asyncio.Event()
        self._over = asyncio.Event()

    @property
    def id(self) -> str:
        """Call id: the last segment of the answer's ``Location``.

        Raises:
            TargetViolation: if the answer has none.

        """
        location = self.answer.headers.get("location", "").rstrip("/")
        if not location:
            raise TargetViolation("the answer to the offer has no Location header")
        return location.rpartition("/")[2]

    @property
    def events(self) -> ChannelConnection:
        """The data channel.

        Raises:
            AttributeError: if the call was made without one.

        """
        if self._channel is None:
            raise AttributeError(f"{self.name} was made without a data channel")
        return self._channel

    async def connect(self, *, timeout_s: float | None = None) -> None:
        """Apply the answer and wait until the transport stands and the data channel is open.

        Args:
            timeout_s: bound; twice the target's patience if not given, for transport and channel.

        Raises:
            TargetViolation: if the answer cannot be applied.
            EventNotReceived: if the connection does not come about in time.

        """
        await self._apply(self.answer.text)
        bound_s = 2 * self._patience_s if timeout_s is None else timeout_s
        try:
            async with asyncio.timeout(bound_s):
                await self._connected.wait()
                if self._channel is not None:
                    await self._channel.wait_open()
        except TimeoutError:
            raise EventNotReceived(
                expected="open data channel" if self._connected.is_set() else "DTLS connection",
                lane=self.name,
                timeout_s=bound_s,
                seen=[
                    f"{entry.data['what']} {entry.data['state']}"
                    for entry in self._recorder.entries
                    if entry.lane is Lane.TRANSPORT
                    and entry.connection == self.name
                    and "what" in entry.data
                ],
            ) from None

    async def wait_closed(self, timeout_s: float | None = None) -> None:
        """Wait until the other side has ended the call.

        Args:
            timeout_s: bound; the target's patience if not given.

        Raises:
            EventNotReceived: if the call still stands when the time is up.

        """
        bound_s = self._patience_s if timeout_s is None else timeout_s
        try:
            async with asyncio.timeout(bound_s):
                await self._over.wait()
        except TimeoutError:
            raise EventNotReceived(
                expected="end of the call", lane=self.name, timeout_s=bound_s, seen=[]
            ) from None

    @abstractmethod
    async def close(self) -> None:
        """Hang up: close the data channel and the peer. Idempotent."""

    @abstractmethod
    async def cut(self) -> None:
        """Break the call off without a word to the other side, as a lost network does.

        Raises:
            ClientCannot: if the client has no way to do that.

        """

    # What clients say.

    @property
    @abstractmethod
    def _channel(self) -> ChannelConnection | None:
        """The data channel, if the call was made with one."""

    @abstractmethod
    async def _apply(self, answer: str) -> None:
        """Apply the SDP answer; raise :class:`TargetViolation` if that cannot be done."""
