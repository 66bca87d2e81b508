"""``ctrf.json``: the Common Test Report Format (https://ctrf.io), for dashboards and bots."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from realtime_harness.results import CheckResult
from realtime_harness.verdicts import Standing, Verdict
from realtime_reports.files import write_whole
from realtime_reports.model import Report, ScenarioPage, read_report

__all__ = ["write_ctrf"]

_STATUS: dict[Verdict, str] = {
    Verdict.FAIL: "failed",
    Verdict.UNTESTABLE: "failed",
    Verdict.ERROR: "other",
    Verdict.NOT_APPLICABLE: "skipped",
}
"""Verdicts that are no pass; one that is forgiven is ``pending``."""


def write_ctrf(run_dir: Path) -> Path:
    """Write ``ctrf.json`` into a run directory and return its path.

    Raises:
        realtime_harness.errors.UsageError: if it is not a run directory.

    """
    path = run_dir / "ctrf.json"
    with write_whole(path) as file:
        file.write(orjson.dumps(_document(read_report(run_dir)), option=orjson.OPT_INDENT_2))
    return path


def _document(report: Report) -> dict[str, Any]:
    tests = [_test(page, check) for page in report.scenarios for check in page.checks]
    statuses = [test["status"] for test in tests]
    names = ("passed", "failed", "pending", "skipped", "other")
    info = report.info
    return {
        "reportFormat": "CTRF",
        "specVersion": "0.0.0",
        "generatedBy": "realtime-harness",
        "results": {
            "tool": {"name": "realtime-harness", "version": info.harness_version},
            "summary": {
                "tests": len(tests),
                **{name: statuses.count(name) for name in names},
                "suites": len({page.result.suite for page in report.scenarios}),
                "start": _milliseconds(info.started_at),
                "stop": _milliseconds(info.finished_at or info.started_at),
            },
            "tests": tests,
            "environment": {
                "testEnvironment": info.target,
                "extra": {
                    "base_url": info.base_url,
                    "contract": info.contract,
                    "requirements": info.requirements,
                    "baseline": info.baseline,
                    "command": info.command,
                    "switches": info.switches,
                },
            },
        },
    }


def _test(page: ScenarioPage, check: CheckResult) -> dict[str, Any]:
    status = _STATUS.get(check.verdict, "passed")
    if status == "failed" and not check.decides:
        status = "pending"
    elif check.decides and status == "passed":
        status = "failed"
    said = f"{check.verdict.value}: {check.reason}" if check.reason else ""
    about = f"{check.standing.value}: {check.known}" if check.known and check.standing else ""
    test: dict[str, Any] = {
        "name": check.check,
        "status": status,
        # A check takes no time of its own: the first one of a conversation carries it.
        "duration": round(page.result.duration_s * 1000) if check is page.checks[0] else 0,
        "suite": [page.result.suite, check.scenario],
        "tags": [check.level.value],
        "flaky": check.standing is Standing.FLAKY,
        "retries": len(check.attempts),
        "extra": {
            "verdict": check.verdict.value,
            "standing": check.standing.value if check.standing else None,
            "clause": check.clause,
            "source": check.source,
        },
    }
    if message := "\n".join(filter(None, [said, about])):
        test["message"] = message
    return test


def _milliseconds(moment: str) -> int:
    try:
        return round(datetime.fromisoformat(moment).timestamp() * 1000)
    except ValueError:
        return 0
