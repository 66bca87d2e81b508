from __future__ import annotations

import gc
from typing import Any

import pytest

from realtime_harness.load.health import Fitness, Health, Probe, examine
from realtime_harness.load.histogram import Histogram


def health(late_ms: float = 0.5, cpu: float = 0.4) -> Health:
    lateness = Histogram.of([round(late_ms * 1e6)] * 100)
    return Health(wall_s=10, cpu_s=10 * cpu, lateness=lateness)


@pytest.mark.parametrize(
    ("engines", "fitness", "reason"),
    [
        ([health()], Fitness.FIT, ""),
        ([health(late_ms=1.9)], Fitness.FIT, ""),
        ([health(late_ms=2.1)], Fitness.WARN, "sent late: p99 2.1 ms, above 2 ms"),
        ([health(late_ms=9.9)], Fitness.WARN, "above 2 ms"),
        ([health(late_ms=10.1)], Fitness.VOID, "sent late: p99 10.1 ms, above 10 ms"),
        ([health(cpu=0.84)], Fitness.FIT, ""),
        ([health(cpu=0.86)], Fitness.VOID, "used 86% of a core"),
        ([health(), health(cpu=0.99)], Fitness.VOID, "engine 2 used 99%"),
        ([health(late_ms=3), health(late_ms=30)], Fitness.VOID, "engine 2 sent late"),
        ([], Fitness.FIT, ""),
    ],
    ids=lambda value: value.value if isinstance(value, Fitness) else None,
)
def test_fitness(engines: list[Health], fitness: Fitness, reason: str) -> None:
    finding = examine(engines)
    assert finding.fitness is fitness
    assert reason in (finding.reasons[0] if finding.reasons else "")


def test_an_engine_that_died_voids() -> None:
    finding = examine([health(late_ms=3)], fault="an engine ended by itself")
    assert finding.fitness is Fitness.VOID
    assert finding.reasons == ["an engine ended by itself"]
    assert "above 2 ms" in finding.remarks[0]


def test_the_busiest_and_the_latest_are_told() -> None:
    finding = examine([health(late_ms=1, cpu=0.5), health(late_ms=1.5, cpu=0.2)])
    assert finding.cpu == pytest.approx(0.5)
    assert finding.lateness_p99_ms == pytest.approx(1.5, rel=0.001)


def test_intervals_add_up() -> None:
    whole = Health()
    whole.merge(health(late_ms=1, cpu=0.2))
    whole.merge(health(late_ms=5, cpu=0.6))
    assert whole.cpu == pytest.approx(0.4)
    assert whole.lateness.count == 200


def test_json_loses_nothing() -> None:
    before = health()
    before.gc_max_ms = 3.5
    assert Health.from_json(before.to_json()) == before


def test_a_probe_sees_the_time_and_the_garbage() -> None:
    probe = Probe()
    try:
        gc.collect()
        probe.lateness.add(1000)
        seen: Any = probe.take()
        again = probe.take()
    finally:
        probe.close()
        probe.close()
    assert seen.wall_s > 0
    assert seen.gc_max_ms > 0
    assert seen.lateness.count == 1
    assert again.lateness.count == 0
