"""The checks of ``session``: one sentence each, how binding it is, and who says so."""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.verdicts import Level

__all__ = [
    "ATOMIC",
    "BETA_FIELDS",
    "CHECKS",
    "DEFAULT_FORMATS",
    "DEFAULT_INSTRUCTIONS",
    "DEFAULT_LIMIT",
    "DEFAULT_MODALITIES",
    "DEFAULT_OFF",
    "DEFAULT_SILENCE",
    "DEFAULT_SPEED",
    "DEFAULT_TOOLS",
    "DEFAULT_TRUNCATION",
    "DEFAULT_VAD",
    "DEFAULT_VOICE",
    "EMPTY",
    "FORMATS",
    "ID",
    "IDLE_BOUNDS",
    "INCLUDE",
    "INSTRUCTIONS",
    "INSTRUCTIONS_CLEARED",
    "KIND",
    "LIMIT",
    "LIMIT_BOUNDS",
    "MERGES",
    "MODALITIES",
    "MODALITIES_APPLY",
    "MODEL_STAYS",
    "NESTED_PARAM",
    "NOISE_REDUCTION",
    "NO_TYPE",
    "NO_TYPE_PARAM",
    "OTHER_MODEL",
    "OTHER_TYPE",
    "RATE",
    "RATE_CODE",
    "REASONING",
    "REST_STAYS",
    "SAME_MODEL",
    "SAME_VOICE",
    "SPEED_BOUNDS",
    "TOOLS",
    "TOOLS_CLEARED",
    "TOOL_CHOICE",
    "TOOL_NAME",
    "TRACING",
    "TRACING_FIXED",
    "TRANSCRIPTION_OFF",
    "TRANSCRIPTION_ON",
    "TRUNCATION",
    "TWO_MODALITIES",
    "TWO_MODALITIES_PARAM",
    "UNKNOWN_FIELD",
    "UNKNOWN_FIELD_PARAM",
    "UNKNOWN_VOICE",
    "UPDATED",
    "VAD_FILLED",
    "VAD_KIND",
    "VAD_OFF",
    "VOICE_ATOMIC",
    "VOICE_CODE",
    "VOICE_FREE",
    "VOICE_LOCKED",
    "WHOLE",
]

_SDK = "openai Python SDK 3.52.0, types/realtime/realtime_session_create_request.py"
_SDK_UPDATE = "openai Python SDK 3.52.0, docstring of session_update_event.py"
_SDK_ANSWER = "openai Python SDK 3.52.0, types/realtime/realtime_session_create_response.py"
_SDK_VAD = "openai Python SDK 3.52.0, types/realtime/realtime_audio_input_turn_detection.py"
_RECORDED = "pydantic-ai cassettes test_openai_ws__* (api.openai.com, July and August 2026)"
_PROBE = (
    "https://github.com/gauravzqa/llmgw capabilities/captures-ws.md (probe of api.openai.com, 2026)"
)
_AZURE = "https://github.com/swigerb/SonicAIDriveThru tests/conformance (probe of Azure, 2026)"
_MIGRATION = "https://platform.openai.com/docs/guides/realtime#beta-to-ga-migration"
_GUIDE = "https://platform.openai.com/docs/guides/realtime-conversations"
_VOICE = "openai Python SDK 3.52.0, types/realtime/realtime_audio_config_output.py"


def _check(slug: str, level: Level, clause: str, source: str) -> Check:
    return Check(id=f"rt.session.{slug}", level=level, clause=clause, source=source)


# -- as it begins --------------------------------------------------------------------------------

KIND = _check(
    "kind",
    Level.MUST,
    "A session says that it is a realtime.session of type realtime.",
    f"{_SDK_ANSWER}; {_RECORDED}",
)
ID = _check(
    "id",
    Level.SHOULD,
    "A session has an id that starts with sess_.",
    f"{_SDK_ANSWER}; {_RECORDED}",
)
DEFAULT_MODALITIES = _check(
    "default-modalities",
    Level.MUST,
    "A session answers with audio unless told otherwise: output_modalities is audio alone.",
    f"{_SDK}; {_RECORDED}",
)
DEFAULT_TOOLS = _check(
    "default-tools",
    Level.MUST,
    "A session begins without tools, with the tool_choice auto.",
    f"{_SDK}; {_RECORDED}",
)
DEFAULT_LIMIT = _check(
    "default-limit",
    Level.MUST,
    "A session begins without a limit of output tokens: max_output_tokens is inf.",
    f"{_SDK}; {_RECORDED}",
)
DEFAULT_TRUNCATION = _check(
    "default-truncation",
    Level.SHOULD,
    "A session begins with the truncation auto.",
    f"{_SDK}; {_RECORDED}",
)
DEFAULT_FORMATS = _check(
    "default-formats",
    Level.MUST,
    "A session begins with PCM at 24 kHz in both directions.",
    f"{_SDK}; {_RECORDED}",
)
DEFAULT_VAD = _check(
    "default-turn-detection",
    Level.MUST,
    "A session begins with server_vad: threshold 0.5, 300 ms of padding, answering and being "
    "interrupted by itself.",
    f"{_SDK_VAD}; {_RECORDED}",
)
DEFAULT_SILENCE = _check(
    "default-silence",
    Level.SHOULD,
    "A session of gpt-realtime takes 200 ms of silence for the end of a turn, one of gpt- "
    "realtime-2.1 500 ms.",
    _RECORDED,
)
DEFAULT_VOICE = _check(
    "default-voice",
    Level.SHOULD,
    "A session of gpt-realtime speaks with the voice alloy, one of gpt-realtime-2.1 with marin.",
    _RECORDED,
)
DEFAULT_SPEED = _check(
    "default-speed",
    Level.SHOULD,
    "A session begins at the speed 1.",
    f"{_VOICE}; {_RECORDED}",
)
DEFAULT_OFF = _check(
    "default-off",
    Level.SHOULD,
    "A session begins without transcription, noise reduction, tracing, prompt and include: all "
    "null.",
    _RECORDED,
)
DEFAULT_INSTRUCTIONS = _check(
    "default-instructions",
    Level.SHOULD,
    "A session begins with instructions of the service.",
    f"{_SDK}; {_RECORDED}",
)

# -- updates -------------------------------------------------------------------------------------

UPDATED = _check(
    "updated",
    Level.MUST,
    "A session.update is answered with session.updated.",
    _SDK_UPDATE,
)
WHOLE = _check(
    "whole",
    Level.MUST,
    "session.updated shows the whole session, with all that session.created showed.",
    f"{_SDK_UPDATE}; {_RECORDED}",
)
REST_STAYS = _check(
    "rest-stays",
    Level.MUST,
    "What an update does not name stays as it was.",
    _SDK_UPDATE,
)
MERGES = _check(
    "merges",
    Level.MUST,
    "An update of the speed leaves the rest of audio as it was, on both sides.",
    f"{_SDK_UPDATE}; {_RECORDED}",
)
EMPTY = _check(
    "empty-update",
    Level.SHOULD,
    "An update that names nothing but the type is answered, and changes nothing.",
    _SDK_UPDATE,
)
SAME_MODEL = _check(
    "same-model",
    Level.SHOULD,
    "An update that names the model that the session has is accepted.",
    f"{_GUIDE}; {_SDK_UPDATE}",
)
INSTRUCTIONS = _check(
    "instructions",
    Level.MUST,
    "Instructions are what the last update says.",
    _SDK_UPDATE,
)
INSTRUCTIONS_CLEARED = _check(
    "instructions-cleared",
    Level.SHOULD,
    "Empty instructions clear those that were there.",
    _SDK_UPDATE,
)
MODALITIES = _check(
    "modalities",
    Level.MUST,
    "output_modalities may become text.",
    _SDK,
)
MODALITIES_APPLY = _check(
    "modalities-apply",
    Level.MUST,
    "Once output_modalities is text, the next response is text.",
    f"{_SDK}; {_RECORDED}",
)
TOOLS = _check(
    "tools",
    Level.MUST,
    "Tools are replaced as a list: of two, none is left that the next update does not name.",
    _SDK_UPDATE,
)
TOOLS_CLEARED = _check(
    "tools-cleared",
    Level.MUST,
    "An empty list of tools clears those that were there.",
    _SDK_UPDATE,
)
TOOL_CHOICE = _check(
    "tool-choice",
    Level.MUST,
    "tool_choice may become a word or a function.",
    _SDK,
)
LIMIT = _check(
    "limit",
    Level.MUST,
    "max_output_tokens may become a number, and inf again.",
    _SDK,
)
TRUNCATION = _check(
    "truncation",
    Level.SHOULD,
    "truncation may become a retention ratio.",
    _SDK,
)
FORMATS = _check(
    "formats",
    Level.MUST,
    "Each direction may have a format of its own, such as audio/pcmu.",
    _SDK,
)
VAD_OFF = _check(
    "turn-detection-off",
    Level.MUST,
    "Null turns turn detection off.",
    f"{_SDK_VAD}; {_RECORDED}",
)
VAD_KIND = _check(
    "turn-detection-kind",
    Level.MUST,
    "Turn detection may become semantic_vad, with an eagerness.",
    _SDK_VAD,
)
VAD_FILLED = _check(
    "turn-detection-filled",
    Level.SHOULD,
    "A turn detection of which only the threshold is given has all its other settings filled in.",
    _RECORDED,
)
TRANSCRIPTION_ON = _check(
    "transcription-on",
    Level.MUST,
    "Transcription is turned on by naming a model.",
    f"{_SDK}; {_RECORDED}",
)
TRANSCRIPTION_OFF = _check(
    "transcription-off",
    Level.MUST,
    "Null turns transcription off.",
    _SDK_UPDATE,
)
NOISE_REDUCTION = _check(
    "noise-reduction",
    Level.SHOULD,
    "Noise reduction is turned on by its type, and off by null.",
    _SDK,
)
INCLUDE = _check(
    "include",
    Level.SHOULD,
    "include may ask for log probabilities of transcriptions.",
    _SDK,
)
TRACING = _check(
    "tracing",
    Level.SHOULD,
    "Tracing is turned on by the word auto.",
    _SDK,
)
TRACING_FIXED = _check(
    "tracing-fixed",
    Level.SHOULD,
    "Tracing that is on cannot be changed.",
    _SDK,
)

# -- wrong updates -------------------------------------------------------------------------------

NO_TYPE = _check(
    "no-type",
    Level.MUST,
    "An update without a type is refused.",
    f"{_PROBE}; {_AZURE}",
)
NO_TYPE_PARAM = _check(
    "no-type-param",
    Level.MUST,
    "The refusal of an update without a type has the code missing_required_parameter, and "
    "session.type as param.",
    f"{_PROBE}; {_AZURE}",
)
UNKNOWN_FIELD = _check(
    "unknown-field",
    Level.MUST,
    "An update with a field that does not exist is refused.",
    f"{_PROBE}; {_AZURE}",
)
UNKNOWN_FIELD_PARAM = _check(
    "unknown-field-param",
    Level.MUST,
    "The refusal of an unknown field has the code unknown_parameter, and its dotted path as param.",
    f"{_PROBE}; {_AZURE}",
)
NESTED_PARAM = _check(
    "nested-param",
    Level.SHOULD,
    "The refusal of an unknown field further down names the whole path.",
    f"{_PROBE}; {_AZURE}",
)
ATOMIC = _check(
    "atomic",
    Level.MUST,
    "An update that is refused changes nothing, not even what was right in it.",
    _PROBE,
)
BETA_FIELDS = _check(
    "beta-fields",
    Level.MUST,
    "An update with a field of the beta, such as temperature or a flat voice, is refused.",
    f"{_PROBE}; {_MIGRATION}",
)
TWO_MODALITIES = _check(
    "two-modalities",
    Level.MUST,
    "An update with both modalities, text and audio, is refused.",
    _SDK,
)
TWO_MODALITIES_PARAM = _check(
    "two-modalities-param",
    Level.SHOULD,
    "The refusal of two modalities names session.output_modalities as param.",
    _SDK,
)
RATE = _check(
    "rate",
    Level.MUST,
    "An update with PCM at 16 kHz is refused.",
    f"{_PROBE}; {_SDK}",
)
RATE_CODE = _check(
    "rate-code",
    Level.SHOULD,
    "The refusal of 16 kHz has the code integer_below_min_value, and the path of the rate as "
    "param.",
    _PROBE,
)
LIMIT_BOUNDS = _check(
    "limit-bounds",
    Level.SHOULD,
    "A max_output_tokens of 0 or 5000 is refused: it goes from 1 to 4096.",
    _SDK,
)
SPEED_BOUNDS = _check(
    "speed-bounds",
    Level.SHOULD,
    "A speed of 3 is refused: it goes from 0.25 to 1.5.",
    _VOICE,
)
IDLE_BOUNDS = _check(
    "idle-timeout-bounds",
    Level.SHOULD,
    "An idle_timeout_ms of 100 is refused: it goes from 5000 to 30000.",
    _SDK_VAD,
)
TOOL_NAME = _check(
    "tool-without-name",
    Level.SHOULD,
    "A function without a name is refused.",
    _SDK,
)
UNKNOWN_VOICE = _check(
    "unknown-voice",
    Level.SHOULD,
    "A voice that does not exist is refused.",
    _VOICE,
)
OTHER_TYPE = _check(
    "other-type",
    Level.MUST,
    "An update of type transcription to a session of type realtime is refused.",
    _PROBE,
)
OTHER_MODEL = _check(
    "other-model",
    Level.SHOULD,
    "An update that names another model is refused.",
    _SDK_UPDATE,
)
MODEL_STAYS = _check(
    "model-stays",
    Level.MUST,
    "The model stays what it is when an update names another.",
    _SDK_UPDATE,
)
REASONING = _check(
    "reasoning",
    Level.INFO,
    "What reasoning gets on a model that does not reason.",
    _SDK,
)

# -- the voice -----------------------------------------------------------------------------------

VOICE_FREE = _check(
    "voice-free",
    Level.MUST,
    "The voice may change as long as the assistant has not been heard.",
    f"{_VOICE}; {_SDK_UPDATE}",
)
VOICE_LOCKED = _check(
    "voice-locked",
    Level.MUST,
    "The voice cannot change once the assistant has been heard: an update with another one is "
    "refused.",
    f"{_VOICE}; {_SDK_UPDATE}",
)
VOICE_CODE = _check(
    "voice-code",
    Level.SHOULD,
    "The refusal of another voice has the code cannot_update_voice.",
    "https://github.com/openai/openai-agents-python/issues/1661 (error of api.openai.com)",
)
VOICE_ATOMIC = _check(
    "voice-atomic",
    Level.MUST,
    "An update that is refused for its voice changes no instructions either.",
    f"{_PROBE} (any refused update)",
)
SAME_VOICE = _check(
    "same-voice",
    Level.SHOULD,
    "An update that names the voice that the session has is accepted all the same.",
    _SDK_UPDATE,
)

CHECKS = (
    KIND,
    ID,
    DEFAULT_MODALITIES,
    DEFAULT_TOOLS,
    DEFAULT_LIMIT,
    DEFAULT_TRUNCATION,
    DEFAULT_FORMATS,
    DEFAULT_VAD,
    DEFAULT_SILENCE,
    DEFAULT_VOICE,
    DEFAULT_SPEED,
    DEFAULT_OFF,
    DEFAULT_INSTRUCTIONS,
    UPDATED,
    WHOLE,
    REST_STAYS,
    MERGES,
    EMPTY,
    SAME_MODEL,
    INSTRUCTIONS,
    INSTRUCTIONS_CLEARED,
    MODALITIES,
    MODALITIES_APPLY,
    TOOLS,
    TOOLS_CLEARED,
    TOOL_CHOICE,
    LIMIT,
    TRUNCATION,
    FORMATS,
    VAD_OFF,
    VAD_KIND,
    VAD_FILLED,
    TRANSCRIPTION_ON,
    TRANSCRIPTION_OFF,
    NOISE_REDUCTION,
    INCLUDE,
    TRACING,
    TRACING_FIXED,
    NO_TYPE,
    NO_TYPE_PARAM,
    UNKNOWN_FIELD,
    UNKNOWN_FIELD_PARAM,
    NESTED_PARAM,
    ATOMIC,
    BETA_FIELDS,
    TWO_MODALITIES,
    TWO_MODALITIES_PARAM,
    RATE,
    RATE_CODE,
    LIMIT_BOUNDS,
    SPEED_BOUNDS,
    IDLE_BOUNDS,
    TOOL_NAME,
    UNKNOWN_VOICE,
    OTHER_TYPE,
    OTHER_MODEL,
    MODEL_STAYS,
    REASONING,
    VOICE_FREE,
    VOICE_LOCKED,
    VOICE_CODE,
    VOICE_ATOMIC,
    SAME_VOICE,
)
"""The catalogue."""
