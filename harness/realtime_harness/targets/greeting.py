"""Knocking before a run: whether the key is taken, and whether it is the API that we judge."""

from __future__ import annotations

import json
from typing import Any

from realtime_harness.clients.signaling import Signaling
from realtime_harness.clients.websocket import open_websocket
from realtime_harness.errors import ConnectionRefused, KeyRefused, TargetViolation
from realtime_harness.evidence import Lane, Recorder, Redactor
from realtime_harness.shape import beta_sign
from realtime_harness.targets.capabilities import Capability
from realtime_harness.targets.target import Target

__all__ = ["greet"]

_KEY_STATUSES = frozenset({401, 403})
_KEY_CODES = frozenset(
    {"invalid_api_key", "account_deactivated", "insufficient_quota", "billing_hard_limit_reached"}
)
"""After which no client tries again (livekit-agents, ``_FATAL_ERROR_CODES``)."""
_KEY_CLOSE = 3000
"""With which OpenAI closes on a bad key (probed: https://github.com/gauravzqa/llmgw)."""
_LONGEST_S = 5.0


async def greet(target: Target) -> str:
    """Open a session, which costs nothing, and close it; return by what it is of the beta.

    Where sessions over WebSocket are not claimed, an ephemeral key is asked for instead; where
    neither is, or what comes cannot be understood, nothing can be told, and the suites judge it.

    Returns:
        the sign by which the endpoint is known to speak the beta; empty if there is none.

    Raises:
        KeyRefused: if the endpoint says that the key is no good.
        TargetUnreachable: if nothing answers at that address.

    """
    recorder = Recorder(redactor=Redactor(target.api_key))
    if Capability.WEBSOCKET in target.capabilities:
        return await _open_session(target, recorder)
    if Capability.EPHEMERAL_KEYS in target.capabilities:
        await _ask_for_key(target, recorder)
    return ""


async def _open_session(target: Target, recorder: Recorder) -> str:
    try:
        connection = await open_websocket(
            target,
            recorder,
            name="greeting",
            lane=Lane.WEBSOCKET,
            query={"model": target.model},
        )
    except ConnectionRefused as refused:
        if refused.status in _KEY_STATUSES:
            raise _refused(target, f"HTTP {refused.status}", refused.detail) from None
        return ""
    try:
        first = await connection.receive(timeout_s=min(target.patience_s, _LONGEST_S))
        if first.type != "error":
            return beta_sign(first.data)
        error = first.data.get("error")
        code = error.get("code") if isinstance(error, dict) else None
        if code not in _KEY_CODES:
            closed = await connection.wait_closed(timeout_s=min(target.patience_s, _LONGEST_S))
            if closed.code != _KEY_CLOSE:
                return ""
        message = str(error.get("message", "")) if isinstance(error, dict) else ""
        raise _refused(target, str(code or _KEY_CLOSE), recorder.redactor.text(message))
    except TargetViolation:
        return ""
    finally:
        await connection.close()


async def _ask_for_key(target: Target, recorder: Recorder) -> None:
    async with Signaling(target, recorder) as signaling:
        try:
            answer = await signaling.client_secret()
        except TargetViolation:
            return
    if answer.status in _KEY_STATUSES:
        text = recorder.redactor.text(answer.text[:500])
        raise _refused(target, f"HTTP {answer.status}", text)


def _refused(target: Target, how: str, text: str) -> KeyRefused:
    said = _message(text)
    return KeyRefused(
        target=target.name,
        said=f"{how}: {said}" if said else how,
        remedy=target.key_source or "give it another one",
    )


def _message(text: str) -> str:
    """Return what an error body says, on one line."""
    try:
        body: Any = json.loads(text)
        error = body.get("error", body)
        text = error["message"] if isinstance(error, dict) else error
    except (ValueError, AttributeError, KeyError):
        pass
    return " ".join(str(text).split())[:200].rstrip(".")
