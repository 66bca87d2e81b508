"""``report.html`` of several targets: one column each, which leads to the target's own report.

The directory holds ``matrix.json`` and, for each target that was reached, a run directory.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from realtime_harness.results import TargetRun, read_comparison
from realtime_harness.verdicts import Level, Verdict
from realtime_reports.files import write_whole
from realtime_reports.html import asset, environment, script
from realtime_reports.model import SEVERITY, Report, Row, read_report, sentence

__all__ = ["write_matrix"]

_SCRIPTS = ("text.js", "hash.js", "filters.js", "matrix.js")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """One target."""

    name: str
    href: str
    """Of its own report, relative to the matrix."""
    report: Report | None
    """Nothing, if it was not reached."""
    about: str
    """Its verdict in one sentence, or why there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One check, over all targets."""

    check: str
    level: Level
    clause: str
    cells: list[Row | None]
    """One for each column; nothing where it was not judged."""

    @property
    def differs(self) -> bool:
        """Whether targets that were judged differ."""
        return len({cell.verdict for cell in self.cells if cell is not None}) > 1

    @property
    def worst(self) -> Verdict:
        """The first verdict of all, in the order of severity."""
        return next(cell.verdict for cell in self.cells if cell is not None)


def write_matrix(directory: Path, out: Path | None = None) -> Path:
    """Write the HTML report of several targets and return its path.

    Args:
        directory: holds ``matrix.json``.
        out: the file to write; ``report.html`` in the directory if not given. Its links only lead
            somewhere from there.

    Raises:
        realtime_harness.errors.UsageError: if ``matrix.json`` or a run cannot be read.

    """
    index = read_comparison(directory)
    columns = [_column(directory, each) for each in index.targets]
    suites = _suites(columns)
    lines = [line for _, of_suite in suites for line in of_suite]
    path = out or directory / "report.html"
    with write_whole(path) as file:
        template = environment().get_template("matrix.html.jinja")
        text = template.render(
            columns=columns,
            suites=suites,
            differing=sum(line.differs for line in lines),
            total=len(lines),
            command=index.command,
            totals=_totals(lines),
            levels=list(Level),
            script=script(_SCRIPTS),
            style=Markup(asset("report.css")),
        )
        file.write(text.encode())
    return path


def _totals(lines: list[_Line]) -> list[tuple[Verdict, int]]:
    """Count in how many lines each verdict occurs, worst first."""
    seen = Counter(
        verdict for line in lines for verdict in {cell.verdict for cell in line.cells if cell}
    )
    return [(verdict, seen[verdict]) for verdict in SEVERITY if seen[verdict]]


def _column(directory: Path, target: TargetRun) -> _Column:
    if target.error:
        return _Column(name=target.name, href="", report=None, about=target.error)
    report = read_report(directory / target.directory)
    return _Column(
        name=target.name,
        href=quote(f"{target.directory}/report.html"),
        report=report,
        about=sentence(report),
    )


def _suites(columns: list[_Column]) -> list[tuple[str, list[_Line]]]:
    rows: list[dict[str, Row]] = [
        {row.check: row for row in column.report.rows} if column.report else {}
        for column in columns
    ]
    suites: dict[str, dict[str, _Line]] = {}
    for column in columns:
        for group in column.report.groups if column.report else ():
            lines = suites.setdefault(group.suite, {})
            for row in sorted(group.rows, key=lambda row: row.check):
                lines.setdefault(
                    row.check,
                    _Line(
                        check=row.check,
                        level=row.level,
                        clause=row.clause,
                        cells=[of_column.get(row.check) for of_column in rows],
                    ),
                )
    found = [
        (suite, sorted(lines.values(), key=lambda line: not line.differs))
        for suite, lines in suites.items()
        if lines
    ]
    return sorted(found, key=lambda suite: not suite[1][0].differs)
