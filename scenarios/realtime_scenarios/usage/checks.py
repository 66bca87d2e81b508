"""The checks of ``usage``: one sentence each, how binding it is, and who says so."""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.verdicts import Level

__all__ = [
    "CACHED_STEP",
    "CANCELLED",
    "CHECKS",
    "DELETED",
    "DETAILS",
    "EMPTY_INPUT",
    "HISTORY",
    "IMAGE",
    "INSTRUCTIONS",
    "LIMIT_BOUNDS",
    "LIMIT_NAMES",
    "LIMIT_PLACE",
    "LIMIT_RESET",
    "NO_AUDIO_IN",
    "NO_AUDIO_OUT",
    "NO_IMAGE",
    "SOUND_IN",
    "SOUND_IN_RATE",
    "SOUND_IS_INPUT",
    "SOUND_OUT",
    "SOUND_OUT_RATE",
    "TEXT_IN",
    "TEXT_OUT",
    "TRANSCRIPT",
    "WITHIN_LIMIT",
]

_RECORDED = "pydantic-ai cassettes test_openai_ws__* and test_azure_ws__* (July 2026)"
_USAGE = "openai Python SDK 3.52.0, realtime_response_usage.py and its details"
_COSTS = "https://platform.openai.com/docs/guides/realtime-costs"
_LIMITS = "openai Python SDK 3.52.0, rate_limits_updated_event.py"
_PARAMS = "openai Python SDK 3.52.0, realtime_response_create_params.py"
_CACHE = "https://platform.openai.com/docs/guides/prompt-caching"
_AGAIN = (
    "pydantic-ai cassette test_input_audio_retention_segments_three_server_vad_turns (July 2026)"
)


def _check(slug: str, level: Level, clause: str, source: str) -> Check:
    return Check(id=f"rt.usage.{slug}", level=level, clause=clause, source=source)


# -- a turn in text --------------------------------------------------------------------------------

DETAILS = _check(
    "details",
    Level.MUST,
    "Usage tells the tokens of text, audio and image of the input, and of text and audio of the "
    "output.",
    _RECORDED,
)
TEXT_IN = _check(
    "text-in",
    Level.MUST,
    "A text costs input text tokens.",
    _COSTS,
)
TEXT_OUT = _check(
    "text-out",
    Level.MUST,
    "An answer in text costs output text tokens.",
    _COSTS,
)
NO_AUDIO_IN = _check(
    "no-audio-in",
    Level.MUST,
    "A conversation in text costs no input audio tokens.",
    _COSTS,
)
NO_AUDIO_OUT = _check(
    "no-audio-out",
    Level.MUST,
    "An answer in text costs no output audio tokens.",
    _COSTS,
)
NO_IMAGE = _check(
    "no-image",
    Level.MUST,
    "A conversation without images costs no image tokens.",
    _COSTS,
)
WITHIN_LIMIT = _check(
    "within-limit",
    Level.SHOULD,
    "A response costs no more output tokens than max_output_tokens.",
    _PARAMS,
)

# -- what is input ---------------------------------------------------------------------------------

HISTORY = _check(
    "history",
    Level.SHOULD,
    "Every response has all of the conversation as input: a second turn costs more.",
    _COSTS,
)
INSTRUCTIONS = _check(
    "instructions",
    Level.SHOULD,
    "Instructions are input: longer ones cost more.",
    _COSTS,
)
DELETED = _check(
    "deleted",
    Level.SHOULD,
    "What was deleted is no input any more: the next response costs less.",
    _COSTS,
)
EMPTY_INPUT = _check(
    "empty-input",
    Level.SHOULD,
    "A response with an empty input sees nothing of the conversation: it costs less.",
    _PARAMS,
)
IMAGE = _check(
    "image",
    Level.SHOULD,
    "An image costs input image tokens.",
    _COSTS,
)
CACHED_STEP = _check(
    "cached-step",
    Level.SHOULD,
    "Cached tokens come in multiples of 64.",
    _RECORDED,
)

# -- sound -----------------------------------------------------------------------------------------

SOUND_IN = _check(
    "sound-in",
    Level.MUST,
    "A message with sound costs input audio tokens.",
    _COSTS,
)
SOUND_IN_RATE = _check(
    "sound-in-rate",
    Level.SHOULD,
    "Sound of the user costs ten tokens a second.",
    _COSTS,
)
SOUND_OUT = _check(
    "sound-out",
    Level.MUST,
    "An answer in audio costs output audio tokens.",
    _COSTS,
)
SOUND_OUT_RATE = _check(
    "sound-out-rate",
    Level.SHOULD,
    "Sound of the assistant costs twenty tokens a second.",
    _COSTS,
)
TRANSCRIPT = _check(
    "transcript",
    Level.SHOULD,
    "An answer in audio costs output text tokens too, for its transcript.",
    _RECORDED,
)
SOUND_IS_INPUT = _check(
    "sound-is-input",
    Level.SHOULD,
    "Sound of the assistant is input of later responses, as sound.",
    _AGAIN,
)

# -- responses that did not end well ---------------------------------------------------------------

CANCELLED = _check(
    "cancelled",
    Level.INFO,
    "What a response costs that was cancelled.",
    _COSTS,
)

# -- limits ----------------------------------------------------------------------------------------

LIMIT_NAMES = _check(
    "limit-names",
    Level.SHOULD,
    "rate_limits.updated speaks of requests or tokens.",
    _LIMITS,
)
LIMIT_BOUNDS = _check(
    "limit-bounds",
    Level.MUST,
    "Of a limit no more than all of it is left, and no less than nothing.",
    _LIMITS,
)
LIMIT_RESET = _check(
    "limit-reset",
    Level.SHOULD,
    "The time until a limit is reset is not negative.",
    _LIMITS,
)
LIMIT_PLACE = _check(
    "limit-place",
    Level.INFO,
    "When rate_limits.updated comes: behind response.done, as recorded, or when a response "
    "begins, as documented.",
    _LIMITS,
)

CHECKS = (
    DETAILS,
    TEXT_IN,
    TEXT_OUT,
    NO_AUDIO_IN,
    NO_AUDIO_OUT,
    NO_IMAGE,
    WITHIN_LIMIT,
    HISTORY,
    INSTRUCTIONS,
    DELETED,
    EMPTY_INPUT,
    IMAGE,
    CACHED_STEP,
    SOUND_IN,
    SOUND_IN_RATE,
    SOUND_OUT,
    SOUND_OUT_RATE,
    TRANSCRIPT,
    SOUND_IS_INPUT,
    CANCELLED,
    LIMIT_NAMES,
    LIMIT_BOUNDS,
    LIMIT_RESET,
    LIMIT_PLACE,
)
"""The catalogue."""
