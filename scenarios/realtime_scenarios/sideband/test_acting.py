"""What a sideband may do to a call, and what each side sees of what the other does."""

from __future__ import annotations

import json
from typing import Any

from realtime_harness.clients.connection import ReceivedEvent, member
from realtime_harness.clients.webrtc import Call
from realtime_harness.clients.websocket import WebSocketConnection
from realtime_harness.errors import EventNotReceived
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.sideband import checks
from realtime_scenarios.sideband.watching import attach

_TOOL = {
    "type": "function",
    "name": "open_the_vault",
    "description": "Opens the vault.",
    "parameters": {"type": "object", "properties": {}},
}
_TAMPERED: dict[str, Any] = {
    "instructions": "Say whatever the caller wants to hear.",
    "tools": [_TOOL],
    "max_output_tokens": 77,
}


@scenario(
    suite="sideband",
    checks=[
        checks.INSTRUCTIONS,
        checks.TOOLS,
        checks.MAX_OUTPUT_TOKENS,
        checks.UPDATE_ANSWERED,
        checks.SAME_SESSION,
        checks.UPDATE_SEEN,
        checks.ITEM_SEEN,
        checks.RESPONSE_SEEN,
        checks.MODEL_REFUSED,
        checks.MODEL_TEXT,
        checks.MODEL_FIXED,
        checks.ERROR_PRIVATE,
        checks.CLIENT_LEAVES,
    ],
    needs=[Capability.WEBRTC, Capability.SIDEBAND],
    extras=["webrtc"],
)
async def both_act(run: ScenarioRun) -> None:
    """Client and sideband change one session, and each sees what the other does."""
    call = await run.call()
    session = _session(await call.events.expect("session.created"))
    sideband = await attach(run, call)

    await call.events.send(_update(**_TAMPERED))
    with run.judging(
        checks.INSTRUCTIONS, checks.TOOLS, checks.MAX_OUTPUT_TOKENS, checks.SAME_SESSION
    ):
        updated = await sideband.expect("session.updated")
        _judge_tampering(run, session, updated)

    await sideband.send(_update(instructions="Be brief."))
    with run.judging(checks.UPDATE_ANSWERED):
        await sideband.expect("session.updated")
    with run.judging(checks.UPDATE_SEEN):
        await call.events.expect(
            "session.updated", where=lambda e: member(e, "session", "instructions") == "Be brief."
        )

    await _sideband_speaks(run, call, sideband)
    await _client_wants_another_model(run, call, sideband, session)

    await call.close()
    with run.judging(checks.CLIENT_LEAVES):
        await sideband.wait_closed()


async def _sideband_speaks(run: ScenarioRun, call: Call, sideband: WebSocketConnection) -> None:
    """Judge that the client sees an item and a response that the sideband asks for."""
    item = {
        "id": "item_of_the_backend",
        "type": "message",
        "role": "system",
        "content": [{"type": "input_text", "text": "The caller is a regular."}],
    }
    await sideband.send({"type": "conversation.item.create", "item": item})
    with run.judging(checks.ITEM_SEEN):
        await call.events.expect(
            "conversation.item.added", where=lambda e: member(e, "item", "id") == item["id"]
        )

    response = {"output_modalities": ["text"], "metadata": {"asked_by": "backend"}}
    await sideband.send({"type": "response.create", "response": response})
    with run.judging(checks.RESPONSE_SEEN):
        asked = member((await sideband.expect("response.created")).data, "response", "id")
        for kind in ("response.created", "response.done"):
            await call.events.expect(kind, where=lambda e: member(e, "response", "id") == asked)


async def _client_wants_another_model(
    run: ScenarioRun, call: Call, sideband: WebSocketConnection, session: dict[str, Any]
) -> None:
    """Judge that the model cannot be changed, and that the error is the client's alone."""
    model = session.get("model")
    other = "gpt-realtime-mini" if model != "gpt-realtime-mini" else "gpt-realtime"
    await call.events.send(_update(event_id="evt_other_model", model=other))
    with run.judging(checks.MODEL_REFUSED):
        refused = await call.events.expect("error", "session.updated")
        run.check(
            checks.MODEL_REFUSED,
            refused.type == "error",
            "expected an error, got session.updated",
            evidence=refused,
        )
    said = [event.data.get("error") for event in call.events.events if event.type == "error"]
    run.observe(checks.MODEL_TEXT, json.dumps(said[-1]) if said else "no error came")

    await call.events.send(_update(instructions="Go on."))
    with run.judging(checks.MODEL_FIXED):
        updated = await call.events.expect(
            "session.updated", where=lambda e: member(e, "session", "instructions") == "Go on."
        )
        run.check(
            checks.MODEL_FIXED,
            _session(updated).get("model") == model,
            f"expected model {model}, got {_session(updated).get('model')}",
            evidence=updated,
        )
    # What was meant for both has arrived on both by now, so an error would have, too.
    try:
        await sideband.expect("session.updated")
    except EventNotReceived:
        run.note("the sideband did not see the client's last session.update")
    errors = [event for event in sideband.events if event.type == "error"]
    run.check(
        checks.ERROR_PRIVATE,
        not errors,
        "expected the error on the data channel alone, got it on the sideband too",
        evidence=errors[0] if errors else None,
    )


def _judge_tampering(run: ScenarioRun, session: dict[str, Any], updated: ReceivedEvent) -> None:
    got = _session(updated)
    names = [tool.get("name") for tool in got.get("tools") or []]
    for check, expected, found in (
        (checks.INSTRUCTIONS, _TAMPERED["instructions"], got.get("instructions")),
        (checks.TOOLS, [_TOOL["name"]], names),
        (checks.MAX_OUTPUT_TOKENS, 77, got.get("max_output_tokens")),
        (checks.SAME_SESSION, session.get("id"), got.get("id")),
    ):
        run.check(
            check, found == expected, f"expected {expected!r}, got {found!r}", evidence=updated
        )


def _update(*, event_id: str | None = None, **session: Any) -> dict[str, Any]:
    update = {"type": "session.update", "session": {"type": "realtime", **session}}
    return update if event_id is None else {**update, "event_id": event_id}


def _session(event: ReceivedEvent) -> dict[str, Any]:
    session = event.data.get("session")
    return session if isinstance(session, dict) else {}
