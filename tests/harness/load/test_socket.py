from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websocket

from realtime_harness.errors import (
    ConnectionLost,
    ConnectionRefused,
    EventNotReceived,
    TargetUnreachable,
)
from realtime_harness.evidence import Lane
from realtime_harness.journeys.text_turn import text_turn
from realtime_harness.lab import Lab
from realtime_harness.load.recent import RecentRecorder
from realtime_harness.load.socket import LightSocket, framed, open_light
from realtime_harness.targets.target import Target

Handler = Callable[[ServerConnection], object]


@asynccontextmanager
async def against(handler: Handler, **options: object) -> AsyncIterator[Target]:
    """A server that does what a handler says, as a target."""
    async with serve_websocket(handler, "127.0.0.1", 0, **options) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield Target(name="ours", base_url=f"http://127.0.0.1:{port}/v1", api_key="sk-ours")


async def opened(target: Target, **options: object) -> LightSocket:
    return await open_light(
        target,
        RecentRecorder(),
        name="client",
        lane=Lane.WEBSOCKET,
        query={"model": target.model},
        **options,
    )


async def test_it_takes_turns_with_a_fake(fake: Target) -> None:
    connection = await opened(fake)
    await connection.expect("session.created")
    for number in range(3):
        connection.forget(keep=4)
        turn = await text_turn(connection, f"turn {number}")
        assert turn.text == turn.streamed
        assert turn.text.endswith(f"turn {number}")
        assert turn.first_text_ns is not None
        assert turn.sent_ns < turn.first_text_ns <= turn.done_ns
    await connection.close()
    await connection.close()
    with pytest.raises(ConnectionLost):
        await connection.send({"type": "response.create"})


async def test_it_is_encrypted_where_the_target_is(lab: Lab) -> None:
    connection = await opened(lab.fake(tls=True))
    await connection.expect("session.created")
    await connection.close()


async def test_being_refused_has_its_answer() -> None:
    def refuse(ws: ServerConnection, request: object) -> object:
        return ws.respond(429, "slow down")

    async with against(lambda ws: ws.wait_closed(), process_request=refuse) as target:
        with pytest.raises(ConnectionRefused, match="slow down") as raised:
            await opened(target)
    assert raised.value.status == 429


async def test_nothing_at_that_address() -> None:
    target = Target(name="none", base_url="http://127.0.0.1:9/v1", api_key="sk-none")
    with pytest.raises(TargetUnreachable):
        await opened(target)


async def test_a_server_that_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        target = Target(name="s", base_url=f"http://127.0.0.1:{port}/v1", api_key="sk-s")
        with pytest.raises(ConnectionRefused, match=r"within 0\.1 s"):
            await opened(target, timeout_s=0.1)


@pytest.mark.parametrize(
    "sizes", [[0], [125], [126], [65_535, 65_536], [300_000, 1, 2]], ids=lambda sizes: str(sizes)
)
async def test_frames_of_all_sizes(sizes: list[int]) -> None:
    async def handler(ws: ServerConnection) -> None:
        for size in sizes:
            await ws.send('{"type":"sized","text":"' + "x" * size + '"}')
        await ws.wait_closed()

    async with against(handler) as target:
        connection = await opened(target)
        found = [len((await connection.expect("sized")).data["text"]) for _ in sizes]
        await connection.close()
    assert found == sizes


async def test_fragments_pings_and_what_is_no_event() -> None:
    async def handler(ws: ServerConnection) -> None:
        await ws.send(["no JSON"])
        await ws.send(b"binary")
        await (await ws.ping())
        await ws.send(['{"type":', '"in-', 'pieces"}'])
        await ws.wait_closed()

    async with against(handler) as target:
        connection = await opened(target)
        assert (await connection.receive(timeout_s=5)).data == {"type": "in-pieces"}
        await connection.close()


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda ws: ws.close(4001, "enough"), 4001),
        (lambda ws: asyncio.sleep(0, ws.transport.abort()), None),
    ],
    ids=["closed", "cut"],
)
async def test_the_other_side_ends_it(end: Callable, code: int | None) -> None:
    async with against(end) as target:
        connection = await opened(target)
        closed = await connection.wait_closed(timeout_s=5)
        assert (closed.code, closed.by_us) == (code, False)
        with pytest.raises(ConnectionLost):
            await connection.expect("anything")
        await connection.close()


async def test_cutting_needs_nobody() -> None:
    gone = asyncio.Event()

    async def handler(ws: ServerConnection) -> None:
        await ws.wait_closed()
        gone.set()

    async with against(handler) as target:
        connection = await opened(target)
        connection.cut()
        assert (await connection.wait_closed(timeout_s=5)).by_us
        async with asyncio.timeout(5):
            await gone.wait()


async def test_prepared_frames_are_events_like_others() -> None:
    received: asyncio.Queue[str] = asyncio.Queue()

    async def handler(ws: ServerConnection) -> None:
        async for message in ws:
            received.put_nowait(message)

    async with against(handler) as target:
        connection = await opened(target)
        frame = framed({"type": "input_audio_buffer.append", "audio": "A" * 9_000})
        connection.write(frame)
        connection.write(frame)
        async with asyncio.timeout(5):
            first, second = await received.get(), await received.get()
        assert first == second
        assert len(first) > 9_000
        await connection.close()
        connection.write(frame)


async def test_waits_are_bounded() -> None:
    async with against(lambda ws: ws.wait_closed()) as target:
        connection = await opened(target)
        with pytest.raises(EventNotReceived):
            await connection.expect("anything", timeout_s=0.05)
        await connection.close()
