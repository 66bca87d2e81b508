"""The defect matrix: every defect of the fake against every scenario of the suites.

Most defects make no difference to most scenarios, so each scenario is first run once against a
right fake that looks on (:class:`OnlookingServer`): it tries every switch on all that leaves it,
and notes which decisions are asked for. A switch that would not have changed anything cannot turn
anything red, and that pair is not run.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import pytest
import uvloop

import realtime_scenarios
from realtime_fakes.behaviours import BEHAVIOURS
from realtime_fakes.defects import DEFECTS
from realtime_fakes.policy import Policy
from realtime_fakes.server import ServeOptions, Server
from realtime_fakes.service import Service
from realtime_fakes.switches import InForce, Switch, Switchboard
from realtime_harness import catalogue
from realtime_harness.clients.control import Control
from realtime_harness.lab import Lab, fake_target
from realtime_harness.runner import ScenarioOutcome, run_scenario
from realtime_harness.scenario import Scenario
from realtime_harness.targets.target import Target
from realtime_harness.verdicts import Verdict

PATIENCE_S = 2.0
"""What has to come comes within milliseconds; what a defect withholds is waited for as long."""

RUDE_PATIENCE_S = 10.0
"""Everything comes, though some of it is slow or large."""

AT_ONCE = 14
"""Conversations at a time, over all defects."""

RIGHT = "(none)"
"""Stands for a fake without a defect."""


@dataclass
class Row:
    """What the suites said about a fake with one defect."""

    red: dict[str, str] = field(default_factory=dict)
    """Check id -> verdict and reason, for every FAIL and WARN."""
    broken: dict[str, str] = field(default_factory=dict)
    """Check id -> reason, for every ERROR, and for every check that was not judged although nothing
    is red in its scenario."""
    not_reached: set[str] = field(default_factory=set)
    """Checks that were not judged, in scenarios in which another one is red."""
    judged: set[str] = field(default_factory=set)
    """Checks that were judged, or reported on, in some scenario."""


SWITCHES = {switch.name: switch for switch in (*DEFECTS, *BEHAVIOURS)}


class Noted(Policy):
    """A policy that notes which of its decisions are asked for."""

    def __init__(self, policy: Policy, note: Callable[[str], object]) -> None:
        super().__init__(**{each.name: getattr(policy, each.name) for each in fields(policy)})
        object.__setattr__(self, "_note", note)

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_"):
            object.__getattribute__(self, "__dict__").get("_note", len)(name)
        return object.__getattribute__(self, name)


class Onlooker(Switchboard):
    """A switchboard that also notes which switches would have changed something."""

    def __init__(self, board: Switchboard, touched: set[str]) -> None:
        super().__init__(SWITCHES.values(), board.everybody.policy, seed=board.seed)
        self._touched = touched
        by_decision: dict[str, list[str]] = {each.name: [] for each in fields(Policy)}
        for switch in SWITCHES.values():
            if switch.faults:
                touched.add(switch.name)
            for decision in switch.policy if switch.where == "service" else ():
                by_decision[decision].append(switch.name)
        self._by_decision = by_decision
        self.set(board.on, board.faults)

    def _in_force(self, keys: tuple[str, ...], session_id: str | None) -> InForce:
        on = super()._in_force(keys, session_id)
        return replace(
            on,
            policy=Noted(on.policy, lambda name: self._touched.update(self._by_decision[name])),
            event_taps=(*on.event_taps, self._see_event),
            reply_taps=(*on.reply_taps, self._see_reply),
            answer_taps=(*on.answer_taps, self._see_answer),
        )

    def _untouched(self) -> Iterator[Switch]:
        return (each for each in SWITCHES.values() if each.name not in self._touched)

    def _note(self, switch: Switch, same: object, tap: Callable[..., object], *what: Any) -> None:
        try:
            result = tap(*what)
        except Exception:
            result = None
        if result != same:
            self._touched.add(switch.name)

    def _see_event(self, event: dict[str, Any], role: Any, memory: dict[str, Any]) -> list[Any]:
        for switch in self._untouched():
            if (tap := switch.event) is not None:
                own = memory.setdefault(switch.name, {})
                self._note(switch, [event], tap, event, role, own)
        return [event]

    def _see_reply(self, route: str, reply: Any) -> Any:
        for switch in self._untouched():
            if (tap := switch.reply) is not None:
                self._note(switch, reply, tap, route, reply)
        return reply

    def _see_answer(self, sdp: str) -> str:
        for switch in self._untouched():
            if (tap := switch.answer) is not None:
                self._note(switch, sdp, tap, sdp)
        return sdp


class OnlookingServer(Server):
    """A right fake in this process, all of whose services note what switches would do."""

    def __init__(self) -> None:
        self.touched: set[str] = set()
        super().__init__(ServeOptions(port=0))

    def add_service(self, *args: Any, **options: Any) -> Service:
        service = super().add_service(*args, **options)
        service.switchboard = Onlooker(service.switchboard, self.touched)
        return service


class Matrix:
    """Runs the suites against one fake process, in which every defect has a service of its own.

    Args:
        wanted: names of the defects that will be asked for; they are run together when the first
            of them is.
        brief: whether a defect meets only the scenarios that judge a check which it turns red, and
            a behaviour one scenario of each suite. That shows that defects are seen, and leaves
            open whether something else is accused.

    """

    def __init__(self, wanted: Iterable[str], *, brief: bool = False) -> None:
        self.rows: dict[str, Row] = {}
        self.brief = brief
        self._wanted = list(wanted)
        self._scenarios = list(catalogue.scenarios(realtime_scenarios))
        # Of each suite the conversation in which most is judged.
        by_size = sorted(self._scenarios, key=lambda each: len(each.checks))
        self._telling = {each.suite: each.id for each in by_size if not each.exclusive}
        self._touched: dict[str, set[str]] = {}
        """By scenario the switches that would change something in it."""

    def row(self, name: str) -> Row:
        """Return what the suites say about a defect."""
        if name not in self.rows:
            names = [name, *(n for n in self._wanted if n not in self.rows and n != name)]
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._run(names))
        return self.rows[name]

    async def _run(self, names: list[str]) -> None:
        self._lab = Lab()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._again = asyncio.Semaphore(1)
        if not self.brief:
            async with asyncio.TaskGroup() as group:
                for scenario in self._scenarios:
                    if not scenario.exclusive:
                        group.create_task(self._look_on(scenario))
        # Measurements come last, when nothing else is going on, and only where they can tell.
        with self._lab:
            fake = replace(await asyncio.to_thread(self._lab.fake), patience_s=PATIENCE_S)
            async with Control(fake) as control, asyncio.TaskGroup() as group:
                for name in names:
                    self.rows[name] = Row()
                    group.create_task(self._run_together(control, name))
            async with Control(fake) as control:
                for name in names:
                    await self._run_alone(control, name)

    async def _look_on(self, scenario: Scenario) -> None:
        """Find out which switches would change something in a scenario."""
        server = OnlookingServer()
        async with self._slots, server:
            target = replace(fake_target(server.ready), patience_s=RUDE_PATIENCE_S)
            with Lab() as lab:
                outcome = await run_scenario(scenario, target, lab=lab)
            red = [each for each in outcome.results if each.verdict in {*_NOT_JUDGED, *_RED}]
            # Who was disturbed by being looked at meets everything.
            self._touched[scenario.id] = set(SWITCHES) if red else server.touched

    async def _run_together(self, control: Control, name: str) -> None:
        target = await self._service(control, name)
        together = [
            each for each in self._scenarios if not each.exclusive and self._meets(each, name)
        ]
        await asyncio.gather(*(self._run_scenario(each, target, name) for each in together))
        await control.delete_service(_path_of(name))

    async def _run_alone(self, control: Control, name: str) -> None:
        alone = [each for each in self._scenarios if each.exclusive and self._may_tell(each, name)]
        if alone:
            target = await self._service(control, name)
            for scenario in alone:
                await self._run_scenario(scenario, target, name)
            await control.delete_service(_path_of(name))

    def _meets(self, scenario: Scenario, name: str) -> bool:
        """Whether a defect is to meet a scenario."""
        switch = SWITCHES.get(name)
        if switch is None:
            return True
        if any(check.id in {switch.violates, *switch.also} for check in scenario.checks):
            return True
        if not self.brief:
            if switch.where == "relay":
                return scenario.suite == "relay"
            return name in self._touched[scenario.id]
        return switch.violates is None and self._telling[scenario.suite] == scenario.id

    def _may_tell(self, scenario: Scenario, name: str) -> bool:
        """Whether a measuring scenario is worth its seconds for this defect."""
        switch = SWITCHES.get(name)
        return switch is None or any(check.id == switch.violates for check in scenario.checks)

    def _is_late(self, outcome: ScenarioOutcome, name: str) -> bool:
        """Whether something is wrong that was not expected, because patience ran out."""
        switch = SWITCHES.get(name)
        expected = {switch.violates, *switch.also} if switch is not None else set()
        explained = any(e.check in expected and e.verdict in _RED for e in outcome.results)
        counts = _RED if explained else {*_RED, *_NOT_JUDGED}
        return any(
            each.check not in expected and each.verdict in counts and _LATE.search(each.reason)
            for each in outcome.results
        )

    async def _service(self, control: Control, name: str) -> Target:
        switch = SWITCHES.get(name)
        if switch is None:
            return await control.new_service(_path_of(name))
        if switch.violates:
            return await control.new_service(_path_of(name), defects=[name])
        target = await control.new_service(_path_of(name), behaviours=[name])
        return replace(target, patience_s=RUDE_PATIENCE_S)

    async def _run_scenario(self, scenario: Scenario, target: Target, name: str) -> None:
        async with self._slots:
            outcome = await run_scenario(scenario, target, lab=self._lab)
        if self._is_late(outcome, name):
            # A busy machine is no defect: once more, one after the other and with more patience.
            async with self._again:
                patient = replace(target, patience_s=RUDE_PATIENCE_S)
                outcome = await run_scenario(scenario, patient, lab=self._lab)
        row = self.rows[name]
        verdicts = {result.check: result.verdict for result in outcome.results}
        is_red = not {Verdict.FAIL, Verdict.WARN}.isdisjoint(verdicts.values())
        for result in outcome.results:
            if result.verdict not in {*_NOT_JUDGED, Verdict.ERROR}:
                row.judged.add(result.check)
            said = f"{result.scenario}: {result.verdict.value}: {result.reason}"
            if result.verdict in {Verdict.FAIL, Verdict.WARN}:
                row.red.setdefault(result.check, said)
            elif result.verdict in _NOT_JUDGED and is_red:
                row.not_reached.add(result.check)
            elif result.verdict in {*_NOT_JUDGED, Verdict.ERROR}:
                row.broken.setdefault(result.check, said)


_RED = {Verdict.FAIL, Verdict.WARN, Verdict.ERROR}
_NOT_JUDGED = {Verdict.UNTESTABLE, Verdict.NOT_APPLICABLE}
_LATE = re.compile(r"within \d|after \d+ s|took longer")


def _path_of(name: str) -> str:
    return "right" if name == RIGHT else name


_MATRIX = pytest.StashKey[Matrix]()


@pytest.fixture(scope="session")
def matrix(request: pytest.FixtureRequest) -> Iterator[Matrix]:
    """The matrix over all defects whose tests are selected; a brief one if ``RT_MATRIX=brief``."""
    selected = [switch.name for item in request.session.items if (switch := _switch_of(item))]
    brief = os.environ.get("RT_MATRIX") == "brief"
    made = request.config.stash[_MATRIX] = Matrix(selected, brief=brief)
    yield made
    if "RT_ARTIFACTS" in os.environ and not brief:
        folder = Path(os.environ["RT_ARTIFACTS"])
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "defect-matrix.md").write_text(_table(made), encoding="utf-8")


def _switch_of(item: pytest.Item) -> Switch | None:
    """Return the defect that a test of the matrix is about."""
    callspec = getattr(item, "callspec", None)
    switch = callspec.params.get("switch") if callspec is not None else None
    is_ours = isinstance(switch, Switch) and "matrix" in getattr(item, "fixturenames", ())
    return switch if is_ours else None


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if (made := config.stash.get(_MATRIX, None)) is not None and made.rows:
        terminalreporter.section("defects and the checks that see them")
        terminalreporter.write_line(_table(made))


def _table(made: Matrix) -> str:
    lines = ["| defect | red | not reached |", "|---|---|---|"]
    for name, row in made.rows.items():
        red = ", ".join(sorted(row.red)) or "-"
        lines.append(f"| {name} | {red} | {len(row.not_reached) or '-'} |")
    return "\n".join([*lines, ""])
