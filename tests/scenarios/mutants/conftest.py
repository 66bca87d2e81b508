"""Mutation on the wire: a proxy between harness and fake that spoils one class of server events."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson
import pytest
import uvloop

import realtime_scenarios
from realtime_harness import catalogue
from realtime_harness.clients.control import Control
from realtime_harness.lab import Lab
from realtime_harness.results import CheckResult
from realtime_harness.runner import run_scenario
from realtime_harness.scenario import Scenario
from realtime_harness.targets.capabilities import Capability
from realtime_harness.targets.target import Target
from realtime_harness.verdicts import Verdict

PATIENCE_S = 2.0
"""What has to come comes within milliseconds; what a mutant withholds is waited for as long."""

RIGHT_PATIENCE_S = 10.0

AT_ONCE = 12
"""Conversations at a time; most of them wait for what does not come."""

MOST_TRIED = 8
"""Scenarios that a mutant meets before it counts as unseen."""

HOLD_S = 0.1
"""How long an event is held back for another one to overtake it."""

Event = dict[str, Any]


class Mutant(NamedTuple):
    """One way to spoil one class of events."""

    operation: str
    """``drop``, ``duplicate``, ``reorder``, ``rename`` or ``null``."""
    event: str
    """Type of the events."""
    field: str = ""
    """What is renamed or null."""

    def __str__(self) -> str:
        return " ".join(filter(None, self))


class Wire:
    """A proxy that passes bytes on as they are, but for frames of a WebSocket from the server.

    A listening socket of its own for each mutant, so that URLs stay as they are. An asynchronous
    context manager.
    """

    def __init__(self, target: Target, mutant: Mutant | None) -> None:
        self._upstream = urlsplit(target.base_url)
        self._target = target
        self._mutant = mutant
        self._pumps: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.seen: Counter[str] = Counter()
        """Types of the events that came from the server."""

    async def __aenter__(self) -> Target:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        url = self._upstream._replace(netloc=f"127.0.0.1:{port}").geturl()
        return replace(self._target, base_url=url)

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._pumps)

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pumps.add(task)
        task.add_done_callback(self._pumps.discard)
        assert self._upstream.hostname is not None
        server, to_server = await asyncio.open_connection(
            self._upstream.hostname, self._upstream.port
        )
        ends = {to_client, to_server}
        self._writers |= ends
        try:
            await asyncio.gather(
                _pass_on(client, to_server), self._down(server, to_client), return_exceptions=True
            )
        finally:
            self._writers -= ends
            for end in ends:
                end.close()

    async def _down(self, server: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        head = await server.readuntil(b"\r\n\r\n")
        to_client.write(head)
        if not head.startswith(b"HTTP/1.1 101"):
            await _pass_on(server, to_client)
            return
        spoiler = Spoiler(self._mutant, lambda event: to_client.write(_frame(event)))
        while True:
            try:
                start, payload = await _read_frame(server)
            except asyncio.IncompleteReadError:
                break
            if start[0] != _WHOLE_TEXT:
                # Nothing may be held back behind a close.
                spoiler.flush()
                to_client.write(start + payload)
                continue
            event = orjson.loads(payload)
            self.seen[event.get("type", "")] += 1
            spoiler.take(event)
            await to_client.drain()
        spoiler.flush()
        if to_client.can_write_eof():
            to_client.write_eof()


class Spoiler:
    """Carries a mutation out on the events of one connection."""

    def __init__(self, mutant: Mutant | None, send: Callable[[Event], None]) -> None:
        self._mutant = mutant
        self._send = send
        self._held: Event | None = None

    def take(self, event: Event) -> None:
        """Send an event on, spoilt if it is of the class."""
        mutant = self._mutant
        if self._held is not None:
            held, self._held = self._held, None
            self._send(event)
            self._send(held)
        elif mutant is None or event.get("type") != mutant.event:
            self._send(event)
        elif mutant.operation == "reorder":
            self._held = event
            asyncio.get_running_loop().call_later(HOLD_S, self.flush)
        else:
            for spoilt in _SPOIL[mutant.operation](event, mutant.field):
                self._send(spoilt)

    def flush(self) -> None:
        """Send what is held back."""
        if self._held is not None:
            held, self._held = self._held, None
            self._send(held)


_SPOIL: dict[str, Callable[[Event, str], list[Event]]] = {
    "drop": lambda event, _: [],
    # With an id of its own: that ids are unique is another matter.
    "duplicate": lambda event, _: [event, {**event, "event_id": f"{event.get('event_id')}x"}],
    "rename": lambda event, field: [
        {(f"{key}_renamed" if key == field else key): value for key, value in event.items()}
    ],
    "null": lambda event, field: [{**event, field: None} if field in event else event],
}

_WHOLE_TEXT = 0x81
"""First byte of an unfragmented text frame (RFC 6455, 5.2)."""


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()
    if sink.can_write_eof():
        sink.write_eof()


async def _read_frame(source: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Return the head and the payload of a frame of a server, which has no mask."""
    start = await source.readexactly(2)
    size = start[1] & 0x7F
    if size > 125:
        more = await source.readexactly(2 if size == 126 else 8)
        start, size = start + more, int.from_bytes(more, "big")
    return start, await source.readexactly(size)


def _frame(event: Event) -> bytes:
    payload = orjson.dumps(event)
    size = len(payload)
    if size < 126:
        head = bytes([_WHOLE_TEXT, size])
    elif size < 65536:
        head = bytes([_WHOLE_TEXT, 126]) + size.to_bytes(2, "big")
    else:
        head = bytes([_WHOLE_TEXT, 127]) + size.to_bytes(8, "big")
    return head + payload


@dataclass
class Fate:
    """What became of a mutant."""

    caught: str = ""
    """The scenario, the check and the reason, if it was."""
    unseen_by: list[str] = field(default_factory=list)
    """Scenarios in which it went through."""
    broken: str = ""
    """A fault of ours that it brought about."""


class Mutants:
    """Runs scenarios against one fake, through a wire for each mutant."""

    def __init__(self) -> None:
        self.fates: dict[Mutant, Fate] = {}
        self.where: dict[str, list[Scenario]] = defaultdict(list)
        """Event type -> the scenarios in which it comes over a WebSocket, the shortest first."""
        self.red_without: list[str] = []
        """What is red through a wire that spoils nothing."""

    def run(self, wanted: Iterable[Mutant]) -> None:
        """Find out which events come where, and then what becomes of all mutants."""
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._run(list(wanted)))

    async def _run(self, wanted: list[Mutant]) -> None:
        self._slots = asyncio.Semaphore(AT_ONCE)
        with Lab() as self._lab:
            self._fake = await asyncio.to_thread(self._lab.fake)
            async with Control(self._fake) as self._control:
                await self._survey()
                async with asyncio.TaskGroup() as group:
                    for mutant in wanted:
                        group.create_task(self._follow(mutant))

    async def _survey(self) -> None:
        sizes: list[tuple[int, Scenario, Counter[str]]] = []

        async def look(scenario: Scenario) -> None:
            async with self._wire(None, RIGHT_PATIENCE_S) as (target, wire):
                outcome = await run_scenario(scenario, target, lab=self._lab)
            sizes.append((len(outcome.evidence), scenario, wire.seen))
            self.red_without += [
                f"{scenario.id}: {result.check}: {result.reason}"
                for result in outcome.results
                if result.verdict.is_red or result.verdict is Verdict.WARN
            ]

        async with asyncio.TaskGroup() as group:
            for scenario in catalogue.scenarios(realtime_scenarios):
                over_sockets = not scenario.extras and Capability.WEBRTC not in scenario.needs
                if over_sockets and not scenario.exclusive and scenario.suite != "relay":
                    group.create_task(look(scenario))
        for _, scenario, seen in sorted(sizes, key=lambda each: (each[0], each[1].id)):
            for kind in seen:
                self.where[kind].append(scenario)

    async def _follow(self, mutant: Mutant) -> None:
        fate = self.fates[mutant] = Fate()
        for scenario in self._tried(mutant.event):
            async with self._wire(mutant, PATIENCE_S) as (target, _):
                outcome = await run_scenario(scenario, target, lab=self._lab)
            for result in outcome.results:
                said = f"{result.scenario}: {result.check}: {result.reason}"
                if result.verdict is Verdict.ERROR:
                    fate.broken = said
                elif _tells(result, mutant):
                    fate.caught = said
                    return
            fate.unseen_by.append(scenario.id)

    def _tried(self, event: str) -> list[Scenario]:
        """Return the scenarios that a mutant meets: the shortest of each suite, then others."""
        first: dict[str, Scenario] = {}
        for scenario in self.where[event]:
            first.setdefault(scenario.suite, scenario)
        tried = dict.fromkeys((*first.values(), *self.where[event]))
        return list(tried)[:MOST_TRIED]

    @contextlib.asynccontextmanager
    async def _wire(
        self, mutant: Mutant | None, patience_s: float
    ) -> AsyncIterator[tuple[Target, Wire]]:
        """Make a service and a wire to it, when it is this one's turn."""
        async with self._slots:
            self._made = getattr(self, "_made", 0) + 1
            name = f"mutant-{self._made}"
            service = await self._control.new_service(name)
            wire = Wire(replace(service, patience_s=patience_s), mutant)
            async with wire as target:
                yield target, wire
            await self._control.delete_service(name)


def _tells(result: CheckResult, mutant: Mutant) -> bool:
    """Return whether a result is red for what the mutant did.

    That something else did not come in time may also be the fault of a machine that is busy.
    """
    is_red = result.verdict.is_red or result.verdict is Verdict.WARN
    return is_red and (" within " not in result.reason or mutant.event in result.reason)


_MUTANTS = pytest.StashKey[Mutants]()


@pytest.fixture(scope="session")
def mutants(request: pytest.FixtureRequest) -> Mutants:
    """What became of the mutants whose tests are selected."""
    made = request.config.stash[_MUTANTS] = Mutants()
    made.run(
        Mutant(*callspec.params["mutant"])
        for item in request.session.items
        if (callspec := getattr(item, "callspec", None)) and "mutant" in callspec.params
    )
    return made


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if (made := config.stash.get(_MUTANTS, None)) is not None and "RT_MUTANTS" in os.environ:
        terminalreporter.section("mutants on the wire and what sees them")
        for mutant, fate in sorted(made.fates.items()):
            terminalreporter.write_line(f"{mutant}: {fate.caught or 'unseen'}")
