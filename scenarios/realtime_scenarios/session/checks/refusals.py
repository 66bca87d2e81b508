"""Updates that have to be refused."""

from __future__ import annotations

from realtime_harness.verdicts import Level
from realtime_scenarios.session.checks.sources import (
    AZURE,
    MIGRATION,
    PROBE,
    SDK,
    SDK_UPDATE,
    SDK_VAD,
    SDK_VOICE,
    check,
)

__all__ = [
    "ATOMIC",
    "BETA_FIELDS",
    "CHECKS",
    "IDLE_BOUNDS",
    "LIMIT_BOUNDS",
    "MODEL_STAYS",
    "NESTED_PARAM",
    "NO_TYPE",
    "NO_TYPE_PARAM",
    "OTHER_MODEL",
    "OTHER_TYPE",
    "RATE",
    "RATE_CODE",
    "REASONING",
    "SPEED_BOUNDS",
    "TOOL_NAME",
    "TWO_MODALITIES",
    "TWO_MODALITIES_PARAM",
    "UNKNOWN_FIELD",
    "UNKNOWN_FIELD_PARAM",
    "UNKNOWN_VOICE",
]

NO_TYPE = check(
    "no-type",
    Level.MUST,
    "An update without a type is refused.",
    f"{PROBE}; {AZURE}",
)
NO_TYPE_PARAM = check(
    "no-type-param",
    Level.MUST,
    "The refusal of an update without a type has the code missing_required_parameter, and "
    "session.type as param.",
    f"{PROBE}; {AZURE}",
)
UNKNOWN_FIELD = check(
    "unknown-field",
    Level.MUST,
    "An update with a field that does not exist is refused.",
    f"{PROBE}; {AZURE}",
)
UNKNOWN_FIELD_PARAM = check(
    "unknown-field-param",
    Level.MUST,
    "The refusal of an unknown field has the code unknown_parameter, and its dotted path as param.",
    f"{PROBE}; {AZURE}",
)
NESTED_PARAM = check(
    "nested-param",
    Level.SHOULD,
    "The refusal of an unknown field further down names the whole path.",
    f"{PROBE}; {AZURE}",
)
ATOMIC = check(
    "atomic",
    Level.MUST,
    "An update that is refused changes nothing, not even what was right in it.",
    PROBE,
)
BETA_FIELDS = check(
    "beta-fields",
    Level.MUST,
    "An update with a field of the beta, such as temperature or a flat voice, is refused.",
    f"{PROBE}; {MIGRATION}",
)
TWO_MODALITIES = check(
    "two-modalities",
    Level.MUST,
    "An update with both modalities, text and audio, is refused.",
    SDK,
)
TWO_MODALITIES_PARAM = check(
    "two-modalities-param",
    Level.SHOULD,
    "The refusal of two modalities names session.output_modalities as param.",
    SDK,
)
RATE = check(
    "rate",
    Level.MUST,
    "An update with PCM at 16 kHz is refused.",
    f"{PROBE}; {SDK}",
)
RATE_CODE = check(
    "rate-code",
    Level.SHOULD,
    "The refusal of 16 kHz has the code integer_below_min_value, and the path of the rate as "
    "param.",
    PROBE,
)
LIMIT_BOUNDS = check(
    "limit-bounds",
    Level.SHOULD,
    "A max_output_tokens of 0 or 5000 is refused: it goes from 1 to 4096.",
    SDK,
)
SPEED_BOUNDS = check(
    "speed-bounds",
    Level.SHOULD,
    "A speed of 3 is refused: it goes from 0.25 to 1.5.",
    SDK_VOICE,
)
IDLE_BOUNDS = check(
    "idle-timeout-bounds",
    Level.SHOULD,
    "An idle_timeout_ms of 100 is refused: it goes from 5000 to 30000.",
    SDK_VAD,
)
TOOL_NAME = check(
    "tool-without-name",
    Level.SHOULD,
    "A function without a name is refused.",
    SDK,
)
UNKNOWN_VOICE = check(
    "unknown-voice",
    Level.SHOULD,
    "A voice that does not exist is refused.",
    SDK_VOICE,
)
OTHER_TYPE = check(
    "other-type",
    Level.MUST,
    "An update of type transcription to a session of type realtime is refused.",
    PROBE,
)
OTHER_MODEL = check(
    "other-model",
    Level.SHOULD,
    "An update that names another model is refused.",
    SDK_UPDATE,
)
MODEL_STAYS = check(
    "model-stays",
    Level.MUST,
    "The model stays what it is when an update names another.",
    SDK_UPDATE,
)
REASONING = check(
    "reasoning",
    Level.INFO,
    "What reasoning gets on a model that does not reason.",
    SDK,
)

CHECKS = (
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
)
"""In the order of the catalogue."""
