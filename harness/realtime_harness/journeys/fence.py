"""Configuring a session, and showing that something does not come: ask for what does, look between.

.. code-block:: python

    start = len(connection.events)
    await connection.send({"type": "input_audio_buffer.commit"})
    events = await until_fence(connection, since=start, awaiting=["conversation.item.done"])
    assert not of_type(events, "response.created")
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.connection import ReceivedEvent
from realtime_harness.errors import EventNotReceived, TargetViolation

__all__ = ["of_type", "until_fence", "update_session"]


_TRANSLATION = "translation"
"""Sessions of this type are not in the contract, and their updates name none."""


async def update_session(
    connection: EventConnection, *, kind: str = "realtime", **session: Any
) -> dict[str, Any]:
    """Change the session, and return what it is then.

    Args:
        connection: of the session.
        kind: its type.
        session: what changes.

    Raises:
        EventNotReceived: if the update is not answered.
        ConnectionLost: if the connection closes.
        TargetViolation: if it is answered with an error.

    """
    await connection.send(_update(kind, session), valid=kind != _TRANSLATION)
    answer = await connection.expect("session.updated", "error")
    if answer.type == "error":
        raise TargetViolation(f"a session.update was answered with {answer.data.get('error')}")
    updated = answer.data.get("session")
    return updated if isinstance(updated, dict) else {}


async def until_fence(
    connection: EventConnection,
    *,
    kind: str = "realtime",
    since: int | None = None,
    awaiting: Sequence[str] = (),
) -> list[ReceivedEvent]:
    """Return what comes before the answer to an update that changes nothing.

    A session answers its client's events in order, so that what was to follow at once from those
    sent earlier has come by then. What takes its time is waited for.

    Args:
        connection: of the session.
        kind: type of the session.
        since: index of the first event to return; what comes from now on if not given.
        awaiting: types of events that are waited for before, each for the target's patience.
            They may still be missing afterwards.

    Raises:
        EventNotReceived: if the update is not answered.
        ConnectionLost: if the connection closes.

    """
    start = len(connection.events) if since is None else since
    for wanted in awaiting:
        if not of_type(connection.events[start:], wanted):
            with suppress(EventNotReceived):
                await connection.expect(wanted)
    await connection.send(_update(kind, {}), valid=kind != _TRANSLATION)
    fence = await connection.expect("session.updated")
    return [event for event in connection.events[start:] if event.seq < fence.seq]


def _update(kind: str, session: dict[str, Any]) -> dict[str, Any]:
    named = {} if kind == _TRANSLATION else {"type": kind}
    return {"type": "session.update", "session": {**named, **session}}


def of_type(events: Sequence[ReceivedEvent], *types: str) -> list[ReceivedEvent]:
    """Return the events of these types."""
    return [event for event in events if event.type in types]
