from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from realtime_harness.targets.target import Target

Handler = Callable[[ServerConnection], Awaitable[None]]
Answer = Callable[[ServerConnection, Request], Response | None]


def refuse(status: HTTPStatus, body: str) -> Answer:
    def answer(connection: ServerConnection, request: Request) -> Response | None:
        return connection.respond(status, body)

    return answer


@asynccontextmanager
async def endpoint(handler: Handler, answer: Answer | None = None) -> AsyncIterator[Target]:
    """A WebSocket server on a free port of this machine, as a target."""
    async with serve(
        handler,
        "127.0.0.1",
        0,
        process_request=answer,
        max_size=None,
        subprotocols=[Subprotocol("realtime")],
        select_subprotocol=lambda connection, offered: (
            Subprotocol("realtime") if "realtime" in offered else None
        ),
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield Target(
            name="local",
            base_url=f"http://127.0.0.1:{port}/v1",
            api_key="top-secret-key",
            patience_s=2.0,
        )


@pytest.fixture
def serving() -> Callable[..., object]:
    return endpoint


@pytest.fixture
def refusing() -> Callable[[HTTPStatus, str], Answer]:
    return refuse


async def stay(connection: ServerConnection) -> None:
    """Keep the connection until the client closes it."""
    await connection.wait_closed()


@pytest.fixture
def staying() -> Handler:
    return stay


@pytest.fixture
def soon() -> float:
    """A bound for what must not come, seconds."""
    return 0.05


@pytest.fixture(autouse=True)
async def no_task_is_left() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    # The servers' side of a connection that is just being closed may need a moment.
    assert not left or not (await asyncio.wait(left, timeout=1))[1]
