"""Reports of what was sent and received (RTCP): one a second for each call, and none about nothing.

aiortc has a task for each sender, which reports whether or not anything was sent, and another one
for each receiver. Here a sender that also receives says both in one report (RFC 3550, 6.4.1), and
nothing while no sound goes either way. Needs aiortc to import.
"""

from __future__ import annotations

import asyncio
from random import random
from time import time
from typing import TYPE_CHECKING, Any

from aiortc.rtp import (
    RtcpByePacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
)

from realtime_harness.rtc.inside import require_attributes

if TYPE_CHECKING:
    from aiortc import RTCRtpTransceiver

__all__ = ["check_reports", "take_over_reports"]

_CNAME = 1
"""Type of the item of a source description that names the sender (RFC 3550, 6.5.1)."""
_MIDDLE = 16
"""Bits right of the middle 32 of an NTP time, which is what reports refer to."""


def check_reports() -> None:
    """Check that we know the inside of what aiortc reports.

    Raises:
        HarnessError: if we do not.

    """
    from aiortc import RTCRtpReceiver, RTCRtpSender
    from aiortc.rtcrtpreceiver import StreamStatistics

    what, last = "reports", ("__lsr", "__lsr_time")
    events = ("__rtcp_started", "__rtcp_exited")
    require_attributes(what, RTCRtpSender, "_run_rtcp", "_send_rtcp", *last, *events, "__cname")
    require_attributes(what, RTCRtpReceiver, "_run_rtcp", "__remote_streams", *last, *events)
    require_attributes(
        what, StreamStatistics, "max_seq", "cycles", "fraction_lost", "packets_lost", "jitter"
    )


def take_over_reports(transceiver: RTCRtpTransceiver) -> None:
    """Report for a sender and its receiver at once. Before they start; idempotent."""
    inside: Any = transceiver
    sender, receiver = inside.sender, inside.receiver
    if inside.kind == "audio" and "_run_rtcp" not in vars(sender):
        sender._run_rtcp = _Reports(inside).run
        receiver._run_rtcp = _Silence(inside, receiver._run_rtcp).run


class _Silence:
    """Stands in for the task that reports for a receiver, where the sender does."""

    def __init__(self, transceiver: Any, run: Any) -> None:
        self._transceiver = transceiver
        self._run = run

    async def run(self) -> None:
        """Wait for the end."""
        if self._transceiver.currentDirection != "sendrecv":
            await self._run()
            return
        receiver = self._transceiver.receiver
        receiver._RTCRtpReceiver__rtcp_started.set()
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            pass  # as aiortc does: stopping waits for the event below, not for the task
        finally:
            receiver._RTCRtpReceiver__rtcp_exited.set()


class _Reports:
    """Stands in for the task that reports for a sender."""

    def __init__(self, transceiver: Any) -> None:
        self._transceiver = transceiver
        self._sender = transceiver.sender
        self._told_packets = 0

    async def run(self) -> None:
        """Report each second or so, and say good-bye."""
        sender = self._sender
        sender._RTCRtpSender__rtcp_started.set()
        try:
            while True:
                # Varied as in RFC 3550, 6.3.1, so that those of many calls do not coincide.
                await asyncio.sleep(0.5 + random())
                if packets := self._report():
                    await sender._send_rtcp(packets)
        except asyncio.CancelledError:
            pass  # as aiortc does: stopping waits for the event below, not for the task
        await sender._send_rtcp([RtcpByePacket(sources=[sender._ssrc])])
        sender._RTCRtpSender__rtcp_exited.set()

    def _report(self) -> list[Any]:
        sender = self._sender
        heard = self._heard() if self._transceiver.currentDirection == "sendrecv" else []
        sent_packets: int = sender._RTCRtpSender__packet_count
        if sent_packets == self._told_packets and not heard:
            return []
        first: Any = RtcpRrPacket(ssrc=sender._ssrc, reports=heard)
        if sent_packets != self._told_packets:
            self._told_packets = sent_packets
            ntp_timestamp: int = sender._RTCRtpSender__ntp_timestamp
            info = RtcpSenderInfo(
                ntp_timestamp=ntp_timestamp,
                rtp_timestamp=sender._RTCRtpSender__rtp_timestamp,
                packet_count=sent_packets & 0xFFFF_FFFF,
                octet_count=sender._RTCRtpSender__octet_count & 0xFFFF_FFFF,
            )
            first = RtcpSrPacket(ssrc=sender._ssrc, sender_info=info, reports=heard)
            # From these the round trip is told when the other side refers to this report.
            sender._RTCRtpSender__lsr = (ntp_timestamp >> _MIDDLE) & 0xFFFF_FFFF
            sender._RTCRtpSender__lsr_time = time()
        cname = (sender._RTCRtpSender__cname or "").encode()
        source = RtcpSourceInfo(ssrc=sender._ssrc, items=[(_CNAME, cname)])
        return [first, RtcpSdesPacket(chunks=[source])]

    def _heard(self) -> list[RtcpReceiverInfo]:
        """Return what was received of each source from which anything came at all."""
        receiver = self._transceiver.receiver
        times, stamps = receiver._RTCRtpReceiver__lsr_time, receiver._RTCRtpReceiver__lsr
        now = time()
        return [
            RtcpReceiverInfo(
                ssrc=source,
                fraction_lost=stream.fraction_lost,
                packets_lost=stream.packets_lost,
                highest_sequence=stream.cycles + stream.max_seq,
                jitter=stream.jitter,
                lsr=stamps.get(source, 0),
                dlsr=max(0, int((now - times.get(source, now)) * 0x1_0000)) & 0xFFFF_FFFF,
            )
            for source, stream in receiver._RTCRtpReceiver__remote_streams.items()
        ]
