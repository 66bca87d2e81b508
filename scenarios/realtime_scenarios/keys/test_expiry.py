"""Until when a key works, on a clock that can be moved."""

from __future__ import annotations

from realtime_harness.clients import sdp
from realtime_harness.errors import ConnectionLost
from realtime_harness.journeys.admission import knock
from realtime_harness.journeys.probe import probe
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.keys import checks
from realtime_scenarios.keys.minting import mint, shown


@scenario(
    suite="keys",
    checks=[
        checks.WORKS_UNTIL,
        checks.EXPIRED,
        checks.EXPIRED_CALL,
        checks.EXPIRED_TEXT,
        checks.OUTLIVES,
    ],
    needs=[
        Capability.EPHEMERAL_KEYS,
        Capability.WEBSOCKET,
        Capability.WEBRTC,
        Capability.CONTROL,
    ],
)
async def expires(run: ScenarioRun) -> None:
    """A key opens a session in its last second and none behind it; the session goes on."""
    clock = await run.enter_virtual_time()
    key = await mint(run, seconds=60)
    await clock.advance(58)
    early = await knock(run, key=key)
    run.check(
        checks.WORKS_UNTIL,
        early.admitted,
        f"expected session.created 2 s before the expiry, got {early.shown()}",
        evidence=early.seq,
    )
    await clock.advance(3)
    late = await knock(run, key=key, name="late")
    run.check(
        checks.EXPIRED,
        not late.admitted,
        "expected to be refused 1 s behind the expiry, got a session",
        evidence=late.seq,
    )
    run.observe(checks.EXPIRED_TEXT, late.shown(), evidence=late.seq)
    answer = await run.signaling.create_call(sdp.offer(), key=key)
    run.check(
        checks.EXPIRED_CALL,
        400 <= answer.status < 500,
        f"expected status 4xx, got {shown(answer)}",
        evidence=answer,
    )
    if early.connection is None or not early.admitted:
        run.not_applicable(checks.OUTLIVES, "there was no session to outlive the key")
        return
    update = {"type": "session.update", "session": {"type": "realtime", "instructions": "Go on."}}
    try:
        answers = await probe(early.connection, update, "session.updated", "error")
    except ConnectionLost as lost:
        run.check(checks.OUTLIVES, False, f"expected the session to go on, got {lost}")
    else:
        run.check(
            checks.OUTLIVES,
            answers.first("session.updated") is not None,
            f"expected session.updated, got {answers.shown()}",
            evidence=answers.seq,
        )
