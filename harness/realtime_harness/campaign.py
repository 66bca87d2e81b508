"""A run as a whole: its target, its lab, its run directory."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from realtime_harness import __version__
from realtime_harness.contract.schemas import REVISION
from realtime_harness.crew import Crew
from realtime_harness.errors import UsageError
from realtime_harness.gate import Gate, exit_code
from realtime_harness.lab import Lab
from realtime_harness.meter import Meter
from realtime_harness.plan import Plan, shown
from realtime_harness.results import CheckResult, Run, RunInfo, read_run
from realtime_harness.runner import ScenarioOutcome, run_scenario
from realtime_harness.scenario import DEFAULT_CLIENT, Scenario
from realtime_harness.store import Store, new_run_directory, timestamp
from realtime_harness.targets.config import TargetFile, resolve_target
from realtime_harness.targets.greeting import greet
from realtime_harness.targets.reach import reach
from realtime_harness.targets.target import Target
from realtime_harness.verdicts import ExitCode, Standing, Verdict

if TYPE_CHECKING:
    from realtime_harness.plain import PlainTest

__all__ = ["RUNS", "Campaign", "Conversation"]

RUNS = Path("realtime-runs")
"""Where run directories are made, below the working directory."""

_PACKAGES = ("aiohttp", "aiortc", "httpx2", "openai", "pytest", "pytest-xdist", "websockets")


class Conversation(NamedTuple):
    """A scenario that is to be run."""

    scenario: Scenario
    repetition: int = 1
    """Counts from 1."""
    client: str = DEFAULT_CLIENT
    """Makes its calls."""


class Campaign:
    """A run that is under way. Begin one, run scenarios, finish it.

    With workers of xdist's, one process begins and finishes the run; the others join it with what
    :meth:`share` gives.
    """

    def __init__(
        self,
        plan: Plan,
        gate: Gate,
        target: Target,
        lab: Lab,
        store: Store,
        info: RunInfo | None,
        *,
        obstacle: str = "",
    ) -> None:
        self.target = target
        self.store = store
        self._gate = gate
        self._plan = plan
        self._lab = lab
        self._info = info
        self._obstacle = obstacle
        self._crew: Crew[ScenarioOutcome] | None = None
        self._ahead: dict[Conversation, Future[ScenarioOutcome]] = {}
        self._meter: Meter | None = None
        if plan.max_cost is not None or not (target.upstream or target).is_loopback:
            self._meter = Meter(
                store.directory,
                target,
                limit_usd=plan.max_cost,
                workers=plan.at_a_time * int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")),
            )

    @property
    def directory(self) -> Path:
        """The run directory."""
        return self.store.directory

    @classmethod
    def begin(cls, plan: Plan, environment: Mapping[str, str] | None = None) -> Campaign:
        """Find or start the target and make the run directory.

        Raises:
            UsageError: if the plan cannot be carried out as given, or its baseline not be read.
            TargetUnreachable: if nothing answers at the target's address.
            KeyRefused: if the target does not take its key.
            HarnessError: if the fake does not start.

        """
        file = TargetFile.read(plan.config)
        target = resolve_target(
            plan.target, file, os.environ if environment is None else environment
        )
        switched = plan.defects or plan.behaviours or plan.faults
        if target is not None and switched:
            raise UsageError(
                "defects, behaviours and faults are switched on in a fake that the run starts: "
                "use --target fake"
            )
        # Before anything is started: a baseline that cannot be read is found out at once.
        gate = Gate.of(plan, plan.target if target is None else target.name)
        lab, beta = Lab(), ""
        try:
            if target is None:
                target = lab.fake(
                    defects=plan.defects,
                    behaviours=plan.behaviours,
                    faults=plan.faults,
                    seed=plan.seed,
                    profile=plan.target.partition(":")[2],
                )
            else:
                target = reach(target)
                if target.upstream is not None:
                    target = replace(target, upstream=reach(target.upstream))
                beta = _greeted(target)
            directory = (
                new_run_directory(RUNS, target.name) if plan.out is None else _cleared(plan.out)
            )
            info = RunInfo(
                id=directory.name,
                target=target.name,
                base_url=target.base_url,
                started_at=timestamp(),
                finished_at=None,
                harness_version=__version__,
                contract=REVISION,
                command=list(plan.command),
                environment=_environment(),
                switches={kind: [*map(shown, on)] for kind, on in target.switches.items()},
                settings=dict(target.settings),
                profile=target.profile.name,
                remarks=[f"{target.name} {_BETA} ({beta})"] if beta else [],
                baseline=str(plan.baseline or ""),
                requirements=gate.requirements.name if gate.requirements else "",
            )
            obstacle = f"not asked for: {info.remarks[0]}" if beta else ""
            campaign = cls(plan, gate, target, lab, Store(directory), info, obstacle=obstacle)
            campaign.store.write_info(info)
        except BaseException:
            lab.close()
            raise
        return campaign

    def share(self) -> dict[str, Any]:
        """Return what another process needs to join: plain values only. It contains the key."""
        return {
            "target": self.target.to_json(),
            "directory": str(self.directory),
            "baseline": str(self._plan.baseline or ""),
            "requirements": self._plan.requirements,
            "clients": list(self._plan.clients),
            "retry_unexpected": self._plan.retry_unexpected,
            "max_cost": self._plan.max_cost,
            "obstacle": self._obstacle,
        }

    @classmethod
    def join(cls, shared: Mapping[str, Any]) -> Campaign:
        """Take part in a run that another process began."""
        target, store = Target.from_json(shared["target"]), Store(Path(shared["directory"]))
        plan = Plan(
            baseline=Path(shared["baseline"]) if shared["baseline"] else None,
            requirements=shared["requirements"],
            clients=tuple(shared["clients"]),
            retry_unexpected=shared["retry_unexpected"],
            max_cost=shared["max_cost"],
            workers=1,
        )
        gate = Gate.of(plan, target.name)
        return cls(plan, gate, target, Lab(), store, None, obstacle=shared["obstacle"])

    def expect(self, conversations: Iterable[Conversation]) -> None:
        """Begin these in the background, as many at a time as the plan says.

        :meth:`run` has to be called for each, in about this order. Conversations that measure time
        are left alone: give them to :meth:`run` when the others are over.
        """
        wanted = [each for each in conversations if not each.scenario.exclusive]
        if self._plan.at_a_time > 1 and len(wanted) > 1:
            self._crew = Crew(self._plan.at_a_time)
            for each in dict.fromkeys(wanted):
                self._ahead[each] = self._crew.submit(partial(self._converse, each, 1))

    def run(self, conversation: Conversation) -> ScenarioOutcome:
        """Run one scenario, on an event loop of its own; again, if it is unexpectedly red.

        Returns:
            the outcome of the first attempt, its results with their standing.

        """
        ours = conversation.scenario.function.__module__.startswith(_OURS)
        if (begun := self._ahead.pop(conversation, None)) is not None:
            outcome = begun.result()
        else:
            outcome = self._attempt(conversation, 1)
        results = [self._gate.place(result, required=not ours) for result in outcome.results]
        for attempt in range(2, self._plan.retry_unexpected + 2):
            if all(result.standing is not Standing.UNEXPECTED for result in results):
                break
            if self._obstacle or (self._meter is not None and self._meter.obstacle()):
                break
            more = self._attempt(conversation, attempt)
            results = list(map(self._gate.again, results, more.results))
        return replace(outcome, results=results)

    def _attempt(self, conversation: Conversation, attempt: int) -> ScenarioOutcome:
        with asyncio.Runner() as runner:
            return runner.run(self._converse(conversation, attempt))

    async def _converse(self, conversation: Conversation, attempt: int) -> ScenarioOutcome:
        return await run_scenario(
            conversation.scenario,
            self.target,
            lab=self._lab,
            store=self.store,
            client=conversation.client,
            repetition=conversation.repetition,
            attempt=attempt,
            meter=self._meter,
            obstacle=self._obstacle,
        )

    def plain_test(self, node_id: str, summary: str) -> PlainTest:
        """Begin a plain test of pytest's; :meth:`end_plain_test` ends it."""
        from realtime_harness.plain import PlainTest

        return PlainTest(
            node_id=node_id,
            summary=summary,
            target=self.target,
            lab=self._lab,
            store=self.store,
            client=self._plan.clients[0],
        )

    def end_plain_test(self, test: PlainTest, verdict: Verdict, reason: str) -> list[CheckResult]:
        """End a plain test with a verdict; return its results with their standing."""
        return test.end(verdict, reason, partial(self._gate.place, required=True))

    def leave(self) -> None:
        """End what this process started for the run, without a word about its outcome."""
        if self._crew is not None:
            self._crew.close()
        self.store.close()
        if self._meter is not None:
            self._meter.close()
        self._lab.close()

    def finish(self, fault: ExitCode | None = None) -> ExitCode:
        """End the run: say in ``run.json`` how it ended, and end all processes.

        Args:
            fault: how it ended if not by its verdicts, such as ``INTERRUPTED``.

        """
        self.leave()
        run = read_run(self.directory)
        orphans = self._gate.orphans(
            run.checks, run.scenarios, whole=self._plan.is_whole and fault is None
        )
        code = exit_code(run.checks, orphans) if fault is None else fault
        if self._info is not None:
            self.store.write_info(
                replace(
                    self._info,
                    finished_at=timestamp(),
                    exit_code=int(code),
                    remarks=[*self._info.remarks, *_remarks(run)],
                    cost=self._meter.bill() if self._meter is not None else {},
                    orphans=[f"{each.check} in {each.scenario}: {each}" for each in orphans],
                )
            )
        return code


_OURS = "realtime_scenarios."

_BETA = "speaks the beta shape, which these suites do not judge"


def _greeted(target: Target) -> str:
    """Return by what a target is known to speak the beta; empty if by nothing."""
    if target.switches.get("defects"):
        # A fake that is told to do wrong may also do so at its door.
        return ""
    with asyncio.Runner() as runner:
        return runner.run(greet(target))


def _remarks(run: Run) -> list[str]:
    """Return what scenarios found out about a target that is more than a verdict."""
    signs = dict.fromkeys(sign for scenario in run.scenarios for sign in scenario.remarks)
    return [f"{run.info.target} {_BETA}: it sends {', '.join(signs)}"] if signs else []


_LEFT_BY_RUNS = (
    "checks.jsonl",
    "costs.jsonl",
    "ctrf.json",
    "junit.xml",
    "report.html",
    "run.json",
    "scenarios.jsonl",
    "summary.md",
)


def _cleared(directory: Path) -> Path:
    """Make a directory ready for a run; what an earlier run left in it is removed.

    Raises:
        UsageError: if it holds anything but a run.

    """
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"{directory} is a file: give a directory for the run")
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        if not (directory / "run.json").is_file():
            raise UsageError(
                f"{directory} is not empty and holds no earlier run: give another directory"
            )
        shutil.rmtree(directory / "evidence", ignore_errors=True)
        for name in _LEFT_BY_RUNS:
            (directory / name).unlink(missing_ok=True)
    return directory


def _environment() -> dict[str, str]:
    versions: dict[str, str] = {}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {"python": platform.python_version(), "platform": platform.platform(), **versions}
