from __future__ import annotations

import asyncio

import pytest
import websockets

from realtime_fakes.latency import Latency

ANSWER = {"type": "response.create", "response": {"output_modalities": ["text"]}}


async def test_text_turn(client, say):
    socket = await client.socket()
    assert (await socket.event())["type"] == "session.created"

    await socket.send(say("hello"), ANSWER)
    events = await socket.until("rate_limits.updated")

    assert [event["type"] for event in events] == [
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        *["response.output_text.delta"] * (len(events) - 12),
        "response.output_text.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]
    assert len({event["event_id"] for event in events}) == len(events)


async def test_audio_turn_arrives_as_deltas(client, say):
    socket = await client.socket()
    await socket.send(say("hello"), {"type": "response.create"})
    events = await socket.until("rate_limits.updated")
    assert "response.output_audio.delta" in [event["type"] for event in events]


@pytest.mark.parametrize("bytes_", [125, 126, 65535, 65536, 200_000])
async def test_events_of_every_frame_size(client, bytes_):
    socket = await client.socket()
    await socket.event()
    update = {
        "type": "session.update",
        "session": {"type": "realtime", "instructions": "x" * bytes_},
    }
    await socket.send(update)
    assert (await socket.event())["session"]["instructions"] == "x" * bytes_


async def test_an_append_of_15_mib(client):
    socket = await client.socket()
    await socket.event()
    audio = "A" * (20 * 1024 * 1024)
    await socket.send({"type": "input_audio_buffer.append", "audio": audio})
    await socket.send({"type": "input_audio_buffer.clear"})
    assert (await socket.event())["type"] == "input_audio_buffer.cleared"


async def test_a_binary_frame_is_refused_and_survived(client):
    socket = await client.socket()
    await socket.event()
    await socket.connection.send(b"{}")
    assert (await socket.event())["error"]["code"] == "invalid_event"
    await socket.send({"type": "input_audio_buffer.clear"})
    assert (await socket.event())["type"] == "input_audio_buffer.cleared"


BAD_KEY = "sk-not-a-key-that-works"
REFUSALS = {
    "no key": ("?model=gpt-realtime", None, {}, 3000, "invalid_request_error", None),
    "bad key": (
        "?model=gpt-realtime",
        BAD_KEY,
        {},
        3000,
        "invalid_request_error.invalid_api_key",
        "invalid_api_key",
    ),
    "bad key, unknown call": (
        "?call_id=rtc_none",
        BAD_KEY,
        {},
        3000,
        "invalid_request_error.invalid_api_key",
        "invalid_api_key",
    ),
    "no model": (
        "",
        "sk-fake",
        {},
        4000,
        "invalid_request_error.missing_model",
        "missing_model",
    ),
    "no realtime model": (
        "?model=gpt-nope",
        "sk-fake",
        {},
        4000,
        "invalid_request_error.invalid_model",
        "invalid_model",
    ),
    "transcription model": (
        "?model=gpt-4o-transcribe",
        "sk-fake",
        {},
        4000,
        "invalid_request_error.invalid_model",
        "invalid_model",
    ),
    "model that is gone": (
        "?model=gpt-4o-realtime-preview",
        "sk-fake",
        {},
        4004,
        "invalid_request_error.model_not_found",
        "model_not_found",
    ),
    "beta header": (
        "?model=gpt-realtime",
        "sk-fake",
        {"OpenAI-Beta": "realtime=v1"},
        4000,
        "invalid_request_error.beta_api_shape_disabled",
        "beta_api_shape_disabled",
    ),
}


@pytest.mark.parametrize(
    ("query", "key", "headers", "code", "reason", "error"),
    REFUSALS.values(),
    ids=list(REFUSALS),
)
async def test_refusal_in_the_socket(client, query, key, headers, code, reason, error):
    socket = await client.socket(query, key=key, headers=headers)
    event = await socket.event()
    assert (event["type"], event["error"]["code"]) == ("error", error)
    assert event["event_id"].startswith("event_")
    assert event["error"]["event_id"] is None
    assert BAD_KEY not in event["error"]["message"]
    assert await socket.closed() == (code, reason)
    assert (await client.state())["sessions"] == []


async def test_a_beta_subprotocol_is_fatal(client):
    socket = await client.socket(subprotocols=["realtime", "openai-beta.realtime-v1"])
    assert (await socket.event())["error"]["code"] == "beta_api_shape_disabled"


async def test_an_unknown_call_fails_the_handshake(client):
    with pytest.raises(websockets.InvalidStatus) as caught:
        await client.socket("?call_id=rtc_u1_none")
    response = caught.value.response
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert bytes(response.body) == (
        b'{"error":{"message":"No session found for the provided call_id",'
        b'"type":"invalid_request_error","param":"","code":"call_id_not_found"}}'
    )


async def test_a_plain_request_is_refused(client):
    reply = await client.http.get(client.addresses["base_url"] + "/realtime?model=gpt-realtime")
    assert reply.status_code == 426
    assert reply.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("offered", "selected"),
    [
        (None, None),
        (["realtime"], "realtime"),
        (["openai-insecure-api-key.sk-fake", "realtime"], "realtime"),
        (["openai-insecure-api-key.sk-fake"], None),
    ],
)
async def test_the_subprotocol_is_realtime_if_that_was_offered(client, offered, selected):
    socket = await client.socket(subprotocols=offered)
    assert socket.connection.subprotocol == selected
    assert (await socket.event())["type"] == "session.created"


async def test_a_key_as_subprotocol_lets_in(client):
    names = ["realtime", "openai-insecure-api-key.sk-fake", "openai-organization.org-1"]
    socket = await client.socket(key=None, subprotocols=names)
    assert (await socket.event())["type"] == "session.created"


async def test_an_unknown_key_as_subprotocol_does_not(client):
    names = ["realtime", "openai-insecure-api-key.sk-other"]
    socket = await client.socket(key=None, subprotocols=names)
    assert await socket.closed() == (3000, "invalid_request_error.invalid_api_key")


async def test_compression_is_not_negotiated(client):
    socket = await client.socket(compression="deflate")
    assert socket.connection.response.headers.get("Sec-WebSocket-Extensions") is None


async def test_the_session_ends_with_its_socket(client):
    socket = await client.socket()
    await socket.event()
    assert len((await client.state())["sessions"]) == 1
    await socket.connection.close(1000)
    assert socket.connection.close_code == 1000
    assert (await client.state())["sessions"] == []


async def test_the_session_expires(open_world):
    client = (await open_world(clock="virtual")).client
    socket = await client.socket()
    created = await socket.event()
    reply = await client.control("POST", "/clock", json={"advance": 3600})
    assert reply.json()["clock"]["now"] >= created["session"]["expires_at"]
    assert (await socket.event())["error"]["code"] == "session_expired"
    code, reason = await socket.closed()
    assert code == 1001
    assert reason == "Your session hit the maximum duration of 60 minutes."


async def test_the_server_pings(world, monkeypatch):
    client = world.client
    world.decide(ping_interval_s=0.02)
    pings: asyncio.Queue[bytes] = asyncio.Queue()
    socket = await client.socket()
    protocol = socket.connection.protocol
    receive = protocol.recv_frame

    def recv_frame(frame):
        if frame.opcode is websockets.frames.Opcode.PING:
            pings.put_nowait(bytes(frame.data))
        receive(frame)

    monkeypatch.setattr(protocol, "recv_frame", recv_frame)
    async with asyncio.timeout(5):
        assert [len(await pings.get()) for _ in range(3)] == [4, 4, 4]


@pytest.mark.parametrize("speaks", [False, True], ids=["silent", "speaking"])
async def test_a_client_that_does_not_answer_pings_is_closed_if_it_is_silent(
    world, monkeypatch, speaks
):
    world.decide(ping_interval_s=0.1, longest_silence_s=0.2)
    socket = await world.client.socket()
    await socket.event()
    protocol = socket.connection.protocol
    receive, pings = protocol.recv_frame, asyncio.Queue()

    def recv_frame(frame):
        if frame.opcode is websockets.frames.Opcode.PING:
            pings.put_nowait(frame)
        else:
            receive(frame)

    monkeypatch.setattr(protocol, "recv_frame", recv_frame)
    async with asyncio.timeout(5):
        for _ in range(5 if speaks else 2):
            await pings.get()
            if speaks:
                await socket.send({"type": "input_audio_buffer.clear"})
                await socket.event()
    if not speaks:
        assert await socket.closed() == (1011, "keepalive ping timeout")


async def test_refusal_by_status_where_the_policy_says_so(world):
    world.decide(refuse_in_socket=False)
    with pytest.raises(websockets.InvalidStatus) as caught:
        await world.client.socket(key=None)
    assert caught.value.response.status_code == 401


async def test_a_fault_of_the_fake_closes_the_socket(world, monkeypatch, caplog):
    socket = await world.client.socket()
    await socket.event()
    (host,) = world.server.default.hosts.values()
    monkeypatch.setattr(host.session, "receive", None)
    await socket.send({"type": "input_audio_buffer.clear"})
    assert (await socket.closed())[0] == 1011
    assert "TypeError" in caplog.text


async def test_the_greeting_may_take_its_time(world):
    world.decide(latency=Latency(greeting=(0.2, 0.2)))
    loop = asyncio.get_running_loop()
    begin = loop.time()
    assert (await (await world.client.socket()).event())["type"] == "session.created"
    assert loop.time() - begin >= 0.19
