"""``trend.html``: the history of each check and of each figure over many runs of one target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markupsafe import Markup

from realtime_harness.verdicts import Level, Verdict
from realtime_reports.compare import base_scenario
from realtime_reports.files import common_folder, link_to_report, write_whole
from realtime_reports.html import asset, environment
from realtime_reports.model import SEVERITY, Measurement, Report, Row, read_report, sentence

__all__ = ["write_trend"]

_PLOT_WIDTH, _PLOT_HEIGHT = 160, 28


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """One run."""

    report: Report
    href: str
    """Of its own report, relative to the history; empty if there is none."""
    about: str
    """Its verdict in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _History:
    """One check over all runs."""

    check: str
    level: Level
    clause: str
    verdicts: list[Verdict | None]
    """One for each run, oldest first; nothing where it was not judged."""
    inside: int
    """Runs in which repetitions or attempts did not agree."""

    @property
    def judged(self) -> list[Verdict]:
        """The verdicts there are."""
        return [verdict for verdict in self.verdicts if verdict is not None]

    @property
    def red(self) -> int:
        """In how many runs it was red."""
        return sum(verdict.is_red for verdict in self.judged)

    @property
    def changes(self) -> int:
        """How often it turned red or ceased to be so from one run to the next."""
        return sum(a.is_red != b.is_red for a, b in pairwise(self.judged))

    @property
    def is_flaky(self) -> bool:
        """Whether it went to and fro, which a thing that broke or was repaired does not."""
        return self.changes > 1 or self.inside > 0

    @property
    def is_steady(self) -> bool:
        """Whether it was the same in all runs that judged it, and agreed with itself."""
        return len(set(self.judged)) == 1 and not self.inside

    @property
    def last(self) -> Verdict:
        """The latest verdict."""
        return self.judged[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    """One figure over all runs."""

    scenario: str
    name: str
    values: list[Measurement | None]
    """One for each run, oldest first."""

    @property
    def known(self) -> list[Measurement]:
        """The values there are."""
        return [value for value in self.values if value is not None]

    @property
    def change(self) -> str:
        """What became of it from the first run to the last, as far as that can be told."""
        first, last = self.known[0], self.known[-1]
        if first is last:
            return "one run"
        if first.low is None or first.high is None or last.low is None or last.high is None:
            return ""
        if last.low <= first.high and first.low <= last.high:
            return "no difference seen"
        if not first.value:
            return "differs"
        return f"{100 * (last.value - first.value) / abs(first.value):+.0f} %"

    @property
    def points(self) -> list[tuple[float, float, float, float]]:
        """``x, low, median, high`` of each run that has it, in the coordinates of the plot."""
        every = [v for m in self.known for v in (m.low, m.value, m.high) if v is not None]
        bottom, top = min(0.0, *every), max(every)
        scale = (_PLOT_HEIGHT - 4) / (top - bottom or 1.0)
        step = (_PLOT_WIDTH - 8) / max(len(self.values) - 1, 1)

        def y(value: float) -> float:
            return round(_PLOT_HEIGHT - 2 - scale * (value - bottom), 1)

        return [
            (
                round(4 + step * position, 1),
                y(m.value if m.low is None else m.low),
                y(m.value),
                y(m.value if m.high is None else m.high),
            )
            for position, m in enumerate(self.values)
            if m is not None
        ]


def write_trend(run_dirs: Sequence[Path], out: Path | None = None) -> Path:
    """Write the history of several runs and return its path.

    Args:
        run_dirs: run directories, in any order.
        out: the file to write; ``trend.html`` in the folder that holds all of them if not given.

    Raises:
        realtime_harness.errors.UsageError: if one is not a run directory.

    """
    path = out or common_folder(run_dirs) / "trend.html"
    columns = sorted(
        (_column(each, path) for each in run_dirs), key=lambda c: c.report.info.started_at
    )
    histories = _histories(columns)
    template = environment().get_template("trend.html.jinja")
    steady = [history for history in histories if history.is_steady]
    text = template.render(
        columns=columns,
        targets=sorted({column.report.info.target for column in columns}),
        moving=[history for history in histories if not history.is_steady],
        steady=[(v, [h for h in steady if h.last is v]) for v in SEVERITY],
        flaky=sum(history.is_flaky for history in histories),
        total=len(histories),
        courses=_courses(columns),
        width=_PLOT_WIDTH,
        height=_PLOT_HEIGHT,
        style=Markup(asset("report.css")),
    )
    with write_whole(path) as file:
        file.write(text.encode())
    return path


def _column(run_dir: Path, page: Path) -> _Column:
    report = read_report(run_dir)
    return _Column(
        report=report,
        href=link_to_report(run_dir, page),
        about=sentence(report),
    )


def _histories(columns: Sequence[_Column]) -> list[_History]:
    rows = [{row.check: row for row in column.report.rows} for column in columns]
    latest: dict[str, Row] = {}
    for of_run in rows:
        latest |= of_run
    found = [
        _History(
            check=check,
            level=row.level,
            clause=row.clause,
            verdicts=[of_run[check].verdict if check in of_run else None for of_run in rows],
            inside=sum(bool(of_run[check].flake) for of_run in rows if check in of_run),
        )
        for check, row in latest.items()
    ]
    return sorted(
        found, key=lambda h: (not h.is_flaky, SEVERITY.index(h.last), -h.changes, h.check)
    )


def _courses(columns: Sequence[_Column]) -> list[_Course]:
    values: list[dict[tuple[str, str], Measurement]] = [
        {
            (base_scenario(m.scenario), m.name): m
            for group in column.report.groups
            for m in group.measurements
            if m.value == m.value  # Not what could not be read as a number.
        }
        for column in columns
    ]
    keys = dict.fromkeys(key for of_run in values for key in of_run)
    return [
        _Course(scenario=key[0], name=key[1], values=[of_run.get(key) for of_run in values])
        for key in keys
    ]
