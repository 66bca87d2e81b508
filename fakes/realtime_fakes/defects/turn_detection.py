"""Violations that the checks of ``turn_detection`` find."""

from __future__ import annotations

from typing import Any

from realtime_fakes.defects.suites import Suite
from realtime_fakes.defects.taps import drop, on_websocket
from realtime_fakes.switches import Event, Switch

__all__ = ["SWITCHES"]

_STARTED = "input_audio_buffer.speech_started"
_STOPPED = "input_audio_buffer.speech_stopped"
_COMMITTED = "input_audio_buffer.committed"
_TIMEOUT = "input_audio_buffer.timeout_triggered"
_ADDED, _DONE = "conversation.item.added", "conversation.item.done"
_UNIX_MS = 1_790_000_000_000


def _stopped_late(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Tell the end of speech behind the commit."""
    if event["type"] == _STOPPED:
        memory["stopped"] = event
        return []
    stopped = memory.pop("stopped", None)
    return [event] if stopped is None else [event, stopped]


def _another_item(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [{**event, "item_id": event["item_id"][:-5] + "other"}]


def _on_the_wall_clock(event: Event, memory: dict[str, Any]) -> list[Event]:
    name = "audio_start_ms" if event["type"] == _STARTED else "audio_end_ms"
    return [{**event, name: event[name] + _UNIX_MS}]


def _answer_first(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Let the response begin before the item of the turn that it answers."""
    kind = event["type"]
    if kind == _STOPPED:
        memory["turn"] = []
        return [event]
    held: list[Event] | None = memory.get("turn")
    if held is None:
        return [event]
    if kind in (_ADDED, _DONE) and event["item"].get("role") == "user":
        held.append(event)
        if kind == _DONE and not memory.get("answers"):
            # Nothing answers turns in this session.
            memory.pop("turn")
            return held
        return []
    memory.pop("turn")
    return [event, *held]


def _knows_answers(event: Event, memory: dict[str, Any]) -> list[Event]:
    if event["type"] in ("session.created", "session.updated"):
        detection = event["session"].get("audio", {}).get("input", {}).get("turn_detection")
        memory["answers"] = bool((detection or {}).get("create_response"))
        return [event]
    return _answer_first(event, memory)


def _one_item_for_all(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Put every turn but the first at the beginning of the conversation."""
    if event["type"] == _STOPPED:
        memory["turns"] = memory.get("turns", 0) + 1
        return [event]
    is_turn = event["type"] == _COMMITTED or event["item"].get("role") == "user"
    if memory.get("turns", 0) > 1 and is_turn:
        return [{**event, "previous_item_id": None}]
    return [event]


def _semantic_never_stops(event: Event, memory: dict[str, Any]) -> list[Event]:
    if "session" in event:
        detection = event["session"].get("audio", {}).get("input", {}).get("turn_detection")
        memory["semantic"] = (detection or {}).get("type") == "semantic_vad"
        return [event]
    complete = not memory.get("seen stop")
    if memory.get("semantic") and complete:
        memory["seen stop"] = True
        return []
    return [event]


def _idle_of_no_length(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [{**event, "audio_start_ms": event["audio_end_ms"]}]


def _seen_by(what: str, *checks: str) -> dict[str, str]:
    return dict.fromkeys(checks, f"{what} of speech is how it is seen")


_defect = Suite("turn-detection").defect


SWITCHES: tuple[Switch, ...] = (
    _defect(
        "speech-start-untold",
        "speech-started",
        "The start of speech is not told.",
        event=on_websocket(drop, _STARTED),
        also=_seen_by(
            "the start",
            "on-again",
            "prefix-padding",
            "threshold",
            "semantic-turn",
            "rt.interruption.speech-first",
            "rt.wire.turn-order",
            "rt.interruption.still-detected",
            "rt.transcription.session-finds-turns",
        ),
    ),
    _defect(
        "speech-end-untold",
        "speech-stopped",
        "The end of speech is not told.",
        event=on_websocket(drop, _STOPPED),
        also=_seen_by("the end", "silence-duration", "semantic-turn", "eagerness"),
    ),
    _defect(
        "speech-end-told-late",
        "order",
        "The end of speech is told behind the commit.",
        event=on_websocket(_stopped_late, _STOPPED, _COMMITTED),
        also={
            "rt.wire.turn-order": "it is the order of every turn",
        },
    ),
    _defect(
        "speech-end-names-another-item",
        "item-ids-agree",
        "The end of speech names another item than the start.",
        event=on_websocket(_another_item, _STOPPED),
        also={
            "rt.wire.turn-order": "the speech of that item has not started",
        },
    ),
    _defect(
        "speech-on-the-wall-clock",
        "offsets",
        "The times of speech are Unix times.",
        event=on_websocket(_on_the_wall_clock, _STARTED, _STOPPED),
    ),
    _defect(
        "turns-unanswered",
        "answers",
        "Turns are found and not answered, whatever create_response says.",
        policy={"forced_turn_flags": (("create_response", False),)},
        also={"rt.interruption.next-answer": "who interrupts is not answered either"},
    ),
    _defect(
        "turn-answered-before-it-is-there",
        "item-before-answer",
        "The response to a turn is created before the item of that turn is added.",
        event=on_websocket(
            _knows_answers,
            "session.created",
            "session.updated",
            _STOPPED,
            _ADDED,
            _DONE,
            "response.created",
        ),
    ),
    _defect(
        "turns-at-the-beginning",
        "second-turn",
        "Every turn but the first is put at the beginning of the conversation.",
        event=on_websocket(_one_item_for_all, _STOPPED, _COMMITTED, _ADDED, _DONE),
    ),
    _defect(
        "silence-taken-for-speech",
        "silence-is-no-turn",
        "After four seconds of silence somebody is said to speak.",
        policy={"ghost_after_ms": 4_000.0},
    ),
    _defect(
        "padding-ignored",
        "prefix-padding",
        "The start of speech has a padding of 300 ms, whatever the session says.",
        policy={"ignored_detection": ("prefix_padding_ms",)},
    ),
    _defect(
        "silence-duration-ignored",
        "silence-duration",
        "200 ms of silence end a turn, whatever the session says.",
        policy={"ignored_detection": ("silence_duration_ms",)},
    ),
    _defect(
        "threshold-ignored",
        "threshold",
        "The threshold is 0.5, whatever the session says.",
        policy={"ignored_detection": ("threshold",)},
    ),
    _defect(
        "turns-answered-unasked",
        "create-response-off",
        "Turns are answered, whatever create_response says.",
        policy={"forced_turn_flags": (("create_response", True),)},
    ),
    _defect(
        "detection-stays-on",
        "off",
        "Turn detection that has heard speech cannot be switched off any more.",
        policy={"stuck_detection": "on"},
    ),
    _defect(
        "detection-stays-off",
        "on-again",
        "Turn detection that has heard speech cannot be switched on again.",
        policy={"stuck_detection": "off"},
    ),
    _defect(
        "semantic-turn-never-ends",
        "semantic-turn",
        "The end of the first turn that semantic VAD finds is not told.",
        event=on_websocket(_semantic_never_stops, "session.created", "session.updated", _STOPPED),
    ),
    _defect(
        "eagerness-ignored",
        "eagerness",
        "The eagerness is auto, whatever the session says.",
        policy={"ignored_detection": ("eagerness",)},
    ),
    _defect(
        "idle-untold",
        "idle-triggered",
        "A silence that is too long is answered, without a word about the timeout.",
        event=on_websocket(drop, _TIMEOUT),
    ),
    _defect(
        "idle-names-another-item",
        "idle-commits",
        "The timeout names another item than the one that is committed.",
        event=on_websocket(_another_item, _TIMEOUT),
    ),
    _defect(
        "idle-unanswered",
        "idle-answers",
        "A silence that is too long is committed and not answered.",
        policy={"answer_idle": False},
    ),
    _defect(
        "idle-of-no-length",
        "idle-window",
        "The silence that is too long is said to have no length.",
        event=on_websocket(_idle_of_no_length, _TIMEOUT),
    ),
)
