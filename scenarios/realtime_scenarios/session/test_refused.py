"""Updates that have to be refused, and that they leave no trace."""

from __future__ import annotations

from typing import Any

from realtime_harness.checks import Check
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.session.checks import refusals
from realtime_scenarios.session.updating import (
    fits,
    judge_refused,
    judge_shown,
    shown_session,
    update,
)


def _heard(**change: Any) -> dict[str, Any]:
    return {"audio": {"input": change}}


_WRONG: tuple[tuple[Check, dict[str, Any]], ...] = (
    (refusals.NO_TYPE, {"type": None, "instructions": "Of no type."}),
    (refusals.UNKNOWN_FIELD, {"colour": "green"}),
    (refusals.BETA_FIELDS, {"temperature": 0.8}),
    (refusals.BETA_FIELDS, {"voice": "alloy"}),
    (refusals.BETA_FIELDS, {"modalities": ["text"]}),
    (refusals.BETA_FIELDS, {"input_audio_format": "pcm16"}),
    (refusals.BETA_FIELDS, {"turn_detection": None}),
    (refusals.TWO_MODALITIES, {"output_modalities": ["audio", "text"]}),
    (refusals.RATE, _heard(format={"type": "audio/pcm", "rate": 16000})),
    (refusals.LIMIT_BOUNDS, {"max_output_tokens": 0}),
    (refusals.LIMIT_BOUNDS, {"max_output_tokens": 5000}),
    (refusals.SPEED_BOUNDS, {"audio": {"output": {"speed": 3.0}}}),
    (
        refusals.IDLE_BOUNDS,
        _heard(turn_detection={"type": "server_vad", "idle_timeout_ms": 100}),
    ),
    (refusals.TOOL_NAME, {"tools": [{"type": "function", "parameters": {"type": "object"}}]}),
    (refusals.UNKNOWN_VOICE, {"audio": {"output": {"voice": "nobody-speaks-like-this"}}}),
    (refusals.OTHER_TYPE, {"type": "transcription"}),
)

_RATE = "session.audio.input.format.rate"
_NAMED: dict[Check, tuple[Check, str | None, str]] = {
    # check, code if it is known, param
    refusals.NO_TYPE: (refusals.NO_TYPE_PARAM, "missing_required_parameter", "session.type"),
    refusals.UNKNOWN_FIELD: (refusals.UNKNOWN_FIELD_PARAM, "unknown_parameter", "session.colour"),
    refusals.TWO_MODALITIES: (refusals.TWO_MODALITIES_PARAM, None, "session.output_modalities"),
    refusals.RATE: (refusals.RATE_CODE, "integer_below_min_value", _RATE),
}
"""What the refusal of some of them says."""


@scenario(
    suite="session",
    checks=[
        *dict.fromkeys(check for check, _ in _WRONG),
        *(check for check, _, _ in _NAMED.values()),
        refusals.NESTED_PARAM,
        refusals.ATOMIC,
        refusals.OTHER_MODEL,
        refusals.MODEL_STAYS,
        refusals.REASONING,
    ],
    needs=[Capability.WEBSOCKET],
)
async def refuses(run: ScenarioRun) -> None:
    """Whatever is wrong with an update, it is refused, and what was right in it is not done."""
    connection = await run.websocket()
    await connection.expect("session.created")
    for check, change in _WRONG:
        answers = await update(connection, change, valid=False)
        is_refused = judge_refused(run, check, answers)
        if is_refused and check in _NAMED:
            named, code, param = _NAMED[check]
            met = answers.said("param") == param and code in (None, answers.said("code"))
            run.check(
                named,
                met,
                f"expected {code or 'any code'} and {param}, got {answers.shown()}",
                evidence=answers.refusal,
            )
    path = "session.audio.input.colour"
    answers = await update(connection, _heard(colour="green"), valid=False)
    run.check(
        refusals.NESTED_PARAM,
        answers.said("param") == path,
        f"expected the param {path}, got {answers.shown()}",
        evidence=answers.refusal or answers.seq,
    )

    await update(connection, {"instructions": "Before the wrong update."})
    half = {"instructions": "Half of a wrong update.", "hue": "green"}
    await update(connection, half, valid=False)
    judge_shown(
        run,
        refusals.ATOMIC,
        await update(connection, {}),
        {"instructions": "Before the wrong update."},
    )

    model = shown_session(await update(connection, {})).get("model")
    other = "gpt-realtime-mini" if model != "gpt-realtime-mini" else "gpt-realtime"
    judge_refused(run, refusals.OTHER_MODEL, await update(connection, {"model": other}))
    answers = await update(connection, {})
    run.check(
        refusals.MODEL_STAYS,
        fits({"model": model}, shown_session(answers)),
        f"expected the model {model}, got {shown_session(answers).get('model')}",
        evidence=answers.seq,
    )
    answers = await update(connection, {"reasoning": {"effort": "low"}})
    run.observe(refusals.REASONING, f"{answers.shown()} (model {model})", evidence=answers.seq)
