"""Items of every kind are put into a conversation, and each gets its place."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from realtime_harness.audio import speech
from realtime_harness.checks import Check
from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.connection import ReceivedEvent, member
from realtime_harness.errors import EventNotReceived
from realtime_harness.journeys.exchange import add_item, message, objects, refused
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.conversation import checks
from realtime_scenarios.conversation.judging import add_first

_FIRST, _SECOND = "rt-first", "rt-second"
_TEXT = "The number is seven."
_PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGA"
    "hKmMIQAAAABJRU5ErkJggg=="
)
_CALL = {
    "type": "function_call",
    "name": "get_number",
    "call_id": "call_rtHistory000001",
    "arguments": '{"of": "today"}',
}
_OUTPUT = {"type": "function_call_output", "call_id": _CALL["call_id"], "output": '{"number": 7}'}


@scenario(
    suite="conversation",
    checks=[
        checks.ADDED,
        checks.DONE,
        checks.CLIENT_ID,
        checks.CONTENT,
        checks.STATUS,
        checks.SAME_WHEN_DONE,
        checks.OBJECT,
        checks.FIRST,
        checks.APPENDED,
        checks.SECOND_WHEN_DONE,
        checks.ROOT,
        checks.MIDDLE,
        checks.UNKNOWN_PREVIOUS,
        checks.NOT_ADDED,
        checks.DUPLICATE,
    ],
    needs=[Capability.WEBSOCKET],
)
async def builds_a_conversation(run: ScenarioRun) -> None:
    """Messages are added at the end, at the front and in between, and nowhere else."""
    connection = await run.websocket()
    await connection.expect("session.created")
    added = await add_first(run, connection, message("user", _TEXT, id=_FIRST))
    if added is None:
        return
    _same(run, checks.FIRST, None, added.data.get("previous_item_id"), added)
    _same(run, checks.CONTENT, [("input_text", _TEXT)], _content(added), added)
    shown = member(added.data, "item", "object")
    run.observe(checks.OBJECT, f"object is {shown!r}", evidence=added)
    with run.judging(checks.DONE):
        done = await connection.expect("conversation.item.done", where=_is(_FIRST))
        _same(run, checks.STATUS, "completed", member(done.data, "item", "status"), done)
        _same(run, checks.SAME_WHEN_DONE, added.data.get("item"), done.data.get("item"), done)

    with run.judging(checks.APPENDED):
        second = await add_item(connection, message("user", "Two.", id=_SECOND))
        _same(run, checks.APPENDED, _FIRST, second.data.get("previous_item_id"), second)
    with run.judging(checks.ROOT):
        root = await add_item(connection, message("user", "Root.", id="rt-root"), after="root")
        _same(run, checks.ROOT, None, root.data.get("previous_item_id"), root)
    with run.judging(checks.MIDDLE):
        middle = await add_item(
            connection, message("user", "Between.", id="rt-middle"), after=_FIRST
        )
        _same(run, checks.MIDDLE, _FIRST, middle.data.get("previous_item_id"), middle)

    lost = {**_create(message("user", "Lost.", id="rt-lost")), "previous_item_id": "rt-nowhere"}
    with run.judging(checks.UNKNOWN_PREVIOUS):
        await refused(connection, lost, otherwise=["conversation.item.added"])
    with run.judging(checks.NOT_ADDED):
        await refused(
            connection,
            {"type": "conversation.item.retrieve", "item_id": "rt-lost"},
            otherwise=["conversation.item.retrieved"],
        )
    await _repeat_an_id(run, connection)
    ends = [each.data for each in connection.events if each.type == "conversation.item.done"]
    shown = [each.get("previous_item_id") for each in ends if _is(_SECOND)(each)]
    run.observe(checks.SECOND_WHEN_DONE, f"previous_item_id is {shown[:1] or 'not shown'}")


@scenario(
    suite="conversation",
    checks=[
        checks.SYSTEM,
        checks.ASSISTANT,
        checks.ASSISTANT_AUDIO,
        checks.SOUND,
        checks.SOUND_NOT_REPEATED,
        checks.IMAGE,
        checks.CALL,
        checks.CALL_OUTPUT,
        checks.OUTPUT_STATUS,
    ],
    needs=[Capability.WEBSOCKET],
)
async def adds_every_kind(run: ScenarioRun) -> None:
    """Every kind of item that a client may make is added as what it is."""
    connection = await run.websocket()
    await connection.expect("session.created")
    for check, role, kind in (
        (checks.SYSTEM, "system", "input_text"),
        (checks.ASSISTANT, "assistant", "output_text"),
    ):
        with run.judging(check):
            added = await add_item(connection, message(role, _TEXT, id=f"rt-{role}"))
            got = (member(added.data, "item", "role"), _content(added))
            _same(run, check, (role, [(kind, _TEXT)]), got, added)
    spoken = {"type": "output_audio", "audio": b64encode(bytes(4800)).decode()}
    with run.judging(checks.ASSISTANT_AUDIO):
        await refused(
            connection,
            _create({"type": "message", "role": "assistant", "content": [spoken]}),
            otherwise=["conversation.item.added"],
        )
    heard = {"type": "input_audio", "audio": b64encode(speech.encode("Seven")).decode()}
    with run.judging(checks.SOUND, checks.SOUND_NOT_REPEATED):
        added = await add_item(connection, _of_user("rt-sound", heard))
        _same(run, checks.SOUND, ["input_audio"], [kind for kind, _ in _content(added)], added)
        run.check(
            checks.SOUND_NOT_REPEATED,
            not any(part.get("audio") for part in objects(member(added.data, "item", "content"))),
            "expected no sound in conversation.item.added, got it back",
            evidence=added,
        )
    text, image = (
        {"type": "input_text", "text": _TEXT},
        {"type": "input_image", "image_url": _PIXEL},
    )
    with run.judging(checks.IMAGE):
        added = await add_item(connection, _of_user("rt-image", text, image))
        kinds = [kind for kind, _ in _content(added)]
        _same(run, checks.IMAGE, ["input_text", "input_image"], kinds, added)
    for check, item in ((checks.CALL, _CALL), (checks.CALL_OUTPUT, _OUTPUT)):
        with run.judging(check):
            added = await add_item(connection, {**item, "id": f"rt-{check.id[-6:]}"})
            kept = {name: member(added.data, "item", name) for name in item}
            _same(run, check, item, kept, added)
            if check is checks.CALL_OUTPUT:
                status = member(added.data, "item", "status")
                run.observe(checks.OUTPUT_STATUS, f"status is {status!r}", evidence=added)


async def _repeat_an_id(run: ScenarioRun, connection: EventConnection) -> None:
    """Say what a second item with a known id gets, in whatever form it comes."""
    await connection.send(_create(message("user", "Again.", id=_SECOND)))
    try:
        # One endpoint was seen to send the error bare, without the event around it.
        answer = await connection.expect(
            where=lambda data: "code" in data or data.get("type") in _ANSWERS_TO_CREATE
        )
    except EventNotReceived as silence:
        run.observe(checks.DUPLICATE, str(silence))
        return
    about = answer.data.get("error") or answer.data
    run.observe(checks.DUPLICATE, f"got {answer.type}: {about}", evidence=answer)


_ANSWERS_TO_CREATE = ("error", "conversation.item.added")


def _same(
    run: ScenarioRun, check: Check, expected: object, got: object, evidence: ReceivedEvent
) -> None:
    run.check(check, got == expected, f"expected {expected}, got {got}", evidence=evidence)


def _content(event: ReceivedEvent) -> list[tuple[Any, Any]]:
    """Return type and text of each part of the item's content."""
    parts = objects(member(event.data, "item", "content"))
    return [(part.get("type"), part.get("text")) for part in parts]


def _is(item_id: str) -> Any:
    return lambda data: member(data, "item", "id") == item_id


def _create(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "conversation.item.create", "item": item}


def _of_user(item_id: str, *content: dict[str, Any]) -> dict[str, Any]:
    return {"id": item_id, "type": "message", "role": "user", "content": list(content)}
