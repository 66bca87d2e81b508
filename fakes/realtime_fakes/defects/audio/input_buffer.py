"""The input buffer: what is appended, committed and cleared, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from realtime_fakes.defects.suites import Suite
from realtime_fakes.defects.taps import (
    drop,
    drop_error,
    in_item,
    is_chosen,
    on_websocket,
    refusal,
)
from realtime_fakes.switches import Event, EventTap, Switch

__all__ = ["SWITCHES"]

_FOUND = ("input_audio_buffer.speech_started", "input_audio_buffer.timeout_triggered")
_UPDATED = "session.updated"
_COMMITTED = "input_audio_buffer.committed"
_ADDED, _DONE = "conversation.item.added", "conversation.item.done"


def _is_by_hand(event: Event, memory: dict[str, Any]) -> bool:
    """Return whether this says that what a client asked for was committed."""
    if event["type"] in _FOUND:
        memory["finds turns"] = True
    elif event["type"] == _UPDATED:
        heard = event["session"].get("audio", {}).get("input", {})
        memory["finds turns"] = memory.get("finds turns") and heard.get("turn_detection")
    return event["type"] == _COMMITTED and not memory.get("finds turns")


def _committed_by_client(tap: Callable[[Event, dict[str, Any]], list[Event]]) -> EventTap:
    """Return a tap on ``input_audio_buffer.committed`` where the client has asked for it."""

    def change(event: Event, memory: dict[str, Any]) -> list[Event]:
        return tap(event, memory) if _is_by_hand(event, memory) else [event]

    return on_websocket(change, *_FOUND, _UPDATED, _COMMITTED)


def _late(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Hold what was committed back until its item is added."""
    if _is_by_hand(event, memory):
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
    return refusal(event, "invalid_value", message, param)


def _another_code(event: Event, memory: dict[str, Any]) -> list[Event]:
    error = event["error"]
    if error["code"] != "input_audio_buffer_commit_empty":
        return [event]
    return [{**event, "error": {**error, "code": "buffer_too_small"}}]


def _no_error_about_sound(event: Event, memory: dict[str, Any]) -> list[Event]:
    error = event["error"]
    return [] if error["param"] == "audio" and "base64" in error["message"] else [event]


_defect = Suite("audio").defect

SWITCHES: tuple[Switch, ...] = (
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
            ("bad-base64-apart", "rt.transcription.behind-commit", "rt.relay.caller-heard"),
            "whether sound was committed cannot be seen",
        ),
    ),
    _defect(
        "commit-told-late",
        "commit-order",
        "input_audio_buffer.committed comes behind the item that a client committed.",
        event=on_websocket(_late, *_FOUND, _UPDATED, _COMMITTED, _ADDED),
        also={
            "rt.wire.turn-order": "it is the order of every turn",
        },
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
)
