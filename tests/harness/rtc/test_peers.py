from __future__ import annotations

import asyncio

import aioice.ice
import pytest
from aiortc import RTCPeerConnection

from realtime_harness import rtc
from realtime_harness.errors import MissingExtra
from realtime_harness.rtc import peers


def candidates(peer) -> set[str]:
    lines = peer.localDescription.sdp.splitlines()
    return {line.split(" ")[4] for line in lines if line.startswith("a=candidate:")}


def fingerprint(peer) -> str:
    lines = peer.localDescription.sdp.splitlines()
    return next(line for line in lines if line.startswith("a=fingerprint:sha-256"))


async def test_only_loopback_inside_the_context(open_peer, monkeypatch):
    monkeypatch.setattr("ifaddr.get_adapters", list)
    inside, outside = open_peer(), open_peer()
    with rtc.loopback_only():
        await inside.setLocalDescription(await inside.createOffer())
    assert candidates(inside) == {"127.0.0.1"}
    await outside.setLocalDescription(await outside.createOffer())
    assert candidates(outside) == set()
    assert aioice.ice.get_host_addresses(use_ipv4=True, use_ipv6=True) == []


async def test_no_stun_server():
    assert rtc.configuration().iceServers == []


async def test_our_peers_share_a_certificate_and_others_do_not(open_peer):
    peers = [open_peer(), open_peer(), open_peer(RTCPeerConnection), open_peer(RTCPeerConnection)]
    with rtc.loopback_only():
        for peer in peers:
            await peer.setLocalDescription(await peer.createOffer())
    ours, theirs = {fingerprint(p) for p in peers[:2]}, {fingerprint(p) for p in peers[2:]}
    assert (len(ours), len(theirs), ours & theirs) == (1, 2, set())


async def test_our_peers_talk_to_unwrapped_ones(open_peer, connect, until):
    one, other = open_peer(), open_peer(RTCPeerConnection)
    await connect(one, other)
    await until(one, "connected")
    await until(other, "connected")


@pytest.mark.parametrize("after_ms", [0, 1, 5, 10, 15, 20, 30])
async def test_closing_amid_the_set_up_leaves_nothing_running(open_peer, connect, after_ms):
    one, other = open_peer(), open_peer()
    await connect(one, other)
    await asyncio.sleep(after_ms / 1000)
    async with asyncio.timeout(5):
        await asyncio.gather(rtc.close(one), rtc.close(other))


async def test_a_cut_is_not_announced(open_peer, connect, until):
    one, other = open_peer(), open_peer()
    await connect(one, other)
    await until(other, "connected")
    await rtc.cut(one)
    await asyncio.sleep(0.1)
    assert one.connectionState == "closed"
    assert other.connectionState == "connected"


def test_without_aiortc(monkeypatch):
    peers._wrap.cache_clear()
    monkeypatch.setattr(peers, "available", lambda: False)
    with pytest.raises(MissingExtra, match=r"realtime-harness\[webrtc\]"):
        rtc.configuration()
