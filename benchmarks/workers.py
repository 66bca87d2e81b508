"""Text turns per second of a fake with one worker and with several. See README.md."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import uvloop
from text_turns import (  # type: ignore[import-not-found]
    Server,
    Session,
    Totals,
    connect,
)

from realtime_harness.lab import Lab

_END = b'"type":"rate_limits.updated"'


class LightSession(Session):  # type: ignore[misc]
    """Looks for nothing but the end of a turn: the clients share two cores with the workers."""

    _tail = b""
    _request = b""

    def data_received(self, data: bytes) -> None:
        if not self._turn:  # until it was greeted
            super().data_received(data)
            return
        data = self._tail + data
        if _END in data:
            self._tail = b""
            self.totals.turns += 1
            self._take_turn()
        else:
            self._tail = data[1 - len(_END) :]

    def _frames(self, text: str) -> bytes:
        self._request = self._request or super()._frames(text)
        return self._request


@dataclass(frozen=True)
class Fake:
    """A fake with so many workers."""

    workers: int
    url: str
    api_key: str
    pids: Sequence[int]

    def server(self, pid: int) -> Any:
        return Server("fake", self.url, self.api_key, pid, 2)

    def cpu_s(self) -> float:
        return sum(self.server(pid).cpu_s() for pid in self.pids)


@dataclass(frozen=True)
class Phase:
    turns_per_s: float
    turns_per_cpu_s: float
    cores: float
    """That all workers used together."""
    client_cores: float


async def phase(fake: Fake, *, sessions: int, seconds: float) -> Phase:
    totals = Totals()
    async with asyncio.timeout(30 + 2 * seconds):
        server = fake.server(fake.pids[0])
        parties = [
            await connect(LightSession(number, server, totals, False)) for number in range(sessions)
        ]
        await asyncio.sleep(seconds / 4)
        turns, cpu, own = totals.turns, fake.cpu_s(), time.process_time()
        start = time.perf_counter()
        await asyncio.sleep(seconds)
        turns, cpu, own = totals.turns - turns, fake.cpu_s() - cpu, time.process_time() - own
        elapsed = time.perf_counter() - start
        for party in parties:
            party.running = False
        await asyncio.gather(*(party.done for party in parties))
    return Phase(turns / elapsed, turns / cpu, cpu / elapsed, own / elapsed)


def started(lab: Lab, workers: int) -> Fake:
    ready = lab.start(["fake", "--port", "0", f"--workers={workers}"]).ready
    pids = [ready["pid"]]
    if workers > 1:
        with urllib.request.urlopen(ready["control_url"] + "/workers", timeout=5) as answer:
            pids = [worker["pid"] for worker in orjson.loads(answer.read())]
    url = ready["ws_url"].replace("ws://", "http://", 1)
    return Fake(workers, url, ready["api_key"], pids)


async def compare(fakes: Sequence[Fake], *, sessions: int, seconds: float, rounds: int) -> None:
    """Measure all fakes in turn, so that a busy machine is busy for each; print the figures."""
    found: dict[int, list[Phase]] = {fake.workers: [] for fake in fakes}
    for _ in range(rounds):
        for fake in fakes:
            found[fake.workers].append(await phase(fake, sessions=sessions, seconds=seconds))
    print(f"{sessions} sessions, {rounds} rounds of {seconds:g} s")
    print(f"{'workers':8}{'turns/s':>10}{'turns/CPU s':>14}{'cores':>8}{'clients':>9}")
    for workers, phases in found.items():
        columns = [
            statistics.median(getattr(each, name) for each in phases)
            for name in ("turns_per_s", "turns_per_cpu_s", "cores", "client_cores")
        ]
        print("{:<8}{:10.0f}{:14.0f}{:8.2f}{:9.2f}".format(workers, *columns))
    one, *others = found
    for other in others:
        ratios = [
            several.turns_per_s / single.turns_per_s
            for single, several in zip(found[one], found[other], strict=True)
        ]
        print(
            f"{other} workers: {statistics.median(ratios):.2f} times as many turns "
            f"(rounds: {', '.join(f'{ratio:.2f}' for ratio in ratios)})"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one phase")
    parser.add_argument("--rounds", type=int, default=3, help="phases for each")
    options = parser.parse_args()
    with Lab() as lab:
        fakes = [started(lab, workers) for workers in (1, options.workers)]
        uvloop.run(
            compare(
                fakes,
                sessions=options.sessions,
                seconds=options.seconds,
                rounds=options.rounds,
            )
        )


if __name__ == "__main__":
    main()
