"""Wrong messages on the data channel of a call."""

from __future__ import annotations

from realtime_harness.journeys.probe import probe
from realtime_harness.journeys.text_turn import text_turn
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.errors import checks
from realtime_scenarios.errors.wrong import UNKNOWN


@scenario(
    suite="errors",
    checks=[
        checks.CHANNEL_NOT_JSON,
        checks.CHANNEL_UNKNOWN_TYPE,
        checks.CHANNEL_SURVIVES,
        checks.CHANNEL_BINARY,
    ],
    needs=[Capability.WEBRTC],
    extras=["webrtc"],
)
async def wrong_messages(run: ScenarioRun) -> None:
    """Messages that hold no event get an error on the data channel, and the call goes on."""
    call = await run.call()
    await call.events.expect("session.created")
    with run.requiring(checks.CHANNEL_SURVIVES):
        for check, message in (
            (checks.CHANNEL_NOT_JSON, "Is anybody there?"),
            (checks.CHANNEL_UNKNOWN_TYPE, f'{{"type": "{UNKNOWN}"}}'),
        ):
            answers = await probe(call.events, message)
            run.check(
                check,
                answers.refusal is not None,
                f"expected an error, got {answers.shown()}",
                evidence=answers.refusal or answers.seq,
            )
        answers = await probe(call.events, b"\x00\x01")
        run.observe(checks.CHANNEL_BINARY, answers.shown(), evidence=answers.seq)
        await text_turn(call.events, "Are you still there?")
