"""The transcription of what the user says in a conversation."""

from __future__ import annotations

import math
from typing import Any

from realtime_harness.clients.connection import ReceivedEvent, member
from realtime_harness.clients.websocket import WebSocketConnection
from realtime_harness.journeys.fence import of_type, until_fence, update_session
from realtime_harness.journeys.voice_turn import Microphone, Said, is_understood, voice_turn
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.transcription import checks
from realtime_scenarios.transcription.told import (
    COMMITTED,
    COMPLETED,
    DELTA,
    FAILED,
    is_fair,
    transcript,
    transcriptions,
)

_LOGPROBS = "item.input_audio_transcription.logprobs"
_UNINTELLIGIBLE_FAILS = "unintelligible-fails"
_LONGEST_TRANSCRIPTION_S = 60
"""Of virtual time."""


def _audio(model: str | None) -> dict[str, Any]:
    transcription = None if model is None else {"model": model}
    return {"input": {"turn_detection": None, "transcription": transcription}}


@scenario(
    suite="transcription",
    checks=[
        checks.UNASKED,
        checks.COMPLETED,
        checks.ITEM_ID,
        checks.CONTENT_INDEX,
        checks.DELTAS_JOIN,
        checks.DELTAS_FIRST,
        checks.ONCE,
        checks.BEHIND_ITEM,
        checks.USAGE,
        checks.HEARD,
        checks.NOT_DONE_AGAIN,
        checks.NO_LOGPROBS,
        checks.LOGPROBS,
        checks.ITEM_TRANSCRIPT,
        checks.BESIDE_ANSWER,
    ],
    timeout_s=90.0,
)
async def transcribing(run: ScenarioRun) -> None:
    """What the user says is written down if the session asks for it."""
    client = await run.websocket()
    await client.expect("session.created")
    await update_session(client, output_modalities=["text"], audio=_audio(None))
    microphone = Microphone(client, run.target)
    events, _ = await _say(client, microphone, "off the record", awaiting="conversation.item.done")
    found = transcriptions(events)
    run.check(
        checks.UNASKED,
        not found,
        f"expected nothing, got {', '.join(event.type for event in found)}",
        evidence=found[0] if found else None,
    )

    await update_session(client, audio=_audio(run.target.transcription_model))
    events, said = await _say(client, microphone, "good morning", awaiting=COMPLETED)
    _judge(run, events, said)
    await _retrieve(run, client, events)

    await update_session(client, include=[_LOGPROBS])
    events, _ = await _say(client, microphone, "how sure are you", awaiting=COMPLETED)
    without = [e for e in transcriptions(events) if not e.data.get("logprobs")]
    run.check(
        checks.LOGPROBS,
        bool(of_type(events, COMPLETED)) and not without,
        f"expected logprobs, got none in {', '.join(event.type for event in without)}",
        evidence=without[0] if without else None,
    )

    start = len(client.events)
    turn = await voice_turn(client, microphone, "and what do you say", commit=True)
    events = await until_fence(client, since=start, awaiting=[COMPLETED])
    completed = of_type(events, COMPLETED)
    if completed:
        when = "before" if completed[0].seq < turn.done.seq else "behind"
        run.observe(checks.BESIDE_ANSWER, f"{when} response.done", evidence=completed[0])
    else:
        run.observe(checks.BESIDE_ANSWER, "it was not completed")


async def _say(
    client: WebSocketConnection, microphone: Microphone, text: str, *, awaiting: str
) -> tuple[list[ReceivedEvent], Said]:
    """Say something, commit it, and return what comes of it."""
    start = len(client.events)
    said = await microphone.say(text)
    await client.send({"type": "input_audio_buffer.commit"})
    return await until_fence(client, since=start, awaiting=[awaiting]), said


def _judge(run: ScenarioRun, events: list[ReceivedEvent], said: Said) -> None:
    """Judge a transcription that was asked for."""
    about, deltas = transcriptions(events), of_type(events, DELTA)
    completed, committed = of_type(events, COMPLETED), of_type(events, COMMITTED)
    kinds = [event.type for event in about]
    if not run.check(checks.COMPLETED, bool(completed), f"expected {COMPLETED}, got {kinds}"):
        return
    end = completed[0]
    run.check(checks.ONCE, len(completed) == 1, f"expected one, got {len(completed)}", evidence=end)
    added = [member(e.data, "item", "id") for e in of_type(events, "conversation.item.added")]
    for event in about:
        named = event.data.get("item_id")
        run.check(
            checks.ITEM_ID,
            [named] == added[:1],
            f"expected {added[:1]}, got {named} in {event.type}",
            evidence=event,
        )
        index = event.data.get("content_index")
        run.check(
            checks.CONTENT_INDEX,
            index == 0,
            f"expected 0, got {index} in {event.type}",
            evidence=event,
        )
        run.check(
            checks.NO_LOGPROBS,
            not event.data.get("logprobs"),
            f"expected none, got some in {event.type}",
            evidence=event,
        )
    joined = "".join(str(event.data.get("delta") or "") for event in deltas)
    words = transcript(events)
    run.check(
        checks.DELTAS_JOIN,
        joined.split() == words.split(),
        f"expected {words!r}, got {joined!r}",
        evidence=end,
    )
    late = [event for event in deltas if event.seq > end.seq]
    run.check(
        checks.DELTAS_FIRST,
        not late,
        f"expected no delta behind {COMPLETED}, got {len(late)}",
        evidence=late[0] if late else end,
    )
    run.check(
        checks.BEHIND_ITEM,
        bool(committed) and committed[0].seq < end.seq,
        f"expected {COMMITTED} first",
        evidence=end,
    )
    usage = end.data.get("usage")
    run.check(checks.USAGE, is_fair(usage), f"expected a usage, got {usage}", evidence=end)
    if is_understood(run.target):
        run.check(
            checks.HEARD,
            words == said.text,
            f"expected {said.text!r}, got {words!r}",
            evidence=end,
        )
    else:
        run.not_applicable(checks.HEARD, "what a recognizer understands is not judged")
    again = [
        event
        for event in of_type(events, "conversation.item.done")
        if event.seq > end.seq and [member(event.data, "item", "id")] == added[:1]
    ]
    run.check(
        checks.NOT_DONE_AGAIN,
        not again,
        "expected conversation.item.done once",
        evidence=again[0] if again else end,
    )


async def _retrieve(
    run: ScenarioRun, client: WebSocketConnection, events: list[ReceivedEvent]
) -> None:
    added = of_type(events, "conversation.item.added")
    item_id = member(added[0].data, "item", "id") if added else None
    if not isinstance(item_id, str):
        run.observe(checks.ITEM_TRANSCRIPT, "there is no item")
        return
    await client.send({"type": "conversation.item.retrieve", "item_id": item_id})
    answer = await client.expect("conversation.item.retrieved", "error")
    found = member(answer.data, "item", "content", 0, "transcript")
    run.observe(
        checks.ITEM_TRANSCRIPT,
        "it has none" if found is None else f"it has {found!r}",
        evidence=answer,
    )


@scenario(
    suite="transcription",
    checks=[
        checks.FAILED,
        checks.FAILED_ALONE,
        checks.FAILED_GOES_ON,
        checks.FAILED_NO_ERROR,
    ],
    needs=[Capability.CONTROL],
)
async def failing(run: ScenarioRun) -> None:
    """What cannot be transcribed is told as such, and answered all the same."""
    control = await run.enter_virtual_time()
    switched = run.target.switches
    await control.switches(
        defects=switched.get("defects", []),
        behaviours=[*switched.get("behaviours", []), _UNINTELLIGIBLE_FAILS],
    )
    client = await run.websocket()
    await client.expect("session.created")
    await update_session(
        client, output_modalities=["text"], audio=_audio(run.target.transcription_model)
    )
    start = len(client.events)
    await Microphone(client, run.target).send(_hum(600))
    await client.send({"type": "input_audio_buffer.commit"})
    await client.send({"type": "response.create"})
    await client.expect("response.done")
    await control.advance(_LONGEST_TRANSCRIPTION_S)
    events = await until_fence(client, since=start, awaiting=[FAILED])
    failed, added = of_type(events, FAILED), of_type(events, "conversation.item.added")
    right = bool(failed and added) and (
        failed[0].data.get("item_id") == member(added[0].data, "item", "id")
        and isinstance(member(failed[0].data, "error", "message"), str)
    )
    run.check(
        checks.FAILED,
        right,
        f"expected {FAILED} with item and error, got {[e.data for e in failed]}",
        evidence=failed[0] if failed else None,
    )
    completed = of_type(events, COMPLETED)
    run.check(
        checks.FAILED_ALONE,
        not completed,
        f"expected {FAILED} alone",
        evidence=completed[0] if completed else None,
    )
    done = of_type(events, "response.done")
    status = member(done[0].data, "response", "status") if done else "no response"
    run.check(
        checks.FAILED_GOES_ON,
        status == "completed",
        f"expected a completed response, got {status}",
        evidence=done[0] if done else None,
    )
    errors = of_type(events, "error")
    run.check(
        checks.FAILED_NO_ERROR,
        not errors,
        "expected no error beside it",
        evidence=errors[0] if errors else None,
    )


def _hum(ms: int) -> bytes:
    """Return a chord, which has no words in it: 24 kHz mono PCM16."""
    samples = (round(6_000 * (math.sin(n * 0.03) + math.sin(n * 0.071))) for n in range(24 * ms))
    return b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)
