from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest

from realtime_harness.clients.control import Control
from realtime_harness.lab import Lab
from realtime_harness.load import run as load_run
from realtime_harness.load.book import Moment
from realtime_harness.load.canary import canaries_of, canary_plan
from realtime_harness.load.engine import Plan
from realtime_harness.load.fleet import EngineProcess, fleet
from realtime_harness.load.operation import Tally
from realtime_harness.load.profile import Profile
from realtime_harness.load.run import LoadPlan, carry_out
from realtime_harness.targets.target import Target

Make = Callable[..., Profile]


@pytest.mark.parametrize(
    ("journey", "sessions", "canaries"),
    [
        ("text", 10, 1),
        ("webrtc-voice", 600, 1),
        ("text", 9, 0),
        ("idle", 1000, 0),
        ("mine:Journey", 100, 0),
    ],
)
def test_how_many_there_are_unless_somebody_says(
    journey: str, sessions: int, canaries: int
) -> None:
    assert canaries_of(journey, sessions) == canaries


def test_full_sessions_are_no_load_of_their_own(fake: Target, profile: Make) -> None:
    plan = Plan(
        target=fake,
        profile=profile(think_s=0.0),
        duration_s=5,
        arrival_rate=500.0,
        sessions=100,
        share=1,
        shares=4,
        allowance_usd=1.0,
    )
    apart = canary_plan(plan, 2)
    assert (apart.media, apart.sessions, apart.share, apart.shares) == ("full", 2, 0, 1)
    assert (apart.arrival_rate, apart.profile.think_s) == (None, 1.0)
    assert apart.allowance_usd == pytest.approx(1.0 * 4 * 2 / 100)
    assert Plan.from_json(apart.to_json()) == apart


@pytest.mark.parametrize("name", ["text", "voice", "webrtc-voice", "sideband"])
async def test_full_sessions_measure_what_lite_ones_do(
    name: str, fake: Target, profile: Make, lab: Lab, tmp_path: Path
) -> None:
    from realtime_harness.load.sessions import journey_class

    chosen = profile(name, think_s=0.2)
    journey = journey_class(chosen.journey)
    target = await journey.prepare(fake, lab)
    plan = LoadPlan(
        target=target, profile=chosen, users=1, spawn_rate=50.0, duration_s=2.5, canary=1
    )
    result = await carry_out(plan, tmp_path)
    canary = result.canary
    assert canary is not None
    assert (canary.fault, canary.failures) == ("", [])
    assert canary.tally.count(journey.operation, ok=True) > 0
    # What a light socket notes on its way a stock one cannot tell.
    only_lite = {"tcp_ms", "upgrade_ms", "created_ms"} if "rtc" not in name else set()
    slow = {"loss_percent", "jitter_ms", "rtt_ms"}
    lite, full = set(result.tally.metrics()), set(canary.tally.metrics())
    assert lite - only_lite - slow == full - slow - only_lite
    whole = orjson.loads((tmp_path / "load/load.json").read_bytes())["canary"]
    assert whole["sessions"] == 1
    assert Tally.from_json(whole).outcomes == canary.tally.outcomes
    assert whole["health"]["wall_s"] > 0


async def test_a_delay_is_the_same_for_both(fake: Target, profile: Make, tmp_path: Path) -> None:
    delay_ms = 200
    async with Control(fake) as control:
        service = await control.new_service("canary-delay")
    async with Control(service) as control:
        await control.script([{"delay": f"{delay_ms}ms"}])
    plan = LoadPlan(target=service, profile=profile(think_s=0.2), users=2, duration_s=4.5, canary=1)
    result = await carry_out(plan, tmp_path)
    assert result.canary is not None
    lite, full = (
        tally.histogram("ttft_ms", clock="service").percentile_ms(50)
        for tally in (result.tally, result.canary.tally)
    )
    assert delay_ms <= lite < 1.5 * delay_ms
    assert delay_ms <= full < 1.5 * delay_ms


async def test_an_engine_that_stands_still_does_not_move_the_canary(
    fake: Target, profile: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is another process: lite sessions tell of a service that was slow, full ones do not."""
    stall_s = 0.6
    pids: list[int] = []

    @asynccontextmanager
    async def noted(plans: Sequence[Plan]) -> AsyncIterator[list[EngineProcess]]:
        async with fleet(plans) as engines:
            pids.extend(each.pid for each in engines)
            yield engines

    monkeypatch.setattr(load_run, "fleet", noted)
    begun = asyncio.Event()

    def watch(moment: Moment) -> None:
        if moment.phase == "steady":
            begun.set()

    async def stall() -> None:
        await begun.wait()
        os.kill(pids[0], signal.SIGSTOP)
        try:
            await asyncio.sleep(stall_s)
        finally:
            os.kill(pids[0], signal.SIGCONT)

    plan = LoadPlan(
        target=fake,
        profile=profile(think_s=0.05),
        users=4,
        duration_s=3.5,
        canary=1,
    )
    result, _ = await asyncio.gather(carry_out(plan, tmp_path, watch=watch), stall())
    assert result.canary is not None
    lite_ms = result.health[0].lateness.max_ms
    full_ms = result.canary.health.lateness.max_ms
    assert lite_ms > 500 * stall_s
    assert full_ms < lite_ms
