"""What one session of a load profile is, and into which class its failures belong."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from realtime_harness.clients.connection import member
from realtime_harness.clients.signaling import Signaling
from realtime_harness.errors import (
    ConnectionLost,
    ConnectionRefused,
    EventNotReceived,
    TargetUnreachable,
    TargetViolation,
)
from realtime_harness.load.operation import Operation
from realtime_harness.load.pacing import Pacer
from realtime_harness.load.profile import Profile
from realtime_harness.load.recent import RecentRecorder
from realtime_harness.load.requests import LightSignaling
from realtime_harness.load.sessions.media import LITE, MEDIA, Media
from realtime_harness.targets.target import Target

if TYPE_CHECKING:
    from realtime_harness.lab import Lab

__all__ = ["RATE_LIMITED", "Incomplete", "Journey", "World", "class_of", "completed"]


@dataclass(slots=True, kw_only=True)
class World:
    """What is the same for all sessions of an engine."""

    target: Target
    profile: Profile
    pacer: Pacer
    """Sends sound in real time."""
    media: Media = MEDIA[LITE]
    """What sessions connect, speak and hear with."""
    _signaling: Signaling | None = field(default=None, init=False)

    @property
    def signaling(self) -> Signaling:
        """HTTP requests to the target, over connections that all sessions share."""
        if self._signaling is None:
            self._signaling = LightSignaling(self.target, timeout_s=self.profile.timeout_s)
        return self._signaling

    async def close(self) -> None:
        """Close what they share. Idempotent."""
        if self._signaling is not None:
            await self._signaling.close()


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
    drains: ClassVar[bool] = True
    """Whether :meth:`act` comes to its end by itself, and is waited for when a run is over."""

    files: ClassVar[int] = 1
    """How many files it has open, which are sockets."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.target = world.target
        self.parameters = world.profile.parameters
        self.number = number
        self.recorder = RecentRecorder()

    @classmethod
    async def prepare(cls, target: Target, lab: Lab) -> Target:
        """Do what has to be done once before a run, and return to where its sessions connect.

        In the process that leads the run, before any engine is started.

        Args:
            target: of the run.
            lab: to start more processes.

        """
        return target

    @abstractmethod
    async def open(self, operation: Operation) -> None:
        """Connect. What is not set of the operation's times is set by the caller."""

    @abstractmethod
    async def act(self, operation: Operation) -> None:
        """Do it once: set when it was sent, and when the first of the answer came."""

    def forget(self) -> None:  # noqa: B027
        """Drop what an operation has left behind. Called between two of them."""

    @abstractmethod
    async def close(self) -> None:
        """End the session, bounded. Idempotent, also before it is open."""

    async def cut(self) -> None:
        """Break it off as a lost network does; closes it where that is not possible."""
        await self.close()


def completed(response: Mapping[str, Any]) -> None:
    """Raise :class:`Incomplete` unless a response says that it was completed."""
    if response.get("status") != "completed":
        details = response.get("status_details")
        code = member(details or {}, "error", "code") or member(details or {}, "reason")
        raise Incomplete(str(response.get("status")), str(code or ""))


RATE_LIMITED = "rate-limited"
"""Class of what was refused for now. A session that is told so keeps away for a while."""

_LIMIT_CODES = frozenset({"rate_limit_exceeded", "inference_rate_limit_exceeded"})


def class_of(error: BaseException, journey: Journey) -> str:
    """Return the class of failures that an exception belongs to.

    Being refused for now is one of its own, whichever way it is said.
    """
    match error:
        case ConnectionRefused(status=429):
            return RATE_LIMITED
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
        case Incomplete(code=code) if code in _LIMIT_CODES:
            return RATE_LIMITED
        case Incomplete(status=status, code=code):
            return f"{status}-{code}" if code else status
        case TargetViolation():
            code = _last_error(journey)
            return RATE_LIMITED if code in _LIMIT_CODES else f"error-{code or 'event'}"
    return f"harness-{type(error).__name__}"


def _last_error(journey: Journey) -> str:
    for entry in sorted(journey.recorder.entries, key=lambda entry: -entry.seq):
        if entry.data.get("type") == "error":
            error = entry.data.get("error")
            return str((error.get("code") or error.get("type")) if isinstance(error, dict) else "")
    return ""
