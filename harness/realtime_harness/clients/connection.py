"""What every event connection offers, whatever carries its events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Closed", "Connection", "ReceivedEvent", "member"]


def member(event: Mapping[str, Any], *path: str | int) -> Any:
    """Return what is at ``path`` in an event; ``None`` if the event has not got that far.

    What an endpoint sends may have any shape, and a wrong one is never our fault.
    """
    value: Any = event
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedEvent:
    """A server event, as it came."""

    data: dict[str, Any]
    seq: int
    """Its line in the evidence."""
    t_ns: int
    """When its last byte was read, on the scenario's clock."""

    @property
    def type(self) -> str:
        """The event's ``type``, or ``""`` if it has none."""
        value = self.data.get("type")
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """How a connection ended."""

    code: int | None
    """WebSocket close code; ``None`` on a data channel or a socket that just broke."""
    reason: str
    t_ns: int
    by_us: bool


class Connection(Protocol):
    """A connection that carries Realtime events: WebSocket, data channel or sideband.

    Every wait is bounded: by ``timeout_s``, or by the target's ``patience_s`` if it is not given.
    Every frame in either direction is recorded before it is handed on. Receiving keeps a cursor:
    :meth:`receive` and :meth:`expect` each continue behind the event returned last, and
    :attr:`events` holds all of them from the start.
    """

    name: str
    """As in the evidence: ``client``, ``sideband``, ``sideband-2``, …"""

    @property
    def events(self) -> list[ReceivedEvent]:
        """Everything received so far, in order."""
        ...

    @property
    def closed(self) -> Closed | None:
        """How the connection ended, or ``None`` while it is open."""
        ...

    async def send(self, event: Mapping[str, Any], *, valid: bool = True) -> int:
        """Send one event; return its line in the evidence.

        ``valid=False`` says that the event breaks the contract on purpose; otherwise an event of
        ours that does not match the schema is a fault of ours.

        Raises:
            HarnessError: if the event is invalid without being meant to be.
            ConnectionLost: if the connection is closed.

        """
        ...

    async def send_raw(self, message: str | bytes) -> int:
        """Send a frame as it is; return its line in the evidence."""
        ...

    async def receive(self, *, timeout_s: float | None = None) -> ReceivedEvent:
        """Return the next event. Canceling is safe: no event is lost.

        Raises:
            EventNotReceived: if none came in time.
            ConnectionLost: if the connection closed first.

        """
        ...

    async def expect(
        self,
        *types: str,
        timeout_s: float | None = None,
        where: Callable[[dict[str, Any]], bool] | None = None,
    ) -> ReceivedEvent:
        """Skip to the next event of one of ``types`` (any, if none given) that ``where`` accepts.

        Canceling is safe.

        Raises:
            EventNotReceived: if none came in time.
            ConnectionLost: if the connection closed first.

        """
        ...

    async def wait_closed(self, *, timeout_s: float | None = None) -> Closed:
        """Wait until the other side closes; return how.

        Raises:
            EventNotReceived: if it is still open when the time is up.

        """
        ...

    async def close(self) -> None:
        """Close from our side. Idempotent."""
        ...
