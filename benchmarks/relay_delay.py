"""How exactly the reference relay adds the delay it is told to. See README.md."""

from __future__ import annotations

import argparse
import asyncio
import time

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

from realtime_fakes.relays.app import RelayOptions, running
from realtime_harness.timing import sleep_until

MS = 1e3


async def echo(socket: ServerConnection) -> None:
    async for message in socket:
        await socket.send(message)


async def round_trip(socket: ClientConnection) -> float:
    start = time.perf_counter()
    await socket.send("ping")
    await asyncio.wait_for(socket.recv(), 5)
    return (time.perf_counter() - start) * MS


async def lateness(waits: int) -> list[float]:
    late = []
    for n in range(waits):
        due_ns = time.perf_counter_ns() + round((0.3 + 0.37 * (n % 20)) * 1e6)
        await sleep_until(due_ns)
        late.append((time.perf_counter_ns() - due_ns) / 1e6)
    return late


def show(name: str, values: list[float]) -> None:
    p50, p95, p99 = np.percentile(values, [50, 95, 99])
    print(f"{name:<28}{p50:>8.2f}{p95:>8.2f}{p99:>8.2f}{max(values):>8.2f}   n={len(values)}")


async def measure(delay_ms: float, pairs: int) -> None:
    print(f"{'ms':<28}{'p50':>8}{'p95':>8}{'p99':>8}{'max':>8}")
    show("wake-up after its time", await lateness(pairs))
    async with serve(echo, "127.0.0.1", 0, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        upstream = f"http://127.0.0.1:{port}/v1"
        async with (
            running(RelayOptions(kind="ws", upstream=upstream)) as relay,
            connect(f"ws://127.0.0.1:{port}/v1/realtime", compression=None) as direct,
            connect(relay["ws_url"], compression=None) as relayed,
            connect(f"{relay['ws_url']}?relay_delay_ms={delay_ms}", compression=None) as delayed,
        ):
            took: list[list[float]] = [[], [], []]
            for _ in range(pairs):
                for times, socket in zip(took, (direct, relayed, delayed), strict=True):
                    times.append(await round_trip(socket))
    show("round trip, direct", took[0])
    show("round trip, relayed", took[1])
    show(f"round trip, {delay_ms:g} ms added", took[2])
    overhead = float(np.median(took[1]) - np.median(took[0]))
    added = float(np.median(took[2]) - np.median(took[1]))
    print(f"the relay itself costs {overhead:.2f} ms; {delay_ms:g} ms added are {added:.2f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay-ms", type=float, default=40)
    parser.add_argument("--pairs", type=int, default=200, help="round trips of each kind")
    options = parser.parse_args()
    asyncio.run(measure(options.delay_ms, options.pairs))


if __name__ == "__main__":
    main()
