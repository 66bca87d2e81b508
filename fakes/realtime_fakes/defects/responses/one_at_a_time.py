"""One response at a time: what is refused meanwhile, and what a cancel does."""

from __future__ import annotations

from typing import Any

from realtime_fakes.defects.responses.shared import (
    ALL_DONE,
    CREATED,
    DONE_IN_CONVERSATION,
    IN_CONVERSATION,
    busy,
    defect,
    members,
)
from realtime_fakes.defects.taps import (
    Change,
    another,
    drop,
    on_websocket,
    with_metadata,
)
from realtime_fakes.switches import Event, EventTap, Switch

__all__ = ["SWITCHES"]


def _error(code: str, change: Change, *, nth: int | None = None) -> EventTap:
    """Return a tap on errors of this code, or on the n-th of them, behind a marked response."""

    def tap(event: Event, memory: dict[str, Any]) -> list[Event]:
        if event["type"] == CREATED:
            memory["marked"] = memory.get("marked") or bool(event["response"].get("metadata"))
        elif event["error"]["code"] == code and memory.get("marked"):
            memory["count"] = memory.get("count", 0) + 1
            if nth in (None, memory["count"]):
                return change(event, memory)
        return [event]

    return on_websocket(tap, "error", CREATED)


def _another_code(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [{**event, "error": {**event["error"], "code": "invalid_value"}}]


def _straggler(event: Event, memory: dict[str, Any]) -> list[Event]:
    response = event["response"]
    if response["status"] != "cancelled" or not response["output"]:
        return [event]
    delta = {
        "type": "response.output_text.delta",
        "response_id": response["id"],
        "item_id": response["output"][0]["id"],
        "output_index": 0,
        "content_index": 0,
        "delta": "…",
    }
    return [event, another(event, "x", **delta)]


def _failed_after_cancel(event: Event, memory: dict[str, Any]) -> list[Event]:
    response = event["response"]
    if response["status"] == "cancelled":
        memory["cancelled"] = True
    elif memory.get("cancelled") and response["status"] == "completed":
        error = {"type": "server_error", "code": None}
        failed = {"status": "failed", "status_details": {"type": "failed", "error": error}}
        return [{**event, "response": {**response, **failed}}]
    return [event]


def _refused_meanwhile(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Refuse items of users while a response with metadata is in progress."""
    if event["type"] == CREATED:
        memory["active"] = bool(event["response"].get("metadata"))
    elif event["type"] == ALL_DONE:
        memory["active"] = False
    elif event["item"].get("role") == "user" and memory.get("active"):
        lost: set[str] = memory.setdefault("lost", set())
        is_first = event["item"]["id"] not in lost
        lost.add(event["item"]["id"])
        return [busy(event)] if is_first else []
    elif event["previous_item_id"] in memory.get("lost", ()):
        return [{**event, "previous_item_id": None}]
    return [event]


SWITCHES: tuple[Switch, ...] = (
    defect(
        "second-response-dropped",
        "second-refused",
        "Drops a second response of the conversation without an error.",
        _error("conversation_already_has_active_response", drop),
    ),
    defect(
        "second-response-other-code",
        "second-refused-code",
        "Refuses a second response of the conversation with another code.",
        _error("conversation_already_has_active_response", _another_code),
    ),
    defect(
        "items-refused-meanwhile",
        "item-meanwhile",
        "Refuses what users write while a response is in progress.",
        on_websocket(_refused_meanwhile, CREATED, ALL_DONE, IN_CONVERSATION, DONE_IN_CONVERSATION),
    ),
    defect(
        "cancelled-as-incomplete",
        "cancelled",
        "Says of responses that were cancelled that they are incomplete.",
        with_metadata(members("cancelled", status="incomplete"), ALL_DONE),
        also={"rt.responses.cancel-by-id": "so are those that were cancelled by their ids"},
    ),
    defect(
        "cancelled-as-if-by-turn",
        "cancel-reason",
        "Says of responses that the client cancelled that a turn was detected.",
        with_metadata(
            members("cancelled", status_details={"type": "cancelled", "reason": "turn_detected"}),
            ALL_DONE,
        ),
    ),
    defect(
        "cancel-ignores-ids",
        "cancel-by-id",
        "Does not find the response that is to be cancelled by its id.",
        policy={"cancel_by_id": False},
    ),
    defect(
        "straggler-behind-cancel",
        "nothing-behind",
        "Sends one more delta when a response was cancelled.",
        with_metadata(_straggler, ALL_DONE),
        also={"rt.wire.response-order": "a delta behind the end is out of order in any response"},
    ),
    defect(
        "fails-after-cancel",
        "after-cancel",
        "Lets responses fail once one was cancelled.",
        with_metadata(_failed_after_cancel, ALL_DONE),
    ),
    defect(
        "cancel-of-nothing-dropped",
        "cancel-nothing",
        "Drops a cancel without an error if no response is in progress.",
        _error("response_cancel_not_active", drop, nth=1),
    ),
    defect(
        "cancel-of-nothing-other-code",
        "cancel-nothing-code",
        "Refuses a cancel with another code.",
        _error("response_cancel_not_active", _another_code),
    ),
    defect(
        "cancel-of-done-dropped",
        "cancel-done",
        "Drops a cancel without an error the second time that no response is in progress.",
        _error("response_cancel_not_active", drop, nth=2),
    ),
)
