"""Violations that the checks of ``wire`` find: the rules over every stream of events.

What other suites judge as well is spoilt where they do not look, if there is such a place: on
WebSockets or on sidebands alone, or in sessions that never truncate, of which nothing is judged but
by the rules.
"""

from __future__ import annotations

from typing import Any

from realtime_fakes.audience import Role
from realtime_fakes.switches import Event, EventTap, Switch

__all__ = ["SWITCHES"]


def _unwatched(tap: EventTap) -> EventTap:
    """Return a tap that is used on WebSockets, in sessions that never truncate."""

    def unwatched(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
        if event["type"] == "session.updated":
            memory["unwatched"] = memory.get("unwatched") or _never_truncates(event["session"])
        is_meant = role is Role.WEBSOCKET and memory.get("unwatched", False)
        return tap(event, role, memory) if is_meant else [event]

    return unwatched


def _never_truncates(session: dict[str, Any]) -> bool:
    return session.get("truncation") == "disabled"


def _untyped_event(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    if role is Role.WEBSOCKET and event["type"] == "response.done":
        return [event, {"event_id": _another_id(event), "note": "what kind of event is this?"}]
    return [event]


def _part_type_of_items(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == "response.content_part.added":
        part = event["part"]
        return [{**event, "part": {**part, "type": f"output_{part['type']}"}}]
    return [event]


def _event_id_reused(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    last = memory.get("last event_id")
    memory["last event_id"] = event.get("event_id")
    if event["type"] == "response.output_item.done" and last is not None:
        return [{**event, "event_id": last}]
    return [event]


def _error_blames_nobody(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    if role is not Role.WEBSOCKET and event["type"] == "error":
        return [{**event, "error": {**event["error"], "event_id": "nobody-sent-this"}}]
    return [event]


def _part_closed_late(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    if role is not Role.WEBSOCKET:
        return [event]
    if event["type"] == "response.content_part.done":
        memory["late part"] = event
        return []
    if event["type"] == "response.output_item.done" and "late part" in memory:
        return [event, memory.pop("late part")]
    return [event]


def _done_twice(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == "response.done":
        return [event, {**event, "event_id": _another_id(event)}]
    return [event]


def _two_at_once(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == "response.created":
        response = event["response"]
        another = {**response, "id": response["id"] + "x"}
        return [event, {**event, "event_id": _another_id(event), "response": another}]
    return [event]


def _answer_not_done(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    is_answer = event["type"] == "conversation.item.done" and event["item"].get("role") != "user"
    return [] if is_answer else [event]


def _item_id_changes(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == "response.content_part.done":
        return [{**event, "item_id": event["item_id"] + "x"}]
    return [event]


def _unknown_predecessor(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    is_answer = event["type"] == "conversation.item.added" and event["item"].get("role") != "user"
    if is_answer and event.get("previous_item_id"):
        return [{**event, "previous_item_id": event["previous_item_id"] + "x"}]
    return [event]


def _part_cut_short(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    if event["type"] != "response.content_part.done":
        return [event]
    part = dict(event["part"])
    for field in ("text", "transcript"):
        if part.get(field):
            part[field] = part[field][:-1]
    return [{**event, "part": part}]


def _audio_in_lines(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == "response.output_audio.delta":
        delta = event["delta"]
        lines = [delta[start : start + 76] for start in range(0, len(delta), 76)]
        return [{**event, "delta": "\r\n".join(lines)}]
    return [event]


def _total_off_by_one(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    usage = event["response"].get("usage") if event["type"] == "response.done" else None
    if usage is None:
        return [event]
    usage = {**usage, "total_tokens": usage["total_tokens"] + 1}
    return [{**event, "response": {**event["response"], "usage": usage}}]


def _item_added_twice(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == "conversation.item.added" and event["item"].get("role") == "user":
        return [event, {**event, "event_id": _another_id(event)}]
    return [event]


def _transcribed_twice(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == "conversation.item.input_audio_transcription.completed":
        return [event, {**event, "event_id": _another_id(event)}]
    return [event]


def _transcript_cut_short(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    is_delta = event["type"] == "conversation.item.input_audio_transcription.delta"
    if is_delta and role is Role.WEBSOCKET:
        return [{**event, "delta": event["delta"][:-1]}]
    return [event]


def _cleared_twice(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    if role is Role.WEBSOCKET and event["type"] == "input_audio_buffer.cleared":
        return [event, {**event, "event_id": _another_id(event)}]
    return [event]


def _played_twice(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == "output_audio_buffer.started":
        return [event, {**event, "event_id": _another_id(event)}]
    return [event]


def _greeted_twice(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    if role is Role.WEBSOCKET and event["type"] == "session.created":
        return [event, {**event, "event_id": _another_id(event)}]
    return [event]


def _refused_and_shown(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == "error" and event["error"].get("param") == "session.output_modalities":
        memory["refused"] = True
    elif event["type"] == "session.updated" and memory.pop("refused", False):
        session = {**event["session"], "output_modalities": ["audio", "text"]}
        return [{**event, "session": session}]
    return [event]


def _speaks_behind_its_end(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == "error" and event["error"].get("code") == "session_expired":
        limits = {"type": "rate_limits.updated", "rate_limits": []}
        return [event, {**limits, "event_id": f"{event['event_id']}x"}]
    return [event]


def _another_id(event: Event) -> str:
    """Return an id for an extra event; the same on every attachment, as ids are."""
    return f"{event['event_id']}x"


SWITCHES: tuple[Switch, ...] = (
    Switch(
        name="untyped-event",
        summary="Sends an object without a type behind every response.done.",
        violates="rt.wire.frames-are-json",
        event=_untyped_event,
    ),
    Switch(
        name="part-type-of-items",
        summary="Names the type of an added content part output_text instead of text, as it is "
        "called inside items.",
        violates="rt.wire.event-schema",
        event=_unwatched(_part_type_of_items),
    ),
    Switch(
        name="event-id-reused",
        summary="Gives response.output_item.done the event_id of the event before it.",
        violates="rt.wire.event-ids-unique",
        event=_event_id_reused,
    ),
    Switch(
        name="error-blames-nobody",
        summary="Names an event_id in the errors of a call that no client event had.",
        violates="rt.wire.error-names-its-cause",
        event=_error_blames_nobody,
    ),
    Switch(
        name="part-closed-late",
        summary="Sends response.content_part.done behind response.output_item.done.",
        violates="rt.wire.response-order",
        event=_part_closed_late,
    ),
    Switch(
        name="response-done-twice",
        summary="Sends response.done twice.",
        violates="rt.wire.response-done-once",
        event=_unwatched(_done_twice),
    ),
    Switch(
        name="two-responses-at-once",
        summary="Creates a second response beside every response, and never finishes it.",
        violates="rt.wire.one-response-at-a-time",
        event=_unwatched(_two_at_once),
    ),
    Switch(
        name="answer-not-done",
        summary="Leaves out conversation.item.done for the items of a response.",
        violates="rt.wire.items-announced",
        event=_unwatched(_answer_not_done),
    ),
    Switch(
        name="item-id-changes",
        summary="Gives another item_id in response.content_part.done than before.",
        violates="rt.wire.item-ids-agree",
        event=_item_id_changes,
    ),
    Switch(
        name="unknown-predecessor",
        summary="Says that an answer was added behind an item that does not exist.",
        violates="rt.wire.previous-item-known",
        event=_unwatched(_unknown_predecessor),
    ),
    Switch(
        name="part-cut-short",
        summary="Leaves out the last letter in response.content_part.done.",
        violates="rt.wire.text-agrees",
        event=_part_cut_short,
    ),
    Switch(
        name="audio-in-lines",
        summary="Breaks the base64 of output audio into lines, as mail does.",
        violates="rt.wire.audio-is-base64",
        event=_unwatched(_audio_in_lines),
    ),
    Switch(
        name="usage-total-off-by-one",
        summary="Reports one token too many in total_tokens.",
        violates="rt.wire.usage-adds-up",
        event=_total_off_by_one,
    ),
    Switch(
        name="item-added-twice",
        summary="Says twice that an item of the user was added.",
        violates="rt.wire.turn-order",
        event=_unwatched(_item_added_twice),
    ),
    Switch(
        name="transcribed-twice",
        summary="Says twice that a transcription is completed.",
        violates="rt.wire.transcription-order",
        event=_transcribed_twice,
        also={
            "rt.transcription.once": "it is the same rule",
        },
    ),
    Switch(
        name="playback-starts-twice",
        summary="Says twice that a response is being played.",
        violates="rt.wire.playback-order",
        event=_played_twice,
        also={"rt.text-over-webrtc.output-buffer-events": "it is the same rule"},
    ),
    Switch(
        name="greeted-twice",
        summary="Sends session.created twice on WebSockets.",
        violates="rt.wire.session-created-first",
        event=_greeted_twice,
    ),
    Switch(
        name="refused-and-shown",
        summary="Shows the modalities of an update that it refused.",
        violates="rt.wire.refused-update-without-effect",
        event=_refused_and_shown,
    ),
    Switch(
        name="speaks-behind-its-end",
        summary="Sends an event behind the error that says that the session has expired.",
        violates="rt.wire.ends-cleanly",
        event=_speaks_behind_its_end,
    ),
    Switch(
        name="transcript-cut-short",
        summary="Leaves out the last letter of each delta of a transcription.",
        violates="rt.wire.transcription-agrees",
        event=_transcript_cut_short,
        also={"rt.transcription.deltas-join": "it is the same rule"},
    ),
    Switch(
        name="cleared-twice",
        summary="Says twice that the input audio buffer is cleared.",
        violates="rt.wire.answers-asked-for",
        event=_cleared_twice,
    ),
)
