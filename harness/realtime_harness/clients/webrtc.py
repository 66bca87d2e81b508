"""WebRTC calls made with aiortc: a peer connection, its data channel, what is heard of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from realtime_harness import rtc
from realtime_harness.clients.call import CHANNEL_LABEL, Audio, Call, ChannelConnection
from realtime_harness.clients.heard import LevelLog
from realtime_harness.clients.signaling import Form, HttpAnswer, Signaling
from realtime_harness.errors import TargetViolation
from realtime_harness.evidence import Direction, Recorder
from realtime_harness.targets.target import Target

if TYPE_CHECKING:
    from aiortc import MediaStreamTrack, RTCDataChannel, RTCPeerConnection

__all__ = [
    "Audio",
    "Call",
    "DataChannelConnection",
    "PeerCall",
    "SetUp",
    "open_call",
    "post_offer",
]

_CLOSE_TIMEOUT_S = 5.0
_OVER = frozenset({"closed", "failed"})


@dataclass(slots=True)
class SetUp:
    """When a call had come how far, by the clock of its recorder; 0: not yet."""

    begun_ns: int
    """Before the offer was made, for which addresses are gathered."""
    posted_ns: int = 0
    answered_ns: int = 0
    """When the whole answer to the offer was read."""
    ice_ns: int = 0
    """When ICE had chosen a pair of candidates."""
    dtls_ns: int = 0
    """When the DTLS handshake was over."""
    open_ns: int = 0
    """When the data channel was open, on an SCTP association."""


class DataChannelConnection(ChannelConnection):
    """The data channel of an aiortc peer."""

    def __init__(
        self, channel: RTCDataChannel, *, name: str, recorder: Recorder, patience_s: float = 5.0
    ) -> None:
        super().__init__(name=name, recorder=recorder, patience_s=patience_s)
        self._channel = channel
        channel.on("open", self._on_open)
        channel.on("message", self._received)
        channel.on("close", self._on_close)

    async def _transmit(self, frame: str | bytes) -> None:
        if self._channel.readyState != "open":
            raise ConnectionResetError(f"the data channel is {self._channel.readyState}")
        self._channel.send(frame)

    async def _shut(self) -> None:
        self._channel.close()


class PeerCall(Call):
    """A call of an aiortc peer.

    Use :func:`open_call` to make one.
    """

    def __init__(
        self,
        peer: RTCPeerConnection,
        answer: HttpAnswer,
        sent: LevelLog,
        set_up: SetUp,
        *,
        name: str,
        recorder: Recorder,
        patience_s: float = 5.0,
    ) -> None:
        super().__init__(answer, name=name, recorder=recorder, patience_s=patience_s)
        self.set_up = set_up
        """When its connection came about."""
        self.peer = peer
        """The aiortc peer connection, for what this class does not offer."""
        self._events: DataChannelConnection | None = None
        self._listener: asyncio.Task[None] | None = None
        self._sent = sent

    async def close(self) -> None:
        """Hang up: close the data channel and the peer. Idempotent."""
        if self._events is not None:
            await self._events.close()
        # Not canceled when the time is up: a half-closed peer is worse than a late one.
        await asyncio.wait({asyncio.ensure_future(rtc.close(self.peer))}, timeout=_CLOSE_TIMEOUT_S)
        await self._stop_listening()
        self._sent.write(self._recorder.now_ns())

    async def cut(self) -> None:
        """Break the call off without a word to the other side, as a lost network does."""
        await rtc.cut(self.peer)
        await self._stop_listening()

    # Inside.

    @property
    def _channel(self) -> DataChannelConnection | None:
        return self._events

    async def _apply(self, answer: str) -> None:
        from aiortc import RTCSessionDescription

        try:
            await self.peer.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
        except Exception as error:
            raise TargetViolation(f"the SDP answer cannot be applied: {error!r}") from error
        self._watch_transports()

    def _add_channel(self, channel: RTCDataChannel) -> None:
        self._events = DataChannelConnection(
            channel, name=self.name, recorder=self._recorder, patience_s=self._patience_s
        )
        channel.on("open", self._note_open)
        channel.on("close", self._over.set)

    def _note_open(self) -> None:
        self.set_up.open_ns = self._recorder.now_ns()

    def _watch_peer(self, *, listens: bool) -> None:
        for what in ("iceGatheringState", "iceConnectionState", "connectionState"):
            self.peer.on(what.lower() + "change", self._state_recorder(what))

        @self.peer.on("track")
        def on_track(track: Any) -> None:
            self._recorder.state(self.name, "track", "received", track_kind=track.kind)
            if not listens:
                rtc.ignore(self.peer, track)
                return
            self._listener = asyncio.create_task(
                self.received_audio.listen(track), name=f"listen {self.name}"
            )

    def _state_recorder(self, what: str) -> Any:
        return lambda: self._recorder.state(self.name, what, getattr(self.peer, what))

    def _watch_transports(self) -> None:
        """Record DTLS states, and note how far ICE and DTLS are.

        Only after the answer is applied is it known which transports bundling leaves over; they
        begin to connect with the next turn of the loop.
        """
        transports = {t.receiver.transport for t in self.peer.getTransceivers()}
        if self.peer.sctp is not None:
            transports.add(self.peer.sctp.transport)
        for transport in transports:

            def on_change(transport: Any = transport) -> None:
                self._recorder.state(self.name, "dtls", transport.state)
                if transport.state == "connected":
                    self.set_up.dtls_ns = self._recorder.now_ns()
                    self._connected.set()
                elif transport.state in _OVER:
                    self._over.set()

            def on_ice_change(ice: Any = transport.transport) -> None:
                if ice.state == "completed":
                    self.set_up.ice_ns = self._recorder.now_ns()

            transport.on("statechange", on_change)
            transport.transport.on("statechange", on_ice_change)

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
    track: MediaStreamTrack | None = None,
    peer: RTCPeerConnection | None = None,
    listens: bool = True,
) -> PeerCall:
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
        track: sent instead of what ``audio`` says.
        peer: a new one, if not ours; closed with the call, or if there is none.
        listens: whether what is heard is metered. If not, or with a ``track``, it is dropped until
            somebody listens with :func:`realtime_harness.rtc.hear`.

    Raises:
        MissingExtra: if aiortc is not installed.
        ConnectionRefused: if the offer is not answered with 201; ``answer`` has the response.
        EventNotReceived: if the connection does not come about in time.

    """
    peer = rtc.peer_connection() if peer is None else peer
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
            track=track,
            listens=listens and track is None,
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
    track: MediaStreamTrack | None,
    listens: bool,
) -> PeerCall:
    set_up = SetUp(recorder.now_ns())
    sent = LevelLog(name, recorder, Direction.SENT)
    if track is not None:
        peer.addTrack(track)
    else:
        from realtime_harness.clients.tracks import add_audio

        add_audio(peer, audio.value, lambda samples: sent.add(samples, recorder.now_ns()))
    channel = peer.createDataChannel(CHANNEL_LABEL) if data_channel else None
    with rtc.loopback_only() if target.is_loopback else contextlib.nullcontext():
        await peer.setLocalDescription(await peer.createOffer())
    set_up.posted_ns = recorder.now_ns()
    answer = await post_offer(
        target, signaling, peer.localDescription.sdp, session=session, key=key
    )
    set_up.answered_ns = recorder.now_ns()
    call = PeerCall(
        peer, answer, sent, set_up, name=name, recorder=recorder, patience_s=target.patience_s
    )
    call._watch_peer(listens=listens)
    if channel is not None:
        call._add_channel(channel)
    return call


async def post_offer(
    target: Target,
    signaling: Signaling,
    sdp: str,
    *,
    session: Mapping[str, Any] | None,
    key: str | None,
) -> HttpAnswer:
    """Post the offer of a call, in the form that its session and its key ask for."""
    ephemeral = key is not None and key.startswith("ek_")
    return await signaling.create_call(
        sdp,
        session=session,
        key=key,
        model=None if session is not None or ephemeral else target.model,
        form=Form.SDP if session is None else Form.MULTIPART,
    )
