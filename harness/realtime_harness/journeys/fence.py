"""How to show that something does not come: ask for something that does, and look between."""

from __future__ import annotations

from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.connection import ReceivedEvent

__all__ = ["of_type", "until_fence"]


async def until_fence(
    connection: EventConnection, *, kind: str = "realtime", since: int | None = None
) -> list[ReceivedEvent]:
    """Return what comes before the answer to an update that changes nothing.

    A session answers its client's events in order, so that whatever was to follow from those sent
    earlier, and at once, has come by then.

    Args:
        connection: of the session.
        kind: its type.
        since: index of the first event to return; what comes from now on if not given.

    Raises:
        EventNotReceived: if the update is not answered.
        ConnectionLost: if the connection closes.

    """
    start = len(connection.events) if since is None else since
    await connection.send(
        {"type": "session.update", "session": {"type": kind}}, valid=kind != "translation"
    )
    fence = await connection.expect("session.updated")
    return [event for event in connection.events[start:] if event.seq < fence.seq]


def of_type(events: list[ReceivedEvent], *types: str) -> list[ReceivedEvent]:
    """Return the events of these types."""
    return [event for event in events if event.type in types]
