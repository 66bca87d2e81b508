from __future__ import annotations

import asyncio

import pytest

from realtime_fakes.defects import DEFECTS
from realtime_fakes.switches import Switch, Switchboard


async def test_the_state_of_an_idle_service(client):
    state = await client.state()
    assert state.pop("clock")["kind"] == "real"
    assert state == {
        "profile": "openai-2026-09",
        "defects": [],
        "behaviours": [],
        "faults": [],
        "latency": "instant",
        "seed": None,
        "script": None,
        "keys": [],
        "calls": [],
        "sessions": [],
    }


async def test_the_state_shows_keys_without_their_secret(client):
    secret = (await client.post("/realtime/client_secrets", json={})).json()
    (key,) = (await client.state())["keys"]
    assert key == {
        "id": secret["value"][:11],
        "expires_at": secret["expires_at"],
        "expired": False,
    }


async def test_the_state_shows_sessions_and_calls(client):
    socket = await client.socket()
    session_id = (await socket.event())["session"]["id"]
    caller = await client.call()
    call_session = (await caller.event())["session"]["id"]
    state = await client.state()
    assert [session["id"] for session in state["sessions"]] == [session_id, call_session]
    assert state["sessions"][0]["attachments"] == [{"role": "websocket", "name": "client"}]
    (call,) = state["calls"]
    assert (call["id"], call["session_id"]) == (caller.call_id, call_session)
    assert call["state"] == "connected"
    assert call_session == caller.call_id.replace("rtc_", "sess_")


@pytest.mark.parametrize(
    ("clock", "body", "status"),
    [
        ("virtual", {"advance": 60}, 200),
        ("virtual", {"advance": -1}, 400),
        ("virtual", {"advance": "60"}, 400),
        ("virtual", {}, 400),
        ("virtual", [], 400),
        ("real", {"advance": 60}, 409),
    ],
)
async def test_advancing_the_clock(open_world, clock, body, status):
    client = (await open_world(clock=clock)).client
    before = (await client.state())["clock"]["now"]
    reply = await client.control("POST", "/clock", json=body)
    assert reply.status_code == status
    if status == 200:
        assert reply.json()["clock"] == {"kind": "virtual", "now": before + 60}
    else:
        assert reply.json()["error"]["message"]


async def test_switches(client):
    name = DEFECTS[0].name
    reply = await client.control("PUT", "/switches", json={"defects": [name]})
    assert (reply.status_code, reply.json()) == (
        200,
        {"defects": [name], "behaviours": [], "faults": []},
    )
    assert (await client.state())["defects"] == [name]

    reply = await client.control("PUT", "/switches", json={"defects": ["no-such-thing"]})
    assert reply.status_code == 400
    assert "no-such-thing" in reply.json()["error"]["message"]
    assert (await client.state())["defects"] == [name]

    await client.control("PUT", "/switches", json={})
    assert (await client.state())["defects"] == []


async def test_taps_see_what_leaves(world):
    def shout(event, role, memory):
        memory["n"] = memory.get("n", 0) + 1
        return [{**event, "n": memory["n"], "role": role.value}]

    def teapot(route, reply):
        from dataclasses import replace

        return replace(reply, status=418, headers={"X-Route": route})

    taps = [
        Switch(name="shout", summary="", event=shout),
        Switch(name="teapot", summary="", reply=teapot),
        Switch(name="upside-down", summary="", answer=lambda sdp: sdp + "a=x-upside-down\r\n"),
    ]
    service, client = world.server.default, world.client
    service.switchboard = Switchboard(taps)
    service.switchboard.set(["shout", "upside-down"])

    caller = await client.call()
    assert caller.answer.endswith("a=x-upside-down\r\n")
    assert (await caller.event())["role"] == "data-channel"
    sideband = await client.socket(f"?call_id={caller.call_id}")
    caller.send({"type": "input_audio_buffer.clear"})
    assert (await caller.event())["n"] == 2
    event = await sideband.event()
    assert (event["n"], event["role"]) == (1, "sideband")

    service.switchboard.set(["teapot"])
    reply = await client.post("/realtime/calls/rtc_none/hangup")
    assert (reply.status_code, reply.headers["X-Route"]) == (418, "hangup")


async def test_reset(client):
    await client.post("/realtime/client_secrets", json={})
    socket = await client.socket()
    caller = await client.call()
    await caller.event()
    state = (await client.control("POST", "/reset")).json()
    assert (state["keys"], state["calls"], state["sessions"]) == ([], [], [])
    assert (await socket.closed())[0] == 1000
    async with asyncio.timeout(5):
        await caller.gone.wait()


async def test_dropping_a_session_tells_nobody(client):
    socket = await client.socket()
    session_id = (await socket.event())["session"]["id"]
    reply = await client.control("POST", f"/sessions/{session_id}/drop")
    assert reply.status_code == 200
    assert (await socket.closed())[0] == 1006
    assert (await client.state())["sessions"] == []
    assert (await client.control("POST", f"/sessions/{session_id}/drop")).status_code == 404


async def test_dropping_a_call_tells_nobody(client):
    caller = await client.call()
    session_id = (await caller.event())["session"]["id"]
    sideband = await client.socket(f"?call_id={caller.call_id}")
    await client.control("POST", f"/sessions/{session_id}/drop")
    assert (await sideband.closed())[0] == 1006
    assert (await client.state())["calls"] == []
    # No farewell came: the caller's channel is open until ICE consent expires.
    assert caller.channel.readyState == "open"


async def test_a_service_is_a_world_of_its_own(world):
    client = world.client
    body = {"name": "other", "defects": [DEFECTS[0].name], "clock": "virtual"}
    reply = await client.control("POST", "/services", json=body)
    assert reply.status_code == 201
    other = world.of(reply.json())
    assert reply.json()["name"] == "other"
    assert (await other.state())["clock"]["kind"] == "virtual"
    assert (await other.state())["defects"] == [DEFECTS[0].name]
    assert (await client.state())["defects"] == []

    await client.control("PUT", "/services/other/switches", json={})
    socket = await other.socket()
    await socket.event()
    caller = await other.call()
    await caller.event()
    assert len((await other.state())["sessions"]) == 2
    assert (await client.state())["sessions"] == []

    secret = (await other.post("/realtime/client_secrets", json={})).json()
    refused = await client.socket(key=secret["value"])
    assert (await refused.closed())[0] == 3000

    assert (await client.control("POST", "/services", json=body)).status_code == 409
    assert (await client.control("DELETE", "/services/other")).status_code == 204
    assert (await socket.closed())[0] == 1001
    assert (await client.control("DELETE", "/services/other")).status_code == 404
    assert (await other.control("GET", "/state")).status_code == 404
    assert (await other.post("/realtime/client_secrets", json={})).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "a/b"},
        {"name": "x", "clock": "sundial"},
        {"name": "x", "defects": ["no-such-thing"]},
        {"name": "x", "behaviours": "none"},
    ],
)
async def test_a_service_that_cannot_be(client, body):
    reply = await client.control("POST", "/services", json=body)
    assert reply.status_code == 400
    assert reply.json()["error"]["message"]


async def test_the_default_service_stays(client):
    assert (await client.control("DELETE", "/services/default")).status_code == 409


async def test_pages_are_kept_out(client):
    reply = await client.control("GET", "/state", headers={"Origin": "http://evil.example"})
    assert reply.status_code == 403
    assert "Access-Control-Allow-Origin" not in reply.headers


async def test_other_machines_are_kept_out(client, monkeypatch):
    from aiohttp import web

    monkeypatch.setattr(web.Request, "remote", "192.0.2.7")
    assert (await client.control("GET", "/state")).status_code == 403


async def test_the_journal_shows_what_went_over_the_wire(client):
    socket = await client.socket()
    session_id = (await socket.event())["session"]["id"]
    await socket.send({"type": "input_audio_buffer.clear"})
    await socket.event()
    journal = (await client.control("GET", "/journal")).json()
    assert journal["dropped"] == 0
    assert [(e["lane"], e["direction"], e["kind"]) for e in journal["entries"]] == [
        ("http", "sent", "request"),
        ("transport", "note", "state"),
        ("ws", "received", "event"),
        ("ws", "sent", "event"),
        ("ws", "received", "event"),
    ]
    handshake = journal["entries"][0]["data"]
    assert (handshake["path"], handshake["key"]) == ("/realtime", "standard")
    assert "sk-fake" not in str(journal)
    later = (await client.control("GET", f"/journal?session_id={session_id}&after=2")).json()
    assert later["entries"] == journal["entries"][3:]
    await client.control("POST", "/reset")
    assert (await client.control("GET", "/journal")).json()["entries"] == []
    assert (await client.control("GET", "/journal?after=x")).status_code == 400


@pytest.mark.parametrize(
    ("request_", "status", "kind", "body"),
    [
        ({"json": {"session": {"type": "realtime"}}}, 200, "standard", {"session": ...}),
        ({"content": b"{", "key": "sk-other"}, 401, "unknown", "{"),
        ({"json": {}, "key": None}, 401, "none", {}),
    ],
    ids=["good", "unknown-key", "no-key"],
)
async def test_the_journal_shows_requests(client, request_, status, kind, body):
    await client.post("/realtime/client_secrets", **request_)
    asked, answered = (await client.control("GET", "/journal")).json()["entries"]
    assert (asked["data"]["method"], asked["data"]["key"]) == ("POST", kind)
    if body == {"session": ...}:
        body = request_["json"]
    assert asked["data"]["body"] == body
    assert answered["data"]["status"] == status


async def test_the_journal_shows_forms(client):
    form = {"sdp": (None, "v=0"), "session": (None, '{"type": "realtime"}')}
    await client.post("/realtime/calls", files=form)
    asked = (await client.control("GET", "/journal")).json()["entries"][0]["data"]
    assert asked["body"] == {"sdp": "v=0", "session": {"type": "realtime"}}
