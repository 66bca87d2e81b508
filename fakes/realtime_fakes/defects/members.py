"""Taps that defects are made of: which reply or event is meant, and what becomes of it.

A change gets a copy of its own and returns what leaves instead; ``None`` leaves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import orjson

from realtime_fakes.audience import Role
from realtime_fakes.switches import Event, EventTap, HttpReply, ReplyTap

__all__ = [
    "Change",
    "at",
    "drop",
    "errors",
    "event_tap",
    "granted",
    "having",
    "put",
    "replies",
    "said",
]

Change: TypeAlias = Callable[[dict[str, Any]], dict[str, Any] | None]


def drop(value: dict[str, Any]) -> None:
    """Leave it out."""
    return


def put(value: Any, *path: str) -> Change:
    """Return a change that puts ``value`` at ``path``; ``...`` takes away what is there."""

    def change(whole: dict[str, Any]) -> dict[str, Any]:
        name, *below = path
        if below:
            inner = whole.get(name)
            changed = put(value, *below)(inner if isinstance(inner, dict) else {})
            return {**whole, name: changed}
        if value is ...:
            return {key: other for key, other in whole.items() if key != name}
        return {**whole, name: value}

    return change


def at(value: Any, *path: str) -> Any:
    """Return what is at ``path``; ``None`` if there is nothing."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def event_tap(
    change: Change,
    *types: str,
    where: Callable[[Event], bool] = lambda event: True,
    role: Role | None = Role.WEBSOCKET,
) -> EventTap:
    """Return a tap on events of these types that ``where`` accepts, on attachments of ``role``."""

    def tap(event: Event, to: Role, memory: dict[str, Any]) -> list[Event]:
        if event["type"] not in types or (role is not None and to is not role) or not where(event):
            return [event]
        changed = change(event)
        return [] if changed is None else [changed]

    return tap


def having(**members: Any) -> Callable[[Event], bool]:
    """Return whether an ``error`` event has these members."""

    def where(event: Event) -> bool:
        return all(at(event, "error", name) == value for name, value in members.items())

    return where


def errors(change: Change, role: Role | None = Role.WEBSOCKET, **members: Any) -> EventTap:
    """Return a tap on the ``error`` events that have these members."""
    return event_tap(change, "error", where=having(**members), role=role)


def said(name: str, value: Any) -> Change:
    """Return a change of a member of an error, in an event or a body."""
    return put(value, "error", name)


def replies(route: str, change: Change, *, status: int | None = None, **members: Any) -> ReplyTap:
    """Return a tap on the JSON body of the replies of a route.

    Args:
        route: name of the route.
        change: of the body.
        status: of the replies that are meant; all that succeed if not given.
        members: that their ``error`` has.

    """

    def tap(name: str, reply: HttpReply) -> HttpReply:
        meant = reply.status < 300 if status is None else reply.status == status
        if name != route or not meant:
            return reply
        body = orjson.loads(reply.body)
        if not having(**members)(body):
            return reply
        return replace(reply, body=orjson.dumps(change(body)))

    return tap


def granted(route: str, body: Mapping[str, Any], **members: Any) -> ReplyTap:
    """Return a tap that grants what was refused with an error of these members."""

    def tap(name: str, reply: HttpReply) -> HttpReply:
        if name != route or reply.status < 400 or not having(**members)(orjson.loads(reply.body)):
            return reply
        return replace(reply, status=200, body=orjson.dumps(body))

    return tap
