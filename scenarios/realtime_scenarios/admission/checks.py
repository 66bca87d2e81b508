"""The checks of ``admission``: one sentence each, how binding it is, and who says so."""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.verdicts import Level

__all__ = [
    "ADMITTED",
    "BAD_KEY",
    "BAD_KEY_CODE",
    "BAD_KEY_REASON",
    "BAD_SUBPROTOCOL_KEY",
    "BETA_CODE",
    "BETA_HEADER",
    "BETA_PATHS",
    "BETA_SUBPROTOCOL",
    "CHECKS",
    "CLOSED",
    "EMPTY_KEY",
    "ERROR_SHAPE",
    "GONE_MODEL",
    "INTENT",
    "KEY_HIDDEN",
    "KEY_NOT_SELECTED",
    "KEY_NUMBER",
    "MODEL",
    "NO_KEY",
    "NO_MODEL",
    "NO_MODEL_CODE",
    "ONE_ERROR",
    "REQUEST_NUMBER",
    "SUBPROTOCOL",
    "SUBPROTOCOL_KEY",
    "TRANSCRIBER",
    "TRANSCRIBER_TEXT",
    "UNKNOWN_CALL",
    "UNKNOWN_INTENT",
    "UNKNOWN_MODEL",
    "UNKNOWN_MODEL_CODE",
]

_PROBE = (
    "https://github.com/gauravzqa/llmgw capabilities/captures-ws.md (probe of api.openai.com, 2026)"
)
_AZURE = "https://github.com/swigerb/SonicAIDriveThru tests/conformance (probe of Azure, 2026)"
_GUIDE = "https://platform.openai.com/docs/guides/realtime-websocket"
_REFERENCE = "OpenAI Realtime API reference, server events"
_SDK = "openai Python SDK 3.52.0, types/realtime/realtime_error.py"
_BROWSER_KEYS = "https://github.com/langwatch/langwatch/pull/7066 (api.openai.com, August 2026)"
_GATEWAY = "https://github.com/api7/aisix/issues/725"
_BETA = (
    "https://github.com/api7/aisix/issues/1061; https://github.com/langwatch/scenario/issues/602"
)
_DEPRECATIONS = "https://platform.openai.com/docs/deprecations"
_TRANSCRIBER = "https://community.openai.com/t/1148799; https://community.openai.com/t/1150037"
_NOT_FOUND = "https://community.openai.com/t/1396002 (answer of api.openai.com, September 2026)"
_CONNECT = "openai Python SDK 3.52.0, resources/realtime/realtime.py, connect"
_RFC = "RFC 6455, section 4.2.2"


def _check(slug: str, level: Level, clause: str, source: str) -> Check:
    return Check(id=f"rt.admission.{slug}", level=level, clause=clause, source=source)


# -- good callers --------------------------------------------------------------------------------

ADMITTED = _check(
    "admitted",
    Level.MUST,
    "A good key and a model get a session: the first event is session.created.",
    f"{_GUIDE}; {_PROBE}",
)
MODEL = _check(
    "model",
    Level.MUST,
    "The session is one of the model in the URL.",
    f"{_GUIDE}; pydantic-ai cassettes test_openai_ws__*",
)
SUBPROTOCOL_KEY = _check(
    "subprotocol-key",
    Level.MUST,
    "A standard key is taken as subprotocol openai-insecure-api-key.<key>, from clients that "
    "cannot set headers.",
    f"{_GUIDE}; {_BROWSER_KEYS}",
)
SUBPROTOCOL = _check(
    "subprotocol-selected",
    Level.SHOULD,
    "Of the subprotocols offered, realtime is selected: browsers drop a connection that selects "
    "none.",
    f"{_RFC}; {_GATEWAY}",
)
KEY_NOT_SELECTED = _check(
    "key-not-selected",
    Level.SHOULD,
    "The subprotocol that carries the key is not the one selected, which would repeat the key.",
    f"{_GATEWAY}; {_GUIDE}",
)
INTENT = _check(
    "intent-realtime",
    Level.SHOULD,
    "A caller with the intent realtime beside the model gets a session of type realtime.",
    _CONNECT,
)
UNKNOWN_INTENT = _check(
    "unknown-intent",
    Level.INFO,
    "What an intent gets that does not exist.",
    _CONNECT,
)

# -- keys ----------------------------------------------------------------------------------------

NO_KEY = _check(
    "no-key",
    Level.MUST,
    "A caller without a key gets no session.",
    f"{_PROBE}; {_AZURE}",
)
KEY_NUMBER = _check(
    "key-number",
    Level.MUST,
    "A caller without a good key is closed with 3000, or its handshake is refused with 401.",
    f"{_PROBE}; {_AZURE}",
)
EMPTY_KEY = _check(
    "empty-key",
    Level.MUST,
    "A caller whose Authorization header has no key in it gets no session.",
    _PROBE,
)
BAD_KEY = _check(
    "bad-key",
    Level.MUST,
    "A caller with an unknown key gets no session.",
    f"{_PROBE}; {_GUIDE}",
)
BAD_KEY_CODE = _check(
    "bad-key-code",
    Level.SHOULD,
    "The refusal of an unknown key has the code invalid_api_key.",
    _PROBE,
)
BAD_KEY_REASON = _check(
    "bad-key-reason",
    Level.SHOULD,
    "The close frame behind an unknown key has the reason invalid_request_error.invalid_api_key.",
    _PROBE,
)
KEY_HIDDEN = _check(
    "key-hidden",
    Level.SHOULD,
    "The refusal of an unknown key does not repeat the whole of it.",
    _PROBE,
)
BAD_SUBPROTOCOL_KEY = _check(
    "bad-subprotocol-key",
    Level.MUST,
    "An unknown key as subprotocol gets no session.",
    f"{_PROBE}; {_GUIDE}",
)

# -- models --------------------------------------------------------------------------------------

NO_MODEL = _check(
    "no-model",
    Level.MUST,
    "A standard key that names no model, intent or call gets no session.",
    f"{_PROBE}; {_CONNECT}",
)
NO_MODEL_CODE = _check(
    "no-model-code",
    Level.SHOULD,
    "The refusal of a caller without a model has the code missing_model.",
    _PROBE,
)
UNKNOWN_MODEL = _check(
    "unknown-model",
    Level.MUST,
    "A model that does not exist gets no session.",
    _PROBE,
)
REQUEST_NUMBER = _check(
    "request-number",
    Level.SHOULD,
    "Who is refused for what it asks for is closed with 4000 or 4004, or its handshake is refused "
    "with 4xx.",
    _PROBE,
)
UNKNOWN_MODEL_CODE = _check(
    "unknown-model-code",
    Level.SHOULD,
    "The refusal of an unknown model has the code invalid_model or model_not_found.",
    _PROBE,
)
GONE_MODEL = _check(
    "gone-model",
    Level.SHOULD,
    "A model of the beta, gpt-4o-realtime-preview, gets no session: it was removed.",
    _DEPRECATIONS,
)
TRANSCRIBER = _check(
    "transcription-model",
    Level.SHOULD,
    "A model that transcribes gets no session when it stands where the model of the session "
    "belongs.",
    _TRANSCRIBER,
)
TRANSCRIBER_TEXT = _check(
    "transcription-model-text",
    Level.INFO,
    "What the refusal of a model that transcribes says.",
    _TRANSCRIBER,
)
UNKNOWN_CALL = _check(
    "unknown-call",
    Level.MUST,
    "A call_id that does not exist gets no session of its own.",
    _NOT_FOUND,
)

# -- refusals ------------------------------------------------------------------------------------

ONE_ERROR = _check(
    "one-error",
    Level.SHOULD,
    "Who is refused in the socket gets a single error event and nothing else.",
    _PROBE,
)
CLOSED = _check(
    "closed",
    Level.MUST,
    "Who is refused in the socket is closed, and not left waiting.",
    _PROBE,
)
ERROR_SHAPE = _check(
    "error-shape",
    Level.MUST,
    "A refusal says why, in an error with a type and a message, whether in an event or a body.",
    f"{_SDK}; https://platform.openai.com/docs/guides/error-codes",
)

# -- the beta ------------------------------------------------------------------------------------

BETA_HEADER = _check(
    "beta-header",
    Level.SHOULD,
    "A caller with the header OpenAI-Beta: realtime=v1 is refused: that API is gone.",
    f"{_PROBE}; {_BETA}",
)
BETA_SUBPROTOCOL = _check(
    "beta-subprotocol",
    Level.SHOULD,
    "A caller with the subprotocol openai-beta.realtime-v1 is refused.",
    f"{_PROBE}; {_BETA}",
)
BETA_CODE = _check(
    "beta-code",
    Level.SHOULD,
    "The refusal of a caller of the beta has the code beta_api_shape_disabled.",
    f"{_PROBE}; {_BETA}",
)
BETA_PATHS = _check(
    "beta-paths",
    Level.SHOULD,
    "The paths of the beta lead nowhere: POST to /realtime/sessions makes no key, and an offer "
    "posted to /realtime opens no call.",
    f"{_DEPRECATIONS}; {_BETA}",
)

CHECKS = (
    ADMITTED,
    MODEL,
    SUBPROTOCOL_KEY,
    SUBPROTOCOL,
    KEY_NOT_SELECTED,
    INTENT,
    UNKNOWN_INTENT,
    NO_KEY,
    KEY_NUMBER,
    EMPTY_KEY,
    BAD_KEY,
    BAD_KEY_CODE,
    BAD_KEY_REASON,
    KEY_HIDDEN,
    BAD_SUBPROTOCOL_KEY,
    NO_MODEL,
    NO_MODEL_CODE,
    UNKNOWN_MODEL,
    REQUEST_NUMBER,
    UNKNOWN_MODEL_CODE,
    GONE_MODEL,
    TRANSCRIBER,
    TRANSCRIBER_TEXT,
    UNKNOWN_CALL,
    ONE_ERROR,
    CLOSED,
    ERROR_SHAPE,
    BETA_HEADER,
    BETA_SUBPROTOCOL,
    BETA_CODE,
    BETA_PATHS,
)
"""The catalogue."""
