"""Turns as turn detection tells of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from realtime_harness.clients.connection import ReceivedEvent, member
from realtime_harness.journeys.fence import of_type

__all__ = ["ADDED", "COMMITTED", "DONE", "STARTED", "STOPPED", "TURN", "Told", "server_vad", "told"]

STARTED = "input_audio_buffer.speech_started"
STOPPED = "input_audio_buffer.speech_stopped"
COMMITTED = "input_audio_buffer.committed"
ADDED, DONE = "conversation.item.added", "conversation.item.done"

TURN = (STARTED, STOPPED, COMMITTED, ADDED, DONE)
"""What tells of a turn, in the recorded order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was told of one turn, without what the assistant says to it."""

    events: list[ReceivedEvent]
    first: dict[str, ReceivedEvent] = field(default_factory=dict)
    """By type, the first event."""

    def value(self, kind: str, *path: str) -> Any:
        """Return a member of the first event of a type; ``None`` if there is none."""
        return member(self.first[kind].data, *path) if kind in self.first else None

    @property
    def kinds(self) -> list[str]:
        """The types, in order."""
        return [event.type for event in self.events]


def told(events: Sequence[ReceivedEvent]) -> Told:
    """Return what events tell of a turn."""
    about = [
        event
        for event in of_type(events, *TURN)
        if member(event.data, "item", "role") != "assistant"
    ]
    first: dict[str, ReceivedEvent] = {}
    for event in about:
        first.setdefault(event.type, event)
    return Told(events=about, first=first)


def server_vad(**settings: Any) -> dict[str, Any]:
    """Return ``audio`` of a session with server VAD that is set in every respect."""
    detection = {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 200,
        "create_response": True,
        "interrupt_response": True,
        **settings,
    }
    return {"input": {"turn_detection": detection}}
