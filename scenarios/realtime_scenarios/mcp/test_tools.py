"""The tools of an MCP server are listed, called, and approved of."""

from __future__ import annotations

import json
from typing import Any

from realtime_harness.checks import Check
from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.connection import ReceivedEvent, member
from realtime_harness.journeys.exchange import (
    Answer,
    add_item,
    finish,
    message,
    objects,
    respond,
)
from realtime_harness.journeys.fence import of_type, until_fence, update_session
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.mcp import checks
from realtime_scenarios.mcp.using import LABEL, call, connect, is_item, list_tools, server

_NEEDS = [Capability.WEBSOCKET, Capability.MCP]
_CALL = "response.mcp_call."
_FAILING = "fail"
_UNREACHABLE = "https://mcp.invalid/mcp"
_ADDED = "conversation.item.added"


@scenario(
    suite="mcp",
    checks=[
        checks.SHOWN,
        checks.IN_PROGRESS,
        checks.LISTED,
        checks.LABEL,
        checks.COMPLETED,
        checks.ONE_ID,
        checks.CALLED,
        checks.CALL_NAMES,
        checks.ARGUMENTS,
        checks.ARGUMENTS_JSON,
        checks.CALL_IN_PROGRESS,
        checks.CALL_COMPLETED,
        checks.OUTPUT,
        checks.NOT_ASKED,
        checks.RESPONSE_COMPLETED,
        checks.ANSWERED,
        checks.CALL_FAILED,
        checks.CALL_ERROR,
    ],
    needs=_NEEDS,
)
async def lists_and_calls(run: ScenarioRun) -> None:
    """A server's tools are listed and called without a question, if none is to be asked."""
    connection = await connect(run)
    if connection is None:
        return
    session, listed = await list_tools(run, connection, server(run, require_approval="never"))
    labels = [tool.get("server_label") for tool in objects(session.get("tools"))]
    _same(run, checks.SHOWN, [LABEL], labels)
    _same(run, checks.LABEL, LABEL, member(listed.data, "item", "server_label"), listed)
    await _judge_listing(run, connection, member(listed.data, "item", "id"))

    names = _names(listed)
    created, added = await call(run, connection, names[0])
    answer = await finish(connection, created)
    _judge_call(run, answer, added, names[0])
    with run.judging(checks.ANSWERED):
        end = await respond(connection, tool_choice="none")
        _same(run, checks.ANSWERED, "completed", end.status, end.done)
    if _FAILING not in names:
        for check in (checks.CALL_FAILED, checks.CALL_ERROR):
            run.not_applicable(check, f"the server has no tool {_FAILING}")
        return
    created, _ = await call(run, connection, _FAILING)
    answer = await finish(connection, created)
    failed = of_type(answer.events, _CALL + "failed")
    run.check(checks.CALL_FAILED, bool(failed), f"expected it, got {_outline(answer.events)}")
    errors = [item.get("error") for item in answer.output if item.get("type") == "mcp_call"]
    run.check(checks.CALL_ERROR, any(errors), f"expected an error, got {errors}")


@scenario(suite="mcp", checks=[checks.LISTED, checks.ALLOWED], needs=_NEEDS)
async def lists_what_is_allowed(run: ScenarioRun) -> None:
    """Tools that are not allowed are not listed."""
    connection = await connect(run)
    if connection is None:
        return
    _, listed = await list_tools(run, connection, server(run, require_approval="never"))
    name = _names(listed)[0]
    only = server(run, require_approval="never", allowed_tools=[name])
    _, listed = await list_tools(run, connection, {**only, "server_label": LABEL + "-2"})
    _same(run, checks.ALLOWED, [name], _names(listed), listed)


@scenario(
    suite="mcp",
    checks=[
        checks.LISTED,
        checks.CALLED,
        checks.ASKED,
        checks.ASKED_FOR,
        checks.NOT_BEFORE,
        checks.APPROVAL_ADDED,
        checks.APPROVED,
        checks.LINKED,
        checks.DENIED,
        checks.DENIED_END,
    ],
    needs=_NEEDS,
)
async def asks_for_approval(run: ScenarioRun) -> None:
    """A call waits until somebody has approved of it, and is not made otherwise."""
    connection = await connect(run)
    if connection is None:
        return
    _, listed = await list_tools(run, connection, server(run, require_approval="always"))
    name = _names(listed)[0]
    start = len(connection.events)
    created, _ = await call(run, connection, name)
    with run.requiring(checks.ASKED):
        request = await _request(connection)
    names = [member(request.data, "item", key) for key in ("server_label", "name")]
    _same(run, checks.ASKED_FOR, [LABEL, name], names, request)
    early = of_type(
        await until_fence(connection, since=start), _CALL + "in_progress", _CALL + "completed"
    )
    run.check(
        checks.NOT_BEFORE, not early, "expected nothing yet", evidence=early[0] if early else None
    )
    request_id = str(member(request.data, "item", "id"))
    await _decide(run, connection, request_id, approve=True)
    with run.requiring(checks.APPROVED):
        await connection.expect(_CALL + "completed")
    answer = await finish(connection, created)
    links = [item.get("approval_request_id") for item in answer.output if _is_call(item)]
    _same(run, checks.LINKED, [request_id], links, answer.done)

    start = len(connection.events)
    created, _ = await call(run, connection, name)
    request = await _request(connection)
    await _decide(run, connection, str(member(request.data, "item", "id")), approve=False)
    with run.judging(checks.DENIED):
        answer = await finish(connection, created)
        done = of_type(connection.events[start:], _CALL + "completed")
        run.check(
            checks.DENIED,
            not done,
            "expected no call, got response.mcp_call.completed",
            evidence=done[0] if done else None,
        )
        errors = [item.get("error") for item in answer.output if _is_call(item)]
        run.observe(checks.DENIED_END, f"{_outline(answer.events)}; errors {errors}")


@scenario(suite="mcp", checks=[checks.LISTED, checks.CALLED, checks.ASKED_BY_DEFAULT], needs=_NEEDS)
async def asks_by_default(run: ScenarioRun) -> None:
    """Approval is needed where nothing is said about it."""
    connection = await connect(run)
    if connection is None:
        return
    _, listed = await list_tools(run, connection, server(run))
    await call(run, connection, _names(listed)[0])
    with run.judging(checks.ASKED_BY_DEFAULT):
        event = await connection.expect(
            _ADDED,
            "response.done",
            where=lambda d: d.get("type") == "response.done" or is_item(d, "mcp_approval_request"),
        )
        run.check(
            checks.ASKED_BY_DEFAULT,
            event.type == _ADDED,
            "expected a request for approval, the response ended without one",
            evidence=event,
        )


@scenario(suite="mcp", checks=[checks.LISTING_FAILED, checks.SURVIVED], needs=_NEEDS)
async def survives_a_dead_server(run: ScenarioRun) -> None:
    """A server that cannot be reached is reported, and the session goes on."""
    connection = await run.websocket()
    await connection.expect("session.created")
    dead = {"type": "mcp", "server_label": LABEL, "server_url": _UNREACHABLE}
    with run.judging(checks.LISTING_FAILED):
        await update_session(connection, tools=[dead], output_modalities=["text"])
        await connection.expect("mcp_list_tools.failed")
    with run.judging(checks.SURVIVED):
        await add_item(connection, message("user", "Say hello."))
        answer = await respond(connection, output_modalities=["text"], tool_choice="none")
        _same(run, checks.SURVIVED, "completed", answer.status, answer.done)


async def _judge_listing(run: ScenarioRun, connection: EventConnection, item_id: Any) -> None:
    with run.judging(checks.COMPLETED):
        await connection.expect("mcp_list_tools.completed")
    about = [each for each in connection.events if each.type.startswith("mcp_list_tools.")]
    run.check(
        checks.IN_PROGRESS,
        bool(of_type(about, "mcp_list_tools.in_progress")),
        f"expected it, got {_outline(about)}",
    )
    strange = [each for each in about if each.data.get("item_id") != item_id]
    run.check(
        checks.ONE_ID,
        not strange,
        f"expected {item_id}, got {[each.data.get('item_id') for each in strange]}",
        evidence=strange[0] if strange else None,
    )


def _judge_call(run: ScenarioRun, answer: Answer, added: ReceivedEvent, name: str) -> None:
    """Judge a call that was made without a question."""
    call_id = member(added.data, "item", "id")
    about = [
        event
        for event in answer.events
        if call_id in (event.data.get("item_id"), member(event.data, "item", "id"))
    ]
    made = next((item for item in answer.output if item.get("id") == call_id), {})
    names = [made.get(key) for key in ("type", "server_label", "name")]
    _same(run, checks.CALL_NAMES, ["mcp_call", LABEL, name], names, answer.done)
    arguments = made.get("arguments")
    done = [e.data.get("arguments") for e in of_type(about, "response.mcp_call_arguments.done")]
    _same(run, checks.ARGUMENTS, [arguments], done)
    run.check(
        checks.ARGUMENTS_JSON, _is_object(arguments), f"expected a JSON object, got {arguments!r}"
    )
    for check, what in (
        (checks.CALL_IN_PROGRESS, "in_progress"),
        (checks.CALL_COMPLETED, "completed"),
    ):
        run.check(check, bool(of_type(about, _CALL + what)), f"expected it, got {_outline(about)}")
    run.check(
        checks.OUTPUT,
        isinstance(made.get("output"), str) and not made.get("error"),
        f"expected an output, got {made.get('output')!r} and error {made.get('error')}",
        evidence=answer.done,
    )
    asked = [event for event in answer.events if is_item(event.data, "mcp_approval_request")]
    run.check(
        checks.NOT_ASKED,
        not asked,
        "expected no request for approval, got one",
        evidence=asked[0] if asked else None,
    )
    _same(run, checks.RESPONSE_COMPLETED, "completed", answer.status, answer.done)


async def _request(connection: EventConnection) -> ReceivedEvent:
    """Return how the next request for approval is added."""
    return await connection.expect(_ADDED, where=lambda data: is_item(data, "mcp_approval_request"))


async def _decide(
    run: ScenarioRun, connection: EventConnection, request_id: str, *, approve: bool
) -> None:
    item = {
        "type": "mcp_approval_response",
        "id": f"rt-approval-{'yes' if approve else 'no'}",
        "approval_request_id": request_id,
        "approve": approve,
    }
    if not approve:
        await connection.send({"type": "conversation.item.create", "item": item})
        return
    with run.judging(checks.APPROVAL_ADDED):
        await add_item(connection, item)


def _same(
    run: ScenarioRun,
    check: Check,
    expected: object,
    got: object,
    evidence: ReceivedEvent | None = None,
) -> None:
    run.check(check, got == expected, f"expected {expected}, got {got}", evidence=evidence)


def _names(listed: ReceivedEvent) -> list[str]:
    return [str(tool.get("name")) for tool in objects(member(listed.data, "item", "tools"))]


def _is_call(item: dict[str, Any]) -> bool:
    return item.get("type") == "mcp_call"


def _outline(events: list[ReceivedEvent]) -> str:
    """Return what came about MCP, in words."""
    kinds = [event.type for event in events if "mcp" in event.type]
    return ", ".join(kinds) or "nothing about MCP"


def _is_object(text: Any) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (TypeError, ValueError):
        return False
