"""Histograms of durations that merge exactly.

Buckets are log-linear: below 2048 ns each value has one of its own, above that each power of two is
divided into 1024. So a value and the middle of its bucket differ by less than 0.05 %, which is
three significant digits from a nanosecond to any length. A histogram is nothing but the counts of
its buckets: adding those of two gives exactly the histogram of the pooled values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

__all__ = ["Histogram"]

_BITS = 11
"""Of a value that are kept, the leading one included."""
_MASK = (1 << _BITS) - 1


class Histogram:
    """Counts of durations in nanoseconds.

    Args:
        counts: by bucket, as another histogram has them.

    """

    __slots__ = ("counts",)

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        self.counts: dict[int, int] = dict(counts or ())

    @classmethod
    def of(cls, values: Iterable[int]) -> Histogram:
        """Return the histogram of ``values``, nanoseconds."""
        histogram = cls()
        for value in values:
            histogram.add(value)
        return histogram

    def add(self, value_ns: int) -> None:
        """Count one duration, nanoseconds; one below zero counts as zero."""
        shift = value_ns.bit_length() - _BITS
        if shift > 0:
            bucket = (shift << _BITS) + (value_ns >> shift)
        else:
            bucket = value_ns if value_ns > 0 else 0
        counts = self.counts
        counts[bucket] = counts.get(bucket, 0) + 1

    def merge(self, other: Histogram) -> None:
        """Add what another one has counted."""
        counts = self.counts
        for bucket, count in other.counts.items():
            counts[bucket] = counts.get(bucket, 0) + count

    @classmethod
    def merged(cls, histograms: Iterable[Histogram]) -> Histogram:
        """Return the histogram of all values of several."""
        whole = cls()
        for each in histograms:
            whole.merge(each)
        return whole

    @property
    def count(self) -> int:
        """How many values were counted."""
        return sum(self.counts.values())

    @property
    def mean_ms(self) -> float:
        """The mean, milliseconds; 0 of nothing."""
        total = sum(_middle(bucket) * count for bucket, count in self.counts.items())
        return total / self.count / 1e6 if self.counts else 0.0

    @property
    def max_ms(self) -> float:
        """The largest value, milliseconds; 0 of nothing."""
        return _middle(max(self.counts)) / 1e6 if self.counts else 0.0

    @property
    def min_ms(self) -> float:
        """The smallest value, milliseconds; 0 of nothing."""
        return _middle(min(self.counts)) / 1e6 if self.counts else 0.0

    def percentile_ms(self, percent: float) -> float:
        """Return the smallest value that at least ``percent`` of 100 do not exceed, milliseconds.

        That is the nearest rank, a value that was measured and never one between two. 0 of nothing.
        """
        rank = percent / 100 * self.count
        seen = 0
        bucket = 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            # Without this, 99.9 % of 1000 would be the value of rank 1000.
            if seen >= rank - 1e-9:
                break
        return _middle(bucket) / 1e6

    def values_ms(self) -> Iterator[tuple[float, int]]:
        """Yield each value that was counted, milliseconds, and how often; in order."""
        for bucket in sorted(self.counts):
            yield _middle(bucket) / 1e6, self.counts[bucket]

    def share_below(self, limit_ms: float) -> float:
        """Return which share of the values is in buckets below a limit; 1 of nothing."""
        if not self.counts:
            return 1.0
        limit = limit_ms * 1e6
        below = sum(count for bucket, count in self.counts.items() if _middle(bucket) < limit)
        return below / self.count

    def to_json(self) -> list[int]:
        """Return it as numbers: bucket, count, step to the next bucket, its count, ...."""
        numbers: list[int] = []
        last = 0
        for bucket in sorted(self.counts):
            numbers += (bucket - last, self.counts[bucket])
            last = bucket
        return numbers

    @classmethod
    def from_json(cls, numbers: list[Any]) -> Histogram:
        """Read back what :meth:`to_json` returned.

        Raises:
            ValueError: if it is something else.

        """
        if len(numbers) % 2 or not all(type(number) is int for number in numbers):
            raise ValueError(f"no histogram: {numbers!r:.80}")
        counts: dict[int, int] = {}
        bucket = 0
        for step, count in zip(numbers[::2], numbers[1::2], strict=True):
            bucket += step
            counts[bucket] = count
        return cls(counts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self.counts == other.counts

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} n={self.count} p50={self.percentile_ms(50):.4g} ms "
            f"p99={self.percentile_ms(99):.4g} ms>"
        )


def _middle(bucket: int) -> float:
    """Return the value in the middle of a bucket, nanoseconds."""
    shift = bucket >> _BITS
    return float(bucket) if shift == 0 else (((bucket & _MASK) + 0.5) * (1 << shift))
