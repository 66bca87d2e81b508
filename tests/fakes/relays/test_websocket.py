from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from realtime_fakes.relays.app import RelayOptions, running

MS = 1e-3


async def test_frames_pass_as_they_are_and_in_order(through: Any, service: Any) -> None:
    async with through() as client:
        upstream = await service.socket()
        frames: list[str | bytes] = [f"frame {n}" for n in range(500)]
        frames[250] = b"\x00\xff"
        for sender, receiver in ((client, upstream), (upstream, client)):
            for frame in frames:
                await sender.send(frame)
            assert [await receiver.recv() for _ in frames] == frames


async def test_a_frame_of_5_mib_passes_both_ways(through: Any, service: Any) -> None:
    frame = "x" * 5 * 1024**2
    async with through() as client:
        upstream = await service.socket()
        await client.send(frame)
        assert await upstream.recv() == frame
        await upstream.send(frame)
        assert await client.recv() == frame


async def test_path_query_credentials_and_subprotocols_reach_the_service(
    through: Any, service: Any
) -> None:
    offered = ["realtime", "openai-insecure-api-key.sk-x"]
    headers = {"Authorization": "Bearer sk-y", "OpenAI-Project": "proj_1"}
    path = "?call_id=rtc_1&relay_delay_ms=3&x=%20a+b"
    async with through(path, subprotocols=offered, headers=headers) as client:
        request = (await service.socket()).request
        assert client.subprotocol == "realtime"
    assert request.path == "/v1/realtime?call_id=rtc_1&x=%20a+b"
    assert request.headers["Authorization"] == "Bearer sk-y"
    assert request.headers["OpenAI-Project"] == "proj_1"
    assert request.headers["Sec-WebSocket-Protocol"] == ", ".join(offered)


async def test_no_subprotocol_is_selected_when_none_was_offered(through: Any, service: Any) -> None:
    async with through() as client:
        upstream = await service.socket()
        assert client.subprotocol is None
        assert "Sec-WebSocket-Protocol" not in upstream.request.headers


@pytest.mark.parametrize(
    ("options", "path"),
    [
        pytest.param({"delay_ms": 40}, "?model=m", id="of-the-relay"),
        pytest.param({}, "?model=m&relay_delay_ms=40", id="of-the-connection"),
    ],
)
async def test_a_round_trip_takes_the_added_delay(
    through: Any, service: Any, options: dict[str, Any], path: str
) -> None:
    # Never less than what was asked for; how much more is a figure: benchmarks/relay_delay.py.
    async with through(path, **options) as client:
        upstream = await service.socket()
        for _ in range(3):
            start = time.monotonic()
            await client.send("ping")
            await upstream.send(await upstream.recv())
            await client.recv()
            assert time.monotonic() - start >= 40 * MS


@pytest.mark.parametrize("code", [1000, 3000, 4004])
async def test_an_orderly_close_is_passed_on_with_code_and_reason(
    through: Any, service: Any, end_of: Any, code: int
) -> None:
    async with through() as client:
        await (await service.socket()).close(code, "because")
        assert await end_of(client) == (code, "because")
    async with through() as client:
        upstream = await service.socket()
        await client.close(code, "because")
        assert await end_of(upstream) == (code, "because")


async def test_the_service_breaking_off_closes_the_client_with_1011(
    through: Any, service: Any, end_of: Any
) -> None:
    async with through("?model=m&relay_delay_ms=30") as client:
        upstream = await service.socket()
        await upstream.send("the last words")
        await asyncio.sleep(5 * MS)
        upstream.transport.abort()
        assert await client.recv() == "the last words"
        assert await end_of(client) == (1011, "connection to the service lost")


async def test_the_client_breaking_off_closes_the_service_with_1001(
    through: Any, service: Any, end_of: Any
) -> None:
    async with through() as client:
        upstream = await service.socket()
        client.transport.abort()
        assert await end_of(upstream) == (1001, "client connection lost")


async def test_stopping_the_relay_closes_both_sides_with_1001(service: Any, end_of: Any) -> None:
    options = RelayOptions(kind="ws", upstream=service.base_url)
    async with running(options) as ready:
        client = await connect(ready["ws_url"], proxy=None)
        upstream = await service.socket()
    assert await end_of(client) == (1001, "relay is shutting down")
    assert await end_of(upstream) == (1001, "relay is shutting down")


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        pytest.param("?call_id=refuse", 404, b"call_id_not_found", id="by-the-service"),
        pytest.param("?relay_delay_ms=soon", 400, b"soon", id="for-a-delay-that-is-no-number"),
        pytest.param("?relay_delay_ms=-1", 400, b"-1", id="for-a-negative-delay"),
        pytest.param("?relay_defect=nope", 400, b"nope", id="for-an-unknown-defect"),
    ],
)
async def test_a_refusal_reaches_the_client(
    through: Any, path: str, status: int, body: bytes
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with through(path):
            pass
    assert refused.value.response.status_code == status
    assert body in (refused.value.response.body or b"")


async def test_a_service_that_is_not_there_is_a_502() -> None:
    async with running(RelayOptions(kind="ws", upstream="http://127.0.0.1:9/v1")) as ready:
        with pytest.raises(InvalidStatus) as refused:
            await connect(ready["ws_url"], proxy=None)
    assert refused.value.response.status_code == 502
