"""What a run costs, what it is refused, when it ends early, and what it ends with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest

from realtime_harness.clients.control import Control
from realtime_harness.errors import UsageError
from realtime_harness.load.profile import Profile
from realtime_harness.load.run import LoadPlan, carry_out
from realtime_harness.load.search import Step, find_most
from realtime_harness.load.slo import parse
from realtime_harness.targets.target import Target
from realtime_harness.verdicts import ExitCode

Make = Callable[..., Profile]
World = Callable[..., Any]

FAILURE = {
    "type": "rate_limit_exceeded",
    "code": "rate_limit_exceeded",
    "message": "Rate limit reached. Please try again in 600ms.",
}


@pytest.fixture
async def world(fake: Target) -> World:
    """Makes a service of its own in the fake that all tests share."""

    async def make(name: str, script: Any = None, **switches: Any) -> Target:
        async with Control(fake) as control:
            with suppress(Exception):
                await control.delete_service(name)
            target = await control.new_service(name, **switches)
        if script is not None:
            async with Control(target) as control:
                await control.script(script)
        return target

    return make


def plan(target: Target, profile: Profile, *objectives: str, **more: Any) -> LoadPlan:
    values = {"users": 2, "duration_s": 1.5, "objectives": tuple(map(parse, objectives)), **more}
    return LoadPlan(target=target, profile=profile, **values)


def written(directory: Path) -> dict[str, Any]:
    return orjson.loads((directory / "load/load.json").read_bytes())


# Rate limits.


@pytest.mark.parametrize(
    ("name", "profile_name", "operation", "switches"),
    [
        ("full-socket", "text", "connect", {"behaviours": ["full-house"]}),
        ("full-call", "webrtc-text", "connect", {"behaviours": ["full-house"]}),
        ("failed", "text", "turn", {"script": [{"fail": FAILURE}]}),
        ("error", "text", "turn", {"script": [{"error": FAILURE}]}),
    ],
    ids=["429-of-a-socket", "429-of-a-call", "failed-response", "error-event"],
)
async def test_a_rate_limit_is_a_class_of_its_own_and_heeded(
    world: World,
    profile: Make,
    tmp_path: Path,
    name: str,
    profile_name: str,
    operation: str,
    switches: dict,
) -> None:
    target = await world(name, **switches)
    chosen = profile(profile_name, think_s=0.02, spawn_rate=100)
    # One more than there is room for, where that is what is refused.
    users = 3 if operation == "connect" else 1
    result = await carry_out(plan(target, chosen, users=users, duration_s=1.0), tmp_path)
    refused = {(name, kind): count for name, kind, count in result.tally.failures()}
    assert list(refused) == [(operation, "rate-limited")]
    # Told to stay away for 2 s, or 0.6 s: that is once, or twice in a second.
    assert refused[operation, "rate-limited"] <= 2
    assert result.tally.histogram("turn_ms", clock="response").count == result.tally.count(
        "turn", ok=True
    )


async def test_what_is_due_while_a_session_stays_away_is_no_latency(
    world: World, profile: Make, tmp_path: Path
) -> None:
    """The second turn of each session is refused, and it comes back 600 ms later."""
    target = await world("away", [{"when": {"turn": 2}, "fail": FAILURE}])
    result = await carry_out(
        plan(target, profile(), users=2, arrival_rate=40.0, duration_s=2.0), tmp_path
    )
    tally = result.tally
    # Of the very last one the end may come first.
    assert result.requested == 80
    assert tally.count("turn") >= 78
    assert tally.outcomes["turn", "rate-limited"] >= 24
    assert tally.histogram("turn_ms", clock="response").max_ms < 550


# Costs.


async def test_a_run_ends_before_it_costs_too_much(
    fake: Target, profile: Make, tmp_path: Path
) -> None:
    limit_usd = 0.05
    asked = plan(
        fake, profile(think_s=0.02), users=6, duration_s=60.0, processes=2, max_cost_usd=limit_usd
    )
    async with asyncio.timeout(20):
        result = await carry_out(asked, tmp_path)
    cost = written(tmp_path)["cost"]
    assert limit_usd / 2 < cost["usd"] <= limit_usd
    assert cost["limit_usd"] == limit_usd
    assert cost["charges"] > 10
    assert "to stay below --max-cost" in result.aborted


async def test_what_may_cost_nothing_is_not_begun(
    fake: Target, profile: Make, tmp_path: Path
) -> None:
    asked = plan(fake, profile(), "rate(ok{operation=turn}) > 0", duration_s=60.0, max_cost_usd=0.0)
    async with asyncio.timeout(20):
        result = await carry_out(asked, tmp_path)
    assert written(tmp_path)["cost"]["charges"] == 0
    assert result.tally.count("turn") == 0
    assert result.outcomes[0].reason == "nothing was counted of ok"


# What ends a run, and what it is worth.


async def test_what_is_good_is_counted_where_it_is_measured(
    fake: Target, profile: Make, tmp_path: Path
) -> None:
    asked = plan(
        fake,
        profile(think_s=0.05),
        "p95(ttft_ms) < 60000",
        "p95(turn_ms{position=1}) < 0.001",
        "rate(good) > 10%",
        "rate(good_sessions) > 0%",
    )
    result = await carry_out(asked, tmp_path)
    told = written(tmp_path)["goodput"]
    assert told["limits"] == ["p95(ttft_ms) < 60000", "p95(turn_ms{position=1}) < 0.001"]
    # The first turn of each session is not, if it counts, and so no session is.
    assert told["of"] - 2 <= told["good"] <= told["of"] == result.tally.count("turn")
    assert (told["good_sessions"], told["sessions"]) == (0, 2)
    assert result.outcomes[2].value == pytest.approx(told["good"] / told["of"])
    assert result.outcomes[3].value == 0


async def test_a_waiver_holds_until_its_day(fake: Target, profile: Make, tmp_path: Path) -> None:
    missed = replace(parse("rate(failed) > 50%"), waived="the gateway is replaced")
    objectives = tuple(replace(missed, until=date(year, 1, 1)) for year in (9999, 2026))
    asked = plan(fake, profile(think_s=0.05), duration_s=1.0)
    result = await carry_out(replace(asked, objectives=objectives), tmp_path)
    waived, over = written(tmp_path)["objectives"]
    assert (waived["waived"], waived["until"]) == ("the gateway is replaced", "9999-01-01")
    if result.exit_code is not ExitCode.LOAD_VOID:
        assert (waived["state"], over["state"]) == ("waived", "fail")
        assert result.exit_code is ExitCode.SLO_MISSED


async def test_a_missed_objective_ends_the_run_after_its_delay(
    fake: Target, profile: Make, tmp_path: Path
) -> None:
    objective = replace(parse("rate(failed) > 50%"), abort_after_s=1.0)
    moments: list[float] = []
    async with asyncio.timeout(20):
        result = await carry_out(
            replace(plan(fake, profile(think_s=0.05), duration_s=60.0), objectives=(objective,)),
            tmp_path,
            watch=lambda moment: moments.append(moment.seconds),
        )
    assert "rate(failed) > 50% was missed for" in result.aborted
    assert 1.0 <= max(moments) < 10.0


# The search.


async def test_the_largest_number_of_sessions_is_found(
    world: World, profile: Make, tmp_path: Path
) -> None:
    """There is room for two, and the third is refused."""
    target = await world("room-for-two", behaviours=["full-house"])
    steps: list[Step] = []
    found = await find_most(
        plan(target, profile(think_s=0.05), "rate(ok{operation=connect}) >= 100%", users=2),
        tmp_path,
        step_s=0.1,
        most=100,
        done=steps.append,
    )
    if found.obstacle:
        pytest.skip(f"the machine is too busy to measure: {found.obstacle}")
    # Steps of a machine that is busy are tried again.
    assert [step.sessions for step in steps if not step.is_void] == [2, 4, 3, 2, 3]
    assert (found.most, found.exit_code) == (2, ExitCode.OK)
    assert found.binds == "rate(ok{operation=connect}) >= 100%"
    told = orjson.loads((tmp_path / "load/search.json").read_bytes())
    assert (told["most"], told["binds"]) == (2, found.binds)
    assert told["edge"] == {
        "held": {"sessions": 2, "held": 2, "tries": 2},
        "missed": {"sessions": 3, "held": 0, "tries": 2},
    }
    assert len(told["steps"]) == len(steps)
    assert set(told["steps"][0]["percentiles"]["connect_ms"]) == {"p50", "p95", "p99"}
    assert written(tmp_path)["users"] == 2


async def test_a_search_elsewhere_has_to_be_meant(
    fake: Target, profile: Make, tmp_path: Path
) -> None:
    away = replace(fake, base_url="https://api.example.com/v1")
    for target, most, said in (
        (away, 4, r"api\.example\.com/v1 is not on this machine: say --i-own-this-endpoint"),
        (fake, 20_000, "20000 sessions are more than 10000: say --i-own-this-endpoint"),
    ):
        with pytest.raises(UsageError, match=said):
            await find_most(plan(target, profile()), tmp_path, step_s=1.0, most=most)
    assert not (tmp_path / "load").exists()
