from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from openai import AsyncOpenAI, OpenAI
from openai.types.realtime import InputAudioBufferDtmfEventReceivedEvent

from realtime_fakes.sip import WEBHOOK_SECRET, signature

SESSION = {"type": "realtime", "model": "gpt-realtime", "output_modalities": ["text"]}
ANSWER = {"type": "response.create", "response": {"output_modalities": ["text"]}}


@dataclass
class Receiver:
    """An application that gets webhooks."""

    url: str = ""
    status: int = 200
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    react: Callable[[bytes], Awaitable[None]] | None = None
    """Runs before the reply."""

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.received.append((dict(request.headers), body))
        if self.react is not None:
            await self.react(body)
        return web.Response(status=self.status)


@asynccontextmanager
async def listening() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.receive)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    receiver.url = f"http://{host}:{port}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


async def ring(client: Any, **body: Any) -> dict[str, Any]:
    reply = await client.control("POST", "/sip/calls", json=body)
    assert reply.status_code == 201, reply.text
    return reply.json()


async def answered(client: Any, **more: Any) -> str:
    call_id = (await ring(client))["id"]
    reply = await client.post(f"/realtime/calls/{call_id}/accept", json={**SESSION, **more})
    assert (reply.status_code, reply.content) == (200, b"")
    return call_id


async def sip_call(client: Any, call_id: str) -> dict[str, Any]:
    return (await client.control("GET", f"/sip/calls/{call_id}")).json()


# The webhook


@pytest.mark.parametrize("secret", [None, "whsec_b3duIHNlY3JldA=="], ids=["known", "own"])
async def test_a_call_is_announced_by_a_webhook_that_the_sdk_believes(client, secret):
    own = {} if secret is None else {"webhook_secret": secret}
    headers = {"X-Trunk": "7", "Call-ID": "a@b"}
    async with listening() as receiver:
        call = await ring(
            client,
            **{"from": "sip:+15550111@a.example", "to": "sip:proj_1@b.example"},
            headers=headers,
            webhook_url=receiver.url,
            **own,
        )
    assert call["webhook_secret"] == (secret or WEBHOOK_SECRET)
    assert (call["state"], call["webhook"]["status"]) == ("ringing", 200)
    ((sent, body),) = receiver.received
    assert sent["User-Agent"].startswith("OpenAI/1.0 ")
    with OpenAI(api_key="sk-fake", webhook_secret=call["webhook_secret"]) as sdk:
        event = sdk.webhooks.unwrap(body, sent)
    assert event.type == "realtime.call.incoming"
    assert event.data.call_id == call["id"]
    assert event.data.sip_media_security == "rtp"
    assert [(header.name, header.value) for header in event.data.sip_headers] == [
        ("From", "sip:+15550111@a.example"),
        ("To", "sip:proj_1@b.example"),
        ("X-Trunk", "7"),
        ("Call-ID", "a@b"),
    ]


def test_a_signature_is_of_id_time_and_body():
    # Example of the specification's reference implementation: standard-webhooks, test of sign().
    assert (
        signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1614265330,
            b'{"test": 2432232314}',
        )
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


@pytest.mark.parametrize(
    ("status", "url", "expected"),
    [(500, None, 500), (200, "http://127.0.0.1:9/", None), (200, "nonsense", None)],
    ids=["refused", "nobody there", "no address"],
)
async def test_a_webhook_that_fails_leaves_the_call_ringing(client, status, url, expected):
    async with listening() as receiver:
        receiver.status = status
        call = await ring(client, webhook_url=url or receiver.url)
    assert call["state"] == "ringing"
    assert call["webhook"]["status"] == expected
    assert (call["webhook"]["error"] is None) == (expected is not None)


@pytest.mark.parametrize(
    "body",
    [
        {"webhook_secret": "secret"},
        {"webhook_secret": "whsec_!"},
        {"webhook_url": 7},
        {"from": 7},
        {"headers": 7},
        {"headers": [{"name": "X"}]},
    ],
    ids=str,
)
async def test_a_call_that_cannot_be(client, body):
    reply = await client.control("POST", "/sip/calls", json=body)
    assert reply.status_code == 400
    assert reply.json()["error"]["message"]
    assert (await client.state())["calls"] == []


# Decisions


async def test_an_accepted_call_has_a_session_that_a_sideband_joins(client, say):
    call_id = await answered(client, instructions="Be brief.")
    sideband = await client.socket(f"?call_id={call_id}")
    await sideband.send({"type": "session.update", "session": {"type": "realtime"}})
    session = (await sideband.event())["session"]
    assert session["id"] == call_id.replace("rtc_", "sess_")
    assert (session["instructions"], session["model"]) == ("Be brief.", "gpt-realtime")
    await sideband.send(say("hello"), ANSWER)
    events = await sideband.until("rate_limits.updated")
    (text,) = [e["text"] for e in events if e["type"] == "response.output_text.done"]
    assert text == "You said: hello"
    (call,) = (await client.state())["calls"]
    assert (call["id"], call["session_id"], call["state"]) == (call_id, session["id"], "answered")
    assert call["attachments"] == [{"role": "sideband", "name": "sideband"}]

    assert (await client.post(f"/realtime/calls/{call_id}/hangup")).status_code == 200
    assert (await sideband.closed())[0] == 1000
    assert (await sip_call(client, call_id))["state"] == "ended"
    assert (await client.state())["sessions"] == []


async def test_the_sdk_decides_upon_calls(client):
    base_url = client.addresses["base_url"]
    async with AsyncOpenAI(api_key="sk-fake", base_url=base_url) as sdk:
        accepted, rejected = (await ring(client))["id"], (await ring(client))["id"]
        await sdk.realtime.calls.reject(rejected, status_code=486)
        await sdk.realtime.calls.accept(accepted, type="realtime", model="gpt-realtime")
        async with sdk.realtime.connect(call_id=accepted) as connection:
            await connection.session.update(session={"type": "realtime"})
            assert (await connection.recv()).type == "session.updated"
            await sdk.realtime.calls.refer(accepted, target_uri="tel:+14155550123")
    assert (await sip_call(client, rejected))["status_code"] == 486
    referred = await sip_call(client, accepted)
    assert (referred["state"], referred["referred_to"]) == ("referred", "tel:+14155550123")


@pytest.mark.parametrize(
    ("order", "body", "state", "shown"),
    [
        ("reject", {}, "rejected", {"status_code": 603}),
        ("reject", {"status_code": 486}, "rejected", {"status_code": 486}),
        ("accept", SESSION, "answered", {"status_code": 200}),
    ],
    ids=["reject", "reject with a status", "accept"],
)
async def test_a_decision_shows_in_the_state(client, order, body, state, shown):
    call_id = (await ring(client))["id"]
    reply = await client.post(f"/realtime/calls/{call_id}/{order}", json=body)
    assert reply.status_code == 200
    (call,) = (await client.state())["calls"]
    assert call["state"] == state
    assert shown.items() <= call["sip"].items()


async def test_a_reject_needs_no_body(client):
    call_id = (await ring(client))["id"]
    assert (await client.post(f"/realtime/calls/{call_id}/reject")).status_code == 200


REFUSED_ORDERS = [
    pytest.param("ringing", order, body, status, code, param, id=f"{order}: {why}")
    for order, body, status, code, param, why in [
        ("accept", {}, 400, "missing_required_parameter", "session.type", "no type"),
        ("accept", {"type": "realtime"}, 400, "missing_model", "model", "no model"),
        (
            "accept",
            {**SESSION, "temperature": 1},
            400,
            "unknown_parameter",
            "session.temperature",
            "unknown field",
        ),
        ("reject", {"status_code": 200}, 400, "integer_below_min_value", "status_code", "200"),
        ("reject", {"status_code": 700}, 400, "integer_above_max_value", "status_code", "700"),
        ("reject", {"status_code": "486"}, 400, "invalid_type", "status_code", "no integer"),
        ("reject", {"code": 486}, 400, "unknown_parameter", "code", "unknown field"),
        ("refer", {"target_uri": "tel:1"}, 404, "call_id_not_found", "", "not answered"),
        ("hangup", {}, 404, "call_id_not_found", "", "not answered"),
    ]
] + [
    pytest.param("answered", order, body, status, code, param, id=f"{order}: {why}")
    for order, body, status, code, param, why in [
        ("refer", {}, 400, "missing_required_parameter", "target_uri", "no target"),
        ("refer", {"target_uri": "bob"}, 400, "invalid_value", "target_uri", "no URI"),
        ("refer", {"target_uri": 7}, 400, "invalid_type", "target_uri", "no string"),
        ("accept", SESSION, 404, "call_id_not_found", "", "answered already"),
        ("reject", {}, 404, "call_id_not_found", "", "answered already"),
    ]
]


@pytest.mark.parametrize(("state", "order", "body", "status", "code", "param"), REFUSED_ORDERS)
async def test_a_refused_order_changes_nothing(client, state, order, body, status, code, param):
    call_id = await answered(client) if state == "answered" else (await ring(client))["id"]
    before = await sip_call(client, call_id)
    reply = await client.post(f"/realtime/calls/{call_id}/{order}", json=body)
    error = reply.json()["error"]
    assert (reply.status_code, error["code"], error["param"]) == (status, code, param)
    assert await sip_call(client, call_id) == before


@pytest.mark.parametrize("order", ["accept", "reject", "refer", "hangup"])
async def test_an_unknown_call_and_a_missing_key(client, order):
    path = f"/realtime/calls/rtc_u1_none/{order}"
    reply = await client.post(path, json={})
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "call_id_not_found")
    assert (await client.post(path, key=None, json={})).status_code == 401


# The caller


async def test_the_caller_presses_keys(client):
    call_id = await answered(client)
    sideband = await client.socket(f"?call_id={call_id}")
    await sideband.send({"type": "session.update", "session": {"type": "realtime"}})
    await sideband.event()
    path = f"/sip/calls/{call_id}/dtmf"
    assert (await client.control("POST", path, json={"keys": "1#D"})).status_code == 200
    now = (await client.state())["clock"]["now"]
    for key in "1#D":
        event = await sideband.event()
        assert event.keys() == {"type", "event", "received_at"}
        parsed = InputAudioBufferDtmfEventReceivedEvent.model_validate(event, strict=True)
        assert parsed.event == key
        assert abs(parsed.received_at - now) < 5
    for body, status in (({"keys": "1x"}, 409), ({"keys": 1}, 400), ({}, 400)):
        assert (await client.control("POST", path, json=body)).status_code == status


async def test_the_caller_speaks_and_hears(client):
    call_id = await answered(client, output_modalities=["audio"])
    sideband = await client.socket(f"?call_id={call_id}")
    update = {
        "type": "session.update",
        "session": {"type": "realtime", "audio": {"input": {"turn_detection": None}}},
    }
    await sideband.send(update)
    await sideband.event()
    path = f"/sip/calls/{call_id}/say"
    spoken = await client.control("POST", path, json={"text": "good morning"})
    assert spoken.status_code == 200
    assert (await client.state())["sessions"][0]["input_audio_ms"] > 1000
    await sideband.send({"type": "input_audio_buffer.commit"}, {"type": "response.create"})
    events = await sideband.until("rate_limits.updated")
    (said,) = [
        event["transcript"]
        for event in events
        if event["type"] == "response.output_audio_transcript.done"
    ]
    assert "output_audio_buffer.started" in [event["type"] for event in events]
    assert "response.output_audio.delta" not in [event["type"] for event in events]
    assert (await sip_call(client, call_id))["heard"] == said


async def test_what_is_cleared_is_not_heard(open_world, say):
    client = (await open_world(clock="virtual")).client
    call_id = await answered(client, output_modalities=["audio"])
    sideband = await client.socket(f"?call_id={call_id}")
    await sideband.send(say("hello"), {"type": "response.create"})
    await sideband.until("rate_limits.updated")
    await client.control("POST", "/clock", json={"advance": 0.5})
    await sideband.send({"type": "output_audio_buffer.clear"})
    await sideband.until("output_audio_buffer.cleared")
    assert (await sip_call(client, call_id))["heard_ms"] == 500


async def test_the_caller_takes_time_to_speak(open_world):
    client = (await open_world(clock="virtual")).client
    call_id = await answered(client, output_modalities=["text"])
    sideband = await client.socket(f"?call_id={call_id}")
    path = f"/sip/calls/{call_id}/say"

    async def heard_ms() -> float:
        return (await client.state())["sessions"][0]["input_audio_ms"]

    for text in ("good", " morning"):
        spoken = await client.control("POST", path, json={"text": text, "paced": True})
        assert spoken.status_code == 200
    assert await heard_ms() == 0
    await client.control("POST", "/clock", json={"advance": 0.1})
    assert await heard_ms() == 100
    assert (await sideband.event())["type"] == "input_audio_buffer.speech_started"
    await client.control("POST", "/clock", json={"advance": 5})
    for _ in range(2):
        kinds = [event["type"] for event in await sideband.until("rate_limits.updated")]
        assert kinds.count("input_audio_buffer.speech_stopped") == 1
    assert await heard_ms() == 40 * 12 + 2000


async def test_who_speaks_and_hangs_up_says_nothing_more(client):
    call_id = await answered(client)
    sideband = await client.socket(f"?call_id={call_id}")
    body = {"text": "a long story " * 20, "paced": True}
    await client.control("POST", f"/sip/calls/{call_id}/say", json=body)
    assert (await sideband.event())["type"] == "input_audio_buffer.speech_started"
    state = await client.state()
    assert 0 < state["sessions"][0]["input_audio_ms"] < 5000
    await client.control("POST", f"/sip/calls/{call_id}/hangup")
    assert await sideband.closed() == (1000, "")


@pytest.mark.parametrize("state", ["ringing", "answered"])
async def test_the_caller_hangs_up(client, state):
    call_id = await answered(client) if state == "answered" else (await ring(client))["id"]
    reply = await client.control("POST", f"/sip/calls/{call_id}/hangup")
    assert reply.status_code == 200
    assert (await sip_call(client, call_id))["state"] == "ended"
    for path, body in (("dtmf", {"keys": "1"}), ("say", {"text": "hello"})):
        reply = await client.control("POST", f"/sip/calls/{call_id}/{path}", json=body)
        assert reply.status_code == 409
    assert (await client.post(f"/realtime/calls/{call_id}/accept", json=SESSION)).status_code == 404


@pytest.mark.parametrize(
    "body",
    [{}, {"text": 7}, {"text": "a", "silence_ms": -1}, {"text": "a", "paced": "yes"}],
    ids=str,
)
async def test_nonsense_is_not_said(client, body):
    call_id = await answered(client)
    path = f"/sip/calls/{call_id}/say"
    assert (await client.control("POST", path, json=body)).status_code == 400


async def test_an_unknown_caller(client):
    assert (await client.control("GET", "/sip/calls/rtc_none")).status_code == 404


async def test_a_reset_forgets_calls(client):
    await ring(client)
    await answered(client)
    assert (await client.control("POST", "/reset")).json()["calls"] == []


async def test_a_receiver_may_accept_the_call_before_it_replies(client):
    async def accept(body: bytes) -> None:
        call_id = json.loads(body)["data"]["call_id"]
        await client.post(f"/realtime/calls/{call_id}/accept", json=SESSION)

    async with listening() as receiver:
        receiver.react = accept
        call = await ring(client, webhook_url=receiver.url)
    assert (call["state"], call["webhook"]["status"]) == ("answered", 200)
