from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_harness.load.histogram import Histogram

durations = st.lists(st.integers(0, 10**13), max_size=60)


@pytest.mark.parametrize(
    "value_ns", [0, 1, 2047, 2048, 4095, 4096, 1_000_000, 123_456_789, 3_600_000_000_000]
)
def test_a_value_keeps_three_digits(value_ns: int) -> None:
    found_ms = Histogram.of([value_ns]).percentile_ms(50)
    assert found_ms == pytest.approx(value_ns / 1e6, rel=0.0005)


def test_what_is_below_nothing_counts_as_nothing() -> None:
    assert Histogram.of([-5]) == Histogram.of([0])


@given(durations, durations)
def test_merging_is_pooling(ours: list[int], theirs: list[int]) -> None:
    merged = Histogram.merged([Histogram.of(ours), Histogram.of(theirs)])
    assert merged == Histogram.of(ours + theirs)


@given(durations)
def test_json_loses_nothing(values: list[int]) -> None:
    histogram = Histogram.of(values)
    assert Histogram.from_json(json.loads(json.dumps(histogram.to_json()))) == histogram


@given(durations)
def test_buckets_are_in_the_order_of_values(values: list[int]) -> None:
    histogram = Histogram()
    found: list[int] = []
    for value in sorted(values):
        single = Histogram.of([value])
        found += single.counts
        histogram.merge(single)
    assert found == sorted(found)
    assert histogram.count == len(values)


@pytest.mark.parametrize(
    ("percent", "rank"), [(0, 1), (50, 500), (99, 990), (99.9, 999), (99.95, 1000), (100, 1000)]
)
def test_percentiles_are_nearest_ranks(percent: float, rank: int) -> None:
    values = [number * 1_000_000 for number in range(1, 1001)]
    random.Random(1).shuffle(values)
    assert Histogram.of(values).percentile_ms(percent) == pytest.approx(rank, rel=0.0005)


def test_nothing_has_no_figures() -> None:
    empty = Histogram()
    figures = (empty.count, empty.percentile_ms(99), empty.mean_ms, empty.min_ms, empty.max_ms)
    assert figures == (0, 0, 0, 0, 0)
    assert empty.share_below(1) == 1


def test_mean_ends_and_share() -> None:
    histogram = Histogram.of([1_000_000, 2_000_000, 6_000_000])
    assert histogram.mean_ms == pytest.approx(3, rel=0.001)
    assert histogram.min_ms == pytest.approx(1, rel=0.001)
    assert histogram.max_ms == pytest.approx(6, rel=0.001)
    assert histogram.share_below(5) == pytest.approx(2 / 3)


@pytest.mark.parametrize("numbers", [[1], [1, "2"], [1.5, 2]], ids=repr)
def test_what_is_no_histogram_is_said(numbers: list[object]) -> None:
    with pytest.raises(ValueError, match="no histogram"):
        Histogram.from_json(numbers)
