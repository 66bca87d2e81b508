"""``summary.md``: what a run came to, for the page that a build server shows."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

from realtime_harness.results import CheckResult
from realtime_harness.verdicts import Standing, Verdict
from realtime_reports.compare import Comparison, Turn, compare
from realtime_reports.files import write_whole
from realtime_reports.model import Report, read_report, sentence
from realtime_reports.text import visible

__all__ = ["cell", "write_summary"]

_MOST_SHOWN = 50
"""Rows of a table; the report has the rest."""

_LONGEST = 300
"""Characters of a reason."""

_Choose: TypeAlias = Callable[[CheckResult], bool]

_SECTIONS: tuple[tuple[str, _Choose], ...] = (
    ("Red", lambda c: c.decides and c.standing in {None, Standing.UNEXPECTED}),
    ("Passes, and is still in the baseline", lambda c: c.standing is Standing.STALE),
    ("Known until a day that has passed", lambda c: c.standing is Standing.EXPIRED),
    ("Flaky", lambda c: c.standing is Standing.FLAKY),
    ("SHOULD clauses not met", lambda c: c.verdict is Verdict.WARN and c.standing is None),
    ("Known", lambda c: c.standing is Standing.EXPECTED),
    ("Red, and not required", lambda c: c.standing is Standing.PENDING),
)


def write_summary(run_dir: Path, *, against: Path | None = None) -> Path:
    """Write ``summary.md`` into a run directory and return its path.

    Args:
        run_dir: the run directory.
        against: an earlier run; what changed since then comes first.

    Raises:
        realtime_harness.errors.UsageError: if it is not a run directory.

    """
    report = read_report(run_dir)
    comparison = compare(report, read_report(against)) if against is not None else None
    path = run_dir / "summary.md"
    with write_whole(path) as file:
        file.write("\n".join(_lines(report, comparison)).encode() + b"\n")
    return path


def _lines(report: Report, comparison: Comparison | None) -> Iterable[str]:
    info = report.info
    yield f"# {cell(info.target)}: {cell(sentence(report))}"
    yield ""
    yield f"{cell(info.base_url)}, contract {cell(info.contract)}, {cell(info.started_at)}"
    yield ""
    if comparison is not None:
        yield from _changes(comparison)
    yield "| suite | " + " | ".join(verdict.value for verdict, _ in report.totals) + " |"
    yield "|---|" + "---:|" * len(report.totals)
    for group in report.groups:
        counts = dict(group.totals)
        cells = (str(counts.get(verdict, "")) for verdict, _ in report.totals)
        yield f"| {cell(group.suite)} | " + " | ".join(cells) + " |"
    for title, choose in _SECTIONS:
        if found := list(filter(choose, report.run.checks)):
            yield from _section(title, found)
    if info.remarks:
        yield ""
        yield from (f"**{cell(remark)}**" for remark in info.remarks)
    if info.cost:
        yield ""
        yield (
            f"Estimated cost: ${info.cost.get('usd', 0):.4f}, {cell(str(info.cost.get('model')))} "
            f"({cell(str(info.cost.get('prices')))})"
        )
    if info.orphans:
        yield from ("", "## In the baseline, and no check of the suites", "")
        yield from (f"- {cell(orphan)}" for orphan in info.orphans)
    yield ""
    yield f"`{visible(shlex.join(info.command))}`"


def _changes(comparison: Comparison) -> Iterable[str]:
    earlier = comparison.earlier
    yield f"## Since {cell(earlier.id)} of {cell(earlier.started_at)}"
    yield ""
    counts = {turn: len(comparison.of(turn)) for turn in Turn}
    said = ", ".join(f"{turn.value.lower()}: {n}" for turn, n in counts.items() if n)
    yield f"{said or 'No verdict changed'}."
    yield ""
    for turn in (Turn.NEWLY_FAILED, Turn.NEWLY_PASSED):
        found = comparison.of(turn)
        for change in found[:_MOST_SHOWN]:
            before = change.before.value if change.before else "not judged"
            after = change.after.value if change.after else "not judged"
            first, *more = change.results
            where = cell(first.scenario) + (f" and {len(more)} more" if more else "")
            reason = f": {cell(first.reason)}" if first.reason else ""
            yield f"- `{cell(change.check)}` {before} → {after} in {where}{reason}"
        if (hidden := len(found) - _MOST_SHOWN) > 0:
            yield f"- … and {hidden} more, in the report."
    for shift in comparison.shifts:
        b, a = shift.before, shift.after
        yield f"- {cell(a.scenario)} {cell(a.name)}: {b.value:g} → {a.value:g} {cell(a.unit)}"
    yield ""


def _section(title: str, found: list[CheckResult]) -> Iterable[str]:
    yield from ("", f"## {title} ({len(found)})", "")
    yield "| check | scenario | verdict | reason |"
    yield "|---|---|---|---|"
    for check in found[:_MOST_SHOWN]:
        reason = "; ".join(filter(None, [check.reason, check.known]))
        yield (
            f"| `{cell(check.check)}` | {cell(check.scenario)} | {check.verdict.value} "
            f"| {cell(reason)} |"
        )
    if (hidden := len(found) - _MOST_SHOWN) > 0:
        yield ""
        yield f"… and {hidden} more, in the report."


def cell(text: str) -> str:
    """Make text of any origin safe inside of a line or a cell of a table."""
    text = visible(" ".join(text.split()))
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + "…"
    return re.sub(r"[\\`*_\[\]<>|#&]", lambda match: "\\" + match[0], text)
