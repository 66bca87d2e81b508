"""A load run, read back from ``load/`` of its run directory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from realtime_harness.errors import UsageError
from realtime_harness.load.blocks import Block
from realtime_harness.load.comparison import Comparison, Side, compare
from realtime_harness.load.health import Health
from realtime_harness.load.histogram import Histogram
from realtime_harness.load.operation import METRICS, Tally
from realtime_reports.load.course import LONGEST, Stretch, read_stretches, tally_of
from realtime_reports.load.faces import ORDER

__all__ = [
    "CLOCKS",
    "Example",
    "LoadRun",
    "Objective",
    "Search",
    "Step",
    "amount",
    "compare_runs",
    "headline",
    "read_load",
    "reason_of",
    "said_value",
]

CLOCKS = ("response", "service", "generator")
"""In the order in which they are shown."""

_EXAMPLES = 24
"""Classes of failures that are shown with an example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """How an objective was met."""

    text: str
    state: str
    value: float | None
    """``None`` if there was nothing to measure."""
    limit: float | None
    warn: float | None
    unit: str
    count: int
    """From how many samples."""
    reason: str
    waived: str
    until: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One failure of a class, and how many there were of it."""

    operation: str
    outcome: str
    count: int
    text: str
    session: str
    evidence: Sequence[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One load that was tried in looking for the largest one."""

    sessions: int
    state: str
    """``pass``, ``fail`` or ``void``."""
    objectives: list[Objective]
    percentiles: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Looking for the most sessions that meet all objectives."""

    objectives: list[str]
    steps: list[Step]
    """In the order in which they were tried."""
    most: int | None
    binds: str
    """The objective that more sessions miss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRun:
    """A load run."""

    directory: Path
    values: Mapping[str, Any]
    """``load.json``, for what is shown as it is."""
    tally: Tally
    """What counts."""
    canary: Tally | None
    """What full sessions beside the light ones measured."""
    seconds: float
    """For how long it was measured."""
    fitness: str
    """``fit``, ``warn`` or ``void``."""
    reasons: list[str]
    remarks: list[str]
    objectives: list[Objective]
    """Worst first."""
    health: list[Health]
    """Of each engine."""
    examples: list[Example]
    stretches: list[Stretch]
    search: Search | None
    problems: list[str] = field(default_factory=list)
    """Sentences about what is missing or could not be read."""

    def text(self, *keys: str) -> str:
        """Return a value of ``load.json`` as text; empty if it is not there."""
        value: Any = self.values
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return "" if value is None else str(value)

    def number(self, *keys: str) -> float | None:
        """Return a value of ``load.json`` if it is a number."""
        value: Any = self.values
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return value if is_number else None

    @property
    def profile(self) -> str:
        """The profile's name."""
        return self.text("profile", "name")

    @property
    def command(self) -> list[str]:
        """The command line of the run."""
        found = self.values.get("command")
        return [str(each) for each in found] if isinstance(found, list) else []

    @property
    def state(self) -> str:
        """The worst of it: a void run is void whatever it measured."""
        if self.search is not None:
            return "fail" if self.search.most is None else "pass"
        if self.fitness == "void":
            return "void"
        if self.objectives:
            return self.objectives[0].state
        return "warn" if self.fitness == "warn" else ""

    def metric(self, name: str) -> tuple[str, str]:
        """Return the definition and the unit of a metric."""
        told = self.values.get("metrics")
        values = told.get(name) if isinstance(told, dict) else None
        if isinstance(values, dict):
            return str(values.get("definition", "")), str(values.get("unit", ""))
        known = METRICS.get(name)
        return (known.definition, known.unit) if known else ("", "ms")

    def clocks(self, metric: str) -> list[str]:
        """Return by which clocks a metric was taken."""
        found = {series.clock for series in self.tally.series if series.metric == metric}
        return [clock for clock in CLOCKS if clock in found]

    def positions(self, metric: str, clock: str) -> list[tuple[str, Histogram]]:
        """Return a metric by the position of the turn in its session."""
        found = {
            series.tags["position"]
            for series in self.tally.series
            if series.metric == metric and series.clock == clock and series.position
        }
        return [
            (place, self.tally.histogram(metric, clock=clock, position=place))
            for place in sorted(found)
        ]

    @property
    def steady(self) -> list[Stretch]:
        """The stretches that count."""
        return [each for each in self.stretches if each.phase == "steady"]

    def side(self) -> Side:
        """Return it as one of two runs that are compared."""
        environment = self.values.get("environment")
        machine = environment if isinstance(environment, dict) else {}
        plan = {
            "target": self.text("target", "name"),
            "model": self.text("target", "model"),
            "profile": self.profile,
            "journey": self.text("profile", "journey"),
            "think time, s": self.text("profile", "think_s"),
            "parameters": self.text("profile", "parameters"),
            "sessions": self.text("users"),
            "shape": self.text("shape"),
            "operations due a second": self.text("arrival_rate"),
            "sessions started a second": self.text("spawn_rate"),
            "duration, s": self.text("duration_s"),
            "engines": self.text("processes"),
            "faults": self.text("faults"),
            "latency": self.text("latency"),
            "scenario": self.text("scenario"),
            **{str(key): str(value) for key, value in machine.items()},
        }
        return Side(
            plan=plan,
            blocks=[Block(seconds=each.seconds, tally=each.tally) for each in self.steady],
            void="; ".join(self.reasons) if self.fitness == "void" else "",
        )


def compare_runs(run: LoadRun, earlier: LoadRun) -> Comparison:
    """Compare a run with an earlier one."""
    names = {*run.tally.metrics(), *earlier.tally.metrics()}
    return compare(
        earlier.side(), run.side(), units={name: run.metric(name)[1] or "ms" for name in names}
    )


def amount(value: float | None, unit: str) -> str:
    """Write a value with its unit; a share as percents."""
    if value is None:
        return "nothing measured"
    if unit == "share":
        return f"{100 * value:.4g} %"
    digits = 0 if abs(value) >= 1000 else 4
    text = f"{value:,.0f}" if not digits else f"{value:.{digits}g}"
    return f"{text} {unit}".strip()


def said_value(objective: Objective) -> str:
    """Write what was measured of an objective."""
    return amount(objective.value, objective.unit)


def reason_of(objective: Objective) -> str:
    """Say why an objective is in the state that it is in; a waiver with its last day."""
    if objective.waived:
        until = f" until {objective.until}" if objective.until else ""
        if objective.state == "waived":
            return f"waived{until}: {objective.waived}"
        if objective.state == "fail":
            return objective.reason or f"the waiver is over: {objective.waived}{until}"
    return objective.reason


def headline(run: LoadRun) -> str:
    """Say what a run came to, in one sentence."""
    if run.search is not None:
        if run.search.most is None:
            return "No number of sessions that was tried meets all objectives"
        return f"{run.search.most:,} sessions are the most that meets all objectives"
    if run.fitness == "void":
        return "Void: the generator was not fit, so nothing is said about the service"
    total = len(run.objectives)
    failed = run.tally.count(ok=False)
    counted = f"{run.tally.count():,} operations, {failed:,} of them failed"
    if not total:
        return f"No objectives; {counted}"
    missed = sum(each.state == "fail" for each in run.objectives)
    waived = sum(each.state == "waived" for each in run.objectives)
    warned = sum(each.state == "warn" for each in run.objectives)
    notes = [f"{waived} waived"] * bool(waived) + [f"{warned} with a warning"] * bool(warned)
    also = f", {', '.join(notes)}" if notes else ""
    noun = "objective" if total == 1 else "objectives"
    if missed and total == 1:
        return "The objective is missed"
    if missed:
        return f"{missed} of {total} {noun} missed{also}"
    met = total - waived
    if not waived:
        every = {1: "The objective is", 2: "Both objectives are"}.get(total)
        return f"{every or f'All {total} objectives are'} met{also}"
    return f"{met} of {total} {noun} met{also}"


def read_load(directory: Path) -> LoadRun:
    """Read a load run.

    Raises:
        UsageError: if it is not the directory of one; it says what to give instead.

    """
    search_path = directory / "load" / "search.json"
    problems: list[str] = []
    search = _search(search_path, problems)
    path = (_step(directory, search) if search else directory) / "load" / "load.json"
    remedy = "give the directory that `realtime-harness load` printed"
    try:
        # Not orjson, which refuses halves of characters.
        values = json.loads(path.read_bytes())
        tally = tally_of(values)
        fitness = values["fitness"]
        state, reasons = str(fitness["fitness"]), list(map(str, fitness["reasons"]))
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}): {remedy}") from error
    except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"{path} does not describe a load run ({error!r}): {remedy}") from error
    if values.get("aborted"):
        problems.append(f"The run did not last as long as it was meant to: {values['aborted']}.")
    stretches = read_stretches(path.with_name("intervals.jsonl"), problems)
    canary = _read(lambda: tally_of(values["canary"]), problems, values.get("canary"))
    health = _read(
        lambda: [Health.from_json(each) for each in values["health"]],
        problems,
        values.get("health"),
    )
    return LoadRun(
        directory=directory,
        values=values,
        tally=tally,
        canary=canary,
        seconds=float(values.get("steady_s") or 0.0),
        fitness=state,
        reasons=reasons,
        remarks=list(map(str, fitness.get("remarks") or ())),
        objectives=_objectives(values.get("objectives")),
        health=health or _whole_health(stretches),
        examples=_examples(tally, values.get("failures")),
        stretches=stretches,
        search=search,
        problems=problems,
    )


def _read(make: Any, problems: list[str], value: Any) -> Any:
    """Read an optional part; what it cannot be read of is a problem, and no more."""
    if value is None:
        return None
    try:
        return make()
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        problems.append(f"A part of load.json cannot be read: {error!r}.")
        return None


def _objectives(values: Any) -> list[Objective]:
    found = [
        Objective(
            text=str(each.get("objective", "")),
            state=str(each.get("state", "")),
            value=_number(each.get("value")),
            limit=_number(each.get("limit")),
            warn=_number(each.get("warn")),
            unit=str(each.get("unit") or ""),
            count=int(_number(each.get("count")) or 0),
            reason=str(each.get("reason") or ""),
            waived=str(each.get("waived") or ""),
            until=str(each.get("until") or ""),
            tags={str(k): str(v) for k, v in (each.get("tags") or {}).items()},
        )
        for each in values or ()
        if isinstance(each, dict)
    ]
    return sorted(found, key=lambda each: ORDER.get(each.state, 0))


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _examples(tally: Tally, failures: Any) -> list[Example]:
    by_class: dict[tuple[str, str], dict[str, Any]] = {}
    for each in failures or ():
        if isinstance(each, dict):
            key = str(each.get("operation"))[:LONGEST], str(each.get("outcome"))[:LONGEST]
            by_class.setdefault(key, each)
    found = []
    for operation, outcome, count in tally.failures():
        example = by_class.get((operation, outcome), {})
        evidence = example.get("evidence")
        found.append(
            Example(
                operation=operation,
                outcome=outcome,
                count=count,
                text=str(example.get("text", "")),
                session=str(example.get("session", "")),
                evidence=evidence if isinstance(evidence, list) else (),
            )
        )
    return found[:_EXAMPLES]


def _whole_health(stretches: Iterable[Stretch]) -> list[Health]:
    whole: list[Health] = []
    for stretch in stretches:
        if stretch.phase != "steady":
            continue
        for number, each in enumerate(stretch.health):
            if number == len(whole):
                whole.append(Health())
            whole[number].merge(each)
    return whole


def _step(directory: Path, search: Search) -> Path:
    """Return the run directory that is shown of a search: the largest load that held, if any."""
    if (directory / "load" / "load.json").exists():
        return directory
    folder = directory / "load" / "steps"
    found = sorted(each.parent.parent for each in folder.glob("*/load/load.json"))
    held = [each for each in found if each.name.rpartition("-")[2] == str(search.most)]
    return [directory, *found, *held][-1]


_ENDED = {0: "pass", 5: "fail", 6: "void"}


def _search(path: Path, problems: list[str]) -> Search | None:
    if not path.exists():
        return None
    try:
        values = json.loads(path.read_bytes())
        steps = [
            Step(
                sessions=int(each["sessions"]),
                state=_ENDED.get(int(each.get("exit_code") or 0), "fail"),
                objectives=_objectives(each.get("objectives")),
                percentiles={
                    str(metric): {str(p): float(v) for p, v in found.items()}
                    for metric, found in (each.get("percentiles") or {}).items()
                },
            )
            for each in values["steps"]
        ]
        return Search(
            objectives=list(map(str, values.get("objectives") or ())),
            steps=steps,
            most=None if values.get("most") is None else int(values["most"]),
            binds=str(values.get("binds") or ""),
        )
    except (OSError, LookupError, TypeError, ValueError, AttributeError) as error:
        problems.append(f"{path.name} cannot be read: {error!r}.")
        return None
