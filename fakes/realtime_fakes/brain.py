"""What the assistant says: a brain gets a turn and gives an answer.

The session knows nothing of language; it asks a :class:`Brain`. The default one repeats what the
user wrote, so that a test sees that its words arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, Protocol, TypeAlias

from realtime_harness.audio import speech

__all__ = [
    "PLAIN",
    "Answer",
    "Brain",
    "Call",
    "Course",
    "EchoBrain",
    "Failure",
    "Output",
    "RateLimit",
    "Say",
    "Turn",
]

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


class Say(NamedTuple):
    """A message of the assistant."""

    text: str


class Call(NamedTuple):
    """A call of a function."""

    name: str
    arguments: str = "{}"
    """JSON, as it goes over the wire."""
    call_id: str | None = None
    """``None`` for one that is made up."""


Output: TypeAlias = Say | Call


class Failure(NamedTuple):
    """Why a response fails, as ``status_details.error`` says it."""

    type: str
    code: str | None
    message: str


class RateLimit(NamedTuple):
    """What ``rate_limits.updated`` says of tokens."""

    limit: int
    remaining: int
    reset_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What becomes of a response beside what it says."""

    failure: Failure | None = None
    """Makes the response fail, behind its output."""
    incomplete: str | None = None
    """Reason why the response ends before all is said: ``content_filter``, …"""
    delay_s: float = 0.0
    """Seconds between ``response.created`` and the output."""
    delta_interval_s: float | None = None
    """Seconds between two deltas; ``None`` for the latency of the service."""
    rate_limit: RateLimit | None = None
    """``None`` for what follows from the cost."""
    stalls: bool = False
    """Whether the response stays open when all is said, until it is cancelled."""
    drops: bool = False
    """Whether the connection is lost before the response is done."""


PLAIN = Course()


class Answer(NamedTuple):
    """What the assistant says and does."""

    output: Sequence[Output] = ()
    """The items of the response, in order. None at all is a completed response without any."""
    course: Course = PLAIN


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
        return Answer((Say(f"You said: {words}" if words else "I heard you."),))

    def speak(self, text: str) -> bytes:
        """Return ``text`` as tones that decode back to it."""
        return _speak(text)


@lru_cache(maxsize=64)
def _speak(text: str) -> bytes:
    return speech.encode(text)
