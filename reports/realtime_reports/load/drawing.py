"""How charts are drawn: SVG with a title, a description, and the table of what it shows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from realtime_reports.load.course import Stretch
from realtime_reports.svg import Linear, Log, apart, path, spans, staircase, time_ticks, written
from realtime_reports.text import visible

__all__ = [
    "BOTTOM",
    "HEIGHT",
    "LEFT",
    "RIGHT",
    "TOP",
    "WIDTH",
    "Chart",
    "Line",
    "Plot",
    "bars",
    "figure",
    "interval",
    "over_time",
    "tick",
    "time_scale",
    "value_scale",
]

WIDTH, HEIGHT = 440, 190
LEFT, RIGHT, TOP, BOTTOM = 46, 62, 20, 22
_MANY = 20.0
"""Where the largest value is so many times the usual one, the scale is logarithmic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a chart."""

    name: str
    values: Sequence[float | None]
    look: str
    """``one``, ``two``, ``three`` or ``four``: how it is drawn, in colour and without."""
    steps: bool = False
    """Whether a value holds for the whole stretch; otherwise for its middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Something drawn."""

    id: str
    title: str
    description: str
    svg: Markup
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    """What it shows, as a table; empty if another chart's table says it."""
    places: Sequence[float] = field(default=())
    """Where each row is, from the left; empty if the rows have no place."""


def figure(value: float | None) -> str:
    """Write a number with about three digits; a dash for none."""
    if value is None or math.isnan(value):
        return "\u2013"
    size = abs(value)
    if size >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.{0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3}f}"


def tick(value: float) -> str:
    """Write a number at an axis."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _clock_time(seconds: float) -> str:
    """Write a time since the start."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


class Plot:
    """A drawing under way: its elements, in the order in which they lie above each other."""

    def __init__(self) -> None:
        self.parts: list[Markup] = []

    def add(self, template: str, *values: object) -> None:
        """Add an element; the values are escaped."""
        self.parts.append(Markup(template).format(*values))

    def svg(self, id: str, title: str, description: str) -> Markup:
        """Return the whole of it."""
        return Markup(
            '<svg viewBox="0 0 {w} {h}" role="img" aria-labelledby="{i}-t {i}-d">'
            '<title id="{i}-t">{t}</title><desc id="{i}-d">{d}</desc>{body}</svg>'
        ).format(
            w=WIDTH,
            h=HEIGHT,
            i=visible(id),
            t=visible(title),
            d=visible(description),
            body=Markup("").join(self.parts),
        )

    def values(self, scale: Linear | Log, unit: str) -> None:
        """Draw the axis of values, with lines across."""
        for at in scale.ticks(4):
            y = written(scale(at))
            self.add('<path class="grid" d="M{} {}H{}"/>', LEFT, y, WIDTH - RIGHT)
            self.add('<text x="{}" y="{}" class="v">{}</text>', LEFT - 5, y, tick(at))
        self.add('<text x="{}" y="10" class="unit">{}</text>', 4, visible(unit))

    def times(self, scale: Linear) -> None:
        """Draw the axis of time."""
        for t_s, text in time_ticks(scale.high):
            x = written(scale(t_s))
            self.add('<path class="tick" d="M{} {}v4"/>', x, HEIGHT - BOTTOM)
            self.add('<text x="{}" y="{}" class="t">{}</text>', x, HEIGHT - 6, text)

    def phases(self, stretches: Sequence[Stretch], scale: Linear) -> None:
        """Shade what does not count, and name what is wide enough."""
        runs: list[tuple[str, float, float]] = []
        for each in stretches:
            if runs and runs[-1][0] == each.phase:
                runs[-1] = each.phase, runs[-1][1], each.to_s
            else:
                runs.append((each.phase, each.from_s, each.to_s))
        for phase, from_s, to_s in runs:
            x, end = scale(from_s), scale(to_s)
            if phase != "steady":
                self.add(
                    '<path class="aside" d="{}"/>',
                    spans([(x, TOP, max(end - x, 1.5), HEIGHT - TOP - BOTTOM)]),
                )
            if end - x > 34 or phase == "steady":
                self.add(
                    '<text x="{}" y="{}" class="phase">{}</text>',
                    written((x + end) / 2),
                    TOP - 7,
                    visible(phase[:20]),
                )

    def names(self, named: Sequence[tuple[str, str, float]]) -> None:
        """Write names of lines at their ends: name, look, height."""
        heights = apart([y for _, _, y in named], 12, TOP + 4, HEIGHT - BOTTOM)
        for (name, look, _), y in zip(named, heights, strict=True):
            self.add(
                '<text x="{}" y="{}" class="name {}">{}</text>',
                WIDTH - RIGHT + 5,
                written(y),
                look,
                visible(name[:12]),
            )

    def dots(self, look: str, points: Sequence[tuple[float, float | None]]) -> None:
        """Draw points that stand alone, which no line goes through."""
        for n, (x, y) in enumerate(points):
            neighbours = [points[m][1] for m in (n - 1, n + 1) if 0 <= m < len(points)]
            if y is not None and all(each is None for each in neighbours):
                self.add(
                    '<circle class="{}" cx="{}" cy="{}" r="2.5"/>', look, written(x), written(y)
                )

    def limit(self, scale: Linear | Log, value: float, text: str) -> None:
        """Draw a limit across."""
        y = written(scale(value))
        self.add('<path class="limit" d="M{} {}H{}"/>', LEFT, y, WIDTH - RIGHT)
        self.add(
            '<text x="{}" y="{}" class="limit">{}</text>',
            LEFT + 4,
            # Below the line where there is no room above it.
            written(scale(value) + (11 if scale(value) < TOP + 14 else -4)),
            visible(text),
        )


def time_scale(stretches: Sequence[Stretch]) -> Linear:
    """Return the scale of a run's time."""
    return Linear(0.0, stretches[-1].to_s if stretches else 1.0, LEFT, WIDTH - RIGHT)


def value_scale(values: Iterable[float | None], *, from_zero: bool = True) -> Linear | Log:
    """Choose a scale for values: from zero on, logarithmic where few are far above the others."""
    known = sorted(v for v in values if v is not None and math.isfinite(v))
    bottom, top = HEIGHT - BOTTOM, TOP
    if not known or known[-1] <= 0:
        return Linear(0.0, 1.0, bottom, top)
    usual = known[len(known) // 2]
    if not from_zero and usual > 0 and known[-1] / usual > _MANY:
        low = next((v for v in known if v > 0), usual)
        return Log(max(low, known[-1] / 1e6) * 0.9, known[-1] * 1.1, bottom, top)
    return Linear(min(0.0, known[0]), known[-1] * 1.08, bottom, top)


def over_time(
    id: str,
    title: str,
    stretches: Sequence[Stretch],
    lines: Sequence[Line],
    *,
    unit: str,
    says: str,
    limits: Sequence[tuple[float, str]] = (),
    counts: tuple[str, Sequence[int]] | None = None,
    from_zero: bool = True,
) -> Chart:
    """Draw values in the course of a run.

    Args:
        id: of the chart in its page.
        title: of it.
        stretches: of the run.
        lines: each with a value for each stretch.
        unit: of all of them.
        says: what can be seen, in a sentence.
        limits: values to draw across, with what is written to them.
        counts: a further column of the table: name and numbers.
        from_zero: whether the axis begins at zero in any case.

    """
    times = time_scale(stretches)
    every = [v for line in lines for v in line.values]
    highest = max((v for v in every if v is not None), default=0.0)
    shown = [(v, text) for v, text in limits if 0 < v <= 3 * highest]
    scale = value_scale([*every, *(v for v, _ in shown)], from_zero=from_zero)
    plot = Plot()
    plot.phases(stretches, times)
    plot.values(scale, unit + (", logarithmic" if isinstance(scale, Log) else ""))
    plot.times(times)
    named = []
    for line in lines:
        ends = [None if v is None else scale(v) for v in line.values]
        if line.steps:
            d = staircase(
                (times(s.from_s), times(s.to_s), y) for s, y in zip(stretches, ends, strict=True)
            )
        else:
            d = path(
                (times((s.from_s + s.to_s) / 2), y) for s, y in zip(stretches, ends, strict=True)
            )
        plot.add('<path class="line {}" d="{}"/>', line.look, d)
        if not line.steps:
            plot.dots(
                line.look,
                [(times((s.from_s + s.to_s) / 2), y) for s, y in zip(stretches, ends, strict=True)],
            )
        # By its end in what counts, since little is done in the drain.
        known = [(s.phase == "steady", n) for n, s in enumerate(stretches) if ends[n] is not None]
        last = ends[max(known)[1]] if known else None
        if last is not None:
            named.append((line.name, line.look, last))
    for value, text in shown:
        plot.limit(scale, value, text)
    plot.names(named)
    table = [
        [
            _clock_time(stretch.from_s),
            visible(stretch.phase[:20]),
            *(figure(line.values[place]) for line in lines),
            *([f"{counts[1][place]:,}"] if counts else []),
        ]
        for place, stretch in enumerate(stretches)
    ]
    beyond = [text for v, text in limits if (v, text) not in shown]
    description = says + (f" Far above all of it: {', '.join(beyond)}." if beyond else "")
    return Chart(
        id=id,
        title=title,
        description=description,
        svg=plot.svg(id, title, description),
        columns=["from", "phase", *(line.name for line in lines), *([counts[0]] if counts else [])],
        rows=table,
        places=[times((s.from_s + s.to_s) / 2) / WIDTH for s in stretches],
    )


def bars(
    values: Sequence[float | None], top: float, *, width: int = 120, height: int = 12
) -> Markup:
    """Draw p50, p95 and p99 of one row on an axis that it shares with its neighbours."""
    scale = Linear(0.0, top or 1.0, 2, width - 2)
    middle = height / 2
    p50, p95, p99 = (None if v is None else scale(v) for v in values)
    parts = [f'<path class="axis" d="M0 {middle:g}H{width}"/>']
    if p50 is not None and p99 is not None:
        parts.append(f'<path class="rest" d="M{written(p50)} {middle:g}H{written(p99)}"/>')
    if p50 is not None and p95 is not None:
        parts.append(f'<path class="most" d="M{written(p50)} {middle:g}H{written(p95)}"/>')
    if p50 is not None:
        parts.append(f'<path class="half" d="M{written(p50)} 1v{height - 2}"/>')
    return Markup(
        f'<svg class="bars" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'aria-hidden="true">{"".join(parts)}</svg>'
    )


def interval(low: float, value: float, high: float, most: float, *, seen: bool) -> Markup:
    """Draw a difference and its interval, on an axis with nothing in the middle."""
    width, height = 180, 14
    scale = Linear(-most, most, 4, width - 4)
    middle = written(scale(0.0))
    look = "seen" if seen else "unseen"
    beyond = "".join(
        f'<path class="{look}" d="{d}"/>'
        for d, is_beyond in (
            (f"M{width - 7} 3l4 4l-4 4", high > most),
            ("M7 3l-4 4l4 4", low < -most),
        )
        if is_beyond
    )
    return Markup(
        f'<svg class="interval" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'aria-hidden="true"><path class="zero" d="M{middle} 0V{height}"/>'
        f'<path class="{look}" d="M{written(scale(low))} 7H{written(scale(high))}"/>'
        f'<circle class="{look}" cx="{written(scale(value))}" cy="7" r="3.5"/>{beyond}</svg>'
    )
