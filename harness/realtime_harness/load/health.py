"""Whether the generator was fit to measure. A sick generator must not pass as a slow service."""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from realtime_harness.load.histogram import Histogram

__all__ = ["LIMITS", "Finding", "Fitness", "Health", "Limits", "Probe", "examine"]


class Fitness(Enum):
    """What figures of a generator are worth."""

    FIT = "fit"
    WARN = "warn"
    """They stand, but the generator's own delay is in them to a degree that can be seen."""
    VOID = "void"
    """They say nothing about the service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From where on a generator is not fit.

    Open-loop runs on a machine with other work on it had delays with a p99 of 25 to 220 ms, and
    reported up to 300 times the latency of quiet ones; quiet ones stayed below 2 ms.
    """

    void_lateness_ms: float = 10.0
    warn_lateness_ms: float = 2.0
    void_cpu: float = 0.85
    """Share of a core, of which an event loop has one."""


LIMITS = Limits()


@dataclass(slots=True, kw_only=True)
class Health:
    """How a generator was, over an interval or a whole run."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    """User and system time of its process."""
    gc_max_ms: float = 0.0
    """The longest pause for collecting garbage."""
    lateness: Histogram = field(default_factory=Histogram)
    """By how much it sent later than it could have: what it was due, and its session was free."""

    @property
    def cpu(self) -> float:
        """Share of one core that it used."""
        return self.cpu_s / self.wall_s if self.wall_s else 0.0

    def merge(self, other: Health) -> None:
        """Add a later interval of the same generator."""
        self.wall_s += other.wall_s
        self.cpu_s += other.cpu_s
        self.gc_max_ms = max(self.gc_max_ms, other.gc_max_ms)
        self.lateness.merge(other.lateness)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "wall_s": round(self.wall_s, 6),
            "cpu_s": round(self.cpu_s, 6),
            "gc_max_ms": round(self.gc_max_ms, 3),
            "lateness": self.lateness.to_json(),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Health:
        """Read back what :meth:`to_json` returned."""
        return cls(**{**values, "lateness": Histogram.from_json(values["lateness"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What examining the generators of a run came to."""

    fitness: Fitness
    reasons: list[str]
    """Why its figures are worth no more than that."""
    remarks: list[str]
    """What else would have been a reason to warn."""
    lateness_p99_ms: float
    cpu: float
    """Of the busiest engine."""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {**asdict(self), "fitness": self.fitness.value}


def examine(engines: Sequence[Health], limits: Limits = LIMITS, *, fault: str = "") -> Finding:
    """Say what figures are worth that these engines measured.

    Args:
        engines: each over the whole run.
        limits: from where on they are not fit.
        fault: what else went wrong with an engine, such as that it died; voids the run.

    """
    void, warn = [fault] if fault else [], []
    worst = 0.0
    for number, each in enumerate(engines):
        name = f"engine {number + 1}" if len(engines) > 1 else "the engine"
        p99 = each.lateness.percentile_ms(99)
        worst = max(worst, p99)
        late = f"{name} sent late: p99 {p99:.1f} ms"
        if p99 > limits.void_lateness_ms:
            void.append(f"{late}, above {limits.void_lateness_ms:g} ms")
        elif p99 > limits.warn_lateness_ms:
            warn.append(f"{late}, above {limits.warn_lateness_ms:g} ms")
        if each.cpu > limits.void_cpu:
            void.append(
                f"{name} used {each.cpu:.0%} of a core, above {limits.void_cpu:.0%}: "
                "more --processes or less load"
            )
    fitness = Fitness.VOID if void else Fitness.WARN if warn else Fitness.FIT
    reasons, remarks = (void, warn) if void else (warn, [])
    busiest = max((each.cpu for each in engines), default=0.0)
    return Finding(
        fitness=fitness, reasons=reasons, remarks=remarks, lateness_p99_ms=worst, cpu=busiest
    )


class Probe:
    """Takes the health of this process, interval by interval. Close it at the end."""

    def __init__(self) -> None:
        self.lateness = Histogram()
        self._since = time.perf_counter()
        self._cpu = time.process_time()
        self._collecting_since = 0.0
        self._gc_max_s = 0.0
        gc.callbacks.append(self._on_gc)

    def take(self) -> Health:
        """Return how it was since the last time."""
        now, cpu = time.perf_counter(), time.process_time()
        health = Health(
            wall_s=now - self._since,
            cpu_s=cpu - self._cpu,
            gc_max_ms=1000 * self._gc_max_s,
            lateness=self.lateness,
        )
        self._since, self._cpu = now, cpu
        self._gc_max_s, self.lateness = 0.0, Histogram()
        return health

    def close(self) -> None:
        """Look no more. Idempotent."""
        if self._on_gc in gc.callbacks:
            gc.callbacks.remove(self._on_gc)

    def _on_gc(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._collecting_since = time.perf_counter()
        else:
            self._gc_max_s = max(self._gc_max_s, time.perf_counter() - self._collecting_since)
