"""Responses that are none of the conversation's: they see what they are given, no more."""

from __future__ import annotations

from typing import Any

from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.connection import ReceivedEvent, member
from realtime_harness.errors import TargetViolation
from realtime_harness.journeys.exchange import (
    Answer,
    add_item,
    finish,
    message,
    refused,
    respond,
    start,
)
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.responses import checks
from realtime_scenarios.responses.judging import LONG, METADATA, same

_BESIDE = {"topic": "beside"}
_ASIDE: dict[str, Any] = {
    "conversation": "none",
    "output_modalities": ["text"],
    "metadata": _BESIDE,
    "input": [message("user", "Is seven a number?")],
}


@scenario(
    suite="responses",
    checks=[
        checks.NO_CONVERSATION,
        checks.NOT_ADDED,
        checks.NOT_RETRIEVABLE,
        checks.INPUT_NOT_ADDED,
        checks.REFERENCE,
        checks.UNKNOWN_REFERENCE,
    ],
    needs=[Capability.WEBSOCKET],
)
async def out_of_band(run: ScenarioRun) -> None:
    """A response out of band answers what it is given, and the conversation stays as it was."""
    connection = await run.websocket()
    await connection.expect("session.created")
    item = await add_item(connection, message("user", "The number is seven."))
    aside = await respond(connection, **_ASIDE)
    shown = [member(e.data, "response", "conversation_id") for e in (aside.created, aside.done)]
    same(run, checks.NO_CONVERSATION, [None, None], shown, aside.done)
    mirrored = aside.about_items("conversation.item.added", "conversation.item.done")
    _none(run, checks.NOT_ADDED, mirrored)
    # Whatever else was added while it lasted can only be what it was given.
    others = [e for e in _added(aside.events) if e not in mirrored]
    _none(run, checks.INPUT_NOT_ADDED, others)
    output_id = aside.output[0].get("id") if aside.output else None
    with run.judging(checks.NOT_RETRIEVABLE):
        await refused(
            connection,
            {"type": "conversation.item.retrieve", "item_id": str(output_id)},
            otherwise=["conversation.item.retrieved"],
        )
    with run.judging(checks.REFERENCE):
        answer = await _about(connection, str(member(item.data, "item", "id")))
        same(run, checks.REFERENCE, "completed", answer.status, answer.done)
    try:
        answer = await _about(connection, "rt-unknown")
        run.observe(checks.UNKNOWN_REFERENCE, f"got a response that is {answer.status}")
    except TargetViolation as violation:
        run.observe(checks.UNKNOWN_REFERENCE, str(violation))


@scenario(
    suite="responses",
    checks=[checks.BESIDE, checks.OTHER_GOES_ON, checks.TOLD_APART],
    needs=[Capability.WEBSOCKET],
)
async def two_at_a_time(run: ScenarioRun) -> None:
    """A response out of band runs beside one of the conversation."""
    connection = await run.websocket()
    await connection.expect("session.created")
    await add_item(connection, message("user", LONG))
    slow = await start(connection, output_modalities=["text"], metadata=METADATA)
    with run.requiring(checks.BESIDE):
        beside = await respond(connection, **_ASIDE)
        same(run, checks.BESIDE, "completed", beside.status, beside.done)
    told = [member(e.data, "response", "metadata") for e in (slow, beside.created, beside.done)]
    same(run, checks.TOLD_APART, [METADATA, _BESIDE, _BESIDE], told, beside.done)
    with run.judging(checks.OTHER_GOES_ON):
        # Either it has come to its end by itself, or it goes on until it is cancelled.
        ends = [e for e in connection.events if e.type == "response.done" and _is_of(e, slow)]
        if ends:
            status = member(ends[0].data, "response", "status")
            same(run, checks.OTHER_GOES_ON, "completed", status, ends[0])
        else:
            await connection.send({"type": "response.cancel"})
            await finish(connection, slow)


def _is_of(event: ReceivedEvent, created: ReceivedEvent) -> bool:
    """Whether an event is about the response that was created then."""
    return bool(member(event.data, "response", "id") == member(created.data, "response", "id"))


async def _about(connection: EventConnection, item_id: str) -> Answer:
    reference = {"type": "item_reference", "id": item_id}
    # The SDK has references among the types of parameters only, which are not in the contract.
    return await respond(connection, valid=False, **{**_ASIDE, "input": [reference]})


def _added(events: list[ReceivedEvent]) -> list[ReceivedEvent]:
    return [event for event in events if event.type == "conversation.item.added"]


def _none(run: ScenarioRun, check: Any, events: list[ReceivedEvent]) -> None:
    run.check(
        check,
        not events,
        f"expected none, got {', '.join(event.type for event in events)}",
        evidence=events[0] if events else None,
    )
