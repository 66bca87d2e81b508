"""Sessions that transcribe or translate, as clients open them."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any

import pytest
from openai import AsyncOpenAI
from openai.types.realtime import RealtimeServerEvent, RealtimeTranslationServerEvent
from pydantic import TypeAdapter

from realtime_harness.audio import speech

REALTIME = TypeAdapter(RealtimeServerEvent)
TRANSLATION = TypeAdapter(RealtimeTranslationServerEvent)
WHISPER = {"model": "gpt-realtime-whisper"}
SILENCE = bytes(48_000)


def append(pcm: bytes, prefix: str = "") -> dict[str, Any]:
    return {"type": prefix + "input_audio_buffer.append", "audio": b64encode(pcm).decode()}


def transcribing(**heard: Any) -> dict[str, Any]:
    return {"type": "transcription", "audio": {"input": heard}}


def kinds(events: list[dict[str, Any]]) -> list[str]:
    shown: list[str] = []
    for event in events:
        if not shown or shown[-1] != event["type"]:
            shown.append(event["type"])
    return shown


# Transcription

BLANK = {
    "format": {"type": "audio/pcm", "rate": 24000},
    "transcription": None,
    "noise_reduction": None,
    "turn_detection": {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 500,
    },
}


async def test_a_session_that_transcribes_by_intent(client):
    socket = await client.socket("?intent=transcription")
    created = await socket.event()
    REALTIME.validate_python(created)
    session = created["session"]
    assert session.pop("id").startswith("sess_")
    assert session.pop("expires_at") > 0
    assert session == {
        "type": "transcription",
        "object": "realtime.transcription_session",
        "audio": {"input": BLANK},
        "include": None,
    }


@pytest.mark.parametrize(
    ("asked", "turn_detection", "transcription"),
    [
        ({}, BLANK["turn_detection"], None),
        (
            {"transcription": {"model": "gpt-4o-transcribe", "language": "en"}},
            BLANK["turn_detection"],
            {"model": "gpt-4o-transcribe", "language": "en", "prompt": None},
        ),
        ({"transcription": WHISPER}, None, {**WHISPER, "language": None, "prompt": None}),
        (
            {"turn_detection": {"type": "server_vad", "create_response": True, "threshold": 0.9}},
            {**BLANK["turn_detection"], "threshold": 0.9},  # type: ignore[dict-item]
            None,
        ),
        (
            {"turn_detection": {"type": "semantic_vad"}},
            {"type": "semantic_vad", "eagerness": "auto"},
            None,
        ),
        ({"turn_detection": None}, None, None),
    ],
    ids=["defaults", "a model", "a model without detection", "detection", "semantic", "off"],
)
async def test_what_a_secret_for_transcription_holds(client, asked, turn_detection, transcription):
    body = {"session": transcribing(**asked)}
    secret = (await client.post("/realtime/client_secrets", json=body)).json()
    heard = secret["session"]["audio"]["input"]
    assert (heard["turn_detection"], heard["transcription"]) == (turn_detection, transcription)
    assert secret["session"]["expires_at"] == 0
    socket = await client.socket("", key=secret["value"])
    assert (await socket.event())["session"]["audio"]["input"] == heard


async def test_what_is_committed_is_transcribed_and_not_answered(client):
    socket = await client.socket("?intent=transcription")
    await socket.event()
    update = transcribing(transcription=WHISPER, turn_detection=None)
    await socket.send({"type": "session.update", "session": update})
    assert (await socket.event())["type"] == "session.updated"
    await socket.send(append(speech.encode("good morning")), {"type": "input_audio_buffer.commit"})
    events = await socket.until("conversation.item.input_audio_transcription.completed")
    for event in events:
        REALTIME.validate_python(event)
    assert kinds(events) == [
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
    ]
    assert events[-1]["transcript"] == "good morning"
    item_id = events[0]["item_id"]
    await socket.send({"type": "conversation.item.retrieve", "item_id": item_id})
    (item,) = [e["item"] for e in await socket.until("conversation.item.retrieved")]
    assert item["content"][0]["transcript"] == "good morning"
    await socket.send({"type": "conversation.item.delete", "item_id": item_id})
    await socket.send({"type": "conversation.item.retrieve", "item_id": item_id})
    error = (await socket.until("error"))[-1]["error"]
    assert error["code"] == "item_retrieve_invalid_item_id"


async def test_turns_are_found(client):
    socket = await client.socket("?intent=transcription")
    await socket.event()
    session = transcribing(transcription={"model": "gpt-4o-transcribe"})
    await socket.send({"type": "session.update", "session": session})
    await socket.event()
    await socket.send(append(SILENCE), append(speech.encode("one two")), append(SILENCE))
    events = await socket.until("conversation.item.input_audio_transcription.completed")
    assert kinds(events)[:3] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
    ]
    assert not [event for event in events if event["type"].startswith("response.")]
    assert events[-1]["transcript"] == "one two"


async def test_a_session_that_transcribes_lasts_an_hour(open_world):
    client = (await open_world(clock="virtual")).client
    socket = await client.socket("?intent=transcription")
    await client.control("POST", "/clock", json={"advance": 3600})
    assert (await socket.until("error"))[-1]["error"]["code"] == "session_expired"
    assert (await socket.closed())[0] == 1001


async def test_a_call_that_transcribes(client):
    body = {"session": transcribing(transcription=WHISPER)}
    secret = (await client.post("/realtime/client_secrets", json=body)).json()
    caller = await client.call(key=secret["value"], query="")
    assert (await caller.event())["session"]["type"] == "transcription"
    (session,) = (await client.state())["sessions"]
    assert (session["type"], session["model"]) == ("transcription", None)


# Translation

SPANISH = {"model": "gpt-realtime-translate", "audio": {"output": {"language": "es"}}}


async def test_a_translation_with_the_sdk(client):
    base_url = client.addresses["base_url"]
    async with AsyncOpenAI(api_key="sk-fake", base_url=base_url) as sdk:
        secret = await sdk.realtime.translations.client_secrets.create(session=SPANISH)
        assert (secret.session.type, secret.session.expires_at) == ("translation", 0)
        assert secret.session.audio.output.language == "es"
        connecting = sdk.realtime.translations.connect(model="gpt-realtime-translate")
        async with connecting as connection:
            created = await connection.recv()
            assert (created.type, created.session.model) == ("session.created", SPANISH["model"])
            heard = {"input": {"transcription": WHISPER}, "output": {"language": "es"}}
            await connection.session.update(session={"audio": heard})
            updated = await connection.recv()
            assert updated.type == "session.updated"
            assert updated.session.audio.output.language == "es"
            for pcm in (speech.encode("good morning"), SILENCE):
                await connection.send(append(pcm, "session."))  # type: ignore[arg-type]
            await connection.send({"type": "session.close"})
            told: dict[str, str] = {}
            sound = b""
            async for event in connection:
                TRANSLATION.validate_python(event.to_dict(), strict=True)
                if event.type == "session.output_audio.delta":
                    sound += b64decode(event.delta)
                    assert (event.format, event.sample_rate, event.channels) == ("pcm16", 24000, 1)
                elif event.type != "session.closed":
                    told[event.type] = told.get(event.type, "") + event.delta
                    assert event.elapsed_ms % 200 == 0
                else:
                    break
    assert told == {
        "session.input_transcript.delta": "good morning",
        "session.output_transcript.delta": "[es] good morning",
    }
    assert speech.decode(sound, 24000) == "[es] good morning"


async def test_closing_a_translation_flushes_what_was_heard(client):
    secret = await client.post(
        "/realtime/translations/client_secrets",
        json={"session": SPANISH, "expires_after": {"seconds": 60}},
    )
    socket = await client.socket("/translations", key=secret.json()["value"])
    assert (await socket.event())["session"]["audio"]["output"] == {"language": "es"}
    await socket.send(append(speech.encode("hello"), "session."), {"type": "session.close"})
    events = await socket.until("session.closed")
    assert kinds(events) == [
        "session.output_transcript.delta",
        "session.output_audio.delta",
        "session.closed",
    ]
    assert (await socket.closed())[0] == 1000


@pytest.mark.parametrize(
    ("event", "code", "param"),
    [
        ({"type": "response.create"}, "invalid_value", "type"),
        (append(bytes(48)), "invalid_value", "type"),
        (append(bytes(47), "session."), "invalid_value", "audio"),
        (
            {"type": "session.update", "session": {"model": "x"}},
            "unknown_parameter",
            "session.model",
        ),
        (
            {"type": "session.update", "session": {"type": "realtime"}},
            "invalid_value",
            "session.type",
        ),
        (
            {"type": "session.update", "session": {"audio": {"output": {"voice": "ash"}}}},
            "unknown_parameter",
            "session.audio.output.voice",
        ),
    ],
    ids=["response", "other append", "half a sample", "model", "type", "voice"],
)
async def test_what_a_translation_refuses(client, event, code, param):
    socket = await client.socket("/translations?model=gpt-realtime-translate")
    created = (await socket.event())["session"]
    await socket.send({**event, "event_id": "mine"})
    error = (await socket.event())["error"]
    assert (error["code"], error["param"], error["event_id"]) == (code, param, "mine")
    await socket.send({"type": "session.update", "session": {}})
    assert (await socket.event())["session"] == created


async def test_a_translation_goes_on_while_somebody_speaks(client):
    socket = await client.socket("/translations?model=gpt-realtime-translate")
    await socket.event()
    heard = {"audio": {"input": {"transcription": WHISPER}, "output": {"language": "es"}}}
    await socket.send({"type": "session.update", "session": heard})
    await socket.event()
    sound = speech.encode("one two three four")
    for start in range(0, len(sound), 9600):
        await socket.send(append(sound[start : start + 9600], "session."))
    # Nothing was said of an end: the last word may go on.
    await socket.send({"type": "nothing"})
    events = (await socket.until("error"))[:-1]
    assert (
        kinds(events)
        == [
            "session.input_transcript.delta",
            "session.output_transcript.delta",
            "session.output_audio.delta",
        ]
        * 3
    )
    told = [event["delta"] for event in events if event["type"].startswith("session.output_tr")]
    assert told == ["[es]", " one", " two", " three"]
    times = [event["elapsed_ms"] for event in events]
    assert times == sorted(times)
    assert len(set(times)) == 3
    await socket.send(append(SILENCE, "session."), append(speech.encode("five"), "session."))
    await socket.send({"type": "session.close"})
    events = await socket.until("session.closed")
    told = [event["delta"] for event in events if event["type"].startswith("session.output_tr")]
    assert told == [" four", " [es]", " five"]


async def test_sound_of_a_translation_is_taken_in_frames(client):
    socket = await client.socket("/translations?model=gpt-realtime-translate")
    await socket.event()
    sound = speech.encode("one two three")
    for start in range(0, len(sound), 1000):
        await socket.send(append(sound[start : start + 1000], "session."))
    await socket.send({"type": "session.close"})
    events = await socket.until("session.closed")
    told = "".join(e["delta"] for e in events if e["type"] == "session.output_transcript.delta")
    assert told == "[en] one two three"
    assert {event["elapsed_ms"] % 200 for event in events if "elapsed_ms" in event} == {0}


async def test_a_long_phrase_is_cut(client):
    socket = await client.socket("/translations?model=gpt-realtime-translate")
    await socket.event()
    words = "a story of a fox and a dog " * 12
    await socket.send(append(speech.encode(words), "session."), {"type": "session.close"})
    events = await socket.until("session.closed")
    told = "".join(e["delta"] for e in events if e["type"] == "session.output_transcript.delta")
    assert told.count("[en]") == 3
    assert told.replace("[en]", "").replace(" ", "") == words.replace(" ", "")


# Each to its own paths


@pytest.mark.parametrize(
    ("path", "session", "code", "param"),
    [
        (
            "/realtime/client_secrets",
            {"type": "translation", **SPANISH},
            "invalid_value",
            "session.type",
        ),
        (
            "/realtime/translations/client_secrets",
            {"type": "realtime", **SPANISH},
            "invalid_value",
            "session.type",
        ),
        ("/realtime/translations/client_secrets", {}, "missing_model", "model"),
        (
            "/realtime/translations/client_secrets",
            {"model": "gpt-realtime"},
            "invalid_model",
            "model",
        ),
        ("/realtime/client_secrets", {"type": "nope"}, "invalid_value", "session.type"),
        (
            "/realtime/client_secrets",
            {"type": "transcription", "model": "gpt-realtime"},
            "unknown_parameter",
            "session.model",
        ),
    ],
)
async def test_a_secret_for_another_type(client, path, session, code, param):
    reply = await client.post(path, json={"session": session})
    error = reply.json()["error"]
    assert (reply.status_code, error["code"], error["param"]) == (400, code, param)


async def test_a_key_for_another_type(client):
    body = {"session": SPANISH}
    secret = (await client.post("/realtime/translations/client_secrets", json=body)).json()
    socket = await client.socket("?model=gpt-realtime", key=secret["value"])
    assert json.loads(await socket.connection.recv())["error"]["param"] == "session.type"
    socket = await client.socket("/translations?model=gpt-realtime")
    assert (await socket.event())["error"]["code"] == "invalid_model"
    socket = await client.socket("?model=gpt-realtime-translate")
    assert (await socket.event())["error"]["code"] == "invalid_model"


async def test_a_phone_is_not_answered_with_a_transcription(client):
    call_id = (await client.control("POST", "/sip/calls", json={})).json()["id"]
    path = f"/realtime/calls/{call_id}/accept"
    reply = await client.post(path, json={"type": "transcription"})
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "session.type")
