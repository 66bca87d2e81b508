from __future__ import annotations

import numpy as np
import pytest

from realtime_harness.load.blocks import Block, Counts, Samples, student, welch
from realtime_harness.load.histogram import Histogram
from realtime_harness.load.operation import OK, Series, Tally


@pytest.mark.parametrize(
    ("share", "freedom", "expected"),
    [
        (0.975, 4, 2.776),
        (0.975, 9, 2.262),
        (0.975, 30, 2.042),
        (0.975, 1e9, 1.960),
        (0.8, 4, 0.941),
        (0.8, 20, 0.860),
    ],
)
def test_quantiles_are_those_of_the_tables(share: float, freedom: float, expected: float) -> None:
    assert student(share, freedom) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("errors", "blocks", "expected"),
    [
        pytest.param([1.0, 1.0], [10, 10], 18.0, id="alike"),
        pytest.param([1.0, 0.0], [10, 50], 9.0, id="one scatters"),
        pytest.param([0.0, 0.0], [10, 50], 9.0, id="neither does"),
    ],
)
def test_degrees_of_freedom(errors: list[float], blocks: list[int], expected: float) -> None:
    assert welch(errors, blocks) == pytest.approx(expected)


def seconds(levels: list[float], failed: int = 0) -> list[Block]:
    blocks = []
    for level in levels:
        tally = Tally()
        tally.series[Series("ttft_ms", "response")] = Histogram.of([int(level * 1e6)] * 4)
        tally.outcomes["turn", OK] = 4
        tally.outcomes["turn", "closed"] = failed
        blocks.append(Block(seconds=1.0, tally=tally))
    return blocks


@pytest.mark.parametrize(("count", "length"), [(7, 1), (16, 2), (60, 4), (600, 8)])
def test_blocks_are_as_long_as_the_cube_root(count: int, length: int) -> None:
    random = np.random.default_rng(1)
    levels = list(50 + random.normal(size=count))
    assert Samples(seconds(levels), "ttft_ms", "response").block_s == length


def test_blocks_are_longer_where_they_follow_each_other() -> None:
    slow_and_fast = [50.0 + 20 * (n // 20 % 2) for n in range(400)]
    samples = Samples(seconds(slow_and_fast), "ttft_ms", "response")
    assert samples.block_s > 8
    assert samples.whole.count == 1600


def test_draws_are_of_the_whole() -> None:
    samples = Samples(seconds([10.0] * 20 + [90.0] * 20), "ttft_ms", "response")
    drawn = samples.percentiles(seed=1)
    assert drawn.shape[1] == 3
    assert set(np.round(np.unique(drawn))) <= {10.0, 90.0}
    assert (drawn == samples.percentiles(seed=1)).all()


def test_nothing_measured_is_no_error() -> None:
    samples = Samples(seconds([10.0] * 10), "turn_ms", "response")
    assert samples.blocks == 0
    assert not samples.percentiles(seed=1).any()


def test_counts_are_by_the_second_and_by_the_operation() -> None:
    counts = Counts(seconds([10.0] * 40, failed=1), "turn")
    assert (counts.per_s, counts.failed, counts.total) == (4.0, 0.2, 200)
    per_s, failed = counts.draw(seed=1)
    assert per_s == pytest.approx(4.0)
    assert failed == pytest.approx(0.2)
