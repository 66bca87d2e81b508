"""The checks of ``keys``: one sentence each, how binding it is, and who says so."""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.verdicts import Level

__all__ = [
    "ANCHOR",
    "BAD_KEY",
    "BAD_KEY_CODE",
    "CALL",
    "CHECKS",
    "CONFIG_APPLIES",
    "CONFIG_ECHO",
    "DEFAULTS_ECHO",
    "DEFAULT_LIFETIME",
    "ENVELOPE",
    "EPHEMERAL_MINTS",
    "EXPIRED",
    "EXPIRED_CALL",
    "EXPIRED_TEXT",
    "EXPIRES_AT",
    "HANGUP",
    "KEYS_DIFFER",
    "KEY_FORMAT",
    "KEY_HIDDEN",
    "LIFETIME",
    "LIFETIME_TEXT",
    "LIFETIME_TYPE",
    "LONGEST",
    "MEDIA_TYPE",
    "MINTED",
    "NOT_JSON",
    "NOT_STARTED",
    "NO_KEY",
    "NO_TYPE",
    "OPENS",
    "OTHER_MODEL",
    "OUTLIVES",
    "OVERRIDE",
    "OVERRIDE_STAYS",
    "OVERRIDE_TOOLS",
    "REQUEST_ID",
    "REUSED",
    "SESSION_ECHO",
    "SESSION_ID",
    "SHORTEST",
    "SUBPROTOCOL",
    "TOO_LONG",
    "TOO_SHORT",
    "TWO_MODALITIES",
    "TWO_MODALITIES_PARAM",
    "UNKNOWN_FIELD",
    "UNKNOWN_FIELD_CODE",
    "WITHOUT_MODEL",
    "WORKS_UNTIL",
]

_SDK = "openai Python SDK 3.52.0, types/realtime/client_secret_create_params.py"
_SDK_ANSWER = "openai Python SDK 3.52.0, types/realtime/client_secret_create_response.py"
_RECORDED = (
    "pydantic-ai cassette test_webrtc__test_create_client_secret (api.openai.com, July 2026)"
)
_GUIDE = "https://platform.openai.com/docs/guides/realtime-webrtc"
_ERRORS = "https://platform.openai.com/docs/guides/error-codes"
_BROWSER_KEYS = "https://github.com/langwatch/langwatch/pull/7066 (api.openai.com, August 2026)"
_OVERRIDE = "https://github.com/openai/openai-agents-js/issues/1278"
_PROBE = "https://github.com/gauravzqa/llmgw capabilities/captures-ws.md (probe, 2026)"
_RFC = "RFC 9110"


def _check(slug: str, level: Level, clause: str, source: str) -> Check:
    return Check(id=f"rt.keys.{slug}", level=level, clause=clause, source=source)


# -- making --------------------------------------------------------------------------------------

MINTED = _check(
    "minted",
    Level.MUST,
    "A standard key gets an ephemeral key: status 200, and a string `value`.",
    _SDK_ANSWER,
)
KEY_FORMAT = _check(
    "key-format",
    Level.SHOULD,
    "An ephemeral key starts with ek_.",
    _RECORDED,
)
KEYS_DIFFER = _check(
    "keys-differ",
    Level.MUST,
    "No two ephemeral keys are the same.",
    _SDK_ANSWER,
)
EXPIRES_AT = _check(
    "expires-at",
    Level.MUST,
    "An ephemeral key comes with `expires_at`: whole Unix seconds, in the future.",
    _SDK_ANSWER,
)
DEFAULT_LIFETIME = _check(
    "default-lifetime",
    Level.MUST,
    "A key for which no lifetime is asked lives for 600 seconds.",
    _SDK,
)
LIFETIME = _check(
    "lifetime",
    Level.MUST,
    "A key lives as long as was asked for.",
    _SDK,
)
SHORTEST = _check(
    "shortest-lifetime",
    Level.MUST,
    "A lifetime of 10 seconds, the shortest there is, is granted.",
    _SDK,
)
LONGEST = _check(
    "longest-lifetime",
    Level.MUST,
    "A lifetime of 7200 seconds, the longest there is, is granted.",
    _SDK,
)
TOO_SHORT = _check(
    "lifetime-too-short",
    Level.MUST,
    "A lifetime of 9 seconds is refused.",
    _SDK,
)
TOO_LONG = _check(
    "lifetime-too-long",
    Level.MUST,
    "A lifetime of 7201 seconds is refused.",
    _SDK,
)
LIFETIME_TEXT = _check(
    "lifetime-text",
    Level.INFO,
    "What the refusal of a lifetime that is out of bounds says.",
    _SDK,
)
LIFETIME_TYPE = _check(
    "lifetime-type",
    Level.SHOULD,
    "A lifetime that is no number is refused.",
    _SDK,
)
ANCHOR = _check(
    "anchor",
    Level.SHOULD,
    "A lifetime counted from anything but created_at is refused.",
    _SDK,
)
SESSION_ECHO = _check(
    "session-echo",
    Level.MUST,
    "The answer shows the session: its type, and the model that was asked for.",
    f"{_SDK_ANSWER}; {_RECORDED}",
)
CONFIG_ECHO = _check(
    "config-echo",
    Level.MUST,
    "The session in the answer has the instructions, the modality and the voice asked for.",
    f"{_SDK_ANSWER}; {_RECORDED}",
)
DEFAULTS_ECHO = _check(
    "defaults-echo",
    Level.SHOULD,
    "The session in the answer also shows what was not asked for, with its defaults.",
    _RECORDED,
)
SESSION_ID = _check(
    "session-id",
    Level.SHOULD,
    "The session in the answer has an id that starts with sess_.",
    f"{_SDK_ANSWER}; {_RECORDED}",
)
NOT_STARTED = _check(
    "not-started",
    Level.SHOULD,
    "The session in the answer has not started: its own `expires_at` is 0.",
    _RECORDED,
)
MEDIA_TYPE = _check(
    "media-type",
    Level.SHOULD,
    "The answer is labelled application/json.",
    _RECORDED,
)
REQUEST_ID = _check(
    "request-id",
    Level.SHOULD,
    "The answer has a header with an id of the request, for questions to the support.",
    _RECORDED,
)

# -- refusing ------------------------------------------------------------------------------------

NO_KEY = _check(
    "no-key",
    Level.MUST,
    "A request without any key is refused with 401.",
    _ERRORS,
)
BAD_KEY = _check(
    "bad-key",
    Level.MUST,
    "A request with an unknown key is refused with 401.",
    _ERRORS,
)
BAD_KEY_CODE = _check(
    "bad-key-code",
    Level.MUST,
    "The refusal of an unknown key has the code invalid_api_key.",
    f"{_ERRORS}; {_PROBE}",
)
KEY_HIDDEN = _check(
    "key-hidden",
    Level.SHOULD,
    "The refusal of an unknown key does not repeat the whole of it.",
    f"{_ERRORS}; {_PROBE}",
)
EPHEMERAL_MINTS = _check(
    "ephemeral-mints",
    Level.SHOULD,
    "An ephemeral key makes no further ones: that takes a standard key.",
    _GUIDE,
)
UNKNOWN_FIELD = _check(
    "unknown-field",
    Level.MUST,
    "A session with a field that does not exist, such as temperature, is refused with 400.",
    f"{_SDK}; {_PROBE}",
)
UNKNOWN_FIELD_CODE = _check(
    "unknown-field-code",
    Level.SHOULD,
    "The refusal of an unknown field has the code unknown_parameter, and its path as param.",
    f"{_PROBE} (the same validator, over WebSocket)",
)
TWO_MODALITIES = _check(
    "two-modalities",
    Level.MUST,
    "A session with both modalities, text and audio, is refused with 400.",
    "openai Python SDK 3.52.0, types/realtime/realtime_session_create_request.py",
)
TWO_MODALITIES_PARAM = _check(
    "two-modalities-param",
    Level.SHOULD,
    "The refusal of two modalities names session.output_modalities as param.",
    f"{_PROBE} (the same validator, over WebSocket)",
)
NO_TYPE = _check(
    "no-type",
    Level.SHOULD,
    "A session without a type is refused, with session.type as param.",
    f"{_SDK}; {_PROBE}",
)
NOT_JSON = _check(
    "not-json",
    Level.SHOULD,
    "A body that is not JSON is refused with 400.",
    f"{_RFC}, section 15.5.1; {_ERRORS}",
)
ENVELOPE = _check(
    "error-envelope",
    Level.MUST,
    "A refusal is a JSON object `error` with the strings message and type, and a code that is a "
    "string or null.",
    _ERRORS,
)

# -- using ---------------------------------------------------------------------------------------

OPENS = _check(
    "opens",
    Level.MUST,
    "An ephemeral key in the Authorization header opens a session over WebSocket.",
    f"{_SDK_ANSWER}; {_BROWSER_KEYS}",
)
SUBPROTOCOL = _check(
    "subprotocol",
    Level.MUST,
    "An ephemeral key opens a session as subprotocol openai-insecure-api-key.<key>, as in "
    "browsers.",
    f"{_GUIDE}; {_BROWSER_KEYS}",
)
REUSED = _check(
    "reused",
    Level.MUST,
    "An ephemeral key opens another session while the first one runs.",
    _SDK,
)
CONFIG_APPLIES = _check(
    "config-applies",
    Level.MUST,
    "A session that is opened with an ephemeral key starts with the key's configuration.",
    _SDK,
)
OVERRIDE = _check(
    "override",
    Level.MUST,
    "Who holds an ephemeral key may change the configuration that came with it.",
    f"{_GUIDE}; {_OVERRIDE}",
)
OVERRIDE_TOOLS = _check(
    "override-tools",
    Level.MUST,
    "Who holds an ephemeral key may add tools that its maker did not give.",
    f"{_GUIDE}; {_OVERRIDE}",
)
OVERRIDE_STAYS = _check(
    "override-stays",
    Level.INFO,
    "Whether the next session of a key has what an earlier one changed.",
    _OVERRIDE,
)
WITHOUT_MODEL = _check(
    "without-model",
    Level.INFO,
    "What an ephemeral key gets over WebSocket without a model in the URL.",
    _SDK,
)
OTHER_MODEL = _check(
    "other-model",
    Level.INFO,
    "Which model an ephemeral key gets that names another one in the URL than its own.",
    _SDK,
)
CALL = _check(
    "opens-call",
    Level.MUST,
    "An ephemeral key opens a call, with no model in the URL, and then another one.",
    f"{_GUIDE}; {_SDK}",
)
HANGUP = _check(
    "hangup",
    Level.INFO,
    "What an ephemeral key gets that hangs up its own call.",
    _GUIDE,
)

# -- time ----------------------------------------------------------------------------------------

WORKS_UNTIL = _check(
    "works-until",
    Level.MUST,
    "An ephemeral key opens sessions until it expires.",
    _SDK,
)
EXPIRED = _check(
    "expired",
    Level.MUST,
    "An ephemeral key that has expired opens no session over WebSocket.",
    _SDK,
)
EXPIRED_CALL = _check(
    "expired-call",
    Level.MUST,
    "An ephemeral key that has expired opens no call.",
    _SDK,
)
EXPIRED_TEXT = _check(
    "expired-text",
    Level.INFO,
    "What an expired key is told.",
    _SDK,
)
OUTLIVES = _check(
    "outlives",
    Level.MUST,
    "A session goes on when the key that opened it has expired.",
    _SDK,
)

CHECKS = (
    MINTED,
    KEY_FORMAT,
    KEYS_DIFFER,
    EXPIRES_AT,
    DEFAULT_LIFETIME,
    LIFETIME,
    SHORTEST,
    LONGEST,
    TOO_SHORT,
    TOO_LONG,
    LIFETIME_TEXT,
    LIFETIME_TYPE,
    ANCHOR,
    SESSION_ECHO,
    CONFIG_ECHO,
    DEFAULTS_ECHO,
    SESSION_ID,
    NOT_STARTED,
    MEDIA_TYPE,
    REQUEST_ID,
    NO_KEY,
    BAD_KEY,
    BAD_KEY_CODE,
    KEY_HIDDEN,
    EPHEMERAL_MINTS,
    UNKNOWN_FIELD,
    UNKNOWN_FIELD_CODE,
    TWO_MODALITIES,
    TWO_MODALITIES_PARAM,
    NO_TYPE,
    NOT_JSON,
    ENVELOPE,
    OPENS,
    SUBPROTOCOL,
    REUSED,
    CONFIG_APPLIES,
    OVERRIDE,
    OVERRIDE_TOOLS,
    OVERRIDE_STAYS,
    WITHOUT_MODEL,
    OTHER_MODEL,
    CALL,
    HANGUP,
    WORKS_UNTIL,
    EXPIRED,
    EXPIRED_CALL,
    EXPIRED_TEXT,
    OUTLIVES,
)
"""The catalogue."""
