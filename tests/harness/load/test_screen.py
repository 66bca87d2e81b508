from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from realtime_harness.load.book import Moment
from realtime_harness.load.health import Finding, Fitness, Health
from realtime_harness.load.histogram import Histogram
from realtime_harness.load.operation import Series, Tally
from realtime_harness.load.profile import find
from realtime_harness.load.run import LoadPlan, LoadResult
from realtime_harness.load.screen import Screen, print_result, title_of
from realtime_harness.load.slo import judge, parse
from realtime_harness.targets.target import Target

FIT = Finding(fitness=Fitness.FIT, reasons=[], remarks=[], lateness_p99_ms=0.4, cpu=0.12)
HEALTH = [Health(wall_s=1.0, cpu_s=0.12, lateness=Histogram.of([400_000]))]
FAILURES = [
    {"operation": "turn", "outcome": "timeout", "text": "EventNotReceived: nothing came\nfor 15 s"}
]


def tally(*, failed: int = 0, turns: int = 100) -> Tally:
    counted = Tally()
    counted.outcomes["connect", "ok"] = 10
    counted.record(Series("tcp_ms", "service"), 1_000_000)
    for clock, factor in (("response", 2), ("service", 1)):
        counted.record(Series("connect_ms", clock), 5_000_000)
        for ms in range(1, turns + 1):
            counted.record(Series("ttft_ms", clock, 1), ms * factor * 1_000_000)
    counted.record(Series("rtf", "service", 1), 250_000)
    counted.outcomes["turn", "ok"] = turns
    if failed:
        counted.outcomes["turn", "timeout"] = failed
    return counted


def moment(**changes: Any) -> Moment:
    return replace(
        Moment(
            **{"t_s": 23.0, "end_s": 61.0, "phase": "steady", "sessions": 9, "wanted": 10},
            **{"due": 120, "last": tally(), "whole": tally(failed=4), "seconds": 20.0},
            **{"health": HEALTH, "failures": FAILURES},
        ),
        **changes,
    )


def result(**changes: Any) -> LoadResult:
    whole = tally(failed=4)
    finding: Finding = changes.get("finding", FIT)
    objectives = [parse("rate(ok) >= 90%"), parse("p95(ttft_ms) < 100"), parse("p50(rtf) < 1")]
    outcomes = judge(
        objectives,
        whole,
        seconds=20.0,
        today=date(2026, 11, 21),
        void="; ".join(finding.reasons) if finding.fitness is Fitness.VOID else "",
    )
    return LoadResult(
        **{"tally": whole, "seconds": 20.0, "health": HEALTH, "finding": finding},
        **{"outcomes": outcomes, "failures": FAILURES, "requested": 104}
        | {name: value for name, value in changes.items() if name != "finding"},
    )


def console(width: int, *, is_terminal: bool) -> tuple[Console, io.StringIO]:
    written = io.StringIO()
    made = Console(
        file=written, width=width, height=40, force_terminal=is_terminal, color_system=None
    )
    return made, written


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_shows_how_a_run_stands(width: int) -> None:
    shown, written = console(width, is_terminal=True)
    with Screen(shown, "text at 120/s, 10 sessions, against fake") as screen:
        screen.show(moment())
        text = written.getvalue()
    for expected in (
        *("text at 120/s, 10 sessions, against fake", "steady  0:23 of 1:01", "0:38 left"),
        *("9 of 10 sessions", "100/s of 120 due", "4 failed (3.51%)"),
        *("generator fit: late p99 0.40 ms, 12% of a core", "ttft, ms", "rtf, x", "turn timeout"),
        "EventNotReceived: nothing came for 15 s",
    ):
        assert expected in text, expected
    # The phases of connecting are for the report; the second clock is for those with room.
    assert "tcp" not in text
    assert ("service" in text) is (width == 120)
    assert max(map(len, text.splitlines())) <= width + 10  # what moves the cursor counts as well


def test_elsewhere_there_is_a_line_each_few_seconds() -> None:
    shown, written = console(80, is_terminal=False)
    with Screen(shown, "text") as screen:
        for second in range(1, 13):
            screen.show(moment(t_s=float(second)))
    lines = written.getvalue().splitlines()
    assert [line.split("/")[0].strip() for line in lines] == ["1", "6", "11"]
    assert lines[0] == (
        "   1/61 s steady  9/10 sessions  100/s of 120 due  ttft_ms p50 100 p95 190  "
        "4 failed (3.51%)  generator fit: late p99 0.40 ms, 12% of a core"
    )


def summary(width: int, **changes: Any) -> list[str]:
    shown, written = console(width, is_terminal=True)
    print_result(result(**changes), shown, Path("runs/one"))
    return [line.rstrip() for line in written.getvalue().splitlines() if line.strip()]


@pytest.mark.parametrize("width", [80, 120])
def test_the_end_names_what_was_missed_first_and_fits_on_a_screen(width: int) -> None:
    lines = summary(width)
    assert lines[0].split("  ") == ["FAIL", "p95(ttft_ms) < 100", "190 ms", "n=100"]
    assert [line.split()[0] for line in lines[1:3]] == ["PASS", "PASS"]
    assert "96.49%  n=114" in lines[1] or "96.49%  n=114" in lines[2]
    assert any("100 operations in 20.0 s, 5.0/s, 104 were due" in line for line in lines)
    assert any(line.split()[:3] == ["4", "turn", "timeout"] for line in lines)
    assert lines[-2] == "run directory: runs/one"
    assert "realtime-harness report runs/one" in lines[-1]
    assert len(lines) < 24
    assert all(len(line) <= width for line in lines)


def test_a_void_run_says_so_first_and_says_nothing_else_of_objectives() -> None:
    void = Finding(
        fitness=Fitness.VOID,
        reasons=["the engine sent late: p99 25.0 ms, above 10 ms"],
        remarks=[],
        lateness_p99_ms=25.0,
        cpu=0.1,
    )
    lines = summary(80, finding=void)
    assert lines[0] == "VOID: the engine sent late: p99 25.0 ms, above 10 ms"
    assert lines[1].strip() == "so nothing is said about the service"
    assert {line.split()[0] for line in lines[2:5]} == {"VOID"}


def test_what_ended_early_says_why() -> None:
    lines = summary(80, aborted="interrupted", requested=None)
    assert lines[0] == "ENDED EARLY: interrupted"


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({}, "text, 7 sessions, against mine"),
        ({"arrival_rate": 20.0}, "text at 20/s, 7 sessions, against mine"),
        ({"shape": "spike"}, "text, 7 sessions, spike, against mine"),
    ],
)
def test_titles(changes: dict[str, Any], title: str) -> None:
    target = Target(name="mine", base_url="http://127.0.0.1:1/v1", api_key="sk-t")
    asked = LoadPlan(target=target, profile=find("text"), users=7, **changes)
    assert title_of(asked) == title
