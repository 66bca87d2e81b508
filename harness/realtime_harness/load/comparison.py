"""Two load runs side by side: what differs by more than chance.

How much the figures of a run scatter is found out from its blocks (:mod:`.blocks`). The runs are
independent of each other, so how much their difference scatters follows; its interval has the width
that Student's t says for so few blocks (degrees of freedom by B. L. Welch, 1947). Percentiles are
compared by their ratio, on a logarithmic scale.

What this cannot know is how much two runs of the same service differ for reasons that do not
change within a run, such as what else the machine does that day.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from realtime_harness.load.blocks import (
    FEWEST_BLOCKS,
    PERCENTILES,
    Block,
    Counts,
    Samples,
    student,
    welch,
)
from realtime_harness.load.histogram import Histogram
from realtime_harness.load.operation import UNFINISHED, Tally

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

__all__ = ["Change", "Comparison", "Difference", "Side", "compare", "said"]

_FEWEST_BEYOND = 10
"""So many samples have to lie beyond a percentile on either side, or chance decides where it is."""
_RESOLUTION = 0.001
"""Of a histogram: values that differ by less are the same."""
_MANY = 9.0
"""Grown by more than that, it is said how many times it is as much."""


class Change(Enum):
    """What can be said about a figure."""

    MORE = "more"
    LESS = "less"
    NONE = "none seen"
    UNKNOWN = "unknown"
    """There is too little to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two runs."""

    plan: Mapping[str, str]
    """What it was a run of, in words: what differs is told."""
    blocks: Sequence[Block]
    """The time that counts, in its order."""
    void: str = ""
    """Why its figures say nothing; empty if they do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One figure of both runs."""

    name: str
    """Metric, or operation."""
    clock: str
    """Empty for what is counted."""
    figure: str
    """``p95``, ``per s`` or ``failed``."""
    unit: str
    before: float
    after: float
    counts: tuple[int, int]
    """From how many samples each is."""
    change: Change
    value: float = 0.0
    """By how much it is more, as a share of ``before``; with ``absolute``, in the unit."""
    low: float = 0.0
    high: float = 0.0
    """Where the true one lies with 95 % confidence."""
    could_tell: float = 0.0
    """A difference of this size is seen four times out of five."""
    absolute: bool = False
    block_s: float = 0.0
    """The longer one of the lengths of both runs' blocks."""
    reason: str = ""
    """Why nothing can be said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A run beside an earlier one."""

    refused: str
    """Why they are not compared; empty if they are."""
    plans: list[tuple[str, str, str]]
    """What was asked for differently: what it is, before, after."""
    differences: list[Difference]

    @property
    def judged(self) -> list[Difference]:
        """Figures about which something can be said."""
        return [each for each in self.differences if each.change is not Change.UNKNOWN]

    @property
    def seen(self) -> list[Difference]:
        """Figures that differ."""
        return [each for each in self.judged if each.change is not Change.NONE]


def compare(
    before: Side, after: Side, *, units: Mapping[str, str] | None = None, seed: int = 1
) -> Comparison:
    """Compare a run with an earlier one.

    Args:
        before: the earlier one.
        after: the other one.
        units: of metrics, by name; ``ms`` of those that are not named.
        seed: of the resampling; the same one gives the same figures.

    """
    plans = [
        (key, before.plan.get(key, ""), after.plan.get(key, ""))
        for key in dict.fromkeys((*before.plan, *after.plan))
        if before.plan.get(key, "") != after.plan.get(key, "")
    ]
    alone = [
        ", ".join(name for name in _metrics(side) if name not in _metrics(other))
        for side, other in ((before, after), (after, before))
    ]
    if before.blocks and after.blocks and any(alone):
        plans.append(("metrics that only one has", alone[0], alone[1]))
    refused = "; ".join(
        f"the {which} run is void: {side.void}"
        for which, side in (("earlier", before), ("later", after))
        if side.void
    )
    for which, side in (("earlier", before), ("later", after)):
        if not refused and not side.blocks:
            refused = f"the {which} run has no time that counts"
    differences: list[Difference] = []
    if not refused:
        differences += _counted(before, after, seed)
        differences += _durations(before, after, units or {}, seed)
    return Comparison(refused=refused, plans=plans, differences=differences)


_WORDS: Mapping[str, tuple[str, str]] = {"ms": ("slower", "faster")}
_OTHERWISE = ("more", "less")


def said(difference: Difference) -> str:
    """Say what can be said: ``slower by 12 % ± 3 %``, ``no difference seen (could tell 4 %)``."""
    if difference.change is Change.UNKNOWN:
        return difference.reason
    if not difference.before and not difference.after:
        return "none in either"
    if difference.change is Change.NONE:
        could_tell = _amount(difference.could_tell, difference)
        return f"no difference seen (could tell {could_tell})"
    words = _WORDS.get(difference.unit, _OTHERWISE) if difference.clock else _OTHERWISE
    word = words[difference.change is Change.LESS]
    if not difference.absolute and difference.value > _MANY:
        return f"{word}: {1 + difference.value:,.0f} times as much"
    low, high = sorted((abs(difference.low), abs(difference.high)))
    half = (high - low) / 2
    by = _amount(abs(difference.value), difference)
    if half > abs(difference.value) / 2:
        return f"{word} by {by} ({_amount(low, difference)} to {_amount(high, difference)})"
    return f"{word} by {by} ± {_amount(half, difference)}"


def _amount(value: float, of: Difference) -> str:
    if not of.absolute:
        value, unit = 100 * value, "%"
    else:
        unit = of.unit
        if unit == "points":
            value *= 100
    size = abs(value)
    digits = 0 if size >= 10 else 1 if size >= 1 else 2
    return f"{value:.{digits}f} {unit}".strip()


def _durations(
    before: Side, after: Side, units: Mapping[str, str], seed: int
) -> Iterable[Difference]:
    names = {
        (series.metric, series.clock): None
        for side in (before, after)
        for block in side.blocks
        for series in block.tally.series
        # What has to do with the generator says nothing about the service.
        if series.clock != "generator"
    }
    metrics = [name for name in _metrics(after) if name in _metrics(before)]
    names = {name: None for name in names if name[0] in metrics}
    for metric, clock in sorted(names, key=lambda name: (metrics.index(name[0]), name[1])):
        unit = units.get(metric, "ms")
        samples = [Samples(side.blocks, metric, clock) for side in (before, after)]
        drawn = [each.percentiles(seed + n) for n, each in enumerate(samples)]
        for place, percent in enumerate(PERCENTILES):
            values = [each.whole.percentile_ms(percent) for each in samples]
            shared = {
                "name": metric,
                "clock": clock,
                "figure": f"p{percent:g}",
                "unit": unit,
                "before": values[0],
                "after": values[1],
                "counts": (samples[0].whole.count, samples[1].whole.count),
                "block_s": max(each.block_s for each in samples),
            }
            yield _difference(
                shared,
                [each[:, place] for each in drawn],
                [each.blocks for each in samples],
                inflation=[each.inflation for each in samples],
                reason=_too_little(samples, percent),
            )


def _metrics(side: Side) -> list[str]:
    whole = Tally()
    for block in side.blocks:
        for series in block.tally.series:
            whole.series.setdefault(series, Histogram())
    return whole.metrics()


def _too_little(samples: Sequence[Samples], percent: float) -> str:
    count = min(each.whole.count for each in samples)
    if not count:
        return "in one of the runs only"
    fewest = min(each.blocks for each in samples)
    if fewest < FEWEST_BLOCKS:
        return f"too short: measured in {fewest} blocks of steady time, not {FEWEST_BLOCKS}"
    if count * min(percent, 100 - percent) / 100 < _FEWEST_BEYOND:
        return f"too few samples: {count}"
    return ""


def _counted(before: Side, after: Side, seed: int) -> Iterable[Difference]:
    names = dict.fromkeys(
        name
        for side in (before, after)
        for block in side.blocks
        for (name, outcome) in block.tally.outcomes
        if outcome != UNFINISHED
    )
    for name in names:
        pairs = [Counts(side.blocks, name) for side in (before, after)]
        blocks = [each.blocks for each in pairs]
        reason = ""
        if min(blocks) < FEWEST_BLOCKS:
            reason = f"too short: {min(blocks)} blocks of steady time, not {FEWEST_BLOCKS}"
        elif (active := min(each.active for each in pairs)) < FEWEST_BLOCKS:
            reason = f"in {active} blocks of steady time only"
        shared = {
            "name": name,
            "clock": "",
            "block_s": max(each.block_s for each in pairs),
            "counts": (pairs[0].total, pairs[1].total),
        }
        drawn = [each.draw(seed + n) for n, each in enumerate(pairs)]
        per_s = {
            "figure": "per s",
            "unit": "/s",
            "before": pairs[0].per_s,
            "after": pairs[1].per_s,
        }
        inflation = [each.inflation for each in pairs]
        yield _difference(
            shared | per_s,
            [each[0] for each in drawn],
            blocks,
            inflation=inflation,
            reason=reason,
        )
        failed = {
            "figure": "failed",
            "unit": "points",
            "before": pairs[0].failed,
            "after": pairs[1].failed,
        }
        yield _difference(
            shared | failed,
            [each[1] for each in drawn],
            blocks,
            inflation=inflation,
            reason=reason,
            absolute=True,
        )


def _difference(
    shared: Mapping[str, object],
    drawn: Sequence[NDArray[float64]],
    blocks: Sequence[int],
    *,
    inflation: Sequence[float] = (1.0, 1.0),
    reason: str = "",
    absolute: bool = False,
) -> Difference:
    import numpy as np

    if reason:
        return Difference(**shared, change=Change.UNKNOWN, reason=reason)  # type: ignore[arg-type]
    ends = [float(shared["before"]), float(shared["after"])]  # type: ignore[arg-type]
    # Where there are zeros there is no ratio.
    absolute = absolute or min(ends) <= 0 or any(bool((each <= 0).any()) for each in drawn)
    if not absolute:
        drawn = [np.log(each) for each in drawn]
        ends = [math.log(each) for each in ends]
    # n / (n - 1): draws of n blocks scatter less than n blocks do.
    errors = [
        float(each.var(ddof=1)) * n / (n - 1) * more
        for each, n, more in zip(drawn, blocks, inflation, strict=True)
    ]
    error = math.sqrt(sum(errors))
    freedom = welch(errors, blocks)
    half = student(0.975, freedom) * error
    middle = ends[1] - ends[0]
    if not absolute:
        half = max(half, _RESOLUTION)
    told = [middle, middle - half, middle + half]
    could_tell = half + student(0.8, freedom) * error
    if not absolute:
        told = [math.expm1(each) for each in told]
        could_tell = math.expm1(could_tell)
    change = Change.MORE if told[1] > 0 else Change.LESS if told[2] < 0 else Change.NONE
    return Difference(
        **shared,  # type: ignore[arg-type]
        change=change,
        value=told[0],
        low=told[1],
        high=told[2],
        could_tell=could_tell,
        absolute=absolute,
    )
