"""Parts of a run that are drawn again and again, to see how much its figures scatter.

Seconds of one run are no independent measurements: a service that is slow now is slow in the next
second, too. So a run is cut into blocks of neighbouring seconds, and what is resampled, with
replacement, is blocks (a block bootstrap, H. R. Künsch, "The Jackknife and the Bootstrap for
General Stationary Observations", 1989). Histograms of the blocks that were drawn are merged, so
that each draw has percentiles of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, TypeAlias

from realtime_harness.load.histogram import Histogram
from realtime_harness.load.operation import OK, Tally

if TYPE_CHECKING:
    from numpy import float64
    from numpy.random import Generator
    from numpy.typing import NDArray

    _Array: TypeAlias = NDArray[float64]

__all__ = ["FEWEST_BLOCKS", "PERCENTILES", "Block", "Counts", "Samples", "student", "welch"]

PERCENTILES = (50.0, 95.0, 99.0)
"""That are compared, of each metric and clock."""
FEWEST_BLOCKS = 5
"""With less there is no telling how much they scatter."""

_DRAWS = 400
_MOST_BLOCKS = 120
"""More say nothing more about how much they scatter."""
_MOST_TOLD = 0.6
"""Autocorrelation of blocks up to which it is made up for."""
_CHUNK = 1 << 21
"""Figures in memory at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A stretch of the time that counts."""

    seconds: float
    tally: Tally


class Samples:
    """What one metric came to by one clock, block by block."""

    def __init__(self, blocks: Sequence[Block], metric: str, clock: str) -> None:
        seconds = [block.seconds for block in blocks]
        parts = [block.tally.histogram(metric, clock=clock) for block in blocks]
        length = _length([_level(part) for part in parts])
        self._blocks = [
            Histogram.merged(parts[start : start + length])
            for start in range(0, len(parts), length)
        ]
        self.block_s = length * sum(seconds) / len(seconds)
        self.blocks = sum(bool(each.counts) for each in self._blocks)
        self.whole = Histogram.merged(self._blocks)
        self.inflation = _inflation([_level(each) for each in self._blocks])

    def percentiles(self, seed: int) -> _Array:
        """Return percentiles of resampled blocks: a row for each draw."""
        import numpy as np

        if not self.whole.counts:
            return np.zeros((2, len(PERCENTILES)))
        buckets = {bucket: place for place, bucket in enumerate(sorted(self.whole.counts))}
        counts = np.zeros((len(self._blocks), len(buckets)))
        for row, block in enumerate(self._blocks):
            for bucket, count in block.counts.items():
                counts[row, buckets[bucket]] = count
        values = np.array([value for value, _ in self.whole.values_ms()])
        random = np.random.default_rng(seed)
        step = max(1, _CHUNK // len(buckets))
        found = []
        for start in range(0, _DRAWS, step):
            drawn = _draw(random, min(step, _DRAWS - start), len(self._blocks)) @ counts
            below = np.cumsum(drawn, axis=1)
            columns = []
            for percent in PERCENTILES:
                rank = percent / 100 * below[:, -1:] - 1e-9
                place = np.minimum((below < rank).sum(axis=1), len(values) - 1)
                columns.append(values[place])
            found.append(np.stack(columns, axis=1))
        return np.concatenate(found)


class Counts:
    """How many of one operation succeeded and failed, block by block."""

    def __init__(self, blocks: Sequence[Block], name: str) -> None:
        parts = [
            (
                block.tally.outcomes[name, OK],
                block.tally.count(name, ok=False),
                block.seconds,
            )
            for block in blocks
        ]
        length = _length([part[0] / part[2] if part[2] else 0.0 for part in parts])
        self._parts = [
            [float(sum(column)) for column in zip(*parts[start : start + length], strict=True)]
            for start in range(0, len(parts), length)
        ]
        self.active = sum(each[0] + each[1] > 0 for each in self._parts)
        """Blocks in which there was any."""
        ok, failed, seconds = (sum(column) for column in zip(*self._parts, strict=True))
        self.blocks = len(self._parts)
        self.block_s = seconds / self.blocks
        self.total = int(ok + failed)
        self.per_s = ok / seconds if seconds else 0.0
        self.failed = failed / self.total if self.total else 0.0
        self.inflation = _inflation([each[0] / each[2] if each[2] else 0.0 for each in self._parts])

    def draw(self, seed: int) -> tuple[_Array, _Array]:
        """Return successes a second and the share of failures of resampled blocks."""
        import numpy as np

        random = np.random.default_rng(seed)
        drawn = _draw(random, _DRAWS, len(self._parts)) @ np.array(self._parts)
        ok, failed, seconds = drawn.T
        return ok / np.maximum(seconds, 1e-9), failed / np.maximum(ok + failed, 1e-9)


def _draw(random: Generator, times: int, blocks: int) -> _Array:
    """Return how often each block is drawn: a row for each time."""
    import numpy as np

    drawn = random.multinomial(blocks, np.full(blocks, 1 / blocks), size=times)
    return np.asarray(drawn, dtype=np.float64)


def _level(part: Histogram) -> float:
    """Return the logarithm of the middle of some values; NaN of none."""
    return math.log(max(part.percentile_ms(50), 1e-6)) if part.counts else math.nan


def _length(levels: Sequence[float]) -> int:
    """Return how many neighbours make a block: the cube root of all, or more where they follow on.

    Blocks are doubled as long as each tells something about the next one, and there are enough.
    """
    import numpy as np

    count = len(levels)
    length: int = max(1, math.ceil(count / _MOST_BLOCKS), min(round(count ** (1 / 3)), count // 8))
    every = np.asarray(levels, dtype=np.float64)
    while count // (2 * length) >= 10:
        means = [
            float(part[~np.isnan(part)].mean())
            for start in range(0, count - length + 1, length)
            if not np.isnan(part := every[start : start + length]).all()
        ]
        if len(means) < 10 or _follow(np.array(means)) < 1 / math.sqrt(len(means)):
            break
        length *= 2
    return length


def _inflation(levels: Sequence[float]) -> float:
    """Return by how much more the mean of blocks scatters than if they did not follow each other.

    As if each told the next one something, and that one the one behind it (an autoregression of
    first order). An autocorrelation of n values is too small by about 1 / n (F. H. C. Marriott and
    J. A. Pope, "Bias in the Estimation of Autocorrelations", 1954).
    """
    import numpy as np

    every = np.asarray(levels, dtype=np.float64)
    every = every[~np.isnan(every)]
    if len(every) < FEWEST_BLOCKS:
        return 1.0
    told = min(max(0.0, _follow(every) + 1 / len(every)), _MOST_TOLD)
    return (1 + told) / (1 - told)


def _follow(means: _Array) -> float:
    """Return by how much each tells the next one: the autocorrelation of neighbours."""
    off = means - means.mean()
    scatter = float((off**2).sum())
    return float((off[1:] * off[:-1]).sum()) / scatter if scatter > 0 else 0.0


def welch(errors: Sequence[float], blocks: Sequence[int]) -> float:
    """Return the degrees of freedom of the difference of two means, by their squared errors."""
    below = sum(error**2 / (n - 1) for error, n in zip(errors, blocks, strict=True))
    if below <= 0:
        return float(min(blocks) - 1)
    return sum(errors) ** 2 / below


def student(share: float, freedom: float) -> float:
    """Return a quantile of Student's t, by its expansion around the normal distribution.

    Within 0.1 % from 4 degrees of freedom on (Abramowitz and Stegun, "Handbook of Mathematical
    Functions", 26.7.5).
    """
    z = NormalDist().inv_cdf(share)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, 1))
