"""The largest number of sessions at which every objective is met.

The number is doubled up to the first miss, and what is between is bisected. As one step may be
lucky or unlucky, both sides of the edge are tried again before anybody is told: twice with the same
outcome, or the best of three. A step in which the generator was not fit says nothing about the
service; it is tried once more, and then the search is over.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import orjson

from realtime_harness.load.book import Moment
from realtime_harness.load.files import room_for
from realtime_harness.load.health import Fitness
from realtime_harness.load.operation import Tally
from realtime_harness.load.purse import Bill
from realtime_harness.load.run import LoadPlan, LoadResult, carry_out, cost_of
from realtime_harness.load.sessions import journey_class
from realtime_harness.load.slo import State
from realtime_harness.verdicts import ExitCode

__all__ = ["Found", "Run", "Search", "Step", "find_most"]

_PERCENTILES = (50.0, 95.0, 99.0)
_GRAIN = 50
"""The edge is told up to a fiftieth, and never finer than to one session."""
_SAME, _MOST_TRIES = 2, 3
_VOID_TRIES = 2
_KEPT = ("load.json", "intervals.jsonl")


class Run(Protocol):
    """Carries a run out, as :func:`~realtime_harness.load.run.carry_out` does."""

    async def __call__(
        self, plan: LoadPlan, directory: Path, *, watch: Callable[[Moment], None]
    ) -> LoadResult:
        """Return what it came to."""
        ...


class Search:
    """Says which number of sessions to try next. It knows nothing of what it is that is tried.

    More sessions are taken to be harder than fewer.

    Args:
        first: to be tried.
        most: that may be tried.

    """

    def __init__(self, first: int, most: int) -> None:
        self._first = first
        self._most = most
        self._tries: dict[int, list[bool]] = {}

    def tell(self, sessions: int, *, held: bool) -> None:
        """Say what became of a try."""
        self._tries.setdefault(sessions, []).append(held)

    @property
    def missed(self) -> int | None:
        """The smallest number that does not hold; ``None`` if there is none."""
        return min((n for n in self._tries if not self._holds(n)), default=None)

    @property
    def held(self) -> int | None:
        """The largest number below it that holds; ``None`` if there is none."""
        missed = self.missed
        below = (n for n in self._tries if self._holds(n) and (missed is None or n < missed))
        return max(below, default=None)

    def tries(self, sessions: int | None) -> tuple[int, int]:
        """Return how often a number held, and of how many tries."""
        votes = self._tries.get(sessions or 0, [])
        return sum(votes), len(votes)

    def next(self) -> int | None:
        """Return the number to try next; ``None`` if the answer is known."""
        held, missed = self.held, self.missed
        if missed is None:
            if held is None:
                return self._first
            if held < self._most:
                return min(2 * held, self._most)
            return None if self._is_sure(held) else held
        low = held or 0
        if missed - low > max(1, low // _GRAIN):
            return (low + missed) // 2
        return next((n for n in (held, missed) if n is not None and not self._is_sure(n)), None)

    def _holds(self, sessions: int) -> bool:
        """Return whether it held more often than not; who is undecided does not."""
        held, tried = self.tries(sessions)
        return 2 * held > tried

    def _is_sure(self, sessions: int) -> bool:
        held, tried = self.tries(sessions)
        return tried >= _MOST_TRIES or (tried >= _SAME and held in (0, tried))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One run of a search."""

    sessions: int
    result: LoadResult

    @property
    def is_void(self) -> bool:
        """Whether it says nothing about the service."""
        return self.result.finding.fitness is Fitness.VOID

    @property
    def held(self) -> bool:
        """Whether every objective was met."""
        return self.result.exit_code is ExitCode.OK

    @property
    def missed(self) -> list[str]:
        """The objectives that were not."""
        outcomes = self.result.outcomes
        return [each.objective.text for each in outcomes if each.state is State.FAIL]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        result = self.result
        return {
            "sessions": self.sessions,
            "exit_code": int(result.exit_code),
            "fitness": result.finding.fitness.value,
            "objectives": [each.to_json() for each in result.outcomes],
            "percentiles": _percentiles(result.tally),
        }


@dataclass(slots=True, kw_only=True)
class Found:
    """What a search came to."""

    plan: LoadPlan
    search: Search
    bound: str
    """What keeps more sessions from being tried."""
    steps: list[Step] = field(default_factory=list)
    spent: Bill = field(default_factory=Bill)
    obstacle: str = ""
    """Why it ended before the answer was known; empty if it did not."""

    @property
    def most(self) -> int | None:
        """The largest number of sessions at which all objectives were met."""
        return self.search.held

    @property
    def binds(self) -> str:
        """What keeps it from being larger; empty if nothing is known to."""
        if self.obstacle:
            return self.obstacle
        missed = self.search.missed
        if missed is None and self.most is not None:
            return self.bound
        texts = [text for step in self.steps if step.sessions == missed for text in step.missed]
        return " and ".join(dict.fromkeys(texts))

    @property
    def exit_code(self) -> ExitCode:
        """0 if there is a number, 5 if one session is too much, 6 if nobody can say."""
        if self.most is not None:
            return ExitCode.OK
        return ExitCode.LOAD_VOID if self.obstacle else ExitCode.SLO_MISSED

    def to_json(self) -> dict[str, Any]:
        """Return what ``load/search.json`` holds."""
        plan, target = self.plan, self.plan.target
        edge = {
            name: {"sessions": n, "held": self.search.tries(n)[0], "tries": self.search.tries(n)[1]}
            for name, n in (("held", self.search.held), ("missed", self.search.missed))
            if n is not None
        }
        return {
            "target": {"name": target.name, "base_url": target.base_url, "model": target.model},
            "profile": plan.profile.name,
            "objectives": [each.text for each in plan.objectives],
            "command": list(plan.command),
            "steps": [step.to_json() for step in self.steps],
            "edge": edge,
            "most": self.most,
            "binds": self.binds,
            "cost": cost_of(plan, self.spent),
        }


async def find_most(
    plan: LoadPlan,
    directory: Path,
    *,
    step_s: float,
    most: int,
    begun: Callable[[int, float], None] = lambda sessions, duration_s: None,
    watch: Callable[[Moment], None] = lambda moment: None,
    done: Callable[[Step], None] = lambda step: None,
    run: Run = carry_out,
) -> Found:
    """Search, and write it down as ``load/search.json``; each step is a run below ``load/steps``.

    The run of the answer, or the last one if there is none, is the one of the directory as well.

    Args:
        plan: of each step; its sessions are those of the first one.
        directory: of the run.
        step_s: how long a step counts, behind the start of its sessions.
        most: sessions that may be tried.
        begun: is told of each step, with its sessions and its length.
        watch: is told each second how that stands.
        done: is told what became of it.
        run: carries a step out.

    Raises:
        UsageError: if the plan may not be carried out.
        HarnessError: if an engine does not start.

    """
    bound = f"--max-users {most}"
    files = journey_class(plan.profile.journey).files
    room = room_for(files)
    if room is not None and most > room * plan.processes:
        most = room * plan.processes
        bound = f"room for {most} sessions with {files} open files each (ulimit -Hn, --processes)"
    replace(plan, users=most, processes=min(plan.processes, most)).look()
    found = Found(plan=plan, search=Search(plan.sessions, most), bound=bound)
    voids = 0
    try:
        while not found.obstacle and (sessions := found.search.next()) is not None:
            number = len(found.steps) + 1
            step_plan = _step_plan(plan, sessions, step_s, spent_usd=found.spent.usd)
            begun(sessions, step_plan.duration_s)
            folder = directory / "load" / "steps" / f"{number:02}-{sessions}"
            step = Step(sessions=sessions, result=await run(step_plan, folder, watch=watch))
            found.steps.append(step)
            found.spent.merge(step.result.spent)
            voids = voids + 1 if step.is_void else 0
            if found.spent.is_exhausted:
                found.obstacle = f"--max-cost {plan.max_cost_usd:g}"
            elif voids == _VOID_TRIES:
                found.obstacle = f"the generator: {'; '.join(step.result.finding.reasons)}"
            elif not step.is_void:
                found.search.tell(sessions, held=step.held)
            done(step)
    finally:
        _write(found, directory / "load")
    return found


def _step_plan(plan: LoadPlan, sessions: int, step_s: float, *, spent_usd: float) -> LoadPlan:
    """Return the plan of a step, which counts for so long once all its sessions are there."""
    left_usd = None if plan.max_cost_usd is None else max(0.0, plan.max_cost_usd - spent_usd)
    step = replace(
        plan, users=sessions, processes=min(plan.processes, sessions), max_cost_usd=left_usd
    )
    # More than half of a run counts anyway, so a long ramp makes for a long step.
    ramp_s = step.course.ramp_s
    return replace(step, duration_s=ramp_s + max(step_s, ramp_s))


def _write(found: Found, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / "search.json.part"
    draft.write_bytes(orjson.dumps(found.to_json(), option=orjson.OPT_INDENT_2))
    os.replace(draft, folder / "search.json")
    numbers = [n for n, step in enumerate(found.steps, 1) if step.held]
    shown = max(
        (n for n in numbers if found.steps[n - 1].sessions == found.most), default=len(found.steps)
    )
    for step in folder.glob(f"steps/{shown:02}-*/load"):
        for name in _KEPT:
            if (step / name).exists():
                shutil.copyfile(step / name, folder / name)


def _percentiles(tally: Tally) -> dict[str, dict[str, float]]:
    """Return some of each metric: of response time, where there is one."""
    found: dict[str, dict[str, float]] = {}
    for metric in tally.metrics():
        histogram = tally.histogram(metric, clock="response")
        if not histogram.counts:
            histogram = tally.histogram(metric)
        found[metric] = {
            f"p{percent:g}": round(histogram.percentile_ms(percent), 4) for percent in _PERCENTILES
        }
    return found
