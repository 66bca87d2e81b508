"""``load-trend.html``: the history of objectives and of percentiles over many load runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from realtime_reports.files import common_folder, link_to_report, write_whole
from realtime_reports.html import asset, environment
from realtime_reports.load.charts import enough
from realtime_reports.load.drawing import figure
from realtime_reports.load.faces import FACES
from realtime_reports.load.model import LoadRun, Objective, headline, read_load, said_value
from realtime_reports.svg import Linear, path, written

__all__ = ["write_load_trend"]

_WIDTH, _HEIGHT = 220, 44
_PERCENTILES = ((50.0, "one"), (95.0, "two"), (99.0, "three"))
_MOST_METRICS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """One run."""

    run: LoadRun
    href: str
    """Of its own report, relative to the history; empty if there is none."""
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _History:
    """One objective over all runs."""

    text: str
    found: list[Objective | None]
    """One for each run, oldest first; nothing where it was not asked for."""

    @property
    def missed(self) -> int:
        """In how many runs it was missed."""
        return sum(each.state == "fail" for each in self.found if each is not None)

    @property
    def judged(self) -> int:
        """In how many runs anything can be said of it."""
        return sum(each.state != "void" for each in self.found if each is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    """One metric of one profile over all runs."""

    profile: str
    metric: str
    clock: str
    unit: str
    values: list[tuple[float | None, ...] | None]
    """Percentiles of each run that has it and was not void, oldest first."""
    counts: list[int]

    @property
    def first(self) -> str:
        """Percentiles of the first run."""
        return _written(next(each for each in self.values if each is not None))

    @property
    def last(self) -> str:
        """Percentiles of the last run."""
        return _written(next(each for each in self.values[::-1] if each is not None))

    @property
    def change(self) -> str:
        """By how much the median of the last run differs from that of the first."""
        known = [float(each[0] or 0) for each in self.values if each is not None]
        if len(known) < 2:
            return "one run" if known else ""
        if not known[0]:
            return "from 0" if known[-1] else "+0 %"
        return f"{100 * (known[-1] / known[0] - 1):+.0f} %"

    @property
    def said(self) -> str:
        """All of it, in words."""
        runs = enumerate(self.values, 1)
        return "; ".join(f"run {n}: {_written(each)}" for n, each in runs if each is not None)

    @property
    def svg(self) -> Markup:
        """All of it, drawn; void runs and those without it are gaps."""
        top = max((v for each in self.values if each for v in each if v is not None), default=1.0)
        scale = Linear(0.0, max(top, 1e-9), _HEIGHT - 3, 3)
        step = (_WIDTH - 8) / max(len(self.values) - 1, 1)
        parts = []
        for place, (_, look) in enumerate(_PERCENTILES):
            points: list[tuple[float, float | None]] = []
            for number, each in enumerate(self.values):
                value = None if each is None else each[place]
                points.append((4 + step * number, None if value is None else scale(value)))
            parts.append(f'<path class="line {look}" d="{path(points)}"/>')
            parts += [
                f'<circle class="{look}" cx="{written(x)}" cy="{written(y)}" r="1.8"/>'
                for x, y in points
                if y is not None
            ]
        return Markup(
            f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" '
            f'aria-hidden="true">{"".join(parts)}</svg>'
        )


def _written(values: Iterable[float | None]) -> str:
    return " / ".join(figure(value) for value in values)


def write_load_trend(run_dirs: Sequence[Path], out: Path | None = None) -> Path:
    """Write the history of several load runs and return its path.

    Args:
        run_dirs: directories of load runs, in any order.
        out: the file to write; ``load-trend.html`` in the folder that holds all of them if not
            given.

    Raises:
        realtime_harness.errors.UsageError: if one is not the directory of a load run.

    """
    page = out or common_folder(run_dirs) / "load-trend.html"
    columns = sorted(
        (_column(each, page) for each in run_dirs), key=lambda c: c.run.text("started")
    )
    histories = _histories(columns)
    courses = _courses(columns)
    text = (
        environment()
        .get_template("load_trend.html.jinja")
        .render(
            columns=columns,
            states=FACES,
            histories=histories,
            courses=courses[:_MOST_METRICS],
            unlike=_unlike(columns),
            missed=sum(history.missed > 0 for history in histories),
            void=sum(column.run.fitness == "void" for column in columns),
            value=said_value,
            style=Markup(asset("report.css") + asset("load.css")),
        )
    )
    with write_whole(page) as file:
        file.write(text.encode())
    return page


def _column(run_dir: Path, page: Path) -> _Column:
    run = read_load(run_dir)
    return _Column(run=run, href=link_to_report(run_dir, page), about=headline(run))


def _unlike(columns: Sequence[_Column]) -> list[tuple[str, list[str]]]:
    """Return what runs of one profile were asked for differently, and the values there were."""
    found: dict[str, dict[str, None]] = {}
    by_profile: dict[str, list[_Column]] = {}
    for column in columns:
        by_profile.setdefault(column.run.profile, []).append(column)
    for profile, of_profile in by_profile.items():
        plans = [column.run.side().plan for column in of_profile]
        for name in dict.fromkeys(name for plan in plans for name in plan):
            values = dict.fromkeys(plan.get(name, "") or "nothing" for plan in plans)
            if len(values) > 1:
                found[f"{profile}: {name}"] = values
    return [(name, list(values)[:12]) for name, values in found.items()]


def _histories(columns: Sequence[_Column]) -> list[_History]:
    by_run: list[dict[str, Objective]] = [
        {f"{column.run.profile}: {each.text}": each for each in column.run.objectives}
        for column in columns
    ]
    names = dict.fromkeys(name for of_run in by_run for name in of_run)
    found = [_History(text=name, found=[of_run.get(name) for of_run in by_run]) for name in names]
    return sorted(found, key=lambda history: -history.missed)


def _courses(columns: Sequence[_Column]) -> list[_Course]:
    keys: dict[tuple[str, str, str], LoadRun] = {}
    for column in columns:
        run = column.run
        for metric in run.tally.metrics():
            clock = run.clocks(metric)[0]
            if clock != "generator":
                keys[run.profile, metric, clock] = run
    found = []
    for (profile, metric, clock), last in keys.items():
        histograms = [
            column.run.tally.histogram(metric, clock=clock)
            if column.run.profile == profile and column.run.fitness != "void"
            else None
            for column in columns
        ]
        values = [
            tuple(enough(each, percent) for percent, _ in _PERCENTILES)
            if each is not None and each.counts
            else None
            for each in histograms
        ]
        if any(each is not None for each in values):
            counts = [0 if each is None else each.count for each in histograms]
            unit = last.metric(metric)[1]
            found.append(
                _Course(
                    profile=profile,
                    metric=metric,
                    clock=clock,
                    unit=unit,
                    values=values,
                    counts=counts,
                )
            )
    return found
