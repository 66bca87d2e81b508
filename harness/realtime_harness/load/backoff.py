"""How long a session stays away that was refused for now: as long as it was told to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from realtime_harness.clients.connection import member
from realtime_harness.errors import ConnectionRefused
from realtime_harness.evidence import Direction, Entry, Kind
from realtime_harness.targets.retry import retry_after_s

__all__ = ["LONGEST_S", "USUAL_S", "stay_away_s"]

USUAL_S = 1.0
"""How long a session that failed waits before it comes back, if nobody said anything else."""
LONGEST_S = 60.0
"""Whoever asks for more is asked again after that."""

_SPREAD = 0.1
"""By which share of what they were told sessions are late, so that not all come back at once."""
_TRY_AGAIN = re.compile(
    r"try again in (?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)\s*(ms|s))?", re.I
)


def stay_away_s(error: BaseException, seen: Iterable[Entry], *, place: float = 0.0) -> float:
    """Return for how long a session keeps away after it was refused for now, seconds.

    Looked at are, in this order, the headers ``retry-after-ms`` and ``Retry-After`` of a refused
    connection (the OpenAI SDKs heed both; RFC 9110, 10.2.3), "Please try again in 1m26s" of an
    error (reports such as twilio-samples/speech-assistant-openai-realtime-api-node#37), and
    ``reset_seconds`` of the limits of which ``rate_limits.updated`` says that nothing remains.

    Args:
        error: by which it was refused.
        seen: the last lines of evidence before it.
        place: of the session among all, from 0 to 1: they do not all come back at once.

    """
    told_s = _in_headers(error)
    for entry in sorted(seen, key=lambda entry: -entry.seq):
        if told_s is not None:
            break
        if entry.kind is Kind.EVENT and entry.direction is Direction.RECEIVED:
            told_s = _in_event(entry.data)
    if told_s is None:
        return USUAL_S
    return min(told_s, LONGEST_S) * (1 + _SPREAD * place)


def _in_headers(error: BaseException) -> float | None:
    if not isinstance(error, ConnectionRefused) or error.answer is None:
        return None
    headers = error.answer.headers
    milliseconds = headers.get("retry-after-ms", "").strip()
    if milliseconds.isdecimal():
        return int(milliseconds) / 1000
    told_s = retry_after_s(headers.get("retry-after"))
    return _in_text(error.answer.text) if told_s is None else told_s


def _in_event(event: Mapping[str, Any]) -> float | None:
    match event.get("type"):
        case "error":
            return _in_text(member(event, "error", "message"))
        case "response.done":
            return _in_text(member(event, "response", "status_details", "error", "message"))
        case "rate_limits.updated":
            limits = event.get("rate_limits")
            resets = [
                each["reset_seconds"]
                for each in (limits if isinstance(limits, list) else ())
                if isinstance(each, dict)
                and each.get("remaining") == 0
                and isinstance(each.get("reset_seconds"), int | float)
            ]
            return float(max(resets)) if resets else None
    return None


def _in_text(text: object) -> float | None:
    match = _TRY_AGAIN.search(text) if isinstance(text, str) else None
    if match is None or not any(match.groups()):
        return None
    hours, minutes, rest, unit = match.groups()
    seconds = float(rest or 0) / (1000 if unit == "ms" else 1)
    return 3600 * int(hours or 0) + 60 * int(minutes or 0) + seconds
