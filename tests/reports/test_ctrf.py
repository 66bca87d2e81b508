from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from realtime_harness.verdicts import Standing, Verdict
from realtime_reports import write_ctrf


def results(run_dir: Path) -> dict[str, Any]:
    document = json.loads(write_ctrf(run_dir).read_bytes())
    assert document["reportFormat"] == "CTRF"
    found: dict[str, Any] = document["results"]
    return found


def test_one_test_a_check(run_dir: Path) -> None:
    found = results(run_dir)
    lines = (run_dir / "checks.jsonl").read_text().splitlines()
    assert len(found["tests"]) == len(lines)
    summary = found["summary"]
    statuses = ("passed", "failed", "pending", "skipped", "other")
    assert summary["tests"] == sum(summary[status] for status in statuses)
    assert summary["stop"] - summary["start"] == 21_250
    assert found["tool"]["name"] == "realtime-harness"


@pytest.mark.parametrize(
    ("verdict", "standing", "status"),
    [
        (Verdict.PASS, None, "passed"),
        (Verdict.PASS, Standing.STALE, "failed"),
        (Verdict.INFO, None, "passed"),
        (Verdict.WARN, None, "passed"),
        (Verdict.WARN, Standing.EXPECTED, "passed"),
        (Verdict.FAIL, Standing.UNEXPECTED, "failed"),
        (Verdict.FAIL, Standing.EXPECTED, "pending"),
        (Verdict.FAIL, Standing.FLAKY, "pending"),
        (Verdict.UNTESTABLE, Standing.UNEXPECTED, "failed"),
        (Verdict.ERROR, None, "other"),
        (Verdict.NOT_APPLICABLE, None, "skipped"),
    ],
    ids=lambda value: getattr(value, "value", value),
)
def test_status(new_run: Any, verdict: Verdict, standing: Standing | None, status: str) -> None:
    run = new_run()
    run.check("rt.offers.one", verdict, reason="so", standing=standing, known="old")
    run.scenario()
    [test] = results(run.path)["tests"]
    assert test["status"] == status
    assert test["flaky"] is (standing is Standing.FLAKY)
    assert test["duration"] == 420
    assert test["message"].startswith(f"{verdict.value}: so")
