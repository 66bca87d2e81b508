"""What is shown of a load run in a terminal: how it stands, and what it came to."""

from __future__ import annotations

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from realtime_harness.load.book import Moment
from realtime_harness.load.health import Fitness
from realtime_harness.load.operation import METRICS, Tally
from realtime_harness.load.run import LoadResult
from realtime_harness.load.slo import State

__all__ = ["Screen", "durations", "print_result"]

_PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9)
_STATES = {
    State.PASS: "green",
    State.WARN: "yellow",
    State.FAIL: "bold red",
    State.WAIVED: "yellow",
    State.VOID: "magenta",
}
_FITNESS = {Fitness.FIT: "green", Fitness.WARN: "yellow", Fitness.VOID: "bold magenta"}
_MOST_FAILURES = 8


class Screen:
    """Shows how a run stands: a table in a terminal, a line now and then elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        if console.is_terminal:
            self._live = Live(console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Screen:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to show."""
        if self._live is not None:
            self._live.start()

    def stop(self) -> None:
        """Take away what is only true while the run lasts. Idempotent."""
        if self._live is not None:
            self._live.stop()

    def show(self, moment: Moment) -> None:
        """Show how it stands."""
        cpu = max((each.cpu for each in moment.health), default=0.0)
        late = max((each.lateness.percentile_ms(99) for each in moment.health), default=0.0)
        line = Text(
            f"{moment.t_s:5.0f}/{moment.end_s:.0f} s  {moment.phase:<6}  "
            f"{moment.sessions}/{moment.wanted} sessions  "
            f"{moment.last.count(ok=True)} ok, {moment.last.count(ok=False)} failed  "
            f"engine {cpu:.0%} late p99 {late:.1f} ms"
        )
        if self._live is not None:
            self._live.update(Group(line, durations(moment.last)))
        else:
            self._console.print(line, soft_wrap=True)


def durations(tally: Tally) -> Table:
    """Return a table of percentiles, with both clocks."""
    table = Table("", box=None, pad_edge=False, header_style="bold")
    table.add_column("clock")
    for name in (*(f"p{percent:g}" for percent in _PERCENTILES), "max", "n"):
        table.add_column(name, justify="right")
    for metric in tally.metrics():
        for clock in ("response", "service", "generator"):
            histogram = tally.histogram(metric, clock=clock)
            if histogram.counts:
                values = [*map(histogram.percentile_ms, _PERCENTILES), histogram.max_ms]
                shown = (_shown(value) for value in values)
                table.add_row(_label(metric), clock, *shown, str(histogram.count))
    return table


def _label(metric: str) -> str:
    unit = METRICS[metric].unit if metric in METRICS else "ms"
    return f"{metric.removesuffix('_ms').removesuffix('_percent')}, {unit}"


def print_result(result: LoadResult, console: Console) -> None:
    """Print what a run came to, the gravest first."""
    finding = result.finding
    style = _FITNESS[finding.fitness]
    console.print()
    if finding.fitness is not Fitness.FIT:
        for reason in finding.reasons:
            console.print(Text(f"{finding.fitness.value.upper()}: {reason}", style=style))
    if result.aborted:
        console.print(Text(result.aborted, style="bold red"))
    for outcome in result.outcomes:
        value = "nothing" if outcome.value is None else f"{outcome.value:.4g}"
        told = f" ({outcome.reason})" if outcome.reason else ""
        console.print(
            Text.assemble(
                (f"{outcome.state.value:<7}", _STATES[outcome.state]),
                f"{outcome.objective.text}: {value} of {outcome.count} samples{told}",
            ),
            soft_wrap=True,
        )
    console.print(durations(result.tally))
    done = result.tally.count(ok=True)
    per_s = done / result.seconds if result.seconds else 0.0
    if result.requested is not None:
        console.print(f"{result.requested} operations were due", highlight=False)
    console.print(
        f"{done} operations in {result.seconds:.1f} s ({per_s:.1f}/s), "
        f"{result.tally.count(ok=False)} failed; "
        f"generator {finding.fitness.value}: late p99 {finding.lateness_p99_ms:.2f} ms, "
        f"{finding.cpu:.0%} of a core",
        soft_wrap=True,
        highlight=False,
    )
    failures = list(result.tally.failures())
    for operation, kind, count in failures[:_MOST_FAILURES]:
        example = next(
            (
                each["text"]
                for each in result.failures
                if each["operation"] == operation and each["outcome"] == kind
            ),
            "",
        )
        console.print(Text(f"{count} x {operation} {kind}: {example[:200]}"), soft_wrap=True)


def _shown(ms: float) -> str:
    """Return a duration with three digits that count."""
    return f"{ms:.0f}" if ms >= 100 else f"{ms:.1f}" if ms >= 10 else f"{ms:.2f}"
