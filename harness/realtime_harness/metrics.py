"""Figures with their uncertainty: medians with bootstrap intervals, and their differences.

Latencies are skewed and have outliers, so medians are compared, not means, and no distribution is
assumed: the interval comes from resampling what was measured (the percentile bootstrap, B. Efron,
"Bootstrap Methods: Another Look at the Jackknife", 1979). Everything is seeded: the same
values give the same figures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from numpy import float64
    from numpy.random import Generator
    from numpy.typing import NDArray

__all__ = [
    "Interval",
    "Lag",
    "bootstrap_median",
    "lag",
    "paired_difference",
    "unpaired_difference",
]

_RESAMPLES = 2_000
_CHUNK = 1 << 20  # values resampled at once: bounds the memory to some tens of megabytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A median, and where the true one lies with the given confidence."""

    median: float
    low: float
    high: float
    n: int
    """How many values (or pairs; of two unpaired sets: of the smaller one) it rests on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How much later things arrived at a second place than at a first."""

    median: float
    p95: float
    largest: float
    n: int
    """How many arrived at both."""
    missing: int
    """How many arrived at the first place only."""


_Resampler: TypeAlias = "Callable[[Generator, int], NDArray[float64]]"


def bootstrap_median(
    values: Sequence[float], *, seed: int, resamples: int = _RESAMPLES, confidence: float = 0.95
) -> Interval:
    """Return the median of ``values`` with its interval.

    Args:
        values: what was measured, in any unit; the interval has the same one.
        seed: of the resampling.
        resamples: how often to resample.
        confidence: that the true median lies in the interval, between 0 and 1.

    Raises:
        ValueError: if there are no values, one is not finite, or the confidence is no probability.

    """
    measured = _checked(values, "values")
    return _interval(
        _median(measured),
        lambda random, count: _medians(measured, random, count),
        n=len(measured),
        seed=seed,
        resamples=resamples,
        confidence=confidence,
    )


def paired_difference(
    before: Sequence[float],
    after: Sequence[float],
    *,
    seed: int,
    resamples: int = _RESAMPLES,
    confidence: float = 0.95,
) -> Interval:
    """Return the median of ``after[i] - before[i]`` with its interval.

    For measurements made in turn under the same circumstances: what disturbs both cancels out.

    Raises:
        ValueError: as :func:`bootstrap_median`, or if the two are not of the same length.

    """
    if len(before) != len(after):
        raise ValueError(f"expected pairs, got {len(before)} and {len(after)} values")
    differences = [b - a for a, b in zip(before, after, strict=True)]
    return bootstrap_median(differences, seed=seed, resamples=resamples, confidence=confidence)


def unpaired_difference(
    before: Sequence[float],
    after: Sequence[float],
    *,
    seed: int,
    resamples: int = _RESAMPLES,
    confidence: float = 0.95,
) -> Interval:
    """Return ``median(after) - median(before)`` with its interval, for independent measurements.

    Raises:
        ValueError: as :func:`bootstrap_median`.

    """
    first, second = _checked(before, "values before"), _checked(after, "values after")
    return _interval(
        _median(second) - _median(first),
        lambda random, count: _medians(second, random, count) - _medians(first, random, count),
        n=min(len(first), len(second)),
        seed=seed,
        resamples=resamples,
        confidence=confidence,
    )


def lag(first: Mapping[str, float], second: Mapping[str, float]) -> Lag | None:
    """Compare when the same things arrived at two places.

    Args:
        first: name -> time of arrival at the first place.
        second: the same for the second; names that are only here are not looked at.

    Returns:
        ``None`` if nothing arrived at both.

    """
    lags = sorted(second[name] - at for name, at in first.items() if name in second)
    if not lags:
        return None
    return Lag(
        median=_quantile(lags, 0.5),
        p95=_quantile(lags, 0.95),
        largest=lags[-1],
        n=len(lags),
        missing=len(first) - len(lags),
    )


def _interval(
    median: float,
    resample: _Resampler,
    *,
    n: int,
    seed: int,
    resamples: int,
    confidence: float,
) -> Interval:
    import numpy as np

    if not 0 < confidence < 1:
        raise ValueError(f"the confidence is a probability between 0 and 1, not {confidence}")
    random = np.random.default_rng(seed)
    chunk = max(1, _CHUNK // n)
    counts = [min(chunk, resamples - start) for start in range(0, resamples, chunk)]
    medians = np.concatenate([resample(random, count) for count in counts])
    tail = 50 * (1 - confidence)
    low, high = np.percentile(medians, [tail, 100 - tail])
    return Interval(median=median, low=float(low), high=float(high), n=n)


def _medians(values: NDArray[float64], random: Generator, count: int) -> NDArray[float64]:
    import numpy as np

    picked: NDArray[float64] = values[random.integers(0, len(values), (count, len(values)))]
    return np.asarray(np.median(picked, axis=1), dtype=np.float64)


def _checked(values: Sequence[float], what: str) -> NDArray[float64]:
    import numpy as np

    array = np.asarray(values, dtype=np.float64)
    if array.size == 0:
        raise ValueError(f"no {what}: a median needs at least one")
    if not np.isfinite(array).all():
        raise ValueError(f"{what} are not all finite")
    return array


def _median(values: NDArray[float64]) -> float:
    return _quantile(sorted(values.tolist()), 0.5)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return a quantile, linear between neighbours."""
    place = share * (len(ordered) - 1)
    below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
    return below + (above - below) * (place - math.floor(place))
