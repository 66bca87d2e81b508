"""What the defects of ``responses`` share: names of events, and how one is declared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realtime_fakes.defects.taps import Change, in_response
from realtime_fakes.switches import EventTap, Switch

__all__ = [
    "ALL_DONE",
    "BUSY",
    "CREATED",
    "DONE_IN_CONVERSATION",
    "IN_CONVERSATION",
    "ITEM_ADDED",
    "ITEM_DONE",
    "PARTS",
    "defect",
    "members",
]

CREATED, ALL_DONE = "response.created", "response.done"
ITEM_ADDED, ITEM_DONE = "response.output_item.added", "response.output_item.done"
IN_CONVERSATION, DONE_IN_CONVERSATION = "conversation.item.added", "conversation.item.done"
PARTS = ("response.content_part.added", "response.content_part.done")

BUSY = {
    "type": "invalid_request_error",
    "code": "conversation_already_has_active_response",
    "message": "Conversation already has an active response in progress.",
    "param": None,
    "event_id": None,
}
"""The error that refuses what has to wait for the response in progress."""


def members(was: str | None = None, /, **members: Any) -> Change:
    """Return a change of members of a response, if it has this status."""
    return in_response(lambda response: members if was in (None, response["status"]) else {})


def defect(
    name: str,
    violates: str,
    summary: str,
    event: EventTap | None = None,
    *,
    policy: Mapping[str, Any] | None = None,
    also: Mapping[str, str] | None = None,
) -> Switch:
    """Return a defect that violates a check of ``responses``."""
    return Switch(
        name=name,
        violates=f"rt.responses.{violates}",
        summary=summary,
        event=event,
        policy=policy or {},
        also=also or {},
    )
