"""The engine: a process that has sessions and measures them. No gevent, one event loop.

It is told what to do by whoever started it, over a socket (``--fd``) or over its standard input,
and tells what it measured the same way: see :mod:`realtime_harness.load.wire`.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import socket
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter_ns
from typing import Any

import orjson

from realtime_harness.errors import RealtimeHarnessError
from realtime_harness.load.files import allow_most
from realtime_harness.load.goodput import Limit, Yardstick
from realtime_harness.load.health import Probe
from realtime_harness.load.life import CLOSE_S, Life, close
from realtime_harness.load.operation import UNFINISHED, Failure, Operation, Series, Tally
from realtime_harness.load.pacing import Pacer
from realtime_harness.load.profile import Profile
from realtime_harness.load.purse import Account, Bill, Purse
from realtime_harness.load.schedule import SHAPES, arrivals
from realtime_harness.load.sessions import RATE_LIMITED, Journey, World, journey_class
from realtime_harness.load.sessions.media import LITE, MEDIA
from realtime_harness.load.wire import INTERVAL_S, Interval
from realtime_harness.targets.retry import NEVER
from realtime_harness.targets.target import Target

__all__ = ["Engine", "Plan", "main", "serve"]

_TRIAL_S = 10.0
_EXAMPLES = 3
"""Of each class of failures that are told with their evidence."""
_LATENESS = Series("lateness_ms", "generator")
_GC_THRESHOLD = 50_000
"""Objects between two looks for garbage: with the usual 700, hundreds of sessions see pauses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an engine is told first."""

    target: Target
    profile: Profile
    duration_s: float
    shape: str = "baseline"
    arrival_rate: float | None = None
    """Operations a second of all engines together; ``None``: each session when it has thought."""
    sessions: int = 0
    """Of all engines together, among which arrivals are dealt out."""
    spawn_rate: float = 50.0
    """Sessions a second that this engine starts."""
    share: int = 0
    """Number of this engine, from 0."""
    shares: int = 1
    limits: tuple[Limit, ...] | None = None
    """What good operations do not exceed; ``None`` if what is good need not be counted."""
    is_metered: bool = False
    """Whether to add up what is charged."""
    allowance_usd: float | None = None
    """What this engine's sessions may cost; ``None`` for no limit."""
    media: str = LITE
    """What sessions connect, speak and hear with: ``lite`` or ``full``."""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values; they contain the target's key."""
        values = {name: getattr(self, name) for name in self.__slots__}
        plain = {
            "target": self.target.to_json(),
            "profile": self.profile.to_json(),
            "limits": self.limits and [each.to_json() for each in self.limits],
        }
        return {**values, **plain}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Plan:
        """Read back what :meth:`to_json` returned."""
        read: dict[str, Any] = {
            "target": Target.from_json(values["target"]),
            "profile": Profile.from_json(values["profile"]),
        }
        if values["limits"] is not None:
            read["limits"] = tuple(Limit(**each) for each in values["limits"])
        return cls(**{**values, **read})


class Engine:
    """Has sessions, and measures what they do. Belongs to the running event loop.

    Args:
        plan: what they do.
        tell: gets each line for whoever started it.

    """

    def __init__(self, plan: Plan, tell: Callable[[Mapping[str, Any]], None]) -> None:
        self._plan = plan
        self._tell = tell
        # What is refused counts as refused: to try again would be a latency of our own.
        target = replace(plan.target, patience_s=plan.profile.timeout_s, retry=NEVER)
        self._probe = Probe()
        self._world = World(
            target=target,
            profile=plan.profile,
            pacer=Pacer(self._late),
            media=MEDIA[plan.media],
        )
        self._journey = journey_class(plan.profile.journey)
        self._sessions: dict[int, Life] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wanted = 0
        # No session with a number below this one is missing.
        self._free = 0
        self._spawned = asyncio.Event()
        self._spawner: asyncio.Task[None] | None = None
        self._teller: asyncio.Task[None] | None = None
        self._tally = Tally()
        self._yardstick = None if plan.limits is None else Yardstick(plan.limits)
        self._purse = Purse(target, plan.allowance_usd) if plan.is_metered else None
        self._failures: list[dict[str, Any]] = []
        self._examples: Counter[tuple[str, str]] = Counter()
        self._start_ns = perf_counter_ns()
        self._started = asyncio.Event()
        self.stopping = asyncio.Event()

    # What it is told.

    async def warm_up(self) -> None:
        """Have one session for a moment, before anything counts.

        What is imported and encoded for the first time would look like a slow service otherwise.
        Whether it succeeds does not matter: if it does not, neither will others, which count.
        """
        journey = self.journey(0)
        if not self.may_act():
            return
        now = perf_counter_ns()
        operation = Operation(name="trial", intended_ns=now, due_ns=now, sent_ns=now)
        with suppress(Exception):
            async with asyncio.timeout(_TRIAL_S):
                await journey.open(operation)
                if journey.drains:
                    await journey.act(operation)
        await close(journey)
        self.acted(journey, 0.0)
        self._probe.take()
        self._tally = Tally()

    def begin(self) -> None:
        """Begin to measure."""
        self._spawner = asyncio.create_task(self._spawn(), name="spawn")
        self._teller = asyncio.create_task(self._tell_intervals(), name="tell")

    def want(self, sessions: int) -> None:
        """Have so many sessions: start some, or end the youngest."""
        self._wanted = sessions
        self._spawned.set()
        for number in [number for number in self._sessions if number >= sessions]:
            self._sessions[number].leave()

    def start(self, in_s: float) -> None:
        """Begin with the schedule."""
        self._start_ns = perf_counter_ns() + round(in_s * 1e9)
        self._started.set()

    def cut(self) -> None:
        """Break all sessions off."""
        for session in list(self._sessions.values()):
            session.cut()

    async def stop(self, drain_s: float) -> None:
        """End all sessions, in a few seconds at the most, and tell the rest.

        Args:
            drain_s: for how long operations under way may come to their end.

        """
        self.stopping.set()
        self._wanted = 0
        await _end(self._spawner)
        for session in list(self._sessions.values()):
            session.leave()
        if self._tasks and self._journey.drains:
            await asyncio.wait(self._tasks, timeout=drain_s)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2 * CLOSE_S)
        await self._world.close()
        await _end(self._teller)
        self._tell_interval()
        self._probe.close()
        self._tell({"is": "end"})

    # What sessions ask of it.

    @property
    def world(self) -> World:
        """What all sessions share."""
        return self._world

    def journey(self, number: int) -> Journey:
        """Return the journey of a session that is about to open."""
        journey = self._journey(self._world, number)
        if self._purse is not None:
            journey.recorder.account = Account(self._purse)
        return journey

    def may_act(self) -> bool:
        """Return whether there is money for one more operation; :meth:`acted` follows if so."""
        return self._purse is None or self._purse.begin()

    def acted(self, journey: Journey, usd: float) -> None:
        """Say that an operation is over, before which its session had cost so much."""
        if self._purse is not None:
            self._purse.end(self.spent_by(journey) - usd)

    def spent_by(self, journey: Journey) -> float:
        """Return what a session was charged so far, dollars."""
        account = journey.recorder.account
        return 0.0 if account is None else account.usd

    async def dues(self, number: int) -> Iterator[int] | None:
        """Return when the operations of a session are due; ``None`` if that is up to itself."""
        plan = self._plan
        if plan.arrival_rate is None:
            return None
        await self._started.wait()
        # Sessions are numbered in each engine; among those of all engines they alternate.
        everybody = arrivals(
            SHAPES[plan.shape],
            plan.arrival_rate,
            duration_s=plan.duration_s,
            share=number * plan.shares + plan.share,
            shares=plan.sessions,
        )
        return (self._start_ns + round(at_s * 1e9) for _, at_s in everybody)

    def think_ns(self) -> int:
        """Return how long a session thinks."""
        return round(self._plan.profile.think_s * 1e9)

    def succeeded(self, operation: Operation) -> bool:
        """Count an operation; return whether it was good."""
        self._tally.add(operation)
        self._late(operation.sent_ns - operation.due_ns)
        if self._yardstick is None:
            return True
        is_good = self._yardstick.is_good(operation)
        self._tally.good[operation.name] += is_good
        return is_good

    def kept_away(self) -> None:
        """Count an operation that was due while its session kept away, as it was told to."""
        self._tally.fail(self._journey.operation, RATE_LIMITED)

    def ended(self, *, is_good: bool) -> None:
        """Count a session that is over."""
        if self._yardstick is not None:
            self._tally.ended["all"] += 1
            self._tally.ended["good"] += is_good

    def failed(self, operation: Operation, outcome: str, error: BaseException, by: Journey) -> None:
        """Count an operation that failed."""
        self._tally.fail(operation.name, outcome)
        self._examples[operation.name, outcome] += 1
        if self._examples[operation.name, outcome] <= _EXAMPLES:
            failure = Failure(
                operation=operation.name,
                outcome=outcome,
                text=by.recorder.redactor.text(f"{type(error).__name__}: {error}"),
                session=str(by.number * self._plan.shares + self._plan.share),
                evidence=by.recorder.recent(),
            )
            self._failures.append(failure.to_json())

    def unfinished(self, operation: Operation) -> None:
        """Count an operation that the end of the run cut short."""
        self._tally.fail(operation.name, UNFINISHED)

    # Inside.

    def _late(self, late_ns: int) -> None:
        self._probe.lateness.add(late_ns)
        self._tally.record(_LATENESS, late_ns)

    async def _spawn(self) -> None:
        """Start sessions as long as there are fewer than wanted, no faster than planned."""
        loop = asyncio.get_running_loop()
        next_s = 0.0
        while True:
            number = self._free
            while number in self._sessions:
                number += 1
            self._free = number
            if number >= self._wanted:
                self._spawned.clear()
                await self._spawned.wait()
                continue
            next_s = max(next_s, loop.time() - INTERVAL_S) + 1 / self._plan.spawn_rate
            session = Life(self, number)
            self._sessions[number] = session
            task = asyncio.create_task(session.live(), name=f"session {number}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            task.add_done_callback(partial(self._gone, number))
            await asyncio.sleep(max(0.0, next_s - loop.time()))

    def _gone(self, number: int, _task: asyncio.Task[None]) -> None:
        self._sessions.pop(number, None)
        self._free = min(self._free, number)
        self._spawned.set()

    async def _tell_intervals(self) -> None:
        loop = asyncio.get_running_loop()
        next_s = loop.time()
        while True:
            next_s = max(next_s + INTERVAL_S, loop.time())
            await asyncio.sleep(next_s - loop.time())
            self._tell_interval()

    def _tell_interval(self) -> None:
        tally, self._tally = self._tally, Tally()
        failures, self._failures = self._failures, []
        interval = Interval(
            t_s=(perf_counter_ns() - self._start_ns) / 1e9,
            sessions=sum(session.is_open for session in self._sessions.values()),
            tally=tally,
            health=self._probe.take(),
            bill=Bill() if self._purse is None else self._purse.take(),
            failures=failures,
        )
        self._tell(interval.to_json())


async def _end(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def serve(connection: socket.socket) -> None:
    """Do what is said on a connection until it says stop, or is closed."""
    reader, writer = await asyncio.open_connection(sock=connection, limit=1 << 24)

    def tell(line: Mapping[str, Any]) -> None:
        if not writer.is_closing():
            writer.write(orjson.dumps(line) + b"\n")

    engine: Engine | None = None
    try:
        while line := await reader.readline():
            command = orjson.loads(line)
            match command.pop("do"):
                case "plan":
                    engine = Engine(Plan.from_json(command), tell)
                    await engine.warm_up()
                    engine.begin()
                    tell({"is": "ready"})
                case "sessions" if engine is not None:
                    engine.want(command["count"])
                case "start" if engine is not None:
                    engine.start(command["in_s"])
                case "freeze":
                    gc.collect()
                    gc.freeze()
                case "cut" if engine is not None:
                    engine.cut()
                case "stop" if engine is not None:
                    await engine.stop(command["drain_s"])
                    break
    except RealtimeHarnessError as error:
        tell({"is": "fault", "text": str(error)})
    finally:
        with suppress(OSError):
            async with asyncio.timeout(CLOSE_S):
                await writer.drain()
        writer.close()


def main(arguments: list[str] | None = None) -> None:
    """Run an engine: ``python -m realtime_harness.load.engine --fd N``."""
    parser = argparse.ArgumentParser(prog="realtime_harness.load.engine", description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="a connected socket")
    options = parser.parse_args(arguments)
    gc.set_threshold(_GC_THRESHOLD, 20, 100)
    allow_most()
    _run(serve(socket.socket(fileno=options.fd)))


def _run(coroutine: Coroutine[Any, Any, None]) -> None:
    try:
        import uvloop
    except ImportError:
        asyncio.run(coroutine)
    else:
        uvloop.run(coroutine)


if __name__ == "__main__":
    main()
