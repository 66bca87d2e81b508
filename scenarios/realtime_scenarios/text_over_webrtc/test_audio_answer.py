"""A text question answered in audio: sound on the track, words on the channel."""

from __future__ import annotations

from realtime_harness.journeys.text_turn import text_turn
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.text_over_webrtc import checks
from realtime_scenarios.text_over_webrtc.judging import text_session

_PLAYED_S = 2.0
"""How long a few words take, in real time; waited for on top of the target's patience."""


@scenario(
    suite="text_over_webrtc",
    checks=[
        checks.NO_AUDIO_DELTAS,
        checks.AUDIO_TRANSCRIPT,
        checks.HEARD,
        checks.OUTPUT_BUFFER_EVENTS,
    ],
    needs=[Capability.WEBRTC],
    extras=["webrtc"],
)
async def audio_answer(run: ScenarioRun) -> None:
    """An answer in audio is heard on the track; the channel carries its words, not its sound."""
    call = await run.call(session={**text_session(run), "output_modalities": ["audio"]})
    await call.events.expect("session.created")
    turn = await text_turn(call.events, "Hi", modalities=("audio",))
    run.check(
        checks.AUDIO_TRANSCRIPT,
        bool(turn.text) and turn.streamed == turn.text,
        f"expected deltas that make up {turn.text!r}, got {turn.streamed!r}",
        evidence=turn.done,
    )
    with run.judging(checks.HEARD):
        await call.received_audio.wait_audible()
    with run.judging(checks.OUTPUT_BUFFER_EVENTS):
        await call.events.expect(
            "output_audio_buffer.stopped", timeout_s=run.target.patience_s + _PLAYED_S
        )
    buffer_events = [e for e in call.events.events if e.type.startswith("output_audio_buffer.")]
    got = [
        (event.type.rpartition(".")[2], event.data.get("response_id")) for event in buffer_events
    ]
    expected = [(what, turn.response_id) for what in ("started", "stopped")]
    run.check(
        checks.OUTPUT_BUFFER_EVENTS,
        got == expected,
        f"expected {expected}, got {got}",
        evidence=buffer_events[-1] if buffer_events else None,
    )
    deltas = [e for e in call.events.events if e.type == "response.output_audio.delta"]
    run.check(
        checks.NO_AUDIO_DELTAS,
        not deltas,
        f"expected none, got {len(deltas)}",
        evidence=deltas[0] if deltas else None,
    )
