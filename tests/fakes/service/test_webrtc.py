from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import websockets

from realtime_harness.audio import speech

ANSWER = {"type": "response.create", "response": {"output_modalities": ["text"]}}
SESSION = {"type": "realtime", "model": "gpt-realtime", "instructions": "Be brief."}
NO_AUDIO = (
    b'{"error":{"message":"Invalid SDP offer. Offer did not have an audio media section.",'
    b'"type":"invalid_request_error","param":null,"code":"invalid_offer"}}'
)


def own_sockets() -> list[list[str]]:
    """Return the rows of the kernel's tables for sockets of this process."""
    own = {path.readlink().name for path in Path("/proc/self/fd").iterdir() if path.is_symlink()}
    tables = [Path("/proc/self/net", name) for name in ("tcp", "tcp6", "udp", "udp6")]
    rows = [line.split() for table in tables for line in table.read_text().splitlines()[1:]]
    return [row for row in rows if f"socket:[{row[9]}]" in own]


async def gone(socket) -> None:
    """Wait until a sideband is closed as by a hang-up."""
    assert await socket.closed() == (1000, "")


@pytest.mark.parametrize("sends", ["track", "no track", "recvonly"])
async def test_text_turn(client, say, silence, sends):
    options = {
        "track": {"track": silence},
        "no track": {},
        "recvonly": {"direction": "recvonly"},
    }
    caller = await client.call(**options[sends])
    assert (await caller.event())["type"] == "session.created"
    caller.send(say("hello"), ANSWER)
    done = (await caller.until("response.done"))[-1]
    usage = done["response"]["usage"]
    assert usage["input_token_details"]["audio_tokens"] == 0
    assert usage["output_token_details"]["audio_tokens"] == 0


@pytest.mark.parametrize("codec", ["opus", "PCMU", "PCMA"])
async def test_an_answer_is_heard(client, say, codec):
    def prefer(sdp: str) -> str:
        types = {"opus": "96 0 8", "PCMU": "0 96 8", "PCMA": "8 96 0"}[codec]
        return sdp.replace("SAVPF 96 9 0 8", f"SAVPF {types}")

    caller = await client.call(edit=prefer)
    assert f"SAVPF {caller.edit('SAVPF 96 9 0 8').removeprefix('SAVPF ')}" in caller.answer
    await caller.event()
    caller.send(say("hello there"), {"type": "response.create"})
    events = await caller.until("output_audio_buffer.stopped")
    types = [event["type"] for event in events]
    assert "response.output_audio.delta" not in types
    assert "output_audio_buffer.started" in types
    await caller.listen_until(lambda pcm: speech.decode(pcm, 24000) == "You said: hello there")


async def test_what_the_caller_says_is_buffered(client, silence):
    caller = await client.call(track=silence)
    await caller.event()
    await client.state_until(lambda state: state["sessions"][0]["input_audio_ms"] >= 200)


async def test_clearing_stops_the_sound_at_once(client, say):
    caller = await client.call()
    await caller.event()
    caller.send(say("a long answer " * 20), {"type": "response.create"})
    await caller.until("rate_limits.updated")
    caller.send({"type": "output_audio_buffer.clear"})
    await caller.until("output_audio_buffer.cleared")
    before = len(caller.heard)
    await caller.listen_until(lambda pcm: len(pcm) >= before + 24000)  # half a second on
    assert not any(caller.heard[-4800:])


async def test_the_answer(client):
    caller = await client.call()
    lines = caller.answer.splitlines()
    assert caller.answer.endswith("\r\n")
    assert "a=group:BUNDLE 0 1" in lines
    assert [line for line in lines if line.startswith("a=mid:")] == ["a=mid:0", "a=mid:1"]
    assert lines.count("a=setup:active") == 2
    assert "a=msid:realtimeapi audio" in lines
    assert "a=max-message-size:1073741823" in lines
    assert not any("G722" in line for line in lines)
    candidates = [line.split(" ")[4] for line in lines if line.startswith("a=candidate:")]
    assert set(candidates) == {"127.0.0.1"}


async def test_nothing_listens_beyond_loopback(client):
    await (await client.call()).event()
    rows = own_sockets()
    assert len(rows) >= 3  # at least the server, a connection and the media of both ends
    for row in rows:
        address = bytes.fromhex(row[1].partition(":")[0])
        assert address[-1] == 127, row


async def test_a_200_kib_message(client):
    caller = await client.call()
    await caller.event()
    instructions = "x" * 200 * 1024
    caller.send(
        {"type": "session.update", "session": {"type": "realtime", "instructions": instructions}}
    )
    assert (await caller.event())["session"]["instructions"] == instructions


async def test_without_a_data_channel_a_sideband_is_in_control(client, say):
    caller = await client.call(data_channel=False)
    assert "m=application" not in caller.answer
    sideband = await client.socket(f"?call_id={caller.call_id}")
    await sideband.send(say("hello"), {"type": "response.create"})
    await sideband.until("output_audio_buffer.stopped")
    await caller.listen_until(lambda pcm: speech.decode(pcm, 24000) == "You said: hello")


async def test_a_video_section_beside_the_audio(client):
    caller = await client.call(video=True)
    assert (await caller.event())["type"] == "session.created"


async def test_names_of_multicast_dns_do_not_hold_up_the_answer(client):
    def hide(sdp: str) -> str:
        return sdp.replace(" 127.0.0.1 ", " 0c6a1b1e-7c0f-4f6e-9d37-000000000000.local ")

    started = asyncio.get_running_loop().time()
    caller = await client.call(edit=hide)
    assert (await caller.event())["type"] == "session.created"
    assert asyncio.get_running_loop().time() - started < 1.0


async def test_an_ephemeral_key_brings_its_configuration(client):
    secret = (await client.post("/realtime/client_secrets", json={"session": SESSION})).json()
    caller = await client.call(key=secret["value"], query="")
    assert (await caller.event())["session"]["instructions"] == "Be brief."


@pytest.mark.parametrize("shape", ["browser", "SDK", "with file names"])
async def test_a_form_brings_the_configuration(client, shape, world):
    caller = await client.call()
    offer = caller.peer.localDescription.sdp
    session = json.dumps(SESSION)
    if shape == "browser":
        parts = {"sdp": (None, offer), "session": (None, session)}
    elif shape == "SDK":
        parts = {
            "sdp": (None, offer.encode(), "application/sdp"),
            "session": (None, session.encode(), "application/json"),
        }
    else:
        parts = {"sdp": ("offer.sdp", offer), "session": ("session.json", session)}
    reply = await client.post("/realtime/calls", files=parts)
    assert reply.status_code == 201, reply.text
    call_id = reply.headers["Location"].removeprefix("/v1/realtime/calls/")
    host = world.server.default.calls.get(call_id).host
    assert host.session.config["instructions"] == "Be brief."


async def test_the_reply(client):
    caller = await client.call()
    offer = caller.peer.localDescription.sdp
    reply = await client.post(
        "/realtime/calls?model=gpt-realtime",
        content=offer,
        headers={"Content-Type": "application/sdp", "Origin": "https://example.org"},
    )
    assert reply.status_code == 201
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert reply.headers["Location"].startswith("/v1/realtime/calls/rtc_")
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "Location" in reply.headers["Access-Control-Expose-Headers"]


async def test_an_offer_without_audio_leaves_no_call_behind(client):
    caller = await client.call()
    sdp = caller.peer.localDescription.sdp
    data = sdp[: sdp.index("m=audio")] + sdp[sdp.index("m=application") :]
    reply = await client.post(
        "/realtime/calls?model=gpt-realtime",
        content=data,
        headers={"Content-Type": "application/sdp"},
    )
    assert (reply.status_code, reply.content) == (400, NO_AUDIO)
    assert reply.headers["Content-Type"] == "application/json"
    assert len((await client.state())["calls"]) == 1
    assert len((await client.state())["sessions"]) == 1


REFUSED = {
    "no model": ("", {"Content-Type": "application/sdp"}, "missing_model"),
    "model that is none": (
        "?model=gpt-nope",
        {"Content-Type": "application/sdp"},
        "invalid_model",
    ),
    "other content type": (
        "?model=gpt-realtime",
        {"Content-Type": "text/plain"},
        "unsupported_content_type",
    ),
    "no form": (
        "?model=gpt-realtime",
        {"Content-Type": "multipart/form-data; boundary=x"},
        None,
    ),
}


@pytest.mark.parametrize(("query", "headers", "code"), REFUSED.values(), ids=list(REFUSED))
async def test_a_good_offer_in_a_bad_request(client, query, headers, code):
    caller = await client.call()
    reply = await client.post(
        f"/realtime/calls{query}", content=caller.peer.localDescription.sdp, headers=headers
    )
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, code)
    assert len((await client.state())["calls"]) == 1


async def test_both_sides_see_a_turn(client, say):
    caller = await client.call()
    await caller.event()
    sideband = await client.socket(f"?call_id={caller.call_id}")
    other = await client.socket(f"?call_id={caller.call_id}")
    caller.send(say("hello"), {"type": "response.create"})
    seen = [await side.until("output_audio_buffer.stopped") for side in (caller, sideband, other)]
    assert seen[0] == seen[1] == seen[2]
    names = [each["name"] for each in (await client.state())["calls"][0]["attachments"]]
    assert names == ["oai-events", "sideband", "sideband-2"]


async def test_a_sideband_that_does_not_read_is_cut_off_and_holds_up_nobody(client, monkeypatch):
    monkeypatch.setattr("realtime_fakes.websocket.MAX_UNSENT", 4 * 1024 * 1024)
    caller = await client.call(data_channel=False)
    stalled = await client.socket(f"?call_id={caller.call_id}")
    busy = await client.socket(f"?call_id={caller.call_id}")
    stalled.connection.transport.pause_reading()
    session = {"type": "realtime", "instructions": "x" * 1024 * 1024}
    names = []
    for _ in range(24):
        await busy.send({"type": "session.update", "session": session})
        assert (await busy.event())["type"] == "session.updated"
        (call,) = (await client.state())["calls"]
        names = [each["name"] for each in call["attachments"]]
        if names == ["sideband-2"]:
            break
    assert names == ["sideband-2"]
    # It learns of that when it reads again; until then its own close would wait in vain.
    stalled.connection.transport.resume_reading()
    assert (await stalled.closed())[0] == 1006


async def test_a_sideband_leaves_and_the_call_goes_on(client, say):
    caller = await client.call()
    await caller.event()
    sideband = await client.socket(f"?call_id={caller.call_id}")
    await sideband.connection.close()
    caller.send(say("hello"), ANSWER)
    await caller.until("response.done")


async def test_a_hang_up_closes_everything(client):
    caller = await client.call()
    await caller.event()
    sideband = await client.socket(f"?call_id={caller.call_id}")
    reply = await client.post(f"/realtime/calls/{caller.call_id}/hangup")
    assert reply.status_code == 200
    async with asyncio.timeout(5):
        await caller.gone.wait()
    await gone(sideband)
    state = await client.state()
    assert (state["calls"], state["sessions"]) == ([], [])
    assert (await client.post(f"/realtime/calls/{caller.call_id}/hangup")).status_code == 404
    with pytest.raises(websockets.InvalidStatus):
        await client.socket(f"?call_id={caller.call_id}")


@pytest.mark.parametrize("closes", ["peer", "channel"])
async def test_the_caller_leaves_and_the_sideband_learns_it(client, closes):
    caller = await client.call()
    await caller.event()
    sideband = await client.socket(f"?call_id={caller.call_id}")
    if closes == "peer":
        await caller.peer.close()
    else:
        caller.channel.close()
    await gone(sideband)
    assert (await client.state())["calls"] == []


async def test_the_session_expires_on_a_call(open_world):
    client = (await open_world(clock="virtual")).client
    caller = await client.call()
    await caller.event()
    sideband = await client.socket(f"?call_id={caller.call_id}")
    await client.control("POST", "/clock", json={"advance": 3600})
    assert (await caller.event())["error"]["code"] == "session_expired"
    async with asyncio.timeout(5):
        await caller.gone.wait()
    assert (await sideband.closed())[0] == 1001


async def test_a_call_that_never_connects_is_given_up(world):
    caller = await world.client.call()
    await caller.event()
    world.decide(call_setup_timeout_s=0.1)
    reply = await world.client.post(
        "/realtime/calls?model=gpt-realtime",
        content=caller.peer.localDescription.sdp,
        headers={"Content-Type": "application/sdp"},
    )
    assert reply.status_code == 201
    await world.client.state_until(lambda state: len(state["calls"]) == 1)


async def test_a_sideband_may_have_to_wait(world):
    world.decide(sideband_delay_s=60.0)
    caller = await world.client.call()
    with pytest.raises(websockets.InvalidStatus) as caught:
        await world.client.socket(f"?call_id={caller.call_id}")
    assert caught.value.response.status_code == 404


async def test_without_aiortc_calls_say_what_to_install(client, monkeypatch):
    caller = await client.call()
    monkeypatch.setattr("realtime_harness.rtc.available", lambda: False)
    reply = await client.post(
        "/realtime/calls?model=gpt-realtime",
        content=caller.peer.localDescription.sdp,
        headers={"Content-Type": "application/sdp"},
    )
    assert reply.status_code == 501
    assert "realtime-harness[webrtc]" in reply.json()["error"]["message"]
