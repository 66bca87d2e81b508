"""What an ephemeral key opens, and what its holder may do."""

from __future__ import annotations

from typing import Any

from realtime_harness.checks import Check
from realtime_harness.clients import sdp
from realtime_harness.clients.connection import member
from realtime_harness.clients.signaling import HttpAnswer
from realtime_harness.clients.websocket import Auth
from realtime_harness.errors import TargetViolation
from realtime_harness.journeys.admission import Knock, knock
from realtime_harness.journeys.probe import probe
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.keys import checks
from realtime_scenarios.keys.minting import INSTRUCTIONS, VOICE, mint, shown, wanted

_OTHER = "Answer with two words instead."
_TOOL = {"type": "function", "name": "look_around", "parameters": {"type": "object"}}


@scenario(
    suite="keys",
    checks=[
        checks.OPENS,
        checks.SUBPROTOCOL,
        checks.REUSED,
        checks.CONFIG_APPLIES,
        checks.OVERRIDE,
        checks.OVERRIDE_TOOLS,
        checks.OVERRIDE_STAYS,
        checks.WITHOUT_MODEL,
        checks.OTHER_MODEL,
    ],
    needs=[Capability.EPHEMERAL_KEYS, Capability.WEBSOCKET],
)
async def opens_sessions(run: ScenarioRun) -> None:
    """One key opens one session after the other, and its holder changes what it came with."""
    key = await mint(run, wanted(run))
    first = await knock(run, key=key)
    _judge_admitted(run, checks.OPENS, first)
    got = _config(first)
    run.check(
        checks.CONFIG_APPLIES,
        got == (INSTRUCTIONS, ["text"], VOICE),
        f"expected the instructions, modality and voice of the key, got {got}",
        evidence=first.seq,
    )
    if first.connection is not None and first.admitted:
        await _override(run, first)
    again = await knock(run, key=key, name="again")
    _judge_admitted(run, checks.REUSED, again)
    keeps = "not " if _config(again)[0] == INSTRUCTIONS else ""
    run.observe(checks.OVERRIDE_STAYS, f"the change is {keeps}there", evidence=again.seq)
    browser = await knock(run, key=key, auth=Auth.SUBPROTOCOL, name="browser")
    _judge_admitted(run, checks.SUBPROTOCOL, browser)
    bare = await knock(run, key=key, query={}, name="without-model")
    run.observe(checks.WITHOUT_MODEL, bare.shown(), evidence=bare.seq)
    other = await knock(run, key=key, model="gpt-realtime-mini", name="other-model")
    model = other.session.get("model")
    run.observe(
        checks.OTHER_MODEL,
        f"{other.shown()}{f' with {model}' if model else ''}",
        evidence=other.seq,
    )


async def _override(run: ScenarioRun, knocked: Knock) -> None:
    """Change, as the holder of the key, what its maker decided."""
    assert knocked.connection is not None
    for check, change in (
        (checks.OVERRIDE, {"instructions": _OTHER}),
        (checks.OVERRIDE_TOOLS, {"tools": [_TOOL]}),
    ):
        update = {"type": "session.update", "session": {"type": "realtime", **change}}
        answers = await probe(knocked.connection, update, "session.updated", "error")
        updated = answers.first("session.updated")
        got = None if updated is None else member(updated.data, "session", *change)
        met = got == _OTHER if check is checks.OVERRIDE else member({"is": got}, "is", 0, "name")
        run.check(
            check,
            bool(met),
            f"expected a session.updated with it, got {got or answers.shown()}",
            evidence=updated or answers.seq,
        )


@scenario(
    suite="keys",
    checks=[checks.CALL, checks.HANGUP],
    needs=[Capability.EPHEMERAL_KEYS, Capability.WEBRTC],
    stream=False,
)
async def opens_calls(run: ScenarioRun) -> None:
    """A key with everything in it opens two calls, as a page does that is loaded again."""
    key = await mint(run, wanted(run))
    for _ in range(2):
        answer = await run.signaling.create_call(sdp.offer(), key=key)
        run.check(
            checks.CALL,
            200 <= answer.status < 300,
            f"expected a call, got {shown(answer)}",
            evidence=answer,
        )
        call_id = _call_of(answer)
        if call_id and Capability.HANGUP in run.target.capabilities:
            tried = await run.signaling.hangup(call_id, key=key)
            run.observe(checks.HANGUP, shown(tried), evidence=tried)
            await run.signaling.hangup(call_id)
    if Capability.HANGUP not in run.target.capabilities:
        run.not_applicable(checks.HANGUP, "the target does not claim hangup")


def _judge_admitted(run: ScenarioRun, check: Check, knocked: Knock) -> None:
    run.check(
        check,
        knocked.admitted,
        f"expected session.created, got {knocked.shown()}",
        evidence=knocked.seq,
    )


def _config(knocked: Knock) -> tuple[Any, ...]:
    session = knocked.session
    voice = member(session, "audio", "output", "voice")
    return session.get("instructions"), session.get("output_modalities"), voice


def _call_of(answer: HttpAnswer) -> str:
    if answer.status >= 300:
        return ""
    call_id = answer.headers.get("location", "").rpartition("/")[2]
    if not call_id:
        raise TargetViolation("expected a Location of the call, got none")
    return call_id
