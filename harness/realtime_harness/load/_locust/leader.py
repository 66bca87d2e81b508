"""Leads a run from inside Locust, as :func:`realtime_harness.load.run.carry_out` does elsewhere."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gevent
import orjson
from locust.env import Environment
from locust.html import get_html_report
from locust.runners import MasterRunner
from rich.console import Console

from realtime_harness.evidence import Journal
from realtime_harness.load._locust.table import show
from realtime_harness.load._locust.ways import Beside, Here, Way, Workers
from realtime_harness.load.canary import Canary, canary_plan
from realtime_harness.load.course import Orders
from realtime_harness.load.run import (
    LoadPlan,
    LoadResult,
    conclude,
    engine_plan,
    open_book,
    write_result,
)
from realtime_harness.load.screen import Screen, print_result, title_of
from realtime_harness.load.wire import INTERVAL_S, Interval, stop

__all__ = ["Leader"]

_READY_S = 20.0
_END_S = 10.0
_LOOK_S = 0.02


class Leader:
    """One run, from the start of Locust's test to its end.

    Args:
        environment: Locust's.
        plan: what is asked for.
        directory: of the run.
        done: is called when it is over by itself.

    """

    def __init__(
        self,
        environment: Environment,
        plan: LoadPlan,
        directory: Path,
        done: Callable[[], None],
    ) -> None:
        self.result: LoadResult | None = None
        """What it came to, when it is over."""
        self._environment = environment
        self._folder = directory / "load"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._journal = Journal(self._folder / "intervals.jsonl")
        self._started = datetime.now(UTC)
        self._console = Console()
        runner = environment.runner
        self._way: Way = Workers(runner) if isinstance(runner, MasterRunner) else Here(self._hear)
        names = self._way.names
        self._plan = plan = replace(plan, processes=len(names))
        self._course = plan.course
        self._screen = Screen(self._console, title_of(plan))
        self._book = open_book(plan, names if len(names) > 1 else None)
        self._orders = Orders(self._course, len(names))
        beside = (
            [Beside(canary_plan(engine_plan(plan, share=0), plan.canary))] if plan.canary else []
        )
        self._beside: list[Beside] = beside
        self._canary = Canary(self._course, plan.canary, beside, today=datetime.now(UTC).date())
        self._ready: set[int] = set()
        self._ended: set[int] = set()
        self._origin: float | None = None
        self._is_closing = False
        self._done = done
        self._leading = gevent.spawn(self._lead)

    @property
    def t_s(self) -> float:
        """Time since the first session was asked for; 0 before."""
        return 0.0 if self._origin is None else time.monotonic() - self._origin

    @property
    def wanted(self) -> int:
        """How many sessions there are to be now."""
        return self._course.wanted(self.t_s)

    def hear_worker(self, worker: str, line: bytes) -> None:
        """Take what the engine of a worker told."""
        assert isinstance(self._way, Workers)
        number = self._way.number(worker)
        if number is not None:
            self._hear(number, line)

    def end(self, why: str = "stopped") -> None:
        """End the run, and write down what it came to. Idempotent; waits until that is done.

        Args:
            why: what to say if it is before its time.

        """
        if self._is_closing:
            while self.result is None:
                gevent.sleep(_LOOK_S)
            return
        self._is_closing = True
        self._look_for_lost()
        if self.t_s < self._course.end_s and not self._book.is_over:
            self._book.abort(why)
        if self._leading is not gevent.getcurrent():
            self._leading.kill()
        self._book.stop(self.t_s)
        engines = set(range(len(self._way.names)))
        for number in engines - self._ended:
            self._way.tell(number, stop(in_a_hurry=self._book.is_over))
        for each in self._beside:
            each.tell(**stop(in_a_hurry=self._book.is_over))
        deadline = time.monotonic() + _END_S
        while time.monotonic() < deadline and (
            engines - self._ended or not all(each.has_ended for each in self._beside)
        ):
            gevent.sleep(_LOOK_S)
            self._look_for_lost()
        for number in engines - self._ended:
            self._book.lose(number, "did not tell the rest of what it measured")
        self._tell(self._book.close(self.t_s))
        self._screen.stop()
        self._write()

    def leave_behind(self, fault: str) -> None:
        """Write down what there is, without waiting for anybody: this process is about to end."""
        if self.result is None:
            self._book.fault = self._book.fault or fault
            self._book.stop(self.t_s)
            self.result = conclude(self._plan, self._book)
            write_result(self._folder, self._plan, self.result, self._started)

    def _lead(self) -> None:
        self._screen.start()
        try:
            if self._get_ready():
                self._origin = time.monotonic()
                while self.t_s < self._course.end_s and not self._book.is_over:
                    self._step()
                    gevent.sleep(min(INTERVAL_S / 2, max(0.0, self._course.end_s - self.t_s)))
        except Exception as error:
            # Nobody else would see that this greenlet has ended, and Locust would go on for ever.
            traceback.print_exc()
            self._book.fault = self._book.fault or f"the leader failed: {error!r}"
        self.end()
        self._done()

    def _get_ready(self) -> bool:
        """Have engines understand what they are for; return whether all have."""
        self._way.begin(self._plan)
        engines = range(len(self._way.names))
        deadline = time.monotonic() + _READY_S
        while not self._book.is_over and (
            len(self._ready) < len(engines) or not all(each.is_ready for each in self._beside)
        ):
            gevent.sleep(_LOOK_S)
            self._look_for_lost()
            if time.monotonic() > deadline:
                late = next((number for number in engines if number not in self._ready), 0)
                self._book.lose(late, f"did not get ready within {_READY_S:g} s")
        return not self._book.is_over

    def _step(self) -> None:
        t_s = self.t_s
        for number, command in self._orders.until(t_s, wanted=self._edited()):
            self._way.tell(number, command)
        self._look_for_lost()
        if why := self._canary.keep_to(t_s):
            self._book.abort(why)
        if (moment := self._book.look(t_s, self._orders.wanted)) is not None:
            self._tell(moment)

    def _edited(self) -> int | None:
        """Return how many sessions somebody wants who changed that on the page meanwhile."""
        runner = self._environment.runner
        is_ours = self._environment.shape_class or self._plan.arrival_rate is not None
        if runner is None or is_ours or runner.target_user_count == self._course.sessions:
            return None
        return runner.target_user_count

    def _look_for_lost(self) -> None:
        for number, why in self._way.lost():
            if number not in self._ended:
                self._ended.add(number)
                self._book.lose(number, why)

    def _hear(self, engine: int, line: bytes) -> None:
        told = orjson.loads(line)
        match told["is"]:
            case "ready":
                self._ready.add(engine)
            case "interval" if self._origin is not None and self.result is None:
                interval = Interval.from_json(told)
                show(self._environment.stats, self._book.take(engine, interval, self.t_s))
            case "fault":
                self._ended.add(engine)
                self._book.lose(engine, f"cannot go on: {told['text']}")
            case "lost":
                self._ended.add(engine)
                self._book.lose(engine, told["text"])
            case "end":
                self._ended.add(engine)

    def _tell(self, moment: Any) -> None:
        self._journal.append(moment.to_json())
        self._screen.show(moment)

    def _write(self) -> None:
        self._way.close()
        self._canary.close(self.t_s)
        for each in self._beside:
            each.close()
        self._journal.close()
        result = conclude(self._plan, self._book, self._canary.result())
        write_result(self._folder, self._plan, result, self._started)
        # Locust's own, of this run and not of the last one of several.
        report = get_html_report(self._environment, show_download_link=False)
        (self._folder / "locust.html").write_text(report, encoding="utf-8")
        print_result(result, self._console, self._folder.parent)
        self.result = result
