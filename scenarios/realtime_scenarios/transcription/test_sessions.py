"""Sessions of type ``transcription``."""

from __future__ import annotations

from typing import Any

from realtime_harness.clients.connection import member
from realtime_harness.errors import EventNotReceived
from realtime_harness.journeys.fence import of_type, until_fence, update_session
from realtime_harness.journeys.voice_turn import Microphone
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.transcription import checks
from realtime_scenarios.transcription.told import COMPLETED

_KIND = "transcription"
_STARTED = "input_audio_buffer.speech_started"
_FLAGS = {"create_response", "interrupt_response"}


@scenario(
    suite="transcription",
    checks=[
        checks.SESSION_TYPE,
        checks.SESSION_FLAGS,
        checks.SESSION_TRANSCRIBES,
        checks.SESSION_FINDS_TURNS,
        checks.SESSION_SILENT,
        checks.SESSION_REFUSES,
        checks.SESSION_STAYS,
        checks.STREAMING_NEEDS_NO_VAD,
    ],
    needs=[Capability.TRANSCRIPTION],
    timeout_s=90.0,
)
async def only_transcribing(run: ScenarioRun) -> None:
    """A session that transcribes hears, writes down, and never answers."""
    client = await run.websocket(query={"intent": _KIND})
    created = await client.expect("session.created")
    kind = member(created.data, "session", "type")
    run.check(
        checks.SESSION_TYPE,
        kind == _KIND and member(created.data, "session", "object") == _OBJECT,
        f"expected {_KIND} and {_OBJECT}, got {kind} and "
        f"{member(created.data, 'session', 'object')}",
        evidence=created,
    )
    heard: dict[str, Any] = {
        "transcription": {"model": run.target.transcription_model},
        "turn_detection": {"type": "server_vad", "silence_duration_ms": 200},
    }
    session = await update_session(client, kind=_KIND, audio={"input": heard})
    detection = member(session, "audio", "input", "turn_detection") or {}
    run.check(
        checks.SESSION_FLAGS,
        _FLAGS.isdisjoint(detection),
        f"expected no flags about responses, got {detection}",
    )
    microphone = Microphone(client, run.target)
    await microphone.silence(300)
    start = len(client.events)
    await microphone.say("take this down")
    await microphone.silence(1_000)
    events = await until_fence(client, kind=_KIND, since=start, awaiting=[_STARTED, COMPLETED])
    run.check(
        checks.SESSION_FINDS_TURNS, bool(of_type(events, _STARTED)), "expected a turn, got none"
    )
    run.check(
        checks.SESSION_TRANSCRIBES,
        bool(of_type(events, COMPLETED)),
        f"expected {COMPLETED}, got {[event.type for event in events]}",
    )

    start = len(client.events)
    await client.send({"type": "response.create"})
    errors = of_type(await until_fence(client, kind=_KIND, since=start), "error")
    run.check(checks.SESSION_REFUSES, bool(errors), "expected an error, got none")
    answers = [e for e in client.events if e.type in ("response.created", "response.done")]
    run.check(
        checks.SESSION_SILENT,
        not answers,
        "expected no response in such a session",
        evidence=answers[0] if answers else None,
    )

    for check, update in (
        (checks.SESSION_STAYS, {"type": "realtime"}),
        (
            checks.STREAMING_NEEDS_NO_VAD,
            {
                "type": _KIND,
                "audio": {"input": {**heard, "transcription": {"model": _STREAMING}}},
            },
        ),
    ):
        await client.send({"type": "session.update", "session": update})
        try:
            answer = await client.expect("error", "session.updated")
        except EventNotReceived as missing:
            run.check(check, False, str(missing))
            continue
        run.check(
            check,
            answer.type == "error",
            f"expected an error, got {answer.type}",
            evidence=answer,
        )


_OBJECT = "realtime.transcription_session"
_STREAMING = "gpt-realtime-whisper"
