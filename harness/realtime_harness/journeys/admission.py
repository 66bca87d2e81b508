"""Knocking at a WebSocket: who is let in, and how those are told who are not.

OpenAI switches protocols first and then refuses with an ``error`` event and a close code of its
own (probed: https://github.com/gauravzqa/llmgw capabilities/captures-ws.md); Azure refuses the
handshake (probed: https://github.com/swigerb/SonicAIDriveThru). Clients have to handle both.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from realtime_harness.clients.connection import Closed, ReceivedEvent, member
from realtime_harness.clients.websocket import Auth, WebSocketConnection
from realtime_harness.errors import ConnectionLost, ConnectionRefused, EventNotReceived
from realtime_harness.run import ScenarioRun

__all__ = ["Knock", "knock"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """What came of an attempt to open a session."""

    connection: WebSocketConnection | None
    """The socket; ``None`` if the handshake was refused."""
    created: ReceivedEvent | None = None
    """``session.created``, for those who are let in."""
    status: int | None = None
    """Of the handshake that was refused."""
    error: Mapping[str, Any] = field(default_factory=dict)
    """What the refusal says, in an event or a body; empty if it says nothing."""
    events: Sequence[ReceivedEvent] = ()
    """All that came before the end, for those who are refused in the socket."""
    closed: Closed | None = None
    """How a socket was closed; ``None`` if it was left open."""
    seq: int | None = None
    """Line in the evidence of what decided it."""

    @property
    def admitted(self) -> bool:
        """Whether there is a session."""
        return self.created is not None

    @property
    def by_http(self) -> bool:
        """Whether the handshake was refused."""
        return self.connection is None

    @property
    def session(self) -> dict[str, Any]:
        """The session of those who are let in; empty otherwise."""
        session = member(self.created.data, "session") if self.created is not None else None
        return session if isinstance(session, dict) else {}

    @property
    def number(self) -> int | None:
        """Status of the handshake or close code of the socket: how the refusal is classed."""
        if self.by_http:
            return self.status
        return None if self.closed is None else self.closed.code

    def shown(self) -> str:
        """Return what came, for a reason."""
        said = {name: self.error[name] for name in ("code", "message") if name in self.error}
        if self.admitted:
            return "a session"
        if self.by_http:
            return f"HTTP status {self.status} with {said or 'no error object'}"
        if self.closed is None:
            return f"a socket that is left open, with {said or 'no error'}"
        return f"close code {self.closed.code} ({self.closed.reason}) with {said or 'no error'}"


async def knock(
    run: ScenarioRun,
    *,
    model: str | None = None,
    key: str | None = None,
    auth: Auth = Auth.HEADER,
    query: Mapping[str, str] | None = None,
    subprotocols: Sequence[str] | None = None,
    headers: Mapping[str, str] | None = None,
    name: str = "client",
) -> Knock:
    """Try to open a session, and stay until it is clear what becomes of it.

    Args: as those of :meth:`~realtime_harness.run.ScenarioRun.websocket`.

    Raises:
        TargetUnreachable: if nothing answers at that address.

    """
    try:
        connection = await run.websocket(
            model=model,
            key=key,
            auth=auth,
            query=query,
            subprotocols=subprotocols,
            headers=headers,
            name=name,
        )
    except ConnectionRefused as refused:
        answer = refused.answer
        return Knock(
            connection=None,
            status=refused.status,
            error=(answer.error if answer is not None else None) or {},
            seq=None if answer is None else answer.seq,
        )
    try:
        first = await connection.expect("session.created", "error")
    except (ConnectionLost, EventNotReceived):
        return Knock(connection=connection, events=connection.events, closed=connection.closed)
    if first.type == "session.created":
        return Knock(connection=connection, created=first, seq=first.seq)
    with contextlib.suppress(EventNotReceived):
        await connection.wait_closed()
    error = member(first.data, "error")
    return Knock(
        connection=connection,
        created=next((e for e in connection.events if e.type == "session.created"), None),
        error=error if isinstance(error, dict) else {},
        events=connection.events,
        closed=connection.closed,
        seq=first.seq,
    )
