"""Violations that the checks of ``sideband`` find."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import orjson

from realtime_fakes.audience import Role
from realtime_fakes.defects.suites import Suite
from realtime_fakes.switches import Event, EventTap, HttpReply, ReplyTap, Switch

__all__ = ["SWITCHES"]

_Change: TypeAlias = Callable[[Event, dict[str, Any]], list[Event]]


def _tap(role: Role, change: _Change, *types: str) -> EventTap:
    """Return a tap that changes what attachments of ``role`` get, of these types or of all."""

    def tap(event: Event, to: Role, memory: dict[str, Any]) -> list[Event]:
        if to is role and (not types or event["type"] in types):
            return change(event, memory)
        return [event]

    return tap


def _at_sideband(change: _Change, *types: str) -> EventTap:
    return _tap(Role.SIDEBAND, change, *types)


def _at_client(change: _Change, *types: str) -> EventTap:
    return _tap(Role.DATA_CHANNEL, change, *types)


# -- changes ---------------------------------------------------------------------------------------


def _drop(event: Event, memory: dict[str, Any]) -> list[Event]:
    return []


def _swap(first: str) -> _Change:
    """Return a change that lets events of type ``first`` trade places with their successor."""

    def change(event: Event, memory: dict[str, Any]) -> list[Event]:
        if event["type"] == first:
            memory["held"] = event
            return []
        held = memory.pop("held", None)
        return [event] if held is None else [event, held]

    return change


def _drop_second(event: Event, memory: dict[str, Any]) -> list[Event]:
    memory["count"] = memory.get("count", 0) + 1
    return [] if memory["count"] == 2 else [event]


def _in_session(**members: Any) -> _Change:
    def change(event: Event, memory: dict[str, Any]) -> list[Event]:
        return [{**event, "session": {**event["session"], **members}}]

    return change


def _stranger(event: Event, memory: dict[str, Any]) -> list[Event]:
    if event["type"] != "session.created":
        return []
    session = event["session"]
    return [{**event, "session": {**session, "id": session["id"][:-5] + "other"}}]


def _id_of_its_own(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [{**event, "event_id": event["event_id"] + "s"}]


def _mask(event: Event, memory: dict[str, Any]) -> list[Event]:
    item = event["item"]
    if item.get("role") != "user":
        return [event]
    content = [{**part, "text": "***"} if "text" in part else part for part in item["content"]]
    return [{**event, "item": {**item, "content": content}}]


def _with_sound(event: Event, memory: dict[str, Any]) -> list[Event]:
    delta = {
        **event,
        "type": "response.output_audio.delta",
        "event_id": event["event_id"] + "d",
        "delta": base64.b64encode(bytes(960)).decode(),
    }
    return [delta, event]


def _hide_system_items(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Hide items of role ``system``, and that they are in between."""
    item = event["item"]
    before = memory.setdefault("before", {})
    previous = event.get("previous_item_id")
    previous = before.get(previous, previous)
    if item.get("role") == "system":
        before[item["id"]] = previous
        return []
    return [{**event, "previous_item_id": previous}]


def _hide_marked_responses(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Hide responses that were asked for with metadata, and their items."""
    hidden = memory.setdefault("hidden", set())
    response, item = event.get("response") or {}, event.get("item") or {}
    if response.get("metadata"):
        hidden.add(response["id"])
    if event.get("response_id") in hidden and item:
        hidden.add(item["id"])
    ids = {response.get("id"), event.get("response_id"), item.get("id")}
    return [] if ids & hidden else [event]


def _no_error_about_model(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [] if event["error"].get("param") == "session.model" else [event]


def _refused(change: Callable[[HttpReply], HttpReply]) -> ReplyTap:
    """Return a tap on the refusal of an unknown call."""

    def tap(route: str, reply: HttpReply) -> HttpReply:
        return change(reply) if route == "websocket" and reply.status == 404 else reply

    return tap


def _another_code(reply: HttpReply) -> HttpReply:
    body = orjson.loads(reply.body)
    body["error"]["code"] = "not_found"
    return replace(reply, body=orjson.dumps(body))


# -- what else cannot be otherwise -----------------------------------------------------------------

_ON_THE_CALL = (
    "attach-race",
    "instructions-seen",
    "leaves",
    "max-output-tokens-seen",
    "recorded-turn",
    "same-session",
    "subprotocol-key",
    "tools-seen",
    "two",
)
"""Checks that need a sideband which sees something of its call."""


def _because(reason: str, *names: str) -> dict[str, str]:
    return {f"rt.sideband.{name}": reason for name in names}


_defect = Suite("sideband").defect


SWITCHES: tuple[Switch, ...] = (
    # joining
    _defect(
        "sideband-refused",
        "attaches",
        "No sideband is let onto a call.",
        policy={"sidebands_at_once": 0},
        also=_because("no sideband stays on a call", *_ON_THE_CALL, "hangup-code"),
    ),
    _defect(
        "sideband-on-a-session-of-its-own",
        "joins-the-call",
        "What joins by call id gets session.created of a session of its own, and then nothing.",
        policy={"greet_sidebands": True},
        event=_at_sideband(_stranger),
        also=_because(
            "nothing of the call is seen on the sideband",
            *_ON_THE_CALL,
            "every-event",
            "no-session-created",
            "response-seen",
            "update-answered",
        ),
    ),
    _defect(
        "sideband-greeted",
        "no-session-created",
        "A sideband is greeted with session.created.",
        policy={"greet_sidebands": True},
    ),
    _defect(
        "key-subprotocol-ignored",
        "subprotocol-key",
        "A key that is shown as a subprotocol is not seen.",
        policy={"read_key_subprotocol": False},
        also=dict.fromkeys(
            ("rt.relay.subprotocols", "rt.keys.subprotocol", "rt.admission.subprotocol-key"),
            "the service does not let such clients in",
        ),
    ),
    _defect(
        "sideband-with-any-key",
        "bad-key",
        "A sideband is let onto a call whatever key it shows.",
        policy={"sideband_needs_key": False},
    ),
    _defect(
        "unknown-call-400",
        "unknown-call-status",
        "Joining an unknown call is refused with status 400.",
        reply=_refused(lambda reply: replace(reply, status=400)),
    ),
    _defect(
        "unknown-call-other-code",
        "unknown-call-code",
        "Joining an unknown call is refused with another code.",
        reply=_refused(_another_code),
    ),
    _defect(
        "sideband-admitted-late",
        "attach-race",
        "A call is unknown to sidebands for long after its offer was answered.",
        policy={"sideband_delay_s": 3.0},
    ),
    # seeing
    _defect(
        "sideband-misses-an-event",
        "every-event",
        "rate_limits.updated does not reach sidebands.",
        event=_at_sideband(_drop, "rate_limits.updated"),
    ),
    _defect(
        "sideband-out-of-order",
        "order",
        "response.done trades places with its successor on sidebands.",
        event=_at_sideband(_swap("response.done")),
    ),
    _defect(
        "sideband-event-ids-differ",
        "event-ids",
        "Events have ids of their own on sidebands.",
        event=_at_sideband(_id_of_its_own),
    ),
    _defect(
        "sideband-sees-masked-text",
        "content",
        "What the user wrote is masked on sidebands.",
        event=_at_sideband(_mask, "conversation.item.added", "conversation.item.done"),
    ),
    _defect(
        "sideband-gets-sound",
        "no-audio-deltas",
        "A sideband gets output audio deltas.",
        event=_at_sideband(_with_sound, "response.output_audio.done"),
    ),
    _defect(
        "sideband-misses-playback",
        "audio-events",
        "output_audio_buffer.started does not reach sidebands.",
        event=_at_sideband(_drop, "output_audio_buffer.started"),
    ),
    _defect(
        "sideband-turn-reordered",
        "recorded-turn",
        "response.output_audio.done comes behind the done event of its transcript on sidebands.",
        event=_at_sideband(_swap("response.output_audio.done")),
    ),
    _defect(
        "sideband-misses-instructions",
        "instructions-seen",
        "session.updated has no instructions on sidebands.",
        event=_at_sideband(_in_session(instructions=""), "session.updated"),
    ),
    _defect(
        "sideband-misses-tools",
        "tools-seen",
        "session.updated has no tools on sidebands.",
        event=_at_sideband(_in_session(tools=[]), "session.updated"),
    ),
    _defect(
        "sideband-misses-token-limit",
        "max-output-tokens-seen",
        "session.updated has no limit of output tokens on sidebands.",
        event=_at_sideband(_in_session(max_output_tokens="inf"), "session.updated"),
    ),
    _defect(
        "errors-to-everybody",
        "error-private",
        "An error goes to everybody on the session.",
        policy={"broadcast_errors": True},
    ),
    _defect(
        "one-sideband-at-a-time",
        "two",
        "A call takes one sideband at a time.",
        policy={"sidebands_at_once": 1},
    ),
    # acting
    _defect(
        "sideband-update-unanswered",
        "update-answered",
        "The second session.updated does not reach sidebands.",
        event=_at_sideband(_drop_second, "session.updated"),
    ),
    _defect(
        "sideband-session-id-differs",
        "same-session",
        "session.updated names another session on sidebands.",
        event=_at_sideband(_in_session(id="sess_ofTheSideband0000"), "session.updated"),
    ),
    _defect(
        "client-misses-update",
        "update-seen",
        "The second session.updated does not reach the client of a call.",
        event=_at_client(_drop_second, "session.updated"),
    ),
    _defect(
        "client-misses-items",
        "item-seen",
        "Items of role system do not show on the data channel.",
        event=_at_client(_hide_system_items, "conversation.item.added", "conversation.item.done"),
    ),
    _defect(
        "client-misses-responses",
        "response-seen",
        "Responses that were asked for with metadata do not show on the data channel.",
        event=_at_client(_hide_marked_responses),
    ),
    _defect(
        "model-changes",
        "model-fixed",
        "session.update may name another model.",
        policy={"accept_model_change": True},
        also=dict.fromkeys(
            ("rt.sideband.model-refused", "rt.session.other-model", "rt.session.model-stays"),
            "what is accepted is not refused, on whatever connection",
        ),
    ),
    _defect(
        "model-refused-silently",
        "model-refused",
        "A session.update with another model is dropped without an error on the data channel.",
        event=_at_client(_no_error_about_model, "error"),
    ),
    # leaving
    _defect(
        "call-ends-with-sideband",
        "leaves",
        "A call ends when a sideband leaves.",
        policy={"end_with_sideband": True},
    ),
    _defect(
        "hangup-spares-client",
        "hangup-client",
        "A hang-up closes the sidebands and leaves the client's call open.",
        policy={"hangup_reaches_caller": False},
    ),
    _defect(
        "hangup-spares-sidebands",
        "hangup-sidebands",
        "A hang-up leaves the sidebands open.",
        policy={"sidebands_outlive": ("hangup",)},
    ),
    _defect(
        "hangup-closes-with-error",
        "hangup-code",
        "A hang-up closes the sidebands with 1011.",
        policy={"hangup_code": 1011},
    ),
    _defect(
        "sideband-outlives-client",
        "client-leaves",
        "A sideband is left open when the client leaves its call.",
        policy={"sidebands_outlive": ("caller",)},
    ),
)
