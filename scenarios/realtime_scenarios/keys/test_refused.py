"""Requests for keys that have to be refused."""

from __future__ import annotations

from realtime_harness.clients.signaling import NO_KEY
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.keys import checks
from realtime_scenarios.keys.minting import ask, judge_envelope, judge_refused, mint, shown

_NEEDS = [Capability.EPHEMERAL_KEYS]
_NOBODYS = "sk-nobody-issued-this-key-000000000000"


@scenario(
    suite="keys",
    checks=[
        checks.NO_KEY,
        checks.BAD_KEY,
        checks.BAD_KEY_CODE,
        checks.KEY_HIDDEN,
        checks.EPHEMERAL_MINTS,
        checks.ENVELOPE,
    ],
    needs=_NEEDS,
    stream=False,
)
async def without_authority(run: ScenarioRun) -> None:
    """Who has no standard key gets no ephemeral one."""
    session = {"session": {"type": "realtime", "model": run.target.model}}
    answer = await ask(run, session, key=NO_KEY)
    judge_refused(run, checks.NO_KEY, answer, status=401)
    judge_envelope(run, checks.ENVELOPE, answer)
    answer = await ask(run, session, key=_NOBODYS)
    judge_refused(run, checks.BAD_KEY, answer, status=401)
    judge_envelope(run, checks.ENVELOPE, answer)
    code = (answer.error or {}).get("code")
    run.check(
        checks.BAD_KEY_CODE,
        code == "invalid_api_key",
        f"expected invalid_api_key, got {code!r}",
        evidence=answer,
    )
    run.check(
        checks.KEY_HIDDEN,
        _NOBODYS not in answer.text,
        "expected the key to be masked, got all of it",
        evidence=answer,
    )
    answer = await ask(run, session, key=await mint(run))
    judge_refused(run, checks.EPHEMERAL_MINTS, answer)
    judge_envelope(run, checks.ENVELOPE, answer)


@scenario(
    suite="keys",
    checks=[
        checks.UNKNOWN_FIELD,
        checks.UNKNOWN_FIELD_CODE,
        checks.TWO_MODALITIES,
        checks.TWO_MODALITIES_PARAM,
        checks.NO_TYPE,
        checks.NOT_JSON,
        checks.ENVELOPE,
    ],
    needs=_NEEDS,
    stream=False,
)
async def wrong_sessions(run: ScenarioRun) -> None:
    """No key is made for a session that cannot be."""
    session = {"type": "realtime", "model": run.target.model}
    answer = await ask(run, {"session": {**session, "temperature": 0.8}})
    judge_refused(run, checks.UNKNOWN_FIELD, answer, status=400)
    judge_envelope(run, checks.ENVELOPE, answer)
    error = answer.error or {}
    run.check(
        checks.UNKNOWN_FIELD_CODE,
        (error.get("code"), error.get("param")) == ("unknown_parameter", "session.temperature"),
        f"expected unknown_parameter and session.temperature, got {shown(answer)}",
        evidence=answer,
    )
    answer = await ask(run, {"session": {**session, "output_modalities": ["audio", "text"]}})
    judge_refused(run, checks.TWO_MODALITIES, answer, status=400)
    judge_envelope(run, checks.ENVELOPE, answer)
    run.check(
        checks.TWO_MODALITIES_PARAM,
        (answer.error or {}).get("param") == "session.output_modalities",
        f"expected session.output_modalities, got {shown(answer)}",
        evidence=answer,
    )
    answer = await ask(run, {"session": {"model": run.target.model}})
    run.check(
        checks.NO_TYPE,
        400 <= answer.status < 500 and (answer.error or {}).get("param") == "session.type",
        f"expected status 4xx and the param session.type, got {shown(answer)}",
        evidence=answer,
    )
    answer = await ask(run, '{"session": {"type": "realtime"')
    judge_refused(run, checks.NOT_JSON, answer, status=400)
    judge_envelope(run, checks.ENVELOPE, answer)
