from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from realtime_harness.errors import HarnessError
from realtime_harness.load.engine import Plan
from realtime_harness.load.fleet import EngineProcess, fleet
from realtime_harness.load.operation import Tally
from realtime_harness.load.profile import Profile
from realtime_harness.targets.target import Target

Make = Callable[..., Profile]


async def gathered(engine: EngineProcess, enough: Callable[[Tally, int], bool]) -> Tally:
    """Read intervals until there is enough of what is told, and of sessions."""
    tally = Tally()
    async with asyncio.timeout(20):
        while True:
            interval = await engine.intervals.get()
            tally.merge(interval.tally)
            if enough(tally, interval.sessions):
                return tally


def plan(target: Target, profile: Profile, **more: object) -> Plan:
    return Plan(target=target, profile=profile, **{"duration_s": 60, "sessions": 3, **more})


def test_a_plan_survives_the_wire(fake: Target, profile: Make) -> None:
    before = plan(fake, profile(), arrival_rate=3.5, share=1, shares=2)
    assert Plan.from_json(before.to_json()) == before


async def test_sessions_come_go_and_break(fake: Target, profile: Make) -> None:
    async with fleet([plan(fake, profile(think_s=0.05))]) as (engine,):
        engine.tell(do="sessions", count=3)
        tally = await gathered(engine, lambda tally, sessions: sessions == 3)
        engine.tell(do="sessions", count=1)
        await gathered(engine, lambda tally, sessions: sessions == 1)
        engine.tell(do="cut")
        tally.merge(await gathered(engine, lambda tally, _: tally.count("connect", ok=True) > 0))
        await engine.stop()
        assert engine.fault == ""
    assert tally.count("connect", ok=True) == 4
    # What we break off ourselves is nobody's failure.
    assert list(tally.failures()) == []
    assert tally.count("turn", ok=True) > 0
    assert tally.histogram("ttft_ms", clock="response").count == tally.count("turn", ok=True)


async def test_arrivals_are_dealt_out_among_engines(fake: Target, profile: Make) -> None:
    plans = [
        plan(fake, profile(), arrival_rate=40.0, duration_s=1, share=n, shares=2) for n in (0, 1)
    ]
    async with fleet(plans) as engines:
        for engine, count in zip(engines, (2, 1), strict=True):
            engine.tell(do="sessions", count=count)
            await gathered(engine, partial(_has, count))
        for engine in engines:
            engine.tell(do="start", in_s=0.0)
        turns = [
            await gathered(engine, partial(_took, n))
            for engine, n in zip(engines, (27, 13), strict=True)
        ]
        for engine in engines:
            await engine.stop()
    assert [tally.count("turn", ok=True) for tally in turns] == [27, 13]


def _has(count: int, _: Tally, sessions: int) -> bool:
    return sessions == count


def _took(turns: int, tally: Tally, _: int) -> bool:
    return tally.count("turn") >= turns


async def test_failures_are_classes_with_examples(fake: Target, profile: Make) -> None:
    wrong = replace(fake, api_key="sk-wrong-key")
    async with fleet([plan(wrong, profile())]) as (engine,):
        engine.tell(do="sessions", count=1)
        async with asyncio.timeout(20):
            while not (interval := await engine.intervals.get()).failures:
                pass
        await engine.stop()
    (failure,) = interval.failures
    assert failure["outcome"] == "error-invalid_api_key"
    assert "sk-wrong-key" not in str(failure)


async def test_an_engine_ends_with_its_connection(fake: Target, profile: Make) -> None:
    async with fleet([plan(fake, profile("idle"))]) as (engine,):
        engine.tell(do="sessions", count=3)
        await gathered(engine, lambda _, sessions: sessions == 3)
    assert engine._popen.returncode is not None


async def test_nothing_outlives_whoever_is_killed(
    fake: Target, profile: Make, tmp_path: Path
) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import asyncio, json
            from realtime_harness.load.engine import Plan
            from realtime_harness.load.fleet import fleet

            async def main():
                plan = Plan.from_json(json.loads({plan_json(fake, profile("idle"))!r}))
                async with fleet([plan]) as (engine,):
                    engine.tell(do="sessions", count=3)
                    print(engine.pid, flush=True)
                    await asyncio.sleep(60)

            asyncio.run(main())
            """
        )
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, script, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(20):
        pid = int(await parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
        await parent.wait()
        await asyncio.to_thread(_wait_for_end, pid)


def plan_json(target: Target, profile: Profile) -> str:
    return json.dumps(plan(target, profile).to_json())


def _wait_for_end(pid: int) -> None:
    deadline = time.monotonic() + 10
    while _runs(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie of another process' is as good as gone.
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


async def test_a_plan_that_cannot_be_carried_out_is_said(fake: Target, profile: Make) -> None:
    with pytest.raises(HarnessError, match="journey txt: unknown"):
        async with fleet([plan(fake, profile(journey="txt"))]):
            pass


async def test_an_engine_that_dies_is_a_fault(fake: Target, profile: Make) -> None:
    async with fleet([plan(fake, profile())]) as (engine,):
        os.kill(engine.pid, signal.SIGKILL)
        async with asyncio.timeout(10):
            await engine.ended.wait()
        assert "ended by itself" in engine.fault
