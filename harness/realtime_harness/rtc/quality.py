"""How well RTP gets through, from what aiortc counts for its reports. Nothing is decoded for it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from realtime_harness.rtc.inside import require_attributes

if TYPE_CHECKING:
    from aiortc import RTCPeerConnection

__all__ = ["Reception", "reception", "round_trip_ns"]


class Reception(NamedTuple):
    """What a peer has received so far of its audio."""

    clock_rate: int
    """Of its RTP timestamps, Hz."""
    expected: int
    """Packets that should have come, by their sequence numbers."""
    received: int
    """Packets that came."""
    jitter_ns: int
    """Interarrival jitter (RFC 3550, 6.4.1), which is an average over the last 16 or so."""


def reception(peer: RTCPeerConnection) -> Reception | None:
    """Return what a peer has received of its audio, ``None`` if there was nothing yet.

    Of the source that came last, if there were several. Of any aiortc peer, ours or not.

    Raises:
        HarnessError: if this aiortc has another inside than we know.

    """
    _check()
    for receiver in peer.getReceivers():
        if receiver.track.kind != "audio":
            continue
        inside: Any = receiver
        streams = list(inside._RTCRtpReceiver__remote_streams.values())
        if streams and streams[-1].max_seq is not None:
            stream = streams[-1]
            rate = stream._clockrate
            return Reception(
                clock_rate=rate,
                expected=stream.packets_expected,
                received=stream.packets_received,
                jitter_ns=stream._jitter_q4 * 1_000_000_000 // (16 * rate),
            )
    return None


def round_trip_ns(peer: RTCPeerConnection) -> int | None:
    """Return how long a round trip takes by RTCP, ``None`` if no report told it yet.

    From our sender reports and the other side's answers to them (RFC 3550, 6.4.1), an average in
    which the last report counts 15 %. The first one takes some seconds to come.

    Raises:
        HarnessError: if this aiortc has another inside than we know.

    """
    _check()
    for sender in peer.getSenders():
        inside: Any = sender
        round_trip_s: float | None = inside._RTCRtpSender__rtt
        if round_trip_s is not None:
            return max(0, round(1e9 * round_trip_s))
    return None


@cache
def _check() -> None:
    from aiortc import RTCRtpReceiver, RTCRtpSender
    from aiortc.rtcrtpreceiver import StreamStatistics

    what = "counts what it receives"
    require_attributes(what, RTCRtpReceiver, "__remote_streams")
    require_attributes(what, RTCRtpSender, "__rtt")
    require_attributes(what, StreamStatistics, "max_seq", "packets_expected", "packets_received")
    require_attributes(what, StreamStatistics, "_jitter_q4", "_clockrate")
