"""What comes in over a transport, looked at before aioice and aiortc do. Needs aiortc to import.

aioice takes each datagram for a STUN message first, and aiortc puts what is none into a queue, from
which a task takes it. RTP that somebody asked for, or that nobody wants, is taken out before that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from struct import Struct
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import RtpPacket
from pylibsrtp import Error as SrtpError

from realtime_harness.rtc.metronome import Metronome

if TYPE_CHECKING:
    from aiortc import RTCDtlsTransport, RTCRtpReceiver
    from aiortc.rtcrtpparameters import RTCRtpCodecParameters

__all__ = ["Intake", "Packet", "Take", "intercept", "payload_of", "take"]

_HEADER = Struct("!BBHII").unpack_from
_HEADER_LENGTH = 12
_HALF = 1 << 31
"""Of what there are of RTP timestamps."""
_UNWANTED = 63
"""Of packets that nobody wants, those are decrypted whose number has none of these bits: one a
second, so that decryption keeps up with the numbers, which begin anew after 65535."""

_PassOn: TypeAlias = Callable[[bytes, Any], object]


class Packet(NamedTuple):
    """What is used of an RTP packet."""

    sequence_number: int
    timestamp: int
    payload: bytes


Take: TypeAlias = "Callable[[Packet, RTCRtpCodecParameters], object]"


class _Wanted:
    """What becomes of the packets of a receiver."""

    __slots__ = ("take",)

    def __init__(self) -> None:
        self.take: Take | None = None
        """Gets them; ``None`` if nobody wants them."""


_WANTED = "_wanted_by_realtime_harness"
"""Where a receiver has its :class:`_Wanted`. A table of ours would keep both for ever, even a weak
one: who listens knows the peer, and the peer its receiver."""


def take(receiver: RTCRtpReceiver, listener: Take | None) -> None:
    """Hand the packets of a receiver to a listener from now on, or to nobody."""
    vars(receiver).setdefault(_WANTED, _Wanted()).take = listener


def intercept(transport: RTCDtlsTransport) -> Intake:
    """Look at what comes in over a transport first. Idempotent, and once it has its sockets.

    Also lets the metronome catch up with each datagram that comes or goes: a burst of them is
    what keeps an event loop from its timers longest.
    """
    ice: Any = transport.transport
    protocols = ice._connection._protocols
    for protocol in protocols:
        received = protocol.__dict__.get("datagram_received")
        if isinstance(received, partial) and isinstance(received.func, Intake):
            return received.func
    intake = Intake(transport)
    for protocol in protocols:
        protocol.datagram_received = partial(intake, protocol.datagram_received)
    send, metronome = ice._send, Metronome.running()

    async def send_in_turn(data: bytes) -> None:
        await send(data)
        metronome.catch_up()

    ice._send = send_in_turn
    return intake


class Intake:
    """Stands in for the ``datagram_received`` of the sockets of a transport."""

    def __init__(self, transport: RTCDtlsTransport) -> None:
        self._transport: Any = transport
        self._catch_up = Metronome.running().catch_up
        self._streams: dict[int, _Stream] = {}
        """By source (SSRC)."""
        self.fate: Callable[[], float | None] | None = None
        """Of each packet of RTP: how late it is, in seconds, or ``None`` if it is lost."""

    def __call__(self, pass_on: _PassOn, data: bytes, address: Any) -> None:
        """Take a datagram in, or pass it on."""
        self._catch_up()
        # RTP and RTCP among all that comes (RFC 7983, 7; RFC 5761, 4).
        if len(data) > _HEADER_LENGTH and 127 < data[0] < 192 and not 192 <= data[1] <= 223:
            if self.fate is None:
                self._take_in(pass_on, data, address)
            elif (late := self.fate()) is not None:
                loop = asyncio.get_running_loop()
                loop.call_later(late, self._take_in, pass_on, data, address)
        else:
            pass_on(data, address)

    def _take_in(self, pass_on: _PassOn, data: bytes, address: Any) -> None:
        # The header is not encrypted.
        _, kind, number, timestamp, source = _HEADER(data)
        stream = self._streams.get(source)
        if stream is None:
            stream = self._stream(kind, number, timestamp, source)
            if stream is None:
                pass_on(data, address)
                return
        transport = self._transport
        transport._RTCDtlsTransport__rx_bytes += len(data)
        transport._RTCDtlsTransport__rx_packets += 1
        codec = stream.codecs.get(kind & 0x7F)
        if codec is None:
            return
        take = stream.wanted.take
        if take is None and number & _UNWANTED and stream.statistics is not None:
            stream.count(number, timestamp, codec)
            return
        try:
            clear = transport._rx_srtp.unprotect(data)
        except SrtpError:
            return  # not sent by the other peer
        stream.count(number, timestamp, codec)
        if take is not None:
            take(Packet(number, timestamp, payload_of(clear)), codec)

    def _stream(self, kind: int, number: int, timestamp: int, source: int) -> _Stream | None:
        """Return the stream of a source; ``None`` if its packets are left to aiortc."""
        if self._transport._rx_srtp is None:
            return None
        packet = RtpPacket(kind & 0x7F, kind >> 7, number, timestamp, source)
        receiver = self._transport._rtp_router.route_rtp(packet)
        if receiver is None or (wanted := vars(receiver).get(_WANTED)) is None:
            return None
        stream = self._streams[source] = _Stream(receiver, source, wanted)
        return stream


class _Stream:
    """The packets of one source."""

    __slots__ = ("_last", "_receiver", "_source", "codecs", "statistics", "wanted")

    def __init__(self, receiver: Any, source: int, wanted: _Wanted) -> None:
        self.codecs: dict[int, RTCRtpCodecParameters] = receiver._RTCRtpReceiver__codecs
        """By payload type."""
        self.wanted = wanted
        self.statistics: StreamStatistics | None = None
        """From which aiortc reports what was received; ``None`` before the first packet."""
        self._receiver = receiver
        self._source = source
        self._last = _Last()

    def count(self, number: int, timestamp: int, codec: RTCRtpCodecParameters) -> None:
        """Note that a packet has come."""
        if self.statistics is None:
            self.statistics = self._receiver._RTCRtpReceiver__remote_streams.setdefault(
                self._source, StreamStatistics(codec.clockRate)
            )
        last = self._last
        if last.timestamp - timestamp > _HALF:
            # Timestamps begin anew. To aiortc's jitter that would be a packet of a day before.
            self.statistics._last_timestamp = last.timestamp - (_HALF << 1)
        last.sequence_number, last.timestamp = number, timestamp
        self.statistics.add(last)  # type: ignore[arg-type]


class _Last:
    """What statistics want to know of a packet."""

    __slots__ = ("sequence_number", "timestamp")

    def __init__(self) -> None:
        self.sequence_number = self.timestamp = 0


def payload_of(data: bytes) -> bytes:
    """Return what follows an RTP header, its sources and extensions, without padding."""
    first = data[0]
    start = _HEADER_LENGTH + 4 * (first & 0x0F)
    if first & 0x10:
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    return data[start : len(data) - data[-1]] if first & 0x20 else data[start:]
