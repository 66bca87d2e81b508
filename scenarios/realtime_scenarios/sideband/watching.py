"""What a sideband saw, compared with what the client saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.connection import ReceivedEvent, member
from realtime_harness.clients.webrtc import Call
from realtime_harness.clients.websocket import Auth, WebSocketConnection
from realtime_harness.errors import EventNotReceived
from realtime_harness.journeys.text_turn import Turn
from realtime_harness.run import ScenarioRun

__all__ = ["attach", "catch_up", "likeness", "missing", "reordered", "sees", "without_event_id"]


async def attach(
    run: ScenarioRun, call: Call, *, name: str | None = None, auth: Auth = Auth.HEADER
) -> WebSocketConnection:
    """Join a call, trying again for as long as it may take a call to become attachable.

    Raises:
        ConnectionRefused: if it is still refused then.

    """
    return await run.sideband(call.id, name=name, auth=auth, retry_s=5 * run.target.patience_s)


async def catch_up(sideband: WebSocketConnection, count: int) -> list[ReceivedEvent]:
    """Return the next ``count`` events, or fewer if for the target's patience none came.

    A greeting is returned, too, but not counted.

    Raises:
        ConnectionLost: if the sideband is closed before all came.

    """
    seen: list[ReceivedEvent] = []
    with suppress(EventNotReceived):
        while sum(event.type != "session.created" for event in seen) < count:
            seen.append(await sideband.receive())
    return seen


async def sees(connection: EventConnection, turn: Turn) -> None:
    """Wait until a connection has seen the end of a turn that was made on another.

    Raises:
        EventNotReceived: if it does not.
        ConnectionLost: if it is closed.

    """
    await connection.expect(
        "response.done", where=lambda event: member(event, "response", "id") == turn.response_id
    )


def likeness(event: ReceivedEvent) -> tuple[Any, ...]:
    """Return what tells an event from the others of a turn, apart from its own id and wording."""
    data = event.data
    return (
        event.type,
        member(data, "response", "id") or data.get("response_id"),
        member(data, "item", "id") or data.get("item_id"),
        data.get("output_index"),
        data.get("content_index"),
    )


def missing(expected: Sequence[ReceivedEvent], seen: Sequence[ReceivedEvent]) -> list[str]:
    """Return the types of the expected events that have no like among the seen ones."""
    lost = Counter(map(likeness, expected)) - Counter(map(likeness, seen))
    return [kind for kind, *_ in lost.elements()]


def reordered(expected: Sequence[ReceivedEvent], seen: Sequence[ReceivedEvent]) -> str | None:
    """Return where the order of ``seen`` departs, or ``None``; events of one alone do not count."""
    common = Counter(map(likeness, expected)) & Counter(map(likeness, seen))
    left, right = _only(expected, common), _only(seen, common)
    for want, got in zip(left, right, strict=True):
        if likeness(want) != likeness(got):
            return f"expected {want.type} next, got {got.type}"
    return None


def without_event_id(event: ReceivedEvent) -> dict[str, Any]:
    """Return the event's data but for its own id."""
    return {name: value for name, value in event.data.items() if name != "event_id"}


def _only(
    events: Sequence[ReceivedEvent], allowed: Counter[tuple[Any, ...]]
) -> list[ReceivedEvent]:
    left = allowed.copy()
    kept = []
    for event in events:
        if left[likeness(event)] > 0:
            left[likeness(event)] -= 1
            kept.append(event)
    return kept
