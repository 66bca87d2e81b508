from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from realtime_harness.load.health import Health
from realtime_harness.load.histogram import Histogram
from realtime_harness.load.operation import OK, Series, Tally

HOSTILE = "</script><img src=x onerror=alert(1)>\u202e\x00<!--<script>\"'"


@dataclass
class LoadDirectory:
    """Writes the directory of a load run, as a load run does."""

    path: Path
    values: dict[str, Any] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    lines: int = 0

    def __post_init__(self) -> None:
        (self.path / "load").mkdir(parents=True)

    def line(self, t_s: float, tally: Tally, *, phase: str = "steady", **more: Any) -> None:
        health = Health(wall_s=1.0, cpu_s=0.2, gc_max_ms=1.5, lateness=Histogram.of([200_000] * 5))
        values = {
            "t_s": t_s,
            "phase": phase,
            "sessions": 10,
            "wanted": 10,
            "due": None,
            **tally.to_json(),
            "health": [health.to_json()],
            **more,
        }
        with (self.path / "load" / "intervals.jsonl").open("a") as file:
            file.write(json.dumps(values) + "\n")
        if phase == "steady":
            self.tally.merge(tally)
        self.lines += 1

    def finish(self, **more: Any) -> Path:
        values = {
            "target": {"name": "fake", "base_url": "http://127.0.0.1:1/v1", "model": "gpt"},
            "profile": {"name": "text", "answers": "How fast?", "journey": "text", "think_s": 1.0},
            "shape": "baseline",
            "users": 10,
            "arrival_rate": None,
            "spawn_rate": 100.0,
            "duration_s": 60.0,
            "processes": 1,
            "started": "2026-11-21T05:40:12+00:00",
            "command": ["realtime-harness", "load", "text", "--slo", "p95(ttft_ms) < 400"],
            "environment": {"realtime-harness": "0.1.0", "cores": 2, "packages": {"uvloop": "1"}},
            "fitness": {
                "fitness": "fit",
                "reasons": [],
                "remarks": [],
                "lateness_p99_ms": 0.2,
                "cpu": 0.2,
            },
            "health": [],
            "exit_code": 0,
            "requested": None,
            "aborted": "",
            "objectives": [],
            "steady_s": 60.0,
            "metrics": self.tally.described(),
            **self.tally.to_json(),
            "failures": [],
            **self.values,
            **more,
        }
        path = self.path / "load" / "load.json"
        path.write_text(json.dumps(values))
        return self.path


def objective(text: str, state: str, **more: Any) -> dict[str, Any]:
    return {
        "objective": text,
        "state": state,
        "value": 512.0,
        "limit": 400.0,
        "unit": "ms",
        "count": 1234,
        "reason": "",
        **more,
    }


def a_second(rng: random.Random, *, scale: float = 1.0, per_s: int = 40, lost: int = 0) -> Tally:
    """One second in which turns take about 50 ms, and more in their tail."""
    tally = Tally()
    for _ in range(per_s):
        taken = 50e6 * scale * math.exp(rng.gauss(0, 0.3))
        place = rng.randint(1, 5)
        tally.record(Series("ttft_ms", "response", place), int(taken * 1.1))
        tally.record(Series("ttft_ms", "service", place), int(taken))
        tally.record(Series("gap_ms", "service", place), int(taken / 10))
        tally.record(Series("lateness_ms", "generator"), 200_000)
        tally.outcomes["turn", OK] += 1
    tally.outcomes["turn", "timeout"] += lost
    return tally


OBJECTIVES = (
    objective("p95(ttft_ms) < 40", "fail", limit=40.0, value=96.2),
    objective("p50(ttft_ms) < 400", "pass", value=55.1),
    objective("p99(gap_ms) < 50", "warn", value=48.0, limit=50.0, reason="not < 40", warn=40.0),
    objective(
        "rate(ok) >= 99.9%",
        "waived",
        unit="share",
        value=0.975,
        limit=0.999,
        waived="until the gateway is replaced",
        until="2026-12-31",
        reason="until the gateway is replaced (until 2026-12-31)",
    ),
)

FAILURES = (
    {
        "operation": "turn",
        "outcome": "timeout",
        "text": "waited 15 s for response.done",
        "session": "7",
        "evidence": [
            {"direction": "sent", "kind": "event", "data": {"type": "response.create"}},
            {
                "direction": "received",
                "kind": "event",
                "data": {"type": "error", "event_id": "e", "error": {"code": "too_slow"}},
            },
        ],
    },
)


@pytest.fixture
def new_load(tmp_path: Path) -> Callable[..., LoadDirectory]:
    """Returns a maker of directories of load runs, with nothing measured yet."""

    def make(name: str = "run", **values: Any) -> LoadDirectory:
        return LoadDirectory(tmp_path / name, values=values)

    return make


@pytest.fixture
def load_run(new_load: Callable[..., LoadDirectory]) -> Callable[..., Path]:
    """Makes a load run of a minute with every state of an objective and failures."""

    def make(
        name: str = "run",
        *,
        seed: int = 1,
        seconds: int = 60,
        scale: float = 1.0,
        objectives: Sequence[dict[str, Any]] = OBJECTIVES,
        **more: Any,
    ) -> Path:
        run = new_load(name, objectives=list(objectives), failures=list(FAILURES))
        rng = random.Random(seed)
        run.line(1.0, a_second(rng, per_s=5), phase="ramp", sessions=5)
        for n in range(seconds):
            run.line(n + 2.0, a_second(rng, scale=scale, lost=int(n % 20 == 7) * 20))
        run.line(seconds + 2.5, a_second(rng, per_s=5), phase="drain", sessions=0)
        return run.finish(**more)

    return make


@pytest.fixture
def hostile() -> str:
    return HOSTILE


@pytest.fixture
def second() -> Callable[..., Tally]:
    return a_second
