"""What a report says about a run, before it has a form.

A check may be judged in many scenarios (the rules over the event stream are judged in every one),
and a scenario may be repeated. A report has one :class:`Row` for each check: the worst verdict, and
behind it each different outcome with the scenarios that saw it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from realtime_harness.results import CheckResult, Run, RunInfo, ScenarioResult, read_run
from realtime_harness.verdicts import Level, Standing, Verdict

__all__ = [
    "NOTABLE",
    "SEVERITY",
    "Group",
    "Measurement",
    "Outcome",
    "Report",
    "Row",
    "ScenarioPage",
    "read_report",
    "sentence",
]

SEVERITY: tuple[Verdict, ...] = (
    Verdict.FAIL,
    Verdict.ERROR,
    Verdict.UNTESTABLE,
    Verdict.WARN,
    Verdict.INFO,
    Verdict.PASS,
    Verdict.NOT_APPLICABLE,
)
"""Verdicts, worst first: the order of everything in a report."""

_RANK = {verdict: rank for rank, verdict in enumerate(SEVERITY)}

_USUAL_CLIENT = "aiortc"
"""What makes calls where a scenario's id does not name a client."""

NOTABLE: dict[Verdict, tuple[str, str]] = {
    Verdict.FAIL: ("1 MUST clause violated", "{n} MUST clauses violated"),
    Verdict.ERROR: (
        "the harness itself failed in 1 check",
        "the harness itself failed in {n} checks",
    ),
    Verdict.UNTESTABLE: ("1 check not reached", "{n} checks not reached"),
    Verdict.WARN: ("1 SHOULD clause not met", "{n} SHOULD clauses not met"),
}
"""Verdicts to look at, worst first, and how one and how several of them are said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The same verdict for the same reason, in one or more scenarios."""

    verdict: Verdict
    reason: str
    standing: Standing | None
    known: str
    """What the baseline says about it."""
    results: list[CheckResult]

    @property
    def decides(self) -> bool:
        """Whether it keeps a run from being fine."""
        return self.results[0].decides


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One check, over all scenarios that judged it."""

    check: str
    level: Level
    clause: str
    source: str
    outcomes: list[Outcome]
    """Worst first; never empty."""

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all scenarios."""
        return self.outcomes[0].verdict

    @property
    def decides(self) -> bool:
        """Whether it keeps a run from being fine, in any scenario."""
        return any(outcome.decides for outcome in self.outcomes)

    @property
    def standing_verdict(self) -> Verdict:
        """The verdict as the run counts it.

        A pass if all that is red is forgiven, and a failure if what is not red fails the run all
        the same.
        """
        if self.decides == self.verdict.is_red:
            return self.verdict
        return Verdict.FAIL if self.decides else Verdict.PASS

    def has(self, *standings: Standing) -> bool:
        """Whether any scenario's verdict has one of these standings."""
        return any(outcome.standing in standings for outcome in self.outcomes)

    @property
    def clients(self) -> dict[str, Verdict]:
        """The worst verdict by client, of the scenarios that were run with several; worst first.

        Empty if none was.
        """
        results = [result for outcome in self.outcomes for result in outcome.results]
        twins = {r.scenario.partition("@")[0] for r in results if r.client}
        worst: dict[str, Verdict] = {}
        for result in results:
            if re.split("[@#~]", result.scenario)[0] in twins:
                worst.setdefault(result.client or _USUAL_CLIENT, result.verdict)
        return worst if len(worst) > 1 else {}

    @property
    def flake(self) -> str:
        """How often it was red where a scenario was repeated and it was not always so."""
        by_scenario: dict[str, list[bool]] = {}
        for outcome in self.outcomes:
            for result in outcome.results:
                tries = by_scenario.setdefault(result.scenario.partition("#")[0], [])
                tries.append(result.verdict.is_red)
                tries += [Verdict(each["verdict"]).is_red for each in result.attempts]
        return ", ".join(
            f"red in {sum(tries)} of {len(tries)} runs of {scenario}"
            for scenario, tries in by_scenario.items()
            if 0 < sum(tries) < len(tries)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A figure that a scenario measured."""

    scenario: str
    name: str
    value: float
    """The median, where there is an interval."""
    low: float | None
    high: float | None
    n: int | None
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The checks of one suite, worst first, and the figures that its scenarios measured."""

    suite: str
    rows: list[Row]
    measurements: list[Measurement]

    @property
    def totals(self) -> list[tuple[Verdict, int]]:
        """The verdicts that occur, worst first, with the number of checks."""
        return _totals([row.verdict for row in self.rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioPage:
    """One conversation and what was judged in it."""

    result: ScenarioResult
    checks: list[CheckResult]
    """Worst first."""

    @property
    def totals(self) -> list[tuple[Verdict, int]]:
        """The verdicts that occur, worst first, with the number of checks."""
        return _totals([check.verdict for check in self.checks])


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything a report says, but the evidence, which is read scenario by scenario."""

    run: Run
    groups: list[Group]
    scenarios: list[ScenarioPage]
    problems: list[str] = field(default_factory=list)
    """Sentences about what is missing or could not be read."""

    @property
    def info(self) -> RunInfo:
        """About the run."""
        return self.run.info

    @property
    def rows(self) -> list[Row]:
        """All checks."""
        return [row for group in self.groups for row in group.rows]

    @property
    def findings(self) -> list[Row]:
        """The checks that deserve a look before all others, worst first."""
        return sorted(
            (row for row in self.rows if row.verdict in NOTABLE or row.decides),
            key=lambda row: (not row.decides, _RANK[row.verdict]),
        )

    @property
    def headlines(self) -> list[list[Row]]:
        """The findings, those together that are red for the same reason in the same scenarios."""
        alike: dict[tuple[Any, ...], list[Row]] = {}
        for row in self.findings:
            worst = row.outcomes[0]
            seen = tuple(result.scenario for result in worst.results)
            key = row.decides, row.verdict, worst.reason, worst.standing, seen
            alike.setdefault(key, []).append(row)
        return list(alike.values())

    @property
    def totals(self) -> list[tuple[Verdict, int]]:
        """The verdicts that occur, worst first, with the number of checks."""
        return _totals([row.verdict for row in self.rows])

    @property
    def worst(self) -> Verdict | None:
        """The worst verdict that is not forgiven; an observation is none, unless all are."""
        counted = [row.standing_verdict for row in self.rows]
        counted += [Verdict.FAIL for _ in self.info.orphans]
        verdicts = [verdict for verdict, _ in _totals(counted)]
        judged = [verdict for verdict in verdicts if verdict is not Verdict.INFO]
        return next(iter(judged or verdicts), None)


def read_report(run_dir: Path) -> Report:
    """Read a run directory and arrange it for a report.

    Raises:
        realtime_harness.errors.UsageError: if it is not a run directory; says which file is
            missing and what to give instead.

    """
    run = read_run(run_dir)
    problems = list(run.problems)
    if run.info.finished_at is None:
        problems.insert(0, "The run did not finish: what it had not judged yet is missing here.")

    pages = {s.id: ScenarioPage(result=s, checks=[]) for s in run.scenarios}
    for check in run.checks:
        if check.scenario not in pages:
            problems.append(f"Scenario {check.scenario} has verdicts and did not end.")
            pages[check.scenario] = ScenarioPage(result=_unended(check), checks=[])
        pages[check.scenario].checks.append(check)
    for page in pages.values():
        page.checks.sort(key=lambda check: _RANK[check.verdict])

    # Scenarios that ran side by side are written in the order they ended.
    suites = list(dict.fromkeys(page.result.suite for page in pages.values()))

    def order(page: ScenarioPage) -> tuple[int, bool, str]:
        result = page.result
        return suites.index(result.suite), not result.started_at, result.started_at

    scenarios = sorted(pages.values(), key=order)
    return Report(
        run=run, groups=_groups(run.checks, scenarios), scenarios=scenarios, problems=problems
    )


def sentence(report: Report) -> str:
    """Say the verdict of a run in one sentence, worst first."""
    count = dict(report.totals)
    total = sum(count.values())
    if not total:
        return "Nothing was judged"
    forgiven = [row for row in report.rows if row.verdict.is_red and not row.decides]
    noted = dict(_totals([row.verdict for row in report.rows if row not in forgiven]))
    notable = [
        (one if noted[verdict] == 1 else many).format(n=noted[verdict])
        for verdict, (one, many) in NOTABLE.items()
        if verdict in noted
    ]
    others = [row for row in report.rows if row.decides and not row.verdict.is_red]
    if unlike := sum(row.has(Standing.UNEXPECTED) for row in others):
        notable.append(f"{unlike} known for another reason")
    outdated = sum(row.has(Standing.STALE, Standing.EXPIRED) for row in others)
    outdated += len(report.info.orphans)
    if outdated:
        notable.append(f"{outdated} stale in the baseline")
    if optional := [row for row in forgiven if row.has(Standing.PENDING)]:
        notable.append(f"{len(optional)} red and not required")
    if len(forgiven) > len(optional):
        notable.append(f"{len(forgiven) - len(optional)} red and forgiven")
    passed, aside = count.get(Verdict.PASS, 0), count.get(Verdict.NOT_APPLICABLE, 0)
    aside += count.get(Verdict.INFO, 0)
    judged = total - aside
    noun = "check passes" if judged == 1 else "checks pass"
    if notable:
        text = ", ".join(notable) + f"; {passed} of {judged} {noun}"
    elif judged:
        text = f"All {judged} {noun}" if judged > 1 else "The only check passes"
    else:
        text = "No check of this run applies to the target"
    if report.info.finished_at is None:
        text += " so far: the run did not finish"
    return text[0].upper() + text[1:]


def _totals(verdicts: list[Verdict]) -> list[tuple[Verdict, int]]:
    count = Counter(verdicts)
    return [(verdict, count[verdict]) for verdict in SEVERITY if verdict in count]


def _unended(check: CheckResult) -> ScenarioResult:
    """Stand in for the line that a killed run could not write any more."""
    name = check.scenario.rpartition("/")[2]
    return ScenarioResult(
        id=check.scenario,
        suite=check.suite,
        name=name,
        summary="",
        started_at="",
        duration_s=0.0,
        evidence=f"evidence/{check.scenario}.jsonl",
    )


def _home(check: str) -> str:
    """Return the suite that a check belongs to, which is in its id.

    The rules over the event stream are judged in scenarios of every suite, and still are one suite.

    """
    return [*check.split("."), ""][1].replace("-", "_")


def _groups(checks: list[CheckResult], pages: list[ScenarioPage]) -> list[Group]:
    by_check: dict[str, list[CheckResult]] = {}
    for result in checks:
        by_check.setdefault(result.check, []).append(result)
    rows: dict[str, list[Row]] = {}
    for check, results in by_check.items():
        rows.setdefault(_home(check), []).append(_row(results))
    measured: dict[str, list[Measurement]] = {}
    for page in pages:
        for name, value in page.result.measurements.items():
            measured.setdefault(page.result.suite, []).append(
                _measurement(page.result, name, value)
            )
    suites = dict.fromkeys(page.result.suite for page in pages)
    return [
        Group(
            suite=suite,
            rows=sorted(rows.get(suite, []), key=lambda row: _RANK[row.verdict]),
            measurements=measured.get(suite, []),
        )
        for suite in dict.fromkeys([*suites, *rows])
        if suite in rows or suite in measured
    ]


def _row(results: list[CheckResult]) -> Row:
    same: dict[tuple[Any, ...], list[CheckResult]] = {}
    for result in results:
        key = result.verdict, result.reason, result.standing, result.known
        same.setdefault(key, []).append(result)
    first = results[0]
    return Row(
        check=first.check,
        level=first.level,
        clause=first.clause,
        source=first.source,
        outcomes=sorted(
            (
                Outcome(verdict=verdict, reason=reason, standing=standing, known=known, results=r)
                for (verdict, reason, standing, known), r in same.items()
            ),
            key=lambda outcome: (_RANK[outcome.verdict], not outcome.decides),
        ),
    )


def _measurement(scenario: ScenarioResult, name: str, value: Any) -> Measurement:
    figures = value if isinstance(value, dict) else {"median": value}

    def number(key: str) -> float | None:
        found = figures.get(key)
        return found if isinstance(found, (int, float)) else None

    median, n = number("median"), number("n")
    if median is None:
        median = number("value")
    return Measurement(
        scenario=scenario.id,
        name=name,
        value=math.nan if median is None else median,
        low=number("low"),
        high=number("high"),
        n=None if n is None else int(n),
        unit=str(figures.get("unit", "")),
    )
