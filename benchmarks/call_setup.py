"""What the phases of setting a call up take: lite sessions against stock aiortc. See README.md."""

from __future__ import annotations

import argparse
import asyncio
from time import perf_counter_ns, process_time

from realtime_harness.lab import Lab
from realtime_harness.load.operation import Operation, Tally
from realtime_harness.load.pacing import Pacer
from realtime_harness.load.profile import find
from realtime_harness.load.sessions import World, journey_class
from realtime_harness.load.sessions.media import FULL, LITE, MEDIA
from realtime_harness.targets.target import Target

PHASES = ("http_ms", "ice_ms", "dtls_ms", "sctp_ms", "setup_ms", "created_ms", "connect_ms")


def now(name: str) -> Operation:
    """Return an operation that is due now."""
    at = perf_counter_ns()
    return Operation(name=name, intended_ns=at, due_ns=at, sent_ns=at)


async def measure(target: Target, calls: int) -> dict[str, tuple[Tally, float]]:
    """Set calls up one after the other, of each media in turn; also return CPU ms of each."""
    profile = find("webrtc-text")
    worlds = {
        name: World(target=target, profile=profile, pacer=Pacer(lambda _: None), media=MEDIA[name])
        for name in (LITE, FULL)
    }
    tallies = {name: Tally() for name in worlds}
    cpu_s = dict.fromkeys(worlds, 0.0)
    for number in range(-1, calls):
        for name, world in worlds.items():
            journey = journey_class(profile.journey)(world, 0)
            connect = now("connect")
            before = process_time()
            try:
                await journey.open(connect)
            finally:
                await journey.close()
            if number >= 0:  # the first one imports and makes keys
                cpu_s[name] += process_time() - before
                tallies[name].add(connect)
    for world in worlds.values():
        await world.close()
    return {name: (tallies[name], 1000 * cpu_s[name] / calls) for name in worlds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100)
    options = parser.parse_args()
    with Lab() as lab:
        found = asyncio.run(measure(lab.fake(), options.calls))
    (lite, lite_cpu), (full, full_cpu) = found[LITE], found[FULL]
    print(f"{'p50 of ' + str(options.calls) + ' calls, ms':<24}{'lite':>8}{'full':>8}{'ratio':>8}")
    for phase in PHASES:
        ours, theirs = (
            each.histogram(phase, clock="service").percentile_ms(50) for each in (lite, full)
        )
        print(f"{phase:<24}{ours:>8.2f}{theirs:>8.2f}{ours / theirs if theirs else 0:>8.2f}")
    print(
        f"{'CPU of the client, ms':<24}{lite_cpu:>8.2f}{full_cpu:>8.2f}{lite_cpu / full_cpu:>8.2f}"
    )


if __name__ == "__main__":
    main()
