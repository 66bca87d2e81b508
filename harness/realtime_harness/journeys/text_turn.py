"""A text turn: one user message and the response to it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.connection import ReceivedEvent
from realtime_harness.errors import EventNotReceived
from realtime_harness.journeys.exchange import expect_or_error, id_of

__all__ = ["Turn", "text_turn"]

_RATE_LIMITS_S = 0.25
"""How long ``rate_limits.updated`` is waited for behind ``response.done``; OpenAI was measured to
send it 7 to 43 ms later, others never send it."""

_TEXT_DELTAS = frozenset({"response.output_text.delta", "response.output_audio_transcript.delta"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What came of a turn."""

    item_id: str
    """Of the user's message."""
    response_id: str
    events: list[ReceivedEvent]
    """Everything received from the first event of the turn to its last."""
    text: str
    """What was answered: the text of all text parts, the transcript of all audio parts."""
    usage: dict[str, Any]
    """``response.usage`` of ``response.done``; empty if there is none."""
    streamed: str
    """What the deltas of text and transcript add up to."""
    response: dict[str, Any]
    """``response`` of ``response.done``."""
    done: ReceivedEvent
    """``response.done``."""
    sent_ns: int
    """When ``response.create`` was sent."""
    first_text_ns: int | None
    """When the first delta of text or transcript came."""
    done_ns: int
    """When ``response.done`` came."""


async def text_turn(
    connection: EventConnection,
    text: str,
    *,
    modalities: Sequence[str] = ("text",),
    timeout_s: float | None = None,
) -> Turn:
    """Say ``text``, ask for a response and wait until it is done.

    Args:
        connection: on which both are sent, and the events awaited.
        text: the user's message.
        modalities: ``output_modalities`` of the response.
        timeout_s: bound on each wait, seconds; the target's patience if not given.

    Raises:
        EventNotReceived: if the turn does not come to its end.
        ConnectionLost: if the connection closes first.
        TargetViolation: if the turn is answered with an ``error`` event, or its events lack the
            ids that hold it together.

    """
    start = len(connection.events)
    message = {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": text}],
    }
    await connection.send({"type": "conversation.item.create", "item": message})
    sent = await connection.send(
        {"type": "response.create", "response": {"output_modalities": list(modalities)}}
    )
    # Asked for now: behind a long answer a load session does not have that line any more.
    sent_ns = connection.sent_at_ns(sent)
    added = await expect_or_error(connection, "conversation.item.added", timeout_s=timeout_s)
    created = await expect_or_error(connection, "response.created", timeout_s=timeout_s)
    response_id = id_of(created, "response")
    done = await expect_or_error(connection, "response.done", timeout_s=timeout_s)
    if not _goes_without_rate_limits(connection.events[:start]):
        with contextlib.suppress(EventNotReceived):
            await connection.expect("rate_limits.updated", timeout_s=_RATE_LIMITS_S)
    events = connection.events[start:]
    deltas = [event for event in events if event.type in _TEXT_DELTAS]
    response = done.data.get("response")
    response = response if isinstance(response, dict) else {}
    return Turn(
        item_id=id_of(added, "item"),
        response_id=response_id,
        events=events,
        text=_answered(response),
        usage=response.get("usage") or {},
        streamed="".join(str(event.data.get("delta", "")) for event in deltas),
        response=response,
        done=done,
        sent_ns=sent_ns,
        first_text_ns=deltas[0].t_ns if deltas else None,
        done_ns=done.t_ns,
    )


def _answered(response: dict[str, Any]) -> str:
    """Return the words of a finished response; survives what is not as it should be."""
    words: list[str] = []
    for item in response.get("output") or []:
        for part in (item.get("content") or []) if isinstance(item, dict) else []:
            if isinstance(part, dict):
                word = part.get("text") or part.get("transcript")
                words += [word] if isinstance(word, str) else []
    return "".join(words)


def _goes_without_rate_limits(before: Sequence[ReceivedEvent]) -> bool:
    """Return whether an earlier turn ended without them; then no other is waited for."""
    seen = {event.type for event in before}
    return "response.done" in seen and "rate_limits.updated" not in seen
