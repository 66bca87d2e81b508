"""What a relay must not do to what passes through it."""

from __future__ import annotations

from typing import Any

from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.connection import member
from realtime_harness.clients.websocket import Auth
from realtime_harness.journeys.fence import of_type, until_fence
from realtime_harness.journeys.text_turn import text_turn
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.relay import checks
from realtime_scenarios.relay.comparing import (
    control_of,
    judge_passage,
    refusal,
    session_ended,
    session_id,
)

# In the form of ids that services make, so that nobody takes them for a client's.
_MINE, _BIG_ITEM = "item_ThisIsTheClientsOne01", "item_ThisIsTheClientsOne02"
_BIG = "All work and no play makes Jack a dull boy. " * (200 * 1024 // 44)


# The rules over the stream judge a service, so the scenarios here leave them out: it is the relay
# that is judged, and the turns that it is compared with are judged elsewhere.
@scenario(
    suite="relay",
    checks=[checks.NOTHING_LOST, checks.SAME_ORDER, checks.IDS, checks.BIG_FRAME],
    needs=[Capability.WEBSOCKET],
    stream=False,
)
async def passes_unharmed(run: ScenarioRun) -> None:
    """A turn, ids and a big message get through the relay as they are."""
    relay = await run.relay("ws")
    direct, relayed = (
        await run.websocket(name="direct", target=run.service),
        await relay.websocket(),
    )
    for connection in (direct, relayed):
        await connection.expect("session.created")

    want = await text_turn(direct, "Is it still me?")
    with run.requiring(checks.NOTHING_LOST):
        got = await text_turn(relayed, "Is it still me?")
        judge_passage(run, checks.NOTHING_LOST, checks.SAME_ORDER, want, got)

    with run.judging(checks.IDS):
        await relayed.send(_message(_MINE, "Remember this one."))
        await relayed.expect(
            "conversation.item.added",
            where=lambda e: member(e, "item", "id") == _MINE,
        )
        named = await _named_by_error(direct)
        if named is None:
            run.not_applicable(checks.IDS, "the service itself names no event in its errors")
        else:
            got_name = await _named_by_error(relayed)
            run.check(
                checks.IDS, got_name == named, f"expected error.event_id {named}, got {got_name}"
            )

    with run.judging(checks.BIG_FRAME):
        await relayed.send(_message(_BIG_ITEM, _BIG))
        added = await relayed.expect(
            "conversation.item.added", where=lambda e: len(str(e)) > len(_BIG) // 2
        )
        came = str(member(added.data, "item", "content", 0, "text"))
        run.check(
            checks.BIG_FRAME,
            came == _BIG,
            f"expected the {len(_BIG)} characters back, got {len(came)}, or others",
            evidence=added,
        )


async def _named_by_error(connection: EventConnection) -> str | None:
    """Return the event_id in the error about a wrong event; nothing if there is none."""
    start = len(connection.events)
    await connection.send({"type": "no.such.event", "event_id": "evt_mine"}, valid=False)
    for event in of_type(await until_fence(connection, since=start), "error"):
        named = member(event.data, "error", "event_id")
        return named if isinstance(named, str) else None
    return None


@scenario(
    suite="relay",
    checks=[checks.SUBPROTOCOLS, checks.REFUSAL],
    needs=[Capability.WEBSOCKET, Capability.API_KEYS],
    stream=False,
)
async def keys_and_refusals(run: ScenarioRun) -> None:
    """A key in a subprotocol lets in through the relay, and a bad key is refused as directly."""
    relay = await run.relay("ws")
    with run.judging(checks.SUBPROTOCOLS):
        browser = await relay.websocket(auth=Auth.SUBPROTOCOL, name="browser")
        await browser.expect("session.created")

    bad = "sk-nobody-knows-this-key"
    want = await refusal(lambda: run.websocket(key=bad, name="direct", target=run.service))
    with run.judging(checks.REFUSAL):
        got = await refusal(lambda: relay.websocket(key=bad))
        run.check(checks.REFUSAL, got == want, f"expected as directly: {want}; got {got}")


@scenario(
    suite="relay",
    checks=[
        checks.CLIENT_CLOSES,
        checks.CLIENT_LOSS,
        checks.UPSTREAM_LOSS,
        checks.UPSTREAM_LOSS_CODE,
    ],
    needs=[Capability.WEBSOCKET],
    stream=False,
)
async def ends_are_passed_on(run: ScenarioRun) -> None:
    """What is closed or breaks on one side of the relay ends on the other."""
    relay = await run.relay("ws")
    control = control_of(run, relay)

    polite = await relay.websocket(name="closes")
    session = session_id(await polite.expect("session.created"))
    await polite.close()
    run.check(checks.CLIENT_CLOSES, await session_ended(run, control, session), _goes_on(run))

    abrupt = await relay.websocket(name="breaks")
    session = session_id(await abrupt.expect("session.created"))
    abrupt.cut()
    run.check(checks.CLIENT_LOSS, await session_ended(run, control, session), _goes_on(run))

    bereft = await relay.websocket(name="bereft")
    await control.drop(session_id(await bereft.expect("session.created")))
    with run.judging(checks.UPSTREAM_LOSS):
        await bereft.wait_closed()
    if (closed := bereft.closed) is not None:
        run.check(
            checks.UPSTREAM_LOSS_CODE,
            closed.code != 1000,
            "expected a code that tells of the loss, such as 1011, got 1000",
        )


def _goes_on(run: ScenarioRun) -> str:
    return f"expected the session to end, it still goes on after {run.target.patience_s:g} s"


def _message(item_id: str, text: str) -> dict[str, Any]:
    content = [{"type": "input_text", "text": text}]
    item = {"id": item_id, "type": "message", "role": "user", "content": content}
    return {"type": "conversation.item.create", "item": item}
