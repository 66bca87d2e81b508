from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from realtime_harness.errors import UsageError
from realtime_harness.lab import Lab
from realtime_harness.load.book import Moment
from realtime_harness.load.health import Fitness
from realtime_harness.load.operation import Tally
from realtime_harness.load.profile import Profile, built_in, find
from realtime_harness.load.run import LoadPlan, LoadResult, carry_out
from realtime_harness.load.sessions import journey_class
from realtime_harness.load.slo import parse
from realtime_harness.targets.target import Target
from realtime_harness.verdicts import ExitCode

Make = Callable[..., Profile]


def plan(target: Target, profile: Profile, **more: object) -> LoadPlan:
    return LoadPlan(target=target, profile=profile, **{"users": 3, "duration_s": 2.0, **more})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"base_url": "https://api.example.com/v1"}, "--i-own-this-endpoint if it is yours"),
        ({"users": 20_000}, "20000 sessions are more than 10000"),
        ({"users": 6_000, "shape": "stress"}, "12000 sessions are more"),
        ({"processes": 4}, "--processes 4: there are only 3 sessions"),
    ],
    ids=["elsewhere", "many", "many-at-the-peak", "few"],
)
def test_what_may_not_be_done(changes: dict, said: str) -> None:
    target = Target(name="t", base_url="http://127.0.0.1:1/v1", api_key="sk-t")
    if "base_url" in changes:
        target = replace(target, base_url=changes.pop("base_url"))
    asked = plan(target, built_in()["text"], **changes)
    with pytest.raises(UsageError, match=said):
        asked.look()
    if "processes" not in changes:
        # In several processes, so that there is room for their sockets.
        replace(asked, is_own=True, processes=3).look()


async def test_a_run_is_measured_judged_and_written_down(
    fake: Target, profile: Make, tmp_path: Path
) -> None:
    moments: list[Moment] = []
    asked = plan(
        fake,
        profile(think_s=0.05),
        processes=2,
        objectives=(parse("p99(ttft_ms) < 60000"), parse("count(turn) > 100000")),
    )
    result = await carry_out(asked, tmp_path, watch=moments.append)
    states = [outcome.state.value for outcome in result.outcomes]
    # The machine may be too busy for a generator that is fit.
    is_void = result.finding.fitness is Fitness.VOID
    assert states == (["void"] * 2 if is_void else ["pass", "fail"])
    assert result.exit_code == (ExitCode.LOAD_VOID if is_void else ExitCode.SLO_MISSED)
    assert max(moment.sessions for moment in moments) == 3
    assert result.tally.count("turn", ok=True) > 3

    journal = (tmp_path / "load/intervals.jsonl").read_bytes()
    lines = [orjson.loads(line) for line in journal.splitlines()]
    pooled = Tally()
    for line in lines:
        pooled.merge(Tally.from_json(line))
    whole = orjson.loads((tmp_path / "load/load.json").read_bytes())
    assert len(lines) == len(moments)
    assert pooled.count("turn", ok=True) >= Tally.from_json(whole).count("turn", ok=True)
    assert whole["exit_code"] == result.exit_code
    assert fake.api_key not in (tmp_path / "load/load.json").read_text()
    assert [each["state"] for each in whole["objectives"]] == states


async def test_a_stall_is_in_response_time_and_not_in_service_time(
    profile: Make, tmp_path: Path
) -> None:
    """No coordinated omission: what was due while the service stood still was waiting, too."""
    sessions, rate, stall_s = 4, 80.0, 0.6
    with Lab() as lab:
        target = lab.fake()
        pid = lab._processes[0].ready["pid"]

        begun = asyncio.Event()

        def watch(moment: Moment) -> None:
            if moment.phase == "steady":
                begun.set()

        async def stall() -> None:
            await begun.wait()
            os.kill(pid, signal.SIGSTOP)
            try:
                await asyncio.sleep(stall_s)
            finally:
                os.kill(pid, signal.SIGCONT)

        asked = plan(target, profile(), users=sessions, arrival_rate=rate, duration_s=3.0)
        result, _ = await asyncio.gather(carry_out(asked, tmp_path, watch=watch), stall())
    turns = result.tally.count("turn", ok=True)
    assert result.requested == rate * 3.0
    assert turns >= 0.9 * result.requested
    slow = {
        clock: round(
            turns
            * (1 - result.tally.histogram("turn_ms", clock=clock).share_below(1000 * stall_s / 3))
        )
        for clock in ("response", "service")
    }
    # Each session has one turn under way meanwhile, and those behind it wait to be sent.
    assert slow["service"] <= 2 * sessions
    assert slow["response"] >= 5 * sessions
    assert slow["response"] >= rate * stall_s / 3


NAMES = [name for name in built_in() if name != "text"]


@pytest.fixture(scope="module")
def of_profiles(
    lab: Lab, fake: Target, at_once: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What a short run of each profile came to."""

    async def run(name: str) -> LoadResult:
        chosen = replace(find(name), think_s=0.1)
        target = await journey_class(chosen.journey).prepare(fake, lab)
        asked = plan(target, chosen, users=2, spawn_rate=20, duration_s=1.0)
        return await carry_out(asked, tmp_path_factory.mktemp(name))

    return dict(at_once({name: partial(run, name) for name in NAMES}))


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_has_something_to_say(name: str, of_profiles: dict[str, Any]) -> None:
    result = of_profiles[name]
    assert isinstance(result, LoadResult), result
    journey = journey_class(find(name).journey)
    assert list(result.tally.failures()) == []
    if journey.drains:
        assert result.tally.count(journey.operation, ok=True) > 0
    if journey.drains and name != "churn":
        assert result.tally.histogram(result.tally.metrics()[-1]).count > 0
