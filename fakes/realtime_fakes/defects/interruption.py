"""Violations that the checks of ``interruption`` find.

What is done to responses is done to spoken ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from realtime_fakes.audience import Role
from realtime_fakes.defects.suites import Suite
from realtime_fakes.defects.taps import (
    Change,
    drop,
    in_response,
    on_websocket,
    refusal,
)
from realtime_fakes.switches import Event, EventTap, Switch

__all__ = ["SWITCHES"]

_STARTED = "input_audio_buffer.speech_started"
_STOPPED = "input_audio_buffer.speech_stopped"
_TRUNCATED = "conversation.item.truncated"
_CLEARED = "output_audio_buffer.cleared"


def _spoken(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Change:
    """Return a change of spoken responses that were cancelled."""

    def members(response: dict[str, Any]) -> dict[str, Any]:
        is_meant = response["output_modalities"] == ["audio"]
        return change(response) if is_meant and response["status"] == "cancelled" else {}

    return in_response(members)


def _blamed(reason: str, instead: str) -> Change:
    """Return a change of the reason for which a response was cancelled."""

    def change(response: dict[str, Any]) -> dict[str, Any]:
        details = response["status_details"]
        return (
            {"status_details": {**details, "reason": instead}}
            if (details["reason"] == reason)
            else {}
        )

    return _spoken(change)


def _cut_off(response: dict[str, Any]) -> dict[str, Any]:
    if response["status_details"]["reason"] != "client_cancelled":
        return {}
    details = {"type": "incomplete", "reason": "max_output_tokens"}
    return {"status": "incomplete", "status_details": details}


def _started_late(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Tell the start of speech behind the response that it cancels."""
    kind = event["type"]
    if kind == "response.created":
        memory["active"] = True
    elif kind == "response.done":
        memory["active"] = False
        held = memory.pop("started", None)
        return [event] if held is None else [event, held]
    elif kind == _STOPPED and "started" in memory:
        return [memory.pop("started"), event]
    elif kind == _STARTED and memory.get("active"):
        memory["started"] = event
        return []
    return [event]


def _hide_commit(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Keep commits to ourselves while a response is in progress."""
    kind = event["type"]
    if kind.startswith("response."):
        memory["active"] = kind == "response.created"
        return [event]
    return [] if memory.get("active") else [event]


def _straggler(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Say the last words once more behind the end of a spoken response that was cancelled."""
    if event["type"] != "response.done":
        memory["last words"] = event
        return [event]
    last = memory.pop("last words", None)
    if last is None or event["response"]["status"] != "cancelled":
        return [event]
    return [event, {**last, "event_id": f"{last['event_id']}s"}]


def _a_little_later(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [{**event, "audio_end_ms": event["audio_end_ms"] + 1}]


def _not_to_nothing(event: Event, memory: dict[str, Any]) -> list[Event]:
    if event["audio_end_ms"]:
        return [event]
    return [refusal(event, "invalid_value", "Expected a value > 0.", "audio_end_ms")]


def _on_calls(change: Change, *types: str) -> EventTap:
    def tap(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
        is_meant = role is Role.DATA_CHANNEL and event["type"] in types
        return change(event, memory) if is_meant else [event]

    return tap


_defect = Suite("interruption").defect


SWITCHES: tuple[Switch, ...] = (
    # by speaking
    _defect(
        "deaf-while-speaking",
        "speech-cancels",
        "Speech cancels no response, whatever interrupt_response says.",
        policy={"forced_turn_flags": (("interrupt_response", False),)},
    ),
    _defect(
        "turn-detected-blamed-on-the-client",
        "turn-detected",
        "A spoken response that speech has cancelled says that the client has.",
        event=on_websocket(_blamed("turn_detected", "client_cancelled"), "response.done"),
    ),
    _defect(
        "speech-told-behind-the-cancelled",
        "speech-first",
        "Speech that cancels a response is told behind its end.",
        event=on_websocket(_started_late, "response.created", "response.done", _STARTED, _STOPPED),
    ),
    _defect(
        "stragglers",
        "no-stragglers",
        "The last words of a spoken response that was cancelled are repeated behind its end.",
        event=on_websocket(_straggler, "response.output_audio_transcript.delta", "response.done"),
        also={"rt.wire.response-order": "a delta behind response.done is out of order everywhere"},
    ),
    _defect(
        "offended-by-interruptions",
        "next-answer",
        "Whoever has interrupted the assistant is not answered any more.",
        policy={"answer_after_interruption": False},
    ),
    _defect(
        "interrupted-by-anything",
        "interrupt-response-off",
        "Speech cancels every response, whatever interrupt_response says.",
        policy={"forced_turn_flags": (("interrupt_response", True),)},
    ),
    _defect(
        "commits-nothing-while-speaking",
        "still-detected",
        "Speech during a response is told, and its commit is not.",
        event=on_websocket(
            _hide_commit,
            "response.created",
            "response.done",
            "input_audio_buffer.committed",
        ),
        also={
            "rt.wire.turn-order": "an item of speech is added without a commit",
        },
    ),
    # by the client
    _defect(
        "cancelled-said-to-be-incomplete",
        "client-cancels",
        "A spoken response that the client has cancelled is said to be incomplete.",
        event=on_websocket(_spoken(_cut_off), "response.done"),
        also={"rt.interruption.client-cancelled": "another status has other reasons"},
    ),
    _defect(
        "cancel-blamed-on-a-turn",
        "client-cancelled",
        "A spoken response that the client has cancelled says that speech has.",
        event=on_websocket(_blamed("client_cancelled", "turn_detected"), "response.done"),
    ),
    # truncation
    _defect(
        "truncation-unanswered",
        "truncated",
        "A truncation is not answered.",
        event=on_websocket(drop, _TRUNCATED),
        also={"rt.interruption.truncated-to-nothing": "the answer is how it is seen"},
    ),
    _defect(
        "truncated-elsewhere",
        "truncated-fields",
        "conversation.item.truncated names a time a little behind the one that was asked for.",
        event=on_websocket(_a_little_later, _TRUNCATED),
    ),
    _defect(
        "truncation-forgets-nothing",
        "truncated-text",
        "A truncated item keeps all of its transcript.",
        policy={"truncate_shortens": False},
    ),
    _defect(
        "truncation-to-nothing-refused",
        "truncated-to-nothing",
        "An item cannot be truncated to 0 ms.",
        event=on_websocket(_not_to_nothing, _TRUNCATED),
    ),
    _defect(
        "truncated-beyond-the-end",
        "beyond-refused",
        "An item may be truncated behind its end.",
        policy={"truncates_too": ("beyond",)},
    ),
    _defect(
        "text-truncated",
        "text-refused",
        "A written message of the assistant may be truncated.",
        policy={"truncates_too": ("text",)},
    ),
    # calls
    _defect(
        "clear-of-calls-unanswered",
        "cleared",
        "On calls output_audio_buffer.clear is not answered.",
        event=_on_calls(drop, _CLEARED),
    ),
    _defect(
        "clear-plays-on",
        "quiet",
        "A call whose output buffer is cleared plays what was in it.",
        policy={"clear_playback": False},
    ),
)
