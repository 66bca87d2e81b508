"""Violations that the checks of ``transcription`` find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from realtime_fakes.defects.suites import Suite
from realtime_fakes.defects.taps import (
    Change,
    another,
    drop,
    in_sessions,
    on_websocket,
)
from realtime_fakes.switches import Event, EventTap, Switch

__all__ = ["SWITCHES"]

_KIND = "conversation.item.input_audio_transcription."
_DELTA, _COMPLETED, _FAILED = _KIND + "delta", _KIND + "completed", _KIND + "failed"
_COMMITTED = "input_audio_buffer.committed"
_GREETED, _UPDATED = "session.created", "session.updated"


def _with(**members: Any) -> Change:
    return lambda event, memory: [{**event, **members}]


def _another_item(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [{**event, "item_id": event["item_id"][:-5] + "other"}]


def _misspelt(event: Event, memory: dict[str, Any]) -> list[Event]:
    field = "delta" if event["type"] == _DELTA else "transcript"
    return [{**event, field: event[field].replace("o", "0")}]


def _first_delta_lost(event: Event, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == _COMPLETED:
        memory.pop("begun", None)
        return [event]
    if memory.setdefault("begun", event["item_id"]) == event["item_id"] and not memory.get(
        event["item_id"]
    ):
        memory[event["item_id"]] = True
        return []
    return [event]


def _last_delta_late(event: Event, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == _COMPLETED:
        held = memory.pop("held", None)
        return [event] if held is None else [event, held]
    held = memory.get("held")
    memory["held"] = event
    return [] if held is None else [held]


def _twice(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [event, {**event, "event_id": f"{event['event_id']}x"}]


def _commit_told_late(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Tell a commit behind the transcription of what is committed, if there is one."""
    kind = event["type"]
    if kind == _UPDATED:
        heard = event["session"].get("audio", {}).get("input", {})
        memory["transcribes"] = heard.get("transcription") and not heard.get("turn_detection")
        return [event]
    if kind == _COMMITTED and memory.get("transcribes"):
        memory["held"] = event
        return []
    held = memory.pop("held", None) if kind in (_COMPLETED, _FAILED) else None
    return [event] if held is None else [event, held]


def _overcharged(event: Event, memory: dict[str, Any]) -> list[Event]:
    usage = event["usage"]
    if usage["type"] == "duration":
        return [{**event, "usage": {**usage, "seconds": 0}}]
    return [{**event, "usage": {**usage, "total_tokens": usage["total_tokens"] + 1}}]


def _done_again(event: Event, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == "conversation.item.done":
        memory["done"] = event
        return [event]
    done = memory.get("done")
    if done is None or done["item"]["id"] != event["item_id"]:
        return [event]
    return [event, {**done, "event_id": f"{event['event_id']}d"}]


def _some_logprobs(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [{**event, "logprobs": [{"token": "a", "logprob": -0.1, "bytes": [97]}]}]


def _without_logprobs(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [{name: value for name, value in event.items() if name != "logprobs"}]


def _completed_too(event: Event, memory: dict[str, Any]) -> list[Event]:
    completed = {name: event[name] for name in ("item_id", "content_index")} | {
        "transcript": "",
        "usage": {"type": "duration", "seconds": 1},
    }
    return [event, another(event, "c", type=_COMPLETED, **completed)]


def _error_too(event: Event, memory: dict[str, Any]) -> list[Event]:
    error = {"code": None, "param": None, "event_id": None, **event["error"]}
    return [event, another(event, "e", type="error", error=error)]


def _fails_the_answer(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Let the response fail, too, once a transcription has."""
    if event["type"] == _FAILED:
        memory["failed"] = True
        return [event]
    if not memory.get("failed"):
        return [event]
    error = {"type": "server_error", "code": None, "message": "The input has no transcript."}
    response = {
        **event["response"],
        "status": "failed",
        "status_details": {"type": "failed", "error": error},
    }
    return [{**event, "response": response}]


# -- sessions that transcribe ----------------------------------------------------------------------


def _in_sessions(change: Change, *types: str) -> EventTap:
    """Return a tap on sessions that transcribe."""
    return in_sessions("transcription", change, *types)


def _another_object(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [{**event, "session": {**event["session"], "object": "realtime.session"}}]


def _with_flags(event: Event, memory: dict[str, Any]) -> list[Event]:
    session = event["session"]
    heard = session["audio"]["input"]
    if heard["turn_detection"] is None:
        return [event]
    detection = {**heard["turn_detection"], "create_response": True, "interrupt_response": True}
    audio = {"input": {**heard, "turn_detection": detection}}
    return [{**event, "session": {**session, "audio": audio}}]


def _answered(event: Event, memory: dict[str, Any]) -> list[Event]:
    response = {
        "object": "realtime.response",
        "id": "resp_ofNobody",
        "status": "in_progress",
        "output": [],
    }
    return [event, another(event, "r", type="response.created", response=response)]


def _no_error(is_meant: Callable[[dict[str, Any]], bool]) -> Change:
    return lambda event, memory: [] if is_meant(event["error"]) else [event]


_defect = Suite("transcription").defect


_SILENT = "the end of a transcription is how it is seen"

SWITCHES: tuple[Switch, ...] = (
    _defect(
        "transcribes-unasked",
        "not-unasked",
        "What the user says is transcribed in every session.",
        policy={"transcribe_unasked": True},
    ),
    _defect(
        "transcription-never-completed",
        "completed",
        "Transcriptions come to no end.",
        event=on_websocket(drop, _COMPLETED),
        also=dict.fromkeys(("session-transcribes", "logprobs"), _SILENT),
    ),
    _defect(
        "transcription-of-another-item",
        "item-id",
        "The end of a transcription names another item.",
        event=on_websocket(_another_item, _COMPLETED),
    ),
    _defect(
        "transcription-of-another-content",
        "content-index",
        "Transcriptions are said to be of the second content of the item.",
        event=on_websocket(_with(content_index=1), _DELTA, _COMPLETED),
    ),
    _defect(
        "transcription-loses-a-delta",
        "deltas-join",
        "The first delta of a transcription does not come.",
        event=on_websocket(_first_delta_lost, _DELTA, _COMPLETED),
        also={"rt.wire.transcription-agrees": "it is the same rule"},
    ),
    _defect(
        "transcription-delta-late",
        "deltas-first",
        "The last delta of a transcription comes behind its end.",
        event=on_websocket(_last_delta_late, _DELTA, _COMPLETED),
        also={
            "rt.wire.transcription-order": "a delta comes behind the end",
            "rt.wire.transcription-agrees": "the deltas up to the end are too few",
        },
    ),
    _defect(
        "transcription-completed-twice",
        "once",
        "Transcriptions are completed twice.",
        event=on_websocket(_twice, _COMPLETED),
        also={
            "rt.wire.transcription-order": "it has ended twice",
        },
    ),
    _defect(
        "transcribed-before-commit",
        "behind-commit",
        "What is committed is transcribed before the commit is told.",
        event=on_websocket(_commit_told_late, _UPDATED, _COMMITTED, _COMPLETED, _FAILED),
        also={
            "rt.wire.turn-order": "the commit comes behind what follows from it",
        },
    ),
    _defect(
        "transcription-cost-wrong",
        "usage",
        "What a transcription costs does not add up.",
        event=on_websocket(_overcharged, _COMPLETED),
    ),
    _defect(
        "transcription-misheard",
        "heard",
        "Transcripts have a zero for every o.",
        event=on_websocket(_misspelt, _DELTA, _COMPLETED),
    ),
    _defect(
        "transcribed-item-done-again",
        "item-not-done-again",
        "An item is done once more when its transcript is there.",
        event=on_websocket(_done_again, "conversation.item.done", _COMPLETED),
        also={
            "rt.wire.turn-order": "an item is done twice",
        },
    ),
    _defect(
        "logprobs-unasked",
        "no-logprobs-unasked",
        "Transcriptions have logprobs that nobody has asked for.",
        event=on_websocket(_some_logprobs, _DELTA, _COMPLETED),
    ),
    _defect(
        "logprobs-withheld",
        "logprobs",
        "Transcriptions never have logprobs.",
        event=on_websocket(_without_logprobs, _DELTA, _COMPLETED),
    ),
    # what cannot be transcribed
    _defect(
        "failed-transcription-untold",
        "failed",
        "A transcription that fails just does not come.",
        event=on_websocket(drop, _FAILED),
    ),
    _defect(
        "failed-transcription-completed",
        "failed-alone",
        "A transcription that has failed is completed, too.",
        event=on_websocket(_completed_too, _FAILED),
        also={
            "rt.wire.transcription-order": "it has ended twice",
        },
    ),
    _defect(
        "failed-transcription-fails-the-answer",
        "failed-goes-on",
        "The response fails when the transcription has.",
        event=on_websocket(_fails_the_answer, _FAILED, "response.done"),
    ),
    _defect(
        "failed-transcription-is-an-error",
        "failed-no-error",
        "A transcription that fails is an error event, too.",
        event=on_websocket(_error_too, _FAILED),
    ),
    # sessions that transcribe
    _defect(
        "transcription-session-greeted-as-realtime",
        "session-type",
        "A session that transcribes is said to be a realtime.session.",
        event=_in_sessions(_another_object, _GREETED),
    ),
    _defect(
        "transcription-session-with-flags",
        "session-flags",
        "The turn detection of a session that transcribes has flags about responses.",
        event=_in_sessions(_with_flags, _UPDATED),
    ),
    _defect(
        "transcription-session-writes-nothing",
        "session-transcribes",
        "A session that transcribes finds turns, and no words in them.",
        event=_in_sessions(drop, _DELTA, _COMPLETED),
    ),
    _defect(
        "transcription-session-finds-no-start",
        "session-finds-turns",
        "A session that transcribes does not tell when speech begins.",
        event=_in_sessions(drop, "input_audio_buffer.speech_started"),
        also={
            "rt.wire.turn-order": "speech stops that has not started",
        },
    ),
    _defect(
        "transcription-session-answers",
        "session-silent",
        "A session that transcribes begins a response behind every transcription.",
        event=_in_sessions(_answered, _COMPLETED),
    ),
    _defect(
        "transcription-session-ignores-responses",
        "session-refuses-responses",
        "A response.create in a session that transcribes is answered by nothing.",
        event=_in_sessions(_no_error(lambda error: error["param"] == "type"), "error"),
    ),
    _defect(
        "transcription-session-becomes-another",
        "session-stays",
        "An update for a session of another type is answered by nothing.",
        event=_in_sessions(_no_error(lambda error: error["param"] == "session.type"), "error"),
    ),
    _defect(
        "streaming-with-vad",
        "streaming-without-vad",
        "Turn detection together with a model that finds the turns itself is answered by nothing.",
        event=_in_sessions(
            _no_error(lambda error: error["param"] == "session.audio.input.turn_detection"),
            "error",
        ),
    ),
)
