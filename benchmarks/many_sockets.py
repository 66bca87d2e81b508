"""Order, memory and CPU of a fake that holds 1,000 WebSocket sessions. See README.md."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from pathlib import Path

import uvloop
from text_turns import (  # type: ignore[import-not-found]
    Server,
    Session,
    Totals,
    connect,
)

from realtime_harness.lab import Lab


class PacedSession(Session):  # type: ignore[misc]
    """Takes a turn each ``interval_s`` instead of as fast as it can, and checks all of them."""

    def __init__(self, number: int, server: Server, totals: Totals, interval_s: float) -> None:
        super().__init__(number, server, totals, check=True)
        self.took: list[float] = []
        self._interval_s = interval_s
        self._asked = 0.0

    def _take_turn(self) -> None:
        if self._turn:
            self.took.append(time.perf_counter() - self._asked)
        if self.running:
            due = self._asked + self._interval_s - time.perf_counter()
            # The first turns are spread over one interval.
            delay = max(0.0, due) if self._turn else self._interval_s * (self.number % 100) / 100
            asyncio.get_running_loop().call_later(delay, self._ask)
        else:
            super()._take_turn()

    def _ask(self) -> None:
        self._asked = time.perf_counter()
        super()._take_turn()


def memory_mb(pid: int) -> float:
    """Resident memory of a process, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise LookupError(pid)


async def measure(server: Server, sessions: int, seconds: float, interval_s: float) -> int:
    totals = Totals()
    print(f"{memory_mb(server.pid):.0f} MB before the first session")
    async with asyncio.timeout(35):
        parties = [PacedSession(n, server, totals, interval_s) for n in range(sessions)]
        start = time.perf_counter()
        for party in parties:
            await connect(party)
        opened = time.perf_counter() - start
        print(f"{sessions} sessions opened in {opened:.1f} s")
        turns, cpu, start = totals.turns, server.cpu_s(), time.perf_counter()
        await asyncio.sleep(seconds)
        turns, cpu = totals.turns - turns, server.cpu_s() - cpu
        elapsed = time.perf_counter() - start
        memory = memory_mb(server.pid)
        for party in parties:
            party.running = False
        await asyncio.gather(*(party.done for party in parties))
    took = sorted(each for party in parties for each in party.took)
    print(f"{memory:.0f} MB with all of them, after {totals.turns / sessions:.1f} turns each")
    print(f"{turns / elapsed:.0f} turns/s at {cpu / elapsed:.0%} of a core")
    print(
        f"a turn took {statistics.median(took) * 1e3:.1f} ms (median), "
        f"{took[len(took) * 99 // 100] * 1e3:.0f} ms (99th percentile)"
    )
    print(f"{totals.out_of_order} of {totals.events} events out of order")
    if totals.example:
        print("for example:", totals.example)
    return 1 if totals.out_of_order else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--interval", type=float, default=2, help="seconds from turn to turn")
    options = parser.parse_args()
    with Lab() as lab:
        ready = lab.start(["fake", "--port", "0"]).ready
        url = ready["ws_url"].replace("ws://", "http://", 1)
        server = Server("fake", url, ready["api_key"], ready["pid"], 2)
        return uvloop.run(measure(server, options.sessions, options.seconds, options.interval))


if __name__ == "__main__":
    sys.exit(main())
