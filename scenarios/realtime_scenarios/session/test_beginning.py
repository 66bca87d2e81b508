"""What a session is before anybody has changed it."""

from __future__ import annotations

from typing import Any

from realtime_harness.checks import Check
from realtime_harness.clients.connection import member
from realtime_harness.journeys.admission import knock
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.session.checks import beginning
from realtime_scenarios.session.updating import fits

_PCM = {"type": "audio/pcm", "rate": 24000}
_VAD = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "create_response": True,
    "interrupt_response": True,
}
_OFF = {"tracing": None, "prompt": None, "include": None}

_DEFAULTS: tuple[tuple[Check, dict[str, Any]], ...] = (
    (beginning.KIND, {"object": "realtime.session", "type": "realtime"}),
    (beginning.DEFAULT_MODALITIES, {"output_modalities": ["audio"]}),
    (beginning.DEFAULT_TOOLS, {"tools": [], "tool_choice": "auto"}),
    (beginning.DEFAULT_LIMIT, {"max_output_tokens": "inf"}),
    (beginning.DEFAULT_TRUNCATION, {"truncation": "auto"}),
    (beginning.DEFAULT_FORMATS, {"audio": {"input": {"format": _PCM}, "output": {"format": _PCM}}}),
    (beginning.DEFAULT_VAD, {"audio": {"input": {"turn_detection": _VAD}}}),
    (beginning.DEFAULT_SPEED, {"audio": {"output": {"speed": 1.0}}}),
    (
        beginning.DEFAULT_OFF,
        {**_OFF, "audio": {"input": {"transcription": None, "noise_reduction": None}}},
    ),
)

_OF_MODEL = {"gpt-realtime": (200, "alloy"), "gpt-realtime-2.1": (500, "marin")}
"""Milliseconds of silence and the voice, where they were recorded."""


@scenario(
    suite="session",
    checks=[
        *(check for check, _ in _DEFAULTS),
        beginning.ID,
        beginning.DEFAULT_INSTRUCTIONS,
        beginning.DEFAULT_SILENCE,
        beginning.DEFAULT_VOICE,
    ],
    needs=[Capability.WEBSOCKET],
)
async def begins(run: ScenarioRun) -> None:
    """A session shows its defaults, all of them, when it begins."""
    connection = await run.websocket()
    created = await connection.expect("session.created")
    session = member(created.data, "session")
    session = session if isinstance(session, dict) else {}
    for check, expected in _DEFAULTS:
        got = {name: session.get(name, "nothing") for name in expected}
        run.check(
            check, fits(expected, session), f"expected {expected}, got {got}", evidence=created
        )
    session_id = str(session.get("id"))
    run.check(
        beginning.ID,
        session_id.startswith("sess_"),
        f"expected sess_…, got {session_id}",
        evidence=created,
    )
    instructions = session.get("instructions")
    run.check(
        beginning.DEFAULT_INSTRUCTIONS,
        isinstance(instructions, str) and bool(instructions),
        f"expected instructions, got {instructions!r}",
        evidence=created,
    )
    for model in _OF_MODEL:
        await _judge_model(run, model)


async def _judge_model(run: ScenarioRun, model: str) -> None:
    """Judge what depends on the model, if the target lets one have it."""
    if run.target.models_are_deployments:
        for check in (beginning.DEFAULT_SILENCE, beginning.DEFAULT_VOICE):
            run.not_applicable(check, "which model is behind a deployment is not known")
        return
    knocked = await knock(run, model=model, name=model)
    if not knocked.admitted:
        for check in (beginning.DEFAULT_SILENCE, beginning.DEFAULT_VOICE):
            run.not_applicable(check, f"there is no session of {model}: {knocked.shown()}")
        return
    silence, voice = _OF_MODEL[model]
    for check, expected, path in (
        (
            beginning.DEFAULT_SILENCE,
            silence,
            ("audio", "input", "turn_detection", "silence_duration_ms"),
        ),
        (beginning.DEFAULT_VOICE, voice, ("audio", "output", "voice")),
    ):
        got = member(knocked.session, *path)
        run.check(
            check,
            got == expected,
            f"expected {expected} of {model}, got {got!r}",
            evidence=knocked.seq,
        )
