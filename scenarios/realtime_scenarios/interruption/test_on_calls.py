"""On a call the service plays what it says, and stops when it is told to."""

from __future__ import annotations

from realtime_harness.clients.connection import member
from realtime_harness.journeys.text_turn import text_turn
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.interruption import checks

_LONG = (
    "Please say this again, word by word and without haste: there is plenty of time, and nobody "
    "waits for the end of it, because it is not going to be heard."
)


@scenario(
    suite="interruption",
    checks=[checks.CLEARED, checks.QUIET, checks.QUIET_AFTER],
    needs=[Capability.WEBRTC],
    extras=["webrtc"],
)
async def clearing(run: ScenarioRun) -> None:
    """A call whose output buffer is cleared falls silent amid the response."""
    session = {
        "type": "realtime",
        "model": run.target.model,
        "output_modalities": ["audio"],
        "audio": {"input": {"turn_detection": None}},
    }
    call = await run.call(session=session)
    await call.events.expect("session.created")
    turn = await text_turn(call.events, _LONG, modalities=("audio",))
    await call.received_audio.wait_audible()
    sent = call.events.sent_at_ns(await call.events.send({"type": "output_audio_buffer.clear"}))
    with run.judging(checks.CLEARED):
        cleared = await call.events.expect("output_audio_buffer.cleared")
        named = member(cleared.data, "response_id")
        run.check(
            checks.CLEARED,
            named == turn.response_id,
            f"expected {turn.response_id}, got {named}",
            evidence=cleared,
        )
    with run.judging(checks.QUIET):
        await call.received_audio.wait_quiet()
    last = call.received_audio.last_audible_ns
    after_ms = max(0.0, (last - sent) / 1e6) if last is not None else 0.0
    run.measure("from the clear to the last sound", after_ms, "ms")
    run.observe(checks.QUIET_AFTER, f"{after_ms:.0f} ms")
