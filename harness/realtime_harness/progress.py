"""What ``realtime-harness run`` shows while it runs: a line for each scenario."""

from __future__ import annotations

from collections import Counter
from typing import IO, Any

import pytest

from realtime_harness.pytest_plugin import EXCLUSIVE
from realtime_harness.verdicts import Verdict

__all__ = ["Progress"]


class Progress:
    """A pytest plugin that prints a line when a scenario is over, instead of pytest's dots."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        # By worker of xdist's (None without): a worker has one scenario at a time.
        self._current: dict[Any, str] = {}
        self._verdicts: dict[Any, Counter[str]] = {}
        self._decided: dict[Any, bool] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str]:
        """Keep pytest's own reporter silent."""
        return (report.outcome if report.when == "call" else "", "", "")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a check."""
        if report.when == "teardown" or (report.when == "setup" and report.outcome == "passed"):
            return
        worker = getattr(report, "node", None)
        properties = dict(report.user_properties)
        *_, name, _check = report.nodeid.split("::")
        scenario = f"{properties.get('suite', '')}/{name.replace(EXCLUSIVE, '')}"
        if self._current.get(worker) != scenario:
            self._print(worker)
            self._current[worker] = scenario
            self._decided[worker] = False
        if report.failed:
            self._decided[worker] = True
        self._verdicts[worker][str(properties.get("verdict", Verdict.ERROR.value))] += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Show why a suite cannot be collected."""
        if report.failed:
            print(report.longreprtext, file=self._file, flush=True)

    def pytest_sessionfinish(self) -> None:
        """Print what is left."""
        for worker in list(self._current):
            self._print(worker)

    def _print(self, worker: Any) -> None:
        """Print the scenario that a worker is through with, if there is one."""
        counts = self._verdicts.get(worker, Counter())
        self._verdicts[worker] = Counter()
        if counts:
            mark = "RED" if self._decided[worker] else "ok"
            self._decided[worker] = False
            what = ", ".join(f"{counts[v.value]} {v.value}" for v in Verdict if counts[v.value])
            print(f"{mark:<4}{self._current[worker]:<44} {what}", file=self._file, flush=True)
