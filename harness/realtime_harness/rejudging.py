"""Judging a recording again, as a run: ``run --target recording:FILE``.

What a scenario's own checks judge is in its coroutine, which talks to an endpoint; a recording
cannot be talked to. So the rules over the event stream are judged anew, by the rules of today, and
the verdicts of all other checks are shown as they were recorded, each with a reason that says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from realtime_harness import __version__
from realtime_harness.contract.rules import STREAM_RULES
from realtime_harness.contract.schemas import REVISION
from realtime_harness.errors import UsageError
from realtime_harness.gate import Gate, exit_code
from realtime_harness.judging import Accusation, is_judgeable, judge
from realtime_harness.plan import Plan
from realtime_harness.recording import Conversation, read_recording
from realtime_harness.results import CheckResult, RunInfo, ScenarioResult
from realtime_harness.store import Store, new_run_directory, timestamp
from realtime_harness.targets.recording import RECORDING
from realtime_harness.verdicts import ExitCode, Verdict

__all__ = ["AS_RECORDED", "rejudge"]

AS_RECORDED = "as recorded, not judged again"
"""Said of each verdict that is taken over."""

_SUITE = "recording"
_RULES = {rule.check.id for rule in STREAM_RULES}


def rejudge(plan: Plan, path: Path, runs: Path) -> tuple[ExitCode, Path]:
    """Judge a recording again; return how that ended, and the run directory that came of it.

    Args:
        plan: whose suites, baseline, requirement set and run directory count.
        path: of the recording.
        runs: below it a run directory is made, if the plan names none.

    Raises:
        UsageError: if the recording cannot be used, or the plan asks for what needs an endpoint.

    """
    live = {
        "-k": plan.keyword,
        "--repeat": plan.repeat > 1,
        "--retry-unexpected": plan.retry_unexpected,
        "defects, behaviours and faults": plan.defects or plan.behaviours or plan.faults,
    }
    if refused := [option for option, value in live.items() if value]:
        raise UsageError(f"a recording cannot be asked anything: leave out {', '.join(refused)}")
    recording = read_recording(path)
    target = f"{RECORDING}{path.name}"
    gate = Gate.of(plan, target)
    directory = _directory(plan, target, runs)
    recorded = recording.info
    started_at = timestamp()
    results: list[CheckResult] = []
    with Store(directory) as store:
        for conversation in recording.conversations:
            scenario = conversation.scenario or _scenario(conversation, started_at)
            if plan.suites and not {scenario.suite, scenario.id} & set(plan.suites):
                continue
            with store.evidence(scenario.id) as journal:
                for entry in conversation.entries:
                    journal.append(entry.to_json())
            judged = [
                gate.place(result) for result in _results(_without_rules(conversation), scenario)
            ]
            for result in judged:
                store.add_check(result)
            results += judged
            store.add_scenario(
                replace(
                    scenario,
                    evidence=store.evidence_name(scenario.id),
                    declared=[result.check for result in judged],
                )
            )
        code = exit_code(results)
        store.write_info(
            RunInfo(
                id=directory.name,
                target=target,
                base_url=recorded.base_url if recorded is not None else "",
                started_at=started_at,
                finished_at=timestamp(),
                harness_version=__version__,
                contract=REVISION,
                command=list(plan.command),
                environment=dict(recorded.environment) if recorded is not None else {},
                switches=dict(recorded.switches) if recorded is not None else {},
                baseline=str(plan.baseline or ""),
                requirements=gate.requirements.name if gate.requirements else "",
                exit_code=int(code),
            )
        )
    return code, directory


def _without_rules(conversation: Conversation) -> Conversation:
    """Return a conversation without the verdicts that are given anew."""
    kept = [check for check in conversation.checks if check.check not in _RULES]
    return Conversation(
        name=conversation.name,
        entries=conversation.entries,
        scenario=conversation.scenario,
        checks=kept,
    )


def _results(conversation: Conversation, scenario: ScenarioResult) -> Iterable[CheckResult]:
    for check in conversation.checks:
        reason = f"{check.reason} ({AS_RECORDED})" if check.reason else AS_RECORDED
        yield replace(check, reason=reason, standing=None, known="", attempts=[])
    if not is_judgeable(conversation.entries):
        return
    found: dict[str, list[Accusation]] = {}
    for accusation in judge(conversation.entries):
        found.setdefault(accusation.check.id, []).append(accusation)
    for rule in STREAM_RULES:
        accusations = found.get(rule.check.id, [])
        first = accusations[0] if accusations else None
        more = f" (and {len(accusations) - 1} more)" if len(accusations) > 1 else ""
        yield CheckResult(
            check=rule.check.id,
            scenario=scenario.id,
            suite=scenario.suite,
            level=rule.check.level,
            verdict=rule.check.level.not_met if first is not None else Verdict.PASS,
            reason=first.reason + more if first is not None else "",
            clause=rule.check.clause,
            source=rule.check.source,
            evidence_seq=first.entry.seq if first is not None and first.entry is not None else None,
        )


def _scenario(conversation: Conversation, started_at: str) -> ScenarioResult:
    """Return what stands for the scenario of a conversation that was none."""
    last_ns = conversation.entries[-1].t_ns if conversation.entries else 0
    name = Path(conversation.name).stem
    return ScenarioResult(
        id=f"{_SUITE}/{name}",
        suite=_SUITE,
        name=name,
        summary=f"What is in {conversation.name}.",
        started_at=started_at,
        duration_s=last_ns / 1e9,
        evidence="",
    )


def _directory(plan: Plan, target: str, runs: Path) -> Path:
    if plan.out is None:
        return new_run_directory(runs, target)
    if plan.out.is_file() or (plan.out.is_dir() and any(plan.out.iterdir())):
        raise UsageError(f"{plan.out} is not empty: give a new directory")
    plan.out.mkdir(parents=True, exist_ok=True)
    return plan.out
