"""What a run came to, on one screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from realtime_harness.results import CheckResult, Run
from realtime_harness.verdicts import Standing, Verdict

__all__ = ["STYLES", "print_summary"]

STYLES = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.WARN: "yellow",
    Verdict.INFO: "cyan",
    Verdict.NOT_APPLICABLE: "dim",
    Verdict.UNTESTABLE: "red",
    Verdict.ERROR: "magenta",
}
"""How verdicts look on a terminal, besides their words."""

_MOST_SHOWN = 15
"""Lines of red checks, so that the totals stay on the screen."""

_LONGEST_REASON = 300


def print_summary(run: Run, report: Path | None, console: Console) -> None:
    """Print totals for each suite, each red check with its reason, and where the report is."""
    console.print()
    console.print(_totals(run.checks))
    standings = Counter(result.standing for result in run.checks)
    shown = [each for each in Standing if standings[each] and each is not Standing.UNEXPECTED]
    if shown:
        counted = ", ".join(f"{standings[each]} {each.value}" for each in shown)
        console.print(Text(f"baseline: {counted}"))
    groups = _grouped(result for result in run.checks if result.decides)
    for group in groups[:_MOST_SHOWN]:
        console.print(_line(group))
    if (hidden := len(groups) - _MOST_SHOWN) > 0:
        console.print(Text(f"… and {hidden} more, in the report"))
    outdated = standings[Standing.STALE] + len(run.info.orphans)
    for orphan in run.info.orphans:
        console.print(Text(f"about nothing in the suites: {orphan}", style="yellow"))
    if outdated:
        remedy = f"realtime-harness baseline update {run.directory}"
        console.print(Text(f"stale entries: {remedy}"), soft_wrap=True)
    for problem in run.problems:
        console.print(Text(problem, style="yellow"))
    for remark in run.info.remarks:
        console.print(Text(remark, style="bold yellow"))
    if run.info.cost:
        console.print(Text(_cost(run.info.cost)), soft_wrap=True)
    if report is not None:
        # Never wrapped: it is there to be copied.
        console.print(Text(f"report: {report}"), soft_wrap=True)


def _cost(cost: Mapping[str, Any]) -> str:
    limit = cost.get("limit_usd")
    below = f" of --max-cost {limit:g}" if limit is not None else ""
    return (
        f"estimated cost: ${cost['usd']:.4f}{below}, for {cost['charges']} responses and "
        f"transcriptions of {cost['model']} (prices: {cost['prices']})"
    )


def _totals(checks: Iterable[CheckResult]) -> Table:
    counts: dict[str, Counter[Verdict]] = {}
    for result in checks:
        counts.setdefault(result.suite, Counter())[result.verdict] += 1
    shown = [verdict for verdict in Verdict if any(count[verdict] for count in counts.values())]
    table = Table("suite", box=None, pad_edge=False, header_style="bold")
    for verdict in shown:
        table.add_column(verdict.value, justify="right", style=STYLES[verdict])
    for suite, count in sorted(counts.items()):
        table.add_row(suite, *(str(count[verdict] or "") for verdict in shown))
    if len(counts) > 1:
        total = sum(counts.values(), Counter())
        table.add_row("all", *(str(total[verdict] or "") for verdict in shown), style="bold")
    return table


def _grouped(results: Iterable[CheckResult]) -> list[list[CheckResult]]:
    """Join what is red for the same reason: one check in many scenarios, or many in one."""
    groups: dict[tuple[object, ...], list[CheckResult]] = {}
    for result in results:
        key = result.verdict, result.standing, result.reason
        groups.setdefault(key, []).append(result)
    return list(groups.values())


def _line(group: list[CheckResult]) -> Text:
    first = group[0]
    reason = first.reason.replace("\n", " ")
    outdated = first.standing in {Standing.STALE, Standing.EXPIRED}
    said = f"{first.standing.value} in the baseline" if first.standing and outdated else ""
    reason = "; ".join(filter(None, [said, reason, first.known]))
    if len(reason) > _LONGEST_REASON:
        reason = reason[:_LONGEST_REASON] + "…"
    checks = dict.fromkeys(result.check for result in group)
    scenarios = dict.fromkeys(result.scenario for result in group)
    return Text.assemble(
        (f"{first.verdict.value} ", STYLES[first.verdict]),
        (_first_of(checks), "bold"),
        f" in {_first_of(scenarios)}: {reason}",
    )


def _first_of(names: Iterable[str]) -> str:
    first, *more = names
    return f"{first} and {len(more)} more" if more else first
