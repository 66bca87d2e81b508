"""A function is called, its output is given, and the answer comes when it is asked for."""

from __future__ import annotations

import json
from typing import Any

from realtime_harness.checks import Check
from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.connection import ReceivedEvent, member
from realtime_harness.errors import TargetViolation
from realtime_harness.journeys.exchange import (
    Answer,
    add_item,
    expect_or_error,
    finish,
    message,
    objects,
    respond,
    start,
)
from realtime_harness.journeys.fence import of_type, until_fence, update_session
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.tools import checks


def _function(name: str, *arguments: str) -> dict[str, Any]:
    properties = {argument: {"type": "string"} for argument in arguments}
    return {
        "type": "function",
        "name": name,
        "description": f"Function {name}.",
        "parameters": {"type": "object", "properties": properties, "required": list(arguments)},
    }


_WEATHER, _TIME = _function("get_weather", "city"), _function("get_time", "zone")
_DICE = _function("roll_dice")
_OPEN, _SHUT = _function("open_window"), _function("shut_door")
_OUTPUT = '{"degrees": 21}'
_ARGUMENTS = ("response.function_call_arguments.delta", "response.function_call_arguments.done")


@scenario(
    suite="tools",
    checks=[
        checks.SHOWN,
        checks.REQUIRED,
        checks.NAME,
        checks.ADDED_EMPTY,
        checks.CALL_ID,
        checks.CALL_ID_AGREES,
        checks.ARGUMENTS_DONE,
        checks.ARGUMENTS_NAME,
        checks.ARGUMENTS_JSON,
        checks.COMPLETED,
        checks.LISTED,
        checks.NO_PARTS,
        checks.IN_CONVERSATION,
        checks.RETRIEVABLE,
        checks.OUTPUT_ADDED,
        checks.OUTPUT_KEPT,
        checks.NO_ANSWER,
        checks.ANSWERED,
        checks.UNKNOWN_CALL,
    ],
    needs=[Capability.WEBSOCKET],
)
async def calls_a_function(run: ScenarioRun) -> None:
    """A function that has to be called is, and what it returns is answered."""
    connection = await run.websocket()
    await connection.expect("session.created")
    tools = [_WEATHER, _TIME]
    session = await update_session(
        connection, tools=tools, tool_choice="required", output_modalities=["text"]
    )
    shown = (_names(session), session.get("tool_choice"))
    _same(run, checks.SHOWN, (["get_weather", "get_time"], "required"), shown)
    question = await add_item(connection, message("user", "What is the weather in Rome?"))
    answer = await respond(connection)
    calls = _calls(answer)
    run.check(
        checks.REQUIRED,
        bool(calls),
        f"expected a function_call, got {[item.get('type') for item in answer.output]}",
        evidence=answer.done,
    )
    if not calls:
        return
    call = calls[0]
    _judge_call(run, answer, call, {tool["name"] for tool in tools})
    await _judge_in_conversation(run, connection, answer, member(question.data, "item", "id"))
    if call.get("call_id"):
        await _judge_output(run, connection, str(call["call_id"]))


async def _judge_output(run: ScenarioRun, connection: EventConnection, call_id: str) -> None:
    output = {"type": "function_call_output", "call_id": call_id, "output": _OUTPUT}
    start_index = len(connection.events)
    with run.requiring(checks.OUTPUT_ADDED):
        added = await add_item(connection, output)
    kept = {name: member(added.data, "item", name) for name in output}
    _same(run, checks.OUTPUT_KEPT, output, kept, added)
    begun = of_type(await until_fence(connection, since=start_index), "response.created")
    run.check(
        checks.NO_ANSWER,
        not begun,
        "expected no response before one is asked for, got one",
        evidence=begun[0] if begun else None,
    )
    with run.judging(checks.ANSWERED):
        answer = await respond(connection, tool_choice="none")
        kinds = [item.get("type") for item in answer.output]
        _same(run, checks.ANSWERED, ("completed", ["message"]), (answer.status, kinds), answer.done)
    try:
        await add_item(connection, {**output, "call_id": "call_rtNobodyMadeThis"})
        run.observe(checks.UNKNOWN_CALL, "it is added")
    except TargetViolation as violation:
        run.observe(checks.UNKNOWN_CALL, str(violation))


@scenario(
    suite="tools",
    checks=[checks.NONE, checks.NAMED, checks.OF_RESPONSE, checks.SESSION_UNCHANGED],
    needs=[Capability.WEBSOCKET],
)
async def heeds_the_choice(run: ScenarioRun) -> None:
    """What may be called, and what has to be, is for each response to say."""
    connection = await run.websocket()
    await connection.expect("session.created")
    tools = [_WEATHER, _TIME]
    before = await update_session(connection, tools=tools, output_modalities=["text"])
    for check, text, expected, asked in (
        (checks.NONE, 'Please call get_time {"zone": "CET"}', [], {"tool_choice": "none"}),
        (
            checks.NAMED,
            "What time is it?",
            ["get_time"],
            {"tool_choice": {"type": "function", "name": "get_time"}},
        ),
        (
            checks.OF_RESPONSE,
            "Please call roll_dice",
            ["roll_dice"],
            {"tools": [_DICE], "tool_choice": "required"},
        ),
    ):
        with run.judging(check):
            await add_item(connection, message("user", text))
            answer = await respond(connection, **asked)
            names = [call.get("name") for call in _calls(answer)]
            # A model may call a function more than once.
            _same(run, check, expected, list(dict.fromkeys(names)), answer.done)
    after = await update_session(connection)
    _same(run, checks.SESSION_UNCHANGED, _names(before), _names(after))


@scenario(
    suite="tools",
    checks=[
        checks.HOW_MANY,
        checks.SEVERAL_IDS,
        checks.SEVERAL_PLACES,
        checks.OUTPUT_EARLY,
        checks.SEVERAL_ANSWERED,
    ],
    needs=[Capability.WEBSOCKET],
)
async def calls_several(run: ScenarioRun) -> None:
    """Two functions are called at once, the first has returned before the second is called."""
    connection = await run.websocket()
    await connection.expect("session.created")
    await update_session(connection, tools=[_OPEN, _SHUT], output_modalities=["text"])
    text = "Slowly, one after the other: call open_window and call shut_door"
    await add_item(connection, message("user", text))
    created = await start(connection, tool_choice="required")
    with run.requiring(checks.OUTPUT_EARLY):
        first = await expect_or_error(connection, "response.function_call_arguments.done")
        early = str(first.data.get("call_id"))
        added = await add_item(connection, _returned(early))
        _same(run, checks.OUTPUT_EARLY, early, member(added.data, "item", "call_id"), added)
    answer = _known(connection, created) or await finish(connection, created)
    calls = _calls(answer)
    run.observe(checks.HOW_MANY, f"{len(calls)} calls", evidence=answer.done)
    if len(calls) < 2:
        for check in (checks.SEVERAL_IDS, checks.SEVERAL_PLACES, checks.SEVERAL_ANSWERED):
            run.not_applicable(check, "the model has made one call")
        return
    ids = [str(call.get("call_id")) for call in calls]
    run.check(
        checks.SEVERAL_IDS,
        len(set(ids)) == len(ids),
        f"expected different ones, got {ids}",
        evidence=answer.done,
    )
    places = {
        event.data.get("output_index"): member(event.data, "item", "id")
        for event in answer.own("response.output_item.added")
    }
    listed = {index: item.get("id") for index, item in enumerate(answer.output)}
    _same(run, checks.SEVERAL_PLACES, listed, places, answer.done)
    with run.judging(checks.SEVERAL_ANSWERED):
        for call_id in dict.fromkeys(each for each in ids if each != early):
            await add_item(connection, _returned(call_id))
        end = await respond(connection, tool_choice="none")
        _same(run, checks.SEVERAL_ANSWERED, "completed", end.status, end.done)


def _judge_call(run: ScenarioRun, answer: Answer, call: dict[str, Any], offered: set[str]) -> None:
    """Judge the first call of a response."""
    about = [e for e in answer.events if call.get("id") in (_item_id(e), e.data.get("item_id"))]
    added = of_type(about, "response.output_item.added")
    ended = of_type(about, "response.output_item.done")
    name = call.get("name")
    run.check(checks.NAME, name in offered, f"expected one of {sorted(offered)}, got {name}")
    begun = [[member(e.data, "item", key) for key in ("status", "arguments")] for e in added]
    _same(run, checks.ADDED_EMPTY, [["in_progress", ""]], begun)
    call_id = call.get("call_id")
    run.check(checks.CALL_ID, bool(call_id), f"expected one, got {call_id!r}", evidence=answer.done)
    ids = {_call_id(e) for e in (*of_type(about, *_ARGUMENTS), *added, *ended)} | {call_id}
    ids -= {None, ""}
    run.check(
        checks.CALL_ID_AGREES,
        len(ids) <= 1,
        f"expected one and the same, got {sorted(map(str, ids))}",
    )
    ends = of_type(about, _ARGUMENTS[1])
    run.check(checks.ARGUMENTS_DONE, len(ends) == 1, f"expected one, got {len(ends)}")
    if ends:
        _same(run, checks.ARGUMENTS_NAME, name, ends[0].data.get("name"), ends[0])
    arguments = call.get("arguments")
    run.check(
        checks.ARGUMENTS_JSON, _is_object(arguments), f"expected a JSON object, got {arguments!r}"
    )
    _same(run, checks.COMPLETED, ("completed", "completed"), (answer.status, call.get("status")))
    done = [[member(e.data, "item", key) for key in ("name", "arguments")] for e in ended]
    _same(run, checks.LISTED, done, [[name, arguments]], answer.done)
    parts = of_type(about, "response.content_part.added")
    run.check(checks.NO_PARTS, not parts, f"expected none, got {len(parts)}")


async def _judge_in_conversation(
    run: ScenarioRun, connection: EventConnection, answer: Answer, question_id: Any
) -> None:
    mirrored = answer.about_items("conversation.item.added")
    before = mirrored[0].data.get("previous_item_id") if mirrored else "no conversation.item.added"
    _same(run, checks.IN_CONVERSATION, question_id, before)
    call = _calls(answer)[0]
    with run.judging(checks.RETRIEVABLE):
        await connection.send(
            {"type": "conversation.item.retrieve", "item_id": str(call.get("id"))}
        )
        found = await expect_or_error(connection, "conversation.item.retrieved")
        got = member(found.data, "item", "call_id")
        _same(run, checks.RETRIEVABLE, call.get("call_id"), got, found)


def _known(connection: EventConnection, created: ReceivedEvent) -> Answer | None:
    """Return a response that is done already, as it may be when its output has been added."""
    wanted = member(created.data, "response", "id")
    for event in of_type(connection.events, "response.done"):
        if member(event.data, "response", "id") == wanted:
            events = [e for e in connection.events if created.seq <= e.seq <= event.seq]
            return Answer(id=str(wanted), created=created, done=event, events=events)
    return None


def _same(
    run: ScenarioRun,
    check: Check,
    expected: object,
    got: object,
    evidence: ReceivedEvent | None = None,
) -> None:
    run.check(check, got == expected, f"expected {expected}, got {got}", evidence=evidence)


def _returned(call_id: str) -> dict[str, Any]:
    # With an id, because other items may be added before this one is.
    item_id = f"rt-output-{call_id[-16:]}"
    return {
        "type": "function_call_output",
        "id": item_id,
        "call_id": call_id,
        "output": '{"ok": true}',
    }


def _names(session: dict[str, Any]) -> list[Any]:
    return [tool.get("name") for tool in objects(session.get("tools"))]


def _calls(answer: Answer) -> list[dict[str, Any]]:
    return [item for item in answer.output if item.get("type") == "function_call"]


def _item_id(event: ReceivedEvent) -> Any:
    return member(event.data, "item", "id")


def _call_id(event: ReceivedEvent) -> Any:
    return event.data.get("call_id") or member(event.data, "item", "call_id")


def _is_object(text: Any) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (TypeError, ValueError):
        return False
