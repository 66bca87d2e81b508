"""The locustfile: users are tickets, each for one session of this process's engine."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import gevent
import gevent.event
import gevent.os
import orjson
from gevent import socket as green
from locust import LoadTestShape, User, events, task
from locust.env import Environment
from locust.runners import LocalRunner, MasterRunner, WorkerRunner
from rich.console import Console

from realtime_harness.load.fleet import start_engine
from realtime_harness.load.health import Health
from realtime_harness.load.operation import Tally
from realtime_harness.load.run import conclude, engine_plan, open_book, write_result
from realtime_harness.load.schedule import SHAPES, sessions_at
from realtime_harness.load.screen import print_result
from realtime_harness.load.swarm import LIFELINE, VARIABLE, read_plan
from realtime_harness.load.wire import Interval
from realtime_harness.verdicts import ExitCode

PLAN, DIRECTORY = read_plan(orjson.loads(os.environ[VARIABLE]))
_STOP, _STOPPED, _REPORT = "realtime-stop", "realtime-stopped", "realtime"
_STOP_S = 10.0
_MAIN = frozenset({"turn_ms", "session_ms", "barge_in_ms"})
"""Metrics of which there is one for each operation: those that Locust adds up."""


class Engine:
    """An engine, spoken to by greenlets."""

    def __init__(self, environment: Environment, share: int) -> None:
        self._environment = environment
        self._popen, ours, self._output = start_engine()
        self._socket = green.socket(fileno=ours.detach())
        self._sessions = 0
        self.ended = gevent.event.Event()
        self.ready = gevent.event.Event()
        self.fault = ""
        self.tell(do="plan", **engine_plan(PLAN, share=share).to_json())
        self._reader = gevent.spawn(self._read)

    def tell(self, **command: Any) -> None:
        """Send a command; nothing, if the engine is gone."""
        try:
            self._socket.sendall(orjson.dumps(command) + b"\n")
        except OSError:
            self.ended.set()

    def change(self, by: int) -> None:
        """Have so many sessions more."""
        self._sessions += by
        self.tell(do="sessions", count=self._sessions)

    def stop(self) -> None:
        """End all sessions, wait until the rest is told, and end the process."""
        self.tell(do="stop")
        self.ended.wait(_STOP_S)
        self._reader.kill()
        self._socket.close()
        deadline = time.monotonic() + _STOP_S
        while self._popen.poll() is None and time.monotonic() < deadline:
            gevent.sleep(0.02)
        self._popen.kill()
        self._popen.wait()
        self._output.close()

    def _read(self) -> None:
        for line in self._lines():
            match line["is"]:
                case "ready":
                    self.ready.set()
                case "interval":
                    BOOK.take(self._environment, Interval.from_json(line))
                case "fault":
                    self.fault = line["text"]
                case "end":
                    self.ended.set()
        if not self.ended.is_set():
            BOOK.fault = self.fault or "an engine ended by itself"
        self.ended.set()
        self.ready.set()

    def _lines(self) -> Iterator[dict[str, Any]]:
        rest = b""
        while True:
            try:
                data = self._socket.recv(1 << 16)
            except OSError:
                return
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            yield from map(orjson.loads, lines)


class Book:
    """What is known of the run here: in a worker what is not reported yet, elsewhere all of it."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self.tally = Tally()
        self.health: dict[str, Health] = {}
        self.failures: list[dict[str, Any]] = []
        self.fault = ""
        self.begun = time.monotonic()
        self.started = datetime.now(UTC)
        self.stopped: set[str] = set()
        self.seconds = 0.0

    def take(self, environment: Environment, interval: Interval) -> None:
        """Add an interval of our engine, here and to Locust's statistics."""
        self.add("", interval.tally, interval.health, interval.failures)
        show(environment, interval.tally)

    def add(
        self, worker: str, tally: Tally, health: Health, failures: list[dict[str, Any]]
    ) -> None:
        """Add what an engine measured: that of a worker, or our own."""
        self.tally.merge(tally)
        self.health.setdefault(worker, Health()).merge(health)
        self.failures += failures

    def report(self) -> dict[str, Any]:
        """Return what is not reported yet, and forget it."""
        report = {
            "tally": self.tally.to_json(),
            "health": self.health.get("", Health()).to_json(),
            "failures": self.failures,
            "fault": self.fault,
        }
        self.tally, self.health, self.failures = Tally(), {}, []
        return report


BOOK = Book()


def show(environment: Environment, tally: Tally) -> None:
    """Add to Locust's statistics, by the bucket and not by the event.

    Its own buckets are a millisecond wide; ours have three digits.
    """
    now = time.time()
    # Locust says that its durations are whole numbers, and does not mind others.
    stats: Any = environment.stats
    for series, histogram in tally.series.items():
        entries = [stats.entries[series.metric.removesuffix("_ms"), series.clock]]
        if series.metric in _MAIN and series.clock == "response":
            entries.append(stats.total)
        for entry in entries:
            second = int(now)
            last = entry.last_request_timestamp
            if entry.use_response_times_cache and last and second > int(last):
                entry._cache_response_times(second - 1)
            entry.num_requests += histogram.count
            entry.num_reqs_per_sec[second] += histogram.count
            entry.last_request_timestamp = now
            entry.total_response_time += histogram.mean_ms * histogram.count
            low = histogram.min_ms
            known = entry.min_response_time
            entry.min_response_time = low if known is None else min(low, known)
            entry.max_response_time = max(histogram.max_ms, entry.max_response_time)
            for ms, count in histogram.values_ms():
                entry.response_times[float(f"{ms:.3g}")] += count
    for operation, outcome, count in tally.failures():
        for _ in range(count):
            stats.log_request(operation, "failed", None, 0)
            stats.log_error(operation, "failed", outcome)


class Session(User):
    """A ticket for one session. It does nothing but to be there."""

    def on_start(self) -> None:
        """Have one session more."""
        STATE.change(1)

    def on_stop(self) -> None:
        """Have one less."""
        STATE.change(-1)

    @task
    def be(self) -> None:
        """Wait until somebody stops us."""
        gevent.sleep(3600)


class State:
    """The engine of this process, while a test runs."""

    def __init__(self) -> None:
        self.engine: Engine | None = None

    def change(self, by: int) -> None:
        """Have so many sessions more."""
        if self.engine is not None:
            self.engine.change(by)

    def stop(self) -> None:
        """Stop the engine. Idempotent."""
        engine, self.engine = self.engine, None
        if engine is not None:
            engine.stop()


STATE = State()


if PLAN.shape != "baseline":

    class Shape(LoadTestShape):
        """Moves the number of tickets as the shape of the plan says."""

        def tick(self) -> tuple[int, float] | None:
            """Return how many there are to be, and how fast; ``None`` at the end."""
            t_s = self.get_run_time()
            if t_s >= PLAN.duration_s:
                return None
            sessions = PLAN.sessions
            if PLAN.arrival_rate is None:
                sessions = sessions_at(
                    SHAPES[PLAN.shape],
                    PLAN.sessions,
                    t_s,
                    duration_s=PLAN.duration_s,
                    spawn_rate=PLAN.rate,
                )
            return sessions, PLAN.rate


@events.init.add_listener
def _on_init(environment: Environment, **_: Any) -> None:
    gevent.spawn(_end_with_lifeline)
    runner = environment.runner
    if isinstance(runner, MasterRunner):
        runner.register_message(_STOPPED, _on_stopped)
    elif isinstance(runner, WorkerRunner):
        runner.register_message(_STOP, _on_stop)


def _end_with_lifeline() -> None:
    """End when whoever started us does; our engine ends with us."""
    gevent.os.tp_read(int(os.environ[LIFELINE]), 1)
    os._exit(ExitCode.HARNESS_FAULT)


@events.test_start.add_listener
def _on_test_start(environment: Environment, **_: Any) -> None:
    BOOK.clear()
    if not isinstance(environment.runner, MasterRunner):
        STATE.stop()
        STATE.engine = Engine(environment, max(0, getattr(environment.runner, "worker_index", 0)))
        STATE.engine.ready.wait(_STOP_S)


@events.spawning_complete.add_listener
def _on_spawned(user_count: int, **_: Any) -> None:
    if STATE.engine is not None:
        STATE.engine.tell(do="freeze")
        STATE.engine.tell(do="start", in_s=0.5)


def _on_stop(environment: Environment, msg: Any, **_: Any) -> None:
    """A worker's end: told by the master before Locust stops its users."""
    STATE.stop()
    assert environment.runner is not None
    environment.runner.send_message(_STOPPED, BOOK.report())


def _on_stopped(environment: Environment, msg: Any, **_: Any) -> None:
    _take_report(msg.node_id, msg.data)
    BOOK.stopped.add(msg.node_id)


@events.test_stopping.add_listener
def _on_test_stopping(environment: Environment, **_: Any) -> None:
    runner = environment.runner
    BOOK.seconds = time.monotonic() - BOOK.begun
    if isinstance(runner, MasterRunner):
        waited_for = {client.id for client in runner.clients.all}
        runner.send_message(_STOP)
        deadline = time.monotonic() + _STOP_S
        while waited_for - BOOK.stopped and time.monotonic() < deadline:
            gevent.sleep(0.02)
        if missing := waited_for - BOOK.stopped:
            BOOK.fault = BOOK.fault or f"{len(missing)} workers did not tell what they measured"
    elif isinstance(runner, LocalRunner):
        STATE.stop()


@events.test_stop.add_listener
def _on_test_stop(environment: Environment, **_: Any) -> None:
    STATE.stop()


@events.report_to_master.add_listener
def _on_report(client_id: str, data: dict[str, Any], **_: Any) -> None:
    data[_REPORT] = BOOK.report()


@events.worker_report.add_listener
def _on_worker_report(client_id: str, data: dict[str, Any], **_: Any) -> None:
    _take_report(client_id, data[_REPORT])


def _take_report(client_id: str, report: dict[str, Any]) -> None:
    BOOK.fault = BOOK.fault or report["fault"]
    BOOK.add(
        client_id,
        Tally.from_json(report["tally"]),
        Health.from_json(report["health"]),
        report["failures"],
    )


@events.quitting.add_listener
def _on_quitting(environment: Environment, **_: Any) -> None:
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        STATE.stop()
        return
    if runner is not None and runner.state not in ("ready", "stopped", "stopping"):
        runner.stop()
    STATE.stop()
    book = open_book(replace(PLAN, processes=max(1, len(BOOK.health))))
    for number, health in enumerate(BOOK.health.values()):
        tally, failures = (Tally(), []) if number else (BOOK.tally, BOOK.failures)
        whole = Interval(
            t_s=BOOK.seconds, sessions=0, tally=tally, health=health, failures=failures
        )
        book.take(number, whole, PLAN.course.end_s)
    book.stop(PLAN.course.end_s)
    book.fault = BOOK.fault
    result = conclude(PLAN, book)
    write_result(DIRECTORY / "load", PLAN, result, BOOK.started)
    print_result(result, Console())
    environment.process_exit_code = int(result.exit_code)
