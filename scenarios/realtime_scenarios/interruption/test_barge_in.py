"""Ending a response that is in progress: by speaking, or by asking for it."""

from __future__ import annotations

import json
from typing import Any

from realtime_harness.clients.connection import ReceivedEvent, member
from realtime_harness.clients.websocket import WebSocketConnection
from realtime_harness.errors import NotClaimed
from realtime_harness.journeys.barge_in import (
    Story,
    ask_for_a_story,
    have_stories,
    wait_for_end,
)
from realtime_harness.journeys.fence import of_type, until_fence, update_session
from realtime_harness.journeys.voice_turn import Microphone
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_scenarios.interruption import checks

_STARTED = "input_audio_buffer.speech_started"
_COMMITTED = "input_audio_buffer.committed"


async def _speak(
    run: ScenarioRun, words: str, **flags: bool
) -> tuple[WebSocketConnection, Story, int]:
    """Say something while the assistant tells a story.

    Returns:
        the client, the story, and how many events had come before the first sound.

    """
    await have_stories(run)
    client = await run.websocket()
    await client.expect("session.created")
    listening = {"type": "server_vad", "silence_duration_ms": 200, **flags}
    await update_session(
        client, output_modalities=["audio"], audio={"input": {"turn_detection": listening}}
    )
    microphone = Microphone(client, run.target)
    story = await ask_for_a_story(client)
    start = len(client.events)
    await microphone.silence(300)
    await microphone.say(words)
    await microphone.silence(1_000)
    return client, story, start


@scenario(
    suite="interruption",
    checks=[
        checks.CANCELLED,
        checks.TURN_DETECTED,
        checks.STARTED_FIRST,
        checks.NO_STRAGGLERS,
        checks.NEXT_ANSWER,
        checks.CLOSE_OUT,
        checks.PARTIAL_USAGE,
    ],
    timeout_s=90.0,
)
async def speaking(run: ScenarioRun) -> None:
    """Speech cancels what the assistant is saying, and is answered."""
    client, story, start = await _speak(
        run, "stop it please", create_response=True, interrupt_response=True
    )
    with run.requiring(checks.CANCELLED):
        done = await wait_for_end(client, story)
        noticed = of_type(client.events[start:], _STARTED)
        if run.control is None and not any(event.seq < done.seq for event in noticed):
            raise NotClaimed("the response was over before speech could interrupt it")
        status = member(done.data, "response", "status")
        run.check(
            checks.CANCELLED,
            status == "cancelled",
            f"expected status cancelled, got {status}",
            evidence=done,
        )
    reason = member(done.data, "response", "status_details", "reason")
    run.check(
        checks.TURN_DETECTED,
        reason == "turn_detected",
        f"expected turn_detected, got {reason}",
        evidence=done,
    )
    run.observe(
        checks.PARTIAL_USAGE, json.dumps(member(done.data, "response", "usage")), evidence=done
    )
    with run.judging(checks.NEXT_ANSWER):
        created = next(
            (event for event in of_type(client.events[start:], "response.created")), None
        ) or await client.expect("response.created")
        answer = Story(response_id=str(member(created.data, "response", "id")), created=created)
        await wait_for_end(client, answer)
    events = await until_fence(client, since=start)
    started = of_type(events, _STARTED)
    run.check(
        checks.STARTED_FIRST,
        bool(started) and started[0].seq < done.seq,
        "expected the start of speech before response.done",
        evidence=started[0] if started else done,
    )
    closing = [e.type for e in _about(events, story) if e.seq <= done.seq]
    run.observe(checks.CLOSE_OUT, ", ".join(dict.fromkeys(closing)), evidence=done)
    _judge_stragglers(run, events, story, done)


@scenario(
    suite="interruption",
    checks=[checks.INTERRUPT_OFF, checks.STILL_DETECTED],
    timeout_s=90.0,
)
async def speaking_aside(run: ScenarioRun) -> None:
    """With both flags off speech is heard, and the assistant speaks on."""
    client, story, start = await _speak(
        run, "never mind me", create_response=False, interrupt_response=False
    )
    events = await until_fence(client, since=start, awaiting=[_STARTED, _COMMITTED])
    cancelled = [
        event
        for event in of_type(events, "response.done")
        if member(event.data, "response", "status") == "cancelled"
    ]
    run.check(
        checks.INTERRUPT_OFF,
        not cancelled,
        "expected the response to go on, it was cancelled",
        evidence=cancelled[0] if cancelled else None,
    )
    seen = [event.type for event in of_type(events, _STARTED, _COMMITTED)]
    run.check(
        checks.STILL_DETECTED,
        seen == [_STARTED, _COMMITTED],
        f"expected the start of speech and a commit, got {seen}",
    )
    await _cancel(client)
    await wait_for_end(client, story)


@scenario(
    suite="interruption",
    checks=[checks.CLIENT_CANCEL, checks.CLIENT_CANCELLED, checks.NO_STRAGGLERS],
    timeout_s=60.0,
)
async def cancelling(run: ScenarioRun) -> None:
    """What the client cancels is over, and says who has ended it."""
    await have_stories(run)
    client = await run.websocket()
    await client.expect("session.created")
    await update_session(client, output_modalities=["audio"], audio={"input": _DEAF})
    story = await ask_for_a_story(client)
    start = len(client.events)
    asked = await _cancel(client)
    with run.requiring(checks.CLIENT_CANCEL):
        done = await wait_for_end(client, story)
        status = member(done.data, "response", "status")
        if run.control is None and (done.seq < asked or await _came_too_late(client, start)):
            raise NotClaimed("the response was over before the request to cancel it was there")
        run.check(
            checks.CLIENT_CANCEL,
            status == "cancelled",
            f"expected status cancelled, got {status}",
            evidence=done,
        )
    reason = member(done.data, "response", "status_details", "reason")
    run.check(
        checks.CLIENT_CANCELLED,
        reason == "client_cancelled",
        f"expected client_cancelled, got {reason}",
        evidence=done,
    )
    _judge_stragglers(run, await until_fence(client, since=start), story, done)


async def _came_too_late(client: WebSocketConnection, start: int) -> bool:
    """Return whether a request to cancel found nothing to cancel, which nobody can help."""
    return any(
        member(event.data, "error", "code") == "response_cancel_not_active"
        for event in await until_fence(client, since=start)
    )


_DEAF: dict[str, Any] = {"turn_detection": None}


async def _cancel(client: WebSocketConnection) -> int:
    return await client.send({"type": "response.cancel"})


def _about(events: list[ReceivedEvent], story: Story) -> list[ReceivedEvent]:
    return [
        event
        for event in events
        if event.data.get("response_id") == story.response_id
        or member(event.data, "response", "id") == story.response_id
    ]


def _judge_stragglers(
    run: ScenarioRun, events: list[ReceivedEvent], story: Story, done: ReceivedEvent
) -> None:
    late = [event for event in _about(events, story) if event.seq > done.seq]
    run.check(
        checks.NO_STRAGGLERS,
        not late,
        f"expected nothing behind response.done, got {', '.join(event.type for event in late)}",
        evidence=late[0] if late else done,
    )
