from __future__ import annotations

import asyncio
from itertools import count, pairwise

import numpy as np
import pytest
from aiortc import RTCPeerConnection
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from aiortc.rtp import RtpPacket

from realtime_harness import rtc
from realtime_harness.clients.tracks import ToneTrack
from realtime_harness.rtc.intake import payload_of


@pytest.fixture(params=[rtc.peer_connection, RTCPeerConnection], ids=["ours", "stock"])
def speaker(request, open_peer):
    return open_peer(request.param)


async def test_packets_are_tapped_as_they_arrive(open_peer, connect, speaker):
    other = open_peer()
    speaker.addTrack(AudioStreamTrack())
    await connect(speaker, other)
    packets = asyncio.Queue()
    rtc.tap_packets(other.getReceivers()[0], lambda *packet: packets.put_nowait(packet))
    async with asyncio.timeout(5):
        (first, payload), (second, _) = await packets.get(), await packets.get()
    assert second - first == 960
    assert payload


async def test_sound_is_heard_and_reported(open_peer, connect, speaker):
    other, heard, enough = open_peer(), bytearray(), asyncio.Event()

    def hear(pcm: bytes) -> None:
        heard.extend(pcm)
        if len(heard) >= 48000:
            enough.set()

    other.on("track", lambda track: rtc.hear(other, track, hear))
    speaker.addTrack(ToneTrack())
    await connect(speaker, other)
    async with asyncio.timeout(5):
        await enough.wait()
    samples = np.frombuffer(heard[-24000:], dtype="<i2")
    spectrum = np.abs(np.fft.rfft(samples))
    assert spectrum.argmax() * 24000 / len(samples) == pytest.approx(440, abs=10)
    stats = (await other.getReceivers()[0].getStats()).values()
    (received,) = [each for each in stats if each.type == "inbound-rtp"]
    assert received.packetsReceived >= 50
    assert received.packetsLost == 0
    transport = next(each for each in stats if each.type == "transport")
    assert transport.packetsReceived > received.packetsReceived


async def test_pictures_are_not_kept_for_nobody(open_peer, connect):
    one, other = open_peer(RTCPeerConnection), open_peer()
    arrived = asyncio.Event()
    other.on("track", lambda track: rtc.ignore(other, track))
    one.addTrack(VideoStreamTrack())
    await connect(one, other)
    (receiver,) = other.getReceivers()
    async with asyncio.timeout(5):
        while not any(
            each.type == "inbound-rtp" and each.packetsReceived > 3
            for each in (await receiver.getStats()).values()
        ):
            await asyncio.wait({asyncio.ensure_future(arrived.wait())}, timeout=0.05)
            arrived.set()
            arrived.clear()
    assert receiver.track._queue.empty()


@pytest.mark.parametrize(
    ("first", "between", "padding"),
    [
        (0x80, b"", b""),
        (0x82, bytes(8), b""),
        (0x90, b"\xbe\xde\x00\x01\x10\x41\x00\x00", b""),
        (0xA0, b"", b"\x00\x00\x03"),
        (0xB1, bytes(4) + b"\xbe\xde\x00\x00", b"\x01"),
    ],
    ids=["plain", "sources", "extension", "padding", "all"],
)
def test_the_payload_is_found(first, between, padding):
    data = bytes([first, 96]) + bytes(10) + between + b"payload" + padding
    assert payload_of(data) == b"payload" == RtpPacket.parse(data).payload


async def test_what_comes_in_is_lost_and_late(open_peer, connect, until):
    one, other, stamps = open_peer(), open_peer(), []
    one.addTrack(AudioStreamTrack())
    await connect(one, other)
    more = asyncio.Event()

    def heard(timestamp: int, payload: bytes) -> None:
        stamps.append(timestamp)
        more.set()

    rtc.tap_packets(other.getReceivers()[0], heard)
    fates = iter([None, 0.0] * 1000)
    rtc.damage_received_rtp(other, lambda: next(fates))
    async with asyncio.timeout(5):
        while len(stamps) < 4:
            more.clear()
            await more.wait()
    assert [b - a for a, b in pairwise(stamps)] == [1920] * (len(stamps) - 1)


async def test_what_nobody_wanted_is_counted_and_may_be_wanted_later(
    open_peer, connect, monkeypatch
):
    # Numbers begin anew behind the first packets: whoever decrypts has to know that.
    monkeypatch.setattr("aiortc.rtcrtpsender.random_sequence_number", lambda: 65_530)
    one, other = open_peer(RTCPeerConnection), open_peer()
    one.addTrack(AudioStreamTrack())
    other.on("track", lambda track: rtc.ignore(other, track))
    await connect(one, other)
    (receiver,) = other.getReceivers()
    packets, enough, numbers = asyncio.Queue(), asyncio.Event(), count()

    def come() -> float:
        if next(numbers) == 20:
            enough.set()
        return 0.0

    rtc.damage_received_rtp(other, come)
    async with asyncio.timeout(5):
        await enough.wait()
        rtc.tap_packets(receiver, lambda *packet: packets.put_nowait(packet))
        assert await packets.get()
    (stream,) = receiver._RTCRtpReceiver__remote_streams.values()
    assert stream.cycles == 65_536
    assert stream.packets_lost == 0
