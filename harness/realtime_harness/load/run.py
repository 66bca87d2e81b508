"""A load run as a whole: engines are told what to do, what they measure is merged and judged."""

from __future__ import annotations

import asyncio
import math
import os
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from realtime_harness import __version__
from realtime_harness.errors import UsageError
from realtime_harness.evidence import Journal
from realtime_harness.load.engine import Plan
from realtime_harness.load.fleet import EngineProcess, fleet
from realtime_harness.load.health import Finding, Fitness, Health, examine
from realtime_harness.load.operation import Tally
from realtime_harness.load.profile import Profile
from realtime_harness.load.schedule import SHAPES, arrivals, sessions_at
from realtime_harness.load.slo import Objective, Outcome, State, judge
from realtime_harness.load.wire import INTERVAL_S
from realtime_harness.targets.target import Target
from realtime_harness.verdicts import ExitCode

__all__ = [
    "MOST_SESSIONS",
    "LoadPlan",
    "LoadResult",
    "Moment",
    "carry_out",
    "conclude",
    "engine_plan",
    "write_result",
]

MOST_SESSIONS = 10_000
"""More are not opened by a typing error."""

_LINE_S = 1.0
"""How much time one line of ``intervals.jsonl`` is about."""
_OPENING = "connect"
"""Operation that counts from the first session on."""
_SETTLE_S = 0.5
"""Between the start of the last session and the beginning of what counts."""


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
    command: tuple[str, ...] = ()

    @property
    def sessions(self) -> int:
        """At level 1; with an arrival rate, those among which the arrivals are dealt out."""
        return self.users or self.profile.users

    @property
    def rate(self) -> float:
        """Sessions started a second."""
        return self.spawn_rate or self.profile.spawn_rate

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
        if self.processes > most:
            raise UsageError(f"--processes {self.processes}: there are only {most} sessions")


@dataclass(slots=True, kw_only=True)
class Moment:
    """How a run stands: for whoever watches it."""

    t_s: float
    phase: str
    """``ramp``, ``steady`` or ``drain``."""
    sessions: int
    wanted: int
    last: Tally
    """The last second."""
    whole: Tally
    """All that counts so far."""
    health: list[Health]
    """Of each engine, over the last second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """What a run came to."""

    tally: Tally
    """What was measured in steady state."""
    seconds: float
    """How long that was."""
    finding: Finding
    outcomes: list[Outcome]
    failures: list[dict[str, Any]]
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


@dataclass(slots=True)
class _Merged:
    """What the engines told, added up."""

    engines: int
    ramp: Tally = field(default_factory=Tally)
    steady: Tally = field(default_factory=Tally)
    steady_s: float = 0.0
    health: list[Health] = field(default_factory=list)
    line: Tally = field(default_factory=Tally)
    line_health: list[Health] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    sessions: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.health = [Health() for _ in range(self.engines)]
        self.line_health = [Health() for _ in range(self.engines)]
        self.sessions = [0] * self.engines

    def take(self, engines: Iterable[EngineProcess], *, counts: bool) -> list[dict[str, Any]]:
        """Add what they told since the last time; return their new examples of failures."""
        fresh: list[dict[str, Any]] = []
        for number, engine in enumerate(engines):
            while not engine.intervals.empty():
                interval = engine.intervals.get_nowait()
                self.line.merge(interval.tally)
                self.line_health[number].merge(interval.health)
                self.sessions[number] = interval.sessions
                if counts:
                    self.steady.merge(interval.tally)
                    self.health[number].merge(interval.health)
                else:
                    self.ramp.merge(interval.tally)
                fresh += interval.failures
        self.failures += fresh
        return fresh

    def whole(self) -> Tally:
        """Return what counts: the steady state, and how sessions were opened before it."""
        whole = Tally()
        whole.merge(self.steady)
        whole.merge(self.ramp.only(_OPENING))
        return whole

    def next_line(self) -> tuple[Tally, list[Health]]:
        """Return what was added since the last line, and begin another one."""
        told = self.line, self.line_health
        self.line, self.line_health = Tally(), [Health() for _ in range(self.engines)]
        return told


async def carry_out(
    plan: LoadPlan, directory: Path, *, watch: Callable[[Moment], None] = lambda _: None
) -> LoadResult:
    """Carry out a run and write it down below ``directory/load``.

    Canceling ends the sessions and the engines.

    Args:
        plan: what is asked for.
        directory: of the run.
        watch: is told each second how it stands.

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
        async with fleet(
            [engine_plan(plan, share=number) for number in range(plan.processes)]
        ) as engines:
            run = _Run(plan, engines, journal, watch)
            try:
                await run.lead()
            except asyncio.CancelledError:
                run.aborted = "interrupted"
                write_result(folder, plan, run.conclude(), started)
                raise
            result = run.conclude()
    finally:
        journal.close()
    write_result(folder, plan, result, started)
    return result


def conclude(
    plan: LoadPlan,
    tally: Tally,
    engines: Sequence[Health],
    *,
    seconds: float,
    failures: list[dict[str, Any]],
    fault: str = "",
    aborted: str = "",
) -> LoadResult:
    """Judge what was measured.

    Args:
        plan: what was asked for.
        tally: what counts.
        engines: how each was meanwhile.
        seconds: for how long that was.
        failures: examples.
        fault: what went wrong with an engine.
        aborted: why the run was ended early.

    """
    finding = examine(engines, fault=fault)
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
        outcomes=outcomes,
        failures=failures,
        requested=_requested(plan) if not aborted else None,
        aborted=aborted,
    )


def _requested(plan: LoadPlan) -> int | None:
    if plan.arrival_rate is None:
        return None
    due = arrivals(SHAPES[plan.shape], plan.arrival_rate, duration_s=plan.duration_s)
    return sum(1 for _ in due)


def engine_plan(plan: LoadPlan, *, share: int) -> Plan:
    """Return what one of a run's engines is told."""
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
    )


class _Run:
    """One run while it is under way."""

    def __init__(
        self,
        plan: LoadPlan,
        engines: list[EngineProcess],
        journal: Journal,
        watch: Callable[[Moment], None],
    ) -> None:
        self._plan = plan
        self._engines = engines
        self._journal = journal
        self._watch = watch
        self._merged = _Merged(len(engines))
        self.aborted = ""
        """Why it was ended early; empty as long as it was not."""
        self._missed_since: dict[str, float] = {}
        self._wanted = 0

    async def lead(self) -> None:
        """Bring the sessions up, keep to the shape, and end it all."""
        plan = self._plan
        # All sessions have to be there before arrivals can be dealt out among them.
        ramp_s = plan.sessions / plan.rate + _SETTLE_S
        opened = plan.arrival_rate is not None
        origin = time.monotonic()
        if opened:
            self._want(plan.sessions)
            await self._watch_until(origin, ramp_s, lambda t_s: "ramp")
            self._freeze()
        for engine in self._engines:
            engine.tell(do="start", in_s=0.0)
        begin = time.monotonic()
        frozen: list[float] = []
        cuts = [share * plan.duration_s for share in SHAPES[plan.shape].cuts]
        counted_from = 0.0 if opened else min(ramp_s, plan.duration_s / 2)
        if plan.shape not in ("baseline", "soak"):
            # The climb belongs to what these ask.
            counted_from = 0.0

        def phase(t_s: float) -> str:
            if not opened:
                self._want(
                    sessions_at(
                        SHAPES[plan.shape],
                        plan.sessions,
                        t_s,
                        duration_s=plan.duration_s,
                        spawn_rate=plan.rate,
                    )
                )
                if not frozen and t_s >= ramp_s - _SETTLE_S / 2:
                    frozen.append(t_s)
                    self._freeze()
            while cuts and t_s >= cuts[0]:
                cuts.pop(0)
                for engine in self._engines:
                    engine.tell(do="cut")
            return "steady" if t_s >= counted_from else "ramp"

        await self._watch_until(begin, plan.duration_s, phase)
        await asyncio.gather(*(engine.stop() for engine in self._engines))
        # What was under way at the end is still a part of what was asked for.
        self._merged.take(self._engines, counts=True)
        self._write_line(time.monotonic() - begin, "drain")

    def conclude(self) -> LoadResult:
        """Judge what was measured."""
        merged = self._merged
        return conclude(
            self._plan,
            merged.whole(),
            merged.health,
            seconds=merged.steady_s,
            failures=merged.failures,
            fault=next((engine.fault for engine in self._engines if engine.fault), ""),
            aborted=self.aborted,
        )

    async def _watch_until(self, begin: float, end_s: float, phase: Callable[[float], str]) -> None:
        next_line_s = _LINE_S
        last_s = 0.0
        while (t_s := time.monotonic() - begin) < end_s and not self.aborted:
            now_phase = phase(t_s)
            await asyncio.sleep(min(INTERVAL_S / 2, end_s - t_s))
            counts = now_phase == "steady"
            self._merged.take(self._engines, counts=counts)
            t_s = time.monotonic() - begin
            if counts:
                self._merged.steady_s += t_s - last_s
                self._look_for_end(t_s)
            last_s = t_s
            if t_s >= next_line_s:
                next_line_s += _LINE_S
                self._write_line(t_s, now_phase)
            if any(engine.fault for engine in self._engines):
                return

    def _look_for_end(self, t_s: float) -> None:
        """End the run if an objective was missed for as long as it says."""
        patient = [each for each in self._plan.objectives if each.abort_after_s is not None]
        today = datetime.now(UTC).date()
        for outcome in judge(
            patient, self._merged.steady, seconds=self._merged.steady_s, today=today
        ):
            text = outcome.objective.text
            if outcome.state is not State.FAIL or outcome.value is None:
                self._missed_since.pop(text, None)
                continue
            since = self._missed_since.setdefault(text, t_s)
            patience_s = outcome.objective.abort_after_s or 0.0
            if t_s - since >= patience_s:
                self.aborted = f"ended after {t_s:.0f} s: {text} was missed for {t_s - since:.0f} s"

    def _freeze(self) -> None:
        # All sessions are there: what they are made of is not looked at again for garbage.
        for engine in self._engines:
            engine.tell(do="freeze")

    def _want(self, sessions: int) -> None:
        if sessions == self._wanted:
            return
        self._wanted = sessions
        count = len(self._engines)
        for number, engine in enumerate(self._engines):
            engine.tell(do="sessions", count=(sessions - number + count - 1) // count)

    def _write_line(self, t_s: float, phase: str) -> None:
        tally, health = self._merged.next_line()
        sessions = sum(self._merged.sessions)
        self._journal.append(
            {
                "t_s": round(t_s, 3),
                "phase": phase,
                "sessions": sessions,
                "wanted": self._wanted,
                **tally.to_json(),
                "health": [each.to_json() for each in health],
            }
        )
        self._watch(
            Moment(
                t_s=t_s,
                phase=phase,
                sessions=sessions,
                wanted=self._wanted,
                last=tally,
                whole=self._merged.steady,
                health=health,
            )
        )


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
        "environment": {
            "realtime-harness": __version__,
            "python": platform.python_version(),
            "machine": platform.platform(),
            "cores": os.cpu_count(),
        },
        "fitness": result.finding.to_json(),
        "exit_code": int(result.exit_code),
        "requested": result.requested,
        "aborted": result.aborted,
        "objectives": [each.to_json() for each in result.outcomes],
        "steady_s": round(result.seconds, 3),
        "metrics": result.tally.described(),
        **result.tally.to_json(),
        "failures": result.failures,
    }
    draft = folder / "load.json.part"
    draft.write_bytes(orjson.dumps(whole, option=orjson.OPT_INDENT_2))
    os.replace(draft, folder / "load.json")
