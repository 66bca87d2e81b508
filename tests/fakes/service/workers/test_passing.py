"""Sidebands, half of which are passed on: none can tell whether it is."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from typing import Any

import pytest

MANY = 12
SIP_SESSION = {"type": "realtime", "model": "gpt-realtime", "output_modalities": ["text"]}


async def call(client: Any) -> str:
    """Let a phone call come in and accept it; return its id."""
    call_id = (await client.control("POST", "/sip/calls", json={})).json()["id"]
    accepted = await client.post(f"/realtime/calls/{call_id}/accept", json=SIP_SESSION)
    assert accepted.status_code == 200, accepted.text
    return call_id


async def join(client: Any, call_id: str) -> list[Any]:
    sockets = [await client.socket(f"?call_id={call_id}") for _ in range(MANY)]
    workers = (await client.control("GET", "/workers")).json()
    assert sum(worker["passed_on"] for worker in workers) > 0
    return sockets


async def test_large_frames_pass_in_both_directions(client: Any, say: Any) -> None:
    sockets = await join(client, await call(client))
    # Much more than is read at once: sound, and a text that comes back in one piece.
    sound = b64encode(bytes(600_000)).decode()
    text = "word " * 20_000
    for socket in (sockets[0], sockets[-1]):
        await socket.send({"type": "input_audio_buffer.append", "audio": sound})
        await socket.send(say(text))
    for socket in sockets:
        added = [
            event["item"]["content"][0]["text"]
            for event in await socket.until("conversation.item.done")
            if event["type"] == "conversation.item.done"
        ]
        assert added == [text]


async def test_the_owner_reads_that_a_client_closes(client: Any) -> None:
    sockets = await join(client, await call(client))
    await asyncio.gather(*(socket.connection.close(4001, "enough") for socket in sockets))
    await client.state_until(lambda state: len(state["calls"][0]["attachments"]) == 0)
    entries = (await client.control("GET", "/journal")).json()["entries"]
    closed = [entry["data"] for entry in entries if entry["data"].get("state") == "closed"]
    assert [data["by"] for data in closed[-MANY:]] == ["client"] * MANY
    assert len({socket.connection.close_code for socket in sockets}) == 1


async def test_a_client_that_breaks_off_is_missed(client: Any) -> None:
    call_id = await call(client)
    sockets = await join(client, call_id)
    for socket in sockets:
        socket.connection.transport.abort()
    await client.state_until(lambda state: len(state["calls"][0]["attachments"]) == 0)


@pytest.mark.parametrize(
    ("faults", "path", "code"),
    [
        ([], "/sessions/{session}/drop", 1006),
        ([], "/sip/calls/{call}/hangup", 1000),
        ([], "/reset", 1000),
        (["close:4999,after=1"], None, 4999),
        (["disconnect:1"], None, 1006),
        (["half-close:1"], None, 1006),
    ],
    ids=lambda value: str(value),
)
async def test_sockets_end_as_the_owner_ends_them(
    client: Any, faults: list[str], path: str | None, code: int
) -> None:
    call_id = await call(client)
    sockets = await join(client, call_id)
    (session,) = (await client.state())["sessions"]
    if path is None:
        switched = await client.control("PUT", "/switches", json={"faults": faults})
        assert switched.status_code == 200, switched.text
        update = {"type": "session.update", "session": {"type": "realtime", "instructions": "x"}}
        await sockets[0].send(update, update, update)
    else:
        asked = path.format(session=session["id"], call=call_id)
        assert (await client.control("POST", asked)).status_code == 200
    assert {(await socket.closed())[0] for socket in sockets} == {code}


async def test_subprotocols_and_refusals_of_the_handshake_pass(client: Any) -> None:
    call_id = await call(client)
    for _ in range(MANY):
        socket = await client.socket(
            f"?call_id={call_id}",
            key=None,
            subprotocols=["realtime", "openai-insecure-api-key.sk-fake"],
        )
        assert socket.connection.subprotocol == "realtime"
    refused = []
    for _ in range(MANY):
        socket = await client.socket(f"?call_id={call_id}", key="sk-wrong")
        event = await socket.event()
        refused.append((event["error"]["code"], await socket.closed()))
    assert {json.dumps(each) for each in refused} == {
        json.dumps(("invalid_api_key", (3000, "invalid_request_error.invalid_api_key")))
    }
