"""What a session says aloud, in each of the formats, and what it makes of sound in them."""

from __future__ import annotations

from typing import Any

from realtime_harness.audio import speech
from realtime_harness.checks import Check
from realtime_harness.clients.connection import member
from realtime_harness.clients.websocket import WebSocketConnection
from realtime_harness.journeys.fence import of_type, update_session
from realtime_harness.journeys.voice_turn import (
    PCM,
    PCMA,
    PCMU,
    Microphone,
    VoiceTurn,
    heard,
    is_understood,
    voice_turn,
)
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_scenarios.audio import checks

_BYTES_PER_MS = {"audio/pcm": 48, "audio/pcmu": 8, "audio/pcma": 8}


@scenario(
    suite="audio",
    checks=[
        checks.SOUND_COMES,
        checks.TRANSCRIPT_COMES,
        checks.FORMAT_NAMED,
        checks.WHOLE_SAMPLES,
        checks.HEARD,
        checks.PLAUSIBLE,
        checks.PCMU_ACCEPTED,
        checks.PCMU_UNDERSTOOD,
        checks.PCMU_HEARD,
        checks.PCMA_ACCEPTED,
        checks.PCMA_UNDERSTOOD,
        checks.PCMA_HEARD,
        checks.FORMAT_OVERRIDE,
        checks.OVERRIDE_HEARD,
    ],
    timeout_s=90.0,
)
async def spoken_answers(run: ScenarioRun) -> None:
    """Spoken turns in PCM16 and in both G.711 formats are what they say they are."""
    client = await run.websocket()
    await client.expect("session.created")
    microphone = Microphone(client, run.target)
    await update_session(
        client,
        output_modalities=["audio"],
        instructions="Answer in a few words.",
        audio={"input": {"turn_detection": None, "format": PCM}, "output": {"format": PCM}},
    )
    turn = await voice_turn(client, microphone, "good morning", commit=True)
    _judge_pcm(run, turn)

    for format, accepted, understood, said in (
        (PCMU, checks.PCMU_ACCEPTED, checks.PCMU_UNDERSTOOD, checks.PCMU_HEARD),
        (PCMA, checks.PCMA_ACCEPTED, checks.PCMA_UNDERSTOOD, checks.PCMA_HEARD),
    ):
        await _telephone(run, client, microphone, format, accepted, understood, said)

    await update_session(client, audio={"input": {"format": PCM}, "output": {"format": PCM}})
    microphone.format = PCM["type"]
    turn = await voice_turn(
        client,
        microphone,
        "once more",
        commit=True,
        response={"audio": {"output": {"format": PCMU}}},
    )
    named = member(turn.response, "audio", "output", "format", "type")
    run.check(
        checks.FORMAT_OVERRIDE,
        named == PCMU["type"],
        f"expected audio/pcmu, got {named}",
        evidence=turn.done,
    )
    _judge_heard(run, checks.OVERRIDE_HEARD, turn, PCMU["type"])


async def _telephone(
    run: ScenarioRun,
    client: WebSocketConnection,
    microphone: Microphone,
    format: dict[str, Any],
    accepted: Check,
    understood: Check,
    said: Check,
) -> None:
    """Have a turn in a format of telephones."""
    session = await update_session(
        client, audio={"input": {"format": format}, "output": {"format": format}}
    )
    named = [member(session, "audio", side, "format", "type") for side in ("input", "output")]
    run.check(
        accepted,
        named == [format["type"]] * 2,
        f"expected {format['type']} for both, got {named}",
    )
    microphone.format = format["type"]
    with run.requiring(understood, said):
        # Long enough to be committed, for whoever takes it for PCM16.
        turn = await voice_turn(client, microphone, "calling by telephone", commit=True)
        _judge_heard(run, said, turn, format["type"])
        if is_understood(run.target):
            # Whoever understands tones says them back.
            run.check(
                understood,
                turn.said.text in turn.transcript,
                f"expected an answer to {turn.said.text!r}, got {turn.transcript!r}",
                evidence=turn.done,
            )
        else:
            run.not_applicable(understood, "what it has understood cannot be known")
    if named[1] == format["type"]:
        response_format = member(turn.response, "audio", "output", "format", "type")
        run.check(
            checks.FORMAT_NAMED,
            response_format == format["type"],
            f"expected {format['type']}, got {response_format}",
            evidence=turn.done,
        )


def _judge_pcm(run: ScenarioRun, turn: VoiceTurn) -> None:
    deltas = of_type(turn.events, "response.output_audio.delta")
    run.check(checks.SOUND_COMES, bool(turn.sound), "expected sound, got none", evidence=turn.done)
    run.check(
        checks.TRANSCRIPT_COMES,
        bool(turn.transcript.strip()),
        "expected a transcript, got none",
        evidence=turn.done,
    )
    named = member(turn.response, "audio", "output", "format", "type")
    run.check(
        checks.FORMAT_NAMED,
        named == PCM["type"],
        f"expected audio/pcm, got {named}",
        evidence=turn.done,
    )
    split = [e for e in deltas if _length(e.data.get("delta")) % 2]
    run.check(
        checks.WHOLE_SAMPLES,
        not split,
        f"expected an even number of bytes, got {_length(split[0].data['delta']) if split else 0}",
        evidence=split[0] if split else None,
    )
    _judge_heard(run, checks.HEARD, turn, PCM["type"])
    seconds = len(turn.sound) / 48_000
    run.observe(
        checks.PLAUSIBLE,
        f"{seconds:.1f} s of sound for {len(turn.transcript)} characters",
        evidence=turn.done,
    )


def _judge_heard(run: ScenarioRun, check: Check, turn: VoiceTurn, format: str) -> None:
    """Judge that the sound of a turn is what its transcript says, if it can be read."""
    if not is_understood(run.target):
        run.not_applicable(check, "its sound cannot be read")
        return
    words = heard(turn.sound, format)
    expected_ms, found_ms = (
        speech.duration_ms(turn.transcript),
        len(turn.sound) / _BYTES_PER_MS[format],
    )
    run.check(
        check,
        words == turn.transcript,
        f"expected to hear {turn.transcript!r} ({expected_ms} ms), heard {words!r} "
        f"({found_ms:.0f} ms)",
        evidence=turn.done,
    )


def _length(delta: object) -> int:
    """Return how many bytes base64 stands for."""
    text = delta if isinstance(delta, str) else ""
    return len(text) * 3 // 4 - text[-2:].count("=")
