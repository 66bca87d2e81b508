"""RTP past aiortc's task for each sender, and what faults do to it.

Of what aiortc's senders do, this leaves out what audio does not need: a history for
retransmission, and the header extensions that change with each packet. Reports (RTCP) and
statistics are theirs still.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from struct import Struct
from time import monotonic, time
from typing import TYPE_CHECKING, Any, TypeAlias

from realtime_harness.rtc.inside import require_attributes
from realtime_harness.rtc.metronome import PERIOD_S, Metronome

if TYPE_CHECKING:
    from aiortc import RTCPeerConnection, RTCRtpSender
    from aiortc.rtcrtpparameters import RTCRtpCodecParameters

    from realtime_harness.rtc.tracks import PacedTrack

__all__ = ["Fate", "check_senders", "damage_rtp", "take_over_sender"]

Fate: TypeAlias = Callable[[], float | None]
"""Tells of the next packet how late it is, in seconds, or ``None`` if it is lost."""

_HEADER = Struct("!BBHII").pack
_VERSION_2 = 0x80
_EXTENDED = 0x10
_MARKER = 0x80
_NTP_EPOCH = 2_208_988_800
"""Seconds from the beginning of NTP's era to that of Unix time."""


def damage_rtp(peer: RTCPeerConnection, fate: Fate | None) -> None:
    """Lose and delay the RTP that a peer sends.

    Args:
        peer: a connection that has its senders.
        fate: of each packet. Without it, packets are left alone again.

    """
    for transport in {sender.transport for sender in peer.getSenders()}:
        # aiortc's senders look the method up for each packet, so an instance's own takes effect.
        transport.__dict__.pop("_send_rtp", None)
        if fate is not None:
            transport.__dict__["_send_rtp"] = _Damage(transport._send_rtp, fate)


class _Damage:
    """Stands in for a transport's ``_send_rtp``."""

    def __init__(self, send: Callable[[bytes], Awaitable[None]], fate: Fate) -> None:
        self.fate = fate
        self._send = send

    async def __call__(self, data: bytes) -> None:
        is_rtcp = len(data) > 1 and 192 <= data[1] <= 223
        late = 0.0 if is_rtcp else self.fate()
        if late is None:
            return
        if late:
            await asyncio.sleep(late)
        await self._send(data)


def check_senders() -> None:
    """Check that we know the inside of aiortc's senders.

    Raises:
        HarnessError: if we do not.

    """
    from aioice import Connection
    from aiortc import RTCDtlsTransport, RTCRtpSender

    what = "sends packets"
    counters = ("__ntp_timestamp", "__rtp_timestamp", "__octet_count", "__packet_count")
    events = ("__rtp_started", "__rtp_exited")
    require_attributes(what, RTCRtpSender, "_run_rtp", "_ssrc", "_enabled", *counters, *events)
    require_attributes(what, RTCRtpSender, "__mid", "__rtp_header_extensions_map")
    require_attributes(what, RTCDtlsTransport, "_tx_srtp", "__tx_bytes", "__tx_packets", "_state")
    require_attributes(what, Connection, "_nominated")


def take_over_sender(sender: RTCRtpSender) -> None:
    """Send what comes from a :class:`~realtime_harness.rtc.tracks.PacedTrack` by the metronome.

    Other tracks are left to aiortc. A sender without a track waits for one, instead of looking
    50 times a second. To be called before the sender starts; idempotent.
    """
    inside: Any = sender
    if isinstance(inside.__dict__.get("_run_rtp"), _Sending):
        return
    inside._run_rtp = _Sending(sender)


class _Sending:
    """Stands in for a sender's ``_run_rtp``: the task that sends."""

    def __init__(self, sender: Any) -> None:
        self._sender = sender
        self._run = sender._run_rtp
        self._replace = sender.replaceTrack
        self._changed = asyncio.Event()
        sender.replaceTrack = self._replace_track

    def _replace_track(self, track: Any) -> None:
        self._replace(track)
        self._changed.set()

    async def __call__(self, codec: RTCRtpCodecParameters) -> None:
        from realtime_harness.rtc.tracks import PacedTrack

        sender, transport, changed = self._sender, self._sender.transport, self._changed
        stream = None
        transport.on("statechange", changed.set)
        sender._RTCRtpSender__rtp_started.set()
        try:
            while transport.state == "connected":
                track = sender.track
                if track is not None and not isinstance(track, PacedTrack):
                    await self._run(codec)
                    return
                changed.clear()
                if track is None:
                    await changed.wait()
                    continue
                if track.readyState != "live":
                    break
                stream = stream or _Stream(sender, codec)
                await stream.send(track, changed)
        except asyncio.CancelledError:
            pass  # as aiortc does: stopping waits for the event below, not for the task
        finally:
            with suppress(KeyError):  # transports that are closed forget their listeners
                transport.remove_listener("statechange", changed.set)
            if sender.track is not None:
                sender.track.stop()
            sender._RTCRtpSender__rtp_exited.set()


class _Stream:
    """The packets of one sender."""

    def __init__(self, sender: Any, codec: RTCRtpCodecParameters) -> None:
        from aiortc.rtcdtlstransport import State
        from aiortc.rtcrtpsender import random_sequence_number
        from aiortc.rtp import HeaderExtensions
        from aiortc.utils import random32

        self._sender = sender
        self._transport = sender.transport
        self._connected = State.CONNECTED
        self._nominated = self._transport.transport._connection._nominated
        """The pair of addresses that ICE agreed upon, by component."""
        self._pair: Any = None
        self._socket: Any = None
        self._address: Any = None
        self._payload_type: int = codec.payloadType or 0
        self._step = round(codec.clockRate * PERIOD_S)
        self._sequence_number = random_sequence_number()
        self._timestamp = random32()
        self._marker = _MARKER
        """Set in the first packet after a pause (RFC 3551, 4.1)."""
        profile, extension = sender._RTCRtpSender__rtp_header_extensions_map.set(
            HeaderExtensions(mid=sender._RTCRtpSender__mid)
        )
        self._first_byte = _VERSION_2
        self._extension = b""
        if extension:
            self._first_byte |= _EXTENDED
            self._extension = Struct("!HH").pack(profile, len(extension) // 4) + extension
        self._track: PacedTrack | None = None

    async def send(self, track: PacedTrack, changed: asyncio.Event) -> None:
        """Send a track until it ends or something has changed."""
        metronome = Metronome.running()
        self._track = track
        track.on("ended", changed.set)
        metronome.add(self._beat)
        try:
            await changed.wait()
        finally:
            metronome.remove(self._beat)
            self._track = None
            if track.readyState == "live":
                track.remove_listener("ended", changed.set)

    def _beat(self, due: float) -> None:
        track = self._track
        if track is None:
            return
        payload = track.next_frame()
        self._timestamp = timestamp = (self._timestamp + self._step) & 0xFFFF_FFFF
        if payload is None:
            self._marker = _MARKER
            return
        sender = self._sender
        header = _HEADER(
            self._first_byte,
            self._marker | self._payload_type,
            self._sequence_number,
            timestamp,
            sender._ssrc,
        )
        self._marker = 0
        self._sequence_number = (self._sequence_number + 1) & 0xFFFF
        track.frames += 1
        if monotonic() - due >= PERIOD_S:
            track.late += 1
        sender._RTCRtpSender__ntp_timestamp = int((time() + _NTP_EPOCH) * 0x1_0000_0000)
        sender._RTCRtpSender__rtp_timestamp = timestamp
        sender._RTCRtpSender__octet_count += len(payload)
        sender._RTCRtpSender__packet_count += 1
        if not sender._enabled or self._transport._state is not self._connected:
            return
        late = 0.0
        damage = self._transport.__dict__.get("_send_rtp")
        if isinstance(damage, _Damage):
            fated = damage.fate()
            if fated is None:
                return
            late = fated
        data = self._transport._tx_srtp.protect(header + self._extension + payload)
        if late:
            asyncio.get_running_loop().call_later(late, self._leave, data)
        else:
            self._leave(data)

    def _leave(self, data: bytes) -> None:
        """Send a datagram. Without a pair of addresses, as when all is over, it is lost."""
        pair = self._nominated.get(1)
        if pair is not self._pair:
            self._pair = pair
            if pair is not None:
                self._socket, self._address = pair.protocol.transport, pair.remote_addr
        if pair is None or self._socket.is_closing():
            return
        self._socket.sendto(data, self._address)
        transport = self._transport
        transport._RTCDtlsTransport__tx_bytes += len(data)
        transport._RTCDtlsTransport__tx_packets += 1
