"""What one session of a load profile does. The conversations are the journeys of the suites."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from time import perf_counter_ns
from typing import Any, ClassVar

from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.connection import member
from realtime_harness.clients.websocket import WebSocketConnection, open_websocket
from realtime_harness.errors import (
    ConnectionLost,
    ConnectionRefused,
    EventNotReceived,
    TargetUnreachable,
    TargetViolation,
    UsageError,
)
from realtime_harness.evidence import Lane
from realtime_harness.journeys.text_turn import text_turn
from realtime_harness.load.operation import Operation
from realtime_harness.load.profile import Profile
from realtime_harness.load.recent import RecentRecorder
from realtime_harness.targets.target import Target

__all__ = ["JOURNEYS", "Incomplete", "Journey", "World", "class_of", "journey_class"]

_KEPT_EVENTS = 24
"""Events of the turn before that stay: the journeys look back that far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What is the same for all sessions of an engine."""

    target: Target
    profile: Profile


class Incomplete(TargetViolation):
    """A response ended, and was not completed."""

    def __init__(self, status: str, code: str) -> None:
        super().__init__(status, code)
        self.status = status
        self.code = code

    def __str__(self) -> str:
        return f"the response ended as {self.status}" + (f" ({self.code})" if self.code else "")


class Journey(ABC):
    """One session: how it is opened, what it does again and again, how it is closed.

    Subclass it for a journey of your own, and name it in a profile as ``module:Class``. Whatever is
    raised counts as a failure of the operation; a session that fails is closed and opened again.

    Args:
        world: what all sessions share.
        number: of the session, from 0.

    """

    operation: ClassVar[str] = "turn"
    """What :meth:`act` is called in the figures."""

    def __init__(self, world: World, number: int) -> None:
        self.target = world.target
        self.parameters = world.profile.parameters
        self.number = number
        self.recorder = RecentRecorder()

    @abstractmethod
    async def open(self, operation: Operation) -> None:
        """Connect. What is not set of the operation's times is set by the caller."""

    @abstractmethod
    async def act(self, operation: Operation) -> None:
        """Do it once: set when it was sent, and when the first of the answer came."""

    @abstractmethod
    async def close(self) -> None:
        """End the session, bounded. Idempotent, also before it is open."""

    async def cut(self) -> None:
        """Break it off as a lost network does; closes it where that is not possible."""
        await self.close()


class WebSocketJourney(Journey):
    """A session over WebSocket."""

    def __init__(self, world: World, number: int) -> None:
        super().__init__(world, number)
        self._connection: WebSocketConnection | None = None

    @property
    def connection(self) -> EventConnection:
        """The open connection."""
        assert self._connection is not None
        return self._connection

    async def open(self, operation: Operation) -> None:
        """Open the WebSocket and wait for ``session.created``."""
        self._connection = await open_websocket(
            self.target,
            self.recorder,
            name="client",
            lane=Lane.WEBSOCKET,
            query={"model": self.target.model},
        )
        created = await self._connection.expect("session.created", "error")
        if created.type == "error":
            raise TargetViolation(f"instead of a session came {created.data.get('error')}")
        operation.done_ns = created.t_ns

    async def close(self) -> None:
        """Close the WebSocket."""
        if self._connection is not None:
            await self._connection.close()

    async def cut(self) -> None:
        """Break the TCP connection off."""
        if self._connection is not None:
            self._connection.cut()


class Text(WebSocketJourney):
    """A text turn at a time."""

    async def act(self, operation: Operation) -> None:
        """Take a text turn."""
        self.connection.forget(keep=_KEPT_EVENTS)
        turn = await text_turn(
            self.connection,
            str(self.parameters.get("text", "Hello")),
            modalities=self.parameters.get("modalities", ("text",)),
        )
        operation.sent_ns = turn.sent_ns
        operation.first_ns = turn.first_text_ns
        operation.done_ns = turn.done_ns
        completed(turn.response)


class Idle(WebSocketJourney):
    """Nothing, but to notice when the connection breaks."""

    operation = "idle"

    async def act(self, operation: Operation) -> None:
        """Wait a while for what must not come."""
        hold_s = float(self.parameters.get("hold_s", 3600.0))
        with suppress(EventNotReceived):
            closed = await self.connection.wait_closed(timeout_s=hold_s)
            raise ConnectionLost(
                lane="client", code=closed.code, reason=closed.reason, while_doing="idle"
            )


class Churn(WebSocketJourney):
    """A whole session at a time: it comes, takes a text turn and goes."""

    operation = "session"

    async def open(self, operation: Operation) -> None:
        """Open nothing yet."""

    async def act(self, operation: Operation) -> None:
        """Connect, take a turn, close."""
        operation.sent_ns = perf_counter_ns()
        await super().open(operation)
        operation.more_ns["connect_ms"] = operation.done_ns - operation.sent_ns
        turn = await text_turn(self.connection, str(self.parameters.get("text", "Hello")))
        if turn.first_text_ns is not None:
            operation.more_ns["ttft_ms"] = turn.first_text_ns - turn.sent_ns
        operation.more_ns["turn_ms"] = turn.done_ns - turn.sent_ns
        await self.close()
        operation.done_ns = perf_counter_ns()
        completed(turn.response)


JOURNEYS: Mapping[str, type[Journey]] = {"text": Text, "idle": Idle, "churn": Churn}
"""By name, as profiles have it."""


def journey_class(name: str) -> type[Journey]:
    """Return a journey of ours, or one of the user's as ``module:Class``.

    Raises:
        UsageError: if there is none.

    """
    if name in JOURNEYS:
        return JOURNEYS[name]
    module, _, attribute = name.partition(":")
    if not attribute:
        raise UsageError(
            f"journey {name}: unknown; known are {', '.join(JOURNEYS)}, and module:Class of yours"
        )
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"journey {name}: cannot be imported: {error}") from error
    if not (isinstance(found, type) and issubclass(found, Journey)):
        raise UsageError(f"journey {name}: is no subclass of {Journey.__module__}.Journey")
    return found


def completed(response: Mapping[str, Any]) -> None:
    """Raise :class:`Incomplete` unless a response says that it was completed."""
    if response.get("status") != "completed":
        details = response.get("status_details")
        code = member(details or {}, "error", "code") or member(details or {}, "reason")
        raise Incomplete(str(response.get("status")), str(code or ""))


_RATE_LIMITED = "rate-limited"


def class_of(error: BaseException, journey: Journey) -> str:
    """Return the class of failures that an exception belongs to.

    Being refused for now is one of its own, whichever way it is said.
    """
    match error:
        case ConnectionRefused(status=429):
            return _RATE_LIMITED
        case ConnectionRefused(status=int(status)):
            return f"refused-{status}"
        case ConnectionRefused():
            return "refused"
        case EventNotReceived():
            return "timeout"
        case ConnectionLost(code=code):
            return f"lost-{code}" if code is not None else "lost"
        case TargetUnreachable():
            return "unreachable"
        case Incomplete(code="rate_limit_exceeded"):
            return _RATE_LIMITED
        case Incomplete(status=status, code=code):
            return f"{status}-{code}" if code else status
        case TargetViolation():
            code = _last_error(journey)
            return _RATE_LIMITED if code == "rate_limit_exceeded" else f"error-{code or 'event'}"
    return f"harness-{type(error).__name__}"


def _last_error(journey: Journey) -> str:
    for entry in sorted(journey.recorder.entries, key=lambda entry: -entry.seq):
        if entry.data.get("type") == "error":
            error = entry.data.get("error")
            return str((error.get("code") or error.get("type")) if isinstance(error, dict) else "")
    return ""
