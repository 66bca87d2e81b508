"""``report.html`` of a load run: verdicts first, then figures, then pictures.

It is as large for a day as for a minute: what was measured second by second is put together until
it fits (:mod:`.model`), and the pictures are SVG, which needs no script and prints. Whatever comes
from elsewhere, names of metrics and of classes of failures included, is escaped and shortened.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup

from realtime_harness.load.comparison import Change, Comparison, Difference, said
from realtime_harness.load.histogram import Histogram
from realtime_reports.files import write_whole
from realtime_reports.html import asset, environment, script
from realtime_reports.load.charts import (
    distribution,
    enough,
    generator_charts,
    heat,
    knees,
    percentiles_over_time,
    whole_charts,
)
from realtime_reports.load.course import Stretch, thinned
from realtime_reports.load.drawing import Chart, bars, figure, interval
from realtime_reports.load.faces import FACES
from realtime_reports.load.model import (
    Example,
    LoadRun,
    Objective,
    amount,
    compare_runs,
    headline,
    read_load,
    reason_of,
    said_value,
)

__all__ = ["PERCENTILES", "write_load_report"]

_SCRIPTS = ("text.js", "hash.js", "plot.js", "load.js")

PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9)
"""Columns of the table."""
_SHOWN = (50.0, 95.0, 99.0)

_MOST_POINTS = 120
"""Of a line."""
_MOST_METRICS = 12
"""That are drawn; the table has all."""
_MOST_EVENTS = 12
"""Of an example of a failure."""
_LONGEST_EVENT = 1500
_LONGEST_NAME = 120
_LONGEST_TEXT = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """Percentiles of one metric by one clock."""

    name: str
    """What the row is about where several are of one metric."""
    count: int
    values: list[str]
    bar: Markup


class _Metric(NamedTuple):
    """One metric, drawn."""

    name: str
    definition: str
    unit: str
    by_clock: list[tuple[str, list[Chart]]]
    distribution: Chart
    positions: list[tuple[str, list[_Row]]]


class _Event(NamedTuple):
    """One line of evidence."""

    direction: str
    what: str
    digest: str
    """What tells most about it, in one line."""
    text: str
    """All of it, or as much as fits."""
    rest: int
    """Characters that are not shown."""


def write_load_report(
    run_dir: Path, out: Path | None = None, *, against: Path | None = None
) -> Path:
    """Write the HTML report of a load run and return its path.

    Args:
        run_dir: the run directory.
        out: the file to write; ``report.html`` in the run directory if not given.
        against: an earlier load run; what differs is told with its confidence interval.

    Raises:
        realtime_harness.errors.UsageError: if one is not the directory of a load run.

    """
    run = read_load(run_dir)
    earlier = read_load(against) if against is not None else None
    comparison = compare_runs(run, earlier) if earlier is not None else None
    stretches = thinned(run.stretches, _MOST_POINTS)
    names = run.tally.metrics()
    path = run_dir / "report.html" if out is None else out
    text = (
        environment()
        .get_template("load.html.jinja")
        .render(
            run=run,
            headline=headline(run),
            states=FACES,
            value=said_value,
            reason=reason_of,
            limit=_limit,
            facts=_facts(run),
            environment=_environment(run),
            earlier=earlier,
            comparison=comparison,
            said=said,
            differences=_differences(comparison) if comparison else [],
            untold=[d for d in comparison.differences if d.reason] if comparison else [],
            reach=f"{100 * _reach(comparison):.0f}" if comparison else "",
            percentiles=[f"p{p:g}" for p in PERCENTILES],
            table=[_rows_of(run, name) for name in names[:400]],
            whole=whole_charts(stretches) if stretches else [],
            metrics=[_metric(run, stretches, name) for name in _drawn(run)],
            undrawn=max(0, len(names) - _MOST_METRICS),
            examples=[(each, _events(each)) for each in run.examples],
            failed=run.tally.count(ok=False),
            total=run.tally.count(),
            canary=_canary(run),
            search=run.search,
            knees=knees(run, run.search) if run.search and run.search.steps else [],
            generator=generator_charts(stretches) if stretches else [],
            engines=run.health,
            figure=figure,
            short=_short,
            locust=(run.directory / "load" / "locust.html").exists() and out is None,
            script=script(_SCRIPTS),
            style=Markup(asset("report.css") + asset("load.css")),
        )
    )
    with write_whole(path) as file:
        file.write(text.encode())
    return path


def _limit(objective: Objective) -> str:
    return amount(objective.limit, objective.unit) if objective.limit is not None else ""


def _short(text: str, most: int = _LONGEST_TEXT) -> str:
    """Shorten a text of any origin."""
    return text if len(text) <= most else f"{text[:most]}… [{len(text) - most:,} more characters]"


def _drawn(run: LoadRun) -> list[str]:
    """Choose what is drawn: what objectives are about first, then turns, then how they began."""
    names = run.tally.metrics()
    asked = [n for n in names if any(f"({n}" in each.text for each in run.objectives)]
    rest = [n for n in names if n not in asked and run.clocks(n) != ["generator"]]
    turns = {series.metric for series in run.tally.series if series.position}
    return [*asked, *sorted(rest, key=lambda name: name not in turns)][:_MOST_METRICS]


def _rows_of(run: LoadRun, metric: str) -> tuple[str, str, str, list[_Row]]:
    definition, unit = run.metric(metric)
    found = {clock: run.tally.histogram(metric, clock=clock) for clock in run.clocks(metric)}
    return metric, definition, unit, _rows(found.items())


def _rows(found: Iterable[tuple[str, Histogram]]) -> list[_Row]:
    """Return rows with the percentiles of histograms, drawn on one axis."""
    pairs = list(found)
    shown = [[enough(h, p) for p in _SHOWN] for _, h in pairs]
    top = max((v for each in shown for v in each if v is not None), default=1.0)
    return [
        _Row(
            name=name,
            count=histogram.count,
            values=[
                figure(histogram.min_ms) if histogram.counts else figure(None),
                *(figure(enough(histogram, p)) for p in PERCENTILES),
                figure(histogram.max_ms) if histogram.counts else figure(None),
                figure(histogram.mean_ms) if histogram.counts else figure(None),
            ],
            bar=bars(drawn, top),
        )
        for (name, histogram), drawn in zip(pairs, shown, strict=True)
    ]


def _metric(run: LoadRun, stretches: Sequence[Stretch], name: str) -> _Metric:
    definition, unit = run.metric(name)
    by_clock = []
    for clock in run.clocks(name):
        charts = [
            percentiles_over_time(run, stretches, name, clock) if stretches else None,
            heat(run, stretches, name, clock),
        ]
        by_clock.append((clock, [chart for chart in charts if chart is not None]))
    positions = [(clock, _rows(run.positions(name, clock))) for clock in run.clocks(name)]
    return _Metric(
        name=name,
        definition=definition,
        unit=unit,
        by_clock=by_clock,
        distribution=distribution(run, name),
        positions=[(clock, rows) for clock, rows in positions if len(rows) > 1],
    )


def _reach(comparison: Comparison) -> float:
    """Return how far the axis of differences goes: as far as what is usual needs."""
    reach = sorted(
        max(abs(each.low), abs(each.high)) for each in comparison.judged if not each.absolute
    )
    return min(max(1.25 * reach[int(0.9 * (len(reach) - 1))], 0.02), 2.0) if reach else 1.0


def _differences(comparison: Comparison) -> list[tuple[Difference, Markup, str]]:
    """Draw each difference on one axis."""
    most = _reach(comparison)
    drawn = []
    for each in comparison.differences:
        picture, tone = Markup(""), "none"
        if each.change is not Change.UNKNOWN and not each.absolute:
            seen = each.change is not Change.NONE
            picture = interval(each.low, each.value, each.high, most, seen=seen)
        if each.change in (Change.MORE, Change.LESS):
            worse = Change.LESS if each.figure == "per s" else Change.MORE
            tone = "fail" if each.change is worse else "pass"
        drawn.append((each, picture, tone))
    return drawn


def _events(example: Example) -> list[_Event]:
    """Return the last events before a failure, one line each."""
    events = []
    for entry in example.evidence[-_MOST_EVENTS:]:
        values: Mapping[str, Any] = entry if isinstance(entry, dict) else {"data": entry}
        data = values.get("data")
        what = data.get("type") if isinstance(data, dict) else None
        shown = data if data is not None else values
        text = _json(shown)
        events.append(
            _Event(
                direction=str(values.get("direction", "")),
                what=_short(
                    str(what or values.get("kind") or values.get("type") or ""), _LONGEST_NAME
                ),
                digest=_digest(shown),
                text=text[:_LONGEST_EVENT],
                rest=max(0, len(text) - _LONGEST_EVENT),
            )
        )
    return events


_TELLING = ("error", "code", "status", "status_details", "reason", "message", "state", "delta")
"""Fields that tell most about what went wrong."""
_LONGEST_DIGEST = 160


def _digest(data: Any) -> str:
    """Return an event in one line: what tells most of it first, ids of events not at all."""
    if not isinstance(data, dict):
        return _json(data)[:_LONGEST_DIGEST]
    inner = data.get("response")
    fields = {**(inner if isinstance(inner, dict) else {}), **data}
    known = [name for name in _TELLING if fields.get(name) not in (None, "")]
    rest = [n for n in data if n not in known and n not in ("type", "event_id", "response")]
    parts = (f"{name}: {_json(fields[name])}" for name in [*known, *rest])
    return ", ".join(parts)[:_LONGEST_DIGEST]


def _json(value: Any) -> str:
    """Write a value; characters that are but half a one as their escape."""
    return json.dumps(value, ensure_ascii=not _is_whole(value), default=str)


def _is_whole(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except (UnicodeEncodeError, ValueError):
        return False
    return True


def _canary(run: LoadRun) -> list[tuple[str, str, list[_Row]]]:
    """Return metrics of full sessions beside those of the light ones."""
    if run.canary is None:
        return []
    found = []
    for metric in run.canary.metrics():
        for clock in run.clocks(metric):
            full = run.canary.histogram(metric, clock=clock)
            if full.counts and clock != "generator":
                pair = [("full", full), ("light", run.tally.histogram(metric, clock=clock))]
                found.append((metric, clock, _rows(pair)))
    return found


def _facts(run: LoadRun) -> list[tuple[str, str]]:
    """Return what was asked for and what came of it, in words."""
    ok, failed = run.tally.count(ok=True), run.tally.count(ok=False)
    rate = f"{ok / run.seconds:,.1f} a second" if run.seconds else ""
    due = run.number("arrival_rate")
    pace = f"{due:g} due a second" if due else "each session goes on when it was answered"
    facts = [
        ("Target", f"{run.text('target', 'name')} {run.text('target', 'base_url')}"),
        ("Model", run.text("target", "model")),
        ("Profile", f"{run.profile}: {run.text('profile', 'answers')}"),
        ("Load", f"{run.text('users')} sessions, shape {run.text('shape')}, {pace}"),
        ("Counted", f"{run.seconds:.1f} s of {run.number('duration_s') or 0:g} s"),
        ("Operations", f"{ok:,} succeeded, {rate}; {failed:,} failed"),
        ("Requested", f"{int(requested):,} operations were due" if (
            requested := run.number("requested")
        ) is not None else ""),
        ("Good", _goodput(run)),
        ("Estimated cost", _cost(run)),
        ("Generator", _generator(run)),
        ("Switched on", _switched(run)),
        ("Seed", run.text("seed")),
    ]  # fmt: skip
    return [(name, _short(text)) for name, text in facts if text.strip()]


def _goodput(run: LoadRun) -> str:
    found = run.values.get("goodput")
    if not isinstance(found, dict):
        return ""
    good, of = run.number("goodput", "good") or 0, run.number("goodput", "of") or 0
    text = f"{good:,.0f} of {of:,.0f} operations met every limit"
    if (per_s := run.number("goodput", "per_s")) is not None:
        text += f", {per_s:,.1f} a second"
    if sessions := run.number("goodput", "sessions"):
        text += f"; {run.number('goodput', 'good_sessions') or 0:,.0f} of {sessions:,.0f} sessions"
        text += " were good from first to last"
    return text


def _cost(run: LoadRun) -> str:
    usd = run.number("cost", "usd")
    if usd is None:
        return ""
    limit = run.number("cost", "limit_usd")
    text = f"${usd:.4f}" + (f" of at most ${limit:g}" if limit is not None else "")
    return f"{text}, {run.text('cost', 'model')} (prices: {run.text('cost', 'prices')})"


def _generator(run: LoadRun) -> str:
    late, cpu = run.number("fitness", "lateness_p99_ms"), run.number("fitness", "cpu")
    count = run.text("processes")
    engines = "1 engine" if count == "1" else f"{count} engines"
    return (
        f"{run.fitness}: {engines}, the busiest used {cpu or 0:.0%} of a "
        f"core, late p99 {figure(late)} ms"
    )


def _switched(run: LoadRun) -> str:
    """Say how a fake of ours was set."""
    kinds = ("faults", "latency", "defects", "behaviours", "switches")
    return "; ".join(f"{kind} {run.text(kind)}" for kind in kinds if run.values.get(kind))


def _environment(run: LoadRun) -> list[tuple[str, str]]:
    found = run.values.get("environment")
    if not isinstance(found, dict):
        return []
    lines: list[tuple[str, str]] = []
    for name, value in found.items():
        parts = value.items() if isinstance(value, dict) else [(name, value)]
        lines += [(str(key), _short(str(each))) for key, each in parts if each not in (None, "")]
    return lines
