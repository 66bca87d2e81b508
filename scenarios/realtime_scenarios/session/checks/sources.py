"""Who says so: the sources of the checks of ``session``, and how one is declared."""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.verdicts import Level

__all__ = [
    "AZURE",
    "GUIDE",
    "MIGRATION",
    "PROBE",
    "RECORDED",
    "SDK",
    "SDK_ANSWER",
    "SDK_UPDATE",
    "SDK_VAD",
    "SDK_VOICE",
    "check",
]

SDK = "openai Python SDK 3.52.0, types/realtime/realtime_session_create_request.py"
SDK_UPDATE = "openai Python SDK 3.52.0, docstring of session_update_event.py"
SDK_ANSWER = "openai Python SDK 3.52.0, types/realtime/realtime_session_create_response.py"
SDK_VAD = "openai Python SDK 3.52.0, types/realtime/realtime_audio_input_turn_detection.py"
RECORDED = "pydantic-ai cassettes test_openai_ws__* (api.openai.com, July and August 2026)"
PROBE = (
    "https://github.com/gauravzqa/llmgw capabilities/captures-ws.md (probe of api.openai.com, 2026)"
)
AZURE = "https://github.com/swigerb/SonicAIDriveThru tests/conformance (probe of Azure, 2026)"
MIGRATION = "https://platform.openai.com/docs/guides/realtime#beta-to-ga-migration"
GUIDE = "https://platform.openai.com/docs/guides/realtime-conversations"
SDK_VOICE = "openai Python SDK 3.52.0, types/realtime/realtime_audio_config_output.py"


def check(slug: str, level: Level, clause: str, source: str) -> Check:
    """Return a check of ``session``."""
    return Check(id=f"rt.session.{slug}", level=level, clause=clause, source=source)
