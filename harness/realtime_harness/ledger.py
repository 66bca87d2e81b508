"""The ledger of a scenario: what was judged about its checks, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from realtime_harness.checks import Check
from realtime_harness.errors import HarnessError, TargetViolation
from realtime_harness.evidence import Direction, Kind, Lane, Recorder
from realtime_harness.evidence.blame import blamed_field
from realtime_harness.results import CheckResult
from realtime_harness.scenario import Scenario
from realtime_harness.verdicts import Verdict

__all__ = ["Evidence", "HasSeq", "Judgement", "Ledger"]

_SEVERITY = {
    verdict: severity
    for severity, verdict in enumerate(
        (
            Verdict.NOT_APPLICABLE,
            Verdict.PASS,
            Verdict.INFO,
            Verdict.WARN,
            Verdict.UNTESTABLE,
            Verdict.FAIL,
            Verdict.ERROR,
        )
    )
}


class HasSeq(Protocol):
    """Something that has a line in the evidence, such as a received event or an HTTP answer."""

    @property
    def seq(self) -> int:
        """Its line."""
        ...


Evidence = HasSeq | int | None


class Judgement(NamedTuple):
    """One verdict about one check."""

    verdict: Verdict
    reason: str = ""
    seq: int | None = None
    path: str = ""


class Ledger:
    """Collects judgements; the most severe one of a check counts, the first among equals."""

    def __init__(self, scenario: Scenario, recorder: Recorder) -> None:
        self._scenario = scenario
        self._recorder = recorder
        self._declared = {check.id: check for check in scenario.checks}
        self._judged: dict[str, Judgement] = {}

    def check(
        self, check: Check, ok: bool, reason: str, evidence: Evidence = None, path: str = ""
    ) -> bool:
        """Judge: a pass, or what the check's level makes of a clause that is not met."""
        verdict = Verdict.PASS if ok else check.level.not_met
        said = "" if ok else reason or "the clause is not met"
        if said and not path:
            path = self._blamed(check, said, evidence)
        self._judge(check, verdict, said, evidence, "" if ok else path)
        return ok

    def observe(self, check: Check, text: str, evidence: Evidence = None) -> None:
        """Report what was seen, without judging it."""
        self._judge(check, Verdict.INFO, text, evidence)

    def fault(self, check: Check, reason: str) -> None:
        """Say that the check could not be judged, by a fault of ours."""
        self._judge(check, Verdict.ERROR, reason, None)

    def not_applicable(self, check: Check, reason: str) -> None:
        """Say that the check does not apply to this target."""
        self._judge(check, Verdict.NOT_APPLICABLE, reason, None)

    def conclude(self, check: Check, verdict: Verdict, reason: str) -> None:
        """Give a check a verdict that somebody else has found."""
        self._judge(check, verdict, reason, None)

    @contextmanager
    def judging(self, *checks: Check, fatal: bool = False) -> Iterator[None]:
        """Make a violation inside the block the failure of ``checks``; without one, they pass.

        ``fatal`` hands the violation on.
        """
        if not checks:
            raise HarnessError("judging() needs at least one check")
        try:
            yield
        except TargetViolation as violation:
            for check in checks:
                self.check(check, False, str(violation))
            if fatal:
                raise
        else:
            for check in checks:
                if check.id not in self._judged:
                    self.check(check, True, "")

    def settle(self, verdict: Verdict, reason: str) -> None:
        """Give every check that was not judged this verdict."""
        for check in self._scenario.checks:
            if check.id not in self._judged:
                self._judge(check, verdict, reason, None)

    def results(self, scenario_id: str) -> list[CheckResult]:
        """Return one result for each declared check, in the order declared."""
        return [
            CheckResult(
                check=check.id,
                scenario=scenario_id,
                suite=self._scenario.suite,
                level=check.level,
                verdict=(judged := self._judged[check.id]).verdict,
                reason=judged.reason,
                clause=check.clause,
                source=check.source,
                evidence_seq=judged.seq,
                evidence_path=judged.path,
            )
            for check in self._scenario.checks
        ]

    def _blamed(self, check: Check, reason: str, evidence: Evidence) -> str:
        seq, entries = _seq(evidence), self._recorder.entries
        if seq is None or not 0 <= seq < len(entries):
            return ""
        return blamed_field(check.id, reason, entries[seq].data)

    def _judge(
        self, check: Check, verdict: Verdict, reason: str, evidence: Evidence, path: str = ""
    ) -> None:
        if check.id not in self._declared:
            raise HarnessError(
                f"scenario {self._scenario.id} judges {check.id} without declaring it"
            )
        reason = self._recorder.redactor.text(reason)
        known = self._judged.get(check.id)
        if known is not None and _SEVERITY[known.verdict] >= _SEVERITY[verdict]:
            return
        seq = _seq(evidence)
        self._judged[check.id] = Judgement(verdict, reason, seq, path)
        self._recorder.record(
            Lane.HARNESS,
            "harness",
            Direction.NOTE,
            Kind.VERDICT,
            {"check": check.id, "verdict": verdict.value, "reason": reason, "evidence": seq},
        )


def _seq(evidence: Evidence) -> int | None:
    return evidence if isinstance(evidence, int) or evidence is None else evidence.seq
