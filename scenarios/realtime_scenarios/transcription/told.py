"""What is told of a transcription."""

from __future__ import annotations

from collections.abc import Sequence

from realtime_harness.clients.connection import ReceivedEvent
from realtime_harness.journeys.fence import of_type

__all__ = ["COMMITTED", "COMPLETED", "DELTA", "FAILED", "is_fair", "transcript", "transcriptions"]

_KIND = "conversation.item.input_audio_transcription."
DELTA, COMPLETED, FAILED = _KIND + "delta", _KIND + "completed", _KIND + "failed"
COMMITTED = "input_audio_buffer.committed"


def transcriptions(events: Sequence[ReceivedEvent]) -> list[ReceivedEvent]:
    """Return the events about transcriptions."""
    return [event for event in events if event.type.startswith(_KIND)]


def transcript(events: Sequence[ReceivedEvent]) -> str:
    """Return the transcript of the first transcription that was completed."""
    completed = of_type(events, COMPLETED)
    return str(completed[0].data.get("transcript")) if completed else ""


def is_fair(usage: object) -> bool:
    """Return whether the usage of a transcription adds up."""
    if not isinstance(usage, dict):
        return False
    if usage.get("type") == "duration":
        seconds = usage.get("seconds")
        return isinstance(seconds, int | float) and seconds > 0
    total, given, made = (
        usage.get(name) for name in ("total_tokens", "input_tokens", "output_tokens")
    )
    whole = isinstance(given, int) and isinstance(made, int) and total == given + made
    return usage.get("type") == "tokens" and whole
