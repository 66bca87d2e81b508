"""What the defects of ``responses`` share: names of events, and how one is declared."""

from __future__ import annotations

from typing import Any

from realtime_fakes.defects.suites import Suite
from realtime_fakes.defects.taps import (
    Change,
    in_response,
    refusal,
)
from realtime_fakes.switches import Event

__all__ = [
    "ALL_DONE",
    "CREATED",
    "DONE_IN_CONVERSATION",
    "IN_CONVERSATION",
    "ITEM_ADDED",
    "ITEM_DONE",
    "PARTS",
    "busy",
    "defect",
    "members",
]

CREATED, ALL_DONE = "response.created", "response.done"
ITEM_ADDED, ITEM_DONE = "response.output_item.added", "response.output_item.done"
IN_CONVERSATION, DONE_IN_CONVERSATION = "conversation.item.added", "conversation.item.done"
PARTS = ("response.content_part.added", "response.content_part.done")


def busy(event: Event) -> Event:
    """Return the error that refuses what has to wait for the response in progress."""
    message = "Conversation already has an active response in progress."
    return refusal(event, "conversation_already_has_active_response", message)


def members(was: str | None = None, /, **members: Any) -> Change:
    """Return a change of members of a response, if it has this status."""
    return in_response(lambda response: members if was in (None, response["status"]) else {})


defect = Suite("responses").defect
