"""Rude answers say the same as polite ones."""

from __future__ import annotations

import asyncio
from base64 import b64encode

import pytest
import websockets

from realtime_fakes.behaviours.rude import SWITCHES
from realtime_harness.audio import speech

TAPPED = [switch.name for switch in SWITCHES if switch.event is not None]


async def turn(open_world, say, *behaviours):
    client = (await open_world(behaviours=behaviours)).client
    socket = await client.socket()
    await socket.event()
    text = {"output_modalities": ["text"]}
    await socket.send(say("hello out there"), {"type": "response.create", "response": text})
    return await socket.until("response.done")


@pytest.mark.parametrize("name", TAPPED)
async def test_the_text_is_the_same(open_world, say, name):
    events = await turn(open_world, say, name)
    deltas = [e["delta"] for e in events if e["type"] == "response.output_text.delta"]
    (done,) = [e for e in events if e["type"] == "response.output_text.done"]
    assert "".join(deltas) == done["text"] == "You said: hello out there"
    lengths = {"letter-by-letter": 25, "one-piece": 1}
    assert len(deltas) == lengths.get(name, 5)
    ids = [e["event_id"] for e in events]
    assert len(set(ids)) == len(ids)


async def test_what_is_added(open_world, say):
    (done,) = (await turn(open_world, say, "fields-of-the-future"))[-1:]
    assert done["x_future"] == done["response"]["output"][0]["content"][0]["x_future"]
    types = {e["type"] for e in await turn(open_world, say, "events-of-the-future")}
    assert {kind for kind in types if ".x_" in kind or kind.startswith("x_")}


async def test_rate_limits_come_first(open_world, say):
    types = [e["type"] for e in await turn(open_world, say, "rate-limits-first")]
    assert types.index("rate_limits.updated") == types.index("response.created") + 1


def listening(sound):
    """Return what sets a session up to transcribe, and lets it hear a sound."""
    audio = {"transcription": {"model": "whisper-1"}, "turn_detection": None}
    return [
        {"type": "session.update", "session": {"type": "realtime", "audio": {"input": audio}}},
        {"type": "input_audio_buffer.append", "audio": b64encode(sound).decode()},
        {"type": "input_audio_buffer.commit"},
    ]


TRANSCRIBED = "conversation.item.input_audio_transcription.completed"


async def test_what_takes_its_room(open_world):
    for name, size in (("large-session-updated", 2 * 1024 * 1024), ("no-rate-limits", 0)):
        socket = await (await open_world(behaviours=[name])).client.socket()
        await socket.send({"type": "session.update", "session": {"type": "realtime"}})
        assert len((await socket.until("session.updated"))[-1].get("x_padding", "")) == size


async def test_a_slow_update(open_world):
    socket = await (await open_world(behaviours=["slow-session-updated"])).client.socket()
    await socket.event()
    begin = asyncio.get_running_loop().time()
    await socket.send({"type": "session.update", "session": {"type": "realtime"}})
    assert (await socket.event())["type"] == "session.updated"
    assert asyncio.get_running_loop().time() - begin >= 0.29


@pytest.mark.parametrize("behaviours", [[], ["late-transcription"]])
async def test_a_late_transcription(open_world, behaviours):
    client = (await open_world(behaviours=behaviours, clock="virtual")).client
    socket = await client.socket()
    await socket.send(*listening(speech.encode("hello")), {"type": "input_audio_buffer.clear"})
    before = [event["type"] for event in await socket.until("input_audio_buffer.cleared")]
    assert (TRANSCRIBED in before) is not bool(behaviours)
    if behaviours:
        await client.control("POST", "/clock", json={"advance": 0.7})
        assert (await socket.until(TRANSCRIBED))[-1]["transcript"] == "hello"


async def test_unintelligible_sound(open_world):
    hum = (b"\x00\x20" * 40 + b"\x00\xe0" * 40) * 300
    for behaviours, end in (
        ([], TRANSCRIBED),
        (["unintelligible-fails"], TRANSCRIBED[:-9] + "failed"),
    ):
        socket = await (await open_world(behaviours=behaviours)).client.socket()
        await socket.send(*listening(hum))
        assert await socket.until(end)


@pytest.mark.parametrize("name", ["large-session-updated"])
async def test_a_data_channel_gets_what_its_peer_takes(open_world, silence, name):
    caller = await (await open_world(behaviours=[name])).client.call(track=silence)
    await caller.event()
    caller.send({"type": "session.update", "session": {"type": "realtime"}})
    assert len((await caller.event())["x_padding"]) == 48 * 1024


async def test_what_is_left_out(open_world, say, monkeypatch, recorded_pattern):
    socket = await (await open_world(behaviours=["no-rate-limits"])).client.socket()
    await socket.send(say("hello"), {"type": "response.create"}, {"type": "nonsense"})
    assert "rate_limits.updated" not in [e["type"] for e in await socket.until("error")]
    # In every recording it is there.
    monkeypatch.setattr(recorded_pattern, "differences", lambda event: [])
    events = await turn(open_world, say, "no-obfuscation")
    assert not [event for event in events if "obfuscation" in event]
    assert [event for event in await turn(open_world, say) if "obfuscation" in event]


@pytest.mark.parametrize(
    ("behaviours", "media_type"),
    [([], "text/plain; charset=utf-8"), (["application-sdp"], "application/sdp")],
)
async def test_the_media_type_of_answers(open_world, behaviours, media_type):
    client = (await open_world(behaviours=behaviours)).client
    offer = (await client.call()).peer.localDescription.sdp
    reply = await client.post(
        "/realtime/calls?model=gpt-realtime",
        content=offer,
        headers={"Content-Type": "application/sdp"},
    )
    assert reply.headers["Content-Type"] == media_type


async def test_a_storm_of_pings(open_world, monkeypatch):
    socket = await (await open_world(behaviours=["ping-storm"])).client.socket()
    protocol, enough, pings = socket.connection.protocol, asyncio.Event(), []
    receive = protocol.recv_frame

    def recv_frame(frame):
        if frame.opcode is websockets.frames.Opcode.PING:
            pings.append(asyncio.get_running_loop().time())
            if len(pings) == 20:
                enough.set()
        receive(frame)

    monkeypatch.setattr(protocol, "recv_frame", recv_frame)
    async with asyncio.timeout(10):
        await enough.wait()
    assert pings[-1] - pings[0] < 2.0


def test_every_behaviour_is_shown_here():
    others = {
        "slow-session-updated",
        "large-session-updated",
        "late-transcription",
        "no-rate-limits",
        "no-obfuscation",
        "no-silence",
        "application-sdp",
        "ping-storm",
        "unintelligible-fails",
    }
    assert {switch.name for switch in SWITCHES} == {*TAPPED, *others}
