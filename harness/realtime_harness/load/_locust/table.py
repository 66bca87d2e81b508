"""Locust's table: our metrics in it, with our digits.

Locust's own buckets are a millisecond wide, which is all there is to tell of a fast turn, and what
it calls a percentile is the value one rank above the nearest.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

from locust import stats as locust_stats
from locust.stats import RequestStats, StatsError

from realtime_harness.load.operation import METRICS, Series, Tally

__all__ = ["count_by_nearest_rank", "name_of", "show"]

_MAIN = frozenset({"turn_ms", "session_ms", "barge_in_ms"})
"""Metrics of which there is one for each operation: those that Locust adds up."""
_FAILED = "failed"


def name_of(series: Series) -> str:
    """Return what a series is called in the table, in which all are milliseconds unless named."""
    metric = series.metric
    unit = METRICS[metric].unit if metric in METRICS else "ms"
    return metric.removesuffix("_ms") if unit == "ms" else f"{metric} ({unit})"


def show(stats: RequestStats, tally: Tally) -> None:
    """Add what counts of an interval, by the bucket and not by the event."""
    now = time.time()
    for series, histogram in tally.series.items():
        entries = [stats.entries[name_of(series), series.clock]]
        if series.metric in _MAIN and series.clock == "response":
            entries.append(stats.total)
        # Locust says that its durations are whole numbers, and does not mind others.
        values: list[tuple[Any, int]] = [
            (float(f"{value:.3g}"), count) for value, count in histogram.values_ms()
        ]
        for entry in entries:
            _tick(entry, now, histogram.count)
            entry.total_response_time += histogram.mean_ms * histogram.count  # type: ignore[assignment]
            low, high = values[0][0], values[-1][0]
            known = entry.min_response_time
            entry.min_response_time = low if known is None else min(low, known)
            entry.max_response_time = max(high, entry.max_response_time)
            for value, count in values:
                entry.response_times[value] += count
    for operation, outcome, count in tally.failures():
        for entry in (stats.entries[operation, _FAILED], stats.total):
            _tick(entry, now, count)
            entry.num_none_requests += count
            entry.num_failures += count
            entry.num_fail_per_sec[int(now)] += count
        key = StatsError.create_key(_FAILED, operation, outcome)
        error = stats.errors.setdefault(key, StatsError(_FAILED, operation, outcome))
        error.occurred()
        error.occurrences += count - 1


def _tick(entry: Any, now: float, count: int) -> None:
    """Count so many of now."""
    second = int(now)
    last = entry.last_request_timestamp
    if entry.use_response_times_cache and last and second > int(last):
        entry._cache_response_times(second - 1)
    entry.num_requests += count
    entry.num_reqs_per_sec[second] += count
    entry.last_request_timestamp = now


def count_by_nearest_rank() -> None:
    """Have Locust mean by a percentile what we mean, in its table, its charts and its report."""
    stats: Any = locust_stats
    stats.calculate_response_time_percentile = _percentile


def _percentile(times: Mapping[Any, int], total: int, percent: float) -> Any:
    """Return the smallest value that at least ``percent`` of 1 do not exceed.

    ``total`` also counts what failed, which has no duration.
    """
    # Percentiles of the last seconds are of a difference, in which there is nothing of many.
    count = sum(times.values())
    rank = max(1, math.ceil(percent * count - 1e-9))
    seen = 0
    for value in sorted(times):
        seen += times[value]
        if seen >= rank:
            return value
    return 0
