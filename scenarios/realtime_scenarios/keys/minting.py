"""What the scenarios of ``keys`` share: asking for keys, and judging what comes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from realtime_harness.checks import Check
from realtime_harness.clients.signaling import HttpAnswer, Key
from realtime_harness.errors import TargetViolation
from realtime_harness.run import ScenarioRun

__all__ = [
    "INSTRUCTIONS",
    "VOICE",
    "ask",
    "body_of",
    "judge_envelope",
    "judge_refused",
    "mint",
    "shown",
    "wanted",
]

INSTRUCTIONS = "Answer with a single word, whatever you are asked."
VOICE = "verse"


def wanted(run: ScenarioRun) -> dict[str, Any]:
    """Return a configuration that differs from every default."""
    return {
        "type": "realtime",
        "model": run.target.model,
        "instructions": INSTRUCTIONS,
        "output_modalities": ["text"],
        "audio": {"output": {"voice": VOICE}},
    }


async def ask(run: ScenarioRun, body: Mapping[str, Any] | str, *, key: Key = None) -> HttpAnswer:
    """Ask for a key with any body; one that is text is sent as it is."""
    content = body if isinstance(body, str) else json.dumps(dict(body))
    return await run.signaling.request(
        "POST",
        "/realtime/client_secrets",
        headers={"Content-Type": "application/json"},
        content=content,
        key=key,
    )


async def mint(
    run: ScenarioRun, session: Mapping[str, Any] | None = None, *, seconds: int | None = None
) -> str:
    """Return a new key.

    Raises:
        TargetViolation: if there is none.

    """
    answer = await run.signaling.client_secret(session, expires_after_s=seconds)
    value = body_of(answer).get("value")
    if not isinstance(value, str):
        raise TargetViolation(f"expected an ephemeral key, got {shown(answer)}")
    return value


def body_of(answer: HttpAnswer) -> dict[str, Any]:
    """Return the JSON object in an answer; an empty one if there is none."""
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def judge_refused(
    run: ScenarioRun, check: Check, answer: HttpAnswer, *, status: int | None = None
) -> None:
    """Judge that a request was refused, with this status or with any 4xx."""
    met = answer.status == status if status else 400 <= answer.status < 500
    run.check(
        check, met, f"expected status {status or '4xx'}, got {shown(answer)}", evidence=answer
    )


def judge_envelope(run: ScenarioRun, check: Check, answer: HttpAnswer) -> None:
    """Judge the error object of a refusal, if something was refused."""
    if answer.status < 400:
        return
    error = answer.error or {}
    wrong = [
        f"{name} {error.get(name)!r}"
        for name, types in (("message", str), ("type", str), ("code", str | None))
        if not isinstance(error.get(name), types)
    ]
    run.check(
        check,
        not wrong,
        f"expected an object error with its members, got {', '.join(wrong)} in {shown(answer)}",
        evidence=answer,
    )


def shown(answer: HttpAnswer) -> str:
    """Return an answer for a reason."""
    return f"{answer.status}: {answer.text[:200]}"
