"""A conversation has one response at a time, and it can be cancelled."""

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
from realtime_harness.journeys.fence import until_fence
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.responses import checks
from realtime_scenarios.responses.judging import LONG, METADATA, same

_TEXT: dict[str, Any] = {"output_modalities": ["text"], "metadata": METADATA}


_WHILE_ONE_IS_ACTIVE = [
    checks.SECOND_REFUSED,
    checks.SECOND_REFUSED_CODE,
    checks.ITEM_MEANWHILE,
    checks.CANCELLED,
    checks.CANCEL_REASON,
    checks.CANCEL_BY_ID,
    checks.NOTHING_BEHIND,
    checks.CANCELLED_ITEM,
    checks.AFTER_CANCEL,
]


@scenario(
    suite="responses",
    checks=[
        *_WHILE_ONE_IS_ACTIVE,
        checks.CANCEL_NOTHING,
        checks.CANCEL_NOTHING_CODE,
        checks.CANCEL_DONE,
    ],
    needs=[Capability.WEBSOCKET],
)
async def one_at_a_time(run: ScenarioRun) -> None:
    """A second response is refused until the first is done or cancelled."""
    connection = await run.websocket()
    await connection.expect("session.created")
    await add_item(connection, message("user", LONG))
    first = await start(connection, **_TEXT)
    try:
        error = await refused(
            connection,
            {"type": "response.create", "response": _TEXT},
            otherwise=["response.created"],
        )
    except TargetViolation as violation:
        if not _came_too_late(connection, first):
            run.check(checks.SECOND_REFUSED, False, str(violation))
            raise
        # Asked for a long one: what is there at once can neither be interrupted nor disturbed.
        for check in _WHILE_ONE_IS_ACTIVE:
            run.not_applicable(check, "the response was over before anything else could be asked")
        await _cancel_nothing(run, connection, first)
        return
    run.check(checks.SECOND_REFUSED, True)
    same(
        run,
        checks.SECOND_REFUSED_CODE,
        "conversation_already_has_active_response",
        error.get("code"),
    )
    with run.judging(checks.ITEM_MEANWHILE):
        await add_item(connection, message("user", LONG))

    with run.requiring(checks.CANCELLED):
        cancelled = await _cancel(connection, first)
        same(run, checks.CANCELLED, "cancelled", cancelled.status, cancelled.done)
    reason = member(cancelled.response, "status_details", "reason")
    same(run, checks.CANCEL_REASON, "client_cancelled", reason, cancelled.done)
    statuses = [item.get("status") for item in cancelled.output]
    run.observe(checks.CANCELLED_ITEM, f"its items are {statuses}", evidence=cancelled.done)

    second = await start(connection, **_TEXT)
    with run.judging(checks.CANCEL_BY_ID):
        answer = await _cancel(connection, second, response_id=_id(second))
        same(run, checks.CANCEL_BY_ID, "cancelled", answer.status, answer.done)
    await _cancel_nothing(run, connection, second)
    with run.judging(checks.AFTER_CANCEL):
        await add_item(connection, message("user", "Say hello."))
        answer = await respond(connection, **_TEXT)
        same(run, checks.AFTER_CANCEL, "completed", answer.status, answer.done)

    late = [
        event
        for event in connection.events
        if event.seq > cancelled.done.seq and event.data.get("response_id") == cancelled.id
    ]
    run.check(
        checks.NOTHING_BEHIND,
        not late,
        f"expected nothing, got {', '.join(event.type for event in late)}",
        evidence=late[0] if late else None,
    )


def _came_too_late(connection: EventConnection, first: ReceivedEvent) -> bool:
    """Return whether the first response was done when the second one was created."""
    done = [e.seq for e in connection.events if e.type == "response.done" and _id(e) == _id(first)]
    second = [
        e.seq for e in connection.events if e.type == "response.created" and e.seq > first.seq
    ]
    return bool(done and second) and done[0] < second[0]


async def _cancel(connection: EventConnection, created: ReceivedEvent, **which: str) -> Answer:
    """Cancel a response; return how it ended.

    Raises:
        EventNotReceived: if it does not end.

    """
    await connection.send({"type": "response.cancel", **which})
    return await finish(connection, created)


async def _cancel_nothing(
    run: ScenarioRun, connection: EventConnection, ended: ReceivedEvent
) -> None:
    await until_fence(connection)
    error: dict[str, Any] = {}
    with run.judging(checks.CANCEL_NOTHING):
        error = await refused(connection, {"type": "response.cancel"}, otherwise=["response.done"])
    if error:
        code = error.get("code")
        same(run, checks.CANCEL_NOTHING_CODE, "response_cancel_not_active", code)
    with run.judging(checks.CANCEL_DONE):
        await refused(
            connection,
            {"type": "response.cancel", "response_id": _id(ended)},
            otherwise=["response.done"],
        )


def _id(created: ReceivedEvent) -> str:
    return str(member(created.data, "response", "id"))
