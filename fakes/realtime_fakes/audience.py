"""Who on a session gets which event: one table.

A session has any number of attachments. Most events go to all of them; the exceptions are
:data:`AUDIENCE`.

- ``session.created`` greets a connection that opened the session; a sideband joins one that exists
  and is not greeted (recorded: pydantic-ai cassettes ``test_openai_ws_sideband__*``).
- Output audio deltas exist only on a primary WebSocket; calls carry sound in RTP (same recordings).
- ``output_audio_buffer.*`` exists only on calls (OpenAI SDK docstrings of those events).
- An ``error`` goes to whoever caused it: it is an :class:`Addressed` event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

__all__ = [
    "AUDIENCE",
    "FOR_USERS",
    "Addressed",
    "Attachment",
    "ClearPlayback",
    "Close",
    "Cut",
    "Effect",
    "Event",
    "McpOutcome",
    "McpRequest",
    "Play",
    "Role",
    "recipients",
]


Event: TypeAlias = dict[str, Any]
"""A server event. Nobody may change one: attachments share it."""


class Role(Enum):
    """How an attachment came to its session."""

    WEBSOCKET = "websocket"
    """The primary socket of a session that was opened over WebSocket."""
    DATA_CHANNEL = "data-channel"
    """The ``oai-events`` channel of a call."""
    FILTERED_CHANNEL = "filtered-data-channel"
    """The same, opened with ``webrtcfilter=on``: it gets what is for users and nothing else."""
    SIDEBAND = "sideband"
    """A socket that joined a call by its id."""


@dataclass(slots=True, eq=False)
class Attachment:
    """One party of a session. Compared by identity."""

    role: Role
    name: str
    keys: tuple[str, ...] = ()
    """What it was opened with, and what that was made with; none for a far end that shows none."""


class Addressed(NamedTuple):
    """An event for a single receiver, whatever the table says."""

    event: Event
    to: Attachment


class Play(NamedTuple):
    """Sound to append to the call's outbound RTP: 24 kHz mono PCM16, little endian."""

    pcm: bytes
    response_id: str


class ClearPlayback(NamedTuple):
    """Drop all sound that is queued for RTP."""

    response_id: str


class Close(NamedTuple):
    """Close every attachment, after what was sent before."""

    code: int
    """As a WebSocket closes with; a data channel just closes."""
    reason: str


class Cut(NamedTuple):
    """Break off every attachment, as a lost network does, after what was sent before."""


class McpRequest(NamedTuple):
    """Something to ask an MCP server; the outcome goes to ``answered`` of the session."""

    id: str
    """Under which the outcome is expected."""
    server: Mapping[str, Any]
    """The ``mcp`` tool that says where it is."""
    method: str
    """``tools/list`` or ``tools/call``."""
    params: Mapping[str, Any]


class McpOutcome(NamedTuple):
    """What came of asking."""

    result: Mapping[str, Any] | None = None
    """As the server gives it."""
    error: Mapping[str, Any] | None = None
    """As an ``mcp_call`` item shows it; ``None`` if there is a result."""


Effect = Event | Addressed | Play | ClearPlayback | Close | Cut | McpRequest
"""What a session wants done. An event alone goes to whom :data:`AUDIENCE` says."""

_PRIMARY = frozenset({Role.WEBSOCKET, Role.DATA_CHANNEL})
_CALL = frozenset({Role.DATA_CHANNEL, Role.FILTERED_CHANNEL, Role.SIDEBAND})
_EVERYBODY = frozenset(Role)

FOR_USERS = frozenset(
    {
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "output_audio_buffer.started",
        "output_audio_buffer.stopped",
        "conversation.item.input_audio_transcription.completed",
        "conversation.item.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.output_audio_transcript.delta",
        "response.output_audio_transcript.done",
        "error",
    }
)
"""What passes the filter: neither instructions nor tools nor anything of a response but its words
(pydantic-ai, ``docs/realtime/azure.md``: the boundaries of the output buffer pass, a response's
beginning and end and the instructions do not; the rest is our choice, see ``docs/choices.md``)."""

AUDIENCE: dict[str, frozenset[Role]] = {
    "session.created": _PRIMARY,
    "response.output_audio.delta": frozenset({Role.WEBSOCKET}),
    "output_audio_buffer.started": _CALL,
    "output_audio_buffer.stopped": _CALL,
    "output_audio_buffer.cleared": _CALL,
}


def recipients(event: Event, attachments: list[Attachment]) -> list[Attachment]:
    """Return who of ``attachments`` gets an event that is not addressed, in their order."""
    roles = AUDIENCE.get(event["type"], _EVERYBODY)
    if roles is _EVERYBODY:
        return attachments
    return [attachment for attachment in attachments if attachment.role in roles]
