"""What charts are made of: scales, their ticks, and paths. Functions of numbers, nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Linear", "Log", "apart", "path", "spans", "staircase", "time_ticks", "written"]


@dataclass(frozen=True, slots=True)
class Linear:
    """Places values between two ends; equal differences are equally far apart."""

    low: float
    high: float
    start: float
    """Where ``low`` is."""
    end: float

    def __call__(self, value: float) -> float:
        """Return where a value is; one outside of the scale is at its end."""
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def ticks(self, about: int = 5) -> list[float]:
        """Return round values inside, about so many: 1, 2 or 5 times a power of ten apart."""
        length = self.high - self.low
        if not length > 0 or not math.isfinite(length):
            return [self.low]
        rough = length / max(about, 1)
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(n * power for n in (1, 2, 5, 10) if n * power >= rough * (1 - 1e-9))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [n * step for n in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class Log:
    """Places values above zero between two ends; equal ratios are equally far apart."""

    low: float
    high: float
    start: float
    """Where ``low`` is."""
    end: float

    def __call__(self, value: float) -> float:
        """Return where a value is; one outside of the scale, and zero, is at its end."""
        low, high = math.log(self.low), math.log(self.high)
        share = (math.log(max(value, self.low)) - low) / ((high - low) or 1.0)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def ticks(self, about: int = 5) -> list[float]:
        """Return round values inside, about so many: powers of ten, with 2 and 5 or alone."""
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        found: list[float] = []
        for factors in ((1,), (1, 3), (1, 2, 5)):
            every = [n * 10.0**power for power in range(first, last + 1) for n in factors]
            inside = [v for v in every if self.low * (1 - 1e-9) <= v <= self.high * (1 + 1e-9)]
            if found and len(inside) > about + 2:
                break
            found = inside
        return found[:: math.ceil(len(found) / (about + 2))] if len(found) > about + 2 else found


_TIMES = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)


def time_ticks(seconds: float, about: int = 6) -> list[tuple[float, str]]:
    """Return round times from 0 on and how they are written, in the unit that fits."""
    step = float(next((each for each in _TIMES if seconds / each <= about), 0))
    if not step:
        step = 86400.0 * math.ceil(seconds / about / 86400)
    unit, factor = ("s", 1) if step < 60 else ("min", 60) if step < 3600 else ("h", 3600)
    count = math.floor(seconds / step + 1e-9)
    times = [n * step for n in range(count + 1)]
    return [(t, f"{t / factor:g}" + (f" {unit}" if t == times[-1] else "")) for t in times]


def path(points: Iterable[tuple[float, float | None]]) -> str:
    """Return the path through points; where one has no value, it begins anew behind it.

    One that stands alone is a line of no length, which a round end makes a dot of.
    """
    parts: list[str] = []
    alone = False
    pen_is_down = False
    for x, y in points:
        if y is None:
            parts += ["h0"] * (pen_is_down and alone)
            pen_is_down = False
            continue
        parts.append(f"{'L' if pen_is_down else 'M'}{written(x)} {written(y)}")
        alone, pen_is_down = not pen_is_down, True
    parts += ["h0"] * (pen_is_down and alone)
    return "".join(parts)


def staircase(stretches: Iterable[tuple[float, float, float | None]]) -> str:
    """Return the path of values that hold from one place to another: ``(from, to, value)``."""
    parts: list[str] = []
    before: float | None = None
    for from_, to, y in stretches:
        if y is None:
            before = None
            continue
        if before is None:
            parts.append(f"M{written(from_)} {written(y)}")
        elif before != y:
            parts.append(f"V{written(y)}")
        parts.append(f"H{written(to)}")
        before = y
    return "".join(parts)


def spans(cells: Iterable[tuple[float, float, float, float]]) -> str:
    """Return one path of rectangles: ``(x, y, width, height)``."""
    return "".join(
        f"M{written(x)} {written(y)}h{written(w)}v{written(h)}h{written(-w)}z"
        for x, y, w, h in cells
    )


def apart(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move labels apart so that neighbours do not overlap, and keep their order and bounds."""
    order = sorted(range(len(places)), key=lambda n: places[n])
    moved = [0.0] * len(places)
    last = low - gap
    for n in order:
        last = moved[n] = max(places[n], last + gap)
    last = high + gap
    for n in reversed(order):
        last = moved[n] = min(moved[n], last - gap)
    return moved


def written(value: float) -> str:
    """Write a coordinate as short as it can be, to a tenth."""
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"
