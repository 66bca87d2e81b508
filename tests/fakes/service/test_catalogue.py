"""Everything that the service refuses, in one table, each provoked from outside."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias

import pytest
import websockets

from realtime_fakes.errors import CATALOGUE
from realtime_fakes.refusals import REFUSALS
from realtime_harness.audio import speech

TEXT = {"output_modalities": ["text"]}
SUPPORTED = (
    "'session.update', 'session.close', 'input_audio_buffer.append', "
    "'session.input_audio_buffer.append', 'input_audio_buffer.commit', "
    "'input_audio_buffer.clear', 'conversation.item.create', 'conversation.item.truncate', "
    "'conversation.item.delete', 'conversation.item.retrieve', 'response.create', "
    "and 'response.cancel'"
)
BETA = "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API."
QUOTA = "You exceeded your current quota, please check your plan and billing details."
BAD_KEY = "sk-not-a-key-that-works"
INCORRECT = (
    "Incorrect API key provided: sk-no********orks. You can find your API key at "
    "https://platform.openai.com/account/api-keys."
)
DATA_ONLY = "\r\n".join(
    [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 0.0.0.0",
        "a=mid:0",
        "a=sctp-port:5000",
        "",
    ]
)
AUDIO_WITHOUT_CODEC = DATA_ONLY.replace(
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "m=audio 9 UDP/TLS/RTP/SAVPF 9"
)


class Met(NamedTuple):
    """What a provocation met with."""

    error: dict[str, Any]
    outcome: str
    """Status of a reply, ``alive``, or the code and reason of the close."""


Provocation: TypeAlias = Callable[[Any], Awaitable[Met]]
"""Called with the function that opens a world."""


class Case(NamedTuple):
    row: str
    """Of the catalogue; what a response fails with is in none."""
    case: str
    provoke: Provocation
    code: str | None
    param: str | None
    message: str
    """A part of it; all of it behind a ``=``."""
    outcome: str = "alive"
    type: str = "invalid_request_error"


# Ways to provoke


def post(path: str, *, on: str = "", **request: Any) -> Provocation:
    """Provoke an HTTP reply, with a behaviour switched on if one is named."""

    async def provoke(open_world: Any) -> Met:
        client = (await open_world(behaviours=[on] if on else [])).client
        before = await client.state()
        reply = await client.post(path, **request)
        body = reply.json()
        assert body.keys() == {"error"}
        assert body["error"].keys() == {"message", "type", "param", "code"}
        after = await client.state()
        assert (after["keys"], after["sessions"]) == (before["keys"], before["sessions"])
        return Met(body["error"], str(reply.status_code))

    return provoke


def mint(**body: Any) -> Provocation:
    return post("/realtime/client_secrets", json=body)


def mint_for(**session: Any) -> Provocation:
    return mint(session={"type": "realtime", **session})


def offer(sdp: str, query: str = "?model=gpt-realtime", **request: Any) -> Provocation:
    return post(
        "/realtime/calls" + query,
        content=sdp,
        headers={"Content-Type": "application/sdp"},
        **request,
    )


def get(path: str) -> Provocation:
    async def provoke(open_world: Any) -> Met:
        client = (await open_world()).client
        reply = await client.http.get(client.addresses["base_url"] + path)
        return Met(reply.json()["error"], str(reply.status_code))

    return provoke


def handshake(query: str, key: str | None = "sk-fake", **options: Any) -> Provocation:
    """Provoke an ``error`` in a socket that is closed at once, or a refused upgrade."""

    async def provoke(open_world: Any) -> Met:
        client = (await open_world()).client
        try:
            socket = await client.socket(query, key=key, **options)
        except websockets.InvalidStatus as refused:
            body = json.loads(refused.response.body or b"")
            return Met(body["error"], f"HTTP {refused.response.status_code}")
        event = await socket.event()
        code, reason = await socket.closed()
        assert event["type"] == "error"
        assert event["error"].pop("event_id") is None
        return Met(event["error"], f"{code} {reason}")

    return provoke


def sent(event: Any, *before: dict[str, Any], **session: Any) -> Provocation:
    """Provoke an ``error`` with an event, or a frame as it is, after some others."""

    async def provoke(open_world: Any) -> Met:
        world = await open_world()
        secret = await world.client.post(
            "/realtime/client_secrets", json={"session": session or {"type": "realtime", **TEXT}}
        )
        socket = await world.client.socket("", key=secret.json()["value"])
        created = (await socket.event())["session"]
        await socket.send(*before)
        if before:
            await socket.send({"type": "conversation.item.retrieve", "item_id": "behind"})
            await socket.until("error")
        identified = isinstance(event, dict) and "event_id" not in event
        frame = {**event, "event_id": "mine"} if identified else event
        await socket.connection.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))
        refused = await socket.event()
        assert refused["type"] == "error"
        assert refused["event_id"].startswith("event_")
        # What cannot be read names nothing.
        assert refused["error"].pop("event_id") == ("mine" if identified else None)
        # The session lives, and is what it was.
        await socket.send({"type": "session.update", "session": {"type": created["type"]}})
        updated = (await socket.event())["session"]
        if not before:
            assert updated == created
        return Met(refused["error"], "alive")

    return provoke


def expires(transport: str) -> Provocation:
    """Let an hour pass."""

    async def provoke(open_world: Any) -> Met:
        client = (await open_world(clock="virtual")).client
        if transport == "websocket":
            socket = await client.socket()
            await socket.event()
        else:
            if transport == "SIP call":
                call_id = (await client.control("POST", "/sip/calls", json={})).json()["id"]
                session = {"type": "realtime", "model": "gpt-realtime"}
                await client.post(f"/realtime/calls/{call_id}/accept", json=session)
            else:
                caller = await client.call()
                await caller.event()
                call_id = caller.call_id
            socket = await client.socket(f"?call_id={call_id}")
            await socket.send({"type": "input_audio_buffer.clear"})
            await socket.event()
        await client.control("POST", "/clock", json={"advance": 3599})
        await socket.send({"type": "input_audio_buffer.clear"})
        assert (await socket.event())["type"] == "input_audio_buffer.cleared"
        await client.control("POST", "/clock", json={"advance": 1})
        (event,) = await socket.until("error")
        code, reason = await socket.closed()
        if transport == "data channel":
            event = (await caller.until("error"))[-1]
            await asyncio.wait_for(caller.gone.wait(), 5)
        assert (await client.state())["sessions"] == []
        assert event["error"].pop("event_id") is None
        return Met(event["error"], f"{code} {reason}")

    return provoke


def fails(behaviour: str) -> Provocation:
    """Ask for a response; there is no ``error``, and the session goes on."""

    async def provoke(open_world: Any) -> Met:
        client = (await open_world(behaviours=[behaviour])).client
        socket = await client.socket()
        await socket.event()
        await socket.send({"type": "response.create"})
        events = await socket.until("rate_limits.updated")
        assert [event["type"] for event in events] == [
            "response.created",
            "response.done",
            "rate_limits.updated",
        ]
        response = events[1]["response"]
        assert (response["status"], response["output"]) == ("failed", [])
        assert response["usage"]["total_tokens"] == 0
        assert response["status_details"]["type"] == "failed"
        await socket.send({"type": "input_audio_buffer.clear"})
        assert (await socket.event())["type"] == "input_audio_buffer.cleared"
        return Met({"param": None, **response["status_details"]["error"]}, "alive")

    return provoke


def stumbles(behaviour: str) -> Provocation:
    """Ask for a response; an ``error`` comes amid it, and it goes on."""

    async def provoke(open_world: Any) -> Met:
        client = (await open_world(behaviours=[behaviour])).client
        socket = await client.socket()
        await socket.event()
        await socket.send(create(said("one two")), respond(**TEXT))
        events = await socket.until("rate_limits.updated")
        kinds = [event["type"] for event in events]
        assert kinds.count("error") == 1
        place = kinds.index("error")
        assert kinds[place - 1] == kinds[place + 1] == "response.output_text.delta"
        assert events[-2]["response"]["status"] == "completed"
        error = events[place]["error"]
        assert error.pop("event_id") is None
        return Met(error, "alive")

    return provoke


def transcribes(model: str, **world: Any) -> Provocation:
    """Say something to a session whose transcription does not work."""

    async def provoke(open_world: Any) -> Met:
        client = (await open_world(**world)).client
        socket = await client.socket()
        await socket.event()
        heard = {"transcription": {"model": model}, "turn_detection": None}
        sound = b64encode(speech.encode("hello")).decode()
        await socket.send(
            update(audio={"input": heard}), append(sound), {"type": "input_audio_buffer.commit"}
        )
        kind = "conversation.item.input_audio_transcription.failed"
        failed = (await socket.until(kind))[-1]
        await socket.send({"type": "input_audio_buffer.clear"})
        assert (await socket.event())["type"] == "input_audio_buffer.cleared"
        return Met(failed["error"], "alive")

    return provoke


# Events


def update(**session: Any) -> dict[str, Any]:
    return {"type": "session.update", "session": {"type": "realtime", **session}}


def create(item: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "conversation.item.create", "item": item, **more}


def said(text: str = "hello", **more: Any) -> dict[str, Any]:
    content = [{"type": "input_text", "text": text}]
    return {"type": "message", "role": "user", "content": content, **more}


def about(action: str, item_id: str, **more: Any) -> dict[str, Any]:
    return {"type": f"conversation.item.{action}", "item_id": item_id, **more}


def respond(**response: Any) -> dict[str, Any]:
    return {"type": "response.create", "response": response}


def append(audio: Any) -> dict[str, Any]:
    return {"type": "input_audio_buffer.append", "audio": audio}


def vad(**fields: Any) -> dict[str, Any]:
    return update(audio={"input": {"turn_detection": {"type": "server_vad", **fields}}})


TRANSCRIBES = {
    "type": "transcription",
    "audio": {"input": {"transcription": {"model": "gpt-realtime-whisper"}}},
}
DETECTS = {
    "type": "session.update",
    "session": {
        "type": "transcription",
        "audio": {"input": {"turn_detection": {"type": "server_vad"}}},
    },
}
CALL = {"type": "function_call", "name": "f", "arguments": "{}"}
TRUNCATE = {"content_index": 0, "audio_end_ms": 0}

# fmt: off
HTTP_CASES = (
    Case("key_missing", "mint without a key", post("/realtime/client_secrets", key=None, json={}),
         None, None, "=Missing bearer or basic authentication in header", "401"),
    Case("invalid_api_key", "mint with a bad key",
         post("/realtime/client_secrets", key=BAD_KEY, json={}), "invalid_api_key", None,
         INCORRECT, "401"),
    Case("invalid_api_key", "call with a bad key", offer(DATA_ONLY, key=BAD_KEY),
         "invalid_api_key", None, INCORRECT, "401"),
    Case("unknown_parameter", "mint with a temperature", mint_for(temperature=0.8),
         "unknown_parameter", "session.temperature", "Unknown parameter: 'session.temperature'.",
         "400"),
    Case("unknown_parameter", "mint with a field beside the session", mint(model="gpt-realtime"),
         "unknown_parameter", "model", "Unknown parameter: 'model'.", "400"),
    Case("invalid_modalities", "mint with two modalities",
         mint_for(output_modalities=["audio", "text"]), "invalid_value",
         "session.output_modalities",
         "Invalid modalities: ['audio', 'text']. Supported combinations are: ['text'] and "
         "['audio'].",
         "400"),
    Case("missing_required_parameter", "mint without a type",
         mint(session={"model": "gpt-realtime"}), "missing_required_parameter", "session.type",
         "Missing required parameter: 'session.type'.", "400"),
    Case("integer_below_min_value", "mint for 9 s", mint(expires_after={"seconds": 9}),
         "integer_below_min_value", "expires_after.seconds",
         "Expected a value >= 10, but got 9 instead.", "400"),
    Case("integer_above_max_value", "mint for 7201 s", mint(expires_after={"seconds": 7201}),
         "integer_above_max_value", "expires_after.seconds",
         "Expected a value <= 7200, but got 7201 instead.", "400"),
    Case("invalid_type", "mint for half a second", mint(expires_after={"seconds": 10.5}),
         "invalid_type", "expires_after.seconds",
         "=Invalid type for 'expires_after.seconds': expected an integer, but got a decimal "
         "instead.",
         "400"),
    Case("invalid_value", "mint with another anchor",
         mint(expires_after={"anchor": "now", "seconds": 60}), "invalid_value",
         "expires_after.anchor", "Invalid value: 'now'. Supported values are: 'created_at'.",
         "400"),
    Case("unparsable_body", "mint with no JSON", post("/realtime/client_secrets", content=b"{"),
         None, None, "We could not parse the body of your request", "400"),
    Case("body_too_large", "mint with 5 MiB",
         post("/realtime/client_secrets", content=b" " * 5 * 1024 * 1024), "body_too_large", None,
         "The body is larger than 4194304 bytes.", "413"),
    Case("insufficient_quota", "mint without quota",
         post("/realtime/client_secrets", on="quota-exhausted", json={}), "insufficient_quota",
         None, QUOTA, "429", "insufficient_quota"),
    Case("insufficient_quota", "call without quota", offer(DATA_ONLY, on="quota-exhausted"),
         "insufficient_quota", None, QUOTA, "429", "insufficient_quota"),
    Case("no_audio_section", "offer without audio", offer(DATA_ONLY), "invalid_offer", None,
         "Invalid SDP offer. Offer did not have an audio media section.", "400"),
    Case("not_whip", "offer without a codec", offer(AUDIO_WITHOUT_CODEC), "invalid_offer", None,
         "Invalid SDP offer. Please try again with a WHIP-compliant offer.", "400"),
    Case("unparsable_offer", "empty offer", offer(""), None, None,
         "=Failed to parse offer: failed to unmarshal SDP: EOF", "400"),
    Case("unsupported_content_type", "offer as JSON",
         post("/realtime/calls?model=gpt-realtime", json={}), "unsupported_content_type", None,
         "This endpoint accepts 'application/sdp' and 'multipart/form-data'.", "400"),
    Case("missing_required_parameter", "form without an offer",
         post("/realtime/calls", files={"session": (None, "{}")}), "missing_required_parameter",
         "sdp", "Missing required parameter: 'sdp'.", "400"),
    Case("call_id_not_found", "hang-up of an unknown call",
         post("/realtime/calls/rtc_none/hangup"), "call_id_not_found", "",
         "=No session found for the provided call_id", "404"),
    Case("beta_api_shape_disabled", "offer to the beta path",
         post("/realtime?model=gpt-realtime", content=DATA_ONLY), "beta_api_shape_disabled", None,
         BETA, "400"),
    Case("beta_api_shape_disabled", "mint with the beta header",
         post("/realtime/client_secrets", json={}, headers={"OpenAI-Beta": "realtime=v1"}),
         "beta_api_shape_disabled", None, BETA, "400"),
    Case("unknown_url", "unknown path", post("/chat/completions", json={}), "unknown_url", None,
         "=Invalid URL (POST /v1/chat/completions)", "404"),
    Case("websocket_only", "no handshake", get("/realtime?model=gpt-realtime"),
         "upgrade_required", None, "This endpoint only answers WebSocket handshakes.", "426"),
)

HANDSHAKE_CASES = (
    Case("key_missing", "socket without a key", handshake("?model=gpt-realtime", None), None,
         None, "=Missing bearer or basic authentication in header", "3000 invalid_request_error"),
    Case("invalid_api_key", "socket with a bad key", handshake("?model=gpt-realtime", BAD_KEY),
         "invalid_api_key", None, INCORRECT, "3000 invalid_request_error.invalid_api_key"),
    Case("missing_model", "socket without a model", handshake(""), "missing_model", "model",
         "You must provide a model parameter, for example wss://api.openai.com/v1/realtime?model=",
         "4000 invalid_request_error.missing_model"),
    Case("invalid_model", "socket with no realtime model", handshake("?model=gpt-nope"),
         "invalid_model", "model", 'Model "gpt-nope" is not supported in realtime mode',
         "4000 invalid_request_error.invalid_model"),
    Case("transcription_model", "socket with a transcription model",
         handshake("?model=gpt-4o-transcribe"), "invalid_model", "model",
         "is a transcription model and cannot be used as the realtime session model.",
         "4000 invalid_request_error.invalid_model"),
    Case("model_not_found", "socket with a model that is gone",
         handshake("?model=gpt-4o-realtime-preview"), "model_not_found", None,
         "does not exist or you do not have access to it.",
         "4004 invalid_request_error.model_not_found"),
    Case("beta_api_shape_disabled", "socket with the beta header",
         handshake("?model=gpt-realtime", headers={"OpenAI-Beta": "realtime=v1"}),
         "beta_api_shape_disabled", None, BETA,
         "4000 invalid_request_error.beta_api_shape_disabled"),
    Case("beta_api_shape_disabled", "socket with the beta subprotocol",
         handshake("?model=gpt-realtime", subprotocols=["realtime", "openai-beta.realtime-v1"]),
         "beta_api_shape_disabled", None, BETA,
         "4000 invalid_request_error.beta_api_shape_disabled"),
    Case("call_id_not_found", "sideband of an unknown call", handshake("?call_id=rtc_none"),
         "call_id_not_found", "", "=No session found for the provided call_id", "HTTP 404"),
)

FRAME_CASES = (
    Case("binary_frame", "binary", sent(b"\x00"), "invalid_event", None,
         "Expected a text WebSocket message; binary frames are not supported."),
    Case("invalid_json", "no JSON", sent('{"type": '), "invalid_json", None,
         "Invalid event: failed to parse JSON value. "),
    Case("missing_type", "no type", sent({}), "invalid_event", None,
         "The 'type' field is missing."),
    Case("invalid_value", "unknown type", sent({"type": "nope"}), "invalid_value", "type",
         f"Invalid value: 'nope'. Supported values are: {SUPPORTED}."),
    Case("invalid_value", "of calls", sent({"type": "output_audio_buffer.clear"}),
         "invalid_value", "type",
         "Invalid value: 'output_audio_buffer.clear'. Supported values are: 'session.update', "),
    Case("not_in_this_session", "of translations", sent({"type": "session.close"}),
         "invalid_value", "type", "'session.close'"),
    Case("invalid_type", "event id that is no string",
         sent({"type": "input_audio_buffer.clear", "event_id": 7}), "invalid_type", "event_id",
         "Invalid type for 'event_id': expected a string, but got an integer instead."),
    Case("unknown_parameter", "unknown field of the session",
         sent(update(bogus_field=1, instructions="dropped as well")), "unknown_parameter",
         "session.bogus_field", "Unknown parameter: 'session.bogus_field'."),
    Case("unknown_parameter", "temperature", sent(update(temperature=0.8)), "unknown_parameter",
         "session.temperature", "Unknown parameter: 'session.temperature'."),
    Case("unknown_parameter", "field of the beta", sent(update(modalities=["text"])),
         "unknown_parameter", "session.modalities", "Unknown parameter: 'session.modalities'."),
    Case("unknown_parameter", "field of a response", sent(respond(modalities=["text"])),
         "unknown_parameter", "response.modalities", "Unknown parameter: 'response.modalities'."),
    Case("missing_required_parameter", "session without a type",
         sent({"type": "session.update", "session": {"instructions": "x"}}),
         "missing_required_parameter", "session.type",
         "Missing required parameter: 'session.type'."),
    Case("invalid_modalities", "two modalities",
         sent(update(output_modalities=["audio", "text"])), "invalid_value",
         "session.output_modalities",
         "Invalid modalities: ['audio', 'text']. Supported combinations are: ['text'] and "
         "['audio']."),
    Case("integer_below_min_value", "16 kHz",
         sent(update(audio={"input": {"format": {"type": "audio/pcm", "rate": 16000}}})),
         "integer_below_min_value", "session.audio.input.format.rate",
         "Expected a value >= 24000"),
    Case("integer_below_min_value", "idle timeout of 4999 ms", sent(vad(idle_timeout_ms=4999)),
         "integer_below_min_value", "session.audio.input.turn_detection.idle_timeout_ms",
         "Expected a value >= 5000"),
    Case("integer_above_max_value", "4097 output tokens", sent(update(max_output_tokens=4097)),
         "integer_above_max_value", "session.max_output_tokens", "Expected a value <= 4096"),
    Case("decimal_above_max_value", "threshold of 2", sent(vad(threshold=2)),
         "decimal_above_max_value", "session.audio.input.turn_detection.threshold",
         "Expected a value <= 1"),
    Case("decimal_below_min_value", "speed of 0.2",
         sent(update(audio={"output": {"speed": 0.2}})), "decimal_below_min_value",
         "session.audio.output.speed", "Expected a value >= 0.25"),
    Case("model_change", "another model", sent(update(model="gpt-realtime-2.1")), "invalid_value",
         "session.model", "'gpt-realtime-2.1'"),
    Case("type_change", "another type",
         sent({"type": "session.update", "session": {"type": "transcription"}}), "invalid_value",
         "session.type",
         "=Passing a transcription session update to a realtime session is not allowed"),
    Case("type_change", "another type, the other way round",
         sent(update(instructions="x"), **TRANSCRIBES), "invalid_value", "session.type",
         "=Passing a realtime session update to a transcription session is not allowed"),
    Case("turn_detection_unsupported", "turn detection where the model finds the turns",
         sent(DETECTS, **TRANSCRIBES), None, "session.audio.input.turn_detection",
         "=Turn detection is not supported for this transcription model."),
    Case("not_in_this_session", "response in a session that transcribes",
         sent({"type": "response.create"}, **TRANSCRIBES), "invalid_value", "type",
         "=The event 'response.create' is not supported in a session of type 'transcription'."),
    Case("tracing_change", "tracing twice", sent(update(tracing=None), update(tracing="auto")),
         "invalid_value", "session.tracing", "Cannot update tracing once it is enabled."),
    Case("prompt_not_found", "an unknown prompt", sent(update(prompt={"id": "pmpt_1"})),
         None, None, "=Prompt with id 'pmpt_1' not found."),
    Case("unsupported_by_model", "keywords",
         sent(update(audio={"input": {"transcription": {
             "model": "gpt-realtime-whisper", "keywords": ["Rome"]}}})),
         "unsupported_parameter", "session.audio.input.transcription.keywords",
         "'gpt-realtime-whisper'"),
    Case("unsupported_by_model", "reasoning", sent(update(reasoning={"effort": "low"})),
         "unsupported_parameter", "session.reasoning", "'gpt-realtime'"),
    Case("cannot_update_voice", "another voice, later",
         sent(update(audio={"output": {"voice": "ash"}}), create(said()),
              respond(output_modalities=["audio"])),
         "cannot_update_voice", None,
         "Cannot update a conversation's voice if assistant audio is present."),
    Case("input_audio_buffer_commit_empty", "commit of nothing",
         sent({"type": "input_audio_buffer.commit"}), "input_audio_buffer_commit_empty", None,
         "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, "
         "but buffer only has 0.00ms of audio."),
    Case("invalid_base64", "sound that is no base64", sent(append("!")), "invalid_value", "audio",
         "Invalid 'audio'"),
    Case("string_above_max_length", "sound of more than 15 MiB",
         sent(append("A" * (20 * 1024 * 1024 + 4))), "string_above_max_length", "audio",
         "Expected a string with maximum length 15728640"),
    Case("string_above_max_length", "item id of 33 letters", sent(create(said(id="i" * 33))),
         "string_above_max_length", "item.id",
         "Expected a string with maximum length 32, but got a string with length 33 instead."),
    Case("string_above_max_length", "call id of 33 letters",
         sent(create({**CALL, "call_id": "c" * 33})), "string_above_max_length", "item.call_id",
         "Expected a string with maximum length 32, but got a string with length 33 instead."),
    Case("string_above_max_length", "metadata with a value of 513 letters",
         sent(respond(metadata={"k": "v" * 513})), "string_above_max_length",
         "response.metadata.k", "Expected a string with maximum length 512"),
    Case("string_above_max_length", "metadata with a key of 65 letters",
         sent(respond(metadata={"k" * 65: "v"})), "string_above_max_length",
         "response.metadata." + "k" * 65, "Expected a string with maximum length 64"),
    Case("object_above_max_properties", "metadata with 17 pairs",
         sent(respond(metadata={str(n): "v" for n in range(17)})), "object_above_max_properties",
         "response.metadata",
         "Expected an object with at most 16 properties, but got an object with 17 properties "
         "instead."),
    Case("unsupported_value", "image by address",
         sent(create({"type": "message", "role": "user",
                      "content": [{"type": "input_image", "image_url": "https://a.example/b"}]})),
         "invalid_value", "item.content[0].image_url", "Invalid 'item.content[0].image_url'"),
    Case("invalid_value", "sound of the assistant",
         sent(create({"type": "message", "role": "assistant",
                      "content": [{"type": "output_audio", "transcript": "x"}]})),
         "invalid_value", "item.content[0].type",
         "Invalid value: 'output_audio'. Supported values are: 'output_text'."),
    Case("item_create_duplicate_item_id", "item that exists",
         sent(create(said(id="a")), create(said(id="a"))), "item_create_duplicate_item_id", None,
         "Error adding item: an item with id 'a' already exists."),
    Case("item_create_invalid_previous_item_id", "unknown predecessor",
         sent(create(said(), previous_item_id="nope")), "item_create_invalid_previous_item_id",
         "previous_item_id", "'nope'"),
    Case("item_delete_invalid_item_id", "delete", sent(about("delete", "yo")),
         "item_delete_invalid_item_id", None,
         "Error deleting item: the item with id 'yo' does not exist."),
    Case("item_delete_invalid_item_id", "delete twice",
         sent(about("delete", "a"), create(said(id="a")), about("delete", "a")),
         "item_delete_invalid_item_id", None,
         "Error deleting item: the item with id 'a' does not exist."),
    Case("item_retrieve_invalid_item_id", "retrieve",
         sent(about("retrieve", "non_existent_item")), "item_retrieve_invalid_item_id", None,
         "Error retrieving item: the item with id 'non_existent_item' does not exist."),
    Case("item_truncate_invalid_item_id", "truncate", sent(about("truncate", "yo", **TRUNCATE)),
         "item_truncate_invalid_item_id", None,
         "Error truncating item: the item with id 'yo' does not exist."),
    Case("item_truncate_not_audio", "truncate text",
         sent(about("truncate", "a", **TRUNCATE), create(said(id="a"))), None, None,
         "=Only model output audio messages can be truncated"),
    Case("item_reference_invalid_item_id", "unknown reference",
         sent(respond(input=[{"type": "item_reference", "id": "nope"}])),
         "item_reference_invalid_item_id", "response.input", "'nope'"),
    Case("invalid_tool_call_id", "output of no call",
         sent(create({"type": "function_call_output", "call_id": "nope", "output": "1"})),
         "invalid_tool_call_id", None, "'nope'"),
    Case("invalid_approval_request_id", "approval of nothing",
         sent(create({"type": "mcp_approval_response", "approval_request_id": "nope",
                      "approve": True})),
         "invalid_approval_request_id", "item.approval_request_id", "'nope'"),
    Case("response_cancel_not_active", "cancel", sent({"type": "response.cancel"}),
         "response_cancel_not_active", None, "=Cancellation failed: no active response found"),
)

# fmt: on
END_CASES = tuple(
    Case(
        "session_expired",
        f"an hour on a {transport}",
        expires(transport),
        "session_expired",
        None,
        "Your session hit the maximum duration of 60 minutes.",
        "1001 Your session hit the maximum duration of 60 minutes.",
    )
    for transport in ("websocket", "data channel", "SIP call")
)

RESPONSE_CASES = (
    Case(
        "insufficient_quota",
        "response without quota",
        fails("quota-exhausted"),
        "insufficient_quota",
        None,
        QUOTA,
        type="insufficient_quota",
    ),
    Case(
        "",
        "response beyond the rate limit",
        fails("rate-limited"),
        "rate_limit_exceeded",
        None,
        "Rate limit reached for gpt-realtime in organization org-fake on tokens per min (TPM)",
        type="rate_limit_exceeded",
    ),
    Case(
        "",
        "response beyond the rate limit of inference",
        fails("inference-rate-limited"),
        "inference_rate_limit_exceeded",
        None,
        "Rate limit reached for this model on tokens per min (TPM).",
    ),
    Case(
        "",
        "error amid a response",
        stumbles("server-error"),
        None,
        None,
        "The server had an error while processing your request.",
        type="server_error",
    ),
    Case(
        "",
        "transcription without a deployment",
        transcribes("gpt-realtime-whisper", profile="azure-ga"),
        "DeploymentNotFound",
        None,
        "Input transcription failed for item 'item_",
        type="server_error",
    ),
)

CASES = (*HTTP_CASES, *HANDSHAKE_CASES, *FRAME_CASES, *END_CASES, *RESPONSE_CASES)

ELSEWHERE = {
    "conversation_already_has_active_response": "needs a response that takes its time: below",
    "item_truncate_too_late": "needs an item of the assistant: below",
    "context_length_exceeded": "is a failed response: tests/fakes/test_context.py",
    "ephemeral_key_needed": "only by a profile: test_profiles.py",
    "prompt_version_not_found": "needs a script that brings prompts: tests/fakes/test_prompts.py",
    "speed_change": "needs a response that takes its time: below",
    "unknown_intent": "only by a defect: the suite admission",
    "rate_limit_exceeded": "needs a crowd: test_limits.py",
    "too_many_sidebands": "only by a defect: the suite sideband",
    "not_installed": "only of the fake: test_webrtc.py",
    "server_error": "only by a fault of the fake: test_rest.py",
}
"""Rows that no frame alone can provoke."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.case)
async def test_a_refusal(open_world, case):
    async with asyncio.timeout(20):
        error, outcome = await case.provoke(open_world)
    assert (error["type"], error["code"], error["param"]) == (case.type, case.code, case.param)
    if case.message.startswith("="):
        assert error["message"] == case.message[1:]
    else:
        assert case.message in error["message"]
    assert outcome == case.outcome


async def test_a_message_beyond_all_bounds_closes_its_socket_alone(client):
    other, socket = await client.socket(), await client.socket()
    await other.event()
    await socket.event()
    with suppress(websockets.ConnectionClosed):
        await socket.connection.send("x" * (33 * 1024 * 1024))
    assert (await socket.closed())[0] == 1009
    await other.send({"type": "input_audio_buffer.clear"})
    assert (await other.event())["type"] == "input_audio_buffer.cleared"


def test_every_row_is_provoked():
    provoked = {case.row for case in CASES} - {""}
    rows = CATALOGUE.keys() | REFUSALS.keys()
    assert provoked <= rows
    assert rows - provoked <= ELSEWHERE.keys(), "add a case above, or say where it is provoked"


async def test_a_second_response_is_refused(world):
    world.decide(delta_interval_s=60.0)
    socket = await world.client.socket()
    await socket.event()
    await socket.send(create(said()), respond(**TEXT))
    created = (await socket.until("response.created"))[-1]["response"]["id"]
    await socket.send({**respond(**TEXT), "event_id": "mine"})
    error = (await socket.until("error"))[-1]["error"]
    assert (error["code"], error["event_id"]) == (
        "conversation_already_has_active_response",
        "mine",
    )
    assert error["message"] == (
        f"Conversation already has an active response in progress: {created}. "
        "Wait until the response is finished before creating a new one."
    )
    faster = {"type": "realtime", "audio": {"output": {"speed": 1.2}}}
    await socket.send({"type": "session.update", "session": faster})
    error = (await socket.until("error"))[-1]["error"]
    assert (error["code"], error["param"]) == ("invalid_value", "session.audio.output.speed")
    await socket.send({"type": "response.cancel"})
    done = (await socket.until("response.done"))[-1]["response"]
    assert done["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}


async def test_truncating_behind_the_end_is_refused(client):
    socket = await client.socket()
    await socket.event()
    await socket.send(create(said()), {"type": "response.create"})
    done = (await socket.until("response.done"))[-1]["response"]
    late = about("truncate", done["output"][0]["id"], content_index=0, audio_end_ms=600_000)
    await socket.send({**late, "event_id": "mine"})
    error = (await socket.until("error"))[-1]["error"]
    assert (error["code"], error["param"], error["event_id"]) == (
        "invalid_value",
        "audio_end_ms",
        "mine",
    )
    assert error["message"].startswith("Audio content of ")
    assert error["message"].endswith("ms is already shorter than 600000ms")
