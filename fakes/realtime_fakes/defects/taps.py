"""What taps of several suites are made of."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

from realtime_fakes.audience import Role
from realtime_fakes.switches import Event, EventTap

__all__ = [
    "Change",
    "another",
    "drop",
    "drop_error",
    "in_item",
    "in_output",
    "in_response",
    "in_sessions",
    "is_chosen",
    "named_item",
    "on_websocket",
    "refusal",
    "with_metadata",
]

Change: TypeAlias = Callable[[Event, dict[str, Any]], list[Event]]
"""Gets an event and the memory of the attachment; returns what is sent in its place."""

_OURS = re.compile(r"item_[A-Za-z0-9]{21}")
_find_item = re.compile(r"id '([^']*)'").search


def on_websocket(change: Change, *types: str) -> EventTap:
    """Return a tap that changes events of these types, or of all, on primary WebSockets."""

    def tap(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
        if role is Role.WEBSOCKET and (not types or event["type"] in types):
            return change(event, memory)
        return [event]

    return tap


def with_metadata(
    change: Change, *types: str, where: Callable[[dict[str, Any]], bool] = bool
) -> EventTap:
    """Return a tap as :func:`on_websocket` does, for responses that were asked for with metadata.

    Args:
        change: as there.
        types: of the events that are changed, those of the conversation that are about output
            items of such a response among them.
        where: which of these responses are meant; gets the ``response`` of ``response.created``.

    """

    def tap(event: Event, memory: dict[str, Any]) -> list[Event]:
        marked: set[str] = memory.setdefault("with metadata", set())
        response, item = event.get("response") or {}, event.get("item") or {}
        if event["type"] == "response.created" and response.get("metadata") and where(response):
            marked.add(response["id"])
        if event.get("response_id") in marked and item:
            marked.add(item["id"])
        ids = {response.get("id"), event.get("response_id"), item.get("id"), event.get("item_id")}
        is_meant = not marked.isdisjoint(ids - {None})
        return change(event, memory) if is_meant and event["type"] in types else [event]

    return on_websocket(tap)


def drop(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Send nothing."""
    return []


def drop_error(code: str | None, *, mentions: str = "") -> EventTap:
    """Return a tap that keeps errors of this code from WebSockets, if they mention something."""

    def change(event: Event, memory: dict[str, Any]) -> list[Event]:
        error = event["error"]
        return [] if error["code"] == code and mentions in error["message"] else [event]

    return on_websocket(change, "error")


def in_item(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Change:
    """Return a change of the item of an event.

    Args:
        change: gets the item; returns members to replace. None at all leaves the event alone.

    """

    def changed(event: Event, memory: dict[str, Any]) -> list[Event]:
        members = change(event["item"])
        return [{**event, "item": {**event["item"], **members}}] if members else [event]

    return changed


def in_response(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Change:
    """Return a change of the response of an event, as :func:`in_item` does of its item."""

    def changed(event: Event, memory: dict[str, Any]) -> list[Event]:
        members = change(event["response"])
        return [{**event, "response": {**event["response"], **members}}] if members else [event]

    return changed


def in_output(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Change:
    """Return a change of the items that a response shows when it is done."""

    def members(response: dict[str, Any]) -> dict[str, Any]:
        return {"output": [{**item, **change(item)} for item in response["output"]]}

    return in_response(members)


def in_sessions(kind: str, change: Change, *types: str) -> EventTap:
    """Return a tap as :func:`on_websocket` does, in sessions of a type."""

    def tap(event: Event, memory: dict[str, Any]) -> list[Event]:
        if event["type"] == "session.created":
            memory["session type"] = event["session"].get("type")
        is_meant = memory.get("session type") == kind and event["type"] in types
        return change(event, memory) if is_meant else [event]

    return on_websocket(tap)


def another(event: Event, suffix: str, **members: Any) -> Event:
    """Return an event to send beside ``event``, with an id of its own."""
    # Where errors have no id, what stands in their place has to have one.
    return {"event_id": f"{event.get('event_id') or 'event_'}{suffix}", **members}


def refusal(event: Event, code: str | None, message: str, param: str | None = None) -> Event:
    """Return an ``error`` to send in the place of ``event``."""
    error = {
        "type": "invalid_request_error",
        "code": code,
        "message": message,
        "param": param,
        "event_id": None,
    }
    return another(event, "x", type="error", error=error)


def is_chosen(item: dict[str, Any]) -> bool:
    """Whether a client has chosen the id of an item."""
    return _OURS.fullmatch(item["id"]) is None


def named_item(event: Event) -> str | None:
    """Return the id of the item that an ``error`` is about."""
    found = _find_item(event["error"]["message"])
    return None if found is None else found[1]
