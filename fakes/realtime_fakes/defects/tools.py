"""Violations that the checks of ``tools`` find.

What becomes of a single call is spoilt in sessions in which one is ``required``, and on WebSockets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from realtime_fakes.defects.suites import Suite
from realtime_fakes.defects.taps import (
    Change,
    another,
    drop,
    in_item,
    in_output,
    in_response,
    on_websocket,
    refusal,
)
from realtime_fakes.switches import Event, EventTap, Switch

__all__ = ["SWITCHES"]

_ADDED, _DONE = "response.output_item.added", "response.output_item.done"
_IN_CONVERSATION, _DONE_IN_CONVERSATION = "conversation.item.added", "conversation.item.done"
_RETRIEVED = "conversation.item.retrieved"
_ARGUMENTS = "response.function_call_arguments.done"
_CREATED, _ALL_DONE = "response.created", "response.done"


def _required(change: Change, *types: str, kind: str = "") -> EventTap:
    """Return a tap that is used in sessions in which a call is required.

    Args:
        change: of events.
        types: of these events.
        kind: type of the item that they are about, if it matters.

    """

    def tap(event: Event, memory: dict[str, Any]) -> list[Event]:
        if event["type"] == "session.updated":
            memory["required"] = event["session"].get("tool_choice") == "required"
        elif memory.get("required") and (not kind or event["item"]["type"] == kind):
            return change(event, memory)
        return [event]

    return on_websocket(tap, "session.updated", *types)


def _call(change: Change, *types: str) -> EventTap:
    return _required(change, *types, kind="function_call")


def _output(change: Change, *types: str) -> EventTap:
    return _required(change, *types, kind="function_call_output")


def _in_all(name: str, change: Callable[[Any], Any]) -> EventTap:
    """Return a tap that changes a member of calls wherever it stands."""

    def changed(value: Any, inside: bool) -> Any:
        if isinstance(value, dict):
            is_call = value.get("type") in ("function_call", _ARGUMENTS)
            return {
                key: change(each) if key == name and is_call else changed(each, is_call)
                for key, each in value.items()
            }
        return [changed(each, inside) for each in value] if isinstance(value, list) else value

    def tap(event: Event, memory: dict[str, Any]) -> list[Event]:
        return [changed(event, False)]

    return _required(
        tap,
        _ADDED,
        _DONE,
        _IN_CONVERSATION,
        _DONE_IN_CONVERSATION,
        _RETRIEVED,
        _ARGUMENTS,
        _ALL_DONE,
    )


def _calls(**members: Any) -> Change:
    """Return a change of the calls that a response shows when it is done."""
    return in_output(lambda item: members if item["type"] == "function_call" else {})


def _shown_as_auto(event: Event, memory: dict[str, Any]) -> list[Event]:
    session = event["session"]
    if session.get("tool_choice") != "required":
        return [event]
    return [{**event, "session": {**session, "tool_choice": "auto"}}]


# -- a call ----------------------------------------------------------------------------------------


def _unbalanced(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Say one brace too many wherever the arguments stand."""
    kind = event["type"]
    if kind == _ARGUMENTS:
        place = {k: event[k] for k in ("response_id", "item_id", "output_index", "call_id")}
        delta = {"type": "response.function_call_arguments.delta", "delta": "}", **place}
        return [another(event, "x", **delta), {**event, "arguments": event["arguments"] + "}"}]
    if kind == _ALL_DONE:
        response = event["response"]
        output = [_with_brace(item) for item in response["output"]]
        return [{**event, "response": {**response, "output": output}}]
    return [{**event, "item": _with_brace(event["item"])}]


def _with_brace(item: dict[str, Any]) -> dict[str, Any]:
    if item["type"] != "function_call":
        return item
    return {**item, "arguments": item["arguments"] + "}"}


def _with_part(event: Event, memory: dict[str, Any]) -> list[Event]:
    part = {
        "response_id": event["response_id"],
        "item_id": event["item"]["id"],
        "output_index": event["output_index"],
        "content_index": 0,
        "part": {"type": "text", "text": ""},
    }
    added = another(event, "x", type="response.content_part.added", **part)
    return [event, added, another(event, "y", type="response.content_part.done", **part)]


def _behind_itself(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [{**event, "previous_item_id": event["item"]["id"]}]


def _error(code: str | None) -> Change:
    return lambda event, memory: [refusal(event, code, "Calls are not kept.")]


# -- its output ------------------------------------------------------------------------------------


def _refused(event: Event, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == _DONE_IN_CONVERSATION:
        return []
    return _error("invalid_tool_call_id")(event, memory)


def _answered_at_once(event: Event, memory: dict[str, Any]) -> list[Event]:
    response = {
        "object": "realtime.response",
        "id": "resp_" + event["item"]["id"][-21:],
        "status": "in_progress",
        "status_details": None,
        "output": [],
        "conversation_id": None,
        "usage": None,
        "metadata": None,
    }
    details = {"type": "cancelled", "reason": "client_cancelled"}
    ended = {**response, "status": "cancelled", "status_details": details}
    created = another(event, "x", type=_CREATED, response=response)
    return [event, created, another(event, "y", type=_ALL_DONE, response=ended)]


_FAILED = {
    "status": "failed",
    "status_details": {"type": "failed", "error": {"type": "server_error", "code": None}},
}


def _failing(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Let a response fail that has no call."""
    response = event["response"]
    if any(item["type"] == "function_call" for item in response["output"]):
        return [event]
    return [{**event, "response": {**response, **_FAILED}}]


def _failing_on_several(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Let the response fail that answers several outputs."""
    if event["type"] == _IN_CONVERSATION:
        is_output = event["item"]["type"] == "function_call_output"
        memory["outputs"] = memory.get("outputs", 0) + is_output
    elif memory.get("outputs", 0) > 1:
        return [{**event, "response": {**event["response"], **_FAILED}}]
    return [event]


# -- choice, and several calls ---------------------------------------------------------------------


def _without_tools(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Show no tools any more once a function was called."""
    if event["type"] == _ALL_DONE:
        calls = [item for item in event["response"]["output"] if item["type"] == "function_call"]
        memory["called"] = memory.get("called") or bool(calls)
    elif memory.get("called"):
        return [{**event, "session": {**event["session"], "tools": []}}]
    return [event]


def _one_call_id(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Give all calls of a response the id of the first one."""
    same: dict[str, str] = memory.setdefault("call ids", {})
    if event["type"] == _ADDED and event["item"]["type"] == "function_call":
        first = memory.setdefault("first of " + event["response_id"], event["item"]["call_id"])
        same[event["item"]["call_id"]] = first
    replaced: Event = _replaced(event, same) if same else event
    return [replaced]


def _replaced(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(each, names) for key, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, names) for each in value]
    return names.get(value, value) if isinstance(value, str) else value


_defect = Suite("tools").defect


SWITCHES: tuple[Switch, ...] = (
    # a call
    _defect(
        "tool-choice-not-shown",
        "shown",
        "Shows tool_choice auto in sessions in which a call is required.",
        on_websocket(_shown_as_auto, "session.updated"),
    ),
    _defect(
        "required-call-not-made",
        "required",
        "Takes tool_choice required for auto.",
        policy={"heeded_choices": ("none", "function", "mcp")},
    ),
    _defect(
        "unknown-function-called",
        "name",
        "Calls functions by names that nobody has offered.",
        _in_all("name", lambda name: name + "_2"),
    ),
    _defect(
        "call-added-with-arguments",
        "added-empty",
        "Adds calls that have arguments already.",
        _call(in_item(lambda item: {"arguments": "{}"}), _ADDED),
    ),
    _defect(
        "call-without-id",
        "call-id",
        "Makes calls with an empty call_id.",
        _in_all("call_id", lambda call_id: ""),
    ),
    _defect(
        "call-id-changes",
        "call-id-agrees",
        "Gives another call_id when the arguments of a call are done.",
        _required(lambda event, memory: [{**event, "call_id": event["call_id"] + "x"}], _ARGUMENTS),
    ),
    _defect(
        "arguments-never-done",
        "arguments-done",
        "Does not say that the arguments of a call are done.",
        _required(drop, _ARGUMENTS),
        also={
            "rt.wire.response-order": "deltas have to be followed by it",
        },
    ),
    _defect(
        "arguments-of-nobody",
        "arguments-name",
        "Does not name the function when the arguments of a call are done.",
        _required(lambda event, memory: [{**event, "name": ""}], _ARGUMENTS),
    ),
    _defect(
        "arguments-unbalanced",
        "arguments-json",
        "Ends the arguments of calls with one brace too many.",
        _required(_unbalanced, _ARGUMENTS, _DONE, _DONE_IN_CONVERSATION, _ALL_DONE),
    ),
    _defect(
        "call-never-completed",
        "completed",
        "Lists calls of completed responses as incomplete.",
        _required(_calls(status="incomplete"), _ALL_DONE),
    ),
    _defect(
        "call-listed-by-another-name",
        "listed",
        "Lists calls in response.done by the name of another function.",
        _required(_calls(name="get_time"), _ALL_DONE),
        also={"rt.tools.arguments-name": "the names differ"},
    ),
    _defect(
        "call-with-part",
        "no-parts",
        "Sends a content part for calls.",
        _call(_with_part, _ADDED),
    ),
    _defect(
        "call-behind-itself",
        "in-conversation",
        "Says that a call was added behind itself.",
        _call(_behind_itself, _IN_CONVERSATION),
    ),
    _defect(
        "call-not-retrievable",
        "retrievable",
        "Does not find calls that are to be retrieved.",
        _call(_error("item_retrieve_invalid_item_id"), _RETRIEVED),
    ),
    # its output
    _defect(
        "output-refused",
        "output-added",
        "Refuses the output of calls.",
        _output(_refused, _IN_CONVERSATION, _DONE_IN_CONVERSATION),
    ),
    _defect(
        "output-emptied",
        "output-kept",
        "Adds the output of calls without what was returned.",
        _output(in_item(lambda item: {"output": ""}), _IN_CONVERSATION, _DONE_IN_CONVERSATION),
    ),
    _defect(
        "early-output-refused",
        "output-early",
        "Refuses the output of a call until the response with the call is done.",
        policy={"queue_outputs": False},
    ),
    _defect(
        "output-answered-at-once",
        "no-answer",
        "Begins a response when the output of a call is added.",
        _output(_answered_at_once, _DONE_IN_CONVERSATION),
    ),
    _defect(
        "output-not-answered",
        "answered",
        "Lets the response fail that is to answer the output of a call.",
        _required(_failing, _ALL_DONE),
    ),
    # choice
    _defect(
        "called-all-the-same",
        "none",
        "Takes tool_choice none for auto.",
        policy={"heeded_choices": ("required", "function", "mcp")},
    ),
    _defect(
        "named-function-not-called",
        "named",
        "Takes the name of a function as tool_choice for auto.",
        policy={"heeded_choices": ("none", "required", "mcp")},
    ),
    _defect(
        "tools-of-response-ignored",
        "of-response",
        "Ignores the tools that a response is given.",
        policy={"tools_of_responses": False},
    ),
    _defect(
        "session-loses-tools",
        "session-unchanged",
        "Forgets the tools of the session when a function was called.",
        on_websocket(_without_tools, _ALL_DONE, "session.updated"),
    ),
    # several calls
    _defect(
        "one-call-id-for-all",
        "several-ids",
        "Gives all calls of a response the same call_id.",
        on_websocket(_one_call_id),
    ),
    _defect(
        "calls-listed-backwards",
        "several-places",
        "Lists the calls of a response in another order than they came in.",
        on_websocket(in_response(lambda response: {"output": response["output"][::-1]}), _ALL_DONE),
        also={"rt.wire.item-ids-agree": "their places are what they are listed by"},
    ),
    _defect(
        "several-outputs-not-answered",
        "several-answered",
        "Lets a response fail that answers several outputs.",
        on_websocket(_failing_on_several, _IN_CONVERSATION, _ALL_DONE),
    ),
)
