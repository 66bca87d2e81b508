"""How exactly load runs report a delay that is known, and what an engine costs. See README.md."""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter_ns, process_time

import orjson
import uvloop
from websockets.asyncio.client import connect

from realtime_harness.evidence import Lane
from realtime_harness.journeys.text_turn import text_turn
from realtime_harness.lab import Lab
from realtime_harness.load.histogram import Histogram
from realtime_harness.load.operation import Operation, Tally
from realtime_harness.load.profile import find
from realtime_harness.load.recent import RecentRecorder
from realtime_harness.load.run import LoadPlan, carry_out
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


def truth(lab: Lab, delay_ms: int, *, rate: float, seconds: float) -> None:
    """Compare what a run reports with the same run without the delay, and with the delay."""
    rows = {}
    for name, faults in (("reference", ()), ("delayed", (f"delay:{delay_ms}ms",))):
        target = lab.fake(faults=faults)
        plan = LoadPlan(
            target=target,
            profile=replace(find("text"), timeout_s=30.0),
            users=20,
            arrival_rate=rate,
            duration_s=seconds,
        )
        with tempfile.TemporaryDirectory() as folder:
            result = asyncio.run(carry_out(plan, Path(folder)))
        rows[name] = result
        histogram = result.tally.histogram("ttft_ms", clock="service")
        print(
            f"{name:<10} ttft p50 {histogram.percentile_ms(50):8.3f}  "
            f"p99 {histogram.percentile_ms(99):8.3f} ms  n={histogram.count}  "
            f"generator {result.finding.fitness.value}, late p99 "
            f"{result.finding.lateness_p99_ms:.2f} ms, {result.finding.cpu:.0%} of a core"
        )
    for percent, bound in ((50, 0.6), (99, 1.5)):
        without, reported = (
            row.tally.histogram("ttft_ms", clock="service").percentile_ms(percent)
            for row in rows.values()
        )
        error = reported - delay_ms
        print(
            f"p{percent} is {error:+.3f} ms off the delay, and {error - without:+.3f} ms off the "
            f"delay and what the turn takes without it (bound {bound} ms)"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--turns", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay-ms", type=int, default=50)
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
