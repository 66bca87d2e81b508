from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from respx import MockRouter
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from realtime_harness.errors import KeyRefused, TargetUnreachable
from realtime_harness.targets.capabilities import Capability
from realtime_harness.targets.greeting import greet
from realtime_harness.targets.target import Target

KEY = "top-secret-key"


@asynccontextmanager
async def endpoint(
    *events: dict[str, Any],
    close: int | None = None,
    answer: Callable[[ServerConnection, Request], Response | None] | None = None,
) -> AsyncIterator[Target]:
    """A service that says these events to everybody, and then closes or stays."""

    async def handler(connection: ServerConnection) -> None:
        for event in events:
            await connection.send(json.dumps(event))
        if close is not None:
            await connection.close(close)
        await connection.wait_closed()

    async with serve(handler, "127.0.0.1", 0, process_request=answer) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield Target(
            name="near",
            base_url=f"http://127.0.0.1:{port}/v1",
            api_key=KEY,
            key_source="set NEAR_KEY in the environment to another one",
            patience_s=0.2,
        )


def error(code: str | None, message: str = "No.") -> dict[str, Any]:
    return {"type": "error", "error": {"type": "x", "code": code, "message": message}}


CREATED = {"type": "session.created", "session": {"type": "realtime", "audio": {}}}
BETA = {"type": "session.created", "session": {"input_audio_format": "pcm16"}}


@pytest.mark.parametrize(
    ("events", "sign"),
    [
        pytest.param([CREATED], "", id="welcome"),
        pytest.param([BETA], "session.created with session.input_audio_format", id="beta"),
        pytest.param([], "", id="silence"),
        pytest.param([error("rate_limit_exceeded")], "", id="other-error"),
        pytest.param([{"type": "error", "error": "what"}], "", id="no-error-object"),
    ],
)
async def test_what_is_told_at_the_door(events: list[dict[str, Any]], sign: str) -> None:
    async with endpoint(*events) as target:
        found = await greet(target)
    assert found.startswith(sign)
    assert bool(found) == bool(sign)


@pytest.mark.parametrize(
    ("code", "close"),
    [("invalid_api_key", 3000), ("invalid_api_key", None), (None, 3000), ("insufficient_quota", 1)],
    ids=["as-openai", "left-open", "close-code-alone", "quota"],
)
async def test_key_refused_in_the_socket(code: str | None, close: int | None) -> None:
    close = 1000 if close == 1 else close
    async with endpoint(error(code, f"Key {KEY} is wrong."), close=close) as target:
        with pytest.raises(KeyRefused) as raised:
            await greet(target)
    text = str(raised.value)
    assert text.startswith(f"near refuses the key ({code or 3000}: Key [redacted] is wrong)")
    assert text.endswith("set NEAR_KEY in the environment to another one")


@pytest.mark.parametrize("status", [401, 403])
async def test_key_refused_by_http(status: int) -> None:
    def answer(connection: ServerConnection, request: Request) -> Response:
        return connection.respond(status, json.dumps({"error": {"message": "Denied."}}))

    async with endpoint(answer=answer) as target:
        with pytest.raises(KeyRefused, match=rf"refuses the key \(HTTP {status}: Denied\)"):
            await greet(target)


async def test_other_refusals_are_for_the_suites() -> None:
    def answer(connection: ServerConnection, request: Request) -> Response:
        return connection.respond(404, "{}")

    async with endpoint(answer=answer) as target:
        assert await greet(target) == ""


async def test_nobody_there() -> None:
    target = Target(name="x", base_url="http://127.0.0.1:1/v1", api_key=KEY)
    with pytest.raises(TargetUnreachable, match="nothing listens there"):
        await greet(target)


CALLS_ALONE = Target(
    name="calls",
    base_url="https://host.example/v1",
    api_key=KEY,
    capabilities=frozenset({Capability.WEBRTC, Capability.EPHEMERAL_KEYS}),
)


@pytest.mark.parametrize(("status", "refused"), [(200, False), (401, True), (404, False)])
async def test_without_websockets_a_key_is_asked_for(
    httpx2_mock: MockRouter, status: int, refused: bool
) -> None:
    httpx2_mock.post("https://host.example/v1/realtime/client_secrets").respond(
        status, json={"error": {"message": f"It is {KEY}"}}
    )
    if refused:
        with pytest.raises(KeyRefused, match=r"HTTP 401: It is \[redacted\]"):
            await greet(CALLS_ALONE)
    else:
        assert await greet(CALLS_ALONE) == ""


async def test_where_nothing_can_be_told() -> None:
    target = replace(CALLS_ALONE, capabilities=frozenset({Capability.WEBRTC}))
    async with asyncio.timeout(1):
        assert await greet(target) == ""
