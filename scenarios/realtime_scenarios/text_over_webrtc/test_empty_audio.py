"""Text chats on calls whose audio section carries nothing: it is there because it has to be."""

from __future__ import annotations

from realtime_harness.journeys.text_turn import Turn, text_turn
from realtime_harness.run import Audio, ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.text_over_webrtc import checks
from realtime_scenarios.text_over_webrtc.judging import (
    judge_complete,
    judge_session_ends,
    judge_text_turn,
    text_session,
    tokens,
)

_VARIANT = [checks.OPENS, checks.NO_INPUT_AUDIO_TOKENS, checks.NO_OUTPUT_AUDIO_TOKENS]
_NEEDS = [Capability.WEBRTC]
_EXTRAS = ["webrtc"]


@scenario(
    suite="text_over_webrtc",
    checks=[
        *_VARIANT,
        checks.CREATED_FIRST,
        checks.SESSION_CONFIG,
        checks.TURN_COMPLETE,
        checks.TURN_ORDER,
        checks.TEXT_ONLY,
        checks.TEXT_TOKENS,
        checks.SECOND_TURN,
        checks.PREVIOUS_ITEM,
        checks.HISTORY_IS_INPUT,
        checks.SESSION_ENDS,
    ],
    needs=_NEEDS,
    extras=_EXTRAS,
)
async def silent_track(run: ScenarioRun) -> None:
    """A chat of two turns on a call with a silent track, from greeting to hanging up."""
    session = text_session(run)
    with run.requiring(checks.OPENS):
        call = await run.call(audio=Audio.SILENT_TRACK, session=session)
        first = await call.events.receive()
    run.check(
        checks.CREATED_FIRST,
        first.type == "session.created",
        f"expected session.created, got {first.type}",
        evidence=first,
    )
    is_greeting = first.type == "session.created"
    greeting = first if is_greeting else await call.events.expect("session.created")
    shown = greeting.data.get("session") or {}
    for member in ("model", "instructions", "output_modalities"):
        run.check(
            checks.SESSION_CONFIG,
            shown.get(member) == session[member],
            f"expected {member} {session[member]!r}, got {shown.get(member)!r}",
            evidence=greeting,
        )

    with run.requiring(checks.TURN_COMPLETE):
        turn = await text_turn(call.events, "Say hello.")
    judge_text_turn(run, turn)
    _judge_audio_tokens(run, turn)

    with run.requiring(checks.SECOND_TURN):
        second = await text_turn(call.events, "And again.")
    judge_complete(run, second)
    _judge_second_turn(run, turn, second)
    _judge_audio_tokens(run, second)

    await judge_session_ends(run, call)


@scenario(suite="text_over_webrtc", checks=_VARIANT, needs=_NEEDS, extras=_EXTRAS)
async def track_without_frames(run: ScenarioRun) -> None:
    """A text turn on a call whose track never sends a frame, as the empty one of Web Audio."""
    await _one_turn(run, Audio.NO_FRAMES_TRACK)


@scenario(suite="text_over_webrtc", checks=_VARIANT, needs=_NEEDS, extras=_EXTRAS)
async def no_track(run: ScenarioRun) -> None:
    """A text turn on a call whose transceiver has no track."""
    await _one_turn(run, Audio.NO_TRACK)


@scenario(suite="text_over_webrtc", checks=_VARIANT, needs=_NEEDS, extras=_EXTRAS)
async def recvonly(run: ScenarioRun) -> None:
    """A text turn on a call that only wants to listen."""
    await _one_turn(run, Audio.RECVONLY)


async def _one_turn(run: ScenarioRun, audio: Audio) -> None:
    with run.requiring(checks.OPENS):
        call = await run.call(audio=audio, session=text_session(run))
        await call.events.expect("session.created")
    _judge_audio_tokens(run, await text_turn(call.events, "Say hello."))


def _judge_audio_tokens(run: ScenarioRun, turn: Turn) -> None:
    for check, details in (
        (checks.NO_INPUT_AUDIO_TOKENS, "input_token_details"),
        (checks.NO_OUTPUT_AUDIO_TOKENS, "output_token_details"),
    ):
        spent = tokens(turn, details, "audio_tokens")
        run.check(
            check, spent == 0, f"expected 0 {details}.audio_tokens, got {spent}", evidence=turn.done
        )


def _judge_second_turn(run: ScenarioRun, first: Turn, second: Turn) -> None:
    run.check(
        checks.SECOND_TURN,
        second.response_id != first.response_id,
        f"expected a new response, got {second.response_id} again",
        evidence=second.done,
    )
    answer = (first.response.get("output") or [{}])[-1].get("id")
    added = next(event for event in second.events if event.type == "conversation.item.added")
    previous = added.data.get("previous_item_id")
    run.check(
        checks.PREVIOUS_ITEM,
        previous == answer,
        f"expected the first answer, {answer}, got {previous}",
        evidence=added,
    )
    before, after = (tokens(t, "input_token_details", "text_tokens") or 0 for t in (first, second))
    run.check(
        checks.HISTORY_IS_INPUT,
        after > before,
        f"expected more than the first turn's {before} input text tokens, got {after}",
        evidence=second.done,
    )
