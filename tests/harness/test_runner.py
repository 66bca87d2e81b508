from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from realtime_harness.checks import Check
from realtime_harness.contract.rules import Finding, Rule
from realtime_harness.errors import HarnessError, MissingExtra, TargetViolation
from realtime_harness.evidence import Direction, Kind, Lane
from realtime_harness.meter import Meter
from realtime_harness.results import read_run
from realtime_harness.run import ScenarioRun
from realtime_harness.runner import ScenarioOutcome, run_scenario
from realtime_harness.scenario import Scenario
from realtime_harness.store import Store
from realtime_harness.targets.capabilities import Capability
from realtime_harness.targets.profiles import AZURE
from realtime_harness.targets.target import Target
from realtime_harness.verdicts import Verdict

Declared = Callable[..., Scenario]
MakeCheck = Callable[..., Check]


def verdicts(outcome: ScenarioOutcome) -> list[tuple[Verdict, str]]:
    return [(result.verdict, result.reason) for result in outcome.results]


def raising(error: Exception) -> Callable[[ScenarioRun], Any]:
    async def sample(run: ScenarioRun) -> None:
        raise error

    return sample


async def test_what_was_judged_and_what_was_not(
    declared: Declared, check: MakeCheck, target: Target
) -> None:
    async def sample(run: ScenarioRun) -> None:
        """Show it.

        And more.
        """
        run.check(check(), False, "expected 1, got 2")
        run.measure("lag", 1.5, "ms")

    scenario = declared(sample, checks=[check(), check("second")])
    outcome = await run_scenario(scenario, target)
    assert verdicts(outcome) == [
        (Verdict.FAIL, "expected 1, got 2"),
        (Verdict.UNTESTABLE, "not reached: the conversation ended without it"),
    ]
    assert outcome.result.summary == "Show it."
    assert outcome.result.measurements == {"lag": {"value": 1.5, "unit": "ms"}}
    assert outcome.result.duration_s > 0


@pytest.mark.parametrize(
    ("error", "verdict", "reason"),
    [
        (TargetViolation("no answer"), Verdict.UNTESTABLE, "not reached: no answer"),
        (HarnessError("ours"), Verdict.ERROR, "ours"),
        (MissingExtra("webrtc"), Verdict.UNTESTABLE, "install realtime-harness[webrtc]"),
        (KeyError("x"), Verdict.ERROR, "KeyError: 'x' at "),
        (TimeoutError("inner"), Verdict.ERROR, "TimeoutError: inner at "),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
async def test_whose_fault_an_early_end_is(
    declared: Declared, target: Target, error: Exception, verdict: Verdict, reason: str
) -> None:
    outcome = await run_scenario(declared(raising(error)), target)
    assert outcome.results[0].verdict is verdict
    assert outcome.results[0].reason.startswith(reason)


async def test_conversation_is_bounded(declared: Declared, target: Target) -> None:
    async def sample(run: ScenarioRun) -> None:
        await asyncio.Event().wait()

    outcome = await run_scenario(declared(sample, timeout_s=0.05), target)
    assert verdicts(outcome) == [
        (Verdict.UNTESTABLE, "not reached: the conversation took longer than 0.05 s")
    ]


async def test_capability_that_is_not_claimed(declared: Declared, target: Target) -> None:
    scenario = declared(raising(KeyError()), needs=[Capability.CONTROL])
    outcome = await run_scenario(scenario, target)
    assert verdicts(outcome) == [(Verdict.NOT_APPLICABLE, "target sample does not claim control")]


async def test_extra_that_is_not_installed(declared: Declared, target: Target) -> None:
    outcome = await run_scenario(declared(raising(KeyError()), extras=["nothing_of_ours"]), target)
    assert verdicts(outcome) == [(Verdict.UNTESTABLE, "install realtime-harness[nothing_of_ours]")]


async def test_everything_opened_is_closed_in_any_case(declared: Declared, target: Target) -> None:
    closed: list[str] = []

    async def sample(run: ScenarioRun) -> None:
        async def close(name: str) -> None:
            closed.append(name)
            if name == "second":
                raise OSError("cannot")

        run.on_close("first", lambda: close("first"))
        run.on_close("second", lambda: close("second"))
        raise TargetViolation("no answer")

    outcome = await run_scenario(declared(sample), target)
    assert closed == ["second", "first"]
    notes = [entry.data["text"] for entry in outcome.evidence if entry.kind is Kind.NOTE]
    assert "closing second failed: OSError('cannot')" in notes


@pytest.fixture
def rule(check: MakeCheck, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Check]:
    """Makes a rule over the stream that answers as told."""

    def make(judge: Callable[[Any], list[Finding]]) -> Check:
        ruled = check("ruled")
        rules = (Rule(check=ruled, judge=judge),)
        monkeypatch.setattr("realtime_harness.runner.STREAM_RULES", rules)
        monkeypatch.setattr("realtime_harness.contract.rules.STREAM_RULES", rules)
        return ruled

    return make


async def converse(run: ScenarioRun) -> None:
    """Receive an event."""
    run.recorder.record(Lane.WEBSOCKET, "client", Direction.RECEIVED, Kind.EVENT, {"type": "x"})


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        pytest.param([], (Verdict.PASS, ""), id="kept"),
        pytest.param([Finding(reason="a", seq=0)], (Verdict.FAIL, "a"), id="broken"),
        pytest.param(
            [Finding(reason="a", seq=0), Finding(reason="b", seq=0)],
            (Verdict.FAIL, "a (and 1 more)"),
            id="broken-twice",
        ),
    ],
)
async def test_rules_are_judged_over_the_evidence(
    declared: Declared,
    target: Target,
    rule: Callable[..., Check],
    findings: list[Finding],
    expected: tuple[Verdict, str],
) -> None:
    rule(lambda evidence: findings)
    outcome = await run_scenario(declared(converse, checks=[], stream=True), target)
    assert verdicts(outcome) == [expected]


async def test_rules_are_judged_also_when_the_conversation_ends_early(
    declared: Declared, check: MakeCheck, target: Target, rule: Callable[..., Check]
) -> None:
    rule(lambda evidence: [])

    async def sample(run: ScenarioRun) -> None:
        await converse(run)
        raise TargetViolation("no answer")

    outcome = await run_scenario(declared(sample, stream=True), target)
    assert [verdict for verdict, _ in verdicts(outcome)] == [Verdict.UNTESTABLE, Verdict.PASS]


async def test_rules_need_something_to_judge(
    declared: Declared, target: Target, rule: Callable[..., Check]
) -> None:
    rule(lambda evidence: [])

    async def sample(run: ScenarioRun) -> None:
        pass

    outcome = await run_scenario(declared(sample, checks=[], stream=True), target)
    assert outcome.results[0].verdict is Verdict.UNTESTABLE


async def test_rule_that_fails_is_a_fault_of_ours(
    declared: Declared, target: Target, rule: Callable[..., Check]
) -> None:
    def judge(evidence: object) -> list[Finding]:
        raise IndexError("oops")

    rule(judge)
    outcome = await run_scenario(declared(converse, checks=[], stream=True), target)
    assert outcome.results[0].verdict is Verdict.ERROR
    assert outcome.results[0].reason.startswith("IndexError: oops at ")


async def test_store_gets_evidence_and_scenario(
    declared: Declared, target: Target, tmp_path: Path
) -> None:
    async def sample(run: ScenarioRun) -> None:
        run.note("hello", key="top-secret-key")

    with Store(tmp_path) as store:
        outcome = await run_scenario(declared(sample), target, store=store, repetition=2)
    assert outcome.result.id == outcome.results[0].scenario == "sample/sample#2"
    (tmp_path / "run.json").write_text(
        '{"id": "a", "target": "b", "base_url": "c", "started_at": "d", "finished_at": null,'
        ' "harness_version": "0", "contract": "e", "command": []}'
    )
    run = read_run(tmp_path)
    assert run.scenarios == [outcome.result]
    entries, problems = run.entries(run.scenarios[0])
    assert entries == outcome.evidence
    assert not problems
    assert entries[0].data == {"text": "hello", "key": "[redacted]"}


async def test_what_stands_in_the_way_is_the_reason(declared: Declared, target: Target) -> None:
    async def sample(run: ScenarioRun) -> None:
        raise AssertionError("must not be had")

    outcome = await run_scenario(declared(sample), target, obstacle="it is the beta")
    assert verdicts(outcome) == [(Verdict.UNTESTABLE, "it is the beta")]


async def test_conversation_is_ended_before_it_costs_too_much(
    declared: Declared, check: MakeCheck, target: Target, tmp_path: Path
) -> None:
    async def sample(run: ScenarioRun) -> None:
        run.check(check(), True)
        usage = {"output_token_details": {"audio_tokens": 1000}}
        data = {"type": "response.done", "response": {"id": "a", "usage": usage}}
        run.recorder.record(Lane.WEBSOCKET, "client", Direction.RECEIVED, Kind.EVENT, data)
        await asyncio.sleep(20)

    scenario = declared(sample, checks=[check(), check("second")])
    meter = Meter(tmp_path, target, limit_usd=0.1)
    first = await run_scenario(scenario, target, meter=meter)
    second = await run_scenario(scenario, target, meter=meter)
    meter.close()
    assert [verdict for verdict, _ in verdicts(first)] == [Verdict.PASS, Verdict.UNTESTABLE]
    assert "to stay below --max-cost 0.1: about $0.0640" in verdicts(first)[1][1]
    assert [verdict for verdict, _ in verdicts(second)] == [Verdict.UNTESTABLE] * 2


async def test_what_a_target_does_not_have_is_not_applicable(
    declared: Declared, check: MakeCheck, target: Target
) -> None:
    async def sample(run: ScenarioRun) -> None:
        run.check(check(), False, "wrong")
        await run.call()

    filtering = replace(target, profile=replace(AZURE, filters_calls=True))
    outcome = await run_scenario(declared(sample, checks=[check(), check("second")]), filtering)
    assert verdicts(outcome) == [
        (Verdict.FAIL, "wrong"),
        (Verdict.NOT_APPLICABLE, "target sample filters what is told on a data channel"),
    ]


@pytest.mark.parametrize("stays", [True, False], ids=["leaks", "ends"])
def test_tasks_that_outlive_a_run_are_a_fault_of_ours(
    declared: Declared, check: MakeCheck, target: Target, stays: bool
) -> None:
    kept: list[asyncio.Task[Any]] = []

    async def sample(run: ScenarioRun) -> None:
        kept.append(asyncio.create_task(asyncio.sleep(60 if stays else 0), name="forgotten"))
        run.check(check(), True)

    outcome = asyncio.run(run_scenario(declared(sample, checks=[check()]), target))
    assert verdicts(outcome) == [
        (Verdict.ERROR, "tasks of ours outlive the run: forgotten") if stays else (Verdict.PASS, "")
    ]
