"""What an update changes, and what it leaves."""

from __future__ import annotations

from typing import Any

from realtime_harness.checks import Check
from realtime_harness.clients.connection import member
from realtime_harness.clients.websocket import WebSocketConnection
from realtime_harness.journeys.probe import Answers
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.session.checks import updates
from realtime_scenarios.session.updating import (
    fits,
    judge_refused,
    judge_shown,
    shown_session,
    update,
)

_INSTRUCTIONS = "You are being configured. Say nothing of it."
_FIRST = {"type": "function", "name": "look_up", "parameters": {"type": "object"}}
_SECOND = {"type": "function", "name": "look_down", "parameters": {"type": "object"}}
_THIRD = {"type": "function", "name": "look_ahead", "parameters": {"type": "object"}}
_PCMU, _PCM = {"type": "audio/pcmu"}, {"type": "audio/pcm", "rate": 24000}
_RATIO = {"type": "retention_ratio", "retention_ratio": 0.8}
_LOGPROBS = ["item.input_audio_transcription.logprobs"]


def _heard(**change: Any) -> dict[str, Any]:
    return {"audio": {"input": change}}


_FORMATS = {"audio": {"input": {"format": _PCMU}, "output": {"format": _PCM}}}
_TWO_TOOLS = {"tools": [_FIRST, _SECOND], "tool_choice": {"type": "function", "name": "look_up"}}
_SEMANTIC = {"type": "semantic_vad", "eagerness": "low"}
_FILLED = {"type": "server_vad", "threshold": 0.7, "prefix_padding_ms": 300}

_CHANGES: tuple[tuple[Check, dict[str, Any], dict[str, Any]], ...] = (
    # check, what is asked for, what is shown then
    (updates.TOOL_CHOICE, _TWO_TOOLS, _TWO_TOOLS),
    (updates.TOOLS, {"tools": [_THIRD], "tool_choice": "auto"}, {"tools": [_THIRD]}),
    (updates.TOOLS_CLEARED, {"tools": []}, {"tools": []}),
    (updates.TOOL_CHOICE, {"tool_choice": "none"}, {"tool_choice": "none"}),
    (updates.LIMIT, {"max_output_tokens": 123}, {"max_output_tokens": 123}),
    (updates.LIMIT, {"max_output_tokens": "inf"}, {"max_output_tokens": "inf"}),
    (updates.TRUNCATION, {"truncation": _RATIO}, {"truncation": _RATIO}),
    (updates.FORMATS, _FORMATS, _FORMATS),
    (updates.VAD_OFF, _heard(turn_detection=None), _heard(turn_detection=None)),
    (updates.VAD_KIND, _heard(turn_detection=_SEMANTIC), _heard(turn_detection=_SEMANTIC)),
    (
        updates.VAD_FILLED,
        _heard(turn_detection={"type": "server_vad", "threshold": 0.7}),
        _heard(turn_detection={**_FILLED, "create_response": True, "interrupt_response": True}),
    ),
    (
        updates.TRANSCRIPTION_ON,
        _heard(transcription={"model": "gpt-4o-transcribe"}),
        _heard(transcription={"model": "gpt-4o-transcribe"}),
    ),
    (updates.TRANSCRIPTION_OFF, _heard(transcription=None), _heard(transcription=None)),
    (
        updates.NOISE_REDUCTION,
        _heard(noise_reduction={"type": "near_field"}),
        _heard(noise_reduction={"type": "near_field"}),
    ),
    (updates.NOISE_REDUCTION, _heard(noise_reduction=None), _heard(noise_reduction=None)),
    (updates.INCLUDE, {"include": _LOGPROBS}, {"include": _LOGPROBS}),
    (updates.TRACING, {"tracing": "auto"}, {"tracing": "auto"}),
)


@scenario(
    suite="session",
    checks=[
        updates.UPDATED,
        updates.WHOLE,
        updates.REST_STAYS,
        updates.MERGES,
        updates.EMPTY,
        updates.SAME_MODEL,
        updates.INSTRUCTIONS,
        updates.INSTRUCTIONS_CLEARED,
        updates.MODALITIES,
        updates.MODALITIES_APPLY,
        *dict.fromkeys(check for check, _, _ in _CHANGES),
        updates.TRACING_FIXED,
    ],
    needs=[Capability.WEBSOCKET],
)
async def changes(run: ScenarioRun) -> None:
    """A session is changed in every way, one after the other, and shows what it is each time."""
    connection = await run.websocket()
    created = member((await connection.expect("session.created")).data, "session")
    created = created if isinstance(created, dict) else {}
    await _judge_first(run, connection, created)
    for check, change, expected in _CHANGES:
        judge_shown(run, check, await update(connection, change), expected)
    judge_refused(
        run,
        updates.TRACING_FIXED,
        await update(connection, {"tracing": {"workflow_name": "another"}}),
    )
    await _judge_modalities(run, connection)
    answers = await update(connection, {"instructions": ""})
    judge_shown(run, updates.INSTRUCTIONS_CLEARED, answers, {"instructions": ""})


async def _judge_first(
    run: ScenarioRun, connection: WebSocketConnection, created: dict[str, Any]
) -> None:
    """Judge what is shown besides what was changed."""
    before = shown_session(await update(connection, {}))
    answers = await update(connection, {"instructions": _INSTRUCTIONS})
    session = shown_session(answers)
    if run.check(
        updates.UPDATED, bool(session), f"expected session.updated, got {answers.shown()}"
    ):
        judge_shown(run, updates.INSTRUCTIONS, answers, {"instructions": _INSTRUCTIONS})
        _judge_rest(run, answers, created, before)
    else:
        for check in (updates.INSTRUCTIONS, updates.WHOLE, updates.REST_STAYS):
            run.not_applicable(check, "there is no session.updated")
    answers = await update(connection, {"audio": {"output": {"speed": 1.25}}})
    heard, said = (member(before, "audio", side) for side in ("input", "output"))
    expected = {
        "input": heard,
        "output": {**(said if isinstance(said, dict) else {}), "speed": 1.25},
    }
    judge_shown(run, updates.MERGES, answers, {"audio": expected})
    answers = await update(connection, {})
    run.check(
        updates.EMPTY,
        fits({"instructions": _INSTRUCTIONS}, shown_session(answers)),
        f"expected session.updated with all as it was, got {answers.shown()}",
        evidence=answers.seq,
    )
    model = before.get("model", run.target.model)
    answers = await update(connection, {"model": model})
    judge_shown(run, updates.SAME_MODEL, answers, {"model": model})


_NOT_SETTINGS = ("expires_at",)
"""What a session shows, and no update is about; judged in ``lifetime``."""


def _judge_rest(
    run: ScenarioRun, answers: Answers, created: dict[str, Any], before: dict[str, Any]
) -> None:
    """Judge that all is shown, and that only the instructions are not as ``before``."""
    session, updated = shown_session(answers), answers.first("session.updated")
    missing = sorted(created.keys() - session.keys())
    run.check(
        updates.WHOLE,
        not missing,
        f"expected all that session.created showed, got it without {', '.join(missing)}",
        evidence=updated,
    )
    moved = [
        f"{name}: {before[name]!r}, then {session[name]!r}"
        for name in before.keys() & session.keys() - {"instructions", *_NOT_SETTINGS}
        if before[name] != session[name]
    ]
    run.check(
        updates.REST_STAYS,
        not moved,
        f"expected what was not named to stay, got {'; '.join(sorted(moved))}",
        evidence=updated,
    )


async def _judge_modalities(run: ScenarioRun, connection: WebSocketConnection) -> None:
    answers = await update(connection, {"output_modalities": ["text"]})
    judge_shown(run, updates.MODALITIES, answers, {"output_modalities": ["text"]})
    text = {"type": "input_text", "text": "Say yes."}
    item = {"type": "message", "role": "user", "content": [text]}
    await connection.send({"type": "conversation.item.create", "item": item})
    await connection.send(
        {"type": "response.create", "response": {"metadata": {"asked_by": "session"}}}
    )
    with run.judging(updates.MODALITIES_APPLY):
        done = await connection.expect("response.done")
        got = member(done.data, "response", "output_modalities")
        run.check(
            updates.MODALITIES_APPLY,
            got == ["text"],
            f"expected a response of text, got one of {got}",
            evidence=done,
        )
