from __future__ import annotations

import asyncio
from itertools import count, pairwise
from typing import Any

import pytest
from aiortc import RTCPeerConnection
from aiortc.mediastreams import AudioStreamTrack

from realtime_harness import rtc
from realtime_harness.rtc.tracks import OPUS_SILENCE, PacedTrack

LOUD = b"\xf8" + bytes(40)


class Track(PacedTrack):
    """Sends a pause in the place of each frame whose number is in ``pauses``."""

    def __init__(self, pauses: tuple[int, ...] = ()) -> None:
        super().__init__()
        self._numbers = count()
        self._pauses = pauses

    def next_frame(self) -> bytes | None:
        return None if next(self._numbers) in self._pauses else LOUD


class Wire:
    """The RTP packets that reach a peer, stock or ours, and its RTCP."""

    def __init__(self, peer) -> None:
        self.packets: list[Any] = []
        self.reports: list[Any] = []
        self._more = asyncio.Event()
        (receiver,) = peer.getReceivers()
        receiver._handle_rtp_packet = self._packet
        handle = receiver._handle_rtcp_packet

        async def report(packet) -> None:
            self.reports.append(packet)
            self._more.set()
            await handle(packet)

        receiver._handle_rtcp_packet = report

    async def _packet(self, packet, arrival_time_ms) -> None:
        self.packets.append(packet)
        self._more.set()

    async def until(self, enough) -> None:
        async with asyncio.timeout(5):
            while not enough():
                self._more.clear()
                await self._more.wait()


@pytest.fixture(params=[rtc.peer_connection, RTCPeerConnection], ids=["ours", "stock"])
def listener(request, open_peer):
    return open_peer(request.param)


async def test_packets_are_numbered_and_stamped(open_peer, connect, listener):
    one, track = open_peer(), Track()
    one.addTrack(track)
    await connect(one, listener)
    wire = Wire(listener)
    await wire.until(lambda: len(wire.packets) >= 6)
    packets = wire.packets
    for a, b in pairwise(packets):
        assert (b.sequence_number - a.sequence_number) & 0xFFFF == 1
        assert (b.timestamp - a.timestamp) & 0xFFFFFFFF == 960
    assert {packet.payload for packet in packets} == {LOUD}
    assert {packet.ssrc for packet in packets} == {one.getSenders()[0]._ssrc}
    assert not any(packet.marker for packet in packets[1:])
    assert track.frames >= len(packets)


async def test_time_goes_on_in_a_pause_and_sound_behind_it_is_marked(open_peer, connect, until):
    one, other = open_peer(), open_peer()
    track = Track(pauses=(40, 41))
    one.addTrack(track)
    await connect(one, other)
    wire = Wire(other)
    await wire.until(lambda: track.frames > 45 and any(p.marker for p in wire.packets[1:]))
    (behind,) = [n for n, packet in enumerate(wire.packets) if n and packet.marker]
    before, after = wire.packets[behind - 1 : behind + 1]
    assert (after.sequence_number - before.sequence_number) & 0xFFFF == 1
    assert (after.timestamp - before.timestamp) & 0xFFFFFFFF == 3 * 960


async def test_reports_and_statistics_tell_what_was_sent(open_peer, connect, listener):
    one, track = open_peer(), Track()
    one.addTrack(track)
    await connect(one, listener)
    wire = Wire(listener)
    await wire.until(lambda: wire.reports)
    told = wire.reports[0].sender_info
    stats = (await one.getSenders()[0].getStats()).values()
    (sent,) = [each for each in stats if each.type == "outbound-rtp"]
    assert 0 < told.packet_count <= sent.packetsSent == track.frames
    assert sent.bytesSent == track.frames * len(LOUD)
    assert (told.rtp_timestamp - wire.packets[0].timestamp) & 0xFFFFFFFF < 3 * 48000


async def test_a_track_that_comes_later_is_sent(open_peer, connect, until):
    one, other, track = open_peer(), open_peer(), Track()
    one.addTransceiver("audio")
    await connect(one, other)
    wire = Wire(other)
    await until(one, "connected")
    one.getSenders()[0].replaceTrack(track)
    await wire.until(lambda: wire.packets)
    one.getSenders()[0].replaceTrack(None)
    sent = track.frames
    await asyncio.sleep(0.05)
    assert track.frames <= sent + 1


async def test_other_tracks_are_left_to_aiortc(open_peer, connect):
    one, other = open_peer(), open_peer()
    one.addTrack(AudioStreamTrack())
    await connect(one, other)
    wire = Wire(other)
    await wire.until(lambda: len(wire.packets) >= 3)


async def test_a_track_ends_with_its_peer(open_peer, connect, until):
    one, other, track = open_peer(), open_peer(), Track()
    one.addTrack(track)
    await connect(one, other)
    await until(one, "connected")
    await until(other, "connected")
    await rtc.close(other)
    await until(one, "closed")
    await rtc.close(one)
    assert track.readyState == "ended"


FATES = {"lost": [None], "every third lost": [0.0, 0.0, None], "late": [0.03]}


@pytest.mark.parametrize("fate", FATES.values(), ids=FATES)
async def test_packets_are_lost_and_late(open_peer, connect, fate):
    one, other, track = open_peer(), open_peer(), Track()
    one.addTrack(track)
    fates = count()
    await connect(one, other)
    rtc.damage_rtp(one, lambda: fate[next(fates) % len(fate)])
    wire = Wire(other)
    # Reports are not damaged: when the second has come, there was time for many packets.
    await wire.until(lambda: wire.reports and track.frames > 30)
    numbers = [packet.sequence_number for packet in wire.packets]
    steps = [(b - a) & 0xFFFF for a, b in pairwise(numbers)]
    expected = {"lost": set(), "every third lost": {1, 2}, "late": {1}}
    assert set(steps) == expected[next(name for name, each in FATES.items() if each == fate)]
    rtc.damage_rtp(one, None)
    before = len(wire.packets)
    await wire.until(lambda: len(wire.packets) > before + 3)


async def test_packets_that_are_late_are_overtaken(open_peer, connect):
    one, other, track = open_peer(), open_peer(), Track()
    one.addTrack(track)
    fates = count()
    await connect(one, other)
    rtc.damage_rtp(one, lambda: 0.0 if next(fates) % 2 else 0.03)
    wire = Wire(other)
    await wire.until(lambda: len(wire.packets) > 30)
    first = wire.packets[0].sequence_number
    # As 16 bits with a sign: the first to come was not the first to be sent.
    places = [
        ((packet.sequence_number - first + 0x8000) & 0xFFFF) - 0x8000 for packet in wire.packets
    ]
    # How many overtake one depends on when the machine sends them; that each kind keeps its order
    # does not.
    for kind in (0, 1):
        ours = [place for place in places if place % 2 == kind]
        assert ours == list(range(ours[0], ours[0] + 2 * len(ours), 2))
    assert any(later < earlier for earlier, later in pairwise(places))


def test_silence_is_20_ms():
    assert OPUS_SILENCE[0] >> 3 == 31  # CELT, full band, 20 ms (RFC 6716, 3.1)
