"""Violations that the checks of ``mcp`` find.

Calls that nobody was asked about and calls that were are told apart, so that either can be spoilt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from realtime_fakes.defects.suites import Suite
from realtime_fakes.defects.taps import (
    Change,
    another,
    drop,
    in_item,
    in_output,
    on_websocket,
)
from realtime_fakes.switches import Event, EventTap, Switch

__all__ = ["SWITCHES"]

_ADDED, _DONE = "conversation.item.added", "conversation.item.done"
_OUTPUT_ADDED, _OUTPUT_DONE = "response.output_item.added", "response.output_item.done"
_ALL_DONE = "response.done"
_ARGUMENTS = "response.mcp_call_arguments.done"
_STARTED, _COMPLETED, _FAILED = (
    f"response.mcp_call.{what}" for what in ("in_progress", "completed", "failed")
)
_MADE_TO_FAIL = {
    "status": "failed",
    "status_details": {"type": "failed", "error": {"type": "server_error", "code": None}},
}


def _when(is_meant: Callable[[dict[str, Any]], bool], change: Change, *types: str) -> EventTap:
    """Return a tap that is used in some states of a session.

    Args:
        is_meant: gets the memory, in which ``asked`` says whether there was a request for approval,
            ``denied`` whether one was denied, ``dead`` whether a listing has failed, and ``called``
            whether a tool has returned.
        change: of events.
        types: of these events.

    """

    def tap(event: Event, memory: dict[str, Any]) -> list[Event]:
        item = event.get("item") or {}
        if item.get("type") == "mcp_approval_request":
            memory["asked"] = True
        elif item.get("type") == "mcp_approval_response":
            memory["denied"] = not item["approve"]
        elif event["type"] == "mcp_list_tools.failed":
            memory["dead"] = True
        elif event["type"] == _COMPLETED:
            memory["called"] = True
        return change(event, memory) if event["type"] in types and is_meant(memory) else [event]

    return on_websocket(tap)


def _unasked(change: Change, *types: str) -> EventTap:
    return _when(lambda memory: "asked" not in memory, change, *types)


def _asked(change: Change, *types: str) -> EventTap:
    return _when(lambda memory: "asked" in memory, change, *types)


def _of(kind: str, change: Change) -> Change:
    """Return a change of events about an item of this type."""

    def changed(event: Event, memory: dict[str, Any]) -> list[Event]:
        return change(event, memory) if event["item"]["type"] == kind else [event]

    return changed


def _calls(**members: Any) -> Change:
    """Return a change of the calls that a response shows when it is done."""
    return in_output(lambda item: members if item["type"] == "mcp_call" else {})


# -- listing ---------------------------------------------------------------------------------------


def _without_servers(event: Event, memory: dict[str, Any]) -> list[Event]:
    session = event["session"]
    tools = [tool for tool in session.get("tools", ()) if tool["type"] != "mcp"]
    return [{**event, "session": {**session, "tools": tools}}] if "tools" in session else [event]


def _one_more(item: dict[str, Any]) -> dict[str, Any]:
    """List a tool more where there is only one."""
    tools = item["tools"]
    return {"tools": [*tools, {**tools[0], "name": "not_allowed"}]} if len(tools) == 1 else {}


# -- calls -----------------------------------------------------------------------------------------


def _unbalanced(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Say one brace too many wherever the arguments stand."""
    if event["type"] == _ARGUMENTS:
        return [{**event, "arguments": event["arguments"] + "}"}]
    if event["type"] == _ALL_DONE:
        response = event["response"]
        output = [{**item, **_with_brace(item)} for item in response["output"]]
        return [{**event, "response": {**response, "output": output}}]
    return [{**event, "item": {**event["item"], **_with_brace(event["item"])}}]


def _with_brace(item: dict[str, Any]) -> dict[str, Any]:
    return {"arguments": item["arguments"] + "}"} if item["type"] == "mcp_call" else {}


def _asks_all_the_same(event: Event, memory: dict[str, Any]) -> list[Event]:
    request = {
        "id": "mcpr_" + event["item_id"][5:],
        "type": "mcp_approval_request",
        "server_label": "rt",
        "name": "tool",
        "arguments": "{}",
    }
    place = {"previous_item_id": None, "item": request}
    added = another(event, "x", type=_ADDED, **place)
    return [added, another(event, "y", type=_DONE, **place), event]


def _failing(*, with_call: bool) -> Change:
    """Return a change that lets responses fail that have a call, or that have none."""

    def change(event: Event, memory: dict[str, Any]) -> list[Event]:
        output = event["response"]["output"]
        if any(item["type"] == "mcp_call" for item in output) is not with_call:
            return [event]
        return [{**event, "response": {**event["response"], **_MADE_TO_FAIL}}]

    return change


def _as_completed(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [{**event, "type": _COMPLETED}]


# -- approval --------------------------------------------------------------------------------------


def _starts_early(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Call a tool as soon as somebody was asked whether to."""
    item = event.get("item") or {}
    if event["type"] == _OUTPUT_ADDED:
        memory["call"] = (item["id"], event["output_index"])
    elif item.get("type") == "mcp_approval_request" and "call" in memory:
        item_id, index = memory.pop("call")
        place = {"item_id": item_id, "output_index": index}
        return [event, another(event, "x", type=_STARTED, **place)]
    return [event]


_defect = Suite("mcp").defect


_LIST, _CALL = "mcp_list_tools", "mcp_call"
_REQUEST, _ANSWER = "mcp_approval_request", "mcp_approval_response"

SWITCHES: tuple[Switch, ...] = (
    # listing
    _defect(
        "mcp-server-not-shown",
        "shown",
        "Leaves MCP servers out of session.updated.",
        on_websocket(_without_servers, "session.updated"),
    ),
    _defect(
        "mcp-listing-unannounced",
        "in-progress",
        "Does not say that a server is being asked for its tools.",
        on_websocket(drop, "mcp_list_tools.in_progress"),
    ),
    _defect(
        "mcp-tools-not-listed",
        "listed",
        "Lists no tools of MCP servers.",
        on_websocket(_of(_LIST, in_item(lambda item: {"tools": []})), _DONE),
    ),
    _defect(
        "mcp-label-differs",
        "label",
        "Lists the tools of a server under another label.",
        on_websocket(_of(_LIST, in_item(lambda item: {"server_label": "other"})), _DONE),
    ),
    _defect(
        "mcp-listing-never-completed",
        "completed",
        "Does not say that the tools of a server are there.",
        on_websocket(drop, "mcp_list_tools.completed"),
    ),
    _defect(
        "mcp-listing-of-another-item",
        "one-id",
        "Names another item when the tools of a server are there.",
        on_websocket(
            lambda event, memory: [{**event, "item_id": event["item_id"] + "x"}],
            "mcp_list_tools.completed",
        ),
    ),
    _defect(
        "mcp-lists-what-is-not-allowed",
        "allowed",
        "Lists one more tool where only one is allowed.",
        on_websocket(_of(_LIST, in_item(_one_more)), _DONE),
    ),
    _defect(
        "mcp-listing-fails-silently",
        "listing-failed",
        "Does not say that a server could not be asked.",
        on_websocket(drop, "mcp_list_tools.failed"),
    ),
    _defect(
        "mcp-dead-server-fails-turns",
        "survived",
        "Lets responses fail when a server could not be asked.",
        _when(lambda memory: "dead" in memory, _failing(with_call=False), _ALL_DONE),
    ),
    # calls
    _defect(
        "mcp-choice-ignored",
        "called",
        "Takes an MCP tool as tool_choice for auto.",
        policy={"heeded_choices": ("none", "required", "function")},
    ),
    _defect(
        "mcp-call-of-another-server",
        "call-names",
        "Names another server in calls.",
        on_websocket(_calls(server_label="other"), _ALL_DONE),
    ),
    _defect(
        "mcp-arguments-differ",
        "arguments",
        "Ends the arguments of a call with others than the call has.",
        on_websocket(lambda event, memory: [{**event, "arguments": "{ }"}], _ARGUMENTS),
    ),
    _defect(
        "mcp-arguments-unbalanced",
        "arguments-json",
        "Ends the arguments of calls with one brace too many.",
        on_websocket(_unbalanced, _ARGUMENTS, _DONE, _OUTPUT_DONE, _ALL_DONE),
    ),
    _defect(
        "mcp-call-unannounced",
        "call-in-progress",
        "Does not say that a tool is being called.",
        on_websocket(drop, _STARTED),
    ),
    _defect(
        "mcp-call-never-completed",
        "call-completed",
        "Does not say that a tool has returned about which nobody was asked.",
        _unasked(drop, _COMPLETED),
    ),
    _defect(
        "mcp-output-lost",
        "output",
        "Loses what tools return.",
        on_websocket(_calls(output=None), _ALL_DONE),
    ),
    _defect(
        "mcp-asks-all-the-same",
        "not-asked",
        "Asks for approval of calls that need none, and does not wait for it.",
        _unasked(_asks_all_the_same, _STARTED),
    ),
    _defect(
        "mcp-response-fails",
        "response-completed",
        "Lets responses fail that have called a tool.",
        on_websocket(_failing(with_call=True), _ALL_DONE),
    ),
    _defect(
        "mcp-result-not-answered",
        "answered",
        "Lets responses fail that answer what a tool has returned.",
        _when(lambda memory: "called" in memory, _failing(with_call=False), _ALL_DONE),
    ),
    _defect(
        "mcp-failure-as-success",
        "call-failed",
        "Says of tools that did not work that they have returned.",
        _unasked(_as_completed, _FAILED),
    ),
    _defect(
        "mcp-error-lost",
        "call-error",
        "Loses the error of tools that did not work.",
        on_websocket(_calls(error=None), _ALL_DONE),
    ),
    # approval
    _defect(
        "mcp-asks-nobody",
        "asked",
        "Keeps requests for approval to itself.",
        on_websocket(_of(_REQUEST, drop), _ADDED, _DONE),
        also={"rt.mcp.asked-by-default": "there are no requests at all"},
    ),
    _defect(
        "mcp-asks-only-if-told-to",
        "asked-by-default",
        "Takes a server without require_approval for one that needs none.",
        policy={"ask_by_default": False},
    ),
    _defect(
        "mcp-asks-about-another",
        "asked-for",
        "Names another tool when it asks for approval.",
        on_websocket(_of(_REQUEST, in_item(lambda item: {"name": "other"})), _ADDED, _DONE),
    ),
    _defect(
        "mcp-calls-before-approval",
        "not-before",
        "Calls a tool as soon as it has asked whether it may.",
        on_websocket(_starts_early, _OUTPUT_ADDED, _ADDED),
    ),
    _defect(
        "mcp-approval-not-added",
        "approval-added",
        "Does not add what somebody has decided to the conversation.",
        on_websocket(_of(_ANSWER, drop), _ADDED, _DONE),
        also={"rt.wire.previous-item-known": "what comes next is behind it"},
    ),
    _defect(
        "mcp-approval-in-vain",
        "approved",
        "Does not say that a tool has returned that was approved of.",
        _asked(drop, _COMPLETED),
    ),
    _defect(
        "mcp-approval-unlinked",
        "linked",
        "Does not say in a call which request it was approved by.",
        on_websocket(_calls(approval_request_id=None), _ALL_DONE),
    ),
    _defect(
        "mcp-calls-what-is-denied",
        "denied",
        "Calls tools that were denied.",
        _when(lambda memory: memory.get("denied", False), _as_completed, _FAILED),
    ),
)
