"""What becomes of updates."""

from __future__ import annotations

from realtime_harness.verdicts import Level
from realtime_scenarios.session.checks.sources import (
    GUIDE,
    RECORDED,
    SDK,
    SDK_UPDATE,
    SDK_VAD,
    check,
)

__all__ = [
    "CHECKS",
    "EMPTY",
    "FORMATS",
    "INCLUDE",
    "INSTRUCTIONS",
    "INSTRUCTIONS_CLEARED",
    "LIMIT",
    "MERGES",
    "MODALITIES",
    "MODALITIES_APPLY",
    "NOISE_REDUCTION",
    "REST_STAYS",
    "SAME_MODEL",
    "TOOLS",
    "TOOLS_CLEARED",
    "TOOL_CHOICE",
    "TRACING",
    "TRACING_FIXED",
    "TRANSCRIPTION_OFF",
    "TRANSCRIPTION_ON",
    "TRUNCATION",
    "UPDATED",
    "VAD_FILLED",
    "VAD_KIND",
    "VAD_OFF",
    "WHOLE",
]

UPDATED = check(
    "updated",
    Level.MUST,
    "A session.update is answered with session.updated.",
    SDK_UPDATE,
)
WHOLE = check(
    "whole",
    Level.MUST,
    "session.updated shows the whole session, with all that session.created showed.",
    f"{SDK_UPDATE}; {RECORDED}",
)
REST_STAYS = check(
    "rest-stays",
    Level.MUST,
    "What an update does not name stays as it was.",
    SDK_UPDATE,
)
MERGES = check(
    "merges",
    Level.MUST,
    "An update of the speed leaves the rest of audio as it was, on both sides.",
    f"{SDK_UPDATE}; {RECORDED}",
)
EMPTY = check(
    "empty-update",
    Level.SHOULD,
    "An update that names nothing but the type is answered, and changes nothing.",
    SDK_UPDATE,
)
SAME_MODEL = check(
    "same-model",
    Level.SHOULD,
    "An update that names the model that the session has is accepted.",
    f"{GUIDE}; {SDK_UPDATE}",
)
INSTRUCTIONS = check(
    "instructions",
    Level.MUST,
    "Instructions are what the last update says.",
    SDK_UPDATE,
)
INSTRUCTIONS_CLEARED = check(
    "instructions-cleared",
    Level.SHOULD,
    "Empty instructions clear those that were there.",
    SDK_UPDATE,
)
MODALITIES = check(
    "modalities",
    Level.MUST,
    "output_modalities may become text.",
    SDK,
)
MODALITIES_APPLY = check(
    "modalities-apply",
    Level.MUST,
    "Once output_modalities is text, the next response is text.",
    f"{SDK}; {RECORDED}",
)
TOOLS = check(
    "tools",
    Level.MUST,
    "Tools are replaced as a list: of two, none is left that the next update does not name.",
    SDK_UPDATE,
)
TOOLS_CLEARED = check(
    "tools-cleared",
    Level.MUST,
    "An empty list of tools clears those that were there.",
    SDK_UPDATE,
)
TOOL_CHOICE = check(
    "tool-choice",
    Level.MUST,
    "tool_choice may become a word or a function.",
    SDK,
)
LIMIT = check(
    "limit",
    Level.MUST,
    "max_output_tokens may become a number, and inf again.",
    SDK,
)
TRUNCATION = check(
    "truncation",
    Level.SHOULD,
    "truncation may become a retention ratio.",
    SDK,
)
FORMATS = check(
    "formats",
    Level.MUST,
    "Each direction may have a format of its own, such as audio/pcmu.",
    SDK,
)
VAD_OFF = check(
    "turn-detection-off",
    Level.MUST,
    "Null turns turn detection off.",
    f"{SDK_VAD}; {RECORDED}",
)
VAD_KIND = check(
    "turn-detection-kind",
    Level.MUST,
    "Turn detection may become semantic_vad, with an eagerness.",
    SDK_VAD,
)
VAD_FILLED = check(
    "turn-detection-filled",
    Level.SHOULD,
    "A turn detection of which only the threshold is given has all its other settings filled in.",
    RECORDED,
)
TRANSCRIPTION_ON = check(
    "transcription-on",
    Level.MUST,
    "Transcription is turned on by naming a model.",
    f"{SDK}; {RECORDED}",
)
TRANSCRIPTION_OFF = check(
    "transcription-off",
    Level.MUST,
    "Null turns transcription off.",
    SDK_UPDATE,
)
NOISE_REDUCTION = check(
    "noise-reduction",
    Level.SHOULD,
    "Noise reduction is turned on by its type, and off by null.",
    SDK,
)
INCLUDE = check(
    "include",
    Level.SHOULD,
    "include may ask for log probabilities of transcriptions.",
    SDK,
)
TRACING = check(
    "tracing",
    Level.SHOULD,
    "Tracing is turned on by the word auto.",
    SDK,
)
TRACING_FIXED = check(
    "tracing-fixed",
    Level.SHOULD,
    "Tracing that is on cannot be changed.",
    SDK,
)

CHECKS = (
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
)
"""In the order of the catalogue."""
