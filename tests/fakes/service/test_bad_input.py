"""Whatever is sent, the process and the sessions of others live on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable

import websockets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from realtime_fakes.client_events import NAMES

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
EVENT = st.fixed_dictionaries(
    {"type": st.sampled_from(NAMES)},
    optional={"session": JSON, "item": JSON, "response": JSON, "audio": JSON, "item_id": JSON},
)


async def test_nothing_that_is_sent_kills_the_process_or_another_session(world, caplog):
    """Frames, and bytes that are no frames, over a real socket."""
    client = world.client
    loop = asyncio.get_running_loop()
    other = await client.socket()
    await other.event()
    host, port = client.addresses["ws_url"].split("/")[2].split(":")

    async def send_frames(frames: list[str | bytes]) -> None:
        async with websockets.connect(
            client.addresses["ws_url"] + "?model=gpt-realtime",
            additional_headers={"Authorization": "Bearer sk-fake"},
            proxy=None,
        ) as connection:
            for frame in frames:
                await connection.send(frame)
            await connection.send('{"type": "input_audio_buffer.clear"}')
            async for message in connection:
                if json.loads(message)["type"] == "input_audio_buffer.cleared":
                    break

    async def send_bytes(data: bytes, upgrade: bool) -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        if upgrade:
            writer.write(
                b"GET /v1/realtime?model=gpt-realtime HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                b"Authorization: Bearer sk-fake\r\n\r\n"
            )
            await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        writer.write_eof()
        while await reader.read(65536):
            pass
        writer.close()
        await writer.wait_closed()

    async def checked(work: Awaitable[None]) -> None:
        async with asyncio.timeout(10):
            await work
            await other.send({"type": "input_audio_buffer.clear"})
            assert (await other.event())["type"] == "input_audio_buffer.cleared"

    async def post_json(path: str, body: object, field: str | None) -> None:
        sent = json.dumps(body if field is None else {field: body})
        reply = await client.post(path, content=sent)
        assert reply.status_code < 500, reply.text

    bounded = settings(max_examples=40, suppress_health_check=list(HealthCheck))

    @bounded
    @given(st.lists(EVENT.map(json.dumps) | st.text() | st.binary(), max_size=4))
    def frames_are_survived(frames: list[str | bytes]) -> None:
        asyncio.run_coroutine_threadsafe(checked(send_frames(frames)), loop).result(15)

    @bounded
    @given(st.binary(max_size=300), st.booleans())
    def bytes_are_survived(data: bytes, upgrade: bool) -> None:
        asyncio.run_coroutine_threadsafe(checked(send_bytes(data, upgrade)), loop).result(15)

    call_id = (await client.control("POST", "/sip/calls", json={})).json()["id"]
    paths = (
        "/realtime/client_secrets",
        "/realtime/translations/client_secrets",
        "/realtime/calls",
        *(f"/realtime/calls/{call_id}/{order}" for order in ("accept", "reject", "refer")),
    )
    fields = (None, "session", "type", "model", "expires_after", "status_code", "target_uri")

    @bounded
    @given(st.sampled_from(paths), JSON, st.sampled_from(fields))
    def bodies_are_survived(path: str, body: object, field: str | None) -> None:
        asyncio.run_coroutine_threadsafe(checked(post_json(path, body, field)), loop).result(15)

    await asyncio.to_thread(bodies_are_survived)
    await asyncio.to_thread(frames_are_survived)
    await asyncio.to_thread(bytes_are_survived)
    assert not [record for record in caplog.records if "failed" in record.getMessage()]
    await client.state_until(lambda state: len(state["sessions"]) == 1)
