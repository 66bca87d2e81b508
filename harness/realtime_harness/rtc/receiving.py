"""RTP to whoever asked for it, past aiortc's queue, task and jitter buffer.

RTP that somebody asked for here is decrypted and handed on as it comes, and what nobody wants is
counted and dropped. Everything else goes aiortc's way, and so do its reports of what was received.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from realtime_harness.rtc.inside import require_attributes, require_parameters

if TYPE_CHECKING:
    from aiortc import MediaStreamTrack, RTCPeerConnection, RTCRtpReceiver

__all__ = ["check_receivers", "damage_received_rtp", "hear", "ignore", "tap_packets"]


def tap_packets(receiver: RTCRtpReceiver, listener: Callable[[int, bytes], object]) -> None:
    """Hand the RTP packets of a receiver on as they arrive, instead of decoding them.

    Costs a fraction of listening to its track, and there is no jitter buffer to smooth the
    arrivals. The track stays empty.

    Args:
        receiver: of one of our peers.
        listener: called with the RTP timestamp and the payload of each packet.

    """
    from realtime_harness.rtc.intake import take

    take(receiver, lambda packet, codec: listener(packet.timestamp, packet.payload))


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
    from realtime_harness.rtc.intake import take

    for transceiver in peer.getTransceivers():
        if transceiver.receiver.track is track:
            take(transceiver.receiver, Ear(listener))


def ignore(peer: RTCPeerConnection, track: MediaStreamTrack) -> None:
    """Drop what comes for a received track, instead of decoding it and keeping it for nobody.

    It is counted, so that losses and jitter are reported, and hardly any of it decrypted.

    Args:
        peer: one of ours.
        track: one that it receives.

    """
    from realtime_harness.rtc.intake import take

    for transceiver in peer.getTransceivers():
        if transceiver.receiver.track is track:
            take(transceiver.receiver, None)


def damage_received_rtp(peer: RTCPeerConnection, fate: Callable[[], float | None] | None) -> None:
    """Lose and delay the RTP that a peer receives, whoever asked for it.

    Args:
        peer: a connection that has its receivers and its candidates.
        fate: of each packet: how late it is, in seconds, or ``None`` if it is lost. Without it,
            packets are left alone again.

    """
    from realtime_harness.rtc.intake import intercept

    for transport in {receiver.transport for receiver in peer.getReceivers()}:
        intercept(transport).fate = fate


def check_receivers() -> None:
    """Check that we know the inside of aiortc's receivers.

    Raises:
        HarnessError: if we do not.

    """
    from aioice import Connection
    from aioice.ice import StunProtocol
    from aiortc import RTCDtlsTransport, RTCIceTransport, RTCRtpReceiver
    from aiortc.rtcdtlstransport import RtpRouter
    from aiortc.rtcrtpreceiver import StreamStatistics

    what = "receives packets"
    require_attributes(what, Connection, "_protocols", "send")
    require_parameters(what, StunProtocol.datagram_received, "self", "data", "addr")
    require_attributes(what, RTCIceTransport, "_connection", "_send")
    require_attributes(what, RTCDtlsTransport, "_rtp_router", "_rx_srtp")
    require_attributes(what, RTCDtlsTransport, "__rx_bytes", "__rx_packets")
    require_attributes(what, RTCRtpReceiver, "__codecs", "__remote_streams")
    require_attributes(what, RtpRouter, "route_rtp")
    require_attributes(what, StreamStatistics, "add")
