"""The voice, which is fixed once it was heard."""

from __future__ import annotations

from realtime_harness.verdicts import Level
from realtime_scenarios.session.checks.sources import PROBE, SDK_UPDATE, SDK_VOICE, check

__all__ = ["CHECKS", "SAME_VOICE", "VOICE_ATOMIC", "VOICE_CODE", "VOICE_FREE", "VOICE_LOCKED"]

VOICE_FREE = check(
    "voice-free",
    Level.MUST,
    "The voice may change as long as the assistant has not been heard.",
    f"{SDK_VOICE}; {SDK_UPDATE}",
)
VOICE_LOCKED = check(
    "voice-locked",
    Level.MUST,
    "The voice cannot change once the assistant has been heard: an update with another one is "
    "refused.",
    f"{SDK_VOICE}; {SDK_UPDATE}",
)
VOICE_CODE = check(
    "voice-code",
    Level.SHOULD,
    "The refusal of another voice has the code cannot_update_voice.",
    "https://github.com/openai/openai-agents-python/issues/1661 (error of api.openai.com)",
)
VOICE_ATOMIC = check(
    "voice-atomic",
    Level.MUST,
    "An update that is refused for its voice changes no instructions either.",
    f"{PROBE} (any refused update)",
)
SAME_VOICE = check(
    "same-voice",
    Level.SHOULD,
    "An update that names the voice that the session has is accepted all the same.",
    SDK_UPDATE,
)

CHECKS = (
    VOICE_FREE,
    VOICE_LOCKED,
    VOICE_CODE,
    VOICE_ATOMIC,
    SAME_VOICE,
)
"""In the order of the catalogue."""
