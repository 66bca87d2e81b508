from __future__ import annotations

from collections.abc import Callable

import pytest

from realtime_harness.checks import Check
from realtime_harness.clients.connection import ReceivedEvent
from realtime_harness.errors import HarnessError, TargetViolation
from realtime_harness.evidence import MASK, Kind, Recorder
from realtime_harness.ledger import Ledger
from realtime_harness.results import CheckResult
from realtime_harness.scenario import Scenario
from realtime_harness.verdicts import Level, Verdict

MakeCheck = Callable[..., Check]


@pytest.fixture
def ledger(check: MakeCheck, declared: Callable[..., Scenario], recorder: Recorder) -> Ledger:
    async def sample(run: object) -> None:
        """Show something."""

    checks = [
        check(),
        check("second"),
        check("should", Level.SHOULD),
        check("info", Level.INFO),
    ]
    return Ledger(declared(sample, checks=checks), recorder)


def result(ledger: Ledger, slug: str = "first") -> CheckResult:
    ledger.settle(Verdict.UNTESTABLE, "not reached")
    found = {each.check: each for each in ledger.results("sample/sample")}
    return found[f"rt.sample.{slug}"]


@pytest.mark.parametrize(
    ("level", "ok", "verdict"),
    [
        (Level.MUST, True, Verdict.PASS),
        (Level.MUST, False, Verdict.FAIL),
        (Level.SHOULD, True, Verdict.PASS),
        (Level.SHOULD, False, Verdict.WARN),
        (Level.INFO, True, Verdict.PASS),
        (Level.INFO, False, Verdict.INFO),
    ],
)
def test_level_and_outcome_make_the_verdict(
    ledger: Ledger, check: MakeCheck, level: Level, ok: bool, verdict: Verdict
) -> None:
    slug = {Level.MUST: "first", Level.SHOULD: "should", Level.INFO: "info"}[level]
    assert ledger.check(check(slug, level), ok, "expected 1, got 2") is ok
    judged = result(ledger, slug)
    assert judged.verdict is verdict
    assert judged.reason == ("" if ok else "expected 1, got 2")


def test_result_carries_the_catalogue_and_the_evidence(ledger: Ledger, check: MakeCheck) -> None:
    event = ReceivedEvent(data={}, seq=7, t_ns=0)
    ledger.check(check(), False, "bad", event)
    judged = result(ledger)
    assert (judged.scenario, judged.suite, judged.evidence_seq) == ("sample/sample", "sample", 7)
    assert (judged.clause, judged.source) == ("The first thing.", "RFC 0")


def test_most_severe_counts_and_the_first_among_equals(ledger: Ledger, check: MakeCheck) -> None:
    for ok, reason in [(True, ""), (False, "first"), (True, ""), (False, "second")]:
        ledger.check(check(), ok, reason)
    assert (result(ledger).verdict, result(ledger).reason) == (Verdict.FAIL, "first")


def test_passing_outweighs_not_applicable(ledger: Ledger, check: MakeCheck) -> None:
    ledger.not_applicable(check(), "not claimed")
    assert result(ledger).verdict is Verdict.NOT_APPLICABLE
    ledger.check(check(), True, "")
    assert result(ledger).verdict is Verdict.PASS


def test_what_was_not_judged_is_settled(ledger: Ledger, check: MakeCheck) -> None:
    ledger.check(check(), True, "")
    ledger.settle(Verdict.ERROR, "broke")
    verdicts = [each.verdict for each in ledger.results("sample/sample")]
    assert verdicts == [Verdict.PASS, Verdict.ERROR, Verdict.ERROR, Verdict.ERROR]


def test_judging_fails_all_and_goes_on(ledger: Ledger, check: MakeCheck) -> None:
    with ledger.judging(check(), check("second")):
        raise TargetViolation("no answer")
    assert {result(ledger, slug).reason for slug in ("first", "second")} == {"no answer"}
    assert result(ledger).verdict is Verdict.FAIL


def test_judging_passes_what_is_not_judged_inside(ledger: Ledger, check: MakeCheck) -> None:
    with ledger.judging(check(), check("second")):
        ledger.check(check("second"), False, "judged inside")
    assert result(ledger).verdict is Verdict.PASS
    assert result(ledger, "second").verdict is Verdict.FAIL


def test_fatal_judging_hands_the_violation_on(ledger: Ledger, check: MakeCheck) -> None:
    with pytest.raises(TargetViolation), ledger.judging(check(), fatal=True):
        raise TargetViolation("no answer")
    assert result(ledger).verdict is Verdict.FAIL


def test_judging_leaves_faults_of_ours_alone(ledger: Ledger, check: MakeCheck) -> None:
    with pytest.raises(HarnessError, match="ours"), ledger.judging(check()):
        raise HarnessError("ours")
    assert result(ledger).verdict is Verdict.UNTESTABLE


def test_observation(ledger: Ledger, check: MakeCheck) -> None:
    ledger.observe(check("info", Level.INFO), "seen: 3", 4)
    judged = result(ledger, "info")
    assert (judged.verdict, judged.reason, judged.evidence_seq) == (Verdict.INFO, "seen: 3", 4)


def test_undeclared_check_is_a_fault_of_ours(ledger: Ledger, check: MakeCheck) -> None:
    with pytest.raises(HarnessError, match="without declaring"):
        ledger.check(check("stranger"), True, "")


def test_reasons_hold_no_secrets_and_verdicts_are_evidence(
    ledger: Ledger, check: MakeCheck, recorder: Recorder
) -> None:
    ledger.check(check(), False, "got top-secret-key")
    assert result(ledger).reason == f"got {MASK}"
    entry = recorder.entries[0]
    assert entry.kind is Kind.VERDICT
    assert entry.data == {
        "check": "rt.sample.first",
        "verdict": "fail",
        "reason": f"got {MASK}",
        "evidence": None,
    }


def test_the_offending_field_is_kept_of_what_is_not_met(ledger: Ledger, check: MakeCheck) -> None:
    ledger.check(check(), False, "expected a string", 3, "session.audio.output")
    ledger.check(check("second"), True, "", 3, "session.audio.output")
    assert result(ledger).evidence_path == "session.audio.output"
    assert result(ledger, "second").evidence_path == ""
