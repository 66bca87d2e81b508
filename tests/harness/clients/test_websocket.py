from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from realtime_harness.clients.websocket import Auth, WebSocketConnection, open_websocket
from realtime_harness.errors import (
    ConnectionLost,
    ConnectionRefused,
    EventNotReceived,
    TargetUnreachable,
)
from realtime_harness.evidence import Direction, Kind, Lane, Recorder
from realtime_harness.targets.profiles import COMPATIBLE, KeyStyle
from realtime_harness.targets.retry import Retry
from realtime_harness.targets.target import Target

Serving = Callable[..., AbstractAsyncContextManager[Target]]


async def connect(target: Target, recorder: Recorder, **options: Any) -> WebSocketConnection:
    given = {"name": "client", "lane": Lane.WEBSOCKET, "query": {"model": "m"}, **options}
    return await open_websocket(target, recorder, **given)


async def test_echo_of_a_large_event(serving: Serving, recorder: Recorder) -> None:
    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async with serving(echo) as target:
        connection = await connect(target, recorder)
        text = "x" * 2_000_000
        await connection.send({"type": "nothing", "text": text}, valid=False)
        assert (await connection.receive()).data["text"] == text
        await connection.close()
        await connection.close()
    assert connection.closed is not None
    assert connection.closed.by_us


@pytest.mark.parametrize(
    ("auth", "header", "offered"),
    [
        (Auth.HEADER, "Bearer top-secret-key", None),
        (Auth.SUBPROTOCOL, None, "realtime, openai-insecure-api-key.top-secret-key"),
        (Auth.NONE, None, None),
    ],
    ids=lambda value: value.value if isinstance(value, Auth) else None,
)
async def test_how_the_key_is_shown(
    serving: Serving, recorder: Recorder, auth: Auth, header: str | None, offered: str | None
) -> None:
    seen: list[Any] = []

    async def handler(connection: ServerConnection) -> None:
        request = connection.request
        assert request is not None
        seen.append((request.path, request.headers))
        await connection.wait_closed()

    async with serving(handler) as target:
        connection = await connect(target, recorder, auth=auth)
        assert connection.subprotocol == ("realtime" if offered else None)
        await connection.close()
    path, headers = seen[0]
    assert path == "/v1/realtime?model=m"
    assert headers.get("Authorization") == header
    assert headers.get("Sec-WebSocket-Protocol") == offered
    assert "Sec-WebSocket-Extensions" not in headers
    assert not any("top-secret-key" in str(entry.data) for entry in recorder.entries)


async def test_ping(serving: Serving, staying: object, recorder: Recorder) -> None:
    async with serving(staying) as target:
        connection = await connect(target, recorder)
        assert 0 < await connection.ping() < 2_000
        assert recorder.entries[-1].kind is Kind.NOTE
        await connection.close()
        with pytest.raises(ConnectionLost):
            await connection.ping()


async def test_ping_without_pong(serving: Serving, recorder: Recorder, soon: float) -> None:
    async def deaf(connection: ServerConnection) -> None:
        connection.transport.pause_reading()
        await over.wait()
        connection.transport.resume_reading()

    over = asyncio.Event()
    async with serving(deaf) as target:
        connection = await connect(target, recorder)
        with pytest.raises(EventNotReceived, match="pong"):
            await connection.ping(timeout_s=soon)
        over.set()
        await connection.close()


async def test_handshake_is_evidence(serving: Serving, staying: object, recorder: Recorder) -> None:
    async with serving(staying) as target:
        connection = await connect(target, recorder)
        await connection.close()
    request, response, opened, closed = recorder.entries
    assert {entry.lane for entry in recorder.entries} == {Lane.TRANSPORT}
    assert (request.kind, request.direction) == (Kind.REQUEST, Direction.SENT)
    assert request.data["headers"] == {"Authorization": "Bearer [redacted]"}
    assert response.data["status"] == 101
    assert (opened.data["state"], closed.data["state"]) == ("open", "closed")
    assert closed.data["by"] == "us"


async def test_refusal_carries_the_answer(
    serving: Serving, staying: object, refusing: Any, recorder: Recorder
) -> None:
    body = '{"error": {"code": "call_id_not_found"}}'
    async with serving(staying, refusing(HTTPStatus.NOT_FOUND, body)) as target:
        with pytest.raises(ConnectionRefused, match="HTTP 404") as raised:
            await connect(target, recorder)
    answer = raised.value.answer
    assert answer is not None
    assert (answer.status, answer.error) == (404, {"code": "call_id_not_found"})
    assert recorder.entries[answer.seq].data["body"] == body


async def test_subprotocol_that_was_not_offered_is_refused(
    recorder: Recorder,
) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: nothing\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(handler, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        target = Target(name="x", base_url=f"http://127.0.0.1:{port}/v1", api_key="abcdef")
        with pytest.raises(ConnectionRefused, match="no HTTP status"):
            await connect(target, recorder)


async def test_silence_is_refused_in_time(recorder: Recorder, soon: float) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(handler, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        target = Target(name="x", base_url=f"http://127.0.0.1:{port}/v1", api_key="abcdef")
        with pytest.raises(ConnectionRefused, match="no answer to the handshake within"):
            await connect(target, recorder, timeout_s=soon)


async def test_nobody_there(recorder: Recorder) -> None:
    target = Target(name="x", base_url="http://127.0.0.1:1/v1", api_key="abcdef")
    with pytest.raises(TargetUnreachable):
        await connect(target, recorder)


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (4000, "invalid_request_error")])
async def test_close_by_the_server(
    serving: Serving, recorder: Recorder, code: int, reason: str
) -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.send('{"type": "error"}')
        await connection.close(code, reason)

    async with serving(handler) as target:
        connection = await connect(target, recorder)
        closed = await connection.wait_closed()
        assert (closed.code, closed.reason, closed.by_us) == (code, reason, False)
        assert (await connection.receive()).type == "error"
        with pytest.raises(ConnectionLost):
            await connection.send({"type": "response.create"})


async def test_socket_that_breaks_has_no_code(serving: Serving, recorder: Recorder) -> None:
    async def handler(connection: ServerConnection) -> None:
        connection.transport.abort()

    async with serving(handler) as target:
        connection = await connect(target, recorder)
        closed = await connection.wait_closed()
    assert (closed.code, closed.by_us) == (None, False)


async def test_cut_sends_no_close_frame(serving: Serving, recorder: Recorder) -> None:
    codes: list[int | None] = []

    async def handler(connection: ServerConnection) -> None:
        await connection.wait_closed()
        codes.append(connection.protocol.close_code)

    async with serving(handler) as target:
        connection = await connect(target, recorder)
        connection.cut()
        closed = await connection.wait_closed()
    assert closed.by_us
    assert codes == [1006]


async def test_patience_is_the_targets(
    serving: Serving, staying: object, recorder: Recorder
) -> None:
    async with serving(staying) as target:
        connection = await connect(target, recorder)
        with pytest.raises(EventNotReceived, match=r"within 0\.01 s"):
            await connection.receive(timeout_s=0.01)
        await connection.close()


class Refusals:
    """Refuses so many times, then no more."""

    def __init__(self, *statuses: HTTPStatus, **headers: str) -> None:
        self._left = list(statuses)
        self._headers = headers
        self.requests: list[Request] = []

    def __call__(self, connection: ServerConnection, request: Request) -> Response | None:
        self.requests.append(request)
        if not self._left:
            return None
        response = connection.respond(self._left.pop(0), "{}")
        for name, value in self._headers.items():
            response.headers[name] = value
        return response


QUICK = Retry(attempts=3, first_pause_s=0.001, longest_pause_s=0.1)


async def test_handshake_is_tried_again_elsewhere(
    serving: Serving, staying: object, recorder: Recorder
) -> None:
    refusals = Refusals(HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
    async with serving(staying, refusals) as target:
        connection = await connect(replace(target, retry=QUICK), recorder)
        await connection.close()
    assert len(refusals.requests) == 3
    answers = [e.data["status"] for e in recorder.entries if e.kind is Kind.RESPONSE]
    assert answers == [429, 503, 101]
    notes = [e.data["text"] for e in recorder.entries if e.kind is Kind.NOTE]
    assert "refused with 429: attempt 2 of 3" in notes[0]


@pytest.mark.parametrize(
    ("status", "retry_after", "attempts"),
    [
        (HTTPStatus.UNAUTHORIZED, "0", 1),
        (HTTPStatus.TOO_MANY_REQUESTS, "0", 3),
        (HTTPStatus.TOO_MANY_REQUESTS, "60", 1),
    ],
    ids=["not-for-now", "at-once", "longer-than-we-wait"],
)
async def test_how_often(
    serving: Serving,
    staying: object,
    recorder: Recorder,
    status: HTTPStatus,
    retry_after: str,
    attempts: int,
) -> None:
    refusals = Refusals(*[status] * 5, **{"Retry-After": retry_after})
    async with serving(staying, refusals) as target:
        with pytest.raises(ConnectionRefused):
            await connect(replace(target, retry=QUICK), recorder)
    assert len(refusals.requests) == attempts


async def test_first_refusal_of_this_machine_counts(
    serving: Serving, staying: object, recorder: Recorder
) -> None:
    refusals = Refusals(HTTPStatus.TOO_MANY_REQUESTS)
    async with serving(staying, refusals) as target:
        with pytest.raises(ConnectionRefused):
            await connect(target, recorder)
    assert len(refusals.requests) == 1


@pytest.mark.parametrize(
    ("style", "key", "header", "path"),
    [
        ("header:api-key", "top-secret-key", ("api-key", "top-secret-key"), "?model=m"),
        ("header:api-key", "ek_made", ("Authorization", "Bearer ek_made"), "?model=m"),
        ("query:api_key", "top-secret-key", None, "?model=m&api_key=top-secret-key"),
        ("none", "", None, "?model=m"),
    ],
    ids=["header", "ephemeral", "query", "none"],
)
async def test_key_where_the_target_wants_it(
    serving: Serving,
    staying: object,
    recorder: Recorder,
    style: str,
    key: str,
    header: tuple[str, str] | None,
    path: str,
) -> None:
    look = Refusals()
    async with serving(staying, look) as local:
        profile = replace(COMPATIBLE, key_style=KeyStyle.parse(style))
        target = replace(local, profile=profile, api_key=key)
        connection = await connect(target, recorder)
        await connection.close()
    [request] = look.requests
    shown = {name: request.headers.get(name) for name in ("api-key", "Authorization")}
    assert {name: value for name, value in shown.items() if value} == dict(
        [header] if header else []
    )
    assert request.path == f"/v1/realtime{path}"
    assert not key or key not in str([entry.data for entry in recorder.entries])
