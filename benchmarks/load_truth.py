"""How exactly load runs report a delay that is known, and what an engine costs. See README.md."""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from time import perf_counter_ns, process_time
from typing import Any, NamedTuple

import orjson
import uvloop
from websockets.asyncio.client import connect

from realtime_harness.clients.control import Control
from realtime_harness.evidence import Lane
from realtime_harness.journeys.text_turn import text_turn
from realtime_harness.lab import Lab
from realtime_harness.load.histogram import Histogram
from realtime_harness.load.operation import Operation, Tally
from realtime_harness.load.profile import find
from realtime_harness.load.recent import RecentRecorder
from realtime_harness.load.run import LoadPlan, LoadResult, carry_out
from realtime_harness.load.socket import open_light
from realtime_harness.targets.target import Target

TEXT = "Hello, how are you?"


async def bare(target: Target, *, sessions: int, turns: int) -> tuple[float, Histogram]:
    """Take turns with 20 lines of ``websockets``; return CPU us per turn, and the durations."""
    url = target.websocket_url(model=target.model)
    headers = {"Authorization": f"Bearer {target.api_key}"}
    sockets = [
        await connect(url, additional_headers=headers, compression=None, ping_interval=None)
        for _ in range(sessions)
    ]
    item = {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": TEXT}],
    }
    create = orjson.dumps({"type": "conversation.item.create", "item": item}).decode()
    respond = orjson.dumps(
        {"type": "response.create", "response": {"output_modalities": ["text"]}}
    ).decode()
    took = Histogram()

    async def talk(socket: object) -> None:
        for _ in range(turns):
            await socket.send(create)
            since = perf_counter_ns()
            await socket.send(respond)
            while (kind := orjson.loads(await socket.recv(decode=False))["type"]) != (
                "rate_limits.updated"
            ):
                if kind == "response.done":
                    took.add(perf_counter_ns() - since)

    for socket in sockets:
        await socket.recv()
    before = process_time()
    await asyncio.gather(*map(talk, sockets))
    cpu_us = (process_time() - before) * 1e6 / sessions / turns
    for socket in sockets:
        await socket.close()
    return cpu_us, took


async def journey(target: Target, *, sessions: int, turns: int) -> tuple[float, Histogram]:
    """Take the same turns as an engine does: its socket, the journey, the tally."""
    sockets = [
        await open_light(
            target,
            RecentRecorder(),
            name="client",
            lane=Lane.WEBSOCKET,
            query={"model": target.model},
        )
        for _ in range(sessions)
    ]
    tally = Tally()

    async def talk(socket: object) -> None:
        for position in range(turns):
            socket.forget(keep=4)
            now = perf_counter_ns()
            turn = await text_turn(socket, TEXT)
            operation = Operation(
                name="turn", intended_ns=now, due_ns=now, sent_ns=now, position=position + 1
            )
            operation.sent_ns, operation.first_ns = turn.sent_ns, turn.first_text_ns
            operation.done_ns = turn.done_ns
            tally.add(operation)

    for socket in sockets:
        await socket.expect("session.created")
    before = process_time()
    await asyncio.gather(*map(talk, sockets))
    cpu_us = (process_time() - before) * 1e6 / sessions / turns
    for socket in sockets:
        await socket.close()
    return cpu_us, tally.histogram("turn_ms", clock="service")


class Program(NamedTuple):
    """Delays that a fake is told to make."""

    name: str
    fault: str
    at_steady: bool = False
    """Whether it is switched on only when a second of the run has passed."""


class Error(NamedTuple):
    """By how much a reported percentile is off the injected one."""

    percent: int
    injected_ms: float
    reported_ms: float
    bound_ms: float | None

    def row(self, reference_ms: float) -> str:
        off = self.reported_ms - self.injected_ms
        verdict = ""
        if self.bound_ms is not None:
            met = "reached" if abs(off) <= self.bound_ms else "missed"
            verdict = f"  bound {self.bound_ms:g} ms {met}"
        return (
            f"    p{self.percent:<3} injected {self.injected_ms:9.3f}  reported "
            f"{self.reported_ms:9.3f}  off {off:+7.3f}  less the turn itself "
            f"{off - reference_ms:+7.3f} ms{verdict}"
        )


PERCENTS = {50: 0.6, 90: None, 95: None, 99: 1.5}
"""Percentile -> bound of its error, milliseconds."""
STALL_S = 2.0


def programs(delay_ms: int, seconds: float) -> list[Program]:
    once = "on=response.created"
    return [
        Program("constant", f"delay:{delay_ms}ms"),
        Program("bimodal", f"delay:{delay_ms}ms@90%+{8 * delay_ms}ms@10%,{once}"),
        Program("ramp", f"delay:{delay_ms}ms..{5 * delay_ms}ms,over={seconds + 2:g}s,{once}"),
        Program("stall", f"freeze:{STALL_S:g}s", at_steady=True),
    ]


async def measured(
    fake: Target, program: Program | None, *, rate: float, seconds: float
) -> tuple[LoadResult, dict[str, Any]]:
    """Carry out a run against a service of its own; return what the fake has injected, too."""
    name = "reference" if program is None else program.name
    steady = asyncio.Event()
    faults = [] if program is None or program.at_steady else [program.fault]
    async with Control(fake) as adding:
        target = await adding.new_service(name, faults=faults)
    plan = LoadPlan(
        target=target,
        profile=replace(find("text"), timeout_s=30.0),
        users=40,
        arrival_rate=rate,
        duration_s=seconds,
    )

    def watch(moment: Any) -> None:
        if moment.phase == "steady":
            steady.set()

    async with Control(target) as control:

        async def switch() -> None:
            if program is not None and program.at_steady:
                await steady.wait()
                await control.switches(faults=[program.fault])

        with tempfile.TemporaryDirectory() as folder:
            result, _ = await asyncio.gather(carry_out(plan, Path(folder), watch=watch), switch())
        return result, await control.delays()


def reported(result: LoadResult, clock: str = "service") -> Histogram:
    return result.tally.histogram("ttft_ms", clock=clock)


def slow(values: Iterable[tuple[float, int]], limit_ms: float) -> int:
    return sum(count for ms, count in values if ms >= limit_ms)


def truth(lab: Lab, delay_ms: int, *, rate: float, seconds: float) -> None:
    """Compare what runs report with what the fake says it injected."""
    fake = lab.fake()
    result, _ = asyncio.run(measured(fake, None, rate=rate, seconds=seconds))
    reference = {percent: reported(result).percentile_ms(percent) for percent in PERCENTS}
    tell(result, "reference", "no delay")
    print("    " + "  ".join(f"p{percent} {ms:.3f}" for percent, ms in reference.items()) + " ms")
    for program in programs(delay_ms, seconds):
        result, told = asyncio.run(measured(fake, program, rate=rate, seconds=seconds))
        injected = told["events"].get("response.created", {"histogram": [], "max_ms": 0.0})
        tell(result, program.name, program.fault)
        late = told["late"]
        print(
            f"    the fake itself was late by p50 {late['p50_ms']:.2f}, p99 {late['p99_ms']:.2f} ms"
        )
        if program.name == "stall":
            stall(result, injected, rate=rate)
            continue
        for percent, bound in PERCENTS.items():
            of_it = injected[f"p{percent}_ms"]
            error = Error(percent, of_it, reported(result).percentile_ms(percent), bound)
            print(error.row(reference[percent]))


def stall(result: LoadResult, injected: dict[str, Any], *, rate: float) -> None:
    """Tell whether a stall is where it belongs: in the response time of all who were due."""
    limit_ms = STALL_S * 1000 / 4
    print(
        f"    slow by response time {slow(reported(result, 'response').values_ms(), limit_ms)}, "
        f"due in that time {rate * (STALL_S - limit_ms / 1000):.0f}; "
        f"slow by service time {slow(reported(result).values_ms(), limit_ms)}, "
        f"injected {slow(injected['histogram'], limit_ms)}"
    )
    # When it is over all sessions are answered at once, and one of them is the last.
    print(Error(100, injected["max_ms"], reported(result).max_ms, None).row(0.0))


def tell(result: LoadResult, name: str, fault: str) -> None:
    finding = result.finding
    print(
        f"{name}: {fault}; n={reported(result).count}, generator {finding.fitness.value}, late p99 "
        f"{finding.lateness_p99_ms:.2f} ms, {finding.cpu:.0%} of a core"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--turns", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay-ms", type=int, default=53)
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--seconds", type=float, default=4)
    options = parser.parse_args()
    with Lab() as lab:
        target = lab.fake()
        ratios = []
        print("CPU of the client for a text turn, us, and its p50, ms")
        for _ in range(options.rounds):
            size = {"sessions": options.sessions, "turns": options.turns}
            reference, took = uvloop.run(bare(target, **size))
            ours, our_took = uvloop.run(journey(target, **size))
            ratios.append(ours / reference)
            print(
                f"bare {reference:6.1f} ({took.percentile_ms(50):.2f})  "
                f"engine {ours:6.1f} ({our_took.percentile_ms(50):.2f})  "
                f"ratio {ours / reference:.2f}"
            )
        print(f"ratio {statistics.median(ratios):.2f} (bound 1.10)")
        values = [1_000_000 + 7_919 * number for number in range(200_000)]
        histogram = Histogram()
        before = process_time()
        for value in values:
            histogram.add(value)
        print(f"a measurement {(process_time() - before) / len(values) * 1e6:.2f} us (bound 1)")
        truth(lab, options.delay_ms, rate=options.rate, seconds=options.seconds)
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB here")


if __name__ == "__main__":
    main()
