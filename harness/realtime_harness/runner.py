"""Runs one scenario: the conversation, the rules over its evidence, the verdicts.

Nothing of pytest is in here; the plugin calls :func:`run_scenario`, and so may anybody else.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from realtime_harness.contract.rules import STREAM_RULES
from realtime_harness.contract.stream import SplitEvidence
from realtime_harness.errors import (
    ClientCannot,
    HarnessError,
    MissingExtra,
    NotClaimed,
    TargetViolation,
)
from realtime_harness.evidence import Entry, Recorder, Redactor
from realtime_harness.judging import is_judgeable
from realtime_harness.results import CheckResult, ScenarioResult
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import DEFAULT_CLIENT, Scenario
from realtime_harness.shape import beta_signs
from realtime_harness.store import Store, timestamp
from realtime_harness.targets.target import Target
from realtime_harness.verdicts import Verdict

if TYPE_CHECKING:
    from realtime_harness.lab import Lab
    from realtime_harness.meter import Meter

__all__ = ["ScenarioOutcome", "judge_stream", "run_scenario"]

_MODULE_OF_EXTRA = {"webrtc": "aiortc", "load": "locust", "browser": "playwright"}

_LEAVING_S = 1.0
"""How long tasks may take to end when everything is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioOutcome:
    """What came of one run of a scenario."""

    results: list[CheckResult]
    """One for each declared check, in the order declared."""
    result: ScenarioResult
    evidence: list[Entry]


async def run_scenario(
    scenario: Scenario,
    target: Target,
    *,
    lab: Lab | None = None,
    store: Store | None = None,
    client: str = DEFAULT_CLIENT,
    repetition: int = 1,
    attempt: int = 1,
    meter: Meter | None = None,
    obstacle: str = "",
) -> ScenarioOutcome:
    """Have the conversation once, and judge it. Never raises for what a target or a scenario does.

    Args:
        scenario: what to run.
        target: the endpoint under test.
        lab: where the scenario may start processes of its own.
        store: gets the evidence as it comes, and the scenario's result. The results of its checks
            are for the caller to store.
        client: makes the scenario's calls; any but the usual one has ``@<client>`` behind the
            scenario's id.
        repetition: counts from 1; the n-th one (n > 1) has ``#<n>`` behind the scenario's id.
        attempt: counts from 1, within the repetition; the n-th one (n > 1) has ``~<n>`` behind it.
        meter: counts what the conversation costs, and ends it before that is too much.
        obstacle: why the conversation cannot be had, if so.

    """
    scenario_id = scenario.id
    scenario_id += f"@{client}" if client != DEFAULT_CLIENT else ""
    scenario_id += f"#{repetition}" if repetition > 1 else ""
    scenario_id += f"~{attempt}" if attempt > 1 else ""
    journal = store.evidence(scenario_id) if store is not None else None

    def sink(entry: Entry) -> None:
        if journal is not None:
            journal.append(entry.to_json())
        if meter is not None:
            meter.add(entry)
            if why := meter.obstacle():
                halt.now(why)

    halt = _Halt()
    recorder = Recorder(redactor=Redactor(target.api_key), sink=sink)
    alone = asyncio.all_tasks() == {asyncio.current_task()}
    started_at = timestamp()
    started = time.perf_counter()
    try:
        run = ScenarioRun(scenario, target, lab=lab, recorder=recorder, client=client)
        async with run:
            await _converse(run, halt, obstacle or (meter.obstacle() if meter is not None else ""))
        judge_stream(run)
        run.ledger.settle(Verdict.UNTESTABLE, "not reached: the conversation ended without it")
        if alone and (leaked := await _leaked()):
            # A fault of ours, whatever was judged. The rule about endings is declared last.
            run.ledger.fault(scenario.checks[-1], f"tasks of ours outlive the run: {leaked}")
        results = run.ledger.results(scenario_id)
    finally:
        if journal is not None:
            journal.close()
    result = ScenarioResult(
        id=scenario_id,
        suite=scenario.suite,
        name=scenario.name,
        summary=scenario.summary,
        started_at=started_at,
        duration_s=round(time.perf_counter() - started, 6),
        evidence=store.evidence_name(scenario_id) if store is not None else "",
        declared=[check.id for check in scenario.checks],
        remarks=beta_signs(recorder.entries),
        measurements=run.measurements,
    )
    if store is not None:
        store.add_scenario(result)
    return ScenarioOutcome(results=results, result=result, evidence=recorder.entries)


class _Halt:
    """Ends a conversation from within, whatever it waits for."""

    def __init__(self) -> None:
        self.why = ""
        self.bound: asyncio.Timeout | None = None
        """Of the conversation, while it goes on."""

    def now(self, why: str) -> None:
        """End it; the first reason counts."""
        if self.bound is not None and not self.why:
            self.why = why
            self.bound.reschedule(asyncio.get_running_loop().time())


async def _converse(run: ScenarioRun, halt: _Halt, obstacle: str) -> None:
    """Run the coroutine, and settle the checks that it could not reach."""
    scenario = run.scenario
    if obstacle:
        run.ledger.settle(Verdict.UNTESTABLE, obstacle)
        return
    if unclaimed := sorted(need.value for need in scenario.needs - run.target.capabilities):
        run.ledger.settle(
            Verdict.NOT_APPLICABLE,
            f"target {run.target.name} does not claim {', '.join(unclaimed)}",
        )
        return
    for extra in sorted(scenario.extras):
        if extra == "webrtc" and run.client != DEFAULT_CLIENT:
            # Not aiortc makes the calls; what does says itself what is missing.
            continue
        if find_spec(_MODULE_OF_EXTRA.get(extra, extra)) is None:
            run.ledger.settle(Verdict.UNTESTABLE, str(MissingExtra(extra)))
            return
    try:
        async with asyncio.timeout(scenario.timeout_s) as bound:
            halt.bound = bound
            try:
                await scenario.function(run)
            finally:
                halt.bound = None
    except MissingExtra as error:
        run.ledger.settle(Verdict.UNTESTABLE, str(error))
    except (ClientCannot, NotClaimed) as error:
        judge_stream(run)
        run.ledger.settle(Verdict.NOT_APPLICABLE, str(error))
    except TargetViolation as violation:
        run.note(f"the conversation ended early: {violation}")
        judge_stream(run)
        run.ledger.settle(Verdict.UNTESTABLE, f"not reached: {violation}")
    except HarnessError as error:
        run.note(f"fault of the harness: {error}")
        run.ledger.settle(Verdict.ERROR, str(error))
    except Exception as error:
        if isinstance(error, TimeoutError) and bound.expired():
            judge_stream(run)
            late = f"not reached: the conversation took longer than {scenario.timeout_s:g} s"
            run.ledger.settle(Verdict.UNTESTABLE, halt.why or late)
            return
        where = _where(error)
        run.note(f"fault of the scenario: {error!r}{where}")
        run.ledger.settle(Verdict.ERROR, f"{type(error).__name__}: {error}{where}")


def judge_stream(run: ScenarioRun) -> None:
    """Judge the rules over the evidence, if there is any server event to judge."""
    evidence = SplitEvidence(run.evidence)
    if not run.scenario.stream or not is_judgeable(evidence):
        return
    for rule in STREAM_RULES:
        try:
            findings = rule.judge(evidence)
        except Exception as error:
            # A rule that fails says nothing about the endpoint.
            run.ledger.fault(rule.check, f"{type(error).__name__}: {error}{_where(error)}")
            continue
        if findings:
            first, *more = findings
            also = f" (and {len(more)} more)" if more else ""
            run.check(rule.check, False, first.reason + also, evidence=first.seq, path=first.path)
        else:
            run.check(rule.check, True)


async def _leaked() -> str:
    """Return the names of the tasks that go on behind a run which had its event loop for itself."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        # Some are about to end: closing has only told them.
        _, left = await asyncio.wait(left, timeout=_LEAVING_S)
    return ", ".join(sorted(task.get_name() for task in left))


def _where(error: BaseException) -> str:
    """Return `` at file:line`` of the innermost frame."""
    traceback = error.__traceback__
    if traceback is None:
        return ""
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return f" at {traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}"
