"""WebRTC calls: a peer connection, its data channel, and what is heard of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

from realtime_harness import rtc
from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.heard import ReceivedAudio
from realtime_harness.clients.signaling import Form, HttpAnswer, Signaling
from realtime_harness.errors import (
    ConnectionRefused,
    EventNotReceived,
    TargetViolation,
)
from realtime_harness.evidence import Lane, Recorder
from realtime_harness.targets.target import Target

if TYPE_CHECKING:
    from aiortc import RTCDataChannel, RTCPeerConnection

__all__ = ["Audio", "Call", "DataChannelConnection", "open_call"]

_CHANNEL_LABEL = "oai-events"
_CLOSE_TIMEOUT_S = 5.0
_OVER = frozenset({"closed", "failed"})


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


class DataChannelConnection(EventConnection):
    """The ``oai-events`` data channel of a call."""

    def __init__(
        self, channel: RTCDataChannel, *, name: str, recorder: Recorder, patience_s: float = 5.0
    ) -> None:
        super().__init__(
            name=name, lane=Lane.DATA_CHANNEL, recorder=recorder, patience_s=patience_s
        )
        self._channel = channel
        self._opened = asyncio.Event()
        channel.on("open", self._on_open)
        channel.on("message", self._received)
        channel.on("close", self._on_close)

    async def wait_open(self) -> None:
        """Wait until the channel is open, without a bound."""
        await self._opened.wait()

    def _on_open(self) -> None:
        self._recorder.state(self.name, self.lane.value, "open")
        self._opened.set()

    def _on_close(self) -> None:
        self._ended(code=None, reason="")

    async def _transmit(self, frame: str | bytes) -> None:
        if self._channel.readyState != "open":
            raise ConnectionResetError(f"the data channel is {self._channel.readyState}")
        self._channel.send(frame)

    async def _shut(self) -> None:
        self._channel.close()


class Call:
    """A call: the peer connection that an offer and its answer make.

    Use :func:`open_call` to make one.
    """

    def __init__(
        self,
        peer: RTCPeerConnection,
        answer: HttpAnswer,
        *,
        name: str,
        recorder: Recorder,
        patience_s: float = 5.0,
    ) -> None:
        self.answer = answer
        """What the offer was answered with."""
        self.name = name
        self.received_audio = ReceivedAudio(name, recorder, patience_s=patience_s)
        """What was heard so far."""
        self.peer = peer
        """The aiortc peer connection, for what this class does not offer."""
        self._recorder = recorder
        self._patience_s = patience_s
        self._events: DataChannelConnection | None = None
        self._over = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None

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
    def events(self) -> DataChannelConnection:
        """The data channel.

        Raises:
            AttributeError: if the call was made without one.

        """
        if self._events is None:
            raise AttributeError(f"{self.name} was made without a data channel")
        return self._events

    async def connect(self, *, timeout_s: float | None = None) -> None:
        """Apply the answer and wait until the transport stands and the data channel is open.

        Args:
            timeout_s: bound; twice the target's patience if not given, for transport and channel.

        Raises:
            TargetViolation: if the answer cannot be applied.
            EventNotReceived: if the connection does not come about in time.

        """
        from aiortc import RTCSessionDescription

        try:
            await self.peer.setRemoteDescription(
                RTCSessionDescription(sdp=self.answer.text, type="answer")
            )
        except Exception as error:
            raise TargetViolation(f"the SDP answer cannot be applied: {error!r}") from error
        connected = self._watch_transports()
        bound_s = 2 * self._patience_s if timeout_s is None else timeout_s
        try:
            async with asyncio.timeout(bound_s):
                await connected.wait()
                if self._events is not None:
                    await self._events.wait_open()
        except TimeoutError:
            missing = "open data channel" if connected.is_set() else "DTLS connection"
            raise EventNotReceived(
                expected=missing,
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

    async def close(self) -> None:
        """Hang up: close the data channel and the peer. Idempotent."""
        if self._events is not None:
            await self._events.close()
        # Not canceled when the time is up: a half-closed peer is worse than a late one.
        await asyncio.wait({asyncio.ensure_future(rtc.close(self.peer))}, timeout=_CLOSE_TIMEOUT_S)
        await self._stop_listening()

    async def cut(self) -> None:
        """Break the call off without a word to the other side, as a lost network does."""
        await rtc.cut(self.peer)
        await self._stop_listening()

    # Inside.

    def _add_channel(self, channel: RTCDataChannel) -> None:
        self._events = DataChannelConnection(
            channel, name=self.name, recorder=self._recorder, patience_s=self._patience_s
        )
        channel.on("close", self._over.set)

    def _watch_peer(self) -> None:
        for what in ("iceGatheringState", "iceConnectionState", "connectionState"):
            self.peer.on(what.lower() + "change", self._state_recorder(what))

        @self.peer.on("track")
        def on_track(track: Any) -> None:
            self._recorder.state(self.name, "track", "received", track_kind=track.kind)
            self._listener = asyncio.create_task(
                self.received_audio.listen(track), name=f"listen {self.name}"
            )

    def _state_recorder(self, what: str) -> Any:
        return lambda: self._recorder.state(self.name, what, getattr(self.peer, what))

    def _watch_transports(self) -> asyncio.Event:
        """Record DTLS and SCTP states; return the event that is set when DTLS is connected.

        Only after the answer is applied is it known which transports bundling leaves over; they
        begin to connect with the next turn of the loop.
        """
        connected = asyncio.Event()
        transports = {t.receiver.transport for t in self.peer.getTransceivers()}
        if self.peer.sctp is not None:
            transports.add(self.peer.sctp.transport)
        for transport in transports:

            def on_change(transport: Any = transport) -> None:
                self._recorder.state(self.name, "dtls", transport.state)
                if transport.state == "connected":
                    connected.set()
                elif transport.state in _OVER:
                    self._over.set()

            transport.on("statechange", on_change)
        return connected

    async def _stop_listening(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener
            self._listener = None


async def open_call(
    target: Target,
    signaling: Signaling,
    recorder: Recorder,
    *,
    name: str,
    audio: Audio = Audio.SILENT_TRACK,
    data_channel: bool = True,
    session: Mapping[str, Any] | None = None,
    key: str | None = None,
    connect: bool = True,
    timeout_s: float | None = None,
) -> Call:
    """Make an offer, post it and connect.

    Args:
        target: the endpoint.
        signaling: posts the offer.
        recorder: where everything is written down.
        name: of the call in the evidence.
        audio: what the audio section of the offer has behind it.
        data_channel: whether the offer has a data channel.
        session: configuration of the call, posted beside the offer. Without it, the offer is
            posted bare, with the target's model in the query unless ``key`` is an ephemeral one.
        key: the target's own if not given.
        connect: ``False`` to return as soon as the offer is answered; :meth:`Call.connect` goes on.
        timeout_s: bound on the transport and the data channel, after the answer; twice the
            target's patience if not given.

    Raises:
        MissingExtra: if aiortc is not installed.
        ConnectionRefused: if the offer is not answered with 201; ``answer`` has the response.
        EventNotReceived: if the connection does not come about in time.

    """
    peer = rtc.peer_connection()
    try:
        call = await _offer(
            peer,
            target,
            signaling,
            recorder,
            name=name,
            audio=audio,
            data_channel=data_channel,
            session=session,
            key=key,
        )
    except BaseException:
        await rtc.close(peer)
        raise
    try:
        if connect:
            await call.connect(timeout_s=timeout_s)
    except BaseException:
        await call.close()
        raise
    return call


async def _offer(
    peer: RTCPeerConnection,
    target: Target,
    signaling: Signaling,
    recorder: Recorder,
    *,
    name: str,
    audio: Audio,
    data_channel: bool,
    session: Mapping[str, Any] | None,
    key: str | None,
) -> Call:
    from realtime_harness.clients.tracks import add_audio

    add_audio(peer, audio.value)
    channel = peer.createDataChannel(_CHANNEL_LABEL) if data_channel else None
    with rtc.loopback_only() if target.is_loopback else contextlib.nullcontext():
        await peer.setLocalDescription(await peer.createOffer())
    ephemeral = key is not None and key.startswith("ek_")
    answer = await signaling.create_call(
        peer.localDescription.sdp,
        session=session,
        key=key,
        model=None if session is not None or ephemeral else target.model,
        form=Form.SDP if session is None else Form.MULTIPART,
    )
    if answer.status != 201:
        raise ConnectionRefused(
            lane=name, status=answer.status, detail=answer.text[:500], answer=answer
        )
    call = Call(peer, answer, name=name, recorder=recorder, patience_s=target.patience_s)
    call._watch_peer()
    if channel is not None:
        call._add_channel(channel)
    return call
