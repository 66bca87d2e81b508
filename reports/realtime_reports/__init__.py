"""Reports from a run directory, and from nothing else: HTML, JUnit, CTRF, Markdown."""

from __future__ import annotations

from pathlib import Path

from realtime_harness.errors import UsageError
from realtime_harness.results import is_comparison, is_load_run
from realtime_reports.ctrf import write_ctrf
from realtime_reports.html import write_report
from realtime_reports.junit import write_junit
from realtime_reports.load import write_load, write_load_trend
from realtime_reports.markdown import write_summary
from realtime_reports.matrix import write_matrix
from realtime_reports.trend import write_trend

__all__ = [
    "write_all",
    "write_ctrf",
    "write_junit",
    "write_load",
    "write_load_trend",
    "write_matrix",
    "write_report",
    "write_summary",
    "write_trend",
]


def write_all(run_dir: Path, out: Path | None = None, *, against: Path | None = None) -> Path:
    """Write every report of a run directory, a load run's as well; return the HTML file's path.

    Args:
        run_dir: the run directory, which gets ``junit.xml``, ``ctrf.json`` and ``summary.md``; or
            one that holds the runs of several targets, which have got theirs.
        out: the HTML file; ``report.html`` in the run directory if not given.
        against: an earlier run; what changed since then comes first. Nothing comes of it where
            there are several targets.

    Raises:
        realtime_harness.errors.UsageError: if it is not a run directory, or ``against`` is one of
            another kind.

    """
    if against is not None and is_load_run(run_dir) is not is_load_run(against):
        raise UsageError(f"{run_dir} and {against}: one is a load run, the other is none")
    if is_load_run(run_dir):
        return write_load(run_dir, out, against=against)
    if is_comparison(run_dir):
        return write_matrix(run_dir, out)
    write_junit(run_dir)
    write_ctrf(run_dir)
    write_summary(run_dir, against=against)
    return write_report(run_dir, out, against=against)
