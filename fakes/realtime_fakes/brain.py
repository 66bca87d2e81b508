"""What the assistant says: a brain gets a turn and gives an answer.

The session knows nothing of language; it asks a :class:`Brain`. The default one repeats what the
user wrote, so that a test sees that its words arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from realtime_harness.audio import speech

__all__ = ["Answer", "Brain", "EchoBrain", "Turn"]

_LONGEST_ECHO = 1000  # characters; nobody listens to more


@dataclass(slots=True)
class Turn:
    """What an answer is asked for. Read only."""

    text: str
    """Of the last user message; empty if it was sound."""
    modality: str
    """``text`` or ``audio``."""
    instructions: str
    items: Iterable[Mapping[str, Any]]
    """The context of the response, oldest first."""


@dataclass(slots=True)
class Answer:
    """What the assistant says."""

    text: str


class Brain(Protocol):
    """Whoever answers."""

    def answer(self, turn: Turn) -> Answer:
        """Return what is said to this turn."""
        ...

    def speak(self, text: str) -> bytes:
        """Return ``text`` as sound: 24 kHz mono PCM16, little endian."""
        ...


class EchoBrain:
    """Says what it was told."""

    def answer(self, turn: Turn) -> Answer:
        """Return the user's text, or the start of a long one, in a sentence."""
        words = turn.text
        if len(words) > _LONGEST_ECHO:
            words = words[:_LONGEST_ECHO] + "…"
        return Answer(f"You said: {words}" if words else "I heard you.")

    def speak(self, text: str) -> bytes:
        """Return ``text`` as tones that decode back to it."""
        return _speak(text)


@lru_cache(maxsize=64)
def _speak(text: str) -> bytes:
    return speech.encode(text)
