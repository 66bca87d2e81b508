from __future__ import annotations

import asyncio

import pytest
from aiortc import RTCPeerConnection

from realtime_harness import rtc

MESSAGES = 200


@pytest.mark.parametrize("make", [rtc.peer_connection, RTCPeerConnection], ids=["ours", "stock"])
async def test_bursts_arrive_whole_and_are_acknowledged_by_every_second_packet(
    open_peer, connect, make
):
    one, other = open_peer(make), open_peer()
    received: list[str] = []
    opened, complete = asyncio.Event(), asyncio.Event()

    @other.on("datachannel")
    def on_channel(channel):
        def take(message):
            received.append(message)
            if len(received) == MESSAGES:
                complete.set()

        channel.on("message", take)

    channel = one.createDataChannel("burst")
    channel.on("open", opened.set)
    await connect(one, other)
    send, sent = other.sctp._send_chunk, []

    async def count(chunk):
        sent.append(type(chunk).__name__)
        await send(chunk)

    other.sctp._send_chunk = count
    async with asyncio.timeout(10):
        await opened.wait()
        for number in range(MESSAGES):
            channel.send(str(number))
        await complete.wait()
    assert received == [str(number) for number in range(MESSAGES)]
    assert 0 < sent.count("SackChunk") < 0.8 * MESSAGES
