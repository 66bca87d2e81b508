"""Violations that the checks of ``text_over_webrtc`` find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from realtime_fakes.audience import Role
from realtime_fakes.switches import Event, EventTap, Switch

__all__ = ["SWITCHES"]


def _on_calls(change: Callable[[Event, dict[str, Any]], list[Event]]) -> EventTap:
    """Return a tap that changes what calls get, over data channels and sidebands alike.

    Plain WebSocket sessions are left alone: there is no audio section in them.
    """

    def tap(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
        return [event] if role is Role.WEBSOCKET else change(event, memory)

    return tap


def _on_channels(change: Callable[[Event, dict[str, Any]], list[Event]]) -> EventTap:
    """Return a tap that changes what data channels get."""

    def tap(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
        return change(event, memory) if role is Role.DATA_CHANNEL else [event]

    return tap


def _extra(event: Event, suffix: str, **members: Any) -> Event:
    """Return an event beside ``event``, with an id of its own that is the same for everybody."""
    return {"event_id": f"{event['event_id']}{suffix}", **members}


def _is_text(event: Event) -> bool:
    return bool(event["response"]["output_modalities"] == ["text"])


# -- The session -----------------------------------------------------------------------------------


def _greeting_comes_second(event: Event, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == "session.created":
        return [_extra(event, "x", type="session.updated", session=event["session"]), event]
    return [event]


def _instructions_forgotten(event: Event, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == "session.created":
        return [{**event, "session": {**event["session"], "instructions": ""}}]
    return [event]


# -- Turns -----------------------------------------------------------------------------------------


def _never_completed(event: Event, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == "response.done" and _is_text(event):
        details = {"type": "incomplete", "reason": "max_output_tokens"}
        response = {**event["response"], "status": "incomplete", "status_details": details}
        return [{**event, "response": response}]
    return [event]


def _user_item_done_late(event: Event, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == "conversation.item.done" and event["item"].get("role") == "user":
        memory["late"] = event
        return []
    if event["type"] == "response.created" and "late" in memory:
        return [event, memory.pop("late")]
    return [event]


def _buffer_events_for_text(event: Event, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == "response.created" and _is_text(event):
        response_id = event["response"]["id"]
        started = "output_audio_buffer.started"
        return [event, _extra(event, "x", type=started, response_id=response_id)]
    return [event]


def _silent_after_a_turn(event: Event, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == "conversation.item.added" and event["item"].get("role") == "user":
        memory["turns"] = memory.get("turns", 0) + 1
    return [] if memory.get("turns", 0) > 1 else [event]


def _first_item_precedes(event: Event, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == "conversation.item.added":
        first = memory.setdefault("first", event["item"]["id"])
        if event["previous_item_id"] is not None:
            return [{**event, "previous_item_id": first}]
    return [event]


# -- Usage -----------------------------------------------------------------------------------------


def _usage(side: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> EventTap:
    """Return a tap that changes the token details of one side; all sums stay right.

    Args:
        side: ``input`` or ``output``.
        change: gets the details and returns members to replace.

    """

    def tap(event: Event, memory: dict[str, Any]) -> list[Event]:
        usage = event["response"].get("usage") if event["type"] == "response.done" else None
        if usage is None or not _is_text(event):
            return [event]
        details = {**usage[f"{side}_token_details"], **change(usage[f"{side}_token_details"])}
        tokens = details["text_tokens"] + details["audio_tokens"] + details.get("image_tokens", 0)
        usage = {**usage, f"{side}_token_details": details, f"{side}_tokens": tokens}
        usage["total_tokens"] = usage["input_tokens"] + usage["output_tokens"]
        return [{**event, "response": {**event["response"], "usage": usage}}]

    return _on_calls(tap)


def _one_audio_token(details: dict[str, Any]) -> dict[str, Any]:
    return {"audio_tokens": details["audio_tokens"] + 1}


def _no_history(details: dict[str, Any]) -> dict[str, Any]:
    uncached = {"text_tokens": 0, "audio_tokens": 0, "image_tokens": 0}
    return {"text_tokens": 5, "cached_tokens": 0, "cached_tokens_details": uncached}


# -- Answers in audio ------------------------------------------------------------------------------


def _audio_on_the_channel(event: Event, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == "response.output_audio.done":
        delta = {**event, "type": "response.output_audio.delta", "delta": "AAAA"}
        return [{**delta, "event_id": f"{event['event_id']}x"}, event]
    return [event]


def _without_transcript(event: Event, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == "response.output_audio_transcript.delta":
        return []
    cleared: Event = _cleared(event)
    return [cleared]


def _cleared(value: Any) -> Any:
    """Return a copy with every transcript empty."""
    if isinstance(value, dict):
        return {k: "" if k == "transcript" and v else _cleared(v) for k, v in value.items()}
    return [_cleared(element) for element in value] if isinstance(value, list) else value


def _never_stopped(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [] if event["type"] == "output_audio_buffer.stopped" else [event]


SWITCHES: tuple[Switch, ...] = (
    Switch(
        name="greets-after-sound",
        summary="Greets on the data channel only when the caller's first sound came in.",
        violates="rt.text-over-webrtc.opens",
        policy={"greet_after_sound": True},
    ),
    Switch(
        name="greeting-comes-second",
        summary="Sends another event before session.created.",
        violates="rt.text-over-webrtc.created-first",
        event=_on_channels(_greeting_comes_second),
        also={
            "rt.wire.session-created-first": "it is the same rule",
        },
    ),
    Switch(
        name="instructions-forgotten",
        summary="Shows empty instructions in session.created.",
        violates="rt.text-over-webrtc.session-config",
        event=_on_channels(_instructions_forgotten),
    ),
    Switch(
        name="text-turn-never-completed",
        summary="Says of every answer in text that it was cut short.",
        violates="rt.text-over-webrtc.turn-complete",
        event=_on_calls(_never_completed),
    ),
    Switch(
        name="user-item-done-late",
        summary="Says that the user's item is done when the response has begun.",
        violates="rt.text-over-webrtc.turn-order",
        event=_on_calls(_user_item_done_late),
    ),
    Switch(
        name="buffer-events-for-text",
        summary="Says that an answer in text is being played.",
        violates="rt.text-over-webrtc.text-only",
        event=_on_calls(_buffer_events_for_text),
    ),
    Switch(
        name="silence-is-billed",
        summary="Counts one token of input audio in every text turn.",
        violates="rt.text-over-webrtc.no-input-audio-tokens",
        event=_usage("input", _one_audio_token),
    ),
    Switch(
        name="text-is-billed-as-audio",
        summary="Counts one token of output audio in every text turn.",
        violates="rt.text-over-webrtc.no-output-audio-tokens",
        event=_usage("output", _one_audio_token),
    ),
    Switch(
        name="text-is-free",
        summary="Counts no output tokens for text.",
        violates="rt.text-over-webrtc.text-tokens",
        event=_usage("output", lambda details: {"text_tokens": 0}),
    ),
    Switch(
        name="silent-after-a-turn",
        summary="Sends nothing more over a data channel after its first turn.",
        violates="rt.text-over-webrtc.second-turn",
        event=_on_channels(_silent_after_a_turn),
    ),
    Switch(
        name="first-item-precedes-all",
        summary="Names the first item as the predecessor of all others.",
        violates="rt.text-over-webrtc.previous-item",
        event=_on_calls(_first_item_precedes),
    ),
    Switch(
        name="history-is-free",
        summary="Counts the same few input tokens in every text turn.",
        violates="rt.text-over-webrtc.history-is-input",
        event=_usage("input", _no_history),
    ),
    Switch(
        name="large-message-closes",
        summary="Closes the data channel without a word at a message above 64 KiB.",
        violates="rt.text-over-webrtc.large-message",
        policy={"largest_message": 65536},
    ),
    Switch(
        name="audio-on-the-channel",
        summary="Sends audio deltas over data channels.",
        violates="rt.text-over-webrtc.no-audio-deltas",
        event=_on_channels(_audio_on_the_channel),
    ),
    Switch(
        name="answers-without-transcript",
        summary="Leaves the transcript of answers in audio empty on data channels.",
        violates="rt.text-over-webrtc.audio-transcript",
        event=_on_channels(_without_transcript),
    ),
    Switch(
        name="plays-silence",
        summary="Plays silence on calls instead of its answers.",
        violates="rt.text-over-webrtc.heard",
        policy={"play_sound": False},
        also={
            "rt.interruption.cleared": "begins when the answer is heard",
            "rt.interruption.quiet": "begins when the answer is heard",
            "rt.interruption.quiet-after": "begins when the answer is heard",
        },
    ),
    Switch(
        name="never-stopped",
        summary="Does not say on data channels when an answer was played to its end.",
        violates="rt.text-over-webrtc.output-buffer-events",
        event=_on_channels(_never_stopped),
    ),
    Switch(
        name="session-outlives-its-caller",
        summary="Lets the session of a call go on when the caller has left.",
        violates="rt.text-over-webrtc.session-ends",
        policy={"end_with_caller": False},
        also={"rt.sideband.client-leaves": "what goes on is not closed"},
    ),
)
