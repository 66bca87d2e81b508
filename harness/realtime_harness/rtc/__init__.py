"""Everything we have to know of the inside of aiortc and aioice, in one place.

Both ends of our WebRTC connections are aiortc peers that should behave as guests on a developer's
machine: open no port that other machines can reach, ask no STUN server, and not burn a key pair
for each peer. And many of them should fit into one process, in which aiortc spends a task, some
timers and, where it listens, a thread on each 20 ms of each call.

================  ==================================================================================
module            holds
================  ==================================================================================
``peers``         peers that keep to themselves, and how they are closed
``certificates``  one certificate for all peers, and what is made of it
``connecting``    ICE without a rest of 20 ms for each peer
``metronome``     one clock for all that is sent each 20 ms
``tracks``        :class:`~realtime_harness.rtc.tracks.PacedTrack`: sound that is sent by it
``sending``       RTP from such tracks past aiortc's task for each, and what faults do to it
``receiving``     RTP to whoever asked for packets or sound, past aiortc's queue and jitter buffer
``intake``        what comes in over a transport, looked at before aioice and aiortc do
``quality``       losses, jitter and round trips, from what aiortc counts
``reporting``     one report of RTCP a second for each call, in both directions
``acknowledging`` data channels acknowledge every second packet
``hearing``       from packets to sound
``decoding``      aiortc's own tracks without a thread for each
``inside``        tells when aiortc has another inside than we know
================  ==================================================================================

Functions of other libraries that are wrapped look at context variables and are inert outside
:func:`loopback_only` and :func:`shared_certificate`; everything else concerns only peers made by
:func:`peer_connection`. aiortc peers of other code in the same process are not affected.

Nothing is imported from aiortc until a function here is called.
"""

from __future__ import annotations

from realtime_harness.rtc.peers import (
    available,
    close,
    configuration,
    cut,
    loopback_only,
    peer_connection,
    shared_certificate,
)
from realtime_harness.rtc.quality import Reception, reception, round_trip_ns
from realtime_harness.rtc.receiving import damage_received_rtp, hear, ignore, tap_packets
from realtime_harness.rtc.sending import damage_rtp

__all__ = [
    "Reception",
    "available",
    "close",
    "configuration",
    "cut",
    "damage_received_rtp",
    "damage_rtp",
    "hear",
    "ignore",
    "loopback_only",
    "peer_connection",
    "reception",
    "round_trip_ns",
    "shared_certificate",
    "tap_packets",
]
