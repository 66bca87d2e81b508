"""Who gets onto a call, when, and what the wrong doors lead to."""

from __future__ import annotations

import asyncio

from realtime_harness.clients.connection import member
from realtime_harness.clients.webrtc import Call
from realtime_harness.clients.websocket import Auth, WebSocketConnection
from realtime_harness.errors import ConnectionRefused, EventNotReceived, TargetViolation
from realtime_harness.evidence import Kind, Lane
from realtime_harness.journeys.text_turn import text_turn
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.sideband import checks
from realtime_scenarios.sideband.watching import attach, sees

_NEEDS = [Capability.WEBRTC, Capability.SIDEBAND]
_PROBE_S = 0.3
"""How long a probe waits for being thrown out, seconds."""


@scenario(
    suite="sideband",
    checks=[checks.UNKNOWN_STATUS, checks.UNKNOWN_CODE],
    needs=[Capability.SIDEBAND],
    stream=False,
)
async def unknown_call(run: ScenarioRun) -> None:
    """Joining a call that never was is refused at the handshake."""
    try:
        await run.sideband("rtc_u0_ThereIsNoSuchCall00000")
    except ConnectionRefused as refused:
        answer = refused.answer
        run.check(
            checks.UNKNOWN_STATUS,
            refused.status == 404,
            f"expected status 404, got {refused}",
            evidence=answer,
        )
        error = (answer.error if answer is not None else None) or {}
        run.check(
            checks.UNKNOWN_CODE,
            error.get("code") == "call_id_not_found",
            f"expected error.code call_id_not_found, got {refused.detail or 'no body'}",
            evidence=answer,
        )
    else:
        for check in (checks.UNKNOWN_STATUS, checks.UNKNOWN_CODE):
            run.check(check, False, "expected status 404, got an open connection")


@scenario(
    suite="sideband",
    checks=[checks.ATTACH_RACE, checks.ATTACH_TIME],
    needs=_NEEDS,
    extras=["webrtc"],
)
async def races_the_call(run: ScenarioRun) -> None:
    """A sideband tries to join from the moment the offer is answered."""
    call = await run.call(connect=False)
    answered_ns = run.recorder.now_ns()
    with run.judging(checks.ATTACH_RACE, checks.ATTACH_TIME):
        joining = asyncio.create_task(run.sideband(call.id, retry_s=run.target.patience_s))
        try:
            await call.connect()
        finally:
            sideband = await joining
        run.observe(checks.ATTACH_TIME, _joined(run, sideband, answered_ns))
        await call.events.expect("session.created")
        await sees(sideband, await text_turn(call.events, "Were you here before me?"))


@scenario(
    suite="sideband",
    checks=[
        checks.BAD_KEY,
        checks.SUBPROTOCOL_KEY,
        checks.EPHEMERAL_SUBPROTOCOL,
        checks.EPHEMERAL_KEY,
        checks.SESSION_ID,
    ],
    needs=[*_NEEDS, Capability.API_KEYS],
    extras=["webrtc"],
)
async def other_doors(run: ScenarioRun) -> None:
    """Keys shown in other ways, no good key, and the id of the session instead of the call's."""
    call = await run.call()
    created = await call.events.expect("session.created")

    try:
        intruder = await run.sideband(call.id, key="sk-nobody-knows-this-key", name="intruder")
    except ConnectionRefused:
        run.check(checks.BAD_KEY, True)
    else:
        with run.judging(checks.BAD_KEY):
            await intruder.wait_closed()
            heard = [event.type for event in intruder.events if event.type != "error"]
            run.check(checks.BAD_KEY, not heard, f"expected no event, got {', '.join(heard)}")

    await _open_by_session_id(run, call, str(member(created.data, "session", "id")))

    with run.judging(checks.SUBPROTOCOL_KEY):
        browser = await attach(run, call, auth=Auth.SUBPROTOCOL, name="browser")
        await text_turn(browser, "Can I speak without headers?")

    await _probe_ephemeral_keys(run, call)


async def _probe_ephemeral_keys(run: ScenarioRun, call: Call) -> None:
    """Report what an ephemeral key gets, in the header and as a subprotocol of its own."""
    if Capability.EPHEMERAL_KEYS not in run.target.capabilities:
        for check in (checks.EPHEMERAL_KEY, checks.EPHEMERAL_SUBPROTOCOL):
            run.not_applicable(check, "the target does not claim ephemeral keys")
        return
    key = (await run.signaling.client_secret()).json()["value"]
    header, subprotocol = await asyncio.gather(
        _knock(run, call, key=key),
        _knock(run, call, subprotocols=["realtime", f"openai-ephemeral-key.{key}"]),
    )
    run.observe(checks.EPHEMERAL_KEY, header)
    run.observe(checks.EPHEMERAL_SUBPROTOCOL, subprotocol)


async def _knock(
    run: ScenarioRun,
    call: Call,
    *,
    key: str | None = None,
    subprotocols: list[str] | None = None,
) -> str:
    """Try to join; return what came of it."""
    auth = Auth.HEADER if subprotocols is None else Auth.NONE
    try:
        sideband = await run.sideband(
            call.id, key=key, auth=auth, subprotocols=subprotocols, name="probe"
        )
    except ConnectionRefused as refused:
        return str(refused)
    try:
        closed = await sideband.wait_closed(timeout_s=_PROBE_S)
    except EventNotReceived:
        return "let in"
    return f"closed at once with {closed.code} {closed.reason}"


async def _open_by_session_id(run: ScenarioRun, call: Call, session_id: str) -> None:
    """Report what a socket is that was opened with the session's id."""
    try:
        socket = await run.websocket(
            model=run.target.model, query={"session_id": session_id}, name="by-session-id"
        )
        greeting = await socket.receive()
    except TargetViolation as nothing:
        run.observe(checks.SESSION_ID, f"not a session: {nothing}")
        return
    turn = await text_turn(call.events, "Does the session id lead here?")
    ids = {event.data.get("event_id") for event in turn.events}
    shared = sum(event.data.get("event_id") in ids for event in socket.events)
    other = member(greeting.data, "session", "id")
    run.observe(
        checks.SESSION_ID,
        f"a session of its own: {greeting.type} of {other}, not {session_id}, and {shared} of "
        f"{len(turn.events)} events of the call's turn"
        if other != session_id
        else f"{greeting.type} of the call's session, and {shared} of {len(turn.events)} events",
        evidence=greeting,
    )


def _joined(run: ScenarioRun, sideband: WebSocketConnection, answered_ns: int) -> str:
    """Return when a sideband got in, from the evidence."""
    handshakes = [
        entry
        for entry in run.evidence
        if entry.lane is Lane.TRANSPORT and entry.connection == sideband.name
    ]
    attempts = sum(entry.kind is Kind.REQUEST for entry in handshakes)
    opened = next(entry for entry in handshakes if entry.data.get("state") == "open")
    after_ms = (opened.t_ns - answered_ns) / 1e6
    run.measure("sideband_attach", after_ms, "ms")
    return f"joined {after_ms:.0f} ms after the answer, at attempt {attempts}"
