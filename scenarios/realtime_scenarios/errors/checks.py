"""The checks of ``errors``: one sentence each, how binding it is, and who says so."""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.verdicts import Level

__all__ = [
    "BETA_EVENT",
    "BINARY",
    "BINARY_CODE",
    "CALL_EVENT",
    "CHANNEL_BINARY",
    "CHANNEL_NOT_JSON",
    "CHANNEL_SURVIVES",
    "CHANNEL_UNKNOWN_TYPE",
    "CHECKS",
    "CONTENT_TYPE",
    "EMPTY",
    "EVENT_ID",
    "ITEM_TYPE",
    "LONG_CALL_ID",
    "LONG_ITEM_ID",
    "METADATA_KEY",
    "METADATA_PAIRS",
    "METADATA_VALUE",
    "MISSING_FIELD",
    "MISSING_FIELD_PARAM",
    "NOT_JSON",
    "NOT_JSON_CODE",
    "NOT_OBJECT",
    "NO_EVENT_ID",
    "NO_TRACE",
    "NO_TYPE",
    "NO_TYPE_TEXT",
    "ONE_ERROR",
    "ROLE",
    "SHAPE",
    "SURVIVES",
    "TYPE_NOT_TEXT",
    "UNKNOWN_FIELD",
    "UNKNOWN_TYPE",
    "UNKNOWN_TYPE_LIST",
    "UNKNOWN_TYPE_PARAM",
    "WRONG_TYPE",
    "WRONG_TYPE_TEXT",
]

_PROBE = (
    "https://github.com/gauravzqa/llmgw capabilities/captures-ws.md (probe of api.openai.com, 2026)"
)
_AZURE = "https://github.com/swigerb/SonicAIDriveThru tests/conformance (probe of Azure, 2026)"
_SDK = "openai Python SDK 3.52.0, types/realtime/realtime_client_event.py"
_SDK_ERROR = "openai Python SDK 3.52.0, types/realtime/realtime_error.py"
_SDK_ITEM = "openai Python SDK 3.52.0, types/realtime/conversation_item.py"
_SDK_RESPONSE = "openai Python SDK 3.52.0, types/realtime/realtime_response_create_params.py"
_REFERENCE = "OpenAI Realtime API reference, server event error"
_MIGRATION = "https://platform.openai.com/docs/guides/realtime#beta-to-ga-migration"
_PIPECAT = (
    "https://github.com/pipecat-ai/pipecat services/openai/realtime (finds its requests by it)"
)


def _check(slug: str, level: Level, clause: str, source: str) -> Check:
    return Check(id=f"rt.errors.{slug}", level=level, clause=clause, source=source)


# -- frames --------------------------------------------------------------------------------------

NOT_JSON = _check(
    "not-json",
    Level.MUST,
    "A text frame that is not JSON is answered with an error.",
    _PROBE,
)
NOT_JSON_CODE = _check(
    "not-json-code",
    Level.SHOULD,
    "The error about a frame that is not JSON has the code invalid_json.",
    _PROBE,
)
EMPTY = _check(
    "empty-frame",
    Level.SHOULD,
    "A text frame without a letter in it is answered with an error.",
    f"{_PROBE} (any text that is not JSON)",
)
NOT_OBJECT = _check(
    "not-an-object",
    Level.SHOULD,
    "A frame with JSON that is no object is answered with an error.",
    f"{_SDK}: every client event is an object",
)
BINARY = _check(
    "binary",
    Level.MUST,
    "A binary frame is answered with an error, also when it holds an event.",
    _PROBE,
)
BINARY_CODE = _check(
    "binary-code",
    Level.SHOULD,
    "The error about a binary frame has the code invalid_event.",
    _PROBE,
)
NO_TYPE = _check(
    "no-type",
    Level.MUST,
    "An event without a type is answered with an error.",
    f"{_REFERENCE}; {_SDK}",
)
NO_TYPE_TEXT = _check(
    "no-type-text",
    Level.INFO,
    "What the error about a missing type says.",
    _REFERENCE,
)
TYPE_NOT_TEXT = _check(
    "type-not-text",
    Level.SHOULD,
    "An event whose type is a number is answered with an error.",
    _SDK,
)
UNKNOWN_TYPE = _check(
    "unknown-type",
    Level.MUST,
    "An event of a type that does not exist is answered with an error.",
    f"{_PROBE}; {_AZURE}",
)
UNKNOWN_TYPE_PARAM = _check(
    "unknown-type-param",
    Level.MUST,
    "The error about an unknown type has the code invalid_value, and type as param.",
    f"{_PROBE}; {_AZURE}",
)
UNKNOWN_TYPE_LIST = _check(
    "unknown-type-list",
    Level.SHOULD,
    "The error about an unknown type lists those that there are.",
    f"{_PROBE}; {_AZURE}",
)
BETA_EVENT = _check(
    "beta-event",
    Level.SHOULD,
    "transcription_session.update, an event of the beta, is answered with an error.",
    f"{_MIGRATION}; {_PROBE}",
)
CALL_EVENT = _check(
    "call-event",
    Level.INFO,
    "What output_audio_buffer.clear gets on a WebSocket, which plays nothing.",
    _SDK,
)

# -- fields --------------------------------------------------------------------------------------

MISSING_FIELD = _check(
    "missing-field",
    Level.MUST,
    "An event without a field that it needs is answered with an error.",
    f"{_SDK}; {_PROBE}",
)
MISSING_FIELD_PARAM = _check(
    "missing-field-param",
    Level.SHOULD,
    "The error about a missing field has the code missing_required_parameter, and the field as "
    "param.",
    f"{_PROBE} (session.type)",
)
WRONG_TYPE = _check(
    "wrong-type",
    Level.MUST,
    "An event with a field of another type is answered with an error.",
    _SDK,
)
WRONG_TYPE_TEXT = _check(
    "wrong-type-text",
    Level.INFO,
    "What the error about a field of another type says.",
    _SDK,
)
ITEM_TYPE = _check(
    "item-type",
    Level.MUST,
    "An item of a type that does not exist is answered with an error.",
    _SDK_ITEM,
)
ROLE = _check(
    "role",
    Level.MUST,
    "A message of a role that does not exist is answered with an error.",
    _SDK_ITEM,
)
CONTENT_TYPE = _check(
    "content-type",
    Level.SHOULD,
    "A message of the user with content of the assistant is answered with an error.",
    _SDK_ITEM,
)
METADATA_PAIRS = _check(
    "metadata-pairs",
    Level.SHOULD,
    "Metadata of 17 pairs is answered with an error: there may be 16.",
    _SDK_RESPONSE,
)
METADATA_KEY = _check(
    "metadata-key",
    Level.SHOULD,
    "A key of metadata with 65 characters is answered with an error: there may be 64.",
    _SDK_RESPONSE,
)
METADATA_VALUE = _check(
    "metadata-value",
    Level.SHOULD,
    "A value of metadata with 513 characters is answered with an error: there may be 512.",
    _SDK_RESPONSE,
)
LONG_ITEM_ID = _check(
    "long-item-id",
    Level.INFO,
    "What an item id of 33 characters gets.",
    _SDK_ITEM,
)
LONG_CALL_ID = _check(
    "long-call-id",
    Level.INFO,
    "What a function's call_id of 33 characters gets.",
    _SDK_ITEM,
)
UNKNOWN_FIELD = _check(
    "unknown-field",
    Level.INFO,
    "What an unknown field beside the type of an event gets.",
    _SDK,
)

# -- every error ---------------------------------------------------------------------------------

SHAPE = _check(
    "shape",
    Level.MUST,
    "Every error has a type and a message, neither of them empty.",
    _SDK_ERROR,
)
EVENT_ID = _check(
    "event-id",
    Level.MUST,
    "An error carries the event_id of the event that it is about.",
    f"{_SDK_ERROR}; {_PIPECAT}",
)
NO_EVENT_ID = _check(
    "no-event-id",
    Level.MUST,
    "An error about an event without an event_id carries none.",
    _SDK_ERROR,
)
ONE_ERROR = _check(
    "one-error",
    Level.SHOULD,
    "A wrong event gets a single error.",
    _PROBE,
)
SURVIVES = _check(
    "survives",
    Level.MUST,
    "The session survives every wrong frame and event: it goes on to answer, and holds a turn.",
    f"{_REFERENCE}; {_PROBE}",
)
NO_TRACE = _check(
    "no-trace",
    Level.MUST,
    "Nothing of the items that were refused is in the conversation: the next one is its first.",
    f"{_REFERENCE}; {_PROBE}",
)

# -- on a call -----------------------------------------------------------------------------------

CHANNEL_NOT_JSON = _check(
    "channel-not-json",
    Level.MUST,
    "A message on a data channel that is not JSON is answered there with an error.",
    f"{_REFERENCE}; https://platform.openai.com/docs/guides/realtime-webrtc",
)
CHANNEL_UNKNOWN_TYPE = _check(
    "channel-unknown-type",
    Level.MUST,
    "An event of an unknown type is answered with an error on a data channel too.",
    f"{_REFERENCE}; https://platform.openai.com/docs/guides/realtime-webrtc",
)
CHANNEL_SURVIVES = _check(
    "channel-survives",
    Level.MUST,
    "The call survives wrong messages: it holds a turn behind them.",
    f"{_REFERENCE}; https://platform.openai.com/docs/guides/realtime-webrtc",
)
CHANNEL_BINARY = _check(
    "channel-binary",
    Level.INFO,
    "What a binary message on a data channel gets.",
    _REFERENCE,
)

CHECKS = (
    NOT_JSON,
    NOT_JSON_CODE,
    EMPTY,
    NOT_OBJECT,
    BINARY,
    BINARY_CODE,
    NO_TYPE,
    NO_TYPE_TEXT,
    TYPE_NOT_TEXT,
    UNKNOWN_TYPE,
    UNKNOWN_TYPE_PARAM,
    UNKNOWN_TYPE_LIST,
    BETA_EVENT,
    CALL_EVENT,
    MISSING_FIELD,
    MISSING_FIELD_PARAM,
    WRONG_TYPE,
    WRONG_TYPE_TEXT,
    ITEM_TYPE,
    ROLE,
    CONTENT_TYPE,
    METADATA_PAIRS,
    METADATA_KEY,
    METADATA_VALUE,
    LONG_ITEM_ID,
    LONG_CALL_ID,
    UNKNOWN_FIELD,
    SHAPE,
    EVENT_ID,
    NO_EVENT_ID,
    ONE_ERROR,
    SURVIVES,
    NO_TRACE,
    CHANNEL_NOT_JSON,
    CHANNEL_UNKNOWN_TYPE,
    CHANNEL_SURVIVES,
    CHANNEL_BINARY,
)
"""The catalogue."""
