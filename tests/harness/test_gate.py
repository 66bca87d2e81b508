from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from realtime_harness.baseline import Baseline, Known
from realtime_harness.gate import Gate, exit_code
from realtime_harness.requirements import RequirementSet
from realtime_harness.results import CheckResult, ScenarioResult
from realtime_harness.verdicts import ExitCode, Level, Standing, Verdict

TODAY = date(2026, 11, 21)
PASS, FAIL, WARN, INFO = Verdict.PASS, Verdict.FAIL, Verdict.WARN, Verdict.INFO
NOT_REACHED, ASIDE, ERROR = Verdict.UNTESTABLE, Verdict.NOT_APPLICABLE, Verdict.ERROR

Place = Callable[..., Standing | None]


def result(verdict: Verdict, standing: Standing | None = None, scenario: str = "a/one"):
    return CheckResult(
        check="rt.a.x",
        scenario=scenario,
        suite="a",
        level=Level.MUST,
        verdict=verdict,
        reason="expected 1, got 2",
        clause="It is so.",
        source="RFC 0",
        standing=standing,
    )


def test_entries_about_a_client_that_did_not_run_are_no_orphans() -> None:
    about = [
        Known(scenario=f"a/{name}", check="rt.a.x", reason="old")
        for name in ("gone", "gone@chromium")
    ]
    held = Gate(
        today=TODAY,
        baseline=Baseline(Path("b"), {(known.scenario, known.check): known for known in about}),
    )
    ran = ScenarioResult(
        id="a/one", suite="a", name="one", summary="", started_at="", duration_s=0, evidence=""
    )
    assert held.orphans([], [ran], whole=True) == about[:1]
    assert held.orphans([], [ran, replace(ran, id="a/one@chromium")], whole=True) == about


def gate(required: bool = True, **entry: object) -> Gate:
    known = Known(scenario="a/one", check="rt.a.x", reason="old", **entry) if entry else None
    return Gate(
        today=TODAY,
        baseline=Baseline(Path("b"), {("a/one", "rt.a.x"): known} if known else {}),
        requirements=RequirementSet("s", frozenset({"rt.a.x"} if required else ())),
    )


@pytest.mark.parametrize(
    ("verdict", "entry", "standing"),
    [
        (PASS, {}, None),
        (FAIL, {}, Standing.UNEXPECTED),
        (NOT_REACHED, {}, Standing.UNEXPECTED),
        (WARN, {}, None),
        (ERROR, {}, None),
        (FAIL, {"issue": "i"}, Standing.EXPECTED),
        (NOT_REACHED, {"issue": "i"}, Standing.EXPECTED),
        (WARN, {"issue": "i"}, Standing.EXPECTED),
        (WARN, {"message": "got 3"}, Standing.UNEXPECTED),
        (PASS, {"issue": "i"}, Standing.STALE),
        (INFO, {"issue": "i"}, None),
        (ASIDE, {"issue": "i"}, None),
        (ERROR, {"issue": "i"}, None),
        (FAIL, {"message": "got 2"}, Standing.EXPECTED),
        (FAIL, {"message": "got 3"}, Standing.UNEXPECTED),
        (FAIL, {"until": TODAY}, Standing.EXPECTED),
        (FAIL, {"until": date(2026, 11, 20)}, Standing.EXPIRED),
        (PASS, {"until": date(2026, 11, 20)}, Standing.STALE),
        (FAIL, {"flaky": True}, Standing.FLAKY),
        (PASS, {"flaky": True}, None),
        (FAIL, {"flaky": True, "until": date(2026, 11, 20)}, Standing.EXPIRED),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else getattr(value, "value", "-"),
)
def test_standing(verdict: Verdict, entry: dict[str, object], standing: Standing | None) -> None:
    placed = gate(**entry).place(result(verdict, scenario="a/one#2"))
    assert placed.standing is standing
    assert ("old" in placed.known) is (bool(entry) and standing is not None)


def test_what_is_not_required_is_pending() -> None:
    assert gate(required=False).place(result(FAIL)).standing is Standing.PENDING
    assert gate(required=False).place(result(PASS)).standing is None
    mine = gate(required=False).place(result(FAIL), required=True)
    assert mine.standing is Standing.UNEXPECTED
    assert Gate(today=TODAY).place(result(FAIL)).standing is Standing.UNEXPECTED


@pytest.mark.parametrize(
    ("first", "second", "standing"),
    [
        (FAIL, PASS, Standing.FLAKY),
        (FAIL, FAIL, Standing.UNEXPECTED),
        (FAIL, NOT_REACHED, Standing.UNEXPECTED),
        (PASS, FAIL, Standing.FLAKY),
        (PASS, PASS, None),
        (ERROR, PASS, None),
        (PASS, ERROR, None),
    ],
    ids=lambda value: value.value if isinstance(value, (Verdict, Standing)) else "-",
)
def test_another_attempt(first: Verdict, second: Verdict, standing: Standing | None) -> None:
    both = gate().again(gate().place(result(first)), result(second, scenario="a/one~2"))
    assert both.verdict is first
    assert both.standing is standing
    assert [attempt["scenario"] for attempt in both.attempts] == ["a/one~2"]


@pytest.mark.parametrize(
    ("standings", "verdict", "code"),
    [
        ([None], PASS, ExitCode.OK),
        ([None], FAIL, ExitCode.VIOLATIONS),
        ([None], WARN, ExitCode.OK),
        ([None], ERROR, ExitCode.HARNESS_FAULT),
        ([Standing.FLAKY], ERROR, ExitCode.HARNESS_FAULT),
        ([Standing.UNEXPECTED, Standing.STALE], FAIL, ExitCode.VIOLATIONS),
        ([Standing.UNEXPECTED], WARN, ExitCode.VIOLATIONS),
        ([Standing.EXPECTED, Standing.FLAKY, Standing.PENDING], FAIL, ExitCode.OK),
        ([Standing.EXPIRED, Standing.EXPECTED], FAIL, ExitCode.STALE_BASELINE),
        ([Standing.STALE], PASS, ExitCode.STALE_BASELINE),
    ],
)
def test_exit_code(standings: list[Standing], verdict: Verdict, code: ExitCode) -> None:
    assert exit_code([result(verdict, standing) for standing in standings]) is code


def test_an_entry_about_nothing_is_stale() -> None:
    assert exit_code([], [Known(scenario="a", check="b", reason="")]) is ExitCode.STALE_BASELINE


@pytest.mark.parametrize(
    ("scenario", "declared", "whole", "orphaned"),
    [
        ("a/one", ["rt.a.x"], True, False),
        ("a/one", ["rt.a.y"], False, True),
        ("a/two", ["rt.a.y"], False, False),
        ("a/two", ["rt.a.y"], True, True),
    ],
    ids=["deselected", "renamed", "another-suite", "renamed-scenario"],
)
def test_orphans(scenario: str, declared: list[str], whole: bool, orphaned: bool) -> None:
    ran = ScenarioResult(
        id=scenario,
        suite="a",
        name=scenario,
        summary="",
        started_at="",
        duration_s=0,
        evidence="",
        declared=declared,
    )
    assert bool(gate(issue="i").orphans([], [ran], whole=whole)) is orphaned
