from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from realtime_fakes.relays.app import RelayOptions, running


@dataclass
class Service:
    """A WebSocket service that shows what reached it."""

    base_url: str
    sockets: asyncio.Queue[ServerConnection] = field(default_factory=asyncio.Queue)

    async def socket(self) -> ServerConnection:
        return await asyncio.wait_for(self.sockets.get(), 2)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """Accepts every socket below /v1 and leaves it to the test; echoes nothing."""

    async def handler(socket: ServerConnection) -> None:
        made.sockets.put_nowait(socket)
        await socket.wait_closed()

    def refuse(connection: ServerConnection, request: Any) -> Any:
        if "refuse" not in request.path:
            return None
        answer = connection.respond(404, '{"error": {"code": "call_id_not_found"}}')
        del answer.headers["Content-Type"]
        answer.headers["Content-Type"] = "application/json"
        return answer

    def choose(_connection: ServerConnection, offered: Any) -> Any:
        return "realtime" if "realtime" in offered else None

    async with serve(
        handler,
        "127.0.0.1",
        0,
        process_request=refuse,
        select_subprotocol=choose,
        max_size=None,
        compression=None,
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        made = Service(f"http://127.0.0.1:{port}/v1")
        yield made


Through = Callable[..., AbstractAsyncContextManager[ClientConnection]]


@pytest.fixture
def through(service: Service) -> Through:
    """Connect to the service through a relay of its own."""

    @asynccontextmanager
    async def through(
        path: str = "?model=m", *, subprotocols: Any = None, headers: Any = None, **options: Any
    ) -> AsyncIterator[ClientConnection]:
        made = RelayOptions(kind="ws", upstream=service.base_url, **options)
        async with (
            running(made) as ready,
            connect(
                ready["ws_url"] + path,
                subprotocols=subprotocols,
                additional_headers=headers,
                max_size=None,
                proxy=None,
                close_timeout=2,
            ) as client,
        ):
            yield client

    return through


@pytest.fixture
def end_of() -> Callable[[Any], Awaitable[tuple[int, str]]]:
    """Wait until a socket is closed by the other side; give code and reason."""

    async def end_of(socket: Any) -> tuple[int, str]:
        try:
            while True:
                await asyncio.wait_for(socket.recv(), 2)
        except ConnectionClosed as closed:
            frame = closed.rcvd
        if frame is None:
            pytest.fail("no close frame came")
        return frame.code, frame.reason

    return end_of
