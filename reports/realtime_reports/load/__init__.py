"""Reports of load runs, from what lies in ``load/`` of a run directory.

==============  ====================================================================================
module          holds
==============  ====================================================================================
``model``       a load run, read back
``course``      the run in the course of time, however long it was
``faces``       how states of objectives look without colour, and what they mean
``drawing``     how charts are drawn, each with the table of what it shows
``charts``      what is drawn of a run
``page``        ``report.html``
``verdicts``    ``junit.xml``, ``ctrf.json`` and ``summary.md``
``trend``       the history of several runs
==============  ====================================================================================
"""

from __future__ import annotations

from pathlib import Path

from realtime_reports.load.page import write_load_report
from realtime_reports.load.trend import write_load_trend
from realtime_reports.load.verdicts import write_load_ctrf, write_load_junit, write_load_summary

__all__ = [
    "write_load",
    "write_load_ctrf",
    "write_load_junit",
    "write_load_report",
    "write_load_summary",
    "write_load_trend",
]


def write_load(run_dir: Path, out: Path | None = None, *, against: Path | None = None) -> Path:
    """Write every report of a load run; return the path of the HTML file.

    Args:
        run_dir: the run directory, which gets ``junit.xml``, ``ctrf.json`` and ``summary.md``.
        out: the HTML file; ``report.html`` in the run directory if not given.
        against: an earlier load run, to compare it with.

    Raises:
        realtime_harness.errors.UsageError: if one is not the directory of a load run.

    """
    write_load_junit(run_dir)
    write_load_ctrf(run_dir)
    write_load_summary(run_dir, against=against)
    return write_load_report(run_dir, out, against=against)
