"""A translation from the first word to the last."""

from __future__ import annotations

import base64
from typing import Any

from realtime_harness.audio import speech
from realtime_harness.clients.connection import ReceivedEvent, member
from realtime_harness.clients.websocket import WebSocketConnection
from realtime_harness.journeys.fence import of_type, until_fence, update_session
from realtime_harness.journeys.voice_turn import Microphone, is_understood
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.translation import checks

_PATH, _MODEL = "/realtime/translations", "gpt-realtime-translate"
_KIND = "translation"
_SOUND, _WORDS = "session.output_audio.delta", "session.output_transcript.delta"
_SOURCE = "session.input_transcript.delta"
_STEP_MS = 200


@scenario(
    suite="translation",
    checks=[
        checks.GREETED,
        checks.LANGUAGE,
        checks.TRANSCRIPT,
        checks.SOUND,
        checks.WHOLE_SAMPLES,
        checks.DESCRIBED,
        checks.HEARD,
        checks.ELAPSED,
        checks.SOURCE_OFF,
        checks.SOURCE,
        checks.NO_RESPONSES,
        checks.REFUSES,
        checks.FLUSHED,
        checks.CLOSED,
        checks.SOCKET_CLOSED,
    ],
    needs=[Capability.TRANSLATION],
    timeout_s=90.0,
)
async def translating(run: ScenarioRun) -> None:
    """What is said comes back in another language, until the client closes the session."""
    client = await run.websocket(path=_PATH, query={"model": _MODEL})
    created = await client.expect("session.created")
    kind = member(created.data, "session", "type")
    run.check(checks.GREETED, kind == _KIND, f"expected {_KIND}, got {kind}", evidence=created)
    session = await update_session(client, kind=_KIND, audio={"output": {"language": "es"}})
    language = member(session, "audio", "output", "language")
    run.check(checks.LANGUAGE, language == "es", f"expected es, got {language}")

    microphone = Microphone(client, run.target)
    microphone.event = "session.input_audio_buffer.append"
    events = await _say(client, microphone, "good morning", _WORDS, _SOUND)
    _judge(run, events)
    sources = of_type(events, _SOURCE)
    run.check(
        checks.SOURCE_OFF,
        not sources,
        "expected no transcript of what was said",
        evidence=sources[0] if sources else None,
    )
    await update_session(
        client,
        kind=_KIND,
        audio={"input": {"transcription": {"model": run.target.transcription_model}}},
    )
    events = await _say(client, microphone, "how are you", _WORDS, _SOURCE)
    run.check(
        checks.SOURCE, bool(of_type(events, _SOURCE)), f"expected {_SOURCE}, got {_kinds(events)}"
    )
    start = len(client.events)
    await client.send({"type": "response.create"})
    errors = of_type(await until_fence(client, kind=_KIND, since=start), "error")
    run.check(checks.REFUSES, bool(errors), "expected an error, got none")
    strange = [e for e in client.events if e.type.startswith(("response.", "conversation."))]
    run.check(
        checks.NO_RESPONSES,
        not [event for event in strange if ".x_" not in event.type],
        f"expected none, got {_kinds(strange)}",
        evidence=strange[0] if strange else None,
    )
    await _close(run, client, microphone)


async def _say(
    client: WebSocketConnection, microphone: Microphone, text: str, *awaiting: str
) -> list[ReceivedEvent]:
    start = len(client.events)
    await microphone.say(text)
    await microphone.silence(1_500)
    return await until_fence(client, kind=_KIND, since=start, awaiting=awaiting)


def _judge(run: ScenarioRun, events: list[ReceivedEvent]) -> None:
    """Judge what comes back of something that was said."""
    words, sounds = of_type(events, _WORDS), of_type(events, _SOUND)
    run.check(checks.TRANSCRIPT, bool(words), f"expected {_WORDS}, got {_kinds(events)}")
    run.check(checks.SOUND, bool(sounds), f"expected {_SOUND}, got {_kinds(events)}")
    pieces = [_decoded(event.data.get("delta")) for event in sounds]
    split = [e for e, piece in zip(sounds, pieces, strict=True) if piece is None or len(piece) % 2]
    run.check(
        checks.WHOLE_SAMPLES,
        not split,
        "expected base64 of an even number of bytes",
        evidence=split[0] if split else None,
    )
    for event in sounds:
        said = {name: event.data.get(name) for name in ("format", "sample_rate", "channels")}
        rate, channels = said["sample_rate"], said["channels"]
        right = (
            said["format"] in (None, "pcm16")
            and (rate is None or (isinstance(rate, int) and rate > 0))
            and (channels is None or (isinstance(channels, int) and channels > 0))
        )
        run.check(checks.DESCRIBED, right, f"expected PCM16, got {said}", evidence=event)
    if not sounds:
        run.check(checks.DESCRIBED, False, "there is no sound")
    times = [t for event in words if isinstance(t := event.data.get("elapsed_ms"), int)]
    run.check(
        checks.ELAPSED,
        times == sorted(times) and not any(t % _STEP_MS for t in times),
        f"expected steps of {_STEP_MS} ms forward, got {times}",
        evidence=words[0] if words else None,
    )
    if not is_understood(run.target):
        run.not_applicable(checks.HEARD, "its sound cannot be read")
        return
    heard = speech.decode(b"".join(piece or b"" for piece in pieces))
    claimed = "".join(str(event.data.get("delta")) for event in words)
    run.check(
        checks.HEARD,
        heard == claimed and bool(heard),
        f"expected to hear {claimed!r}, heard {heard!r}",
        evidence=sounds[0] if sounds else None,
    )


async def _close(run: ScenarioRun, client: WebSocketConnection, microphone: Microphone) -> None:
    """Close amid a sentence, and judge what comes of it."""
    start = len(client.events)
    await microphone.say("goodbye then")
    await client.send({"type": "session.close"}, valid=False)
    with run.judging(checks.CLOSED):
        await client.expect("session.closed")
    with run.judging(checks.SOCKET_CLOSED):
        await client.wait_closed()
    told = _kinds(client.events[start:])
    until = told.index("session.closed") if "session.closed" in told else len(told)
    run.check(checks.FLUSHED, _WORDS in told[:until], f"expected {_WORDS} first, got {told}")


def _decoded(delta: Any) -> bytes | None:
    try:
        return base64.b64decode(delta, validate=True)
    except (ValueError, TypeError):
        return None


def _kinds(events: list[ReceivedEvent]) -> list[str]:
    return list(dict.fromkeys(event.type for event in events))
