"""What is shown of a load run in a terminal: how it stands, and what it came to."""

from __future__ import annotations

import math
from pathlib import Path

from rich.console import Console, Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from realtime_harness.load.book import Moment
from realtime_harness.load.canary import CanaryResult
from realtime_harness.load.health import LIMITS, Finding, Fitness, Health
from realtime_harness.load.operation import METRICS, Tally
from realtime_harness.load.run import LoadPlan, LoadResult
from realtime_harness.load.slo import Outcome, State

__all__ = ["Screen", "durations", "print_result", "title_of"]

_STATES = {
    State.FAIL: "bold red",
    State.VOID: "magenta",
    State.WARN: "yellow",
    State.WAIVED: "yellow",
    State.PASS: "green",
}
"""How objectives are shown, and in which order: what was missed comes first."""
_FITNESS = {Fitness.FIT: "green", Fitness.WARN: "yellow", Fitness.VOID: "bold magenta"}
_PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9)
_FEW = (50.0, 95.0, 99.0)
_WIDE = 100
"""Columns from which on there is room for both clocks and all percentiles."""
_LINE_S = 5.0
"""Between two lines where lines stay."""
_MOST_FAILURES = 5
_CONNECT = "connect"
_MAIN = ("first_audio_ms", "ttft_ms", "barge_in_ms", "session_ms", "connect_ms")
"""Of which of them a line tells percentiles: the first that there is."""
_DETAIL = frozenset(
    {"tcp_ms", "upgrade_ms", "http_ms", "ice_ms", "dtls_ms", "sctp_ms", "created_ms", "lateness_ms"}
)
"""Metrics that are left to the report."""


class Screen:
    """Shows how a run stands: a table in a terminal, a line now and then elsewhere.

    Args:
        console: where to.
        title: what the run is.

    """

    def __init__(self, console: Console, title: str = "") -> None:
        from rich.live import Live

        self._console = console
        self._title = title
        self._next_line_s = 0.0
        self._live: Live | None = None
        if console.is_terminal:
            self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Screen:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to show."""
        self._next_line_s = 0.0
        if self._live is not None:
            self._live.start()
            self._live.update(Text(f"{self._title}: engines get ready", style="dim"), refresh=True)

    def stop(self) -> None:
        """Take away what is only true while the run lasts. Idempotent."""
        if self._live is not None:
            self._live.stop()

    def show(self, moment: Moment) -> None:
        """Show how it stands."""
        if self._live is not None:
            self._live.update(self._picture(moment), refresh=True)
        elif moment.t_s >= self._next_line_s:
            self._next_line_s = moment.t_s + _LINE_S - 0.5
            self._console.print(_line(moment), soft_wrap=True)

    def _picture(self, moment: Moment) -> Group:
        width = min(self._console.width, 120)
        head = Table.grid(expand=True)
        head.add_column()
        head.add_column(justify="right")
        left_s = max(0.0, moment.end_s - moment.t_s)
        head.add_row(
            Text(self._title, style="bold", overflow="ellipsis", no_wrap=True),
            Text(f"{moment.phase}  {_time(moment.t_s)} of {_time(moment.end_s)}"),
        )
        bar = Table.grid()
        bar.add_row(
            ProgressBar(total=moment.end_s, completed=min(moment.t_s, moment.end_s), width=width)
        )
        facts = Text.assemble(
            f"{moment.sessions} of {moment.wanted} sessions   {_rate(moment)}   ",
            _failed(moment.whole),
        )
        return Group(
            head,
            bar,
            facts,
            Text.assemble(_fit(moment.health), (f"   {_time(left_s)} left", "dim")),
            Text(),
            durations(moment.whole, width),
            Text(),
            _failures(moment.whole, moment.failures, width),
        )


def title_of(plan: LoadPlan) -> str:
    """Return what a run is, in a line."""
    shape = "" if plan.shape == "baseline" else f", {plan.shape}"
    rate = "" if plan.arrival_rate is None else f" at {plan.arrival_rate:g}/s"
    return f"{plan.profile.name}{rate}, {plan.sessions} sessions{shape}, against {plan.target.name}"


def durations(tally: Tally, width: int = 120) -> Table:
    """Return a table of percentiles, each with its unit and the number of its samples.

    Args:
        tally: what was measured.
        width: columns that there are. Where they are few there is response time only, which is
            what users wait.

    """
    is_wide = width >= _WIDE
    percentiles = _PERCENTILES if is_wide else _FEW
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("")
    if is_wide:
        table.add_column("clock", style="dim")
    for name in (*(f"p{percent:g}" for percent in percentiles), "max", "n"):
        table.add_column(name, justify="right")
    for metric in tally.metrics():
        if metric in _DETAIL:
            continue
        unit = METRICS[metric].unit if metric in METRICS else "ms"
        name = f"{metric.removesuffix('_ms').removesuffix('_percent')}, {unit}"
        found = {each: tally.histogram(metric, clock=each) for each in ("response", "service")}
        clocks = [clock for clock, histogram in found.items() if histogram.counts]
        for clock in clocks if is_wide else clocks[:1]:
            histogram = found[clock]
            values = [*map(histogram.percentile_ms, percentiles), histogram.max_ms]
            shown = (*map(_digits, values), f"{histogram.count:,}")
            table.add_row(name, *((clock,) if is_wide else ()), *shown)
            name = ""
    return table


def print_result(result: LoadResult, console: Console, directory: Path | None = None) -> None:
    """Print what a run came to on one screen, the gravest first.

    Args:
        result: of the run.
        console: where to.
        directory: of the run: where to look further.

    """
    width = min(console.width, 120)
    parts: list[Text | Table] = [Text()]
    parts += _verdict(result.finding)
    if result.aborted:
        parts.append(Text(f"ENDED EARLY: {result.aborted}", style="bold red"))
    if result.outcomes:
        parts.append(_objectives(result.outcomes))
    parts += [Text(), durations(result.tally, width), Text(), _counts(result)]
    parts += [Text(line) for line in (_goodput(result), _cost(result)) if line]
    if next(result.tally.failures(), None) is not None:
        parts += [_failures(result.tally, result.failures, width), Text()]
    if result.finding.fitness is not Fitness.VOID:
        parts.append(_fit(result.health))
    if result.canary is not None:
        parts.append(_canary(result.canary, result.tally))
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, Text), highlight=False)
    if directory is not None:
        for text in (
            f"run directory: {directory}",
            f"compare:       realtime-harness report {directory} --against ANOTHER",
        ):
            console.print(Text(text), soft_wrap=True)


def _verdict(finding: Finding) -> list[Text]:
    """Return what is to be said about the generator before anything about the service."""
    style, word = _FITNESS[finding.fitness], finding.fitness.value.upper()
    if finding.fitness is Fitness.FIT:
        return []
    lines = [Text(f"{word}: {reason}", style=style) for reason in finding.reasons]
    if finding.fitness is Fitness.VOID:
        lines.append(Text("      so nothing is said about the service", style=style))
    return lines


def _objectives(outcomes: list[Outcome]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(style="dim")
    order = list(_STATES)
    for each in sorted(outcomes, key=lambda outcome: order.index(outcome.state)):
        unit = each.objective.unit
        value = "nothing" if each.value is None else _with_unit(each.value, unit)
        said = f"n={each.count:,}"
        if each.reason and each.state is not State.VOID:
            said += f"; {each.reason}"
        style = _STATES[each.state]
        state = Text(each.state.value.upper(), style=style)
        is_missed = each.state is State.FAIL
        table.add_row(
            state, each.objective.text, Text(value, style=style if is_missed else ""), said
        )
    return table


def _counts(result: LoadResult) -> Text:
    tally, seconds = result.tally, result.seconds
    done = tally.count(ok=True) - tally.count(_CONNECT, ok=True)
    rate = done / seconds if seconds else 0.0
    asked = "" if result.requested is None else f", {result.requested:,} were due"
    return Text.assemble(
        f"{done:,} operations in {seconds:.1f} s, {rate:.1f}/s{asked}; ",
        f"{tally.count(_CONNECT, ok=True):,} connections; ",
        _failed(tally),
    )


def _goodput(result: LoadResult) -> str:
    if (told := result.goodput) is None:
        return ""
    limits = ", ".join(told["limits"]) or "there is no limit on one operation"
    return (
        f"good: {told['good']:,} of {told['of']:,} operations, {told['per_s']:.1f}/s; "
        f"{told['good_sessions']:,} of {told['sessions']:,} sessions ({limits})"
    )


def _cost(result: LoadResult) -> str:
    if (told := result.cost) is None:
        return ""
    limit = "" if told["limit_usd"] is None else f" of ${told['limit_usd']:g}"
    return f"cost: about ${told['usd']:.4f}{limit}, {told['charges']:,} charges ({told['model']})"


def _canary(canary: CanaryResult, lite: Tally) -> Text:
    """Return what full sessions measured, beside what the others did."""
    if canary.fault:
        return Text(f"canary: {canary.fault}", style="yellow")
    compared = []
    for name in (*_MAIN, "turn_ms"):
        ours, theirs = (each.histogram(name, clock="service") for each in (canary.tally, lite))
        if ours.counts and theirs.counts:
            p50, against = (_digits(each.percentile_ms(50)) for each in (ours, theirs))
            compared.append(f"{name.removesuffix('_ms')} {p50} ms p50 against {against}")
    done = canary.tally.count(ok=True) - canary.tally.count(_CONNECT, ok=True)
    told = "; ".join(compared) or "nothing measured"
    return Text.assemble(
        f"canary of {canary.sessions}: {told}; {done:,} operations, ", _failed(canary.tally)
    )


def _failures(tally: Tally, examples: list[dict[str, object]], width: int) -> Table:
    """Return the most frequent classes of failures, with an example of each."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0), width=width)
    table.add_column(justify="right", style="red", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(style="dim", no_wrap=True, overflow="ellipsis", ratio=1)
    found = list(tally.failures())
    for operation, kind, count in found[:_MOST_FAILURES]:
        fitting = (
            str(each["text"])
            for each in examples
            if (each["operation"], each["outcome"]) == (operation, kind)
        )
        example = " ".join(next(fitting, "").split())
        table.add_row(f"{count:,}", Text(f"{operation} {kind}"), Text(example))
    if more := found[_MOST_FAILURES:]:
        table.add_row(f"{sum(count for *_, count in more):,}", f"of {len(more)} more kinds", "")
    return table


def _line(moment: Moment) -> Text:
    """Return how a run stands in one line."""
    measured = moment.whole.metrics()
    main = next((name for name in _MAIN if name in measured), "")
    parts = [
        f"{moment.t_s:4.0f}/{moment.end_s:.0f} s {moment.phase:<6}",
        f"{moment.sessions}/{moment.wanted} sessions",
        _rate(moment),
    ]
    if main:
        histogram = moment.whole.histogram(main, clock="response")
        p50, p95 = _digits(histogram.percentile_ms(50)), _digits(histogram.percentile_ms(95))
        parts.append(f"{main} p50 {p50} p95 {p95}")
    return Text.assemble("  ".join(parts), "  ", _failed(moment.whole), "  ", _fit(moment.health))


def _rate(moment: Moment) -> str:
    """Return how many operations succeeded in the last second, and how many were due."""
    done = moment.last.count(ok=True) - moment.last.count(_CONNECT, ok=True)
    asked = "" if moment.due is None else f" of {moment.due} due"
    return f"{done}/s{asked}"


def _failed(tally: Tally) -> Text:
    failed, whole = tally.count(ok=False), tally.count()
    if not failed:
        return Text("none failed", style="green")
    return Text(f"{failed:,} failed ({failed / whole:.2%})", style="bold red")


def _fit(health: list[Health]) -> Text:
    """Return how the generator is: of several engines, the worst."""
    late = max((each.lateness.percentile_ms(99) for each in health), default=0.0)
    cpu = max((each.cpu for each in health), default=0.0)
    is_void = late > LIMITS.void_lateness_ms or cpu > LIMITS.void_cpu
    is_warned = late > LIMITS.warn_lateness_ms
    fitness = Fitness.VOID if is_void else Fitness.WARN if is_warned else Fitness.FIT
    word = {Fitness.FIT: "fit", Fitness.WARN: "late", Fitness.VOID: "NOT FIT"}[fitness]
    return Text(
        f"generator {word}: late p99 {_digits(late)} ms, {cpu:.0%} of a core",
        style=_FITNESS[fitness],
    )


def _with_unit(value: float, unit: str) -> str:
    if unit == "share":
        return f"{value:.2%}"
    number = f"{value:,.0f}" if unit == "" else _digits(value)
    return f"{number} {unit}".strip()


def _digits(value: float) -> str:
    """Return a value with three digits that count."""
    # What is rounded up to another digit before the point has one less behind it.
    if value >= 99.95:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def _time(seconds: float) -> str:
    minutes, rest = divmod(math.floor(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
