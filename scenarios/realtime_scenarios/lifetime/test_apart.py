"""Two sessions at the same time, with the same key."""

from __future__ import annotations

from realtime_harness.clients.connection import member
from realtime_harness.journeys.fence import of_type, until_fence, update_session
from realtime_harness.journeys.text_turn import text_turn
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_scenarios.lifetime import checks

_FIRST, _SECOND = "You are the first of two.", "You are the second of two."
_OF_A_CONVERSATION = ("conversation.item.", "input_audio_buffer.", "response.")


@scenario(
    suite="lifetime",
    checks=[checks.APART_EVENTS, checks.APART_IDS, checks.APART_ITEMS, checks.APART_SETTINGS],
)
async def two_sessions(run: ScenarioRun) -> None:
    """What happens in one session stays there."""
    first, second = await run.websocket(name="first"), await run.websocket(name="second")
    ids = []
    for client, instructions in ((first, _FIRST), (second, _SECOND)):
        await client.expect("session.created")
        session = await update_session(client, instructions=instructions)
        ids.append(session.get("id"))
    run.check(checks.APART_IDS, ids[0] != ids[1], f"expected two ids, got {ids[0]} twice")
    start = len(second.events)
    item = {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "This is between us."}],
    }
    await first.send({"type": "conversation.item.create", "item": item})
    added = await first.expect("conversation.item.added")
    await text_turn(first, "Hello")
    await update_session(first, instructions=_FIRST, max_output_tokens=77)

    strange = [
        event
        for event in await until_fence(second, since=start)
        if event.type.startswith(_OF_A_CONVERSATION) and ".x_" not in event.type
    ]
    run.check(
        checks.APART_EVENTS,
        not strange,
        f"expected nothing, got {', '.join(event.type for event in strange)}",
        evidence=strange[0] if strange else None,
    )
    fence = of_type(second.events, "session.updated")[-1]
    found = [member(fence.data, "session", name) for name in ("instructions", "max_output_tokens")]
    run.check(
        checks.APART_SETTINGS,
        found[0] == _SECOND and found[1] != 77,
        f"expected {_SECOND!r} and its own limit, got {found}",
        evidence=fence,
    )
    item_id = str(member(added.data, "item", "id"))
    await second.send({"type": "conversation.item.retrieve", "item_id": item_id})
    with run.judging(checks.APART_ITEMS):
        answer = await second.expect("error", "conversation.item.retrieved")
        run.check(
            checks.APART_ITEMS,
            answer.type == "error",
            "expected an error, got the item of another session",
            evidence=answer,
        )
