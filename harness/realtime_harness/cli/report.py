"""What ``realtime-harness load`` and ``report`` write and print of load runs."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from realtime_harness.results import is_load_run

__all__ = ["print_comparison", "report_load"]

_WORSE = "red"
_BETTER = "green"


def report_load(directory: Path, console: Console) -> None:
    """Write the reports of a load run that has just ended and say where the page is.

    Nothing is written where there is no result: on a worker, or of a run that ended too early.
    """
    from realtime_reports import write_load

    if is_load_run(directory):
        path = write_load(directory)
        console.print(f"report: {path}", soft_wrap=True, highlight=False)


def print_comparison(run: Path, against: Path, console: Console | None = None) -> None:
    """Print how a load run differs from an earlier one, as a table.

    Raises:
        UsageError: if one is not the directory of a load run.

    """
    from realtime_harness.load.comparison import Change, said
    from realtime_reports.load.drawing import figure
    from realtime_reports.load.model import compare_runs, read_load

    console = console or Console(highlight=False)
    comparison = compare_runs(read_load(run), read_load(against))
    for name, before, after in comparison.plans:
        text = Text(f"not the same: {name}: {before or 'nothing'} -> {after or 'nothing'}")
        console.print(text, style="yellow", soft_wrap=True)
    if comparison.refused:
        console.print(Text(f"not compared: {comparison.refused}", style="bold magenta"))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("figure", "clock", "before", "after", "difference"):
        table.add_column(head, justify="right" if head in ("before", "after") else "left")
    clocks = {each.name: each.clock for each in comparison.differences[::-1]}
    for each in comparison.judged:
        # Response time is what users wait; the page has the other clock, too.
        if each.clock != min(clocks[each.name], each.clock):
            continue
        factor, unit = (100, "%") if each.figure == "failed" else (1, each.unit)
        style = ""
        if each.change in (Change.MORE, Change.LESS):
            is_more = each.change is Change.MORE
            style = _BETTER if is_more is (each.figure == "per s") else _WORSE
        table.add_row(
            Text(f"{each.name} {each.figure}"),
            each.clock,
            Text(f"{figure(factor * each.before)} {unit}"),
            Text(f"{figure(factor * each.after)} {unit}"),
            Text(said(each), style=style),
        )
    console.print(table)
    if untold := [each for each in comparison.differences if each.reason]:
        console.print(
            f"of {len(untold)} figures nothing can be told: {untold[0].name} {untold[0].figure} "
            f"{untold[0].reason}, …",
            soft_wrap=True,
        )
    console.print(
        f"{len(comparison.seen)} of {len(comparison.judged)} figures differ; of those that are "
        "alike about one in twenty would seem to",
        soft_wrap=True,
    )
