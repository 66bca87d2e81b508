"""What all event connections have in common: recording, the cursor, bounded waiting."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from realtime_harness.clients.connection import Closed, ReceivedEvent
from realtime_harness.errors import ConnectionLost, EventNotReceived, HarnessError
from realtime_harness.evidence import Direction, Kind, Lane, Recorder

__all__ = ["EventConnection"]


class EventConnection(ABC):
    """Base of the connections; implements :class:`~realtime_harness.clients.connection.Connection`.

    A subclass feeds :meth:`_received` and :meth:`_ended`, and says how a frame is sent and how the
    connection is closed.
    """

    def __init__(
        self, *, name: str, lane: Lane, recorder: Recorder, patience_s: float = 5.0
    ) -> None:
        self.name = name
        self.lane = lane
        self._recorder = recorder
        self._patience_s = patience_s
        self._events: list[ReceivedEvent] = []
        # Index behind the event that was returned last.
        self._cursor = 0
        self._closed: Closed | None = None
        self._closing = False
        # Whether we broke it off, as a lost network does.
        self._cut = False
        self._waiters: set[asyncio.Future[None]] = set()

    @property
    def events(self) -> list[ReceivedEvent]:
        """Everything received so far, in order."""
        return list(self._events)

    @property
    def closed(self) -> Closed | None:
        """How the connection ended, or ``None`` while it is open."""
        return self._closed

    async def send(self, event: Mapping[str, Any], *, valid: bool = True) -> int:
        """Send one event; return its line in the evidence.

        Args:
            event: the client event.
            valid: ``False`` if it breaks the contract on purpose.

        Raises:
            HarnessError: if the event is invalid without being meant to be.
            ConnectionLost: if the connection is closed.

        """
        data = dict(event)
        if valid and (problems := _contract_errors(data)):
            raise HarnessError(
                f"{data.get('type', 'event')} breaks the contract: {'; '.join(problems)}; "
                "say valid=False if that is meant"
            )
        return await self._send(orjson.dumps(data).decode(), Kind.EVENT, data)

    async def send_raw(self, message: str | bytes) -> int:
        """Send a frame as it is; return its line in the evidence.

        Raises:
            ConnectionLost: if the connection is closed.

        """
        if isinstance(message, bytes):
            return await self._send(message, Kind.RAW, {"bytes": len(message), "why": "binary"})
        return await self._send(message, Kind.RAW, {"text": message})

    def sent_at_ns(self, seq: int) -> int:
        """Return when the frame at this line of the evidence was sent, on the scenario's clock."""
        return self._recorder.time_of(seq)

    async def receive(self, *, timeout_s: float | None = None) -> ReceivedEvent:
        """Return the next event. Canceling is safe: no event is lost.

        Raises:
            EventNotReceived: if none came in time.
            ConnectionLost: if the connection closed first.

        """
        return await self.expect(timeout_s=timeout_s)

    async def expect(
        self,
        *types: str,
        timeout_s: float | None = None,
        where: Callable[[dict[str, Any]], bool] | None = None,
    ) -> ReceivedEvent:
        """Skip to the next event of one of ``types`` (any, if none given) that ``where`` accepts.

        The cursor moves only when an event is returned. Canceling is safe.

        Raises:
            EventNotReceived: if none came in time.
            ConnectionLost: if the connection closed first.

        """
        wanted = " or ".join(types) if types else "event"
        looked_at = self._cursor

        def find() -> ReceivedEvent | None:
            nonlocal looked_at
            while looked_at < len(self._events):
                event = self._events[looked_at]
                looked_at += 1
                # Not by its property, as this is where load engines spend their time.
                if (not types or event.data.get("type") in types) and (
                    where is None or where(event.data)
                ):
                    self._cursor = looked_at
                    return event
            return None

        found = await self._wait(find, wanted, timeout_s)
        if found is None:
            raise self._lost(f"waiting for {wanted}")
        return found

    def forget(self, *, keep: int = 0) -> None:
        """Drop the events that were looked at, for connections that last.

        Not while anybody waits for an event.

        Args:
            keep: how many of them stay, the newest ones.

        """
        if (count := self._cursor - keep) > 0:
            del self._events[:count]
            self._cursor -= count

    async def wait_closed(self, *, timeout_s: float | None = None) -> Closed:
        """Wait until the other side closes; return how.

        Raises:
            EventNotReceived: if it is still open when the time is up.

        """
        await self._wait(lambda: None, "close", timeout_s)
        assert self._closed is not None
        return self._closed

    async def close(self) -> None:
        """Close from our side. Idempotent."""
        if self._closed is None and not self._closing:
            self._closing = True
            await self._shut()
            self._ended(code=None, reason="")

    # What subclasses say and feed.

    @abstractmethod
    async def _transmit(self, frame: str | bytes) -> None:
        """Hand one frame to the transport; raise :class:`ConnectionError` if it is gone."""

    @abstractmethod
    async def _shut(self) -> None:
        """Close the transport, bounded."""

    def _received(self, frame: str | bytes, t_ns: int | None = None) -> None:
        """Record a frame and, if it is an event, hand it on."""
        t_ns = self._recorder.now_ns() if t_ns is None else t_ns
        kind, data = _classify(frame)
        entry = self._recorder.record(
            self.lane, self.name, Direction.RECEIVED, kind, data, t_ns=t_ns
        )
        if kind is Kind.EVENT:
            self._events.append(ReceivedEvent(data=data, seq=entry.seq, t_ns=t_ns))
            self._wake()

    def _ended(self, *, code: int | None, reason: str) -> None:
        """Note that the connection is over. Only the first call counts."""
        if self._closed is not None:
            return
        entry = self._recorder.state(
            self.name,
            self.lane.value,
            "closed",
            code=code,
            reason=reason,
            by="us" if self._closing else "them",
            **({"cut": True} if self._cut else {}),
        )
        self._closed = Closed(code=code, reason=reason, t_ns=entry.t_ns, by_us=self._closing)
        self._wake()

    # Inside.

    async def _send(self, frame: str | bytes, kind: Kind, data: dict[str, Any]) -> int:
        if self._closed is not None:
            raise self._lost("sending")
        entry = self._recorder.record(self.lane, self.name, Direction.SENT, kind, data)
        try:
            await self._transmit(frame)
        except ConnectionError as error:
            raise self._lost("sending") from error
        return entry.seq

    async def _wait(
        self, find: Callable[[], ReceivedEvent | None], wanted: str, timeout_s: float | None
    ) -> ReceivedEvent | None:
        """Return what ``find`` finds, or ``None`` when the connection ended without it."""
        if (found := find()) is not None or self._closed is not None:
            return found
        since = self._cursor
        bound_s = self._patience_s if timeout_s is None else timeout_s
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(bound_s):
                while found is None and self._closed is None:
                    waiter = loop.create_future()
                    self._waiters.add(waiter)
                    try:
                        await waiter
                    finally:
                        self._waiters.discard(waiter)
                    found = find()
        except TimeoutError:
            raise EventNotReceived(
                expected=wanted,
                lane=self.name,
                timeout_s=bound_s,
                seen=[_label(event) for event in self._events[since:]],
            ) from None
        return found

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _lost(self, while_doing: str) -> ConnectionLost:
        code, reason = (self._closed.code, self._closed.reason) if self._closed else (None, "")
        last = self._events[-1] if self._events else None
        if last is not None and last.type == "error":
            reason = "; ".join(filter(None, (reason, f"last event: {_label(last)}")))
        return ConnectionLost(lane=self.name, code=code, reason=reason, while_doing=while_doing)


def _contract_errors(event: dict[str, Any]) -> list[str]:
    # Inside, because the schemas take a while to load and not every user of a connection sends.
    from realtime_harness.contract.schemas import client_event_errors

    return client_event_errors(event)


def _classify(frame: str | bytes) -> tuple[Kind, dict[str, Any]]:
    """Say what a frame is; never raises."""
    if isinstance(frame, bytes):
        return Kind.RAW, {"bytes": len(frame), "why": "binary frame"}
    try:
        data = orjson.loads(frame)
    except ValueError as error:
        return Kind.RAW, {"text": frame, "why": f"not JSON: {error}"}
    if not isinstance(data, dict):
        return Kind.RAW, {"text": frame, "why": "not a JSON object"}
    return Kind.EVENT, data


def _label(event: ReceivedEvent) -> str:
    """Name an event in a message: its type, and what an error says."""
    if event.type != "error":
        return event.type or "an event without type"
    error = event.data.get("error")
    error = error if isinstance(error, dict) else {}
    return f"error {error.get('code') or error.get('type')}: {error.get('message')}"
