"""What is said of two runs, held against runs of which the truth is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from realtime_harness.load.blocks import Block
from realtime_harness.load.comparison import Change, Comparison, Difference, Side, compare, said
from realtime_harness.load.histogram import Histogram
from realtime_harness.load.operation import OK, Series, Tally

if TYPE_CHECKING:
    from numpy.random import Generator

RUNS = 60
"""Pairs of runs in which a share is counted: it scatters by 2.8 points around 95 %."""


def side(
    random: Generator,
    *,
    seconds: int = 60,
    per_s: int = 25,
    scale: float = 1.0,
    follow: float = 0.0,
    failures: float = 0.0,
    **more: Any,
) -> Side:
    """A run whose latencies are log-normal around 50 ms; with ``follow``, slow seconds come in a
    row."""
    blocks = []
    level = random.normal() * 0.15 / math.sqrt(1 - follow**2)
    for _ in range(seconds):
        level = follow * level + random.normal() * 0.15
        tally = Tally()
        values = 50e6 * scale * np.exp(random.normal(size=per_s) * 0.3 + (level if follow else 0))
        tally.series[Series("ttft_ms", "response")] = Histogram.of(map(int, values))
        failed = int(random.binomial(per_s, failures))
        tally.outcomes["turn", OK] = per_s - failed
        tally.outcomes["turn", "timeout"] = failed
        blocks.append(Block(seconds=1.0, tally=tally))
    return Side(**{"plan": {}, **more}, blocks=blocks)


def of(comparison: Comparison, figure: str) -> Difference:
    return next(each for each in comparison.differences if each.figure == figure)


@pytest.mark.parametrize(
    ("run", "fewest"),
    [
        pytest.param({}, 0.9, id="independent seconds"),
        pytest.param({"seconds": 20, "per_s": 60}, 0.9, id="a short run"),
        pytest.param({"follow": 0.5}, 0.87, id="slow seconds come in a row"),
        pytest.param({"follow": 0.8, "seconds": 180, "per_s": 20}, 0.87, id="in long rows"),
    ],
)
def test_intervals_hold_the_truth_as_often_as_they_say(run: dict[str, Any], fewest: float) -> None:
    random = np.random.default_rng(11)
    hits: dict[str, list[bool]] = {}
    for _ in range(RUNS):
        found = compare(side(random, **run), side(random, scale=1.1, **run))
        for each in found.judged:
            if each.clock:
                hits.setdefault(each.figure, []).append(each.low <= 0.1 <= each.high)
    assert set(hits) == {"p50", "p95", "p99"}
    for figure, hit in hits.items():
        assert fewest <= sum(hit) / RUNS, figure
    # Nor are they wider than they have to be, where seconds are independent.
    if not run.get("follow"):
        assert sum(map(sum, hits.values())) / (3 * RUNS) < 0.995


def test_runs_of_the_same_service_hardly_ever_differ() -> None:
    random = np.random.default_rng(12)
    found = [compare(side(random, failures=0.02), side(random, failures=0.02)) for _ in range(RUNS)]
    for figure in ("p50", "p95", "p99", "failed"):
        differ = sum(of(each, figure).change is not Change.NONE for each in found)
        assert differ / RUNS <= 0.1, figure


def test_what_could_be_told_is_told_four_times_out_of_five() -> None:
    random = np.random.default_rng(13)
    usual = [of(compare(side(random), side(random)), "p50").could_tell for _ in range(10)]
    scale = 1 + sorted(usual)[5]
    told = [
        of(compare(side(random), side(random, scale=scale)), "p50").change is Change.MORE
        for _ in range(RUNS)
    ]
    assert 0.65 <= sum(told) / RUNS <= 0.95


def test_the_same_figures_give_the_same_words() -> None:
    one, other = (
        compare(side(random), side(random, scale=1.12))
        for random in (np.random.default_rng(3), np.random.default_rng(3))
    )
    assert one == other
    assert said(of(one, "p50")).startswith("slower by 1")
    assert "±" in said(of(one, "p50"))


@pytest.mark.parametrize(
    ("run", "figure", "words"),
    [
        pytest.param({"scale": 0.5}, "p50", "faster by ", id="faster"),
        pytest.param({}, "p50", "no difference seen (could tell ", id="none"),
        pytest.param({"failures": 0.2}, "failed", "more by ", id="failures"),
        pytest.param({"per_s": 50}, "per s", "more by 100 % ± ", id="throughput"),
    ],
)
def test_it_is_said_in_words(run: dict[str, Any], figure: str, words: str) -> None:
    random = np.random.default_rng(4)
    assert said(of(compare(side(random), side(random, **run)), figure)).startswith(words)


def test_nothing_failed_in_either() -> None:
    random = np.random.default_rng(5)
    assert said(of(compare(side(random), side(random)), "failed")) == "none in either"


def test_void_runs_are_not_compared() -> None:
    random = np.random.default_rng(6)
    found = compare(side(random, void="the engine sent late"), side(random))
    assert found.refused == "the earlier run is void: the engine sent late"
    assert found.differences == []


def test_a_run_without_time_that_counts_is_not_compared() -> None:
    found = compare(Side(plan={}, blocks=[]), side(np.random.default_rng(6)))
    assert found.refused == "the earlier run has no time that counts"


def test_what_was_asked_for_differently_is_listed() -> None:
    random = np.random.default_rng(7)
    before = side(random, plan={"sessions": "10", "shape": "baseline", "seed": "1"})
    after = side(random, plan={"sessions": "20", "shape": "baseline", "machine": "x"})
    assert compare(before, after).plans == [
        ("sessions", "10", "20"),
        ("seed", "1", ""),
        ("machine", "", "x"),
    ]


@pytest.mark.parametrize(
    ("run", "figure", "reason"),
    [
        pytest.param({"per_s": 10}, "p99", "too few samples: 600", id="few beyond the percentile"),
        pytest.param(
            {"seconds": 4},
            "p50",
            "too short: measured in 4 blocks of steady time, not 5",
            id="short",
        ),
    ],
)
def test_what_cannot_be_told_is_not(run: dict[str, Any], figure: str, reason: str) -> None:
    random = np.random.default_rng(8)
    found = of(compare(side(random, **run), side(random, **run)), figure)
    assert (found.change, said(found)) == (Change.UNKNOWN, reason)


def test_where_there_are_zeros_the_difference_has_a_unit() -> None:
    def stalls(values: Sequence[int]) -> Side:
        blocks = []
        for number in range(40):
            tally = Tally()
            tally.series[Series("stalled_ms", "service")] = Histogram.of(
                value + value // 1000 * (number % 3) for value in values
            )
            blocks.append(Block(seconds=1.0, tally=tally))
        return Side(plan={}, blocks=blocks)

    found = of(compare(stalls([0] * 30), stalls([3_000_000] * 30)), "p50")
    assert found.absolute
    assert said(found).startswith("slower by 3.0 ms")


def test_a_constant_latency_differs_only_beyond_the_resolution() -> None:
    def constant(value: int) -> Side:
        tally = Tally()
        tally.series[Series("ttft_ms", "response")] = Histogram.of([value] * 30)
        return Side(plan={}, blocks=[Block(seconds=1.0, tally=tally)] * 40)

    same = compare(constant(50_000_000), constant(50_010_000))
    other = compare(constant(50_000_000), constant(50_200_000))
    longer = compare(constant(50_000_000), constant(5_000_000_000))
    assert of(same, "p50").change is Change.NONE
    assert of(other, "p50").change is Change.MORE
    assert said(of(longer, "p50")) == "slower: 100 times as much"
