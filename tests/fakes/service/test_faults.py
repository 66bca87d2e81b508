"""Faults on real connections: WebSocket, sideband, data channel, RTP."""

from __future__ import annotations

import asyncio

import pytest
import websockets

from realtime_harness.audio import speech

TURN = ["drop:on=response.created"]


async def spoken(socket, say):
    await socket.send(say("hello"), {"type": "response.create"})
    return [event["type"] for event in await socket.until("rate_limits.updated")]


async def put(client, *faults):
    return (await client.control("PUT", "/switches", json={"faults": list(faults)})).json()


async def test_faults_at_the_start_are_shown(open_world, say):
    client = (await open_world(faults=TURN)).client
    assert (await client.state())["faults"] == TURN
    socket = await client.socket()
    types = await spoken(socket, say)
    assert "response.created" not in types
    assert "response.done" in types


async def test_a_session_that_runs_gets_a_fault_and_loses_it(client, say):
    socket = await client.socket()
    session_id = (await socket.event())["session"]["id"]
    other = await client.socket()
    await other.event()
    assert (await put(client, f"drop:on=response.created,session={session_id}"))["faults"]
    assert "response.created" not in await spoken(socket, say)
    assert "response.created" in await spoken(other, say)
    await put(client)
    assert "response.created" in await spoken(socket, say)


async def test_a_fault_of_a_key(open_world, say):
    client = (await open_world(api_keys=["sk-fake", "sk-two"])).client
    await put(client, "drop:on=response.created,key=sk-two")
    for key, comes in (("sk-fake", True), ("sk-two", False)):
        socket = await client.socket(key=key)
        assert ("response.created" in await spoken(socket, say)) is comes


async def test_a_fault_that_cannot_be_read_changes_nothing(client):
    await put(client, *TURN)
    refused = await put(client, "drop:every=never")
    assert refused["error"]["message"].startswith("fault 'drop': every has to be")
    assert (await client.state())["faults"] == TURN


async def test_closing_with_a_code(client):
    await put(client, "close:4321,after=1")
    socket = await client.socket()
    await socket.event()
    await socket.send({"type": "input_audio_buffer.clear"})
    assert (await socket.closed())[0] == 4321
    assert (await client.state())["sessions"] == []


@pytest.mark.parametrize("fault", ["disconnect:1", "half-close:1"])
async def test_breaking_off(client, fault):
    await put(client, fault)
    socket = await client.socket()
    await socket.event()
    await socket.send({"type": "input_audio_buffer.clear"})
    with pytest.raises(websockets.ConnectionClosedError):
        await socket.event()
    assert socket.connection.close_code == 1006


async def test_a_corrupted_event_arrives_as_text(client):
    await put(client, "corrupt:on=session.created")
    socket, whole = await client.socket(), await client.socket()
    await put(client)
    async with asyncio.timeout(5):
        damaged = await socket.connection.recv()
        right = await whole.connection.recv()
    assert isinstance(damaged, str)
    assert len(damaged) == len(right)


async def test_a_slow_reader(client):
    await put(client, "slow-reader:100ms")
    socket = await client.socket()
    await socket.event()
    loop = asyncio.get_running_loop()
    start = loop.time()
    await socket.send(*[{"type": "input_audio_buffer.clear"}] * 3)
    for _ in range(3):
        await socket.event()
    assert loop.time() - start >= 0.28


async def test_a_sideband_breaks_off_and_the_call_goes_on(client, silence, say):
    await put(client, "disconnect:0,to=sideband")
    caller = await client.call(track=silence)
    await caller.event()
    sideband = await client.socket(f"?call_id={caller.call_id}")
    caller.send(say("hello"), {"type": "response.create"})
    with pytest.raises(websockets.ConnectionClosedError):
        await sideband.event()
    assert await caller.until("response.done")


async def test_a_data_channel_breaks_off_with_its_call(client, silence, say):
    await put(client, "disconnect:1")
    caller = await client.call(track=silence)
    await caller.event()
    caller.send(say("hello"))
    await client.state_until(lambda state: not state["calls"])


async def test_lost_rtp_is_not_heard(client, silence, say):
    await put(client, "rtp-loss:100%")
    caller = await client.call(track=silence)
    await caller.event()
    caller.send(say("hello"), {"type": "response.create"})
    await caller.until("output_audio_buffer.stopped")
    assert not caller.heard
    await put(client)
    caller.send(say("again"), {"type": "response.create"})
    await caller.listen_until(lambda pcm: "again" in speech.decode(pcm, 24_000))


async def test_rtp_may_be_lost_and_late_on_the_way_to_the_service(client, silence, say):
    await put(client, "rtp-loss:100%,to=service")
    caller = await client.call(track=silence)
    await caller.event()
    caller.send(say("hello"), {"type": "response.create"})
    await caller.listen_until(lambda pcm: "hello" in speech.decode(pcm, 24_000))

    def heard_ms(state):
        return state["sessions"][0]["input_audio_ms"]

    assert heard_ms(await client.state()) == 0
    await put(client, "rtp-jitter:30ms,to=service")
    await client.state_until(lambda state: heard_ms(state) > 400)
    await put(client)
    before = heard_ms(await client.state())
    await client.state_until(lambda state: heard_ms(state) > before + 100)


async def test_what_was_held_back_is_told(client, say):
    await put(client, "delay:20ms,on=response.created")
    socket = await client.socket()
    await socket.event()
    for _ in range(3):
        await spoken(socket, say)
    told = (await client.control("GET", "/delays")).json()
    created = told["events"].pop("response.created")
    assert (created["count"], created["p50_ms"], created["max_ms"]) == (3, 20.0, 20.0)
    assert told["events"] == {}
    assert told["late"]["count"] == 3
    assert (await client.control("DELETE", "/delays")).json()["events"] == {}
    assert (await client.control("GET", "/delays")).json()["late"]["count"] == 0


async def test_what_waits_leaves_when_a_fault_is_switched_off(client):
    await put(client, "freeze:60s")
    socket = await client.socket()
    await client.state_until(lambda state: state["sessions"])
    await put(client)
    assert (await socket.event())["type"] == "session.created"
