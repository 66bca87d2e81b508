"""What a run came to, on one screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from realtime_harness.results import CheckResult, Run
from realtime_harness.verdicts import Verdict

__all__ = ["print_summary"]

_STYLES = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.WARN: "yellow",
    Verdict.INFO: "cyan",
    Verdict.NOT_APPLICABLE: "dim",
    Verdict.UNTESTABLE: "red",
    Verdict.ERROR: "magenta",
}

_MOST_SHOWN = 15
"""Lines of red checks, so that the totals stay on the screen."""

_LONGEST_REASON = 300


def print_summary(run: Run, report: Path | None, console: Console) -> None:
    """Print totals for each suite, each red check with its reason, and where the report is."""
    console.print()
    console.print(_totals(run.checks))
    red = [result for result in run.checks if result.verdict.is_red]
    for result, count in _unique(red)[:_MOST_SHOWN]:
        console.print(_line(result, count))
    if (hidden := len(_unique(red)) - _MOST_SHOWN) > 0:
        console.print(Text(f"… and {hidden} more, in the report"))
    for problem in run.problems:
        console.print(Text(problem, style="yellow"))
    if report is not None:
        # Never wrapped: it is there to be copied.
        console.print(Text(f"report: {report}"), soft_wrap=True)


def _totals(checks: Iterable[CheckResult]) -> Table:
    counts: dict[str, Counter[Verdict]] = {}
    for result in checks:
        counts.setdefault(result.suite, Counter())[result.verdict] += 1
    shown = [verdict for verdict in Verdict if any(count[verdict] for count in counts.values())]
    table = Table("suite", box=None, pad_edge=False, header_style="bold")
    for verdict in shown:
        table.add_column(verdict.value, justify="right", style=_STYLES[verdict])
    for suite, count in sorted(counts.items()):
        table.add_row(suite, *(str(count[verdict] or "") for verdict in shown))
    if len(counts) > 1:
        total = sum(counts.values(), Counter())
        table.add_row("all", *(str(total[verdict] or "") for verdict in shown), style="bold")
    return table


def _unique(results: Iterable[CheckResult]) -> list[tuple[CheckResult, int]]:
    """Join what is red for the same reason in several scenarios."""
    first: dict[tuple[str, Verdict, str], CheckResult] = {}
    count: Counter[tuple[str, Verdict, str]] = Counter()
    for result in results:
        key = (result.check, result.verdict, result.reason)
        first.setdefault(key, result)
        count[key] += 1
    return [(result, count[key]) for key, result in first.items()]


def _line(result: CheckResult, count: int) -> Text:
    reason = result.reason.replace("\n", " ")
    if len(reason) > _LONGEST_REASON:
        reason = reason[:_LONGEST_REASON] + "…"
    where = result.scenario + (f" and {count - 1} more" if count > 1 else "")
    return Text.assemble(
        (f"{result.verdict.value:<11}", _STYLES[result.verdict]),
        (f" {result.check}", "bold"),
        f" in {where}: {reason}",
    )
