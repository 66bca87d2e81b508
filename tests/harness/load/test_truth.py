"""Whether load runs tell the truth: what is reported against what the fake says it injected.

Real engines and a real fake, whose delays are programmed. Bounds are wide enough for a machine with
other work: reported may be later than injected by ``BUSY_MS``, and earlier never. How exact it is
when the machine is quiet says ``benchmarks/load_truth.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from itertools import count, pairwise
from math import sqrt
from pathlib import Path
from typing import Any

import pytest

from realtime_harness.clients.control import Control
from realtime_harness.load.book import Moment
from realtime_harness.load.health import Fitness
from realtime_harness.load.histogram import Histogram
from realtime_harness.load.operation import UNFINISHED
from realtime_harness.load.profile import Profile
from realtime_harness.load.run import LoadPlan, LoadResult, carry_out
from realtime_harness.load.slo import parse
from realtime_harness.targets.target import Target
from realtime_harness.verdicts import ExitCode

Make = Callable[..., Profile]

BUSY_MS = 60.0
TRIAL = 1
"""Turns that an engine takes before anything counts."""

_numbers = count()


@dataclass
class Service:
    """A service of the fake, and its control."""

    target: Target
    control: Control

    async def injected(self, event: str = "response.created") -> Injected:
        events = (await self.control.delays())["events"]
        return Injected(events.get(event, {"count": 0, "histogram": []}))


@dataclass
class Injected:
    """What a fake says it has held back of one type of event."""

    told: dict[str, Any]

    @property
    def count(self) -> int:
        return self.told["count"]

    def percentile_ms(self, percent: int) -> float:
        return self.told[f"p{percent}_ms"]

    def above(self, limit_ms: float) -> int:
        return sum(count for ms, count in self.told["histogram"] if ms >= limit_ms)


@pytest.fixture
async def make(fake: Target) -> AsyncIterator[Callable[..., Awaitable[Service]]]:
    """Adds services to the fake, each with faults of its own."""
    made: list[Control] = []
    async with Control(fake) as adding:

        async def add(*faults: str) -> Service:
            target = await adding.new_service(f"truth-{next(_numbers)}", faults=faults)
            made.append(Control(target))
            return Service(target, made[-1])

        yield add
        for control in made:
            await control.close()


def plan(service: Service, profile: Profile, **more: object) -> LoadPlan:
    return LoadPlan(target=service.target, profile=profile, **{"spawn_rate": 100.0, **more})


async def carried_out(
    asked: LoadPlan, folder: Path, *, at_steady: Callable[[], Awaitable[object]] | None = None
) -> tuple[LoadResult, list[Moment]]:
    """Carry out a run, and do something when a second of its steady state has passed."""
    moments: list[Moment] = []
    steady = asyncio.Event()

    def watch(moment: Moment) -> None:
        moments.append(moment)
        if moment.phase == "steady":
            steady.set()

    async def meanwhile() -> None:
        if at_steady is not None:
            await steady.wait()
            await at_steady()

    async with asyncio.timeout(40):
        result, _ = await asyncio.gather(carry_out(asked, folder, watch=watch), meanwhile())
    return result, moments


def succeeded(result: LoadResult) -> int:
    assert list(result.tally.failures()) == []
    return result.tally.count("turn", ok=True)


def reported(result: LoadResult, clock: str = "service") -> Histogram:
    return result.tally.histogram("ttft_ms", clock=clock)


def above(histogram: Histogram, limit_ms: float) -> int:
    return sum(count for ms, count in histogram.values_ms() if ms >= limit_ms)


def agree(result: LoadResult, injected: Injected, *percents: int) -> None:
    """See that percentiles are those of what was injected: never earlier, and hardly later."""
    for percent in percents:
        said, true = reported(result).percentile_ms(percent), injected.percentile_ms(percent)
        # A bucket, and the turn that the trial session took.
        assert said >= true * 0.999, percent
        if result.finding.fitness is not Fitness.VOID:
            assert said <= true + BUSY_MS, percent


async def test_a_constant_delay(make: Any, profile: Make, tmp_path: Path) -> None:
    service = await make("delay:50ms")
    asked = plan(service, profile(), users=6, arrival_rate=40.0, duration_s=1.5)
    result, _ = await carried_out(asked, tmp_path)
    injected = await service.injected()
    assert injected.count == succeeded(result) + TRIAL
    agree(result, injected, 50, 95)
    assert result.requested == 60


async def test_a_delay_before_a_long_answer(make: Any, profile: Make, tmp_path: Path) -> None:
    """When a turn was sent is known although its events are more than what a session keeps."""
    service = await make("delay:80ms,on=response.created")
    long = profile(parameters={"text": "Tell me all of it again. " * 20})
    asked = plan(service, long, users=3, arrival_rate=15.0, duration_s=1.0)
    result, _ = await carried_out(asked, tmp_path)
    injected = await service.injected()
    assert injected.count == succeeded(result) + TRIAL
    agree(result, injected, 50)


async def test_two_modes_keep_their_places_and_their_shares(
    make: Any, profile: Make, tmp_path: Path
) -> None:
    share, between_ms = 0.2, 225.0
    service = await make("delay:50ms@80%+400ms@20%,on=response.created,seed=7")
    asked = plan(service, profile(), users=16, arrival_rate=60.0, duration_s=2.5)
    result, _ = await carried_out(asked, tmp_path)
    injected = await service.injected()
    turns = succeeded(result)
    assert injected.count == turns + TRIAL
    # The percentiles are on the right modes, and so is each single turn.
    agree(result, injected, 50, 95)
    assert (injected.percentile_ms(50), injected.percentile_ms(95)) == (50.0, 400.0)
    slow = above(reported(result), between_ms)
    assert injected.above(between_ms) - TRIAL <= slow
    if result.finding.fitness is not Fitness.VOID:
        assert slow <= injected.above(between_ms)
    # Five standard deviations of a draw.
    assert abs(injected.above(between_ms) / turns - share) < 5 * sqrt(share * (1 - share) / turns)


async def test_a_stall_of_the_whole_service_hides_behind_nothing(
    make: Any, profile: Make, tmp_path: Path
) -> None:
    """No coordinated omission: who was due while the service stood still was waiting, too.

    Two runs see the same stall. That which asks at its rate whatever happens has as many slow
    responses as were due meanwhile. The naive one, whose sessions go on when they were answered,
    has one for each session, and nothing of it can be seen in its percentiles.
    """
    stall_s, slow_s, sessions, rate = 2.0, 0.5, 3, 30.0
    service = await make()
    common = {"users": sessions, "duration_s": 4.5}
    honest = plan(service, profile(), arrival_rate=rate, **common)
    naive = plan(service, profile(think_s=sessions / rate), **common)
    (result, _), (naive_result, _) = await asyncio.gather(
        carried_out(
            honest,
            tmp_path / "honest",
            at_steady=lambda: service.control.switches(faults=[f"freeze:{stall_s:g}s"]),
        ),
        carried_out(naive, tmp_path / "naive"),
    )
    injected, slow_ms = await service.injected(), 1000 * slow_s
    # What was due at the very end may not have been sent.
    assert succeeded(result) >= 0.9 * (result.requested or 0) == 0.9 * rate * 4.5

    # What was due in all of the stall but its last half second is slow: no fewer by any excuse.
    due_meanwhile = rate * (stall_s - slow_s)
    slow = above(reported(result, "response"), slow_ms)
    assert slow >= due_meanwhile - sessions
    # By service time there is one for each session, which the fake says as well; of both runs.
    held = injected.above(slow_ms)
    assert held <= 2 * sessions
    both = above(reported(result), slow_ms) + above(reported(naive_result), slow_ms)
    assert both >= held
    if Fitness.VOID not in (result.finding.fitness, naive_result.finding.fitness):
        assert slow <= due_meanwhile + rate * slow_s + sessions
        assert both == held
        assert above(reported(naive_result, "response"), slow_ms) <= sessions
        # The same service, the same stall.
        assert reported(result, "response").percentile_ms(90) >= 2 * slow_ms
        assert reported(naive_result, "response").percentile_ms(90) < slow_ms


async def test_a_slow_ramp_is_followed(make: Any, profile: Make, tmp_path: Path) -> None:
    begin_ms, end_ms, over_s = 20.0, 320.0, 4.0
    fault = f"delay:{begin_ms:g}ms..{end_ms:g}ms,over={over_s:g}s,on=response.created"
    service = await make()
    asked = plan(service, profile(), users=20, arrival_rate=40.0, duration_s=1.5 + over_s)
    result, moments = await carried_out(
        asked, tmp_path, at_steady=lambda: service.control.switches(faults=[fault])
    )
    injected = await service.injected()
    assert injected.count <= succeeded(result)
    # A point for each second that was wholly within the ramp.
    points = [
        (moment.t_s, moment.last.histogram("ttft_ms", clock="service").percentile_ms(50))
        for moment in moments
        if moment.phase == "steady"
    ][1 : int(over_s)]
    assert len(points) == int(over_s) - 1
    assert all(before < after for (_, before), (_, after) in pairwise(points))
    if result.finding.fitness is not Fitness.VOID:
        (first_s, first_ms), (last_s, last_ms) = points[0], points[-1]
        slope = (last_ms - first_ms) / (last_s - first_s)
        assert slope == pytest.approx((end_ms - begin_ms) / over_s, rel=0.35)
        assert reported(result).max_ms <= end_ms + BUSY_MS
    assert reported(result).max_ms >= injected.told["max_ms"] * 0.999


async def test_a_slow_service_is_asked_all_the_same(
    make: Any, profile: Make, tmp_path: Path
) -> None:
    """What was requested and what was achieved differ, and the generator is not to blame."""
    service = await make("delay:200ms,on=response.created")
    asked = plan(service, profile(), users=2, arrival_rate=30.0, duration_s=1.5)
    result, _ = await carried_out(asked, tmp_path)
    injected, turns = await service.injected(), succeeded(result)
    assert result.requested == 45
    # Two sessions, five turns a second each; for 1.5 s, and 2 s in which it winds up.
    assert turns <= 2 * 5 * 3.5 + 2
    agree(result, injected, 50)
    # Of the last turn that was sent the response time says how far behind it is by now.
    assert reported(result, "response").max_ms >= 3 * injected.percentile_ms(50)
    lateness = result.tally.histogram("lateness_ms")
    assert lateness.percentile_ms(50) < injected.percentile_ms(50) / 2


async def test_one_session_may_be_slow_alone(make: Any, profile: Make, tmp_path: Path) -> None:
    service = await make()

    async def slow_down() -> None:
        one, *_ = (await service.control.state())["sessions"]
        await service.control.session_switches(one["id"], faults=["delay:300ms"])

    asked = plan(service, profile(), users=4, arrival_rate=20.0, duration_s=3.0)
    result, _ = await carried_out(asked, tmp_path, at_steady=slow_down)
    injected, turns = await service.injected(), succeeded(result)
    slow = above(reported(result), 299.0)
    assert 0 < injected.count <= slow + result.tally.outcomes["turn", UNFINISHED]
    if result.finding.fitness is not Fitness.VOID:
        assert slow <= injected.count
        # A quarter of what was due behind the first second, as far as it gets with that.
        assert slow <= 0.25 * turns


async def test_a_generator_that_burns_its_cpu_is_void(
    make: Any, profile: Make, tmp_path: Path, importable: Path
) -> None:
    """A sick generator must not pass as a slow service: the fake says that it was not."""
    service = await make("delay:20ms,on=response.created")
    # A journey of the user's that computes, in the engine's only thread.
    (importable / "burning_journey.py").write_text(
        "from time import thread_time\n"
        "from realtime_harness.load.sessions.text import Text\n\n"
        "class Burning(Text):\n"
        "    async def act(self, operation):\n"
        "        until = thread_time() + 0.03\n"
        "        while thread_time() < until:\n"
        "            pass\n"
        "        await super().act(operation)\n"
    )
    asked = plan(
        service,
        profile(journey="burning_journey:Burning", think_s=0.0),
        users=12,
        duration_s=2.0,
        objectives=(parse("p50(ttft_ms) < 25"), parse("rate(ok) >= 0%")),
    )
    result, _ = await carried_out(asked, tmp_path / "run")
    injected = await service.injected()
    assert injected.percentile_ms(99) == 20.0
    # It reports what nobody has injected, and says itself that this is worth nothing.
    assert reported(result).percentile_ms(50) > 2 * injected.percentile_ms(50)
    assert result.finding.fitness is Fitness.VOID
    assert any("sent late" in reason for reason in result.finding.reasons)
    assert {outcome.state.value for outcome in result.outcomes} == {"void"}
    assert result.exit_code is ExitCode.LOAD_VOID
