"""What a run came to, on one screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from realtime_harness.results import CheckResult, Run
from realtime_harness.verdicts import ExitCode, Standing, Verdict

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

_LOG_LINES = 40
"""Of a summary that goes to no terminal."""

_FEWEST_LINES = 6
"""For what is red, however small the screen is."""

_LINES_EACH = 2
"""At most, of a red check."""


def print_summary(run: Run, report: Path | None, console: Console) -> None:
    """Print totals for each suite, each red check with its reason, and where the report is.

    All of it fits on the screen: of what does not, the report tells.
    """
    lines = console.height - 1 if console.is_terminal else _LOG_LINES
    notes = _notes(run, report)
    # Around the suites: an empty line, the names of the columns, the sum.
    room = lines - 3 - sum(_height(note, console) for note in notes)
    groups = _grouped(result for result in run.checks if result.decides)
    red = [_cut(_line(group), console) for group in groups]
    height = sum(_height(line, console) for line in red)
    suites = {result.suite for result in run.checks}
    if len(suites) + height > room:
        suites = {result.suite for result in run.checks if result.decides}
    if len(suites) + 1 > room - min(height, _FEWEST_LINES):
        suites = set()
    console.print()
    console.print(_totals(run.checks, suites))
    left = max(room - len(suites) - 1, _FEWEST_LINES)
    for n, line in enumerate(red):
        left -= _height(line, console)
        more = len(red) - n
        if left < (0 if more == 1 else 1):
            console.print(Text(f"… and {more} more, in the report"))
            break
        console.print(line)
    for note in notes:
        # Never wrapped by us: paths and commands are there to be copied.
        console.print(note, soft_wrap=True)


def _notes(run: Run, report: Path | None) -> list[Text]:
    """Return what is said behind the verdicts."""
    standings = Counter(result.standing for result in run.checks)
    counted = ", ".join(
        f"{standings[each]} {each.value}"
        for each in Standing
        if standings[each] and each is not Standing.UNEXPECTED
    )
    notes = [Text(f"baseline: {counted}")] if counted else []
    orphans = run.info.orphans
    notes += [Text(f"about nothing in the suites: {o}", style="yellow") for o in orphans[:_SOME]]
    if len(orphans) > _SOME:
        notes.append(Text(f"… and {len(orphans) - _SOME} more about nothing", style="yellow"))
    if standings[Standing.STALE] + len(orphans):
        notes.append(Text(f"stale entries: realtime-harness baseline update {run.directory}"))
    if run.info.exit_code == ExitCode.INTERRUPTED:
        notes.append(Text("interrupted: what was not judged by then is missing", style="yellow"))
    notes += [Text(problem, style="yellow") for problem in run.problems[:_SOME]]
    notes += [Text(remark, style="bold yellow") for remark in run.info.remarks[:_SOME]]
    if run.info.cost:
        notes.append(Text(_cost(run.info.cost)))
    if report is not None:
        notes.append(Text(f"report: {report}"))
    return notes


_SOME = 3


def _height(text: Text, console: Console) -> int:
    return max(1, -(-text.cell_len // console.width))


def _cut(line: Text, console: Console) -> Text:
    """Shorten a line, so that it takes no more than it should. Words are wrapped, which costs."""
    most = _LINES_EACH * console.width - console.width // 5
    if line.cell_len > most:
        line.truncate(most, overflow="ellipsis")
    return line


def _cost(cost: Mapping[str, Any]) -> str:
    limit = cost.get("limit_usd")
    below = f" of --max-cost {limit:g}" if limit is not None else ""
    return (
        f"estimated cost: ${cost['usd']:.4f}{below}, for {cost['charges']} responses and "
        f"transcriptions of {cost['model']} (prices: {cost['prices']})"
    )


def _totals(checks: Iterable[CheckResult], suites: Collection[str]) -> Table:
    """Count the verdicts of these suites, each by itself, and of all others together."""
    counts: dict[str, Counter[Verdict]] = {}
    others: dict[str, Counter[Verdict]] = {}
    for result in checks:
        of = counts if result.suite in suites else others
        of.setdefault(result.suite, Counter())[result.verdict] += 1
    folded = {f"{len(others)} others": sum(others.values(), Counter())} if others and counts else {}
    counts = counts or {"all": sum(others.values(), Counter())}
    every = (*counts.values(), *folded.values())
    shown = [verdict for verdict in Verdict if any(count[verdict] for count in every)]
    table = Table("suite", box=None, pad_edge=False, header_style="bold")
    for verdict in shown:
        table.add_column(verdict.value, justify="right", style=STYLES[verdict])
    total = sum(every, Counter())
    for suite, count in (*sorted(counts.items()), *folded.items()):
        table.add_row(suite, *(str(count[verdict] or "") for verdict in shown))
    if len(counts) + len(folded) > 1:
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
