"""Responses out of band, beside the conversation."""

from __future__ import annotations

from typing import Any

from realtime_fakes.defects.responses.shared import (
    ALL_DONE,
    CREATED,
    DONE_IN_CONVERSATION,
    IN_CONVERSATION,
    ITEM_ADDED,
    ITEM_DONE,
    busy,
    defect,
    members,
)
from realtime_fakes.defects.taps import (
    Change,
    another,
    named_item,
    on_websocket,
    with_metadata,
)
from realtime_fakes.switches import Event, EventTap, Switch

__all__ = ["SWITCHES"]


def _aside(change: Change, *types: str) -> EventTap:
    """Return a tap on responses with metadata that are out of band."""
    return with_metadata(change, *types, where=lambda response: response["conversation_id"] is None)


def _mirrored(event: Event, memory: dict[str, Any]) -> list[Event]:
    added = another(event, "x", type=IN_CONVERSATION, previous_item_id=None, item=event["item"])
    return [event, added]


def _input_mirrored(event: Event, memory: dict[str, Any]) -> list[Event]:
    if event["response"]["conversation_id"] is not None:
        return [event]
    item = {
        "id": "item_" + event["response"]["id"][5:],
        "type": "message",
        "status": "completed",
        "role": "user",
        "content": [{"type": "input_text", "text": "…"}],
    }
    place = {"previous_item_id": None, "item": item}
    added = another(event, "x", type=IN_CONVERSATION, **place)
    return [event, added, another(event, "y", type=DONE_IN_CONVERSATION, **place)]


def _kept(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Let the output of a response out of band be retrieved."""
    kept: dict[str | None, Any] = memory.setdefault("kept", {})
    if event["type"] == ITEM_DONE:
        kept[event["item"]["id"]] = event["item"]
    elif event["error"]["code"] == "item_retrieve_invalid_item_id":
        item = kept.get(named_item(event))
        if item is not None:
            return [another(event, "x", type="conversation.item.retrieved", item=item)]
    return [event]


def _refused_beside(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Refuse what is out of band while a response of the conversation is in progress."""
    response = event.get("response") or {}
    identifier = response.get("id") or event.get("response_id")
    refused: set[str | None] = memory.setdefault("refused", set())
    if event["type"] == CREATED:
        if response["conversation_id"] is not None:
            memory["active"] = identifier
        elif memory.get("active"):
            refused.add(identifier)
            return [busy(event)]
    elif event["type"] == ALL_DONE and memory.get("active") == identifier:
        memory["active"] = None
    return [] if identifier in refused else [event]


def _ended_by_another(event: Event, memory: dict[str, Any]) -> list[Event]:
    """End a response of the conversation when one out of band begins."""
    response = event.get("response") or {}
    identifier = response.get("id") or event.get("response_id")
    if event["type"] == CREATED:
        if response["conversation_id"] is not None:
            memory["active"] = response
        elif memory.get("active"):
            other = memory.pop("active")
            memory["ended"] = other["id"]
            details = {"type": "cancelled", "reason": "client_cancelled"}
            ended = {**other, "status": "cancelled", "status_details": details}
            return [another(event, "x", type=ALL_DONE, response=ended | {"usage": None}), event]
    elif event["type"] == ALL_DONE and response.get("id") != memory.get("ended"):
        memory.pop("active", None)
    return [] if identifier and identifier == memory.get("ended") else [event]


def _metadata_of_the_other(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Show the metadata of the first response in those beside it."""
    response = event["response"]
    if not response.get("metadata"):
        return [event]
    if event["type"] == CREATED and response["conversation_id"] is not None:
        memory["metadata"] = response["metadata"]
    elif event["type"] == ALL_DONE and response["conversation_id"] is not None:
        memory.pop("metadata", None)
    if "metadata" in memory:
        return [{**event, "response": {**response, "metadata": memory["metadata"]}}]
    return [event]


SWITCHES: tuple[Switch, ...] = (
    defect(
        "aside-in-conversation",
        "no-conversation",
        "Shows the id of a conversation when a response out of band is done.",
        _aside(members(conversation_id="conv_000000000000000000000"), ALL_DONE),
    ),
    defect(
        "aside-mirrored",
        "not-added",
        "Adds the output of a response out of band to the conversation.",
        _aside(_mirrored, ITEM_ADDED),
    ),
    defect(
        "aside-retrievable",
        "not-retrievable",
        "Lets the output of a response out of band be retrieved.",
        on_websocket(_kept, ITEM_DONE, "error"),
    ),
    defect(
        "aside-input-mirrored",
        "input-not-added",
        "Adds the input of a response out of band to the conversation.",
        _aside(_input_mirrored, CREATED),
    ),
    defect(
        "references-not-followed",
        "reference",
        "Refuses references to items in the input of a response.",
        policy={"follow_references": False},
    ),
    defect(
        "aside-refused",
        "beside",
        "Refuses a response out of band while another one is in progress.",
        on_websocket(_refused_beside),
    ),
    defect(
        "aside-ends-the-other",
        "other-goes-on",
        "Cancels the response in progress when one out of band is created.",
        on_websocket(_ended_by_another),
    ),
    defect(
        "metadata-of-the-other",
        "told-apart",
        "Shows the metadata of the response in progress in those beside it.",
        on_websocket(_metadata_of_the_other, CREATED, ALL_DONE),
    ),
)
