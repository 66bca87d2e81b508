"""Sessions through a relay, and past it, so that the difference is the relay's."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from dataclasses import replace
from time import perf_counter_ns
from typing import TYPE_CHECKING, ClassVar

from realtime_harness.clients.base import EventConnection
from realtime_harness.errors import UsageError
from realtime_harness.journeys.text_turn import text_turn
from realtime_harness.load.operation import Operation
from realtime_harness.load.sessions.base import Journey, World, completed
from realtime_harness.load.sessions.calls import WebrtcJourney
from realtime_harness.load.sessions.media import Socket
from realtime_harness.load.sessions.text import KEPT_EVENTS, WebSocketJourney, connect
from realtime_harness.targets.target import Target

if TYPE_CHECKING:
    from realtime_harness.lab import Lab

__all__ = ["Relayed", "RelayedCall"]


class _BothWays(Journey):
    """The same text turn through a relay and past it, over WebSocket, now one first, now the other.

    The relay is the target, if that is one; otherwise one of ours is started before it.
    """

    kind: ClassVar[str]
    """How clients come to the relay: ``ws`` or ``webrtc``."""

    files = 2

    def __init__(self, world: World, number: int) -> None:
        super().__init__(world, number)
        self._direct: Socket | None = None

    @property
    @abstractmethod
    def through(self) -> EventConnection:
        """The open connection that leads through the relay."""

    @classmethod
    async def prepare(cls, target: Target, lab: Lab) -> Target:
        """Start a relay, unless the target is one.

        Raises:
            UsageError: if it is one of another kind.

        """
        if target.upstream is None:
            base_url = await asyncio.to_thread(lab.relay, cls.kind, target)
            return replace(target, base_url=base_url, upstream=target, relay_kind=cls.kind)
        if target.relay_kind != cls.kind:
            raise UsageError(
                f"{target.name} is a relay of kind {target.relay_kind}: load relay is for kind ws, "
                "load webrtc-relay for kind webrtc"
            )
        return target

    async def open(self, operation: Operation) -> None:
        """Connect both ways; it is the one through the relay that counts."""
        begun_ns = perf_counter_ns()
        assert self.target.upstream is not None
        self._direct, _ = await connect(self, self.target.upstream, name="direct")
        operation.send_later(begun_ns)
        await super().open(operation)  # type: ignore[safe-super]

    async def act(self, operation: Operation) -> None:
        """Take the turn on both ways; it is the one through the relay that counts."""
        assert self._direct is not None
        text = str(self.parameters.get("text", "Hello"))
        begun_ns = perf_counter_ns()
        if operation.position % 2:
            direct = await text_turn(self._direct, text)
            operation.send_later(begun_ns)
            relayed = await text_turn(self.through, text)
        else:
            relayed = await text_turn(self.through, text)
            operation.sent_ns = relayed.sent_ns
            direct = await text_turn(self._direct, text)
        operation.first_ns, operation.done_ns = relayed.first_text_ns, relayed.done_ns
        added_ns = (relayed.done_ns - relayed.sent_ns) - (direct.done_ns - direct.sent_ns)
        operation.more["added_ms"] = max(0, added_ns)
        completed(relayed.response)

    def forget(self) -> None:
        """Drop the events of the last turns but for a few."""
        super().forget()
        if self._direct is not None:
            self._direct.forget(keep=KEPT_EVENTS)

    async def close(self) -> None:
        """Close both."""
        if self._direct is not None:
            await self._direct.close()
        await super().close()  # type: ignore[safe-super]


class Relayed(_BothWays, WebSocketJourney):
    """Text turns through a relay to which clients come by WebSocket."""

    kind = "ws"

    @property
    def through(self) -> EventConnection:
        """The WebSocket to the relay."""
        return self.connection


class RelayedCall(_BothWays, WebrtcJourney):
    """Text turns through a relay that clients call."""

    kind = "webrtc"

    @property
    def through(self) -> EventConnection:
        """The data channel of the call to the relay."""
        return self.events
