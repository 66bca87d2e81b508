"""What a run costs, what it is refused, when it ends early, and what it ends with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from realtime_harness.clients.control import Control
from realtime_harness.errors import UsageError
from realtime_harness.load.profile import Profile, find
from realtime_harness.load.run import LoadPlan, LoadResult, carry_out
from realtime_harness.load.search import Found, Step, find_most
from realtime_harness.load.slo import parse
from realtime_harness.targets.target import Target
from realtime_harness.verdicts import ExitCode

Done = Callable[[str], Any]

FAILURE = {
    "type": "rate_limit_exceeded",
    "code": "rate_limit_exceeded",
    "message": "Rate limit reached. Please try again in 600ms.",
}


Job = Callable[[Target, Path], Awaitable[Any]]
JOBS: dict[str, Job] = {}


def job(name: str) -> Callable[[Job], Job]:
    """Have a coroutine carried out together with all others."""

    def note(each: Job) -> Job:
        JOBS[name] = each
        return each

    return note


@pytest.fixture(scope="module")
def done(
    fake: Target, at_once: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Any]:
    """What a job came to, and its directory. All of them are carried out at the first question."""
    folders = {name: tmp_path_factory.mktemp(name) for name in JOBS}
    found = at_once({name: partial(each, fake, folders[name]) for name, each in JOBS.items()})

    def result_of(name: str) -> Any:
        if isinstance(found[name], BaseException):
            raise found[name]
        return found[name], folders[name]

    return result_of


async def service(fake: Target, name: str, script: Any = None, **switches: Any) -> Target:
    """Make a service of its own in the fake that all tests share."""
    async with Control(fake) as control:
        target = await control.new_service(name, **switches)
    if script is not None:
        async with Control(target) as control:
            await control.script(script)
    return target


def hasty(name: str = "text", **changes: Any) -> Profile:
    return replace(find(name), **{"think_s": 0.05, "spawn_rate": 100.0, **changes})


def plan(target: Target, profile: Profile, *objectives: str, **more: Any) -> LoadPlan:
    values = {"users": 2, "duration_s": 1.2, "objectives": tuple(map(parse, objectives)), **more}
    return LoadPlan(target=target, profile=profile, **values)


def written(directory: Path) -> dict[str, Any]:
    return orjson.loads((directory / "load/load.json").read_bytes())


# The search takes longest, so it comes first.


@job("search")
async def _search(fake: Target, folder: Path) -> tuple[Found, list[Step]]:
    target = await service(fake, "room-for-two", behaviours=["full-house"])
    steps: list[Step] = []
    asked = plan(target, hasty(), "rate(ok{operation=connect}) >= 100%", users=2)
    found = await find_most(asked, folder, step_s=0.1, most=100, done=steps.append)
    return found, steps


def test_the_largest_number_of_sessions_is_found(done: Done) -> None:
    """There is room for two, and the third is refused."""
    (found, steps), folder = done("search")
    if found.obstacle:
        pytest.skip(f"the machine is too busy to measure: {found.obstacle}")
    # Steps of a machine that is busy are tried again.
    assert [step.sessions for step in steps if not step.is_void] == [2, 4, 3, 2, 3]
    assert (found.most, found.exit_code) == (2, ExitCode.OK)
    assert found.binds == "rate(ok{operation=connect}) >= 100%"
    told = orjson.loads((folder / "load/search.json").read_bytes())
    assert (told["most"], told["binds"]) == (2, found.binds)
    assert told["edge"] == {
        "held": {"sessions": 2, "held": 2, "tries": 2},
        "missed": {"sessions": 3, "held": 0, "tries": 2},
    }
    assert len(told["steps"]) == len(steps)
    assert set(told["steps"][0]["percentiles"]["connect_ms"]) == {"p50", "p95", "p99"}
    assert written(folder)["users"] == 2


async def test_a_search_elsewhere_has_to_be_meant(fake: Target, tmp_path: Path) -> None:
    away = replace(fake, base_url="https://api.example.com/v1")
    for target, most, said in (
        (away, 4, r"api\.example\.com/v1 is not on this machine: say --i-own-this-endpoint"),
        (fake, 20_000, r"\d+ sessions are more than 10000: say --i-own-this-endpoint"),
    ):
        with pytest.raises(UsageError, match=said):
            await find_most(plan(target, hasty()), tmp_path, step_s=1.0, most=most)
    assert not (tmp_path / "load").exists()


# Rate limits.

REFUSALS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "429-of-a-socket": ("text", "connect", {"behaviours": ["full-house"]}),
    "429-of-a-call": ("webrtc-text", "connect", {"behaviours": ["full-house"]}),
    "failed-response": ("text", "turn", {"script": [{"fail": FAILURE}]}),
    "error-event": ("text", "turn", {"script": [{"error": FAILURE}]}),
}


async def _refused(name: str, fake: Target, folder: Path) -> LoadResult:
    profile, operation, switches = REFUSALS[name]
    target = await service(fake, name, **switches)
    # One more than there is room for, where that is what is refused.
    users = 3 if operation == "connect" else 1
    return await carry_out(plan(target, hasty(profile), users=users, duration_s=1.0), folder)


for _name in REFUSALS:
    job(_name)(partial(_refused, _name))


@pytest.mark.parametrize("name", REFUSALS)
def test_a_rate_limit_is_a_class_of_its_own_and_heeded(name: str, done: Done) -> None:
    result, _ = done(name)
    operation = REFUSALS[name][1]
    refused = {(of, kind): count for of, kind, count in result.tally.failures()}
    assert list(refused) == [(operation, "rate-limited")]
    # Told to stay away for 2 s, or 0.6 s: that is once, or twice in a second.
    assert refused[operation, "rate-limited"] <= 2
    durations = result.tally.histogram("turn_ms", clock="response").count
    assert durations == result.tally.count("turn", ok=True)


@job("away")
async def _away(fake: Target, folder: Path) -> LoadResult:
    target = await service(fake, "away", [{"when": {"turn": 2}, "fail": FAILURE}])
    return await carry_out(plan(target, hasty(), arrival_rate=40.0, duration_s=2.0), folder)


def test_what_is_due_while_a_session_stays_away_is_no_latency(done: Done) -> None:
    """The second turn of each session is refused, and it comes back 600 ms later."""
    result, _ = done("away")
    tally = result.tally
    # Of the very last one the end may come first.
    assert result.requested == 80
    assert tally.count("turn") >= 78
    assert tally.outcomes["turn", "rate-limited"] >= 24
    assert tally.histogram("turn_ms", clock="response").max_ms < 550


# Costs.

LIMIT_USD = 0.05


@job("costly")
async def _costly(fake: Target, folder: Path) -> LoadResult:
    asked = plan(fake, hasty(think_s=0.02), users=6, duration_s=40.0, processes=2)
    return await carry_out(replace(asked, max_cost_usd=LIMIT_USD), folder)


def test_a_run_ends_before_it_costs_too_much(done: Done) -> None:
    result, folder = done("costly")
    cost = written(folder)["cost"]
    assert LIMIT_USD / 2 < cost["usd"] <= LIMIT_USD
    assert cost["limit_usd"] == LIMIT_USD
    assert cost["charges"] > 10
    assert "to stay below --max-cost" in result.aborted


@job("free")
async def _free(fake: Target, folder: Path) -> LoadResult:
    asked = plan(fake, hasty(), "rate(ok{operation=turn}) > 0", duration_s=40.0, max_cost_usd=0.0)
    return await carry_out(asked, folder)


def test_what_may_cost_nothing_is_not_begun(done: Done) -> None:
    result, folder = done("free")
    assert written(folder)["cost"]["charges"] == 0
    assert result.tally.count("turn") == 0
    assert result.outcomes[0].reason in ("nothing was counted of ok", *result.finding.reasons)


# What ends a run, and what it is worth.


@job("good")
async def _good(fake: Target, folder: Path) -> LoadResult:
    asked = plan(
        fake,
        hasty(),
        "p95(ttft_ms) < 60000",
        "p95(turn_ms{position=1}) < 0.001",
        "rate(good) > 10%",
        "rate(good_sessions) > 0%",
    )
    return await carry_out(asked, folder)


def test_what_is_good_is_counted_where_it_is_measured(done: Done) -> None:
    result, folder = done("good")
    told = written(folder)["goodput"]
    assert told["limits"] == ["p95(ttft_ms) < 60000", "p95(turn_ms{position=1}) < 0.001"]
    # The first turn of each session is not, if it counts, and so no session is.
    assert told["of"] - 2 <= told["good"] <= told["of"] == result.tally.count("turn")
    assert (told["good_sessions"], told["sessions"]) == (0, 2)
    assert result.outcomes[2].value == pytest.approx(told["good"] / told["of"])
    assert result.outcomes[3].value == 0


@job("waived")
async def _waived(fake: Target, folder: Path) -> LoadResult:
    missed = replace(parse("rate(failed) > 50%"), waived="the gateway is replaced")
    objectives = tuple(replace(missed, until=date(year, 1, 1)) for year in (9999, 2026))
    return await carry_out(replace(plan(fake, hasty()), objectives=objectives), folder)


def test_a_waiver_holds_until_its_day(done: Done) -> None:
    result, folder = done("waived")
    waived, over = written(folder)["objectives"]
    assert (waived["waived"], waived["until"]) == ("the gateway is replaced", "9999-01-01")
    if result.exit_code is not ExitCode.LOAD_VOID:
        assert (waived["state"], over["state"]) == ("waived", "fail")
        assert result.exit_code is ExitCode.SLO_MISSED


@job("aborted")
async def _aborted(fake: Target, folder: Path) -> tuple[LoadResult, list[float]]:
    objective = replace(parse("rate(failed) > 50%"), abort_after_s=1.0)
    asked = replace(plan(fake, hasty(), duration_s=40.0), objectives=(objective,))
    seconds: list[float] = []
    result = await carry_out(asked, folder, watch=lambda moment: seconds.append(moment.seconds))
    return result, seconds


def test_a_missed_objective_ends_the_run_after_its_delay(done: Done) -> None:
    (result, seconds), _ = done("aborted")
    assert "rate(failed) > 50% was missed for" in result.aborted
    assert 1.0 <= max(seconds) < 20.0
