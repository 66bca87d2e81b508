"""Violations that the checks of ``audio`` find.

What is done to sound is done to G.711, to sound that a client commits by itself, and to items of
sound: so turns that a service finds by itself go on as they should.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from typing import Any

from realtime_fakes.defects.taps import Change, drop, drop_error, in_item, is_chosen, on_websocket
from realtime_fakes.switches import Event, EventTap, Switch
from realtime_harness.audio.pcm import alaw_decode, mulaw_decode

__all__ = ["SWITCHES"]

_FOUND = ("input_audio_buffer.speech_started", "input_audio_buffer.timeout_triggered")
_COMMITTED = "input_audio_buffer.committed"
_ADDED, _DONE = "conversation.item.added", "conversation.item.done"
_SOUND = "response.output_audio.delta"
_PCM = {"type": "audio/pcm", "rate": 24_000}
_DECODE: dict[str, Callable[[bytes], bytes]] = {
    "audio/pcmu": mulaw_decode,
    "audio/pcma": alaw_decode,
}


def _committed_by_client(tap: Callable[[Event, dict[str, Any]], list[Event]]) -> EventTap:
    """Return a tap on ``input_audio_buffer.committed`` where the client has asked for it."""

    def change(event: Event, memory: dict[str, Any]) -> list[Event]:
        if event["type"] in _FOUND:
            memory["finds turns"] = True
        if event["type"] == _COMMITTED and not memory.get("finds turns"):
            return tap(event, memory)
        return [event]

    return on_websocket(change, *_FOUND, _COMMITTED)


def _answering_sound(change: Change, *types: str) -> EventTap:
    """Return a tap on spoken responses to what a client has committed."""

    def tap(event: Event, memory: dict[str, Any]) -> list[Event]:
        if event["type"] == _COMMITTED:
            memory["was spoken to"] = True
            return [event]
        return change(event, memory) if memory.get("was spoken to") else [event]

    return on_websocket(tap, _COMMITTED, *types)


def _late(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Hold what was committed back until its item is added."""
    if event["type"] in _FOUND:
        memory["finds turns"] = True
    if event["type"] == _COMMITTED and not memory.get("finds turns"):
        memory["held"] = event
        return []
    held = memory.pop("held", None) if event["type"] == _ADDED else None
    return [event] if held is None else [event, held]


def _another_item(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [{**event, "item_id": event["item_id"][:-5] + "other"}]


def _behind_nothing(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [{**event, "previous_item_id": None}]


def _unfinished(item: dict[str, Any]) -> dict[str, Any]:
    is_spoken = any(part["type"] == "input_audio" for part in item.get("content", ()))
    return {"status": "in_progress"} if is_spoken else {}


def _without_sound(item: dict[str, Any]) -> dict[str, Any]:
    content = [
        {name: value for name, value in part.items() if name != "audio"}
        for part in item.get("content", ())
    ]
    return {"content": content} if content and not is_chosen(item) else {}


def _silent(item: dict[str, Any]) -> dict[str, Any]:
    content = [
        {**part, "audio": "A" * len(part["audio"])} if part.get("audio") else part
        for part in item.get("content", ())
    ]
    return {"content": content} if content and not is_chosen(item) else {}


def _refused_sound(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Refuse messages with sound in them that a client has named itself."""
    item = event["item"]
    if not item["id"].startswith("item_of_") or item["content"][0]["type"] != "input_audio":
        return [event]
    if event["type"] == _DONE:
        return []
    return [_error(event, "Invalid value: 'input_audio'.", "item.content")]


def _refused_after_bad_sound(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Answer a commit with an error, once there was something that is no base64."""
    if event["type"] == "error":
        memory["spoilt"] = event["error"]["param"] == "audio"
        return [event]
    if memory.get("spoilt"):
        return [_error(event, "Error committing input audio buffer.", None)]
    return [event]


def _commit_adds_again(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Add an item of nothing where a commit is refused."""
    if event["error"]["code"] != "input_audio_buffer_commit_empty" or memory.get("added"):
        return [event]
    memory["added"] = True
    item = {
        "id": "item_ofNothingAtAll000000",
        "type": "message",
        "status": "completed",
        "role": "user",
        "content": [{"type": "input_audio", "transcript": None}],
    }
    number = event.get("event_id") or "event_"
    return [
        event,
        {"type": _ADDED, "event_id": f"{number}a", "previous_item_id": None, "item": item},
        {"type": _DONE, "event_id": f"{number}d", "previous_item_id": None, "item": item},
    ]


def _error(event: Event, message: str, param: str | None) -> Event:
    error = {
        "type": "invalid_request_error",
        "code": "invalid_value",
        "message": message,
        "param": param,
        "event_id": None,
    }
    return {"type": "error", "event_id": event["event_id"], "error": error}


def _another_code(event: Event, memory: dict[str, Any]) -> list[Event]:
    error = event["error"]
    if error["code"] != "input_audio_buffer_commit_empty":
        return [event]
    return [{**event, "error": {**error, "code": "buffer_too_small"}}]


def _no_error_about_sound(event: Event, memory: dict[str, Any]) -> list[Event]:
    error = event["error"]
    return [] if error["param"] == "audio" and "base64" in error["message"] else [event]


# -- output ----------------------------------------------------------------------------------------


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


def _defect(name: str, violates: str, summary: str, **how: Any) -> Switch:
    also = {
        check if check.startswith("rt.") else f"rt.audio.{check}": reason
        for check, reason in how.pop("also", {}).items()
    }
    return Switch(name=name, violates=f"rt.audio.{violates}", summary=summary, also=also, **how)


SWITCHES: tuple[Switch, ...] = (
    # the input buffer
    _defect(
        "appends-acknowledged",
        "append-silent",
        "Every append of sound is answered with input_audio_buffer.appended.",
        policy={"acknowledge_appends": True},
    ),
    _defect(
        "commit-unanswered",
        "committed",
        "What a client commits is added, without input_audio_buffer.committed.",
        event=_committed_by_client(drop),
        also=dict.fromkeys(
            ("bad-base64-apart", "rt.transcription.behind-commit"),
            "whether sound was committed cannot be seen",
        ),
    ),
    _defect(
        "commit-told-late",
        "commit-order",
        "input_audio_buffer.committed comes behind the item that a client committed.",
        event=on_websocket(_late, *_FOUND, _COMMITTED, _ADDED),
    ),
    _defect(
        "commit-names-another-item",
        "commit-item-id",
        "input_audio_buffer.committed names another item than the one that is added.",
        event=_committed_by_client(_another_item),
    ),
    _defect(
        "spoken-items-in-progress",
        "commit-item",
        "Items of sound are said to be in progress.",
        event=on_websocket(in_item(_unfinished), _ADDED, _DONE),
    ),
    _defect(
        "commit-behind-nothing",
        "commit-previous",
        "input_audio_buffer.committed never names a predecessor.",
        event=_committed_by_client(_behind_nothing),
    ),
    _defect(
        "commit-answered-aloud",
        "commit-no-response",
        "A commit by the client makes a response.",
        policy={"answer_commits": True},
        also={
            name: "the answer to the commit comes before the one that was asked for"
            for name in ("format-override", "override-heard")
        },
    ),
    _defect(
        "commit-keeps-sound",
        "commit-empties",
        "What was committed stays in the buffer.",
        policy={"commit_empties": False},
        also={"rt.transcription.heard": "what was said before is heard again"},
    ),
    _defect(
        "empty-commit-unanswered",
        "empty-refused",
        "A commit of an empty buffer is answered by nothing.",
        event=drop_error("input_audio_buffer_commit_empty", mentions="only has 0.00ms"),
        also={
            "commit-empties": "the refusal is how it is seen",
            "clear-empties": "the refusal is how it is seen",
        },
    ),
    _defect(
        "empty-commit-other-code",
        "empty-code",
        "A commit of an empty buffer is refused with another code.",
        event=on_websocket(_another_code, "error"),
    ),
    _defect(
        "short-commit-accepted",
        "short-refused",
        "50 ms of sound are enough for a commit.",
        policy={"commit_minimum_ms": 50.0},
        also={"refused-adds-nothing": "it is not refused"},
    ),
    _defect(
        "refused-commit-adds-an-item",
        "refused-adds-nothing",
        "A commit that is refused adds an item all the same.",
        event=on_websocket(_commit_adds_again, "error"),
    ),
    _defect(
        "clear-unanswered",
        "cleared",
        "A clear of an input buffer with sound in it is not answered.",
        policy={"answer_clears": False},
    ),
    _defect(
        "clear-keeps-sound",
        "clear-empties",
        "What was cleared stays in the buffer.",
        policy={"clear_empties": False},
        also={"refused-adds-nothing": "what was not cleared is committed"},
    ),
    _defect(
        "bad-base64-unanswered",
        "bad-base64",
        "An append of what is no base64 is answered by nothing.",
        event=on_websocket(_no_error_about_sound, "error"),
    ),
    _defect(
        "bad-base64-spoils-the-buffer",
        "bad-base64-apart",
        "An append of what is no base64 makes the next commit fail.",
        event=on_websocket(_refused_after_bad_sound, "error", _COMMITTED),
    ),
    _defect(
        "items-not-retrieved",
        "retrieved",
        "Items of sound cannot be retrieved.",
        event=on_websocket(
            lambda event, memory: (
                [_error(event, "Error retrieving item.", None)]
                if _without_sound(event["item"]) and "audio" in event["item"]["content"][0]
                else [event]
            ),
            "conversation.item.retrieved",
        ),
        also={
            "retrieved-sound": "there is no item to look into",
        },
    ),
    _defect(
        "retrieved-without-sound",
        "retrieved-sound",
        "A retrieved item of the user has no sound in it.",
        event=on_websocket(in_item(_without_sound), "conversation.item.retrieved"),
    ),
    _defect(
        "retrieved-silence",
        "retrieved-heard",
        "The sound of a retrieved item is silence.",
        event=on_websocket(in_item(_silent), "conversation.item.retrieved"),
    ),
    _defect(
        "sound-in-messages-refused",
        "item-with-sound",
        "A message with sound in it cannot be created.",
        event=on_websocket(_refused_sound, _ADDED, _DONE),
    ),
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
