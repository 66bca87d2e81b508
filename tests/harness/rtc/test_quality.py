from __future__ import annotations

import asyncio
from itertools import cycle

import pytest
from aiortc import RTCPeerConnection
from aiortc.mediastreams import AudioStreamTrack

from realtime_harness import rtc
from realtime_harness.rtc.tracks import OPUS_SILENCE, PacedTrack


async def until_there(look):
    """What somebody counts is told to nobody: look at it now and then."""
    async with asyncio.timeout(8):
        while not (found := look()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return found


@pytest.mark.parametrize("make", [rtc.peer_connection, RTCPeerConnection], ids=["ours", "stock"])
async def test_what_is_received_is_counted(open_peer, connect, make):
    one, other = open_peer(make), open_peer(make)
    one.addTrack(AudioStreamTrack())
    if make is rtc.peer_connection:
        other.on("track", lambda track: rtc.ignore(other, track))
    assert rtc.reception(other) is None
    assert rtc.round_trip_ns(one) is None
    await connect(one, other)

    def enough():
        found = rtc.reception(other)
        return found if found is not None and found.received >= 20 else None

    found = await until_there(enough)
    assert found.clock_rate == 48_000
    assert found.expected == found.received
    assert found.jitter_ns < 1_000_000_000
    round_trip_ns = await until_there(lambda: rtc.round_trip_ns(one))
    assert 0 < round_trip_ns < 1_000_000_000


async def test_what_is_lost_is_counted(open_peer, connect):
    one, other = open_peer(), open_peer()
    one.addTrack(AudioStreamTrack())
    other.on("track", lambda track: rtc.ignore(other, track))
    await connect(one, other)
    await until_there(lambda: rtc.reception(other))
    fates = cycle([0.0, None, 0.0, 0.0])
    before = rtc.reception(other)
    rtc.damage_rtp(one, lambda: next(fates))

    def enough():
        found = rtc.reception(other)
        return found if found.expected - before.expected >= 40 else None

    found = await until_there(enough)
    expected, received = found.expected - before.expected, found.received - before.received
    assert 1 - received / expected == pytest.approx(0.25, abs=0.05)


async def test_timestamps_that_begin_anew_are_no_jitter(open_peer, connect, monkeypatch):
    class Track(PacedTrack):
        def next_frame(self):
            return OPUS_SILENCE

    begin = (1 << 32) - 10 * 960
    monkeypatch.setattr("aiortc.utils.random32", lambda: begin)
    one, other = open_peer(), open_peer()
    one.addTrack(Track())
    heard = []
    other.on(
        "track",
        lambda track: rtc.tap_packets(other.getReceivers()[0], lambda *each: heard.append(each[0])),
    )
    await connect(one, other)
    await until_there(lambda: len(heard) > 2 and heard[-1] < begin and len(heard) > 15)
    # It would be hours.
    assert rtc.reception(other).jitter_ns < 1_000_000_000
