"""Pairs of peers, in this process and on this machine only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from realtime_harness import rtc


@pytest.fixture
async def open_peer() -> AsyncIterator[Callable[..., Any]]:
    """Return a function that makes a peer; in the end it has to go without a trace."""
    before = asyncio.all_tasks()
    peers = []

    def open_peer(make: Callable[[], Any] = rtc.peer_connection) -> Any:
        peer = make()
        peers.append(peer)
        peer.createDataChannel("oai-events")
        return peer

    yield open_peer
    for peer in peers:
        await rtc.close(peer)
    assert asyncio.all_tasks() - before <= {asyncio.current_task()}


@pytest.fixture
def connect() -> Callable[[Any, Any], Awaitable[None]]:
    """Return a function that lets one peer call another."""

    async def connect(one: Any, other: Any) -> None:
        with rtc.loopback_only():
            await one.setLocalDescription(await one.createOffer())
            await other.setRemoteDescription(one.localDescription)
            await other.setLocalDescription(await other.createAnswer())
        await one.setRemoteDescription(other.localDescription)

    return connect


@pytest.fixture
def until() -> Callable[[Any, str], Awaitable[None]]:
    """Return a function that waits until a peer's connection is in a state."""

    async def until(peer: Any, state: str) -> None:
        reached = asyncio.Event()

        def changed() -> None:
            if peer.connectionState == state:
                reached.set()

        peer.on("connectionstatechange", changed)
        if peer.connectionState != state:
            async with asyncio.timeout(5):
                await reached.wait()

    return until
