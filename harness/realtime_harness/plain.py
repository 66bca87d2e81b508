"""A plain test of pytest's as a scenario: one check, which is met if the test passes.

What it opens is recorded as in any scenario, and the rules over the stream are judged as well.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from realtime_harness.checks import Check
from realtime_harness.contract.rules import STREAM_RULES
from realtime_harness.evidence import Entry, Kind, Recorder, Redactor
from realtime_harness.results import CheckResult, ScenarioResult
from realtime_harness.run import ScenarioRun
from realtime_harness.runner import judge_stream
from realtime_harness.scenario import Scenario
from realtime_harness.store import Store, timestamp
from realtime_harness.testing.evidence import Evidence
from realtime_harness.verdicts import Level, Verdict

if TYPE_CHECKING:
    from realtime_harness.lab import Lab
    from realtime_harness.targets.target import Target

__all__ = ["SUITE", "PlainTest", "slug_of"]

SUITE = "tests"
"""To which all plain tests belong."""


def slug_of(node_id: str) -> str:
    """Return a test's name as the end of an id: ``shop-greets`` for ``test_shop.py::test_greets``.

    Folders and parameters are in it, so that it is the test's own.
    """
    words = re.split(r"[^a-z0-9]+", node_id.lower().replace(".py::", "::"))
    return "-".join(word for word in words if word and word != "test") or "test"


class PlainTest:
    """A test that is under way.

    Args:
        node_id: pytest's name of the test.
        summary: a sentence that says what it shows.
        target: the endpoint under test.
        lab: where further processes are started.
        store: gets evidence and results.
        client: makes its calls.

    """

    def __init__(
        self, *, node_id: str, summary: str, target: Target, lab: Lab, store: Store, client: str
    ) -> None:
        slug = slug_of(node_id)
        self.check = Check(
            id=f"rt.{SUITE}.{slug}", level=Level.MUST, clause=summary, source=node_id
        )
        self.evidence = Evidence()
        """What the test and the target said to each other, as it grows."""
        scenario = Scenario(
            suite=SUITE,
            name=slug,
            summary=summary,
            checks=(self.check, *(rule.check for rule in STREAM_RULES)),
            needs=frozenset(),
            extras=frozenset(),
            stream=True,
            exclusive=False,
            timeout_s=0.0,
            function=_of_pytest,
        )
        self._store = store
        self._journal = store.evidence(scenario.id)
        recorder = Recorder(redactor=Redactor(target.api_key), sink=self._write)
        self.run = ScenarioRun(scenario, target, lab=lab, recorder=recorder, client=client)
        self._started_at = timestamp()
        self._started = time.perf_counter()
        self.is_over = False

    def end(
        self, verdict: Verdict, reason: str, place: Callable[[CheckResult], CheckResult]
    ) -> list[CheckResult]:
        """Judge the rules, write everything down; return the results.

        Args:
            verdict: about the test.
            reason: why, if it is not a pass.
            place: gives a result its standing.

        """
        self.is_over = True
        scenario, ledger = self.run.scenario, self.run.ledger
        ledger.conclude(self.check, verdict, reason)
        judge_stream(self.run)
        ledger.settle(Verdict.NOT_APPLICABLE, "no event came")
        self._journal.close()
        results = [place(result) for result in ledger.results(scenario.id)]
        for result in results:
            self._store.add_check(result)
        self._store.add_scenario(
            ScenarioResult(
                id=scenario.id,
                suite=scenario.suite,
                name=scenario.name,
                summary=scenario.summary,
                started_at=self._started_at,
                duration_s=round(time.perf_counter() - self._started, 6),
                evidence=self._store.evidence_name(scenario.id),
                declared=[check.id for check in scenario.checks],
                measurements=self.run.measurements,
            )
        )
        return results

    def _write(self, entry: Entry) -> None:
        self._journal.append(entry.to_json())
        if entry.kind is not Kind.VERDICT:
            self.evidence.add(_Written(entry))


class _Written:
    """A line of the recorder, in the form in which the evidence takes it."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    def entries(self, _seq: int, _start_ns: int) -> Iterator[dict[str, Any]]:
        yield self._entry.to_json()


async def _of_pytest(_run: ScenarioRun) -> None:
    raise AssertionError("pytest runs the test")
