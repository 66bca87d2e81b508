"""The voice: free until the assistant is heard, and then not."""

from __future__ import annotations

from typing import Any

from realtime_harness.journeys.text_turn import text_turn
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.session.checks import voice
from realtime_scenarios.session.updating import judge_refused, judge_shown, update


def _voice(name: str, **more: Any) -> dict[str, Any]:
    return {"audio": {"output": {"voice": name}}, **more}


@scenario(
    suite="session",
    checks=[
        voice.VOICE_FREE,
        voice.VOICE_LOCKED,
        voice.VOICE_CODE,
        voice.VOICE_ATOMIC,
        voice.SAME_VOICE,
    ],
    needs=[Capability.WEBSOCKET],
)
async def locks_the_voice(run: ScenarioRun) -> None:
    """A voice is chosen, heard, and cannot be exchanged for another one."""
    connection = await run.websocket()
    await connection.expect("session.created")
    answers = await update(connection, _voice("verse", instructions="Say one word."))
    judge_shown(run, voice.VOICE_FREE, answers, _voice("verse"))
    with run.requiring(voice.VOICE_LOCKED):
        await text_turn(connection, "Say yes.", modalities=("audio",))
    other = _voice("sage", instructions="Say two words.")
    answers = await update(connection, other)
    if judge_refused(run, voice.VOICE_LOCKED, answers):
        run.check(
            voice.VOICE_CODE,
            answers.said("code") == "cannot_update_voice",
            f"expected cannot_update_voice, got {answers.shown()}",
            evidence=answers.refusal,
        )
    else:
        for check in (voice.VOICE_CODE, voice.VOICE_ATOMIC):
            run.not_applicable(check, "the update was not refused")
    same = await update(connection, _voice("verse", max_output_tokens=500))
    judge_shown(run, voice.SAME_VOICE, same, _voice("verse"))
    if answers.refusal is not None:
        after = await update(connection, {})
        judge_shown(run, voice.VOICE_ATOMIC, after, {"instructions": "Say one word."})
