"""Calls through the WebRTC relay, which speaks WebSocket to the service."""

from __future__ import annotations

import asyncio
import time

from realtime_harness.clients.connection import ReceivedEvent
from realtime_harness.clients.webrtc import Audio, Call
from realtime_harness.journeys.text_turn import text_turn
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_scenarios.relay import checks
from realtime_scenarios.relay.comparing import control_of, judge_passage, session_ended, session_id

# The caller's tone is sound: turn detection would take it for speech that interrupts.
_BY_HAND = {
    "type": "session.update",
    "session": {"type": "realtime", "audio": {"input": {"turn_detection": None}}},
}
_SPEAKING_S = 0.1
"""For how long the caller's tone goes on between two questions, seconds."""


@scenario(
    suite="relay",
    checks=[
        checks.CALL_NOTHING_LOST,
        checks.CALLER_HEARS,
        checks.CALLER_HEARD,
        checks.CALL_NO_AUDIO_DELTAS,
    ],
    extras=["webrtc"],
    stream=False,
)
async def call_over_a_socket(run: ScenarioRun) -> None:
    """A caller behind the WebRTC relay writes, hears and is heard."""
    direct = await run.websocket(name="direct", target=run.service)
    relay = await run.relay("webrtc")
    call = await relay.call(audio=Audio.TONE)
    for connection in (direct, call.events):
        await connection.expect("session.created")
        await connection.send(_BY_HAND)
        await connection.expect("session.updated")

    want = await text_turn(direct, "Do you read me?")
    with run.requiring(checks.CALL_NOTHING_LOST):
        got = await text_turn(call.events, "Do you read me?")
        judge_passage(run, checks.CALL_NOTHING_LOST, checks.CALL_NOTHING_LOST, want, got)

    spoken = await text_turn(direct, "Hi", modalities=["audio"])
    if any(event.type == "response.output_audio.delta" for event in spoken.events):
        with run.judging(checks.CALLER_HEARS):
            await text_turn(call.events, "Hi", modalities=["audio"])
            await call.received_audio.wait_audible()
    else:
        run.not_applicable(checks.CALLER_HEARS, "the service itself does not speak")
    deltas = [e for e in call.events.events if e.type == "response.output_audio.delta"]
    run.check(
        checks.CALL_NO_AUDIO_DELTAS,
        not deltas,
        "expected none on the data channel, got some",
        evidence=deltas[0] if deltas else None,
    )

    with run.judging(checks.CALLER_HEARD):
        answer = await _commit(call, run.target.patience_s)
        run.check(
            checks.CALLER_HEARD,
            answer.type != "error",
            f"expected the tone to be committed, got {answer.data.get('error')}",
            evidence=answer,
        )


@scenario(
    suite="relay",
    checks=[checks.CALLER_LEAVES, checks.CALL_ENDS],
    extras=["webrtc"],
    stream=False,
)
async def call_ends_are_passed_on(run: ScenarioRun) -> None:
    """What ends on one side of the WebRTC relay ends on the other."""
    relay = await run.relay("webrtc")
    control = control_of(run, relay)

    leaving = await relay.call(name="leaves")
    session = session_id(await leaving.events.expect("session.created"))
    await leaving.close()
    run.check(
        checks.CALLER_LEAVES,
        await session_ended(run, control, session),
        f"expected the session to end, it still goes on after {run.target.patience_s:g} s",
    )

    bereft = await relay.call(name="bereft")
    await control.drop(session_id(await bereft.events.expect("session.created")))
    with run.judging(checks.CALL_ENDS):
        await bereft.wait_closed()


async def _commit(call: Call, patience_s: float) -> ReceivedEvent:
    """Commit what the service heard of the call; less than 100 ms are refused, so ask again."""
    deadline = time.monotonic() + patience_s
    while True:
        await call.events.send({"type": "input_audio_buffer.commit"})
        answer = await call.events.expect("input_audio_buffer.committed", "error")
        if answer.type != "error" or time.monotonic() > deadline:
            return answer
        await asyncio.sleep(_SPEAKING_S)
