"""How keys are made, and what the answer says."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

from realtime_harness.checks import Check
from realtime_harness.clients.connection import member
from realtime_harness.clients.signaling import HttpAnswer
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.keys import checks
from realtime_scenarios.keys.minting import (
    INSTRUCTIONS,
    VOICE,
    ask,
    body_of,
    judge_refused,
    shown,
    wanted,
)

_NEEDS = [Capability.EPHEMERAL_KEYS]
_TOLERANCE_S = 5
"""Keys whose lifetimes are compared are made one after the other."""


@scenario(
    suite="keys",
    checks=[
        checks.MINTED,
        checks.KEY_FORMAT,
        checks.EXPIRES_AT,
        checks.SESSION_ECHO,
        checks.CONFIG_ECHO,
        checks.DEFAULTS_ECHO,
        checks.SESSION_ID,
        checks.NOT_STARTED,
        checks.MEDIA_TYPE,
        checks.REQUEST_ID,
    ],
    needs=_NEEDS,
    stream=False,
)
async def makes_a_key(run: ScenarioRun) -> None:
    """A key is made for a session of one's own, and the answer shows both."""
    answer = await run.signaling.client_secret(wanted(run))
    body = body_of(answer)
    value, expires_at = body.get("value"), body.get("expires_at")
    run.check(
        checks.MINTED,
        answer.status == 200 and isinstance(value, str) and bool(value),
        f"expected 200 and a value, got {shown(answer)}",
        evidence=answer,
    )
    run.check(
        checks.KEY_FORMAT,
        str(value).startswith("ek_"),
        f"expected ek_…, got {str(value)[:3]!r}…",
        evidence=answer,
    )
    now = _now(answer)
    run.check(
        checks.EXPIRES_AT,
        type(expires_at) is int and expires_at > now,
        f"expected an integer above {now}, got {expires_at!r}",
        evidence=answer,
    )
    _judge_session(run, answer)
    media_type = answer.headers.get("content-type", "none")
    run.check(
        checks.MEDIA_TYPE,
        media_type.partition(";")[0].strip().lower() == "application/json",
        f"expected application/json, got {media_type}",
        evidence=answer,
    )
    run.check(
        checks.REQUEST_ID,
        any(name.endswith("request-id") and given for name, given in answer.headers.items()),
        "expected a header x-request-id or one that ends like it, got none",
        evidence=answer,
    )


def _judge_session(run: ScenarioRun, answer: HttpAnswer) -> None:
    asked, session = wanted(run), body_of(answer).get("session")
    session = session if isinstance(session, dict) else {}
    got = session.get("type"), session.get("model")
    expected = asked["type"], asked["model"]
    run.check(
        checks.SESSION_ECHO,
        got[0] == expected[0] and (got[1] == expected[1] or run.target.models_are_deployments),
        f"expected type and model {expected}, got {got}",
        evidence=answer,
    )
    config = (
        session.get("instructions"),
        session.get("output_modalities"),
        member(session, "audio", "output", "voice"),
    )
    run.check(
        checks.CONFIG_ECHO,
        config == (INSTRUCTIONS, ["text"], VOICE),
        f"expected instructions, modalities and voice as asked for, got {config}",
        evidence=answer,
    )
    missing = [
        ".".join(path)
        for path in (("tools",), ("tool_choice",), ("audio", "input"), ("audio", "output", "speed"))
        if member(session, *path) is None
    ]
    run.check(
        checks.DEFAULTS_ECHO,
        not missing,
        f"expected the whole session, got one without {', '.join(missing)}",
        evidence=answer,
    )
    session_id = str(session.get("id"))
    run.check(
        checks.SESSION_ID,
        session_id.startswith("sess_"),
        f"expected sess_…, got {session_id}",
        evidence=answer,
    )
    run.check(
        checks.NOT_STARTED,
        session.get("expires_at") == 0,
        f"expected session.expires_at 0, got {session.get('expires_at')!r}",
        evidence=answer,
    )


@scenario(
    suite="keys",
    checks=[
        checks.KEYS_DIFFER,
        checks.DEFAULT_LIFETIME,
        checks.LIFETIME,
        checks.SHORTEST,
        checks.LONGEST,
        checks.TOO_SHORT,
        checks.TOO_LONG,
        checks.LIFETIME_TEXT,
        checks.LIFETIME_TYPE,
        checks.ANCHOR,
    ],
    needs=_NEEDS,
    stream=False,
)
async def lifetimes(run: ScenarioRun) -> None:
    """Keys of every lifetime are asked for, also of those that there are not."""
    minute = await run.signaling.client_secret(expires_after_s=60)
    default = await run.signaling.client_secret()
    shortest = await run.signaling.client_secret(expires_after_s=10)
    longest = await run.signaling.client_secret(expires_after_s=7200)
    hour = await run.signaling.client_secret(expires_after_s=3600)
    for check, answer in ((checks.SHORTEST, shortest), (checks.LONGEST, longest)):
        run.check(
            check,
            200 <= answer.status < 300,
            f"expected it to be granted, got {shown(answer)}",
            evidence=answer,
        )
    # Against a key of a minute, because an endpoint's clock need not be ours.
    _judge_lifetime(run, checks.DEFAULT_LIFETIME, default, minute, 600)
    _judge_lifetime(run, checks.LIFETIME, hour, minute, 3600)
    answers = (minute, default, shortest, longest, hour)
    values = [value for answer in answers if (value := body_of(answer).get("value")) is not None]
    run.check(
        checks.KEYS_DIFFER,
        len(set(values)) == len(values),
        "expected different keys, got the same one again",
        evidence=longest,
    )
    too_short = await run.signaling.client_secret(expires_after_s=9)
    judge_refused(run, checks.TOO_SHORT, too_short)
    too_long = await run.signaling.client_secret(expires_after_s=7201)
    judge_refused(run, checks.TOO_LONG, too_long)
    run.observe(checks.LIFETIME_TEXT, shown(too_short), evidence=too_short)
    session = {"type": "realtime", "model": run.target.model}
    for check, after in (
        (checks.LIFETIME_TYPE, {"anchor": "created_at", "seconds": "six hundred"}),
        (checks.ANCHOR, {"anchor": "last_active_at", "seconds": 600}),
    ):
        judge_refused(run, check, await ask(run, {"session": session, "expires_after": after}))


def _judge_lifetime(
    run: ScenarioRun, check: Check, answer: HttpAnswer, minute: HttpAnswer, seconds: int
) -> None:
    later, earlier = body_of(answer).get("expires_at"), body_of(minute).get("expires_at")
    got = later - earlier + 60 if isinstance(later, int) and isinstance(earlier, int) else None
    run.check(
        check,
        got is not None and abs(got - seconds) <= _TOLERANCE_S,
        f"expected a lifetime of {seconds} s, got {got}",
        evidence=answer,
    )


def _now(answer: HttpAnswer) -> int:
    """Return the endpoint's time, or ours if it does not tell."""
    try:
        return int(parsedate_to_datetime(answer.headers["date"]).timestamp())
    except (KeyError, ValueError):
        return int(time.time())
