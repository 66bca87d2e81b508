"""Reports from a run directory, and from nothing else: one HTML file and ``junit.xml``."""

from __future__ import annotations

from realtime_reports.html import write_report
from realtime_reports.junit import write_junit

__all__ = ["write_junit", "write_report"]
