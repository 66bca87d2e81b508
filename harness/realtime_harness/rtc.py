"""Everything we have to know of the inside of aiortc and aioice, in one place.

Both ends of our WebRTC connections are aiortc peers that should behave as guests on a developer's
machine: open no port that other machines can reach, ask no STUN server, and not burn a key pair
for each peer. aiortc has no options for the first and the last, so two functions are wrapped. The
wrappers look at context variables and are inert outside :func:`loopback_only` and
:func:`shared_certificate`; aiortc peers of other code in the same process are not affected.

Nothing is imported from aiortc until a function here is called.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from fractions import Fraction
from functools import cache, partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from realtime_harness.errors import HarnessError, MissingExtra

if TYPE_CHECKING:
    from aiortc import RTCConfiguration, RTCIceTransport, RTCPeerConnection, RTCRtpReceiver
    from aiortc.codecs.base import Decoder
    from aiortc.jitterbuffer import JitterFrame
    from aiortc.rtcrtpparameters import RTCRtpCodecParameters
    from aiortc.rtp import RtpPacket

__all__ = [
    "available",
    "close",
    "configuration",
    "cut",
    "damage_rtp",
    "loopback_only",
    "peer_connection",
    "shared_certificate",
    "tap_packets",
]

_ICE_REST_S = 1.0
"""Fifty times what aioice rests after each check."""

_OPUS_SILENCE = b"\xf8\xff\xfe"
"""20 ms without content, which is nearly all that many callers send."""

_loopback_only: ContextVar[bool] = ContextVar("loopback_only", default=False)
_shared_certificate: ContextVar[bool] = ContextVar("shared_certificate", default=False)


def available() -> bool:
    """Return whether the ``webrtc`` extra is installed."""
    return find_spec("aiortc") is not None


@contextmanager
def loopback_only() -> Iterator[None]:
    """Let peers gather 127.0.0.1 and nothing else, for as long as the context is entered.

    Gathering happens in ``setLocalDescription``, so that call has to be inside. aioice leaves
    127.0.0.1 out by itself, which also makes it useless on a machine without a network.

    Raises:
        MissingExtra: if aiortc is not installed.
        HarnessError: if this aioice has another inside than we know.

    """
    _wrap()
    token = _loopback_only.set(True)
    try:
        yield
    finally:
        _loopback_only.reset(token)


@contextmanager
def shared_certificate() -> Iterator[None]:
    """Let peers made inside share one certificate, instead of making a key pair each.

    Raises:
        MissingExtra: if aiortc is not installed.
        HarnessError: if this aiortc has another inside than we know.

    """
    _wrap()
    token = _shared_certificate.set(True)
    try:
        yield
    finally:
        _shared_certificate.reset(token)


def configuration() -> RTCConfiguration:
    """Return a configuration without STUN servers; aiortc's default asks one of Google's.

    Raises:
        MissingExtra: if aiortc is not installed.

    """
    _wrap()
    from aiortc import RTCConfiguration

    return RTCConfiguration(iceServers=[])


def peer_connection() -> RTCPeerConnection:
    """Return a new peer with :func:`configuration` and the certificate of the process.

    It decodes sound on the event loop, without a thread of its own.

    Raises:
        MissingExtra: if aiortc is not installed.

    """
    _wrap()
    with shared_certificate():
        return _peer_class()(configuration())


async def close(peer: RTCPeerConnection) -> None:
    """Close a peer, whatever it is about. Idempotent.

    aiortc goes on connecting a peer that is closed meanwhile: it would start to send on transports
    that are gone, and ask the other side for consent every few seconds, for ever. Peers made by
    :func:`peer_connection` are stopped at that first; of others, ICE is waited for and then ended.
    """
    connecting: set[asyncio.Task[Any]] = getattr(peer, "connecting", set())
    connecting = connecting - {asyncio.current_task()}
    for task in connecting:
        task.cancel()
    if connecting:
        await asyncio.wait(connecting)
    transports = _ice_transports(peer)
    await peer.close()
    for transport in transports:
        begun = getattr(transport, "_RTCIceTransport__start", None)
        if begun is not None and not connecting:
            with suppress(TimeoutError):
                async with asyncio.timeout(_ICE_REST_S):
                    await begun.wait()
        await transport._connection.close()


async def cut(peer: RTCPeerConnection) -> None:
    """Break a peer off without a word to the other side, as a lost network does, then close it.

    The other side notices when ICE consent expires (RFC 7675: within 30 s).
    """
    for transport in _ice_transports(peer):
        # With the sockets gone first, closing cannot send DTLS or SCTP farewells.
        await transport._connection.close()
    await close(peer)


def tap_packets(receiver: RTCRtpReceiver, listener: Callable[[int, bytes], object]) -> None:
    """Hand the RTP packets of a receiver on as they arrive, instead of decoding them.

    Costs a fraction of listening to its track, and there is no jitter buffer to smooth the
    arrivals. The track stays empty, and no reception is reported to the sender.

    Args:
        receiver: of one of our peers.
        listener: called with the RTP timestamp and the payload of each packet.

    Raises:
        HarnessError: if this aiortc has another inside than we know.

    """
    inside: Any = receiver
    handle = getattr(inside, "_handle_rtp_packet", None)
    if handle is None or list(inspect.signature(handle).parameters) != [
        "packet",
        "arrival_time_ms",
    ]:
        raise HarnessError("this version of aiortc receives packets in a way we do not know")

    async def hand_on(packet: RtpPacket, arrival_time_ms: int) -> None:
        listener(packet.timestamp, packet.payload)

    inside._handle_rtp_packet = hand_on


def damage_rtp(peer: RTCPeerConnection, fate: Callable[[], float | None] | None) -> None:
    """Lose and delay the RTP that a peer sends.

    Args:
        peer: a connection that has its senders.
        fate: tells for each packet how late it is, in seconds, or ``None`` if it is lost. Without
            it, packets are left alone again.

    """
    for transport in {sender.transport for sender in peer.getSenders()}:
        # aiortc's senders look the method up for each packet, so an instance's own takes effect.
        transport.__dict__.pop("_send_rtp", None)
        if fate is not None:
            transport.__dict__["_send_rtp"] = partial(_send_damaged, transport._send_rtp, fate)


async def _send_damaged(
    send: Callable[[bytes], Awaitable[None]], fate: Callable[[], float | None], data: bytes
) -> None:
    is_rtcp = len(data) > 1 and 192 <= data[1] <= 223
    late = 0.0 if is_rtcp else fate()
    if late is None:
        return
    if late:
        await asyncio.sleep(late)
    await send(data)


def _ice_transports(peer: RTCPeerConnection) -> set[RTCIceTransport]:
    transports = {each.receiver.transport.transport for each in peer.getTransceivers()}
    if peer.sctp is not None:
        transports.add(peer.sctp.transport.transport)
    return transports


@cache
def _peer_class() -> type[RTCPeerConnection]:
    """Make the class of our peers.

    They know the tasks in which they connect, and decode sound on the event loop.
    """
    from aiortc import RTCPeerConnection

    if not hasattr(RTCPeerConnection, "_RTCPeerConnection__connect"):
        raise HarnessError("this version of aiortc connects in a way we do not know")

    _wrap_decoders()

    class Peer(RTCPeerConnection):
        def __init__(self, configuration: RTCConfiguration) -> None:
            super().__init__(configuration)
            self.connecting: set[asyncio.Task[Any]] = set()

        async def _RTCPeerConnection__connect(self) -> None:
            task = asyncio.current_task()
            assert task is not None
            self.connecting.add(task)
            for transceiver in self.getTransceivers():
                if transceiver.kind == "audio":
                    _decode_on_loop(transceiver.receiver)
            try:
                await super()._RTCPeerConnection__connect()  # type: ignore[misc]
            finally:
                self.connecting.discard(task)

    return Peer


class _LoopDecoder:
    """Stands in for the queue to a decoder's thread, and decodes what is put into it at once.

    Decoding 20 ms of sound takes less time than handing them to a thread and back. And the thread
    holds the interpreter's lock just when the loop wants it back from libsrtp, packet by packet:
    with some ten calls in one process, everything on the loop was seconds late.
    """

    def __init__(self, frames: asyncio.Queue[Any]) -> None:
        self._frames = frames
        self._name = ""
        self._decoder: Decoder | None = None
        self._last = b""

    def put(self, task: tuple[RTCRtpCodecParameters, JitterFrame] | None) -> None:
        if task is None:
            self._frames.put_nowait(None)
            return
        from aiortc.codecs import get_decoder
        from av import AudioFrame, FFmpegError

        codec, encoded = task
        if encoded.data == self._last == _OPUS_SILENCE:
            frame = AudioFrame(format="s16", layout="stereo", samples=960)
            frame.planes[0].update(bytes(3840))
            frame.sample_rate, frame.pts = 48000, encoded.timestamp
            frame.time_base = Fraction(1, 48000)
            self._frames.put_nowait(frame)
            return
        self._last = encoded.data
        if self._decoder is None or codec.name != self._name:
            self._name, self._decoder = codec.name, get_decoder(codec)
        with suppress(FFmpegError):  # as the thread does: what cannot be decoded is lost
            for decoded in self._decoder.decode(encoded):
                self._frames.put_nowait(decoded)


def _decode_on_loop(receiver: RTCRtpReceiver) -> None:
    """Do it, unless it is done or there is nothing to receive. Before the receiver starts."""
    inside: Any = receiver
    if inside._track is not None and not isinstance(
        inside._RTCRtpReceiver__decoder_queue, _LoopDecoder
    ):
        inside._RTCRtpReceiver__decoder_queue = _LoopDecoder(inside._track._queue)


@cache
def _wrap_decoders() -> None:
    """Let threads that would wait for a :class:`_LoopDecoder` end at once."""
    from aiortc import rtcrtpreceiver

    work = rtcrtpreceiver.decoder_worker
    if list(inspect.signature(work).parameters)[:2] != ["loop", "input_q"] or (
        "_RTCRtpReceiver__decoder_queue"
        not in rtcrtpreceiver.RTCRtpReceiver.__init__.__code__.co_names
    ):
        raise HarnessError("this version of aiortc decodes in a way we do not know")

    def decoder_worker(loop: Any, input_q: Any, *more: Any) -> None:
        if not isinstance(input_q, _LoopDecoder):
            work(loop, input_q, *more)

    wrapped: Any = decoder_worker
    rtcrtpreceiver.decoder_worker = wrapped


@cache
def _wrap() -> None:
    """Install the wrappers, once for each process."""
    if not available():
        raise MissingExtra("webrtc")
    import aioice.ice
    from aiortc import RTCCertificate

    gather = getattr(aioice.ice, "get_host_addresses", None)
    if gather is None or list(inspect.signature(gather).parameters) != ["use_ipv4", "use_ipv6"]:
        raise HarnessError("this version of aioice gathers its addresses in a way we do not know")
    generate = RTCCertificate.generateCertificate

    def get_host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        if _loopback_only.get():
            return ["127.0.0.1"]
        addresses: list[str] = gather(use_ipv4=use_ipv4, use_ipv6=use_ipv6)
        return addresses

    @cache
    def shared() -> RTCCertificate:
        return generate()

    def generate_certificate(cls: type[RTCCertificate]) -> RTCCertificate:
        return shared() if _shared_certificate.get() else generate()

    aioice.ice.get_host_addresses = get_host_addresses
    wrapped: Any = classmethod(generate_certificate)
    RTCCertificate.generateCertificate = wrapped  # type: ignore[method-assign]
