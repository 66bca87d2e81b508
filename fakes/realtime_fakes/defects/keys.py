"""Violations that the checks of ``keys`` find."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from realtime_fakes.defects.members import Change, at, event_tap, granted, put, replies, said
from realtime_fakes.defects.suites import Suite
from realtime_fakes.switches import Event, EventTap, HttpReply, ReplyTap, Switch

__all__ = ["SWITCHES"]

_ROUTE = "client_secrets"
_GRANTED = {
    "value": "ek_00000000000000000000000000000000",
    "expires_at": 4102444800,
    "session": {"type": "realtime"},
}
_MISSING = "Missing bearer or basic authentication in header"


def _made(change: Change) -> ReplyTap:
    return replies(_ROUTE, change)


def _if_configured(change: Change) -> Change:
    """Return a change of the answers in which the session has a modality that is no default."""

    def changed(body: dict[str, Any]) -> dict[str, Any] | None:
        return change(body) if body["session"].get("output_modalities") == ["text"] else body

    return changed


def _lives_s(body: dict[str, Any]) -> float:
    return float(body["expires_at"] - time.time())


def _hours_cut(body: dict[str, Any]) -> dict[str, Any]:
    """Take half an hour off keys that live for longer."""
    cut = 1800 if _lives_s(body) > 1800 else 0
    return {**body, "expires_at": body["expires_at"] - cut}


def _extremes_alike(body: dict[str, Any]) -> dict[str, Any]:
    """Make all keys the same that live for very long or not for long."""
    is_extreme = not 15 < _lives_s(body) < 1800
    return {**body, "value": _GRANTED["value"]} if is_extreme else body


def _expiry_as_text(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "expires_at": str(body["expires_at"])}


def _where(has: Callable[[HttpReply], bool], route: str = _ROUTE, **changes: Any) -> ReplyTap:
    """Return a tap that changes what is not the body in some of the replies of a route."""

    def tap(name: str, reply: HttpReply) -> HttpReply:
        return replace(reply, **changes) if name == route and has(reply) else reply

    return tap


def _made_well(reply: HttpReply) -> bool:
    return reply.status == 200


def _says(words: bytes) -> Callable[[HttpReply], bool]:
    return lambda reply: reply.status >= 400 and words in reply.body


def _whole_key(route: str, reply: HttpReply) -> HttpReply:
    if route != _ROUTE:
        return reply
    whole = b"sk-nobody-issued-this-key-000000000000"
    return replace(reply, body=reply.body.replace(b"sk-no********0000", whole))


def _session(value: Any, *path: str, where: Callable[[Event], bool], kind: str) -> EventTap:
    return event_tap(put(value, "session", *path), kind, where=where)


def _told(words: str) -> Callable[[Event], bool]:
    return lambda event: str(at(event, "session", "instructions")).startswith(words)


def _looks_around(event: Event) -> bool:
    tools = at(event, "session", "tools")
    return bool(tools) and tools[0].get("name") == "look_around"


def _because(reason: str, *names: str) -> dict[str, str]:
    return {f"rt.keys.{name}": reason for name in names}


_defect = Suite("keys").defect


SWITCHES: tuple[Switch, ...] = (
    # making
    _defect(
        "secret-as-201",
        "minted",
        "Answers with 201 when a key was made.",
        reply=_where(_made_well, status=201),
    ),
    _defect(
        "secret-of-another-form",
        "key-format",
        "Makes ephemeral keys that start with eph-.",
        policy={"ephemeral_prefix": "eph-"},
    ),
    _defect(
        "secrets-alike",
        "keys-differ",
        "Hands out the same key again and again where the lifetime is very short or very long.",
        reply=_made(_extremes_alike),
    ),
    _defect(
        "secret-expiry-as-text",
        "expires-at",
        "Writes the expiry of keys with a configuration as a string.",
        reply=_made(_if_configured(_expiry_as_text)),
    ),
    _defect(
        "secret-lives-a-minute",
        "default-lifetime",
        "Makes keys that live for a minute if nothing else is asked for, as the beta did.",
        policy={"key_lifetimes_s": (10, 60, 7200)},
    ),
    _defect(
        "secret-lifetime-cut",
        "lifetime",
        "Takes half an hour off lifetimes above half an hour.",
        reply=_made(_hours_cut),
    ),
    _defect(
        "secret-lives-longer-at-least",
        "shortest-lifetime",
        "Refuses lifetimes below 30 seconds.",
        policy={"key_lifetimes_s": (30, 600, 7200)},
    ),
    _defect(
        "secret-lives-shorter-at-most",
        "longest-lifetime",
        "Refuses lifetimes above 7199 seconds.",
        policy={"key_lifetimes_s": (10, 600, 7199)},
    ),
    _defect(
        "secret-lifetime-too-short",
        "lifetime-too-short",
        "Grants lifetimes from 1 second on.",
        policy={"key_lifetimes_s": (1, 600, 7200)},
    ),
    _defect(
        "secret-lifetime-too-long",
        "lifetime-too-long",
        "Grants lifetimes of up to a day.",
        policy={"key_lifetimes_s": (10, 600, 86400)},
    ),
    _defect(
        "secret-lifetime-in-words",
        "lifetime-type",
        "Grants a lifetime that is no number.",
        reply=granted(_ROUTE, _GRANTED, param="expires_after.seconds", code="invalid_type"),
    ),
    _defect(
        "secret-with-any-anchor",
        "anchor",
        "Grants a lifetime from any point of time.",
        reply=granted(_ROUTE, _GRANTED, param="expires_after.anchor"),
    ),
    _defect(
        "secret-for-another-model",
        "session-echo",
        "Shows another model than was asked for in the answer with a key.",
        reply=_made(put("gpt-realtime-of-another-kind", "session", "model")),
    ),
    _defect(
        "secret-without-instructions",
        "config-echo",
        "Shows no instructions in the answer with a key.",
        reply=_made(put("", "session", "instructions")),
    ),
    _defect(
        "secret-without-defaults",
        "defaults-echo",
        "Shows nothing of the input in the answer with a key.",
        reply=_made(put(..., "session", "audio", "input")),
    ),
    _defect(
        "secret-with-another-session-id",
        "session-id",
        "Counts the sessions of keys in place of giving them ids.",
        reply=_made(put("session-1", "session", "id")),
    ),
    _defect(
        "secret-with-started-session",
        "not-started",
        "Shows the session of a key as if it had started.",
        reply=_made(put(4102444800, "session", "expires_at")),
    ),
    _defect(
        "secret-as-text",
        "media-type",
        "Labels the answer with a key text/plain.",
        reply=_where(_made_well, media_type="text/plain; charset=utf-8"),
    ),
    _defect(
        "secret-without-request-id",
        "request-id",
        "Leaves X-Request-Id empty in the answer with a key.",
        reply=_where(_made_well, headers={"X-Request-Id": ""}),
    ),
    # refusing
    _defect(
        "secret-without-key",
        "no-key",
        "Makes an ephemeral key for callers that show none.",
        reply=granted(_ROUTE, _GRANTED, message=_MISSING),
    ),
    _defect(
        "secret-key-forbidden",
        "bad-key",
        "Refuses to make a key for an unknown one with 403.",
        reply=_where(_says(b"invalid_api_key"), status=403),
    ),
    _defect(
        "secret-key-refused-otherwise",
        "bad-key-code",
        "Refuses to make a key for an unknown one with another code.",
        reply=replies(_ROUTE, said("code", "unauthorized"), status=401, code="invalid_api_key"),
    ),
    _defect(
        "secret-repeats-key",
        "key-hidden",
        "Repeats all of a key that it refuses.",
        reply=_whole_key,
    ),
    _defect(
        "secret-for-ephemeral-key",
        "ephemeral-mints",
        "Makes further ephemeral keys for whoever has one.",
        policy={"mint_with_ephemeral_keys": True},
    ),
    _defect(
        "secret-with-unknown-field",
        "unknown-field",
        "Overlooks unknown fields in the session of a key.",
        reply=granted(_ROUTE, _GRANTED, code="unknown_parameter"),
        also=_because("what is not refused has no code", "unknown-field-code"),
    ),
    _defect(
        "secret-unknown-field-unnamed",
        "unknown-field-code",
        "Does not say which field of the session of a key is unknown.",
        reply=replies(_ROUTE, said("param", None), status=400, code="unknown_parameter"),
    ),
    _defect(
        "secret-with-two-modalities",
        "two-modalities",
        "Makes keys for sessions with text and audio at the same time.",
        reply=granted(_ROUTE, _GRANTED, param="session.output_modalities"),
        also=_because("what is not refused names no param", "two-modalities-param"),
    ),
    _defect(
        "secret-modalities-unnamed",
        "two-modalities-param",
        "Does not say that the modalities of a key are wrong.",
        reply=replies(_ROUTE, said("param", None), status=400, param="session.output_modalities"),
    ),
    _defect(
        "secret-without-type",
        "no-type",
        "Makes keys for sessions without a type.",
        reply=granted(_ROUTE, _GRANTED, param="session.type"),
    ),
    _defect(
        "secret-breaks-on-json",
        "not-json",
        "Answers a body that is not JSON with 500.",
        reply=_where(_says(b"could not parse"), status=500),
    ),
    _defect(
        "secret-error-without-type",
        "error-envelope",
        "Leaves the type out when it refuses to make a key without one.",
        reply=replies(_ROUTE, said("type", ...), status=401, message=_MISSING),
    ),
    # using
    _defect(
        "ephemeral-key-for-calls-only",
        "opens",
        "Lets ephemeral keys open calls and nothing else.",
        policy={"ephemeral_opens_websocket": False},
        also=_because(
            "there is no session", "config-applies", "reused", "subprotocol", "works-until"
        ),
    ),
    _defect(
        "ephemeral-key-needs-header",
        "subprotocol",
        "Does not see ephemeral keys that are shown as a subprotocol.",
        policy={"unread_subprotocol_keys": ("ek_",)},
    ),
    _defect(
        "ephemeral-key-once",
        "reused",
        "Lets an ephemeral key open one session over WebSocket and no other.",
        policy={"single_use_keys": ("websocket",)},
        also=_because("it is the third session of that key", "subprotocol"),
    ),
    _defect(
        "ephemeral-key-config-ignored",
        "config-applies",
        "Does not give a session the voice that its key came with.",
        event=_session(
            "alloy",
            *("audio", "output", "voice"),
            where=_told("Answer with a single word"),
            kind="session.created",
        ),
    ),
    _defect(
        "ephemeral-key-config-kept",
        "override",
        "Keeps the instructions that came with a key.",
        event=_session(
            "Answer with a single word, whatever you are asked.",
            "instructions",
            where=_told("Answer with two words"),
            kind="session.updated",
        ),
    ),
    _defect(
        "ephemeral-key-tools-kept",
        "override-tools",
        "Does not let the holder of a key add tools.",
        event=_session([], "tools", where=_looks_around, kind="session.updated"),
    ),
    _defect(
        "ephemeral-key-calls-once",
        "opens-call",
        "Lets an ephemeral key open one call and no other.",
        policy={"single_use_keys": ("call",)},
        also={
            "rt.offers.goes-on": "the good offer would be the second call",
        },
    ),
    # time
    _defect(
        "ephemeral-key-expires-early",
        "works-until",
        "Lets ephemeral keys expire half a minute early.",
        policy={"key_grace_s": -30.0},
    ),
    _defect(
        "ephemeral-key-never-expires",
        "expired",
        "Lets ephemeral keys work for a day beyond their expiry.",
        policy={"key_grace_s": 86400.0},
        also=_because("the key opens calls as well", "expired-call"),
    ),
    _defect(
        "ephemeral-key-calls-forever",
        "expired-call",
        "Opens calls for ephemeral keys that are not good any more.",
        reply=_where(_says(b"provided: ek_"), "calls", status=201),
    ),
    _defect(
        "session-ends-with-key",
        "outlives",
        "Ends a session when the key that opened it expires.",
        policy={"end_with_key": True},
    ),
)
