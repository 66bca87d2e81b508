"""What a session begins with."""

from __future__ import annotations

from realtime_harness.verdicts import Level
from realtime_scenarios.session.checks.sources import (
    RECORDED,
    SDK,
    SDK_ANSWER,
    SDK_VAD,
    SDK_VOICE,
    check,
)

__all__ = [
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
    "ID",
    "KIND",
]

KIND = check(
    "kind",
    Level.MUST,
    "A session says that it is a realtime.session of type realtime.",
    f"{SDK_ANSWER}; {RECORDED}",
)
ID = check(
    "id",
    Level.SHOULD,
    "A session has an id that starts with sess_.",
    f"{SDK_ANSWER}; {RECORDED}",
)
DEFAULT_MODALITIES = check(
    "default-modalities",
    Level.MUST,
    "A session answers with audio unless told otherwise: output_modalities is audio alone.",
    f"{SDK}; {RECORDED}",
)
DEFAULT_TOOLS = check(
    "default-tools",
    Level.MUST,
    "A session begins without tools, with the tool_choice auto.",
    f"{SDK}; {RECORDED}",
)
DEFAULT_LIMIT = check(
    "default-limit",
    Level.MUST,
    "A session begins without a limit of output tokens: max_output_tokens is inf.",
    f"{SDK}; {RECORDED}",
)
DEFAULT_TRUNCATION = check(
    "default-truncation",
    Level.SHOULD,
    "A session begins with the truncation auto.",
    f"{SDK}; {RECORDED}",
)
DEFAULT_FORMATS = check(
    "default-formats",
    Level.MUST,
    "A session begins with PCM at 24 kHz in both directions.",
    f"{SDK}; {RECORDED}",
)
DEFAULT_VAD = check(
    "default-turn-detection",
    Level.MUST,
    "A session begins with server_vad: threshold 0.5, 300 ms of padding, answering and being "
    "interrupted by itself.",
    f"{SDK_VAD}; {RECORDED}",
)
DEFAULT_SILENCE = check(
    "default-silence",
    Level.SHOULD,
    "A session of gpt-realtime takes 200 ms of silence for the end of a turn, one of gpt- "
    "realtime-2.1 500 ms.",
    RECORDED,
)
DEFAULT_VOICE = check(
    "default-voice",
    Level.SHOULD,
    "A session of gpt-realtime speaks with the voice alloy, one of gpt-realtime-2.1 with marin.",
    RECORDED,
)
DEFAULT_SPEED = check(
    "default-speed",
    Level.SHOULD,
    "A session begins at the speed 1.",
    f"{SDK_VOICE}; {RECORDED}",
)
DEFAULT_OFF = check(
    "default-off",
    Level.SHOULD,
    "A session begins without transcription, noise reduction, tracing, prompt and include: all "
    "null.",
    RECORDED,
)
DEFAULT_INSTRUCTIONS = check(
    "default-instructions",
    Level.SHOULD,
    "A session begins with instructions of the service.",
    f"{SDK}; {RECORDED}",
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
)
"""In the order of the catalogue."""
