"""The hour that a session has."""

from __future__ import annotations

import time

from realtime_harness.clients.connection import member
from realtime_harness.errors import TargetViolation
from realtime_harness.journeys.fence import of_type, update_session
from realtime_harness.journeys.text_turn import text_turn
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.lifetime import checks

_HOUR_S = 3_600
_SKEW_S = 120
"""By which two clocks may differ that nobody has set to each other."""


@scenario(
    suite="lifetime",
    checks=[checks.EXPIRES_AHEAD, checks.EXPIRES_IN_AN_HOUR, checks.EXPIRES_FIXED],
)
async def naming_the_end(run: ScenarioRun) -> None:
    """A session says when it will end, and keeps to that."""
    client = await run.websocket()
    created = await client.expect("session.created")
    expires_at = member(created.data, "session", "expires_at")
    left_s = expires_at - time.time() if isinstance(expires_at, int) else None
    run.check(
        checks.EXPIRES_AHEAD,
        left_s is not None and left_s > 0,
        f"expected Unix seconds ahead of us, got {expires_at}",
        evidence=created,
    )
    run.check(
        checks.EXPIRES_IN_AN_HOUR,
        left_s is not None and abs(left_s - _HOUR_S) <= _SKEW_S,
        f"expected about {_HOUR_S} s, got {left_s}",
        evidence=created,
    )
    session = await update_session(client, instructions="Be brief.")
    run.check(
        checks.EXPIRES_FIXED,
        session.get("expires_at") == expires_at,
        f"expected {expires_at}, got {session.get('expires_at')}",
    )


@scenario(
    suite="lifetime",
    checks=[
        checks.LIVES,
        checks.ENDS,
        checks.EXPIRY_ERROR,
        checks.EXPIRY_CLOSE,
        checks.EXPIRY_TEXT,
    ],
    needs=[Capability.CONTROL],
)
async def coming_to_the_end(run: ScenarioRun) -> None:
    """A session lives for its hour, and ends with a word about it."""
    control = await run.enter_virtual_time()
    client = await run.websocket()
    await client.expect("session.created")
    await control.advance(_HOUR_S - 60)
    try:
        turn = await text_turn(client, "Hello")
    except TargetViolation as violation:
        run.check(checks.LIVES, False, str(violation))
        raise
    status = turn.response.get("status")
    run.check(
        checks.LIVES,
        status == "completed",
        f"expected an answer, got status {status}",
        evidence=turn.done,
    )
    start = len(client.events)
    await control.advance(120)
    with run.requiring(checks.ENDS):
        closed = await client.wait_closed()
    errors = of_type(client.events[start:], "error")
    codes = [member(event.data, "error", "code") for event in errors]
    run.check(
        checks.EXPIRY_ERROR,
        codes == ["session_expired"],
        f"expected an error session_expired, got {codes}",
        evidence=errors[0] if errors else None,
    )
    run.check(checks.EXPIRY_CLOSE, closed.code == 1001, f"expected close 1001, got {closed.code}")
    said = member(errors[0].data, "error", "message") if errors else None
    run.observe(checks.EXPIRY_TEXT, f"error: {said}; close: {closed.reason}")
