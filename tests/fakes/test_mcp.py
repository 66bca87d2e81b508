from __future__ import annotations

from typing import Any

import pytest

from realtime_fakes.audience import McpOutcome, Role
from realtime_fakes.script_files import FixedScript
from realtime_fakes.scripts import Script, ScriptBrain
from realtime_harness.contract.rules import STREAM_RULES
from realtime_harness.contract.schemas import server_event_errors
from realtime_harness.evidence.entry import Direction, Entry, Kind, Lane

Event = dict[str, Any]
OpenStage = Any

SERVER: Event = {
    "type": "mcp",
    "server_label": "tools",
    "server_url": "builtin",
    "require_approval": "never",
}
ECHO: Event = {"name": "echo", "inputSchema": {"type": "object"}}
LISTED = McpOutcome({"tools": [ECHO]})
RESPOND: Event = {"type": "response.create"}
CALLS = [{"echo": {"text": "1"}}, {"echo": {"text": "2"}}]
ERROR = {"type": "http_error", "code": 500, "message": "broken"}


def user(text: str) -> Event:
    content = [{"type": "input_text", "text": text}]
    item = {"type": "message", "role": "user", "content": content}
    return {"type": "conversation.item.create", "item": item}


def update(*tools: Event, **more: Any) -> Event:
    return {"type": "session.update", "session": {"type": "realtime", "tools": [*tools], **more}}


def decide(request_id: str, approve: bool, **more: Any) -> Event:
    item = {"type": "mcp_approval_response", "approval_request_id": request_id, "approve": approve}
    return {"type": "conversation.item.create", "item": {**item, **more}}


def kinds(events: list[Event]) -> list[str]:
    """Return the types of events without ``event_id`` noise, deltas in a row as one."""
    found = [event["type"] for event in events]
    return [kind for at, kind in enumerate(found) if at == 0 or kind != found[at - 1]]


def answer(stage: Any, outcome: McpOutcome) -> list[Event]:
    """Answer the oldest open request; return what the first party got."""
    inbox = stage.received[stage.parties[0].name]
    before = len(inbox)
    request = stage.asked.pop(0)
    stage.carry(stage.session.answered(request.id, outcome, stage.now))
    return inbox[before:]


@pytest.fixture
def open_listed(open_stage: OpenStage) -> Any:
    """Return a function that opens a session which knows the tools of one server."""

    def open_listed(**server: Any) -> Any:
        stage = open_stage()
        stage.send(update({**SERVER, **server}))
        answer(stage, LISTED)
        return stage

    return open_listed


def call(stage: Any) -> list[Event]:
    return stage.send(user('call echo {"text": "hi"}'), RESPOND)


BEGUN = [
    "conversation.item.added",
    "conversation.item.done",
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.mcp_call_arguments.delta",
    "response.mcp_call_arguments.done",
]
ENDED = [
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
    "rate_limits.updated",
]


# listing


def test_an_update_lists_the_tools_of_a_server(open_stage: OpenStage) -> None:
    stage = open_stage()
    updated, begun, added = stage.send(update(SERVER))
    assert (updated["type"], begun["type"]) == ("session.updated", "mcp_list_tools.in_progress")
    assert added["type"] == "conversation.item.added"
    assert added["item"] == {
        "id": begun["item_id"],
        "type": "mcp_list_tools",
        "server_label": "tools",
        "tools": [],
    }
    assert [(r.method, r.server["server_url"]) for r in stage.asked] == [("tools/list", "builtin")]
    done, completed = answer(stage, LISTED)
    assert done["type"] == "conversation.item.done"
    assert [tool["name"] for tool in done["item"]["tools"]] == ["echo"]
    assert done["item"]["tools"][0]["input_schema"] == ECHO["inputSchema"]
    assert completed["type"] == "mcp_list_tools.completed"
    assert completed["item_id"] == done["item"]["id"] == begun["item_id"]


def test_a_session_that_starts_with_a_server_lists_its_tools(open_stage: OpenStage) -> None:
    stage = open_stage(tools=[SERVER])
    assert kinds(stage.received["client"]) == [
        "session.created",
        "mcp_list_tools.in_progress",
        "conversation.item.added",
    ]
    stage.join(Role.SIDEBAND, "sideband")
    assert len(stage.asked) == 1


@pytest.mark.parametrize(
    "outcome",
    [McpOutcome(error=ERROR), McpOutcome({}), McpOutcome({"tools": "many"})],
    ids=["error", "no list", "no list but text"],
)
def test_a_server_that_cannot_list(open_stage: OpenStage, outcome: McpOutcome) -> None:
    stage = open_stage()
    stage.send(update(SERVER))
    done, failed = answer(stage, outcome)
    assert done["item"]["tools"] == []
    assert failed["type"] == "mcp_list_tools.failed"
    stage.send(user("hello"), RESPOND)
    assert not stage.asked
    stage.send(update(SERVER))
    assert len(stage.asked) == 1


def test_a_server_is_asked_again_when_something_about_it_changes(open_listed: Any) -> None:
    stage = open_listed()
    stage.send(update(SERVER))
    assert not stage.asked
    stage.send(update({**SERVER, "allowed_tools": ["other"]}))
    done, _ = answer(stage, LISTED)
    assert done["item"]["tools"] == []


def test_the_place_of_a_list_in_the_conversation(open_stage: OpenStage) -> None:
    stage = open_stage()
    stage.send(user("first"), user("second"))
    last = stage.received["client"][-1]["item"]["id"]
    added = stage.send(update(SERVER))[-1]
    stage.send(user("third"))
    done = answer(stage, LISTED)[0]
    assert added["previous_item_id"] == done["previous_item_id"] == last


def test_a_response_with_a_server_of_its_own_waits_for_its_tools(open_stage: OpenStage) -> None:
    stage = open_stage()
    request = {**RESPOND, "response": {"tools": [SERVER]}}
    sent = stage.send(user('call echo {"text": "hi"}'), request)
    assert kinds(sent)[2:] == ["mcp_list_tools.in_progress", "conversation.item.added"]
    events = answer(stage, LISTED)
    assert kinds(events)[:3] == [
        "conversation.item.done",
        "mcp_list_tools.completed",
        "response.created",
    ]
    assert [request.method for request in stage.asked] == ["tools/call"]


def test_a_response_that_waited_is_refused_if_another_one_came_first(open_stage: OpenStage) -> None:
    stage = open_stage()
    stage.change(delta_interval_s=1.0)
    stage.send({**RESPOND, "event_id": "mine", "response": {"tools": [SERVER]}}, RESPOND)
    error = answer(stage, LISTED)[-1]["error"]
    assert error["code"] == "conversation_already_has_active_response"
    assert error["event_id"] == "mine"


# calls


OUTCOMES = [
    pytest.param(
        McpOutcome({"content": [{"type": "text", "text": "hi"}]}), "hi", None, id="completed"
    ),
    pytest.param(
        McpOutcome({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}),
        "a\nb",
        None,
        id="two texts",
    ),
    pytest.param(
        McpOutcome({"content": [{"type": "text", "text": "no"}], "isError": True}),
        None,
        {"type": "tool_execution_error", "message": "no"},
        id="tool failed",
    ),
    pytest.param(McpOutcome(error=ERROR), None, ERROR, id="server failed"),
]


@pytest.mark.parametrize(("outcome", "output", "error"), OUTCOMES)
def test_a_call(open_listed: Any, outcome: McpOutcome, output: str | None, error: Any) -> None:
    stage = open_listed()
    begun = call(stage)
    assert kinds(begun) == [*BEGUN, "response.mcp_call.in_progress"]
    request = stage.asked[0]
    assert request.method == "tools/call"
    assert request.params == {"name": "echo", "arguments": {"text": "hi"}}
    (retrieved,) = stage.send({"type": "conversation.item.retrieve", "item_id": request.id})
    assert retrieved["item"]["arguments"] == '{"text": "hi"}'
    ended = answer(stage, outcome)
    end = "response.mcp_call." + ("failed" if error else "completed")
    assert kinds(ended) == [end, *ENDED]
    item = ended[-2]["response"]["output"][0]
    assert item == {
        "id": request.id,
        "type": "mcp_call",
        "server_label": "tools",
        "name": "echo",
        "arguments": '{"text": "hi"}',
        "approval_request_id": None,
        "output": output,
        "error": error,
    }
    assert ended[-2]["response"]["status"] == "completed"
    said = stage.send(RESPOND)[-2]["response"]["output"][0]["content"][0]["text"]
    assert said == f"The tool said: {output or error['message']}"


def test_a_function_of_the_same_name_goes_first(open_stage: OpenStage) -> None:
    stage = open_stage()
    stage.send(update(SERVER, {"type": "function", "name": "echo"}))
    answer(stage, LISTED)
    assert "response.function_call_arguments.done" in kinds(call(stage))


def test_a_choice_of_a_server_calls_its_first_tool(open_listed: Any) -> None:
    stage = open_listed()
    choice = {"type": "mcp", "server_label": "tools"}
    stage.send({**RESPOND, "response": {"tool_choice": choice}})
    assert [request.params["name"] for request in stage.asked] == ["echo"]


def test_a_cancelled_call_has_failed_and_its_outcome_comes_too_late(open_listed: Any) -> None:
    stage = open_listed()
    call(stage)
    ended = stage.send({"type": "response.cancel"})
    assert kinds(ended) == ["response.mcp_call.failed", *ENDED]
    assert ended[-2]["response"]["status"] == "cancelled"
    assert answer(stage, McpOutcome({"content": []})) == []


def test_a_call_with_arguments_that_were_cut_off_is_not_made(open_listed: Any) -> None:
    stage = open_listed()
    request = {**RESPOND, "response": {"max_output_tokens": 8}}
    events = stage.send(user('call echo {"text": "a b c d e f g h i j k l"}'), request)
    assert not stage.asked
    assert "response.mcp_call.in_progress" not in kinds(events)
    assert events[-2]["response"]["status"] == "incomplete"
    assert "response.mcp_call.failed" in kinds(events)


def test_two_calls_are_made_one_after_the_other(open_listed: Any) -> None:
    stage = open_listed()
    stage.send(user('call echo {"text": "1"} and call echo {"text": "2"}'), RESPOND)
    for number in "12":
        (request,) = stage.asked
        assert request.params["arguments"] == {"text": number}
        events = answer(stage, McpOutcome({"content": [{"type": "text", "text": number}]}))
    output = events[-2]["response"]["output"]
    assert [item["output"] for item in output] == ["1", "2"]


# approval


@pytest.mark.parametrize("approve", [True, False], ids=["approved", "denied"])
def test_approval(open_listed: Any, approve: bool) -> None:
    stage = open_listed(require_approval="always")
    begun = call(stage)
    assert kinds(begun) == [*BEGUN, "conversation.item.added", "conversation.item.done"]
    assert not stage.asked
    item = begun[-1]["item"]
    called = next(e["item"]["id"] for e in begun if e["type"] == "response.output_item.added")
    assert begun[-1]["previous_item_id"] == called
    assert item == {
        "id": item["id"],
        "type": "mcp_approval_request",
        "server_label": "tools",
        "name": "echo",
        "arguments": '{"text": "hi"}',
    }
    events = stage.send(decide(item["id"], approve, reason="because"))
    assert events[1]["item"]["approval_request_id"] == item["id"]
    if approve:
        assert kinds(events)[2:] == ["response.mcp_call.in_progress"]
        events = answer(stage, McpOutcome({"content": [{"type": "text", "text": "hi"}]}))
        assert kinds(events) == ["response.mcp_call.completed", *ENDED]
    else:
        assert not stage.asked
        assert kinds(events)[2:] == ["response.mcp_call.failed", *ENDED]
    call_item = events[-2]["response"]["output"][0]
    assert call_item["approval_request_id"] == item["id"]
    if not approve:
        assert "because" in call_item["error"]["message"]
    again = stage.send(decide(item["id"], True))
    assert again[0]["error"]["code"] == "invalid_approval_request_id"


def test_approval_is_of_requests_and_not_of_calls(open_listed: Any) -> None:
    stage = open_listed()
    call(stage)
    refused = stage.send(decide(stage.asked[0].id, True))
    assert refused[0]["error"]["code"] == "invalid_approval_request_id"


# what is refused

REFUSED = [
    pytest.param(
        [{"server_url": None}],
        "missing_required_parameter",
        "session.tools[0].server_url",
        id="nowhere",
    ),
    pytest.param(
        [{"connector_id": "connector_gmail"}],
        "invalid_value",
        "session.tools[0].connector_id",
        id="in two places",
    ),
    pytest.param(
        [{"server_url": "ftp://x"}], "invalid_value", "session.tools[0].server_url", id="no URL"
    ),
    pytest.param([{"server_url": 1}], "invalid_type", "session.tools[0].server_url", id="number"),
    pytest.param(
        [{"server_url": None, "connector_id": "mine"}],
        "invalid_value",
        "session.tools[0].connector_id",
        id="unknown connector",
    ),
    pytest.param(
        [{"server_url": None, "tunnel_id": "mine"}],
        "invalid_value",
        "session.tools[0].tunnel_id",
        id="no tunnel",
    ),
    pytest.param([{}, {}], "invalid_value", "session.tools[1].server_label", id="label twice"),
    pytest.param(
        [{"require_approval": "sometimes"}],
        "invalid_value",
        "session.tools[0].require_approval",
        id="approval",
    ),
]


@pytest.mark.parametrize(("servers", "code", "param"), REFUSED)
def test_a_server_that_is_refused(
    open_stage: OpenStage, servers: list[Event], code: str, param: str
) -> None:
    stage = open_stage()
    (refused,) = stage.send(update(*({**SERVER, **server} for server in servers)))
    assert (refused["error"]["code"], refused["error"]["param"]) == (code, param)
    assert not stage.asked


# as the harness sees it


@pytest.mark.parametrize("model", ["gpt-realtime", "gpt-realtime-2.1"])
@pytest.mark.parametrize("modality", ["text", "audio"])
@pytest.mark.parametrize("approve", [None, True, False], ids=["free", "approved", "denied"])
def test_no_rule_accuses_the_fake(
    open_stage: OpenStage, approve: bool | None, modality: str, model: str
) -> None:
    brain = ScriptBrain()
    brain.source = FixedScript(Script([{"when": {"text": "x"}, "say": "So.", "call": CALLS}]))
    approval = "never" if approve is None else "always"
    server = {**SERVER, "require_approval": approval}
    stage = open_stage(brain=brain, model=model, modality=modality, tools=[server])
    answer(stage, LISTED)
    stage.send(user("x"), RESPOND)
    for _ in CALLS:
        if approve is not None:
            stage.send(decide(stage.received["client"][-1]["item"]["id"], approve))
        if approve is not False:
            answer(stage, McpOutcome({"content": [{"type": "text", "text": "1"}]}))
    received = stage.received["client"]
    done = next(event for event in received if event["type"] == "response.done")
    output = done["response"]["output"]
    assert [item["type"] for item in output] == ["message", "mcp_call", "mcp_call"]
    assert {event["type"]: server_event_errors(event) for event in received} == {
        event["type"]: [] for event in received
    }
    entries = [
        Entry(
            seq=number,
            t_ns=number,
            lane=Lane.WEBSOCKET,
            connection="client",
            direction=Direction.RECEIVED,
            kind=Kind.EVENT,
            data=event,
        )
        for number, event in enumerate(received)
    ]
    found = {rule.check.id: rule.judge(entries) for rule in STREAM_RULES}
    assert {check: findings for check, findings in found.items() if findings} == {}


# what clients bring along

HISTORY: list[tuple[Event, Event]] = [
    (
        {
            "type": "mcp_list_tools",
            "server_label": "tools",
            "tools": [{"name": "echo", "input_schema": {"type": "object"}}],
        },
        {
            "tools": [
                {
                    "name": "echo",
                    "input_schema": {"type": "object"},
                    "description": None,
                    "annotations": None,
                }
            ]
        },
    ),
    (
        {
            "type": "mcp_call",
            "id": "mcp_1",
            "server_label": "tools",
            "name": "echo",
            "arguments": "{}",
            "output": "hi",
        },
        {"error": None, "approval_request_id": None},
    ),
    (
        {
            "type": "mcp_call",
            "server_label": "tools",
            "name": "echo",
            "arguments": "{}",
            "error": {"type": "http_error", "code": 500, "message": "broken"},
        },
        {"output": None, "approval_request_id": None},
    ),
    (
        {
            "type": "mcp_approval_request",
            "id": "mcpr_1",
            "server_label": "tools",
            "name": "echo",
            "arguments": "{}",
        },
        {},
    ),
]


@pytest.mark.parametrize(("item", "more"), HISTORY, ids=["list", "call", "failed", "request"])
def test_history_of_servers_can_be_brought_along(
    open_stage: OpenStage, item: Event, more: Event
) -> None:
    stage = open_stage()
    events = stage.send({"type": "conversation.item.create", "item": item})
    assert kinds(events) == ["conversation.item.added", "conversation.item.done"]
    shown = events[0]["item"]
    assert shown == {"id": shown["id"], **item, **more}
    assert item.get("id") in (None, shown["id"])
    (retrieved,) = stage.send({"type": "conversation.item.retrieve", "item_id": shown["id"]})
    assert retrieved["item"] == shown
    asked = {"type": "response.create", "response": {"input": [item], "conversation": "none"}}
    assert "response.done" in kinds(stage.send(asked))


def test_an_old_request_may_be_followed_by_its_old_answer(open_stage: OpenStage) -> None:
    stage = open_stage()
    answered = decide("mcpr_1", True)
    (refused,) = stage.send(answered)
    assert refused["error"]["code"] == "invalid_approval_request_id"
    stage.send({"type": "conversation.item.create", "item": HISTORY[3][0]})
    assert kinds(stage.send(answered)) == ["conversation.item.added", "conversation.item.done"]
    assert not stage.asked


@pytest.mark.parametrize(
    ("item", "param"),
    [
        ({"type": "mcp_call", "server_label": "tools", "name": "echo"}, "item.arguments"),
        ({**HISTORY[2][0], "error": {"type": "http_error", "message": ""}}, "item.error.code"),
        ({"type": "mcp_list_tools", "server_label": "x", "tools": [{}]}, "item.tools[0].name"),
    ],
    ids=["arguments", "code", "name"],
)
def test_wrong_history_is_refused(open_stage: OpenStage, item: Event, param: str) -> None:
    stage = open_stage()
    (refused,) = stage.send({"type": "conversation.item.create", "item": item})
    assert (refused["error"]["code"], refused["error"]["param"]) == (
        "missing_required_parameter",
        param,
    )
