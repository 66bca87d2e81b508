"""The ways from whoever leads to engines: of this process, or of workers that pass on bytes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Protocol

import gevent
import orjson
from gevent import socket as green
from locust.runners import MasterRunner

from realtime_harness.load.engine import Plan
from realtime_harness.load.fleet import how_it_ended, start_engine
from realtime_harness.load.run import LoadPlan, engine_plan
from realtime_harness.load.wire import Interval, stop

__all__ = ["BEGIN", "COMMAND", "LINE", "Beside", "Engine", "Here", "Way", "Workers", "own_plan"]

BEGIN, COMMAND, LINE = "realtime-begin", "realtime-command", "realtime-line"
"""Messages: to a worker what its engine is for, to its engine, and from it."""

_END_S = 2.0


class Engine:
    """An engine, spoken to by greenlets.

    Args:
        plan: what it is told first.
        hear: gets each line that it tells; at the end, one about a fault if it should not have
            ended.

    """

    def __init__(self, plan: Plan, hear: Callable[[bytes], None]) -> None:
        self._popen, ours, self._output = start_engine()
        self._socket = green.socket(fileno=ours.detach())
        self._hear = hear
        self._is_closed = False
        self.tell(orjson.dumps({"do": "plan", **plan.to_json()}))
        self._reader = gevent.spawn(self._read)

    def tell(self, command: bytes) -> None:
        """Send a command; nothing, if the engine is gone."""
        if not self._is_closed:
            try:
                self._socket.sendall(command + b"\n")
            except OSError:
                # That it is gone is told by the reader.
                return

    def close(self) -> None:
        """End the process. Idempotent."""
        if self._is_closed:
            return
        self._is_closed = True
        self._reader.kill()
        self._socket.close()
        deadline = time.monotonic() + _END_S
        while self._popen.poll() is None and time.monotonic() < deadline:
            gevent.sleep(0.02)
        self._popen.kill()
        # If the kernel is still busy with what was killed, that is no reason to wait.
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(_END_S)
        self._output.close()

    def _read(self) -> None:
        rest = b""
        has_ended = False
        while True:
            try:
                data = self._socket.recv(1 << 16)
            except OSError:
                data = b""
            if not data:
                break
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                has_ended = has_ended or line.startswith((b'{"is":"end"', b'{"is":"fault"'))
                self._hear(line)
        if not has_ended:
            text = how_it_ended(self._popen, self._output)
            self._hear(orjson.dumps({"is": "lost", "text": text}))


class Beside:
    """The engine of a canary, in the process that leads.

    Args:
        plan: what it is told first.

    """

    def __init__(self, plan: Plan) -> None:
        self.fault = ""
        self.intervals: SimpleQueue[Interval] = SimpleQueue()
        """What it told and nobody has read yet."""
        self.is_ready = self.has_ended = False
        self._engine = Engine(plan, self._understand)

    def tell(self, **command: Any) -> None:
        """Send a command."""
        self._engine.tell(orjson.dumps(command))

    async def stop(self, *, in_a_hurry: bool = False) -> None:
        """Have it end; that it has is seen by who leads."""
        self.tell(**stop(in_a_hurry=in_a_hurry))

    def close(self) -> None:
        """End the process. Idempotent."""
        self._engine.close()

    def _understand(self, line: bytes) -> None:
        told = orjson.loads(line)
        match told["is"]:
            case "ready":
                self.is_ready = True
            case "interval":
                self.intervals.put(Interval.from_json(told))
            case "end":
                self.has_ended = True
            case "fault" | "lost":
                self.fault = told["text"]
                self.is_ready = self.has_ended = True


class Way(Protocol):
    """How engines are reached."""

    names: list[str]
    """What each is called, in order."""

    def begin(self, plan: LoadPlan) -> None:
        """Have all of them get ready."""

    def tell(self, engine: int, command: Mapping[str, Any]) -> None:
        """Send a command to one."""

    def lost(self) -> list[tuple[int, str]]:
        """Return which cannot be reached any more, and why."""

    def close(self) -> None:
        """End what is here of them. Idempotent."""


class Here:
    """One engine, of this process.

    Args:
        hear: gets the engine's number and each line that it tells.

    """

    def __init__(self, hear: Callable[[int, bytes], None]) -> None:
        self.names = ["the engine"]
        self._hear = hear
        self._engine: Engine | None = None

    def begin(self, plan: LoadPlan) -> None:
        """Start it."""
        self._engine = Engine(engine_plan(plan, share=0), lambda line: self._hear(0, line))

    def tell(self, engine: int, command: Mapping[str, Any]) -> None:
        """Send a command."""
        if self._engine is not None:
            self._engine.tell(orjson.dumps(command))

    def lost(self) -> list[tuple[int, str]]:
        """Return nothing: that it is gone is seen when it happens."""
        return []

    def close(self) -> None:
        """End it."""
        if self._engine is not None:
            self._engine.close()


class Workers:
    """The engines of all workers that are there when a run begins."""

    def __init__(self, runner: MasterRunner) -> None:
        self._runner = runner
        there = [*runner.clients.ready, *runner.clients.spawning, *runner.clients.running]
        self._ids = sorted((each.id for each in there), key=runner.get_worker_index)
        count = len(self._ids)
        # Not by their ids, which begin with the name of a host.
        self.names = [f"worker {number} of {count}" for number in range(1, count + 1)]

    def number(self, worker: str) -> int | None:
        """Return which it is; ``None`` if it takes no part."""
        return self._ids.index(worker) if worker in self._ids else None

    def begin(self, plan: LoadPlan) -> None:
        """Tell each what it is for. What is asked for is the master's, where to is its own."""
        asked = {**plan.to_json(), "target": None}
        for share, worker in enumerate(self._ids):
            self._runner.send_message(BEGIN, {"asked": asked, "share": share}, worker)

    def tell(self, engine: int, command: Mapping[str, Any]) -> None:
        """Send a command."""
        worker = self._ids[engine]
        if worker in self._runner.clients:
            self._runner.send_message(COMMAND, {"line": orjson.dumps(command)}, worker)

    def lost(self) -> list[tuple[int, str]]:
        """Return which have left, or of which Locust hears nothing."""
        clients = self._runner.clients
        gone = ((n, each) for n, each in enumerate(self._ids) if each not in clients)
        missing = (
            (n, each)
            for n, each in enumerate(self._ids)
            if each in clients and clients[each].state == "missing"
        )
        return [
            *((number, "has left") for number, _ in gone),
            *((number, "is gone: nothing was heard of it for seconds") for number, _ in missing),
        ]

    def close(self) -> None:
        """Do nothing: each ends its own."""


def own_plan(plan: LoadPlan, message: Mapping[str, Any]) -> Plan:
    """Return what a worker's engine is told: what the master asks for, of the worker's target."""
    asked = LoadPlan.from_json({**message["asked"], "target": plan.target.to_json()})
    return engine_plan(asked, share=message["share"])
