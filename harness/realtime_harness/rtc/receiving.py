"""RTP to whoever asked for it, past aiortc's queue, task and jitter buffer.

aiortc puts each datagram into a queue, from which a task takes it. For RTP that somebody asked for
here, that is left out: it is decrypted and handed on as it comes. Everything else goes aiortc's
way, and so do its reports of what was received.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from struct import Struct
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from realtime_harness.rtc.inside import require_attributes
from realtime_harness.rtc.metronome import Metronome

if TYPE_CHECKING:
    from aiortc import MediaStreamTrack, RTCDtlsTransport, RTCPeerConnection, RTCRtpReceiver
    from aiortc.rtcrtpparameters import RTCRtpCodecParameters

__all__ = [
    "Packet",
    "check_receivers",
    "damage_received_rtp",
    "hear",
    "ignore",
    "intercept",
    "tap_packets",
]

_HEADER = Struct("!BBHII").unpack_from
_HEADER_LENGTH = 12


class Packet(NamedTuple):
    """What is used of an RTP packet."""

    sequence_number: int
    timestamp: int
    payload: bytes


_Take: TypeAlias = "Callable[[Packet, RTCRtpCodecParameters], object]"

_takers: WeakKeyDictionary[RTCRtpReceiver, _Take] = WeakKeyDictionary()


def tap_packets(receiver: RTCRtpReceiver, listener: Callable[[int, bytes], object]) -> None:
    """Hand the RTP packets of a receiver on as they arrive, instead of decoding them.

    Costs a fraction of listening to its track, and there is no jitter buffer to smooth the
    arrivals. The track stays empty.

    Args:
        receiver: of one of our peers.
        listener: called with the RTP timestamp and the payload of each packet.

    """
    _takers[receiver] = lambda packet, codec: listener(packet.timestamp, packet.payload)


def hear(
    peer: RTCPeerConnection, track: MediaStreamTrack, listener: Callable[[bytes], object]
) -> None:
    """Hand the sound of a received audio track on, as soon as it can be: 24 kHz mono PCM16.

    Packets are put in order, and what was lost is silence, so that sound keeps its time. The
    track itself stays empty.

    Args:
        peer: one of ours.
        track: one that it receives.
        listener: called with each stretch of sound.

    """
    from realtime_harness.rtc.hearing import Ear

    for transceiver in peer.getTransceivers():
        if transceiver.receiver.track is track:
            _takers[transceiver.receiver] = Ear(listener)


def ignore(peer: RTCPeerConnection, track: MediaStreamTrack) -> None:
    """Drop what comes for a received track, instead of decoding it and keeping it for nobody.

    Args:
        peer: one of ours.
        track: one that it receives.

    """
    for transceiver in peer.getTransceivers():
        if transceiver.receiver.track is track:
            _takers[transceiver.receiver] = lambda packet, codec: None


def damage_received_rtp(peer: RTCPeerConnection, fate: Callable[[], float | None] | None) -> None:
    """Lose and delay the RTP that a peer receives, whoever asked for it.

    Args:
        peer: a connection that has its receivers.
        fate: of each packet: how late it is, in seconds, or ``None`` if it is lost. Without it,
            packets are left alone again.

    """
    for transport in {receiver.transport for receiver in peer.getReceivers()}:
        intercept(transport)
        ice: Any = transport.transport
        ice._connection.data_received.fate = fate


def check_receivers() -> None:
    """Check that we know the inside of aiortc's receivers.

    Raises:
        HarnessError: if we do not.

    """
    from aioice import Connection
    from aiortc import RTCDtlsTransport, RTCIceTransport, RTCRtpReceiver
    from aiortc.rtcdtlstransport import RtpRouter
    from aiortc.rtcrtpreceiver import StreamStatistics

    what = "receives packets"
    require_attributes(what, Connection, "data_received", "send")
    require_attributes(what, RTCIceTransport, "_connection", "_send")
    require_attributes(what, RTCDtlsTransport, "_rtp_router", "_rx_srtp")
    require_attributes(what, RTCDtlsTransport, "__rx_bytes", "__rx_packets")
    require_attributes(what, RTCRtpReceiver, "__codecs", "__remote_streams", "_enabled")
    require_attributes(what, RtpRouter, "route_rtp")
    require_attributes(what, StreamStatistics, "add")


def intercept(transport: RTCDtlsTransport) -> None:
    """Look at what comes in over a transport first. Idempotent.

    Also lets the metronome catch up with each datagram that comes or goes: a burst of them is
    what keeps an event loop from its timers longest.
    """
    ice: Any = transport.transport
    connection = ice._connection
    if isinstance(connection.__dict__.get("data_received"), _Intake):
        return
    connection.data_received = _Intake(transport, connection.data_received)
    send, metronome = ice._send, Metronome.running()

    async def send_in_turn(data: bytes) -> None:
        await send(data)
        metronome.catch_up()

    ice._send = send_in_turn


class _Intake:
    """Stands in for the ``data_received`` of an ICE connection."""

    def __init__(
        self, transport: RTCDtlsTransport, pass_on: Callable[[bytes, int], object]
    ) -> None:
        from aiortc.rtcrtpreceiver import StreamStatistics
        from aiortc.rtp import RtpPacket
        from pylibsrtp import Error

        self._clear_packet = RtpPacket
        self._statistics = StreamStatistics
        self._transport: Any = transport
        self._pass_on = pass_on
        self._catch_up = Metronome.running().catch_up
        self._receivers: dict[int, RTCRtpReceiver] = {}
        """By source (SSRC)."""
        self._srtp_error = Error
        self.fate: Callable[[], float | None] | None = None
        """Of each packet of RTP, see :func:`damage_received_rtp`."""

    def __call__(self, data: bytes, component: int) -> None:
        self._catch_up()
        # RTP and RTCP among all that comes (RFC 7983, 7; RFC 5761, 4).
        if len(data) > _HEADER_LENGTH and 127 < data[0] < 192 and not 192 <= data[1] <= 223:
            if self.fate is None:
                self._take_in(data, component)
            elif (late := self.fate()) is not None:
                asyncio.get_running_loop().call_later(late, self._take_in, data, component)
        else:
            self._pass_on(data, component)

    def _take_in(self, data: bytes, component: int) -> None:
        if self._transport._rx_srtp is not None:
            # The header is not encrypted.
            _, kind, number, timestamp, source = _HEADER(data)
            receiver: Any = self._receivers.get(source)
            if receiver is None:
                clear = self._clear_packet(kind & 0x7F, kind >> 7, number, timestamp, source)
                receiver = self._transport._rtp_router.route_rtp(clear)
                if receiver is not None:
                    self._receivers[source] = receiver
            if receiver is not None and (take := _takers.get(receiver)) is not None:
                codec = receiver._RTCRtpReceiver__codecs.get(kind & 0x7F)
                if (payload := self._decrypt(data)) is not None and codec is not None:
                    packet = Packet(number, timestamp, payload)
                    self._count(receiver, source, packet, codec)
                    take(packet, codec)
                return
        self._pass_on(data, component)

    def _decrypt(self, data: bytes) -> bytes | None:
        """Return the payload of a packet, ``None`` if it was not sent by the other peer."""
        transport = self._transport
        transport._RTCDtlsTransport__rx_bytes += len(data)
        transport._RTCDtlsTransport__rx_packets += 1
        try:
            return _payload(transport._rx_srtp.unprotect(data))
        except self._srtp_error:
            return None

    def _count(
        self, receiver: Any, source: int, packet: Packet, codec: RTCRtpCodecParameters
    ) -> None:
        """Keep the statistics from which aiortc reports what was received."""
        streams = receiver._RTCRtpReceiver__remote_streams
        stream = streams.get(source)
        if stream is None:
            stream = streams[source] = self._statistics(codec.clockRate)
        stream.add(packet)


def _payload(data: bytes) -> bytes:
    """Return what follows an RTP header, its sources and extensions, without padding."""
    first = data[0]
    start = _HEADER_LENGTH + 4 * (first & 0x0F)
    if first & 0x10:
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    return data[start : len(data) - data[-1]] if first & 0x20 else data[start:]
