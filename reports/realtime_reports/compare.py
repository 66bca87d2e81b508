"""What changed from one run to the next: what newly failed comes first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from realtime_harness.results import CheckResult, RunInfo
from realtime_harness.verdicts import Verdict
from realtime_reports.model import NOTABLE, SEVERITY, Measurement, Report

__all__ = ["Change", "Comparison", "Shift", "Turn", "base_scenario", "compare", "worst_by"]

_RANK = {verdict: rank for rank, verdict in enumerate((*SEVERITY, None))}


class Turn(Enum):
    """Kinds of change; the value is their title, their order that of a report."""

    NEWLY_FAILED = "Newly failed"
    NEWLY_PASSED = "Newly passed"
    OTHERWISE = "Otherwise changed"
    APPEARED = "Appeared"
    GONE = "Gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A check whose verdict is another one than before, in one or more scenarios alike."""

    turn: Turn
    check: str
    before: Verdict | None
    """Nothing, if it was not judged."""
    after: Verdict | None
    results: list[CheckResult]
    """Of this run; of the earlier one, if it is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A figure whose confidence intervals in both runs have nothing in common."""

    before: Measurement
    after: Measurement

    @property
    def percent(self) -> float | None:
        """By how much the median grew; nothing, where it was 0."""
        if not self.before.value:
            return None
        return 100 * (self.after.value - self.before.value) / abs(self.before.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A run beside an earlier one."""

    earlier: RunInfo
    changes: list[Change]
    """In the order of their turns, worst first."""
    shifts: list[Shift]
    alike: int
    """Figures that both runs have with an interval, and of which no difference was seen."""
    problems: list[str]

    def of(self, turn: Turn) -> list[Change]:
        """Return the changes of one kind."""
        return [change for change in self.changes if change.turn is turn]

    def told(self, turn: Turn) -> list[list[Change]]:
        """Return the same, those together that changed for the same reason in the same scenarios.

        What only passes has no reason, and stays apart.
        """
        alike: dict[tuple[object, ...], list[Change]] = {}
        for change in self.of(turn):
            reason = change.results[0].reason
            seen = tuple(result.scenario for result in change.results)
            key = (change.before, change.after, reason, seen, "" if reason else change.check)
            alike.setdefault(key, []).append(change)
        return list(alike.values())


def compare(report: Report, earlier: Report) -> Comparison:
    """Compare a run with an earlier one, check by check and scenario by scenario.

    Of repetitions and attempts the worst one counts.
    """
    before, after = worst_by(earlier.run.checks), worst_by(report.run.checks)
    groups: dict[tuple[object, ...], list[CheckResult]] = {}
    for key in {**after, **before}:
        old, new = before.get(key), after.get(key)
        if old is not None and new is not None and old.verdict is new.verdict:
            continue
        verdicts = (old.verdict if old else None), (new.verdict if new else None)
        shown = new or old
        assert shown is not None
        group = (_turn(*verdicts), shown.check, *verdicts, new.reason if new else "")
        groups.setdefault(group, []).append(shown)
    changes = [
        Change(turn=turn, check=check, before=old, after=new, results=results)  # type: ignore[arg-type]
        for (turn, check, old, new, _), results in groups.items()
    ]
    order = list(Turn)
    changes.sort(key=lambda c: (order.index(c.turn), _RANK[c.after], _RANK[c.before], c.check))
    shifts, alike = _shifts(earlier, report)
    problems = list(earlier.problems)
    if earlier.info.target != report.info.target:
        problems.append(
            f"The earlier run is of another target: {earlier.info.target}. What differs may be so "
            "for that."
        )
    if earlier.info.contract != report.info.contract:
        problems.append(f"The earlier run was judged by another contract: {earlier.info.contract}.")
    return Comparison(
        earlier=earlier.info, changes=changes, shifts=shifts, alike=alike, problems=problems
    )


def worst_by(checks: Iterable[CheckResult]) -> dict[tuple[str, str], CheckResult]:
    """Return the worst result of each check in each scenario, over its repetitions."""
    found: dict[tuple[str, str], CheckResult] = {}
    for result in checks:
        key = result.check, base_scenario(result.scenario)
        if key not in found or _RANK[result.verdict] < _RANK[found[key].verdict]:
            found[key] = result
    return found


def base_scenario(scenario: str) -> str:
    """Return the id of a scenario without repetition and attempt."""
    return scenario.partition("~")[0].partition("#")[0]


def _turn(before: Verdict | None, after: Verdict | None) -> Turn:
    if after is None:
        return Turn.GONE
    if after in NOTABLE:
        return Turn.NEWLY_FAILED if _RANK[after] < _RANK[before] else Turn.NEWLY_PASSED
    if before is None:
        return Turn.APPEARED
    return Turn.NEWLY_PASSED if before in NOTABLE else Turn.OTHERWISE


def _shifts(earlier: Report, report: Report) -> tuple[list[Shift], int]:
    def figures(of: Report) -> dict[tuple[str, str], Measurement]:
        every = (m for group in of.groups for m in group.measurements)
        return {(base_scenario(m.scenario), m.name): m for m in every if m.low is not None}

    before, after = figures(earlier), figures(report)
    both = [
        Shift(before=before[key], after=after[key])
        for key in after
        if key in before and before[key].unit == after[key].unit
    ]
    shifts = [pair for pair in both if _apart(pair.before, pair.after)]
    return shifts, len(both) - len(shifts)


def _apart(one: Measurement, other: Measurement) -> bool:
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return False
    return one.high < other.low or other.high < one.low
