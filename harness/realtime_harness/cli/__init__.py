"""The command line: ``realtime-harness``."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from realtime_harness import __version__
from realtime_harness.cli import baseline as baseline_command
from realtime_harness.cli import load as load_command
from realtime_harness.cli import recordings as recordings_commands
from realtime_harness.cli.lists import LISTS, Listed
from realtime_harness.cli.suites import chosen_suites, run_plan, run_targets
from realtime_harness.errors import HarnessError, UsageError
from realtime_harness.verdicts import ExitCode

__all__ = ["app", "main"]

app = typer.Typer(
    name="realtime-harness",
    help="Conformance of the OpenAI Realtime API and of everything that claims to speak it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(baseline_command.app, name="baseline")
recordings_commands.add_to(app)
load_command.add_to(app)


def main() -> None:
    """Run the command line and exit: the entry point of ``realtime-harness``."""
    signal.signal(signal.SIGTERM, _end)
    try:
        app()
    except HarnessError as error:
        typer.echo(f"realtime-harness: {error}", err=True)
        sys.exit(ExitCode.USAGE if isinstance(error, UsageError) else ExitCode.HARNESS_FAULT)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)


def _end(*_: object) -> None:
    """Do on SIGTERM, which build servers say, as on Ctrl-C: what there is is written down."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # As shells have it for what they run in the background.
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)


class ClockKind(Enum):
    """Clocks of the fake."""

    REAL = "real"
    VIRTUAL = "virtual"


class LatencyName(Enum):
    """Latency profiles of the fake."""

    INSTANT = "instant"
    REALISTIC = "realistic"


class RelayKind(Enum):
    """Kinds of reference relays."""

    WS = "ws"
    WEBRTC = "webrtc"


Host = Annotated[str, typer.Option(help="Address to listen on.")]
ReadyFile = Annotated[
    Path | None,
    typer.Option(metavar="PATH", help="Gets one JSON object when connections are accepted."),
]
UntilEof = Annotated[
    bool,
    typer.Option(
        "--until-eof",
        help="End with standard input, so as not to outlive whoever holds its other end.",
    ),
]
Defects = Annotated[
    list[str] | None,
    typer.Option("--defect", metavar="NAME", help="Violation to commit; repeatable."),
]
Behaviours = Annotated[
    list[str] | None,
    typer.Option("--behaviour", metavar="NAME", help="Legal rudeness; repeatable."),
]


Faults = Annotated[
    list[str] | None,
    typer.Option(
        "--fault",
        metavar="FAULT",
        help="Damage to do, such as delay:50ms or drop:every=5; "
        "repeatable. `list faults` shows all.",
    ),
]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


@app.command()
def fake(
    *,
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8080,
    api_key: Annotated[
        list[str] | None, typer.Option(help="Key to accept; repeatable. Default: sk-fake.")
    ] = None,
    profile: Annotated[str, typer.Option(help="Whose legal particulars.")] = "openai-2026-09",
    behaviours: Behaviours = None,
    defects: Defects = None,
    faults: Faults = None,
    clock: Annotated[
        ClockKind, typer.Option(help="A virtual clock stands still until it is advanced.")
    ] = ClockKind.REAL,
    script: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Rules of what to answer; read on change.")
    ] = None,
    latency: Annotated[
        LatencyName, typer.Option(help="How long responses take.")
    ] = LatencyName.INSTANT,
    seed: Annotated[int | None, typer.Option(help="Makes ids and latencies reproducible.")] = None,
    tls: Annotated[bool, typer.Option("--tls", help="With a certificate of its own.")] = False,
    remote_mcp: Annotated[
        bool, typer.Option("--remote-mcp", help="Let sessions name MCP servers elsewhere.")
    ] = False,
    workers: Annotated[
        int, typer.Option(min=1, max=9, metavar="N", help="Processes that share the port.")
    ] = 1,
    ready_file: ReadyFile = None,
    until_eof: UntilEof = False,
) -> None:
    """Run the fake Realtime service until SIGTERM or Ctrl-C."""
    from realtime_fakes.server import ServeOptions, serve

    options = ServeOptions(
        host=host,
        port=port,
        profile=profile,
        behaviours=tuple(behaviours or ()),
        defects=tuple(defects or ()),
        faults=tuple(faults or ()),
        clock=clock.value,
        script=script,
        latency=latency.value,
        seed=seed,
        tls=tls,
        remote_mcp=remote_mcp,
        workers=workers,
        ready_file=str(ready_file) if ready_file is not None else None,
        until_eof=until_eof,
    )
    if api_key:
        options = replace(options, api_keys=tuple(api_key))
    _serve(serve(options))


@app.command()
def relay(
    *,
    kind: Annotated[
        RelayKind, typer.Option(help="How clients come to it; it speaks WebSocket upstream.")
    ] = RelayKind.WS,
    upstream: Annotated[str, typer.Option(metavar="TARGET", help="Target's name or base URL.")],
    delay: Annotated[str, typer.Option(help="Added on the way down, such as 40ms.")] = "0ms",
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8081,
    defects: Defects = None,
    ready_file: ReadyFile = None,
    until_eof: UntilEof = False,
) -> None:
    """Run a reference relay until SIGTERM or Ctrl-C. It passes its clients' credentials on."""
    from realtime_fakes.relays.app import RelayOptions, serve

    options = RelayOptions(
        kind=kind.value,
        upstream=_base_url(upstream),
        delay_ms=_milliseconds(delay),
        host=host,
        port=port,
        ready_file=str(ready_file) if ready_file is not None else None,
        until_eof=until_eof,
        defects=tuple(defects or ()),
    )
    _serve(serve(options))


@app.command()
def run(
    *,
    target: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|URL",
            help="fake or fake:PROFILE (started for the run), openai, azure, a base URL, or a name "
            "in the file; several make one report with a column for each. Default: fake.",
        ),
    ] = None,
    suite: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this suite, or this SUITE/SCENARIO; repeatable."),
    ] = None,
    keyword: Annotated[
        str, typer.Option("-k", metavar="EXPR", help="Only what fits, as in pytest.")
    ] = "",
    clients: Annotated[
        str,
        typer.Option(metavar="NAMES", help="What makes WebRTC calls: aiortc, chromium or both."),
    ] = "aiortc",
    repeat: Annotated[
        int, typer.Option(min=1, metavar="N", help="Run each scenario so many times.")
    ] = 1,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="The run directory. Default: a new one below realtime-runs/."
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "-n",
            min=0,
            metavar="N",
            help="Conversations at a time. Default: up to 4 with a fake, 1 elsewhere.",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File with [targets.NAME]. Default: realtime-harness.toml, if there.",
        ),
    ] = None,
    defects: Defects = None,
    behaviours: Behaviours = None,
    faults: Faults = None,
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What is known to fail; see `baseline update`."),
    ] = None,
    requirements: Annotated[
        str | None,
        typer.Option(metavar="SET", help="Requirement set that decides. Default: the newest."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Of what is random in the run's fake. Default: 1."),
    ] = None,
    retry_unexpected: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Try unexpectedly red scenarios up to N times more."),
    ] = 0,
    max_cost: Annotated[
        float | None,
        typer.Option(
            min=0, metavar="USD", help="End before the estimate of what the run costs passes this."
        ),
    ] = None,
) -> None:
    """Run the suites against a target and write the report."""
    from realtime_harness.plan import DEFAULT_SEED, Plan, chosen_clients

    targets = target or ["fake"]
    plan = Plan(
        target=targets[0],
        config=config,
        out=out,
        suites=chosen_suites(suite or ()),
        keyword=keyword,
        clients=chosen_clients(clients),
        repeat=repeat,
        workers=workers,
        defects=tuple(defects or ()),
        behaviours=tuple(behaviours or ()),
        faults=tuple(faults or ()),
        seed=DEFAULT_SEED if seed is None else seed,
        baseline=baseline,
        requirements=requirements,
        retry_unexpected=retry_unexpected,
        max_cost=max_cost,
    )
    raise typer.Exit(run_plan(plan) if len(targets) == 1 else run_targets(plan, targets))


@app.command()
def report(
    directories: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...",
            help="A run directory; several, or a folder of them, make a history of their target.",
        ),
    ],
    *,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN", help="An earlier run: what newly failed since then comes first."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="The HTML file.")] = None,
) -> None:
    """Write the reports of a run again, compare it with another, or show many over time."""
    from realtime_harness.cli.report import print_comparison
    from realtime_harness.results import is_comparison, is_load_run, run_directories
    from realtime_reports import write_all, write_load_trend, write_trend

    runs = run_directories(directories)
    if against is not None and is_comparison(runs[0]):
        raise UsageError(f"{runs[0]} holds runs of several targets: give one of them")
    if runs == directories and len(runs) == 1:
        path = write_all(runs[0], out, against=against)
        if against is not None and is_load_run(runs[0]):
            print_comparison(runs[0], against)
        typer.echo(path)
        return
    if against is not None:
        raise UsageError("--against compares one run with another: give one RUN")
    loads = [run for run in runs if is_load_run(run)]
    others = [run for run in runs if run not in loads]
    if out is not None and loads and others:
        raise UsageError("--out is one file: give runs of one kind, load runs or the others")
    if others:
        typer.echo(write_trend(others, out))
    if loads:
        typer.echo(write_load_trend(loads, out))


@app.command(name="list")
def list_(
    what: Annotated[Listed, typer.Argument(help="What to list.")] = Listed.SUITES,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """List what there is."""
    rows = LISTS[what]()
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        name, *rest = row.values()
        typer.echo(name if not rest else f"{name}  {'  '.join(str(each) for each in rest if each)}")


@app.command()
def doctor() -> None:
    """Show what is installed, what each extra adds, and whether a fake starts."""
    from realtime_harness.doctor import examine

    marks = {True: "ok", False: "NOT OK", None: "-"}
    ok = True
    for finding in examine():
        typer.echo(f"{marks[finding.ok]:<7} {finding.what:<14} {finding.detail}")
        ok = ok and finding.ok is not False
    if not ok:
        raise typer.Exit(ExitCode.HARNESS_FAULT)


# What the servers are made of.


def _serve(server: Any) -> None:
    """Run a server until it ends."""
    from realtime_fakes.process import run
    from realtime_fakes.workers import WorkerEnded

    try:
        run(server)
    except ValueError as error:
        raise UsageError(str(error)) from error
    except WorkerEnded as error:
        raise HarnessError(str(error)) from error
    except OSError as error:
        raise UsageError(f"cannot listen: {error.strerror or error}") from error


def _base_url(target: str) -> str:
    from realtime_harness.targets.config import TargetFile, resolve_target

    if re.match(r"https?://", target):
        # A relay passes its clients' credentials on, so it needs none.
        return target.rstrip("/")
    found = resolve_target(target, TargetFile.read(), os.environ)
    if found is None:
        raise UsageError("start a fake and give its base URL: realtime-harness fake")
    return found.base_url


def _milliseconds(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s)?", text.strip())
    if match is None:
        raise UsageError(f"--delay {text!r} is no time: write 40ms or 0.04s")
    return float(match[1]) * (1000 if match[2] == "s" else 1)
