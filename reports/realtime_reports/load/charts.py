"""What is drawn of a load run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from realtime_harness.load.health import LIMITS
from realtime_harness.load.histogram import Histogram
from realtime_reports.load.course import Stretch
from realtime_reports.load.drawing import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Chart,
    Line,
    Plot,
    figure,
    over_time,
    tick,
    time_scale,
    value_scale,
)
from realtime_reports.load.model import LoadRun, Search
from realtime_reports.svg import Linear, Log, path, written

__all__ = [
    "distribution",
    "enough",
    "generator_charts",
    "heat",
    "knees",
    "percentiles_over_time",
    "whole_charts",
]

_ROWS = 30
"""Of a heat map."""
_SHORT_S = 0.5
"""In less there is no telling how much is done a second."""
_LEVELS = 6
"""Of its density."""


def whole_charts(stretches: Sequence[Stretch]) -> list[Chart]:
    """Draw what the whole run did: sessions, operations, failures."""

    def rate(count: Callable[[Stretch], float | None]) -> list[float | None]:
        # In the drain next to nothing is done in next to no time.
        return [
            None if s.seconds < _SHORT_S or (n := count(s)) is None else n / s.seconds
            for s in stretches
        ]

    done = rate(lambda s: float(s.tally.count(ok=True)))
    due = rate(lambda s: None if s.due is None else float(s.due))
    is_open = any(v is not None for v in due)
    failed = rate(lambda s: float(s.tally.count(ok=False)))
    requested = [Line(name="requested", values=due, look="three", steps=True)] * is_open
    return [
        over_time(
            "chart:sessions",
            "Sessions",
            stretches,
            [
                Line(name="wanted", values=[s.wanted for s in stretches], look="three", steps=True),
                Line(name="open", values=[s.sessions for s in stretches], look="one", steps=True),
            ],
            unit="sessions",
            says="How many sessions there were to be, and how many were open.",
        ),
        over_time(
            "chart:operations",
            "Operations",
            stretches,
            [*requested, Line(name="done", values=done, look="one", steps=True)],
            unit="a second",
            says="How many operations succeeded each second"
            + (
                ", and how many were due."
                if is_open
                else "; sessions decided themselves when the next one was due."
            ),
        ),
        over_time(
            "chart:failures",
            "Failures",
            stretches,
            [
                Line(
                    name="worst",
                    values=[s.worst_failed for s in stretches],
                    look="three",
                    steps=True,
                ),
                Line(name="failed", values=failed, look="two", steps=True),
            ],
            unit="a second",
            says="How many operations failed each second, and in the worst second of each stretch.",
        ),
    ]


def percentiles_over_time(
    run: LoadRun, stretches: Sequence[Stretch], metric: str, clock: str
) -> Chart:
    """Draw a metric's percentiles in the course of a run."""
    unit = run.metric(metric)[1]
    found = [s.tally.histogram(metric, clock=clock) for s in stretches]
    looks = (("p50", 50.0, "one"), ("p95", 95.0, "two"), ("p99", 99.0, "three"))
    lines = [
        Line(name=name, look=look, values=[h.percentile_ms(p) if h.counts else None for h in found])
        for name, p, look in looks
    ]
    limits = [
        (each.limit, each.text)
        for each in run.objectives
        if each.limit is not None
        and f"({metric}" in each.text
        and each.tags.get("clock", "response") == clock
        and not each.text.startswith(("rate", "per_s", "count"))
    ]
    title = f"{metric}: percentiles over time"
    return over_time(
        f"time:{metric}:{clock}",
        title,
        stretches,
        lines,
        unit=unit,
        says=f"Median, 95th and 99th percentile of {metric}, {clock} time, by when it was told.",
        limits=limits,
        counts=("samples", [h.count for h in found]),
        from_zero=False,
    )


def heat(run: LoadRun, stretches: Sequence[Stretch], metric: str, clock: str) -> Chart | None:
    """Draw where a metric's values lay in the course of a run: the darker, the more of them."""
    found = [s.tally.histogram(metric, clock=clock) for s in stretches]
    whole = Histogram.merged(found)
    if not whole.counts or whole.max_ms <= 0:
        return None
    low = max(whole.min_ms, whole.max_ms / 1e5, 1e-6)
    scale = Log(low * 0.95, max(whole.max_ms, low * 1.5) * 1.05, HEIGHT - BOTTOM, TOP)
    times = time_scale(stretches)
    height = (HEIGHT - BOTTOM - TOP) / _ROWS
    # Level and width of column -> strokes: a third of the size of as many rectangles.
    strokes: dict[tuple[int, str], list[str]] = {}
    for stretch, histogram in zip(stretches, found, strict=True):
        rows = [0] * _ROWS
        for value, count in histogram.values_ms():
            row = int((scale(value) - TOP) / height)
            rows[min(max(row, 0), _ROWS - 1)] += count
        x = times(stretch.from_s)
        width = max(times(stretch.to_s) - x, 0.6)
        # By the square root, so that the few slow ones can be seen.
        levels = [math.ceil(math.sqrt(n / (histogram.count or 1)) * _LEVELS) for n in rows]
        row = 0
        for level, alike in groupby(levels):
            length = len(list(alike))
            if level:
                stroke = f"M{written(x + width / 2)} {written(TOP + row * height)}"
                stroke += f"v{written(length * height)}"
                strokes.setdefault((level, written(width)), []).append(stroke)
            row += length
    plot = Plot()
    plot.phases(stretches, times)
    plot.values(scale, run.metric(metric)[1] + ", logarithmic")
    plot.times(times)
    for (level, across), found_there in sorted(strokes.items()):
        d = "".join(found_there)
        plot.add('<path class="heat heat-{}" stroke-width="{}" d="{}"/>', level, across, d)
    title = f"{metric}: all values over time"
    description = (
        f"How the values of {metric}, {clock} time, were distributed: the darker, the more of what "
        "was measured in that stretch of time. From "
        f"{figure(whole.min_ms)} to {figure(whole.max_ms)} {run.metric(metric)[1]}. "
        "The table of the percentiles over time says it in figures."
    )
    id = f"heat:{metric}:{clock}"
    return Chart(id=id, title=title, description=description, svg=plot.svg(id, title, description))


_TAIL = (50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.95, 99.99, 99.999, 99.9999)


def distribution(run: LoadRun, metric: str) -> Chart:
    """Draw which share of a metric's values stays below which value, both clocks.

    The axis of shares is stretched towards its end, where what matters is.
    """
    clocks = run.clocks(metric)
    found = {clock: run.tally.histogram(metric, clock=clock) for clock in clocks}
    most = max(h.count for h in found.values())
    nines = max(1.0, math.log10(most))
    shares = Linear(0.0, nines, LEFT, WIDTH - RIGHT)
    points = [*range(0, 90), *(100 - 10 ** (1 - n / 12) for n in range(12 * math.ceil(nines) + 1))]
    asked = sorted({float(p) for p in points if p < 100})
    lines = {
        clock: [(shares(-math.log10(1 - p / 100)), h.percentile_ms(max(p, 1e-9))) for p in asked]
        for clock, h in found.items()
    }
    scale = value_scale([v for line in lines.values() for _, v in line], from_zero=False)
    unit = run.metric(metric)[1]
    plot = Plot()
    plot.values(scale, unit + (", logarithmic" if isinstance(scale, Log) else ""))
    for percent in (0.0, *(p for p in _TAIL if p not in (75.0, 95.0, 99.5, 99.95))):
        place = -math.log10(1 - percent / 100)
        is_apart = not place or shares(place) - shares(0.0) > 30
        if place <= nines + 1e-9 and is_apart:
            x = written(shares(place))
            plot.add('<path class="grid" d="M{} {}V{}"/>', x, TOP, HEIGHT - BOTTOM)
            plot.add('<text x="{}" y="{}" class="t">{}</text>', x, HEIGHT - 6, f"{percent:g} %")
    looks = {"response": "two", "service": "one", "generator": "four"}
    named = []
    for clock, line in lines.items():
        limit = shares(math.log10(max(found[clock].count, 1)))
        drawn = [(x, scale(v)) for x, v in line if x <= limit + 1e-9]
        plot.add('<path class="line {}" d="{}"/>', looks[clock], path(drawn))
        if drawn:
            named.append((clock, looks[clock], drawn[-1][1]))
    plot.names(named)
    title = f"{metric}: distribution"
    description = (
        f"Which share of {metric} stays below which value, by {' and '.join(clocks)} time. The "
        "axis of shares is stretched towards 100 %."
    )
    id = f"cdf:{metric}"
    rows = [
        [f"{percent:g} %", *(figure(enough(found[clock], percent)) for clock in clocks)]
        for percent in (1.0, 5.0, 10.0, 25.0, *_TAIL)
        if percent <= 50 or most * (100 - percent) / 100 >= 1
    ]
    rows.append(["all", *(figure(found[clock].max_ms) for clock in clocks)])
    return Chart(
        id=id,
        title=title,
        description=description,
        svg=plot.svg(id, title, description),
        columns=["share", *clocks],
        rows=rows,
    )


def enough(histogram: Histogram, percent: float) -> float | None:
    """Return a percentile; nothing where there are too few samples for one to lie beyond it."""
    if histogram.count * (100 - percent) / 100 < 1 - 1e-9 or not histogram.counts:
        return None
    return histogram.percentile_ms(percent)


def generator_charts(stretches: Sequence[Stretch]) -> list[Chart]:
    """Draw how the generator was in the course of a run."""

    def worst(of: Callable[[Stretch], Iterable[float]]) -> list[float | None]:
        return [max(of(s), default=None) for s in stretches]

    engines = max((len(s.health) for s in stretches), default=0)
    looks = ("one", "two", "three", "four")
    cpu = [
        Line(
            name=f"engine {n + 1}" if engines > 1 else "engine",
            look=looks[n % 4],
            values=[
                100 * s.health[n].cpu if n < len(s.health) and s.phase != "drain" else None
                for s in stretches
            ],
        )
        for n in range(engines)
    ]
    if engines > len(looks):
        every = worst(lambda s: (100 * h.cpu for h in s.health if s.phase != "drain"))
        cpu = [Line(name="busiest", look="one", values=every)]
    return [
        over_time(
            "chart:cpu",
            "CPU of the engines",
            stretches,
            cpu,
            unit="% of a core",
            says="Which share of a core each engine used: an event loop has one.",
            limits=[(100 * LIMITS.void_cpu, f"void above {100 * LIMITS.void_cpu:g} %")],
        ),
        over_time(
            "chart:lateness",
            "Lateness",
            stretches,
            [
                Line(
                    name="p99",
                    look="two",
                    values=worst(
                        lambda s: (h.lateness.percentile_ms(99) for h in s.health if s.lines)
                    ),
                )
            ],
            unit="ms",
            says="By how much the generator sent later than it could have: the 99th percentile of "
            "the latest engine. Over the whole run it decides.",
            limits=[
                (LIMITS.warn_lateness_ms, f"warns above {LIMITS.warn_lateness_ms:g} ms"),
                (LIMITS.void_lateness_ms, f"void above {LIMITS.void_lateness_ms:g} ms"),
            ],
        ),
        over_time(
            "chart:gc",
            "Garbage collection",
            stretches,
            [
                Line(
                    name="longest",
                    look="one",
                    values=worst(lambda s: (h.gc_max_ms for h in s.health)),
                )
            ],
            unit="ms",
            says="The longest pause of an engine for collecting garbage.",
        ),
    ]


def knees(run: LoadRun, search: Search) -> list[Chart]:
    """Draw percentiles against the number of sessions, of each metric that was looked at."""
    metrics = list(dict.fromkeys(m for step in search.steps for m in step.percentiles))
    told = [m for m in metrics if any(f"({m}" in text for text in search.objectives)]
    return [_knee(run, search, metric) for metric in (told or metrics)[:4]]


def _knee(run: LoadRun, search: Search, metric: str) -> Chart:
    steps = sorted(search.steps, key=lambda step: step.sessions)
    sessions = Linear(0.0, max(s.sessions for s in steps) * 1.05, LEFT, WIDTH - RIGHT)
    looks = (("p50", "one"), ("p95", "two"), ("p99", "three"))
    every = [v for step in steps for v in step.percentiles.get(metric, {}).values()]
    limits = [
        (o.limit, o.text)
        for step in steps[:1]
        for o in step.objectives
        if o.limit is not None and f"({metric}" in o.text
    ]
    shown = [(v, text) for v, text in limits if v <= 3 * max(every, default=0.0)]
    scale = value_scale([*every, *(v for v, _ in shown)], from_zero=False)
    plot = Plot()
    unit = run.metric(metric)[1]
    plot.values(scale, unit + (", logarithmic" if isinstance(scale, Log) else ""))
    for at in sessions.ticks(6):
        x = written(sessions(at))
        plot.add('<text x="{}" y="{}" class="t">{}</text>', x, HEIGHT - 6, tick(at))
    if search.most:
        x = written(sessions(search.most))
        plot.add('<path class="limit" d="M{} {}V{}"/>', x, TOP, HEIGHT - BOTTOM)
        plot.add(
            '<text x="{}" y="{}" class="phase">{}</text>',
            x,
            TOP - 7,
            f"most: {search.most:,}",
        )
    named = []
    for name, look in looks:
        points = [
            (sessions(s.sessions), scale(s.percentiles[metric][name]), s.state)
            for s in steps
            if name in s.percentiles.get(metric, {})
        ]
        plot.add('<path class="line {}" d="{}"/>', look, path((x, y) for x, y, _ in points))
        for left, y, state in points:
            if state == "pass":
                plot.add(
                    '<circle class="{}" cx="{}" cy="{}" r="3"/>', look, written(left), written(y)
                )
            else:
                plot.add(
                    '<path class="cross" d="M{} {}l7 7m0 -7l-7 7"/>',
                    written(left - 3.5),
                    written(y - 3.5),
                )
        if points:
            named.append((name, look, points[-1][1]))
    for value, text in shown:
        plot.limit(scale, value, text)
    plot.names(named)
    title = f"{metric} against sessions"
    description = (
        f"Percentiles of {metric} at each number of sessions that was tried. Dots: all objectives "
        "met; crosses: one missed."
    )
    id = f"knee:{metric}"
    return Chart(
        id=id,
        title=title,
        description=description,
        svg=plot.svg(id, title, description),
        columns=["sessions", "result", *(name for name, _ in looks)],
        rows=[
            [
                f"{step.sessions:,}",
                step.state,
                *(figure(step.percentiles.get(metric, {}).get(name)) for name, _ in looks),
            ]
            for step in steps
        ],
        places=[sessions(step.sessions) / WIDTH for step in steps],
    )
