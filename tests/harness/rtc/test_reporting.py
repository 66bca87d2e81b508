from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiortc import RTCPeerConnection
from aiortc.mediastreams import AudioStreamTrack
from aiortc.rtp import RtcpSrPacket

from realtime_harness import rtc
from realtime_harness.rtc.reporting import _Reports


@pytest.fixture(params=[rtc.peer_connection, RTCPeerConnection], ids=["ours", "stock"])
def other(request, open_peer):
    return open_peer(request.param)


async def stats_of(end: Any, kind: str) -> Any:
    async with asyncio.timeout(8):
        while True:
            for each in (await end.getStats()).values():
                if each.type == kind:
                    return each
            await asyncio.wait({asyncio.ensure_future(asyncio.sleep(0.05))})


async def test_each_side_tells_what_it_sent_and_received(open_peer, connect, other):
    one = open_peer()
    for peer in (one, other):
        peer.addTrack(AudioStreamTrack())
        peer.on("track", lambda track, peer=peer: rtc.ignore(peer, track))
    await connect(one, other)
    for peer in (one, other):
        sent = await stats_of(peer.getReceivers()[0], "remote-outbound-rtp")
        assert sent.packetsSent > 0
        received = await stats_of(peer.getSenders()[0], "remote-inbound-rtp")
        assert received.packetsReceived > 0
        assert received.packetsLost == 0


async def test_one_report_says_both(open_peer, connect):
    one, other = open_peer(), open_peer()
    for peer in (one, other):
        peer.addTrack(AudioStreamTrack())
    reports: asyncio.Queue[Any] = asyncio.Queue()
    (sender,) = other.getSenders()
    handle = sender._handle_rtcp_packet

    async def note(packet: Any) -> None:
        reports.put_nowait(packet)
        await handle(packet)

    sender._handle_rtcp_packet = note
    await connect(one, other)
    async with asyncio.timeout(5):
        told = await reports.get()
    assert isinstance(told, RtcpSrPacket)
    assert [each.ssrc for each in told.reports] == [sender._ssrc]


async def test_nothing_is_told_about_nothing(open_peer, connect, until):
    one, other = open_peer(), open_peer()
    one.addTransceiver("audio")
    await connect(one, other)
    await until(one, "connected")
    assert _Reports(one.getTransceivers()[0])._report() == []
