"""``report.html`` of several targets: one column each, which leads to the target's own report.

The directory holds ``matrix.json`` and, for each target that was reached, a run directory.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from realtime_harness.errors import UsageError
from realtime_harness.verdicts import Level, Verdict
from realtime_reports.files import write_whole
from realtime_reports.html import asset, environment
from realtime_reports.model import Report, Row, read_report, sentence

__all__ = ["is_matrix", "write_matrix"]

_INDEX = "matrix.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One target."""

    name: str
    href: str
    """Of its own report, relative to the matrix."""
    report: Report | None
    """Nothing, if it was not reached."""
    about: str
    """Its verdict in one sentence, or why there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
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


def is_matrix(directory: Path) -> bool:
    """Return whether a directory holds the runs of several targets."""
    return (directory / _INDEX).is_file()


def write_matrix(directory: Path, out: Path | None = None) -> Path:
    """Write the HTML report of several targets and return its path.

    Args:
        directory: holds ``matrix.json``.
        out: the file to write; ``report.html`` in the directory if not given. Its links only lead
            somewhere from there.

    Raises:
        realtime_harness.errors.UsageError: if ``matrix.json`` or a run cannot be read.

    """
    index = _read(directory / _INDEX)
    columns = [_column(directory, each) for each in index["targets"]]
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
            command=index["command"],
            style=Markup(asset("report.css")),
        )
        file.write(text.encode())
    return path


def _read(path: Path) -> dict[str, Any]:
    try:
        index: dict[str, Any] = json.loads(path.read_bytes())
        index["command"], [each["name"] for each in index["targets"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} does not list the runs of several targets: {error!r}") from error
    return index


def _column(directory: Path, target: dict[str, Any]) -> Column:
    if target.get("error"):
        return Column(name=target["name"], href="", report=None, about=target["error"])
    report = read_report(directory / target["directory"])
    return Column(
        name=target["name"],
        href=quote(f"{target['directory']}/report.html"),
        report=report,
        about=sentence(report),
    )


def _suites(columns: list[Column]) -> list[tuple[str, list[Line]]]:
    rows: list[dict[str, Row]] = [
        {row.check: row for row in column.report.rows} if column.report else {}
        for column in columns
    ]
    suites: dict[str, dict[str, Line]] = {}
    for column in columns:
        for group in column.report.groups if column.report else ():
            lines = suites.setdefault(group.suite, {})
            for row in sorted(group.rows, key=lambda row: row.check):
                lines.setdefault(
                    row.check,
                    Line(
                        check=row.check,
                        level=row.level,
                        clause=row.clause,
                        cells=[of_column.get(row.check) for of_column in rows],
                    ),
                )
    return [
        (suite, sorted(lines.values(), key=lambda line: not line.differs))
        for suite, lines in suites.items()
        if lines
    ]
