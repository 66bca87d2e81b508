"""How a call with sidebands is ended by HTTP."""

from __future__ import annotations

from realtime_harness.errors import ConnectionRefused
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.sideband import checks
from realtime_scenarios.sideband.watching import attach


@scenario(
    suite="sideband",
    checks=[
        checks.HANGUP_CHANNEL,
        checks.HANGUP_SIDEBANDS,
        checks.HANGUP_CODE,
        checks.ENDED_CALL,
    ],
    needs=[Capability.WEBRTC, Capability.SIDEBAND, Capability.HANGUP],
    extras=["webrtc"],
)
async def hanging_up(run: ScenarioRun) -> None:
    """Hanging up by HTTP ends the call for everybody on it."""
    call = await run.call()
    await call.events.expect("session.created")
    sideband = await attach(run, call)

    await run.signaling.hangup(call.id)
    with run.judging(checks.HANGUP_SIDEBANDS):
        await sideband.wait_closed()
    if (closed := sideband.closed) is not None:
        run.check(
            checks.HANGUP_CODE, closed.code == 1000, f"expected close 1000, got {closed.code}"
        )
    with run.judging(checks.HANGUP_CHANNEL):
        await call.wait_closed()

    try:
        await run.sideband(call.id, name="late")
    except ConnectionRefused as refused:
        run.observe(checks.ENDED_CALL, str(refused))
    else:
        run.observe(checks.ENDED_CALL, "let in, though the call was hung up")
