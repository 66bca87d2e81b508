"""Answers aloud, and the formats of sound in both directions."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from typing import Any

from realtime_fakes.defects.suites import Suite
from realtime_fakes.defects.taps import Change, drop, on_websocket
from realtime_fakes.switches import Event, EventTap, Switch
from realtime_harness.audio.pcm import alaw_decode, mulaw_decode

__all__ = ["SWITCHES"]

_COMMITTED = "input_audio_buffer.committed"
_DONE = "conversation.item.done"
_SOUND = "response.output_audio.delta"
_PCM = {"type": "audio/pcm", "rate": 24_000}
_DECODE: dict[str, Callable[[bytes], bytes]] = {
    "audio/pcmu": mulaw_decode,
    "audio/pcma": alaw_decode,
}


def _answering_sound(change: Change, *types: str) -> EventTap:
    """Return a tap on spoken responses to what a client has committed."""

    def tap(event: Event, memory: dict[str, Any]) -> list[Event]:
        if event["type"] == _COMMITTED:
            memory["was spoken to"] = True
            return [event]
        return change(event, memory) if memory.get("was spoken to") else [event]

    return on_websocket(tap, _COMMITTED, *types)


def _with_format(tap: Callable[[Event, dict[str, Any], str, str], Event]) -> EventTap:
    """Return a tap that knows the output formats of the session and of the response."""

    def change(event: Event, memory: dict[str, Any]) -> list[Event]:
        kind = event["type"]
        if kind in ("session.created", "session.updated"):
            output = event["session"].get("audio", {}).get("output", {})
            memory["session format"] = output.get("format", _PCM)["type"]
        elif kind == "response.created":
            asked = event["response"]["audio"]["output"]["format"]
            memory["response format"] = asked["type"]
        return [tap(event, memory, memory["session format"], memory.get("response format", ""))]

    return on_websocket(
        change, "session.created", "session.updated", "response.created", "response.done", _SOUND
    )


def _named(event: Event, format: dict[str, Any]) -> Event:
    response = event["response"]
    output = {**response["audio"]["output"], "format": format}
    return {**event, "response": {**response, "audio": {"output": output}}}


def _says_pcm(event: Event, memory: dict[str, Any], session: str, response: str) -> Event:
    if "response" in event and session == response != "audio/pcm":
        return _named(event, _PCM)
    return event


def _says_session(event: Event, memory: dict[str, Any], session: str, response: str) -> Event:
    if "response" in event and session != response and session == "audio/pcm":
        return _named(event, _PCM)
    return event


def _in_pcm(*formats: str, overridden: bool = False) -> EventTap:
    """Return a tap that decodes G.711, of responses with a format of their own or of others."""

    def change(event: Event, memory: dict[str, Any], session: str, response: str) -> Event:
        if event["type"] != _SOUND or response not in formats:
            return event
        if (session != response) is not overridden:
            return event
        sound = _DECODE[response](a2b_base64(event["delta"]))
        return {**event, "delta": b2a_base64(sound, newline=False).decode()}

    return _with_format(change)


def _mute(event: Event, memory: dict[str, Any], session: str, response: str) -> Event:
    if event["type"] == _SOUND and session == response == "audio/pcm":
        sound = bytes(len(a2b_base64(event["delta"])))
        return {**event, "delta": b2a_base64(sound, newline=False).decode()}
    return event


def _split_samples(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Keep a byte of each piece of sound for the next one; the last gets it all."""
    if event["type"] != _SOUND:
        held = memory.pop("held", None)
        if held is None:
            return [event]
        return [held, event]
    sound = a2b_base64(event["delta"])
    held = memory.pop("held", None)
    if held is None:
        memory["held"] = event
        return []
    earlier = a2b_base64(held["delta"])
    whole = {**event, "delta": b2a_base64(earlier[-1:] + sound, newline=False).decode()}
    memory["held"] = whole
    return [{**held, "delta": b2a_base64(earlier[:-1], newline=False).decode()}]


def _without_transcript(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Say aloud what is written nowhere."""
    kind = event["type"]
    if kind == "response.output_audio_transcript.delta":
        return []
    if kind == "response.output_audio_transcript.done":
        return [{**event, "transcript": ""}]
    if kind == "response.content_part.done" and event["part"]["type"] == "audio":
        return [{**event, "part": {**event["part"], "transcript": ""}}]
    if kind in ("response.output_item.done", _DONE):
        return [{**event, "item": _unwritten(event["item"])}]
    if kind == "response.done":
        response = event["response"]
        output = [_unwritten(item) for item in response["output"]]
        return [{**event, "response": {**response, "output": output}}]
    return [event]


def _unwritten(item: dict[str, Any]) -> dict[str, Any]:
    if item.get("role") != "assistant":
        return item
    content = [
        {**part, "transcript": ""} if part["type"] == "output_audio" else part
        for part in item["content"]
    ]
    return {**item, "content": content}


def _session_says(taken: str) -> EventTap:
    """Return a tap that shows a format as PCM16, where it is that of both directions."""

    def change(event: Event, memory: dict[str, Any]) -> list[Event]:
        session = event["session"]
        sides = session.get("audio", {}).items()
        if any(settings.get("format", _PCM)["type"] != taken for _, settings in sides):
            return [event]
        audio = {side: {**settings, "format": _PCM} for side, settings in sides}
        return [{**event, "session": {**session, "audio": audio}}]

    return on_websocket(change, "session.updated")


_ALL_OF_A_TURN = (
    "response.output_audio_transcript.delta",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.done",
    _DONE,
)


_defect = Suite("audio").defect

SWITCHES: tuple[Switch, ...] = (
    # what is said
    _defect(
        "format-named-pcm",
        "format-named",
        "Responses of a session that speaks G.711 name audio/pcm as their format.",
        event=_with_format(_says_pcm),
    ),
    _defect(
        "samples-split",
        "whole-samples",
        "Samples are split between two pieces of output audio.",
        event=on_websocket(_split_samples, _SOUND, "response.output_audio.done", "response.done"),
    ),
    _defect(
        "sound-withheld",
        "sound-comes",
        "A spoken response to what was spoken has no sound.",
        event=_answering_sound(drop, _SOUND),
        also={
            name: "there is no sound to hear"
            for name in ("heard-is-claimed", "pcmu-heard", "pcma-heard", "override-heard")
        },
    ),
    _defect(
        "transcript-withheld",
        "transcript-comes",
        "A spoken response to what was spoken has an empty transcript.",
        event=_answering_sound(_without_transcript, *_ALL_OF_A_TURN),
        also={
            name: "there is no transcript to compare with"
            for name in (
                "heard-is-claimed",
                "pcmu-heard",
                "pcma-heard",
                "override-heard",
                "pcmu-understood",
                "pcma-understood",
            )
        },
    ),
    _defect(
        "silence-said-to-be-speech",
        "heard-is-claimed",
        "What is said in PCM16 is silence.",
        event=_with_format(_mute),
        also={
            "rt.relay.caller-hears": "a relay passes silence on",
        },
    ),
    # formats
    _defect(
        "pcmu-not-taken",
        "pcmu-accepted",
        "A session that is set to audio/pcmu says that it is audio/pcm.",
        event=_session_says("audio/pcmu"),
    ),
    _defect(
        "pcmu-taken-for-pcm",
        "pcmu-understood",
        "Sound that is appended as audio/pcmu is taken for PCM16.",
        policy={"misread_formats": ("audio/pcmu",)},
    ),
    _defect(
        "pcmu-session-speaks-pcm",
        "pcmu-heard",
        "A session whose output format is audio/pcmu says PCM16 at 8 kHz.",
        event=_in_pcm("audio/pcmu"),
    ),
    _defect(
        "pcma-not-taken",
        "pcma-accepted",
        "A session that is set to audio/pcma says that it is audio/pcm.",
        event=_session_says("audio/pcma"),
    ),
    _defect(
        "pcma-taken-for-pcm",
        "pcma-understood",
        "Sound that is appended as audio/pcma is taken for PCM16.",
        policy={"misread_formats": ("audio/pcma",)},
    ),
    _defect(
        "pcma-session-speaks-pcm",
        "pcma-heard",
        "A session whose output format is audio/pcma says PCM16 at 8 kHz.",
        event=_in_pcm("audio/pcma"),
    ),
    _defect(
        "format-override-unnamed",
        "format-override",
        "A response with a format of its own names that of the session.",
        event=_with_format(_says_session),
    ),
    _defect(
        "format-override-ignored",
        "override-heard",
        "A response with a format of its own says PCM16.",
        event=_in_pcm("audio/pcmu", overridden=True),
    ),
)
