"""The locustfile: its users are tickets, as many as sessions are wanted.

Which engine has which session is decided by whoever leads, so that arrivals can be dealt out among
them; a ticket does nothing but to be there, for the page that counts them.
"""

from __future__ import annotations

import itertools
import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import gevent
import gevent.os
import locust.runners
import orjson
from locust import LoadTestShape, User, events, task
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from realtime_harness.errors import UsageError
from realtime_harness.load._locust.leader import Leader
from realtime_harness.load._locust.table import count_by_nearest_rank
from realtime_harness.load._locust.ways import BEGIN, COMMAND, LINE, Engine, own_plan
from realtime_harness.load.run import LoadPlan
from realtime_harness.load.swarm import LIFELINE, VARIABLE, read_plan
from realtime_harness.verdicts import ExitCode

PLAN, DIRECTORY = read_plan(orjson.loads(os.environ[VARIABLE]))

locust.runners.MASTER_HEARTBEAT_TIMEOUT = 10
"""Seconds without a word of the master until a worker gives up; a minute is for slower networks."""

count_by_nearest_rank()


class State:
    """What this process has of a run."""

    def __init__(self) -> None:
        self.leader: Leader | None = None
        """Of the run that is under way; where workers measure, their master's only."""
        self.engine: Engine | None = None
        """Of a worker."""
        self.runs = 0

    def close_engine(self) -> None:
        """End the engine. Idempotent."""
        engine, self.engine = self.engine, None
        if engine is not None:
            engine.close()


STATE = State()


class Session(User):
    """A ticket for one session."""

    host = PLAN.target.base_url
    """For the page to show."""

    @task
    def be(self) -> None:
        """Wait until somebody stops us."""
        gevent.sleep(3600)


if PLAN.shape != "baseline":

    class Shape(LoadTestShape):
        """Moves the number of tickets as the shape of the plan says."""

        def tick(self) -> tuple[int, float]:
            """Return how many there are to be, and how fast. The end is not up to them."""
            wanted = PLAN.course.wanted(0.0) if STATE.leader is None else STATE.leader.wanted
            return wanted, PLAN.rate


@events.init.add_listener
def _on_init(environment: Environment, **_: Any) -> None:
    # What went wrong before anything was concluded must not look like success.
    environment.process_exit_code = int(ExitCode.HARNESS_FAULT)
    # One summary at the end is enough; its table is in its report.
    logging.getLogger("locust.stats_logger").disabled = True
    # Tickets cost nothing: that they come fast is no reason to warn.
    logging.getLogger("locust.runners").setLevel(logging.ERROR)
    gevent.spawn(_end_with_lifeline)
    # The last listener comes first then: before Locust's own, which ends the test without a reason.
    events.quitting.add_listener(_on_quitting)
    runner = environment.runner
    if isinstance(runner, MasterRunner):
        runner.register_message(LINE, _on_line)
    elif isinstance(runner, WorkerRunner):
        environment.process_exit_code = int(ExitCode.OK)
        runner.register_message(BEGIN, _on_begin)
        runner.register_message(COMMAND, _on_command)


def _end_with_lifeline() -> None:
    """End when whoever started us does; our engine ends with us."""
    gevent.os.tp_read(int(os.environ[LIFELINE]), 1)
    if STATE.leader is not None:
        STATE.leader.leave_behind("the command that started Locust ended by itself")
    os._exit(ExitCode.HARNESS_FAULT)


# Where the run is led.


@events.test_start.add_listener
def _on_test_start(environment: Environment, **_: Any) -> None:
    runner = environment.runner
    if runner is None or isinstance(runner, WorkerRunner):
        return
    try:
        plan = _asked_for(environment)
        plan.look()
    except UsageError as error:
        runner.log_exception("realtime-harness", str(error), "")
        gevent.spawn(_finish, environment)
        return
    STATE.runs += 1
    STATE.leader = Leader(environment, plan, _directory(), lambda: _finish(environment))


def _asked_for(environment: Environment) -> LoadPlan:
    """Return the plan with what was entered on the page."""
    runner, options = environment.runner, environment.parsed_options
    if environment.host not in (None, "", PLAN.target.base_url):
        raise UsageError(f"the target is that of the command, {PLAN.target.base_url}")
    if runner is None or options is None or environment.shape_class is not None:
        return PLAN
    plan = replace(PLAN, users=runner.target_user_count, spawn_rate=options.spawn_rate)
    if not options.run_time:
        return plan
    # Its own timer began before engines were ready, and would cut the end off.
    forget = getattr(environment.web_ui, "_cancel_run_time_timer", None)
    if forget is not None:
        forget()
    return replace(plan, duration_s=float(options.run_time))


def _directory() -> Path:
    """Return a run directory for each start: another one must not overwrite the first."""
    if STATE.runs == 1:
        return DIRECTORY
    numbered = (DIRECTORY.with_name(f"{DIRECTORY.name}-{number}") for number in itertools.count(2))
    return next(each for each in numbered if not each.exists())


def _finish(environment: Environment) -> None:
    runner, options = environment.runner, environment.parsed_options
    if runner is not None:
        (runner.quit if options is not None and options.headless else runner.stop)()


@events.test_stopping.add_listener
def _on_test_stopping(environment: Environment, **_: Any) -> None:
    if STATE.leader is not None:
        STATE.leader.end()


@events.test_stop.add_listener
def _on_test_stop(environment: Environment, **_: Any) -> None:
    leader, STATE.leader = STATE.leader, None
    if leader is not None and leader.result is not None:
        environment.process_exit_code = int(leader.result.exit_code)


def _on_line(environment: Environment, msg: Any, **_: Any) -> None:
    if STATE.leader is not None:
        STATE.leader.hear_worker(msg.node_id, msg.data["line"])


# Where a worker passes on.


def _on_begin(environment: Environment, msg: Any, **_: Any) -> None:
    STATE.close_engine()
    runner = environment.runner
    assert runner is not None
    STATE.engine = Engine(
        own_plan(PLAN, msg.data), lambda line: runner.send_message(LINE, {"line": line})
    )


def _on_command(environment: Environment, msg: Any, **_: Any) -> None:
    if STATE.engine is not None:
        STATE.engine.tell(msg.data["line"])


def _on_quitting(environment: Environment, **_: Any) -> None:
    STATE.close_engine()
    if isinstance(environment.runner, WorkerRunner):
        return
    if STATE.leader is not None:
        STATE.leader.end("interrupted")
        STATE.leader = None
    elif STATE.runs:
        return
    environment.process_exit_code = int(ExitCode.INTERRUPTED)
