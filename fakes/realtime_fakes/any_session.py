"""What sessions of every type have in common: parties, a way to refuse, and an end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from realtime_fakes.audience import (
    Addressed,
    Attachment,
    Close,
    Effect,
    Event,
    McpOutcome,
    Role,
)
from realtime_fakes.client_events import parse
from realtime_fakes.config import Config
from realtime_fakes.errors import ApiError, api_error
from realtime_fakes.ids import Ids
from realtime_fakes.policy import Policy
from realtime_fakes.shapes import Shape, check

__all__ = ["AnySession"]

_ANOTHER_TERM_S = 3_600
"""How much longer a session goes on that does not end when it should."""


class AnySession(ABC):
    """A session of any type, sans-IO.

    Args:
        id: of the session.
        config: the effective session object.
        now: when it starts, in Unix seconds.
        ids: source of its identifiers.
        policy: returns the decisions in force; asked at each frame and timer.
        events: what its clients may send.

    """

    def __init__(
        self,
        *,
        id: str,
        config: Config,
        now: float,
        ids: Ids,
        policy: Callable[[], Policy],
        events: Shape,
    ) -> None:
        self.id = id
        self.config = config
        self.attachments: list[Attachment] = []
        self.ended = False
        self._started_at = now
        self._ids = ids
        self._policy = policy
        self._known = events
        ids.at(now)

    @abstractmethod
    def _act(self, event: Event, now: float, out: list[Effect]) -> None:
        """Do what a client's event asks for, or refuse by raising before anything is changed."""

    def attach(self, attachment: Attachment, now: float) -> list[Effect]:
        """Add a party. A primary one is greeted with ``session.created``."""
        self.attachments.append(attachment)
        if self.ended or (attachment.role is Role.SIDEBAND and not self._policy().greet_sidebands):
            return []
        self._ids.at(now)
        return [
            Addressed(
                {
                    "type": "session.created",
                    "event_id": self._ids.event(),
                    "session": self.config,
                },
                attachment,
            )
        ]

    def detach(self, attachment: Attachment, now: float) -> list[Effect]:
        """Remove a party. The session ends with its primary WebSocket."""
        if attachment in self.attachments:
            self.attachments.remove(attachment)
        if attachment.role is Role.WEBSOCKET:
            self.ended = True
        return []

    def receive(self, attachment: Attachment, frame: str | bytes, now: float) -> list[Effect]:
        """Act on a client's frame, whatever is in it."""
        if self.ended:
            return []
        self._ids.at(now)
        out: list[Effect] = []
        event_id = None
        try:
            event = parse(frame)
            event_id = event.get("event_id")
            if "type" not in event:
                raise api_error("missing_type")
            self._act(check(self._known, event), now, out)
        except ApiError as error:
            echoed = event_id if type(event_id) is str else None
            policy = self._policy()
            refused = error.event(self._ids.event() if policy.number_errors else None, echoed)
            return [refused if policy.broadcast_errors else Addressed(refused, attachment)]
        return out

    def answered(self, request_id: str, outcome: McpOutcome, now: float) -> list[Effect]:
        """Take what an MCP server has answered. Most sessions ask none."""
        return []

    @abstractmethod
    def receive_audio(self, pcm: bytes, now: float) -> list[Effect]:
        """Hear sound that came over RTP: 24 kHz mono PCM16, little endian."""

    def next_timer(self) -> float | None:
        """Return when :meth:`on_timer` is to be called, in Unix seconds."""
        return None if self.ended else self._ends_at()

    def on_timer(self, now: float) -> list[Effect]:
        """Do all that is due by ``now``."""
        out: list[Effect] = []
        if not self.ended:
            self._ids.at(now)
            self._expire(now, out)
        return out

    def describe(self) -> dict[str, Any]:
        """Return the state, for a tester who looks in from the side."""
        return {
            "id": self.id,
            "type": self.config["type"],
            "model": self.config.get("model"),
            "expires_at": self.config["expires_at"],
            "attachments": [
                {"role": attachment.role.value, "name": attachment.name}
                for attachment in self.attachments
            ],
        }

    def _ends_at(self) -> float:
        return float(self.config["expires_at"]) - self._policy().early_end_s

    def _expire(self, now: float, out: list[Effect]) -> None:
        """End the session, if its time is up."""
        if self._ends_at() <= now:
            policy = self._policy()
            if not policy.sessions_expire:
                self.config = {**self.config, "expires_at": int(now) + _ANOTHER_TERM_S}
                return
            minutes = round((self.config["expires_at"] - self._started_at) / 60)
            error = api_error("session_expired", minutes=minutes)
            out.append(error.event(self._ids.event() if policy.number_errors else None))
            out.append(Close(policy.expiry_close_code, error.message))
            self.ended = True
