from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from realtime_harness.annotations import annotation_lines
from realtime_harness.results import CheckResult, Run, RunInfo
from realtime_harness.verdicts import Level, Standing, Verdict

RED = CheckResult(
    check="rt.a.x",
    scenario="a/one",
    suite="a",
    level=Level.MUST,
    verdict=Verdict.FAIL,
    reason="expected 1,\ngot 100 %",
    clause="It is so.",
    source="RFC 0",
    standing=Standing.UNEXPECTED,
)


def lines(*checks: CheckResult) -> list[str]:
    info = RunInfo(
        id="i",
        target="t",
        base_url="b",
        started_at="",
        finished_at="",
        harness_version="",
        contract="",
        command=[],
    )
    run = Run(directory=Path(), info=info, checks=list(checks), scenarios=[], problems=[])
    return list(annotation_lines(run))


def test_one_line_for_each_red_check() -> None:
    assert lines(RED, replace(RED, scenario="a/two")) == [
        "::error title=rt.a.x::a/one: unexpected, fail: expected 1,%0Agot 100 %25"
    ]


def test_what_is_forgiven_or_not_met_is_a_warning_or_nothing() -> None:
    flaky = replace(RED, check="rt.a.f", standing=Standing.FLAKY, reason="now and then")
    should = replace(RED, check="rt.a.s", verdict=Verdict.WARN, standing=None, reason="slow")
    known = replace(RED, check="rt.a.k", standing=Standing.EXPECTED)
    assert lines(flaky, should, known) == [
        "::warning title=rt.a.f::a/one: flaky, fail: now and then",
        "::warning title=rt.a.s::a/one: warn: slow",
    ]


def test_a_stale_entry_is_an_error() -> None:
    stale = replace(RED, verdict=Verdict.PASS, reason="", standing=Standing.STALE, known="old")
    assert lines(stale) == ["::error title=rt.a.x::a/one: stale, pass: old"]


def test_ten_of_a_kind_are_shown() -> None:
    assert len(lines(*(replace(RED, check=f"rt.a.x{n}") for n in range(30)))) == 10
