"""The gate: where a verdict stands with what is required and what is known.

Functions from results, a baseline and a requirement set to standings and an exit code; a
verdict says what an endpoint did, a standing what a release makes of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Self

from realtime_harness.baseline import Baseline, Known, base_id, client_of
from realtime_harness.plan import Plan
from realtime_harness.requirements import RequirementSet, requirement_set
from realtime_harness.results import CheckResult, ScenarioResult
from realtime_harness.verdicts import ExitCode, Standing, Verdict

__all__ = ["Gate", "exit_code"]

_NOT_MET = frozenset({Verdict.FAIL, Verdict.UNTESTABLE, Verdict.WARN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What results are held against."""

    today: date
    baseline: Baseline | None = None
    requirements: RequirementSet | None = None

    @classmethod
    def of(cls, plan: Plan, target: str) -> Self:
        """Return the gate that a plan asks for, as of today, for a target of that name.

        Raises:
            UsageError: if its baseline or its requirement set cannot be used.

        """
        return cls(
            today=date.today(),
            baseline=Baseline.read(plan.baseline, target) if plan.baseline is not None else None,
            requirements=requirement_set(plan.requirements),
        )

    def place(self, result: CheckResult, *, required: bool = False) -> CheckResult:
        """Return a result with its standing.

        Args:
            result: of the first attempt at a scenario.
            required: whether it decides even if the requirement set does not have its check: that
                is so in scenarios that are not ours.

        """
        known = self.baseline.find(result.scenario, result.check) if self.baseline else None
        required = required or self.requirements is None or result.check in self.requirements
        standing, about = self._standing(result, known, required)
        return replace(result, standing=standing, known=about)

    def again(self, first: CheckResult, second: CheckResult) -> CheckResult:
        """Return a result together with what another attempt at its scenario said.

        The first attempt counts, with all that its evidence shows. What is red in one attempt and
        not in another is flaky; a fault of ours says nothing about that.
        """
        attempt = {
            "scenario": second.scenario,
            "verdict": second.verdict.value,
            "reason": second.reason,
        }
        standing = first.standing
        ours = Verdict.ERROR in (first.verdict, second.verdict)
        if first.verdict.is_red != second.verdict.is_red and standing in _NOT_KNOWN and not ours:
            standing = Standing.FLAKY
        return replace(first, standing=standing, attempts=[*first.attempts, attempt])

    def orphans(
        self, results: Iterable[CheckResult], scenarios: Sequence[ScenarioResult], *, whole: bool
    ) -> list[Known]:
        """Return the entries of the baseline that are about nothing in the suites.

        Args:
            results: of the run.
            scenarios: that ran.
            whole: whether all scenarios were to run, so that one which did not is not there.

        """
        if self.baseline is None:
            return []
        judged = {(base_id(result.scenario), result.check) for result in results}
        clients = {client_of(scenario.id) for scenario in scenarios}
        ran = {base_id(scenario.id): scenario for scenario in scenarios}
        return [
            known
            for key, known in self.baseline.entries.items()
            if key not in judged
            and (
                known.check not in ran[known.scenario].declared
                if known.scenario in ran
                else whole and client_of(known.scenario) in clients
            )
        ]

    def _standing(
        self, result: CheckResult, known: Known | None, required: bool
    ) -> tuple[Standing | None, str]:
        about = str(known) if known is not None else ""
        if known is not None and result.verdict in _NOT_MET:
            if known.until is not None and known.until < self.today:
                return Standing.EXPIRED, about
            if known.message not in result.reason:
                return Standing.UNEXPECTED, f"known is another failure: {known.message!r}; {about}"
            return Standing.FLAKY if known.flaky else Standing.EXPECTED, about
        if known is not None and result.verdict is Verdict.PASS and not known.flaky:
            return Standing.STALE, about
        if result.verdict in {Verdict.FAIL, Verdict.UNTESTABLE}:
            return Standing.UNEXPECTED if required else Standing.PENDING, ""
        return None, ""


_NOT_KNOWN = frozenset({None, Standing.UNEXPECTED, Standing.PENDING})

_OUTDATED = frozenset({Standing.STALE, Standing.EXPIRED})


def exit_code(results: Sequence[CheckResult], orphans: Sequence[Known] = ()) -> ExitCode:
    """Return the exit code of a run with these results.

    A fault of ours outranks violations: with it, the run's word about the endpoint is incomplete.

    """
    deciding = [result for result in results if result.decides]
    if any(result.verdict is Verdict.ERROR for result in deciding):
        return ExitCode.HARNESS_FAULT
    if any(result.standing not in _OUTDATED for result in deciding):
        return ExitCode.VIOLATIONS
    return ExitCode.STALE_BASELINE if deciding or orphans else ExitCode.OK
