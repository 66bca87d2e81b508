"""How many sessions a core has room for, by profile, beside the bare libraries. See README.md."""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from realtime_harness.lab import Lab, fake_target
from realtime_harness.load.fleet import EngineProcess, fleet
from realtime_harness.load.health import LIMITS, Health
from realtime_harness.load.profile import Profile, find
from realtime_harness.load.run import LoadPlan, engine_plan
from realtime_harness.load.sessions import journey_class
from realtime_harness.targets.target import Target

TICKS = os.sysconf("SC_CLK_TCK")
SETTLE_S = 1.5
OPEN_S = 30.0
ROOM = LIMITS.void_cpu
"""Share of a core up to which figures of an engine count; sessions per core are for that."""


SIZED_FOR = 0.7
"""Share of a core that an engine is planned to use: sessions are not alike, nor are seconds."""
CORES = 16
"""Of the machines of the examples, one of which is left to everything else."""
FILES = 65_536
"""That a process of theirs may have open, of which an engine has some besides its sessions."""
OTHER_FILES = 100
EXAMPLES = (
    (1_000, "text"),
    (100_000, "text"),
    (10_000, "voice"),
    (100_000, "voice"),
    (1_000, "webrtc-voice"),
    (100_000, "webrtc-voice"),
    (100_000, "webrtc-idle"),
    (100_000, "idle"),
)


@dataclass(frozen=True, kw_only=True)
class Size:
    """With how many sessions a profile is measured: so many that neither end is short of CPU."""

    sessions: int
    spawn_rate: float
    fake: tuple[str, ...] = ()
    """Arguments of the fake."""


SIZES = {
    "text": Size(sessions=300, spawn_rate=200),
    "tools": Size(sessions=200, spawn_rate=200),
    "voice": Size(sessions=150, spawn_rate=100),
    "barge-in": Size(sessions=200, spawn_rate=200),
    "idle": Size(sessions=1000, spawn_rate=500),
    "churn": Size(sessions=20, spawn_rate=100),
    "webrtc-idle": Size(sessions=300, spawn_rate=60, fake=("--behaviour", "no-silence")),
    "webrtc-text": Size(sessions=100, spawn_rate=40),
    "webrtc-voice": Size(sessions=100, spawn_rate=40),
    "sideband": Size(sessions=80, spawn_rate=40),
    "relay": Size(sessions=200, spawn_rate=100),
    "webrtc-relay": Size(sessions=40, spawn_rate=20),
}


@dataclass(frozen=True, kw_only=True)
class Bound:
    """What an engine is to reach, and the bare sessions that it is compared with."""

    profile: str
    what: str
    limit: float
    unit: str
    bare: str
    bare_sessions: int
    most: bool = False
    """Whether the limit is the most it may be; otherwise the least."""


BOUNDS = (
    Bound(
        profile="voice",
        what="paced WebSocket voice sessions per core",
        limit=2000,
        unit="sessions",
        bare="websocket-voice",
        bare_sessions=100,
    ),
    Bound(
        profile="voice",
        what="memory of a WebSocket session, after traffic",
        limit=30,
        unit="kB",
        bare="websocket-voice",
        bare_sessions=100,
        most=True,
    ),
    Bound(
        profile="webrtc-voice",
        what="duplex WebRTC calls per core",
        limit=600,
        unit="sessions",
        bare="webrtc-voice",
        bare_sessions=15,
    ),
    Bound(
        profile="webrtc-voice",
        what="memory of a WebRTC session, after traffic",
        limit=180,
        unit="kB",
        bare="webrtc-voice",
        bare_sessions=15,
        most=True,
    ),
    Bound(
        profile="webrtc-idle",
        what="core for 1,000 idle WebRTC peers",
        limit=20,
        unit="%",
        bare="webrtc-idle",
        bare_sessions=30,
        most=True,
    ),
    Bound(
        profile="webrtc-idle",
        what="WebRTC set-ups per second, by CPU of both ends on two cores",
        limit=300,
        unit="/s",
        bare="webrtc-idle",
        bare_sessions=30,
    ),
)


# What processes use.


def cpu_s(pid: int) -> float:
    """CPU time that a process has used, user and system, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def private_kb(pid: int) -> int:
    """Memory that a process has to itself, kB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private"))


def family(pid: int) -> list[int]:
    """The process and those that it started: workers."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]


def descriptors(pid: int) -> int:
    """Open files of a process."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def loopback_bytes() -> int:
    """Bytes that went over the loopback interface, each counted once."""
    for line in Path("/proc/net/dev").read_text().splitlines():
        name, _, counters = line.partition(":")
        if name.strip() == "lo":
            return int(counters.split()[0])
    return 0


@dataclass
class Usage:
    """What one end uses: CPU time and memory at some moment."""

    pids: list[int]
    cpu_s: float = 0.0
    kb: int = 0
    files: int = 0

    def now(self) -> Usage:
        return Usage(
            self.pids,
            sum(map(cpu_s, self.pids)),
            sum(map(private_kb, self.pids)),
            sum(map(descriptors, self.pids)),
        )


@dataclass(kw_only=True)
class End:
    """What a session costs one end."""

    open_ms: float
    """CPU time to open it."""
    core: float
    """Share of a core while it is held."""
    kb: float
    """Memory, behind some traffic."""
    files: float
    whole: float
    """Share of a core of all sessions together."""


@dataclass(kw_only=True)
class Held:
    """Sessions of a profile that were opened and held."""

    profile: str
    sessions: int
    open_per_s: float
    engine: End
    fake: End
    kb_per_s: float
    """Over the network, both directions together, for a session."""
    base_mb: float
    """Memory of an engine without sessions."""
    late_ms: float
    """99th percentile of how late the engine was."""
    outcomes: Counter[str] = field(default_factory=Counter)
    example: str = ""

    @property
    def per_core(self) -> float:
        """Sessions that an engine's core has room for."""
        return ROOM / self.engine.core if self.engine.core else float("inf")

    @property
    def setups_per_s(self) -> float:
        """Sessions that two cores can open in a second, one of them for each end."""
        return 1000 / max(self.engine.open_ms, self.fake.open_ms)


# Measuring.


class Listener:
    """Reads what an engine tells."""

    def __init__(self, engine: EngineProcess) -> None:
        self._engine = engine
        self.sessions = 0
        self.outcomes: Counter[str] = Counter()
        self.health = Health()
        self.example = ""

    async def until_open(self, sessions: int) -> None:
        async with asyncio.timeout(OPEN_S):
            while self.sessions < sessions:
                self._take(await self._engine.intervals.get())
                if self._engine.fault:
                    raise SystemExit(self._engine.fault)

    def take_all(self) -> None:
        while not self._engine.intervals.empty():
            self._take(self._engine.intervals.get_nowait())

    def _take(self, interval) -> None:
        self.sessions = interval.sessions
        for (operation, outcome), count in interval.tally.outcomes.items():
            if operation != "connect" or outcome != "ok":
                self.outcomes[outcome] += count
        self.health.merge(interval.health)
        for failure in interval.failures:
            self.example = self.example or f"{failure['operation']}: {failure['text']}"[:200]


async def hold(
    lab: Lab, target: Target, fake_pid: int, profile: Profile, size: Size, seconds: float
) -> Held:
    """Open sessions of a profile with an engine, and hold them."""
    target = await journey_class(profile.journey).prepare(target, lab)
    plan = LoadPlan(target=target, profile=profile, users=size.sessions, spawn_rate=size.spawn_rate)
    async with fleet([engine_plan(plan, share=0)]) as (engine,):
        ends = [Usage([engine.pid]), Usage(family(fake_pid))]
        before = [end.now() for end in ends]
        heard, begin = Listener(engine), time.monotonic()
        engine.tell(do="sessions", count=size.sessions)
        engine.tell(do="start", in_s=0)
        await heard.until_open(size.sessions if profile.name != "churn" else 1)
        open_s = time.monotonic() - begin
        opened = [end.now() for end in ends]
        await asyncio.sleep(SETTLE_S)
        engine.tell(do="freeze")
        await asyncio.sleep(SETTLE_S)
        heard.take_all()
        heard.health, heard.outcomes = Health(), Counter()
        held, bytes_, begin = [end.now() for end in ends], loopback_bytes(), time.monotonic()
        await asyncio.sleep(seconds)
        took = time.monotonic() - begin
        after, bytes_ = [end.now() for end in ends], loopback_bytes() - bytes_
        heard.take_all()
        await engine.stop()
    n = size.sessions
    engine_end, fake_end = (
        End(
            open_ms=1000 * (opened[at].cpu_s - before[at].cpu_s) / n,
            core=(after[at].cpu_s - held[at].cpu_s) / took / n,
            kb=(after[at].kb - before[at].kb) / n,
            files=(after[at].files - before[at].files) / n,
            whole=(after[at].cpu_s - held[at].cpu_s) / took,
        )
        for at in range(2)
    )
    return Held(
        profile=profile.name,
        sessions=n,
        open_per_s=n / open_s,
        engine=engine_end,
        fake=fake_end,
        kb_per_s=bytes_ / took / n / 1000,
        base_mb=before[0].kb / 1000,
        late_ms=heard.health.lateness.percentile_ms(99),
        outcomes=heard.outcomes,
        example=heard.example,
    )


def measure(name: str, options: argparse.Namespace, bare: str = "", bare_sessions: int = 0):
    """Measure a profile against a fake of its own, and then bare sessions against the same."""
    size = SIZES[name]
    sessions = options.sessions or max(1, round(size.sessions * options.scale))
    size = Size(sessions=sessions, spawn_rate=size.spawn_rate, fake=size.fake)
    with Lab() as lab:
        arguments = ["fake", "--port", "0", *size.fake]
        if options.workers > 1:
            arguments.append(f"--workers={options.workers}")
        ready = lab.start(arguments).ready
        target = fake_target(ready, "")
        profile = find(name)
        if options.think is not None:
            profile = replace(profile, think_s=options.think)
        held = asyncio.run(hold(lab, target, ready["pid"], profile, size, options.seconds))
        alone = reference(bare, bare_sessions, ready, options.seconds) if bare else None
    return held, alone


def reference(kind: str, sessions: int, ready: dict, seconds: float) -> dict[str, float]:
    """Have bare sessions in a process of their own."""
    script = Path(__file__).with_name("bare_sessions.py")
    arguments = {
        "--url": ready["base_url"],
        "--ws-url": ready["ws_url"],
        "--key": ready["api_key"],
        "--sessions": str(sessions),
        "--seconds": str(seconds),
    }
    command = [sys.executable, str(script), kind]
    command += [each for pair in arguments.items() for each in pair]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        # On a machine without any CPU to spare they do not come up in time; ours are told anyway.
        last = (done.stderr.strip() or "nothing").splitlines()[-1]
        print(f"    no bare sessions to compare with: {last}")
        return {"core": math.nan, "open_ms": math.nan, "kb": math.nan}
    return json.loads(done.stdout)


# Telling.


def values(bound: Bound, held: Held, bare: dict[str, float]) -> tuple[float, float]:
    """What a bound is about: of the engine, and of the bare sessions."""
    match bound.unit:
        case "sessions":
            return held.per_core, ROOM / bare["core"]
        case "kB":
            return held.engine.kb, bare["kb"]
        case "%":
            return 100_000 * held.engine.core, 100_000 * bare["core"]
    return held.setups_per_s, 1000 / max(bare["open_ms"], held.fake.open_ms)


def tell_bounds(options: argparse.Namespace) -> int:
    missed = 0
    print(f"{'':<64}{'bound':>8}{'engine':>9}{'bare':>9}{'ratio':>7}")
    for name in dict.fromkeys(bound.profile for bound in BOUNDS):
        if options.profiles and name not in options.profiles:
            continue
        bounds = [bound for bound in BOUNDS if bound.profile == name]
        held, bare = measure(name, options, bounds[0].bare, bounds[0].bare_sessions)
        for bound in bounds:
            value, alone = values(bound, held, bare)
            is_met = value <= bound.limit if bound.most else value >= bound.limit
            missed += not is_met
            what = f"{bound.what} ({bound.unit})"
            print(
                f"{what:<64}{bound.limit:>8,.0f}{value:>9,.0f}{alone:>9,.0f}"
                f"{value / alone:>7.2f}  {'reached' if is_met else 'NOT REACHED'}"
            )
        for line in remarks(held):
            print(f"    {line}")
        print(
            f"    {held.sessions} sessions, opened {held.open_per_s:.0f}/s with "
            f"{held.engine.open_ms:.2f} ms here and {held.fake.open_ms:.2f} ms there; engine "
            f"{held.engine.whole:.0%} of a core, fake {held.fake.whole:.0%}; bare "
            f"{bare['open_ms']:.2f} ms to open",
            flush=True,
        )
    return missed


def remarks(held: Held) -> Iterator[str]:
    """What has to be known about a measurement."""
    if held.fake.whole > ROOM:
        yield f"the fake binds: {held.fake.whole:.0%} of a core; try --workers 2 or --scale 0.5"
    if failures := {k: v for k, v in held.outcomes.items() if k not in ("ok", "unfinished")}:
        yield f"failures: {failures}; {held.example}"


def tell_all(options: argparse.Namespace) -> None:
    """Print the table of docs/capacity.md."""
    print(
        "| profile | sessions per core | core per session, engine | the same, fake | opening, "
        "engine | opening, fake | memory, engine | memory, fake | network | files |\n"
        "|---|---|---|---|---|---|---|---|---|---|"
    )
    lines, all_held = [], {}
    for name in options.profiles or SIZES:
        held, _ = measure(name, options)
        all_held[name] = held
        engine, fake = held.engine, held.fake
        print(
            f"| `{name}` | {rounded(held.per_core)} | {engine.core:.4%} | {fake.core:.4%} | "
            f"{engine.open_ms:.1f} ms | {fake.open_ms:.1f} ms | {engine.kb:.0f} kB | "
            f"{fake.kb:.0f} kB | {held.kb_per_s:.1f} kB/s | {engine.files:.0f} |",
            flush=True,
        )
        lines += [f"{name}: {line}" for line in remarks(held)]
    for line in lines:
        print(line)
    tell_examples(all_held)


def tell_examples(all_held: dict[str, Held]) -> None:
    """Print how many machines some numbers of sessions need, by what was measured."""
    print(
        "\n| wanted | engines | machines | memory | files, an engine | network |\n"
        "|---|---|---|---|---|---|"
    )
    for sessions, name in EXAMPLES:
        if (held := all_held.get(name)) is None:
            continue
        files = max(1, round(held.engine.files))
        by_cpu = math.ceil(sessions * held.engine.core / SIZED_FOR)
        by_files = math.ceil(sessions * files / (FILES - OTHER_FILES))
        engines = max(by_cpu, by_files)
        memory_gb = (engines * held.base_mb + sessions * held.engine.kb / 1000) / 1000
        print(
            f"| {sessions:,} `{name}` | {engines} | {math.ceil(engines / (CORES - 1))} | "
            f"{memory_gb:.1f} GB | {math.ceil(sessions / engines) * files + OTHER_FILES:,} | "
            f"{sessions * held.kb_per_s / 1000:,.1f} MB/s |"
        )


def rounded(value: float) -> str:
    """Two digits are what such a figure is worth."""
    if value == float("inf"):
        return "more than can be told"
    digits = 10 ** max(0, len(str(int(value))) - 2)
    return f"{int(value / digits) * digits:,}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("profiles", nargs="*", choices=[[], *SIZES], help="all that have bounds")
    parser.add_argument("--all", action="store_true", help="the table of docs/capacity.md")
    parser.add_argument("--seconds", type=float, default=5, help="that sessions are held")
    parser.add_argument("--think", type=float, help="seconds between turns; as the profile says")
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of sessions")
    parser.add_argument("--sessions", type=int, help="instead")
    parser.add_argument("--workers", type=int, default=1, help="of the fake")
    options = parser.parse_args()
    if options.all:
        tell_all(options)
        return 0
    return 1 if tell_bounds(options) else 0


if __name__ == "__main__":
    sys.exit(main())
