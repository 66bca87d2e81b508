"""What the assistant says: a brain gets a turn and gives an answer.

The session knows nothing of language; it asks a :class:`Brain`. The default one repeats what the
user wrote, so that a test sees that its words arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, Protocol, TypeAlias

from realtime_fakes.errors import api_error
from realtime_fakes.mcp_tools import McpTool
from realtime_fakes.tools import asked_for
from realtime_harness.audio import speech

__all__ = [
    "PLAIN",
    "Answer",
    "Brain",
    "Call",
    "Course",
    "EchoBrain",
    "Failure",
    "Invoke",
    "Output",
    "RateLimit",
    "Say",
    "Turn",
]

_LONGEST_ECHO = 1000  # characters; nobody listens to more
_SLOW_DELTA_S = 0.05


@dataclass(slots=True)
class Turn:
    """What an answer is asked for. Read only."""

    text: str
    """What the last message of the user says, in writing and aloud."""
    modality: str
    """``text`` or ``audio``: how to answer."""
    instructions: str
    items: Iterable[Mapping[str, Any]]
    """The context of the response, oldest first."""
    transcript: str = ""
    """What the last message of the user says aloud."""
    tool_outputs: Sequence[Mapping[str, Any]] = ()
    """Outputs of functions that no message has followed yet, oldest first. What tools of MCP
    servers returned has the same form, with the id of its item as ``call_id``."""
    tools: Sequence[Mapping[str, Any]] = ()
    """That may be called, as the client described them; those of MCP servers, as the servers
    listed them, are like functions but for their type and a ``server_label``."""
    tool_choice: str | Mapping[str, Any] = "auto"
    parallel_tool_calls: bool = True
    metadata: Mapping[str, str] | None = None
    number: int = 1
    """Of the response in its session, counted from one."""
    effort: str | None = None
    """How hard to think: ``minimal``, ``low``, …; ``None`` for models that do not."""

    def called(self, call_id: str) -> str:
        """Return the name of the function that was called by that id; empty if nobody knows."""
        for item in self.items:
            if item["type"] == "function_call" and item["call_id"] == call_id:
                return str(item["name"])
            if item["type"] == "mcp_call" and item["id"] == call_id:
                return str(item["name"])
        return ""


@dataclass(slots=True)
class Say:
    """A message of the assistant."""

    text: str
    lead_s: float = 0.0
    """Seconds of silence that its sound begins with."""


class Call(NamedTuple):
    """A call of a function, or of the tool of an MCP server if there is no such function."""

    name: str
    arguments: str = "{}"
    """JSON, as it goes over the wire."""
    call_id: str | None = None
    """``None`` for one that is made up."""


class Invoke(NamedTuple):
    """A call that goes to an MCP server. The session makes them of calls."""

    tool: McpTool
    arguments: str


Output: TypeAlias = Say | Call | Invoke


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
    error: Failure | None = None
    """Sent as an ``error`` event amid the output, which goes on."""
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
_SLOW = Course(delta_interval_s=_SLOW_DELTA_S)


@dataclass(slots=True)
class Answer:
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

    def recall(self, prompt: Mapping[str, Any], root: str) -> str:
        """Return the text of a stored prompt.

        Args:
            prompt: its ``id``, ``version`` and ``variables``.
            root: path of it, for messages.

        Raises:
            ApiError: if there is none, or its variables do not fit.

        """
        ...


class EchoBrain:
    """Says what it was told.

    If there are tools, it calls those that the user names (``call get_weather {"city": "Rome"}``)
    and says what they return. Who wants to hear it ``slowly`` gets a word every 50 ms, so that
    there is time to interrupt.

    """

    def answer(self, turn: Turn) -> Answer:
        """Return the user's text, or the start of a long one, in a sentence."""
        if turn.tool_outputs:
            said = "; ".join(_shorten(str(item["output"])) for item in turn.tool_outputs)
            return Answer((Say(f"The tool said: {said}"),))
        if turn.tools:
            calls = [Call(*call) for call in asked_for(turn.text, turn.tools, turn.tool_choice)]
            if calls:
                return Answer(calls if turn.parallel_tool_calls else calls[:1], _course(turn.text))
        words = turn.text
        echo = Say(f"You said: {_shorten(words)}" if words else "I heard you.")
        return Answer((echo,), _course(words))

    def speak(self, text: str) -> bytes:
        """Return ``text`` as tones that decode back to it."""
        return _speak(text)

    def recall(self, prompt: Mapping[str, Any], root: str) -> str:
        """Refuse: there are no prompts."""
        raise api_error("prompt_not_found", prompt_id=prompt["id"])


def _course(words: str) -> Course:
    return _SLOW if "slowly" in words.lower() else PLAIN


def _shorten(words: str) -> str:
    return words if len(words) <= _LONGEST_ECHO else words[:_LONGEST_ECHO] + "…"


@lru_cache(maxsize=64)
def _speak(text: str) -> bytes:
    return speech.encode(text)
