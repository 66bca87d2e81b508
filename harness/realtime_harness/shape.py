"""Telling the beta of the API from what became of it: the suites judge the latter only.

The beta was shut down at OpenAI on 2026-05-12; others still speak it. What was renamed is in the
migration section of https://platform.openai.com/docs/guides/realtime and in
``openai.types.beta.realtime`` of the Python SDK.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from realtime_harness.evidence import Direction, Entry, Kind

__all__ = ["beta_sign", "beta_signs"]

_EVENTS = frozenset(
    f"response.{what}.{end}"
    for what in ("text", "audio", "audio_transcript")
    for end in ("delta", "done")
)
"""That were renamed to ``response.output_…``."""

_FORMATS = ("input_audio_format", "output_audio_format")
"""Of a session, which are below ``audio`` now. The ``modalities`` of the beta alone are no sign:
xAI has kept them, and speaks the API otherwise (pydantic-ai cassette ``test_xai_*``)."""


def beta_sign(event: Mapping[str, Any]) -> str:
    """Return by what an event is known to be of the beta; empty if by nothing."""
    kind = str(event.get("type"))
    if kind in _EVENTS:
        return kind
    session = event.get("session")
    if kind in {"session.created", "session.updated"} and isinstance(session, dict):
        old = [name for name in _FORMATS if name in session]
        if old and not session.keys() & {"type", "audio"}:
            return f"{kind} with session.{old[0]} and without session.type"
    return ""


def beta_signs(evidence: Iterable[Entry]) -> list[str]:
    """Return the signs of the beta in what was received, each once."""
    signs = (
        beta_sign(entry.data)
        for entry in evidence
        if entry.kind is Kind.EVENT and entry.direction is Direction.RECEIVED
    )
    return list(dict.fromkeys(filter(None, signs)))
