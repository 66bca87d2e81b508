"""What shapes and microphones are for, seen with a real engine and a real fake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from realtime_harness.clients.control import Control
from realtime_harness.load.book import Moment
from realtime_harness.load.health import Fitness
from realtime_harness.load.profile import Profile
from realtime_harness.load.run import LoadPlan, LoadResult, carry_out
from realtime_harness.targets.target import Target

Make = Callable[..., Profile]

_numbers = count()


@pytest.fixture
async def world(fake: Target) -> AsyncIterator[Callable[..., Awaitable[Target]]]:
    """Adds services to the fake."""
    async with Control(fake) as control:

        async def add(**switches: Any) -> Target:
            return await control.new_service(f"shapes-{next(_numbers)}", **switches)

        yield add


async def carried_out(asked: LoadPlan, folder: Path) -> tuple[LoadResult, list[Moment]]:
    moments: list[Moment] = []
    async with asyncio.timeout(40):
        return await carry_out(asked, folder, watch=moments.append), moments


async def test_past_the_cap_too_much_is_refused_and_those_inside_are_left_alone(
    world: Any, profile: Make, tmp_path: Path
) -> None:
    """There is room for two; a third one comes when the load is half as much again."""
    target = await world(behaviours=["full-house"])
    asked = LoadPlan(
        target=target,
        profile=profile(think_s=0.05),
        users=2,
        shape="past-the-cap",
        duration_s=4.0,
    )
    result, moments = await carried_out(asked, tmp_path)
    (refused,) = result.tally.failures()
    assert refused[:2] == ("connect", "rate-limited")
    # It stays away for the two seconds that it was told to.
    assert refused[2] in (1, 2)
    assert result.tally.count("connect", ok=True) == 2
    assert result.tally.count("turn", ok=False) == 0
    assert max(moment.sessions for moment in moments) == 2
    assert max(moment.wanted for moment in moments) == 3
    # Refusals have no duration, so they cannot pass as fast connections.
    assert result.tally.histogram("connect_ms", clock="service").count == 2


async def test_recovery_is_as_before(world: Any, profile: Make, tmp_path: Path) -> None:
    target = await world(faults=["delay:150ms,on=response.created"])
    asked = LoadPlan(
        target=target,
        profile=profile(think_s=0.05),
        users=3,
        spawn_rate=100.0,
        shape="recovery",
        duration_s=6.0,
    )
    result, moments = await carried_out(asked, tmp_path)
    assert list(result.tally.failures()) == []
    # Of each third its second second: a turn and a thought take a fifth of one.
    before, amid, after = (
        next(moment.last.count("turn", ok=True) for moment in moments if moment.t_s >= end_s - 0.1)
        for end_s in (2, 4, 6)
    )
    assert max(moment.sessions for moment in moments) == 6
    if result.finding.fitness is not Fitness.VOID:
        assert amid >= 1.4 * before
        assert after <= 1.4 * before
        assert after >= before / 1.4


async def test_microphones_tell_when_the_generator_is_late(
    fake: Target, profile: Make, tmp_path: Path, importable: Path
) -> None:
    """They never pause, so a generator that is held up between two turns is seen as well."""
    blocked_s = 0.4
    (importable / "blocking_journey.py").write_text(
        "import time\n"
        "from realtime_harness.load.sessions.voice import Voice\n\n"
        "class Blocking(Voice):\n"
        "    async def act(self, operation):\n"
        "        await super().act(operation)\n"
        f"        time.sleep({blocked_s})\n"
    )
    asked = LoadPlan(
        target=fake,
        profile=profile("voice", journey="blocking_journey:Blocking", think_s=0.2),
        users=4,
        duration_s=4.0,
    )
    result, _ = await carried_out(asked, tmp_path / "run")
    turns, lateness = result.tally.count("turn", ok=True), result.finding.lateness_p99_ms
    assert turns > 0
    # Ten pieces of sound a second from each, in slots of their own; they outnumber the turns.
    slots = result.tally.histogram("lateness_ms").count
    assert slots >= 3 * turns
    assert result.finding.fitness is Fitness.VOID
    assert lateness >= 1000 * blocked_s / 4
