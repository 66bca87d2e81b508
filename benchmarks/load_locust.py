"""What it costs that Locust leads a load run, and what it does while it is busy. See README.md."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import uvloop
from load_truth import bare

from realtime_harness.lab import Lab
from realtime_harness.load.operation import Tally
from realtime_harness.load.profile import find
from realtime_harness.load.run import LoadPlan, carry_out
from realtime_harness.load.swarm import Swarm, run_swarm
from realtime_harness.targets.target import Target

BUSY = """
import time
import gevent
from locust import events

def be_busy():
    while True:
        until = time.perf_counter() + 0.020
        while time.perf_counter() < until:
            pass
        gevent.sleep(0.200)

@events.init.add_listener
def _(environment, **_):
    gevent.spawn(be_busy)
"""
"""As statistics, CSV files or a page that somebody looks at keep Locust's thread busy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindered(Swarm):
    """A Locust that has something else to do as well."""

    busy: Path

    def arguments(self) -> list[str]:
        """Return its command line, with one more locustfile."""
        first, file, *rest = Swarm.arguments(self)
        return [first, f"{file},{self.busy}", *rest]


def read(directory: Path) -> dict[str, Any]:
    """Return what a run came to."""
    return dict(orjson.loads((directory / "load/load.json").read_bytes()))


def lead_by_locust(plan: LoadPlan, directory: Path, *, busy: Path | None) -> dict[str, Any]:
    """Have Locust lead a run; return what it came to."""
    swarm = Swarm(plan=plan, directory=directory)
    if busy is not None:
        swarm = Hindered(plan=plan, directory=directory, busy=busy)
    run_swarm(swarm)
    return read(directory)


def figures(whole: dict[str, Any]) -> tuple[float, float, float]:
    """Return p99 of response time, ms; lateness p99, ms; and CPU of the engine per turn, us."""
    tally = Tally.from_json(whole)
    turns = tally.count("turn", ok=True)
    cpu_s = sum(each["cpu_s"] for each in whole["health"])
    p99 = tally.histogram("turn_ms", clock="response").percentile_ms(99)
    return p99, whole["fitness"]["lateness_p99_ms"], cpu_s * 1e6 / turns


def compare_latency(target: Target, where: Path, arguments: argparse.Namespace) -> None:
    """Measure turns that are due all the time, with Locust busy and not, in turns."""
    busy = where / "busy.py"
    busy.write_text(BUSY)
    plan = LoadPlan(
        target=target,
        profile=find("text"),
        users=arguments.sessions,
        arrival_rate=arguments.rate,
        spawn_rate=200.0,
        duration_s=arguments.seconds,
    )
    found: dict[str, list[float]] = {"idle": [], "busy": []}
    for number in range(arguments.rounds):
        for kind, file in (("idle", None), ("busy", busy)):
            p99, late, _ = figures(
                lead_by_locust(plan, where / f"{kind}-{number}", busy=file),
            )
            found[kind].append(p99)
            print(f"  {kind}: p99 {p99:.2f} ms, lateness p99 {late:.2f} ms")
    idle, hindered = (statistics.median(found[kind]) for kind in ("idle", "busy"))
    print(
        f"p99 with Locust busy {hindered:.2f} ms, not busy {idle:.2f} ms: "
        f"ratio {hindered / idle:.2f} (bound 2)"
    )


def compare_cost(target: Target, where: Path, arguments: argparse.Namespace) -> None:
    """Measure the CPU of turns as fast as they can be, by a bare client and by engines."""
    plan = LoadPlan(
        target=target,
        profile=replace(find("text"), think_s=0.0),
        users=arguments.closed,
        spawn_rate=200.0,
        duration_s=arguments.seconds,
    )
    found: dict[str, list[float]] = {"bare": [], "own": [], "locust": []}
    for number in range(arguments.rounds):
        cpu_us, _ = uvloop.run(bare(target, sessions=arguments.closed, turns=arguments.turns))
        found["bare"].append(cpu_us)
        asyncio.run(carry_out(plan, where / f"own-{number}"))
        found["own"].append(figures(read(where / f"own-{number}"))[2])
        whole = lead_by_locust(plan, where / f"locust-{number}", busy=None)
        found["locust"].append(figures(whole)[2])
    reference = statistics.median(found["bare"])
    for kind, values in found.items():
        cpu_us = statistics.median(values)
        bound = " (bound 1.10)" if kind == "locust" else ""
        print(f"{kind}: {cpu_us:.1f} us of CPU per turn, ratio {cpu_us / reference:.2f}{bound}")


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("latency", "cost"), help="default: both")
    parser.add_argument("--sessions", type=int, default=100, help="of the runs about latency")
    parser.add_argument("--rate", type=float, default=500.0, help="turns a second of them")
    parser.add_argument("--closed", type=int, default=20, help="sessions of the runs about cost")
    parser.add_argument("--turns", type=int, default=500, help="of each session of the bare client")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each run")
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    with Lab() as lab, tempfile.TemporaryDirectory() as where:
        target = lab.fake()
        if arguments.only != "cost":
            compare_latency(target, Path(where), arguments)
        if arguments.only != "latency":
            compare_cost(target, Path(where), arguments)


if __name__ == "__main__":
    main()
