"""What ``realtime-harness run`` shows while it runs: a line for each scenario.

On a terminal, that is a bar and a table of the suites instead, and lines only for what is red.
"""

from __future__ import annotations

import io
import os
from collections import Counter
from typing import IO, Any, Protocol

import pytest
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from realtime_harness.pytest_plugin import EXCLUSIVE, ScenarioCollector
from realtime_harness.summary import STYLES
from realtime_harness.verdicts import Verdict

__all__ = ["Progress"]

_REFRESH_PER_S = 8


class Progress:
    """A pytest plugin that shows when scenarios are over, instead of pytest's dots.

    Args:
        file: where to write to; whether it is a terminal decides what is shown.

    """

    def __init__(self, file: IO[str]) -> None:
        self._board: _Board = _Live(file) if file.isatty() else _Lines(file)
        # By worker of xdist's (None without): a worker has one scenario at a time.
        self._current: dict[Any, str] = {}
        self._verdicts: dict[Any, Counter[str]] = {}
        self._decided: dict[Any, bool] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str]:
        """Keep pytest's own reporter silent."""
        return (report.outcome if report.when == "call" else "", "", "")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Learn how much there is to do."""
        found = (item.getparent(ScenarioCollector) for item in session.items)
        self._board.begin(len({each.nodeid for each in found if each is not None}))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a check."""
        if report.when == "teardown" or (report.when == "setup" and report.outcome == "passed"):
            return
        worker = getattr(report, "node", None)
        properties = dict(report.user_properties)
        *_, name, _check = report.nodeid.split("::")
        scenario = f"{properties.get('suite', '')}/{name.replace(EXCLUSIVE, '')}"
        if self._current.get(worker) != scenario:
            self._show(worker)
            self._current[worker] = scenario
            self._decided[worker] = False
        if report.failed:
            self._decided[worker] = True
        self._verdicts[worker][str(properties.get("verdict", Verdict.ERROR.value))] += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Show why a suite cannot be collected."""
        if report.failed:
            self._board.say(report.longreprtext)

    def pytest_sessionfinish(self) -> None:
        """Show what is left."""
        for worker in list(self._current):
            self._show(worker)
        self._board.end()

    def _show(self, worker: Any) -> None:
        """Show the scenario that a worker is through with, if there is one."""
        counts = self._verdicts.get(worker, Counter())
        self._verdicts[worker] = Counter()
        if counts:
            self._board.done(self._current[worker], counts, red=self._decided[worker])
            self._decided[worker] = False


class _Board(Protocol):
    """Where progress is shown."""

    def begin(self, total: int) -> None:
        """So many scenarios are to come."""

    def done(self, scenario: str, counts: Counter[str], *, red: bool) -> None:
        """A scenario is over; ``counts`` are its verdicts."""

    def say(self, text: str) -> None:
        """Show something that does not pass away."""

    def end(self) -> None:
        """Nothing comes any more."""


def _line(scenario: str, counts: Counter[str], *, red: bool) -> str:
    what = ", ".join(f"{counts[v.value]} {v.value}" for v in Verdict if counts[v.value])
    return f"{'RED' if red else 'ok':<4}{scenario:<44} {what}"


class _Lines:
    """A line for each scenario."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def begin(self, total: int) -> None:
        pass

    def done(self, scenario: str, counts: Counter[str], *, red: bool) -> None:
        self.say(_line(scenario, counts, red=red))

    def say(self, text: str) -> None:
        print(text, file=self._file, flush=True)

    def end(self) -> None:
        pass


class _Live:
    """A bar and a table of the suites, which the summary takes the place of at the end."""

    def __init__(self, file: IO[str]) -> None:
        try:
            # pytest takes the descriptor away while a test runs; this one stays with the terminal.
            self._own: IO[str] | None = os.fdopen(os.dup(file.fileno()), "w", encoding="utf-8")
        except io.UnsupportedOperation:
            self._own = None
        self._suites: dict[str, Counter[str]] = {}
        self._red: Counter[str] = Counter()
        self._bar = Bar(
            TextColumn("scenarios"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        )
        self._task = self._bar.add_task("", total=None)
        self._live = Live(
            console=Console(file=self._own or file, highlight=False),
            get_renderable=self._render,
            refresh_per_second=_REFRESH_PER_S,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def begin(self, total: int) -> None:
        self._bar.update(self._task, total=total)
        self._live.start()

    def done(self, scenario: str, counts: Counter[str], *, red: bool) -> None:
        suite = scenario.partition("/")[0]
        self._suites.setdefault(suite, Counter()).update(counts)
        self._bar.advance(self._task)
        if red:
            self._red[suite] += 1
            self.say(_line(scenario, counts, red=red))

    def say(self, text: str) -> None:
        self._live.console.print(Text(text))

    def end(self) -> None:
        self._live.stop()
        if self._own is not None:
            self._own.close()
            self._own = None

    def _render(self) -> Group:
        counts = dict(self._suites)
        total = sum(counts.values(), Counter())
        shown = [verdict for verdict in Verdict if total[verdict.value]]
        table = Table("suite", box=None, pad_edge=False, header_style="bold")
        for verdict in shown:
            table.add_column(verdict.value, justify="right", style=STYLES[verdict])
        # What is red is seen even where not everything fits: rich cuts off at the bottom.
        for suite, count in sorted(counts.items(), key=lambda each: not self._red[each[0]]):
            cells = (str(count[verdict.value] or "") for verdict in shown)
            table.add_row(suite, *cells)
        return Group(self._bar, table)
