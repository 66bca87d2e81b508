"""A load run as a whole: engines are told what to do, what they measure is merged and judged."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from realtime_harness.cost import bill
from realtime_harness.errors import UsageError
from realtime_harness.evidence import Journal
from realtime_harness.load.book import Book, Moment
from realtime_harness.load.canary import Canary, CanaryResult, canary_plan
from realtime_harness.load.course import Course, Orders
from realtime_harness.load.engine import Plan
from realtime_harness.load.environment import environment
from realtime_harness.load.files import room_for
from realtime_harness.load.fleet import EngineProcess, fleet
from realtime_harness.load.goodput import goodput, limits_of, wants_goodput
from realtime_harness.load.health import Finding, Fitness, Health, examine
from realtime_harness.load.operation import Tally
from realtime_harness.load.profile import Profile
from realtime_harness.load.purse import Bill
from realtime_harness.load.schedule import SHAPES
from realtime_harness.load.sessions import journey_class
from realtime_harness.load.slo import Objective, Outcome, State, judge
from realtime_harness.load.wire import INTERVAL_S
from realtime_harness.targets.target import Target
from realtime_harness.verdicts import ExitCode

__all__ = [
    "MOST_SESSIONS",
    "LoadPlan",
    "LoadResult",
    "carry_out",
    "conclude",
    "cost_of",
    "engine_plan",
    "open_book",
    "write_result",
]

MOST_SESSIONS = 10_000
"""More are not opened by a typing error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """What ``realtime-harness load`` is asked for."""

    target: Target
    profile: Profile
    users: int | None = None
    arrival_rate: float | None = None
    spawn_rate: float | None = None
    duration_s: float = 60.0
    shape: str = "baseline"
    objectives: tuple[Objective, ...] = ()
    processes: int = 1
    is_own: bool = False
    """Whether the user says that the endpoint is theirs to load."""
    max_cost_usd: float | None = None
    """What it may cost; ``None`` for no limit."""
    canary: int = 0
    """Full sessions beside the others; see :mod:`realtime_harness.load.canary`."""
    command: tuple[str, ...] = ()

    @property
    def sessions(self) -> int:
        """At level 1; with an arrival rate, those among which the arrivals are dealt out."""
        return self.users or self.profile.users

    @property
    def rate(self) -> float:
        """Sessions started a second."""
        return self.spawn_rate or self.profile.spawn_rate

    @property
    def is_metered(self) -> bool:
        """Whether to add up what it costs: what is on this machine costs nothing."""
        return self.max_cost_usd is not None or not self.target.is_loopback

    @property
    def course(self) -> Course:
        """When what happens."""
        return Course(
            shape=self.shape,
            sessions=self.sessions,
            spawn_rate=self.rate,
            duration_s=self.duration_s,
            arrival_rate=self.arrival_rate,
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values, for another process; they contain the target's key."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            **values,
            "target": self.target.to_json(),
            "profile": self.profile.to_json(),
            "objectives": [each.to_json() for each in self.objectives],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> LoadPlan:
        """Read back what :meth:`to_json` returned."""
        read = {
            "target": Target.from_json(values["target"]),
            "profile": Profile.from_json(values["profile"]),
            "objectives": tuple(map(Objective.from_json, values["objectives"])),
            "command": tuple(values["command"]),
        }
        return cls(**{**values, **read})

    def look(self) -> None:
        """See whether it may be carried out.

        Raises:
            UsageError: if not.

        """
        most = math.ceil(self.sessions * SHAPES[self.shape].peak)
        if not self.target.is_loopback and not self.is_own:
            raise UsageError(
                f"{self.target.base_url} is not on this machine: say --i-own-this-endpoint if it "
                "is yours to load"
            )
        if most > MOST_SESSIONS and not self.is_own:
            raise UsageError(
                f"{most} sessions are more than {MOST_SESSIONS}: say --i-own-this-endpoint if "
                "that is meant"
            )
        files = journey_class(self.profile.journey).files
        each, room = math.ceil(most / self.processes), room_for(files)
        if room is not None and each > room:
            raise UsageError(
                f"{each} sessions in a process need {files} open files each, and there is room "
                f"for {room} (ulimit -Hn): raise that, or use more --processes or machines"
            )
        if self.processes > most:
            raise UsageError(f"--processes {self.processes}: there are only {most} sessions")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """What a run came to."""

    tally: Tally
    """What was measured in steady state."""
    seconds: float
    """How long that was."""
    finding: Finding
    health: list[Health]
    """Of each engine meanwhile."""
    outcomes: list[Outcome]
    failures: list[dict[str, Any]]
    spent: Bill = field(default_factory=Bill)
    """What was charged, in the ramp as well."""
    goodput: dict[str, Any] | None = None
    """As ``load.json`` has it; ``None`` if there is nothing to count."""
    cost: dict[str, Any] | None = None
    """As ``load.json`` has it; ``None`` if nothing was added up."""
    canary: CanaryResult | None = None
    """What full sessions measured beside the others; ``None`` if there were none."""
    requested: int | None = None
    """How many operations were due; ``None`` if sessions decide that themselves."""
    aborted: str = ""

    @property
    def exit_code(self) -> ExitCode:
        """0, 5 or 6: a void run is neither met nor missed."""
        if self.finding.fitness is Fitness.VOID:
            return ExitCode.LOAD_VOID
        if any(each.state is State.FAIL for each in self.outcomes):
            return ExitCode.SLO_MISSED
        return ExitCode.OK


async def carry_out(
    plan: LoadPlan,
    directory: Path,
    *,
    watch: Callable[[Moment], None] = lambda _: None,
    done: Callable[[LoadResult], None] = lambda _: None,
) -> LoadResult:
    """Carry out a run and write it down below ``directory/load``.

    Canceling ends the sessions and the engines.

    Args:
        plan: what is asked for.
        directory: of the run.
        watch: is told each second how it stands.
        done: is told what it came to, also if it was canceled.

    Raises:
        UsageError: if it may not be carried out.
        HarnessError: if an engine does not start.

    """
    plan.look()
    folder = directory / "load"
    folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(folder / "intervals.jsonl")
    started = datetime.now(UTC)
    try:
        plans = [engine_plan(plan, share=number) for number in range(plan.processes)]
        if plan.canary:
            plans.append(canary_plan(plans[0], plan.canary))
        async with fleet(plans) as engines:
            engines, apart = engines[: plan.processes], engines[plan.processes :]
            book = open_book(plan)
            canary = Canary(plan.course, plan.canary, apart, today=datetime.now(UTC).date())
            try:
                await _lead(plan.course, book, engines, canary, journal, watch)
            finally:
                result = conclude(plan, book, canary.result())
                write_result(folder, plan, result, started)
                done(result)
            return result
    finally:
        journal.close()


def open_book(plan: LoadPlan, engines: Sequence[str] | None = None) -> Book:
    """Return the book of a run that is about to begin.

    Args:
        plan: what is asked for.
        engines: what each is called, if not just an engine.

    """
    count = plan.processes
    numbered = [f"engine {n} of {count}" for n in range(1, count + 1)]
    return Book(
        plan.course,
        engines or (numbered if count > 1 else ["the engine"]),
        objectives=plan.objectives,
        today=datetime.now(UTC).date(),
    )


def conclude(plan: LoadPlan, book: Book, canary: CanaryResult | None = None) -> LoadResult:
    """Judge what was measured; of the canary only the costs count."""
    spent = Bill()
    for bill_of_one in (book.bill, *([canary.spent] if canary is not None else [])):
        spent.merge(bill_of_one)
    finding = examine(book.health, fault=book.fault)
    tally, seconds = book.whole(), book.seconds
    outcomes = judge(
        plan.objectives,
        tally,
        seconds=seconds,
        today=datetime.now(UTC).date(),
        void="; ".join(finding.reasons) if finding.fitness is Fitness.VOID else "",
    )
    return LoadResult(
        tally=tally,
        seconds=seconds,
        finding=finding,
        health=book.health,
        outcomes=outcomes,
        failures=book.failures,
        spent=spent,
        goodput=goodput(tally, plan.objectives, seconds=seconds),
        cost=cost_of(plan, spent),
        canary=canary,
        requested=None if book.is_over else plan.course.requested(),
        aborted=book.aborted,
    )


def engine_plan(plan: LoadPlan, *, share: int) -> Plan:
    """Return what one of a run's engines is told."""
    allowance_usd = plan.max_cost_usd
    if allowance_usd is not None:
        allowance_usd *= plan.sessions / (plan.sessions + plan.canary) / plan.processes
    return Plan(
        target=plan.target,
        profile=plan.profile,
        duration_s=plan.duration_s,
        shape=plan.shape,
        arrival_rate=plan.arrival_rate,
        sessions=plan.sessions,
        spawn_rate=plan.rate / plan.processes,
        share=share,
        shares=plan.processes,
        limits=limits_of(plan.objectives) if wants_goodput(plan.objectives) else None,
        is_metered=plan.is_metered,
        allowance_usd=allowance_usd,
    )


async def _lead(
    course: Course,
    book: Book,
    engines: list[EngineProcess],
    canary: Canary,
    journal: Journal,
    watch: Callable[[Moment], None],
) -> None:
    """Bring the sessions up, keep to the course, and end it all."""
    orders = Orders(course, len(engines))
    origin = time.monotonic()

    def now_s() -> float:
        return time.monotonic() - origin

    def take() -> None:
        for number, engine in enumerate(engines):
            while not engine.intervals.empty():
                book.take(number, engine.intervals.get_nowait(), now_s())
            if engine.fault:
                book.lose(number, engine.fault)

    def tell(moment: Moment) -> None:
        journal.append(moment.to_json())
        watch(moment)

    try:
        while (t_s := now_s()) < course.end_s and not book.is_over:
            for number, command in orders.until(t_s):
                engines[number].tell(**command)
            await asyncio.sleep(min(INTERVAL_S / 2, course.end_s - t_s))
            take()
            if why := canary.keep_to(now_s()):
                book.abort(why)
            if (moment := book.look(now_s(), orders.wanted)) is not None:
                tell(moment)
    except asyncio.CancelledError:
        book.abort("interrupted")
        raise
    finally:
        book.stop(now_s())
        await asyncio.gather(
            canary.stop(now_s(), in_a_hurry=book.is_over),
            *(engine.stop(in_a_hurry=book.is_over) for engine in engines),
        )
        take()
        tell(book.close(now_s()))


def cost_of(plan: LoadPlan, spent: Bill) -> dict[str, Any] | None:
    """Return what ``load.json`` says about what a run cost; ``None`` if nothing was added up."""
    if not plan.is_metered:
        return None
    return bill(spent.usd, spent.charges, limit_usd=plan.max_cost_usd, model=plan.target.model)


def write_result(folder: Path, plan: LoadPlan, result: LoadResult, started: datetime) -> None:
    """Write ``load.json`` into a folder, in one step."""
    profile, target = plan.profile, plan.target
    whole = {
        "target": {"name": target.name, "base_url": target.base_url, "model": target.model},
        "profile": profile.to_json(),
        "shape": plan.shape,
        "users": plan.sessions,
        "arrival_rate": plan.arrival_rate,
        "spawn_rate": plan.rate,
        "duration_s": plan.duration_s,
        "processes": plan.processes,
        "started": started.isoformat(timespec="seconds"),
        "command": list(plan.command),
        "environment": environment(),
        "fitness": result.finding.to_json(),
        "health": [each.to_json() for each in result.health],
        "exit_code": int(result.exit_code),
        "requested": result.requested,
        "aborted": result.aborted,
        "objectives": [each.to_json() for each in result.outcomes],
        "goodput": result.goodput,
        "cost": result.cost,
        "canary": None if result.canary is None else result.canary.to_json(),
        "steady_s": round(result.seconds, 3),
        "metrics": result.tally.described(),
        **result.tally.to_json(),
        "failures": result.failures,
    }
    draft = folder / "load.json.part"
    draft.write_bytes(orjson.dumps(whole, option=orjson.OPT_INDENT_2))
    os.replace(draft, folder / "load.json")
