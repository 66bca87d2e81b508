"""Calls: sessions that were opened with an SDP offer, or by accepting a SIP call; by id."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

from realtime_fakes.audience import Role
from realtime_fakes.host import Host
from realtime_fakes.refusals import refusal
from realtime_fakes.sdp import Offer
from realtime_harness import rtc

if TYPE_CHECKING:
    from realtime_fakes.service import Service
    from realtime_fakes.webrtc import Peer

__all__ = ["Call", "CallRegistry", "FarEnd"]

_NOTHING = {"frames": 0, "late": 0}


class FarEnd(Protocol):
    """The transport of a call: a WebRTC peer, or a simulated phone."""

    @property
    def state(self) -> str:
        """What it is doing, in its own words."""
        ...

    @property
    def sent(self) -> dict[str, int]:
        """How many RTP ``frames`` it has sent, and how many of them ``late``, by 20 ms or more."""
        ...

    async def close(self) -> None:
        """Hang up. Idempotent."""
        ...

    async def cut(self) -> None:
        """Break off. Idempotent."""
        ...


@dataclass(slots=True, eq=False)
class Call:
    """One call."""

    id: str
    host: Host
    peer: FarEnd
    created_at: float
    user_agent: str
    """Of the caller's HTTP client."""
    _sidebands: Iterator[int]

    def next_sideband_name(self) -> str:
        """Return ``sideband``, then ``sideband-2`` and so on."""
        number = next(self._sidebands)
        return Role.SIDEBAND.value + (f"-{number}" if number > 1 else "")

    @property
    def sidebands(self) -> int:
        """How many sidebands are attached."""
        return sum(a.role is Role.SIDEBAND for a in self.host.session.attachments)

    def describe(self) -> dict[str, Any]:
        """Return the call for the control API."""
        session = self.host.describe()
        return {
            "id": self.id,
            "session_id": session["id"],
            "state": self.peer.state,
            "attachments": session["attachments"],
            "user_agent": self.user_agent,
            "sent": self.peer.sent,
        }


class CallRegistry:
    """The calls that are going on."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._calls: dict[str, Call] = {}
        self._refused: list[dict[str, Any]] = []
        self._peer: type[Peer] | None = None

    async def create(
        self,
        offer: Offer,
        session: dict[str, Any],
        *,
        model: str | None,
        user_agent: str,
        is_filtered: bool = False,
        key: str | None = None,
    ) -> tuple[Call, str]:
        """Start a call; return it and the SDP answer.

        Args:
            offer: what the caller offers.
            session: the configuration it asks for.
            model: given beside the configuration.
            user_agent: of the caller's HTTP client.
            is_filtered: whether its data channel gets only what is for users.
            key: it is opened with.

        Raises:
            ApiError: if the configuration is refused, or WebRTC is not installed. No call is left
                behind then.

        """
        if not rtc.available():
            raise refusal("not_installed")
        Peer = await self._peer_class()
        service = self._service
        call_id = service.new_call_id()
        host = service.open_session(session, model=model, call_id=call_id, key=key)
        peer = Peer(offer, host=host, service=service, is_filtered=is_filtered, key=key)
        call = self.join(call_id, host, peer, user_agent=user_agent)
        try:
            answer = await peer.answer()
        except BaseException:
            host.end()
            raise
        if host.ended:  # by a reset, while the answer was being made
            raise refusal("call_id_not_found")
        return call, answer

    async def _peer_class(self) -> type[Peer]:
        """Return what makes a call over WebRTC, imported when the first one comes.

        Before that it would be a third of a server's memory. In a thread, because importing takes a
        third of a second, during which sessions have to go on.
        """
        if self._peer is None:
            module = await asyncio.to_thread(import_module, "realtime_fakes.webrtc")
            self._peer = module.Peer
        return self._peer

    def join(self, call_id: str, host: Host, peer: FarEnd, *, user_agent: str = "") -> Call:
        """Add a call whose session is open."""
        call = Call(call_id, host, peer, self._service.clock.now(), user_agent, count(1))
        self._calls[call_id] = call
        return call

    def keep_refused(self, user_agent: str) -> None:
        """Leave a call behind that nobody can ever join."""
        call_id = self._service.new_call_id()
        self._refused.append(
            {
                "id": call_id,
                "session_id": None,
                "state": "new",
                "attachments": [],
                "user_agent": user_agent,
                "sent": _NOTHING,
            }
        )

    def get(self, call_id: str) -> Call | None:
        """Return the call of that id, if it is going on."""
        return self._calls.get(call_id)

    def attachable(self, call_id: str) -> Call | None:
        """Return the call of that id, if a sideband may join it by now."""
        call = self._calls.get(call_id)
        if call is None:
            return None
        age = self._service.clock.now() - call.created_at
        return call if age >= call.host.policy.sideband_delay_s else None

    def ended(self, host: Host) -> None:
        """Forget the call behind a session that ended, and close its peer."""
        for call in list(self._calls.values()):
            if call.host is host:
                del self._calls[call.id]
                self._service.spawn(call.peer.cut() if host.abrupt else call.peer.close())

    def describe(self) -> list[dict[str, Any]]:
        """Return the calls for the control API; those over SIP also when they are not going on."""
        described = {call.id: call.describe() for call in self._calls.values()}
        for phone in self._service.trunk:
            described[phone.id] = {
                "id": phone.id,
                "session_id": None,
                "state": phone.state,
                "attachments": [],
                "user_agent": "",
                "sent": _NOTHING,
                **described.get(phone.id, {}),
                "sip": phone.describe(),
            }
        return [*described.values(), *self._refused]
