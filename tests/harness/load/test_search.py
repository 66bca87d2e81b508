from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest

from realtime_harness.cli.find_max import conclusion
from realtime_harness.load.book import Moment
from realtime_harness.load.health import Fitness, Health, examine
from realtime_harness.load.histogram import Histogram
from realtime_harness.load.operation import Tally
from realtime_harness.load.profile import built_in
from realtime_harness.load.purse import Bill
from realtime_harness.load.run import LoadPlan, LoadResult
from realtime_harness.load.search import Found, Search, find_most
from realtime_harness.load.slo import judge, parse
from realtime_harness.targets.target import Target


def tried(search: Search, holds: Callable[[int], bool]) -> list[int]:
    """Carry a search out; return what it tried."""
    numbers: list[int] = []
    while (sessions := search.next()) is not None:
        numbers.append(sessions)
        search.tell(sessions, held=holds(sessions))
        assert len(numbers) < 60
    return numbers


@pytest.mark.parametrize(
    ("first", "most", "edge", "numbers"),
    [
        (1, 100, 5, [1, 2, 4, 8, 6, 5, 5, 6]),
        (10, 100, 4, [10, 5, 2, 3, 4, 4, 5]),
        (10, 100, 0, [10, 5, 2, 1, 1]),
        (10, 100, 1, [10, 5, 2, 1, 1, 2]),
        (4, 16, 1000, [4, 8, 16, 16]),
        (4, 10, 1000, [4, 8, 10, 10]),
        (1, 1, 1, [1, 1]),
    ],
    ids=["up", "down", "none", "one", "all", "all-of-an-odd-number", "no-choice"],
)
def test_what_is_tried(first: int, most: int, edge: int, numbers: list[int]) -> None:
    search = Search(first, most)
    assert tried(search, lambda sessions: sessions <= edge) == numbers
    assert search.held == (min(edge, most) or None)


@pytest.mark.parametrize("edge", range(1, 61))
def test_the_edge_is_found_exactly(edge: int) -> None:
    search = Search(10, 1000)
    tried(search, lambda sessions: sessions <= edge)
    assert (search.held, search.missed) == (edge, edge + 1)
    assert search.tries(edge) == (2, 2)
    assert search.tries(edge + 1) == (0, 2)


@pytest.mark.parametrize("edge", [777, 4_321, 9_999])
def test_large_numbers_are_found_up_to_a_fiftieth(edge: int) -> None:
    search = Search(10, 10_000)
    assert len(tried(search, lambda sessions: sessions <= edge)) < 25
    assert search.held is not None
    assert edge * 0.97 <= search.held <= edge


@pytest.mark.parametrize(
    ("unlucky", "lucky"),
    [({8: 1}, {}), ({10: 1}, {}), ({20: 1}, {}), ({}, {21: 1}), ({}, {40: 1})],
    ids=["miss-on-the-way", "miss-at-first", "miss-at-the-edge", "luck-beyond-it", "luck-far-off"],
)
def test_one_step_that_lies_changes_nothing(unlucky: dict[int, int], lucky: dict[int, int]) -> None:
    """Of a service for twenty sessions, at which one step goes wrong, or unexpectedly well."""
    search = Search(10, 1000)

    def holds(sessions: int) -> bool:
        for lies, truth in ((unlucky, True), (lucky, False)):
            if lies.get(sessions, 0) and (sessions <= 20) is truth:
                lies[sessions] -= 1
                return not truth
        return sessions <= 20

    tried(search, holds)
    assert (search.held, search.missed) == (20, 21)


def test_nothing_is_known_before_anything_was_tried() -> None:
    search = Search(7, 100)
    assert (search.held, search.missed, search.next()) == (None, None, 7)
    assert search.tries(None) == (0, 0)


# The driver, with runs that are made up.


class Service:
    """Carries steps out by saying how they went, by the number of sessions."""

    def __init__(self, edge: int, *, void: frozenset[int] = frozenset(), usd: float = 0.0) -> None:
        self.edge = edge
        self.void = void
        self.usd = usd
        self.plans: list[LoadPlan] = []

    async def __call__(
        self, plan: LoadPlan, directory: Path, *, watch: Callable[[Moment], None]
    ) -> LoadResult:
        self.plans.append(plan)
        late = Histogram.of([50_000_000] if len(self.plans) in self.void else [1])
        tally = Tally()
        kind = "ok" if plan.sessions <= self.edge else "timeout"
        tally.outcomes["turn", kind] = 10
        health = [Health(wall_s=1.0, lateness=late)]
        finding = examine(health)
        folder = directory / "load"
        folder.mkdir(parents=True)
        (folder / "load.json").write_text(str(len(self.plans)))
        left_usd = plan.max_cost_usd
        return LoadResult(
            tally=tally,
            seconds=1.0,
            finding=finding,
            health=health,
            outcomes=judge(
                plan.objectives,
                tally,
                seconds=1.0,
                today=date(2026, 11, 21),
                void="late" if finding.fitness is Fitness.VOID else "",
            ),
            failures=[],
            spent=Bill(self.usd, 1, left_usd is not None and self.usd > left_usd / 2),
        )


async def find(directory: Path, service: Service, *, most: int = 100, **more: Any) -> Found:
    target = Target(name="t", base_url="http://127.0.0.1:1/v1", api_key="sk-t")
    plan = LoadPlan(
        target=target,
        profile=built_in()["text"],
        objectives=(parse("rate(ok) >= 100%"), parse("per_s(turn) >= 0")),
        **{"users": 10, **more},
    )
    return await find_most(plan, directory, step_s=5.0, most=most, run=service)


@pytest.mark.parametrize(
    ("service", "most", "answer"),
    [
        (Service(20), 100, (20, "rate(ok) >= 100%", 0)),
        (Service(0), 100, (None, "rate(ok) >= 100%", 5)),
        (Service(1000), 40, (40, "--max-users 40", 0)),
        (Service(20, void=frozenset({1, 2})), 100, (None, "the generator: ", 6)),
        (Service(20, void=frozenset({1, 3, 5})), 100, (20, "rate(ok) >= 100%", 0)),
        (Service(1000, void=frozenset({3, 4})), 100, (20, "the generator: ", 0)),
    ],
    ids=["found", "none", "all", "void-at-once", "void-now-and-then", "void-later"],
)
async def test_what_a_search_comes_to(
    tmp_path: Path, service: Service, most: int, answer: tuple[int | None, str, int]
) -> None:
    found = await find(tmp_path, service, most=most)
    assert (found.most, int(found.exit_code)) == (answer[0], answer[2])
    assert found.binds.startswith(answer[1])
    assert found.binds in conclusion(found)
    told = orjson.loads((tmp_path / "load/search.json").read_bytes())
    assert (told["most"], told["binds"]) == (found.most, found.binds)
    assert {plan.duration_s for plan in service.plans if plan.sessions == 10} == {5.0 + 0.6}
    # The run of the directory is the last one of the answer.
    shown = int((tmp_path / "load/load.json").read_text()) - 1
    assert service.plans[shown].sessions == found.most or found.most is None


async def test_a_search_ends_with_the_money(tmp_path: Path) -> None:
    service = Service(1000, usd=1.0)
    found = await find(tmp_path, service, max_cost_usd=3.5)
    assert [plan.max_cost_usd for plan in service.plans] == [3.5, 2.5, 1.5]
    assert (found.most, found.binds) == (20, "--max-cost 3.5")
    assert found.to_json()["cost"]["usd"] == 3.0


async def test_a_long_ramp_makes_for_a_long_step(tmp_path: Path) -> None:
    service = Service(2000)
    await find(tmp_path, service, users=1000, most=1000)
    assert service.plans[0].course.counted_from_s == service.plans[0].course.ramp_s
