"""The checks of ``lifetime``: one sentence each, how binding it is, and who says so."""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.verdicts import Level

__all__ = [
    "APART_EVENTS",
    "APART_IDS",
    "APART_ITEMS",
    "APART_SETTINGS",
    "CHECKS",
    "CLOSE_ECHO",
    "ENDS",
    "ENDS_WITH_CLIENT",
    "ENDS_WITH_LOSS",
    "EXPIRES_AHEAD",
    "EXPIRES_FIXED",
    "EXPIRES_IN_AN_HOUR",
    "EXPIRY_CLOSE",
    "EXPIRY_ERROR",
    "EXPIRY_TEXT",
    "LIVES",
    "PONG",
    "PONG_TIME",
]

_RECORDED = "pydantic-ai cassettes test_openai_ws__* (api.openai.com, July 2026): expires_at"
_GUIDE = "https://developers.openai.com/api/docs/guides/realtime-conversations"
_HOUR = f"{_GUIDE}: the maximum duration of a session is 60 minutes"
_EXPIRED = "https://github.com/openai/openai-agents-js/issues/1278; pydantic-ai, OpenAI realtime"
_PROBE = "https://github.com/gauravzqa/llmgw capabilities/captures-ws.md (probe, 2026)"


def _check(slug: str, level: Level, clause: str, source: str) -> Check:
    return Check(id=f"rt.lifetime.{slug}", level=level, clause=clause, source=source)


# -- an hour ---------------------------------------------------------------------------------------

EXPIRES_AHEAD = _check(
    "expires-ahead",
    Level.MUST,
    "session.created names as expires_at a time that lies ahead, in Unix seconds.",
    _RECORDED,
)
EXPIRES_IN_AN_HOUR = _check(
    "expires-in-an-hour",
    Level.SHOULD,
    "That time is an hour ahead.",
    f"{_RECORDED}; {_HOUR}",
)
EXPIRES_FIXED = _check(
    "expires-fixed",
    Level.SHOULD,
    "An update of the session does not move expires_at.",
    f"{_RECORDED}; {_EXPIRED}: nothing prolongs a session",
)
LIVES = _check(
    "lives-its-hour",
    Level.MUST,
    "A minute before expires_at the session answers, though nothing was said for an hour.",
    f"{_HOUR}; {_PROBE}: silence does not end a session",
)
ENDS = _check(
    "ends",
    Level.MUST,
    "Behind expires_at the service closes the connection.",
    _HOUR,
)
EXPIRY_ERROR = _check(
    "expiry-error",
    Level.SHOULD,
    "Before it closes, it says so in an error with the code session_expired.",
    _EXPIRED,
)
EXPIRY_CLOSE = _check(
    "expiry-close-code",
    Level.SHOULD,
    "It closes with 1001.",
    _EXPIRED,
)
EXPIRY_TEXT = _check(
    "expiry-text",
    Level.INFO,
    "What the error and the close frame say.",
    _EXPIRED,
)

# -- the socket ------------------------------------------------------------------------------------

PONG = _check(
    "pong",
    Level.MUST,
    "A ping is answered with a pong.",
    "RFC 6455, section 5.5.2",
)
PONG_TIME = _check(
    "pong-time",
    Level.INFO,
    "How long a pong takes.",
    "RFC 6455, section 5.5.3",
)
CLOSE_ECHO = _check(
    "close-answered",
    Level.SHOULD,
    "A close with 1000 is answered with 1000.",
    f"{_PROBE}; RFC 6455, section 5.5.1",
)
ENDS_WITH_CLIENT = _check(
    "ends-with-client",
    Level.SHOULD,
    "A session over WebSocket ends when its client closes the socket.",
    f"{_GUIDE}: a session is the interaction with one connected client",
)
ENDS_WITH_LOSS = _check(
    "ends-with-loss",
    Level.SHOULD,
    "A session over WebSocket ends when the connection of its client breaks.",
    f"{_GUIDE}: a session is the interaction with one connected client",
)

# -- sessions apart --------------------------------------------------------------------------------

APART_EVENTS = _check(
    "apart-events",
    Level.MUST,
    "Nothing that happens in one session is told in another.",
    f"{_GUIDE}: a session is the interaction with one connected client",
)
APART_IDS = _check(
    "apart-ids",
    Level.SHOULD,
    "Two sessions have different ids.",
    _RECORDED,
)
APART_ITEMS = _check(
    "apart-items",
    Level.MUST,
    "An item of one session cannot be retrieved in another.",
    f"{_GUIDE}: a conversation belongs to its session",
)
APART_SETTINGS = _check(
    "apart-settings",
    Level.MUST,
    "An update of one session changes no other.",
    "openai Python SDK 3.52.0, docstring of session_update_event.py",
)

CHECKS = (
    EXPIRES_AHEAD,
    EXPIRES_IN_AN_HOUR,
    EXPIRES_FIXED,
    LIVES,
    ENDS,
    EXPIRY_ERROR,
    EXPIRY_CLOSE,
    EXPIRY_TEXT,
    PONG,
    PONG_TIME,
    CLOSE_ECHO,
    ENDS_WITH_CLIENT,
    ENDS_WITH_LOSS,
    APART_EVENTS,
    APART_IDS,
    APART_ITEMS,
    APART_SETTINGS,
)
"""The catalogue."""
