"""The socket below a session: pings, closing, and breaking."""

from __future__ import annotations

import asyncio

from realtime_harness.checks import Check
from realtime_harness.clients.connection import member
from realtime_harness.clients.control import Control
from realtime_harness.clients.websocket import WebSocketConnection
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.lifetime import checks

_POLL_S = 0.02
_NORMAL = 1000


@scenario(
    suite="lifetime",
    checks=[checks.PONG, checks.PONG_TIME, checks.CLOSE_ECHO, checks.ENDS_WITH_CLIENT],
)
async def closing(run: ScenarioRun) -> None:
    """A client pings, and closes, and its session is gone."""
    client = await run.websocket()
    created = await client.expect("session.created")
    with run.judging(checks.PONG):
        pong_ms = await client.ping()
        run.measure("pong", pong_ms, "ms")
    run.observe(checks.PONG_TIME, "see the figures of this run")
    await client.close()
    code = client.closed.code if client.closed is not None else None
    run.check(checks.CLOSE_ECHO, code == _NORMAL, f"expected {_NORMAL}, got {code}")
    await _judge_end(run, checks.ENDS_WITH_CLIENT, member(created.data, "session", "id"))


@scenario(
    suite="lifetime",
    checks=[checks.ENDS_WITH_LOSS],
    needs=[Capability.CONTROL],
    # It is we who end this connection as nobody should.
    stream=False,
)
async def breaking(run: ScenarioRun) -> None:
    """A connection breaks, and its session is gone."""
    client: WebSocketConnection = await run.websocket()
    created = await client.expect("session.created")
    client.cut()
    await _judge_end(run, checks.ENDS_WITH_LOSS, member(created.data, "session", "id"))


async def _judge_end(run: ScenarioRun, check: Check, session_id: object) -> None:
    """Judge that a session is gone in time, if somebody can see that."""
    if run.control is None:
        run.not_applicable(check, "nobody else can see the session")
        return
    try:
        async with asyncio.timeout(run.target.patience_s):
            # The control API does not tell by itself.
            while await _goes_on(run.control, session_id):  # noqa: ASYNC110
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        run.check(check, False, f"expected the end of {session_id}, it goes on")
    else:
        run.check(check, True)


async def _goes_on(control: Control, session_id: object) -> bool:
    return any(session["id"] == session_id for session in (await control.state())["sessions"])
