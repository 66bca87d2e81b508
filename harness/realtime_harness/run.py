"""What a scenario's coroutine gets: the target, ways to connect to it, and judging."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

from realtime_harness.checks import Check
from realtime_harness.clients.call import Audio, Call
from realtime_harness.clients.control import Control
from realtime_harness.clients.sideband import open_sideband
from realtime_harness.clients.signaling import Signaling
from realtime_harness.clients.webrtc import open_call
from realtime_harness.clients.websocket import Auth, WebSocketConnection, open_websocket
from realtime_harness.errors import NotClaimed
from realtime_harness.evidence import Entry, Lane, Recorder
from realtime_harness.ledger import Evidence, Ledger
from realtime_harness.scenario import DEFAULT_CLIENT, Scenario
from realtime_harness.targets.capabilities import Capability
from realtime_harness.targets.target import Target

if TYPE_CHECKING:
    from realtime_harness.lab import Lab
    from realtime_harness.metrics import Interval
    from realtime_harness.targets.relay import Relay

__all__ = ["Audio", "Auth", "Call", "ScenarioRun"]

_CLOSE_TIMEOUT_S = 6.0
"""Bound on closing any one thing; a little above the clients' own bounds."""


class ScenarioRun:
    """One run of one scenario.

    Everything opened here is recorded and closed when the run ends, whichever way. An asynchronous
    context manager; :func:`realtime_harness.runner.run_scenario` enters it.
    """

    def __init__(
        self,
        scenario: Scenario,
        target: Target,
        *,
        lab: Lab | None,
        recorder: Recorder,
        client: str = DEFAULT_CLIENT,
    ) -> None:
        self.scenario = scenario
        self.target = target
        """The endpoint under test."""
        self.client = client
        """What makes its calls: ``aiortc`` or ``chromium``."""
        self.recorder = recorder
        self.ledger = Ledger(scenario, recorder)
        self.measurements: dict[str, Any] = {}
        # Of this run alone: its calls are told from those of a repetition by it.
        agent = f"realtime-harness ({scenario.id}; {uuid4().hex[:8]})"
        self.signaling = Signaling(target, recorder, user_agent=agent)
        """HTTP requests to the target."""
        self.control: Control | None = None
        """The fake's control API, for targets that claim it."""
        if Capability.CONTROL in target.capabilities:
            self.control = Control(target, recorder)
        self._lab = lab
        self._names: Counter[tuple[str, str]] = Counter()
        self._closers: list[tuple[str, Callable[[], Awaitable[object]]]] = []
        self.on_close("signaling", self.signaling.close)
        if self.control is not None:
            self.on_close("control", self.control.close)

    async def __aenter__(self) -> ScenarioRun:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def lab(self) -> Lab:
        """The processes of this run, to start more of them.

        Raises:
            HarnessError: if the run has no lab.

        """
        from realtime_harness.errors import HarnessError

        if self._lab is None:
            raise HarnessError("this run was started without a lab")
        return self._lab

    @property
    def service(self) -> Target:
        """The target, or what is behind it if it is a relay."""
        return self.target.upstream or self.target

    @property
    def evidence(self) -> list[Entry]:
        """Everything recorded so far."""
        return list(self.recorder.entries)

    # Judging.

    def check(
        self,
        check: Check,
        ok: bool,
        reason: str = "",
        *,
        evidence: Evidence = None,
        path: str = "",
    ) -> bool:
        """Judge a check; return ``ok``.

        Args:
            check: one of the scenario's.
            ok: whether the clause is met.
            reason: what was expected and what came; kept if it is not met. The first failure of a
                check counts.
            evidence: the event, the answer or the line of evidence that decided it.
            path: which field of it did, such as ``response.output[0].id``.

        """
        return self.ledger.check(check, ok, reason, evidence, path)

    def judging(self, *checks: Check) -> AbstractContextManager[None]:
        """Judge by whether a violation is raised in the block.

        A :class:`~realtime_harness.errors.TargetViolation` fails ``checks`` with its text, and the
        conversation goes on behind the block. Without one, those not judged yet pass.
        """
        return self.ledger.judging(*checks)

    def requiring(self, *checks: Check) -> AbstractContextManager[None]:
        """Judge as :meth:`judging` does, but end the conversation with a violation.

        For steps that everything behind them needs: what is not judged by then was not reached.
        """
        return self.ledger.judging(*checks, fatal=True)

    def observe(self, check: Check, text: str, *, evidence: Evidence = None) -> None:
        """Report what was seen about a check, without judging it."""
        self.ledger.observe(check, text, evidence)

    def not_applicable(self, check: Check, reason: str) -> None:
        """Say that a check does not apply to this target."""
        self.ledger.not_applicable(check, reason)

    def note(self, text: str, **data: Any) -> None:
        """Write a note into the evidence."""
        self.recorder.note(text, **data)

    def measure(self, name: str, value: float | Interval, unit: str) -> None:
        """Report a figure.

        Args:
            name: unique in the scenario.
            value: a number, or an interval with its number of samples.
            unit: such as ``ms``.

        """
        figure = {"value": value} if isinstance(value, int | float) else asdict(value)
        self.measurements[name] = {**figure, "unit": unit}
        self.recorder.note(f"measured {name}", **self.measurements[name])

    # Connecting.

    async def websocket(
        self,
        *,
        model: str | None = None,
        key: str | None = None,
        auth: Auth = Auth.HEADER,
        query: Mapping[str, str] | None = None,
        name: str = "client",
        subprotocols: Sequence[str] | None = None,
        headers: Mapping[str, str] | None = None,
        path: str = "/realtime",
        target: Target | None = None,
    ) -> WebSocketConnection:
        """Open a WebSocket session.

        Args:
            model: the ``model`` parameter; the target's model if neither it nor ``query`` is given.
            key: the target's own if not given.
            auth: how the key is shown.
            query: further parameters; without ``model``, all of them.
            name: of the connection in the evidence; a second one of that name gets ``-2``.
            subprotocols: offered in addition to what ``auth`` offers.
            headers: sent in addition to what ``auth`` sends.
            path: below the target's base URL.
            target: where to, if not to the run's; :attr:`service` goes past a relay.

        Raises:
            ConnectionRefused: if the endpoint does not switch protocols.

        """
        target = target or self.target
        parameters = dict(query or {})
        if model is not None or query is None:
            parameters["model"] = model or target.model
        connection = await open_websocket(
            target,
            self.recorder,
            name=self.unique_name(Lane.WEBSOCKET, name),
            lane=Lane.WEBSOCKET,
            query=parameters,
            key=key,
            auth=auth,
            subprotocols=subprotocols,
            headers=headers,
            path=path,
        )
        self.on_close(connection.name, connection.close)
        return connection

    async def call(
        self,
        *,
        audio: Audio = Audio.SILENT_TRACK,
        data_channel: bool = True,
        session: Mapping[str, Any] | None = None,
        key: str | None = None,
        connect: bool = True,
    ) -> Call:
        """Make a WebRTC call.

        Args:
            audio: what the audio section of the offer has behind it.
            data_channel: whether the offer has a data channel.
            session: configuration, posted beside the offer.
            key: the target's own if not given.
            connect: ``False`` to return as soon as the offer is answered, before the answer is
                applied; :meth:`Call.connect` goes on from there.

        Raises:
            ConnectionRefused: if the offer is not answered with 201.
            EventNotReceived: if the connection does not come about in time.
            NotClaimed: if the target keeps most events off the data channel.

        """
        if data_channel and self.target.profile.filters_calls:
            raise NotClaimed(f"target {self.target.name} filters what is told on a data channel")
        return await self.call_through(
            self.target,
            self.signaling,
            name="client",
            audio=audio,
            data_channel=data_channel,
            session=session,
            key=key,
            connect=connect,
        )

    async def sideband(
        self,
        call_id: str,
        *,
        key: str | None = None,
        auth: Auth = Auth.HEADER,
        name: str | None = None,
        subprotocols: Sequence[str] | None = None,
        retry_s: float = 0,
    ) -> WebSocketConnection:
        """Attach to a call.

        Args:
            call_id: the call's :attr:`Call.id`.
            key: the target's own if not given.
            auth: how the key is shown.
            name: of the connection in the evidence; ``sideband``, ``sideband-2``, … if not given.
            subprotocols: offered in addition to what ``auth`` offers.
            retry_s: how long a 404 is tried again.

        Raises:
            ConnectionRefused: if the endpoint refuses; ``answer`` has its response.

        """
        connection = await open_sideband(
            self.target,
            self.recorder,
            call_id,
            name=self.unique_name(Lane.SIDEBAND, name or "sideband"),
            key=key,
            auth=auth,
            subprotocols=subprotocols,
            retry_s=retry_s,
        )
        self.on_close(connection.name, connection.close)
        return connection

    async def relay(self, kind: Literal["ws", "webrtc"], *, delay_ms: float = 0) -> Relay:
        """Return the way through a relay: the target itself, if it is one, or a reference relay.

        A reference relay is started in front of the target.

        Args:
            kind: ``ws`` (WebSocket to WebSocket) or ``webrtc`` (call to WebSocket).
            delay_ms: added on the way from the target to the client, by a reference relay.

        Raises:
            NotClaimed: if the target is a relay of another kind, or is to add a delay.

        """
        from realtime_harness.targets.relay import open_relay

        relay = await open_relay(self, kind, delay_ms=delay_ms)
        self.on_close(f"{kind} relay", relay.close)
        return relay

    async def enter_virtual_time(self) -> Control:
        """Go on in a service of its own, like the target but for its clock, which is virtual.

        For scenarios that need :attr:`Capability.CONTROL`. From here on the target is that service,
        so this comes before anything is opened.

        Returns:
            The control API of that service; its :meth:`Control.advance` moves time on.

        """
        from realtime_harness.errors import HarnessError

        if self.control is None:
            raise HarnessError(f"target {self.target.name} has no clock that could be moved")
        like = await self.control.state()
        name = f"{self.scenario.name}-{uuid4().hex[:8]}"
        target = await self.control.new_service(
            name,
            defects=like["defects"],
            behaviours=like["behaviours"],
            clock="virtual",
            profile=like["profile"],
        )
        outer = self.control
        self.on_close(f"service {name}", lambda: outer.delete_service(name))
        self.target = target
        self.signaling = Signaling(target, self.recorder, user_agent=self.signaling.user_agent)
        self.control = Control(target, self.recorder)
        self.on_close("signaling", self.signaling.close)
        self.on_close("control", self.control.close)
        return self.control

    # For whoever opens further things in the name of a run.

    async def call_through(
        self, target: Target, signaling: Signaling, *, name: str, **options: Any
    ) -> Call:
        """Make a call to ``target`` with the client of this run.

        Args:
            target: the endpoint, or what stands before it.
            signaling: posts the offer there.
            name: of the call in the evidence; made unique.
            options: as of :func:`~realtime_harness.clients.webrtc.open_call`.

        """
        options["name"] = self.unique_name(Lane.DATA_CHANNEL, name)
        call: Call
        if self.client == DEFAULT_CLIENT:
            call = await open_call(target, signaling, self.recorder, **options)
        else:
            from realtime_harness.clients.browser import open_browser_call

            browser = await asyncio.to_thread(self.lab.browser)
            call = await open_browser_call(browser, target, signaling, self.recorder, **options)
        self.on_close(call.name, call.close)
        return call

    def unique_name(self, lane: Lane, name: str) -> str:
        """Return a name that no connection on that lane has: ``name``, ``name-2``, …."""
        self._names[lane.value, name] += 1
        count = self._names[lane.value, name]
        return name if count == 1 else f"{name}-{count}"

    def on_close(self, name: str, close: Callable[[], Awaitable[object]]) -> None:
        """Have ``close`` called at the end of the run, before what was opened earlier is."""
        self._closers.append((name, close))

    async def close(self) -> None:
        """Close everything, the youngest first; what fails or takes too long is noted."""
        while self._closers:
            name, close = self._closers.pop()
            try:
                async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                    await close()
            except Exception as error:
                self.recorder.note(f"closing {name} failed: {error!r}")
