from __future__ import annotations

import asyncio

import pytest
from aiortc import RTCPeerConnection

from realtime_harness import rtc

REST_S = 0.02


@pytest.fixture
def rests(monkeypatch):
    """What anybody sleeps."""
    found: list[float] = []
    sleep = asyncio.sleep

    async def noted(delay, *rest):
        found.append(delay)
        return await sleep(delay, *rest)

    monkeypatch.setattr(asyncio, "sleep", noted)
    return found


@pytest.mark.parametrize(
    ("make", "rests_of_each"), [(rtc.peer_connection, 0), (RTCPeerConnection, 1)]
)
async def test_our_peers_do_not_rest_behind_their_last_check(
    open_peer, connect, until, rests, make, rests_of_each
):
    pair = open_peer(make), open_peer(make)
    await connect(*pair)
    for peer in pair:
        await until(peer, "connected")
    assert rests.count(REST_S) == 2 * rests_of_each


async def test_all_pairs_are_checked(open_peer, connect, until, monkeypatch):
    """Where there are several to check, they are paced as before."""
    from aioice import ice

    addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    monkeypatch.setattr(ice, "get_host_addresses", lambda use_ipv4, use_ipv6: addresses)
    pair = open_peer(), open_peer()
    await connect(*pair)
    for peer in pair:
        await until(peer, "connected")
