"""A probe: one message, everything that came of it, and a fence that says when that was all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.connection import ReceivedEvent, member
from realtime_harness.errors import EventNotReceived

__all__ = ["Answers", "probe"]

_GRACE_S = 1.0
"""How much longer an answer is waited for that did not come before the fence; an endpoint that
works on events side by side may be overtaken by itself."""

_FENCE = "input_audio_buffer.clear"
_FENCED = "input_audio_buffer.cleared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What came of a probe."""

    seq: int
    """Line of the message in the evidence."""
    event_id: str | None
    """Of the message, if it had one."""
    events: list[ReceivedEvent]
    """All that came until the fence, or until what was wanted came."""

    def first(self, *types: str) -> ReceivedEvent | None:
        """Return the first event of one of ``types``."""
        return next((event for event in self.events if event.type in types), None)

    @property
    def refusal(self) -> ReceivedEvent | None:
        """The first ``error``."""
        return self.first("error")

    def said(self, name: str) -> Any:
        """Return a member of the error, such as ``code``; ``None`` without an error."""
        return None if self.refusal is None else member(self.refusal.data, "error", name)

    def shown(self) -> str:
        """Return what came, for a reason."""
        if self.refusal is not None:
            error = member(self.refusal.data, "error")
            if not isinstance(error, dict):
                return f"the error {error!r}"
            told = {name: error.get(name) for name in ("type", "code", "param", "event_id")}
            return f"{told} with the message {str(error.get('message'))[:160]!r}"
        return ", ".join(event.type for event in self.events) or "no answer"


async def probe(
    connection: EventConnection,
    message: Mapping[str, Any] | str | bytes,
    *wanted: str,
    valid: bool = True,
) -> Answers:
    """Send a message, and wait for what is wanted no longer than until it is clear that it is late.

    Behind the message goes ``input_audio_buffer.clear``, which is answered everywhere and disturbs
    no conversation: events are worked on in order, so what did not come before its answer does not
    come, up to a short grace.

    Args:
        connection: on which both are sent; whatever sound is in its input buffer is lost.
        message: an event, or a frame as it is.
        wanted: types of events; ``error`` if none is given.
        valid: ``False`` if an event breaks the contract on purpose.

    Raises:
        ConnectionLost: if the connection closes.
        EventNotReceived: if the fence is not answered.

    """
    wanted = wanted or ("error",)
    start = len(connection.events)
    if isinstance(message, str | bytes):
        event_id, seq = None, await connection.send_raw(message)
    else:
        event_id, seq = message.get("event_id"), await connection.send(message, valid=valid)
    await connection.send({"type": _FENCE})
    try:
        event = await connection.expect(*wanted, _FENCED)
        if event.type == _FENCED:
            await connection.expect(*wanted, timeout_s=_GRACE_S)
        else:
            await connection.expect(_FENCED)
    except EventNotReceived:
        if not any(event.type == _FENCED for event in connection.events[start:]):
            raise
    events = [event for event in connection.events[start:] if event.type != _FENCED]
    return Answers(seq=seq, event_id=event_id, events=events)
