from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from realtime_harness.results import CheckResult, Run, RunInfo
from realtime_harness.summary import print_summary
from realtime_harness.verdicts import Level, Verdict

INFO = RunInfo(
    id="x",
    target="x",
    base_url="x",
    started_at="x",
    finished_at=None,
    harness_version="0",
    contract="x",
    command=[],
)


def result(
    check: str, verdict: Verdict, reason: str = "", scenario: str = "one", suite: str = "alpha"
) -> CheckResult:
    return CheckResult(
        check=f"rt.{suite}.{check}",
        scenario=f"{suite}/{scenario}",
        suite=suite,
        level=Level.MUST,
        verdict=verdict,
        reason=reason,
        clause="So.",
        source="RFC 0",
    )


def shown(*checks: CheckResult, problems: tuple[str, ...] = ()) -> list[str]:
    run = Run(
        directory=Path("run"), info=INFO, checks=list(checks), scenarios=[], problems=[*problems]
    )
    file = io.StringIO()
    print_summary(run, Path("run/report.html"), Console(file=file, width=100, highlight=False))
    return [line.rstrip() for line in file.getvalue().splitlines() if line.strip()]


def test_totals_of_each_suite() -> None:
    lines = shown(
        result("a", Verdict.PASS),
        result("b", Verdict.PASS),
        result("c", Verdict.WARN),
        result("d", Verdict.PASS, suite="beta"),
    )
    assert [line.split() for line in lines] == [
        ["suite", "pass", "warn"],
        ["alpha", "2", "1"],
        ["beta", "1"],
        ["all", "3", "1"],
        ["report:", "run/report.html"],
    ]


def test_each_red_check_with_its_reason() -> None:
    lines = shown(
        result("a", Verdict.FAIL, "expected [1], got [/bold]"),
        result("b", Verdict.WARN, "not shown"),
        result("c", Verdict.UNTESTABLE, "not reached"),
        result("d", Verdict.UNTESTABLE, "not reached"),
        result("d", Verdict.UNTESTABLE, "not reached", scenario="two"),
    )
    assert "fail rt.alpha.a in alpha/one: expected [1], got [/bold]" in lines
    assert "untestable rt.alpha.c and 1 more in alpha/one and 1 more: not reached" in lines
    assert not any("not shown" in line for line in lines)


RED = [
    result(f"c{n}", Verdict.FAIL, f"reason {n} {'long and ' * 100}", suite=f"suite{n % 20}")
    for n in range(50)
]
GREEN = [result("c", Verdict.PASS, suite=f"green{n}") for n in range(19)]


@pytest.mark.parametrize(
    ("checks", "says"),
    [
        pytest.param(GREEN[:17], ["green16", "all"], id="pass"),
        pytest.param([*GREEN, RED[3]], ["19 others", "rt.suite3.c3", "all"], id="one is red"),
        pytest.param(RED, ["rt.suite0.c0", "… and ", "all"], id="much is red"),
        pytest.param([*GREEN, *RED[:6]], ["19 others", "rt.suite0.c0", "… and "], id="some"),
    ],
)
def test_it_fits_a_screen(checks: list[CheckResult], says: list[str]) -> None:
    file = io.StringIO()
    console = Console(file=file, width=80, height=24, force_terminal=True, color_system=None)
    run = Run(directory=Path("run"), info=INFO, checks=checks, scenarios=[], problems=["torn"])
    print_summary(run, Path("run/report.html"), console)
    text = file.getvalue()
    assert len(text.splitlines()) <= 23
    assert all(each in text for each in [*says, "torn", "report: run/report.html"])


def test_in_a_log_there_is_more() -> None:
    lines = shown(*RED)
    assert 30 < len(lines) <= 40
    assert any("more, in the report" in line for line in lines)


def test_problems_of_reading_are_said() -> None:
    assert "line 3 of checks.jsonl is cut off" in shown(
        result("a", Verdict.PASS), problems=("line 3 of checks.jsonl is cut off",)
    )
