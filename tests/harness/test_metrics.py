from __future__ import annotations

import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_harness.metrics import (
    Interval,
    bootstrap_median,
    lag,
    paired_difference,
    unpaired_difference,
)

FINITE = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)


def skewed(n: int, *, seed: int, shift: float = 0.0) -> list[float]:
    """Return latencies as they are: log-normal, median 10 + shift."""
    source = random.Random(seed)
    return [10 * source.lognormvariate(0, 0.4) + shift for _ in range(n)]


def test_interval_holds_the_true_median_as_often_as_it_says() -> None:
    intervals = [bootstrap_median(skewed(60, seed=n), seed=n, resamples=400) for n in range(200)]
    hits = sum(interval.low <= 10 <= interval.high for interval in intervals)
    assert 0.90 * 200 <= hits <= 0.99 * 200


def test_more_values_narrow_the_interval() -> None:
    few, many = (bootstrap_median(skewed(n, seed=1), seed=1) for n in (20, 2_000))
    assert many.high - many.low < (few.high - few.low) / 5


def test_more_confidence_widens_it() -> None:
    values = skewed(50, seed=3)
    half, most = (bootstrap_median(values, seed=1, confidence=c) for c in (0.5, 0.99))
    assert most.low <= half.low <= half.high <= most.high
    assert most.high - most.low > half.high - half.low


def test_same_seed_same_figures() -> None:
    values = skewed(30, seed=5)
    assert bootstrap_median(values, seed=7) == bootstrap_median(values, seed=7)
    assert bootstrap_median(values, seed=7) != bootstrap_median(values, seed=8)


@given(FINITE)
@settings(max_examples=50)
def test_median_lies_in_its_interval_and_that_in_the_values(values: list[float]) -> None:
    interval = bootstrap_median(values, seed=1, resamples=200, confidence=0.999)
    assert min(values) <= interval.low <= interval.high <= max(values)
    assert min(values) <= interval.median <= max(values)
    assert interval.n == len(values)


def test_constant_values_have_no_uncertainty() -> None:
    assert bootstrap_median([5.0] * 9, seed=1) == Interval(median=5, low=5, high=5, n=9)


def test_a_single_value_is_its_own_interval() -> None:
    assert bootstrap_median([3.5], seed=1) == Interval(median=3.5, low=3.5, high=3.5, n=1)


def test_added_delay_is_found_between_independent_runs() -> None:
    before, after = skewed(400, seed=1), skewed(300, seed=2, shift=40)
    difference = unpaired_difference(before, after, seed=1)
    assert difference.low <= 40 <= difference.high
    assert difference.median == pytest.approx(40, abs=1.5)
    assert difference.n == 300


def test_pairs_cancel_what_disturbs_both() -> None:
    before = skewed(60, seed=1)
    after = [value + 40 + noise for value, noise in zip(before, skewed(60, seed=9), strict=True)]
    paired = paired_difference(before, after, seed=1)
    unpaired = unpaired_difference(before, after, seed=1)
    assert paired.low <= 50 <= paired.high
    assert paired.high - paired.low < unpaired.high - unpaired.low


def test_many_values_are_resampled_in_chunks() -> None:
    values = [float(n) for n in range(50_001)]
    interval = bootstrap_median(values, seed=1, resamples=50)
    assert interval.median == 25_000
    assert interval.low < 25_000 < interval.high


@pytest.mark.parametrize(
    ("values", "confidence", "message"),
    [
        ([], 0.95, "at least one"),
        ([1.0, float("nan")], 0.95, "finite"),
        ([float("inf")], 0.95, "finite"),
        ([1.0], 1.0, "between 0 and 1"),
        ([1.0], 0.0, "between 0 and 1"),
    ],
    ids=["none", "nan", "infinite", "certain", "impossible"],
)
def test_refused(values: list[float], confidence: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bootstrap_median(values, seed=1, confidence=confidence)


def test_pairs_have_two_sides() -> None:
    with pytest.raises(ValueError, match="2 and 1"):
        paired_difference([1, 2], [1], seed=1)


def test_lag() -> None:
    first = {f"event_{n}": float(n) for n in range(21)}
    second = {name: at + 0.1 * at for name, at in first.items() if at != 10} | {"other": 0.0}
    found = lag(first, second)
    assert found is not None
    assert found.median == pytest.approx(1.0, abs=0.11)
    assert found.p95 == pytest.approx(1.905)
    assert found.largest == pytest.approx(2.0)
    assert (found.n, found.missing) == (20, 1)


def test_lag_of_nothing_in_common() -> None:
    assert lag({"a": 1.0}, {"b": 1.0}) is None
    assert lag({}, {}) is None


def test_import_is_cheap() -> None:
    code = "import sys, realtime_harness.metrics; sys.exit('numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
