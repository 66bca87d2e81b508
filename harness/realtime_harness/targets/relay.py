"""Relays: ours in front of a target, or one that is the target, and the ways through them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit, urlunsplit

from realtime_harness.clients.call import Audio, Call
from realtime_harness.clients.control import Control
from realtime_harness.clients.signaling import Signaling
from realtime_harness.clients.websocket import Auth, WebSocketConnection, open_websocket
from realtime_harness.errors import NotClaimed
from realtime_harness.evidence import Lane
from realtime_harness.targets.capabilities import Capability
from realtime_harness.targets.target import Target

if TYPE_CHECKING:
    from realtime_harness.run import ScenarioRun

__all__ = ["Relay", "open_relay"]


class Relay:
    """A way to the target that leads through a relay.

    Connections are recorded and closed like those that a run opens to the target itself.

    Args:
        run: in whose name everything is opened.
        target: the service's twin at the relay's address.
        is_reference: whether it is one of ours, which can be told to add a delay.

    """

    def __init__(self, run: ScenarioRun, target: Target, *, is_reference: bool) -> None:
        self._run = run
        self._signaling: Signaling | None = None
        self.target = target
        self.is_reference = is_reference
        self.control: Control | None = None
        """The control API of the service behind it, if that claims it."""
        if Capability.CONTROL in run.service.capabilities:
            self.control = run.control or Control(run.service, run.recorder)

    @property
    def is_local(self) -> bool:
        """Whether both the relay and the service behind it are on this machine."""
        return self.target.is_loopback and self._run.service.is_loopback

    @property
    def base_url(self) -> str:
        """As :attr:`Target.base_url`, at the relay."""
        return self.target.base_url

    async def websocket(
        self,
        *,
        name: str = "relayed",
        key: str | None = None,
        auth: Auth = Auth.HEADER,
        model: str | None = None,
    ) -> WebSocketConnection:
        """Open a WebSocket session through a relay of kind ``ws``.

        Args:
            name: of the connection in the evidence.
            key: the target's own if not given.
            auth: how the key is shown.
            model: the target's model if not given.

        Raises:
            ConnectionRefused: if the relay or the target refuses.

        """
        connection = await open_websocket(
            self.target,
            self._run.recorder,
            name=self._run.unique_name(Lane.WEBSOCKET, name),
            lane=Lane.WEBSOCKET,
            query={"model": model or self.target.model},
            key=key,
            auth=auth,
        )
        self._run.on_close(connection.name, connection.close)
        return connection

    async def call(
        self,
        *,
        name: str = "relayed",
        audio: Audio = Audio.SILENT_TRACK,
        session: Mapping[str, Any] | None = None,
    ) -> Call:
        """Make a WebRTC call through a relay of kind ``webrtc``.

        Args:
            name: of the call in the evidence.
            audio: what the audio section of the offer has behind it.
            session: configuration, posted beside the offer.

        Raises:
            ConnectionRefused: if the offer is not answered with 201.
            EventNotReceived: if the connection does not come about in time.

        """
        if self._signaling is None:
            self._signaling = Signaling(self.target, self._run.recorder)
        return await self._run.call_through(
            self.target, self._signaling, name=name, audio=audio, session=session
        )

    async def close(self) -> None:
        """Close what the relay itself is asked with; the relay runs on for the next scenario."""
        if self._signaling is not None:
            await self._signaling.close()
        if self.control is not None and self.control is not self._run.control:
            await self.control.close()


async def open_relay(
    run: ScenarioRun, kind: Literal["ws", "webrtc"], *, delay_ms: float = 0
) -> Relay:
    """Return a relay in front of the run's target, or the target, if that is one.

    One process for each kind serves all scenarios of a run; the delay, and the defects that are
    switched on in the target, are told to it with each connection.

    Args:
        run: the scenario's run.
        kind: how clients come to the relay.
        delay_ms: what it adds to a round trip.

    Raises:
        HarnessError: if the relay does not start.
        NotClaimed: if the target is a relay and not of that kind, or is to add a delay.

    """
    target = run.target
    if target.upstream is not None:
        if kind != target.relay_kind:
            raise NotClaimed(f"target {target.name} is a {target.relay_kind} relay, not {kind}")
        if delay_ms:
            raise NotClaimed(f"target {target.name} cannot be told to add a delay")
        return Relay(run, target, is_reference=False)
    if Capability.WEBSOCKET not in target.capabilities:
        raise NotClaimed(f"target {target.name} does not claim websocket, which our relays speak")
    address = await asyncio.to_thread(run.lab.relay, kind, target)
    query = dict(target.query)
    if delay_ms:
        query["relay_delay_ms"] = f"{delay_ms:g}"
    if defects := target.switches.get("defects"):
        query["relay_defect"] = ",".join(defect.partition(":")[0] for defect in defects)
    scheme, host, *_ = urlsplit(address)
    path = urlsplit(target.base_url).path
    return Relay(
        run,
        replace(
            target,
            name=f"{target.name} through a {kind} relay",
            base_url=urlunsplit((scheme, host, path, "", "")),
            capabilities=target.capabilities - {Capability.CONTROL},
            query=query,
            profile=replace(target.profile, calls_need_ephemeral_key=False),
            ca_file=None,
        ),
        is_reference=True,
    )
