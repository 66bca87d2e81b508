"""``realtime-harness load``."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from realtime_harness.errors import UsageError
from realtime_harness.verdicts import ExitCode

if TYPE_CHECKING:
    from rich.console import Console

    from realtime_harness.load.run import LoadResult
    from realtime_harness.load.slo import Objective

__all__ = ["add_to", "load"]

_LEFT_BY_RUNS = ("report.html", "junit.xml", "ctrf.json", "summary.md")
_STEP = "15s"
"""Enough for a p95 of a few sessions that take a turn a second."""


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(load)


def load(
    profile: Annotated[
        str, typer.Argument(metavar="PROFILE", help="See `list load`; or a TOML file of your own.")
    ],
    *,
    target: Annotated[
        str, typer.Option(metavar="NAME|URL", help="As of `run`; fake is started for the run.")
    ] = "fake",
    users: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Sessions. Default: the profile's.")
    ] = None,
    arrival_rate: Annotated[
        float | None,
        typer.Option(
            metavar="R",
            help="Operations a second, dealt out among the sessions, whether or not they are "
            "answered. Default: each session goes on when it has thought.",
        ),
    ] = None,
    spawn_rate: Annotated[
        float | None, typer.Option(metavar="R", help="Sessions started a second.")
    ] = None,
    duration: Annotated[str, typer.Option(metavar="TIME", help="Such as 60s, 5m or 1h.")] = "60s",
    shape: Annotated[
        str, typer.Option(metavar="NAME", help="How the level moves: see `list shapes`.")
    ] = "baseline",
    slo: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SLO", help="Such as 'p95(ttft_ms) < 400', or a TOML file; repeatable."
        ),
    ] = None,
    find_max: Annotated[
        bool,
        typer.Option(
            "--find-max",
            help="Search for the largest number of sessions that meets every objective, from "
            "--users on.",
        ),
    ] = False,
    max_users: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Sessions that are tried at the most. Default: 10000."
        ),
    ] = None,
    step_duration: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How long each number of sessions is tried, once all are there. Default: 15s.",
        ),
    ] = None,
    max_cost: Annotated[
        float | None,
        typer.Option(
            min=0.0, metavar="USD", help="End before the run is estimated to cost more than this."
        ),
    ] = None,
    canary: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="Full sessions beside the others, measured apart. Default: 1 beside 10 or more.",
        ),
    ] = None,
    processes: Annotated[
        int, typer.Option(min=1, metavar="N", help="Engines, each of which uses one core.")
    ] = 1,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File with [targets.NAME], as of `run`."),
    ] = None,
    faults: Annotated[
        list[str] | None,
        typer.Option("--fault", metavar="FAULT", help="Damage that a started fake does."),
    ] = None,
    latency: Annotated[
        str, typer.Option(metavar="NAME", help="Of a started fake: instant or realistic.")
    ] = "instant",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="The run directory. Default: a new one below realtime-runs/."
        ),
    ] = None,
    ui: Annotated[
        bool, typer.Option("--ui", help="Let Locust show it in a browser, and be started there.")
    ] = False,
    ui_port: Annotated[int, typer.Option(metavar="PORT", help="Of that page.")] = 8089,
    locust: Annotated[
        bool, typer.Option("--locust", help="Let Locust lead the run, and write its report, too.")
    ] = False,
    master: Annotated[
        bool, typer.Option("--master", help="Lead workers on this machine and others.")
    ] = False,
    worker: Annotated[
        bool, typer.Option("--worker", help="Work for a master, with engines of this machine.")
    ] = False,
    workers: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many workers there are in all.")
    ] = 1,
    master_address: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where the master is, or listens.")
    ] = "127.0.0.1:5557",
    i_own_this_endpoint: Annotated[
        bool,
        typer.Option(
            "--i-own-this-endpoint",
            help="Load what is not on this machine, or with more sessions than usual.",
        ),
    ] = False,
) -> None:
    """Load a target, and say what it did and whether the figures can be trusted.

    Ends with 0 if every objective was met, 5 if one was missed, 6 if the generator itself was too
    slow to measure. With --find-max: 0 if there is such a number, 5 if one session misses, 6 if
    nobody can say.
    """
    from rich.console import Console

    from realtime_harness.campaign import RUNS
    from realtime_harness.cli.find_max import find_max as search
    from realtime_harness.cli.report import report_load
    from realtime_harness.lab import Lab
    from realtime_harness.load.canary import canaries_of
    from realtime_harness.load.profile import find
    from realtime_harness.load.run import MOST_SESSIONS, LoadPlan, carry_out
    from realtime_harness.load.schedule import SHAPES
    from realtime_harness.load.screen import Screen, print_result, title_of
    from realtime_harness.load.sessions import JOURNEYS, journey_class
    from realtime_harness.load.slo import look
    from realtime_harness.load.swarm import Swarm, run_swarm
    from realtime_harness.store import new_run_directory
    from realtime_harness.targets.config import TargetFile, resolve_target
    from realtime_harness.targets.reach import reach

    found = find(profile)
    journey = journey_class(found.journey)
    if shape not in SHAPES:
        raise UsageError(f"no shape named {shape}; there are {', '.join(SHAPES)}")
    objectives = _objectives(slo if slo is not None else found.objectives)
    look(objectives, operation=journey.operation, is_ours=found.journey in JOURNEYS)
    duration_s = _seconds("--duration", duration)
    step_s = _seconds("--step-duration", step_duration or _STEP)
    is_led_by_locust = ui or locust or master or worker
    if find_max:
        _look_at_search(
            first=users or found.users,
            most=max_users or MOST_SESSIONS,
            has_objectives=bool(objectives),
            has_level=shape != "baseline" or arrival_rate is not None,
            is_led_by_locust=is_led_by_locust,
        )
        canary = canary or 0
    elif max_users is not None or step_duration is not None:
        raise UsageError("--max-users and --step-duration belong to --find-max")
    if worker and target == "fake":
        raise UsageError("--worker needs the --target of its master: a fake is started for one run")
    resolved = resolve_target(target, TargetFile.read(config), os.environ)
    if resolved is not None and (faults or latency != "instant"):
        raise UsageError("faults and latency are of a fake that the run starts: --target fake")
    with Lab() as lab:
        if resolved is None:
            resolved = lab.fake(
                faults=faults or (), latency=latency, profile=target.partition(":")[2]
            )
        plan = LoadPlan(
            target=resolved,
            profile=found,
            users=users,
            arrival_rate=arrival_rate,
            spawn_rate=spawn_rate,
            duration_s=duration_s,
            shape=shape,
            objectives=objectives,
            processes=processes,
            is_own=i_own_this_endpoint,
            max_cost_usd=max_cost,
            canary=canaries_of(found.journey, users or found.users) if canary is None else canary,
            command=("realtime-harness", *sys.argv[1:]),
        )
        plan.look()
        reached = reach(resolved)
        prepared = asyncio.run(journey.prepare(reached, lab))
        plan = replace(plan, target=prepared)
        directory = (
            _cleared(out) if out else new_run_directory(RUNS, f"load-{found.name}-{resolved.name}")
        )
        if is_led_by_locust:
            swarm = Swarm(
                plan=plan,
                directory=directory,
                ui=ui,
                port=ui_port,
                role="master" if master else "worker" if worker else "",
                master=master_address,
                workers=workers,
            )
            code = run_swarm(swarm)
            report_load(directory, Console())
            raise typer.Exit(code)
        console = Console()
        if find_max:
            try:
                most = search(
                    plan, directory, console, step_s=step_s, most=max_users or MOST_SESSIONS
                )
            except KeyboardInterrupt:
                raise typer.Exit(ExitCode.INTERRUPTED) from None
            _say_where(directory, console)
            report_load(directory, console)
            raise typer.Exit(most.exit_code)
        screen = Screen(console, title_of(plan))

        def done(result: LoadResult) -> None:
            screen.stop()
            print_result(result, console, directory)

        with screen:
            try:
                result = asyncio.run(carry_out(plan, directory, watch=screen.show, done=done))
            except KeyboardInterrupt:
                report_load(directory, console)
                raise typer.Exit(ExitCode.INTERRUPTED) from None
    report_load(directory, console)
    raise typer.Exit(result.exit_code)


def _cleared(directory: Path) -> Path:
    """Make a directory ready for a run; what an earlier load run left in it is removed.

    Raises:
        UsageError: if it holds anything but a load run.

    """
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"--out {directory} is a file: give a directory for the run")
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()) and not (directory / "load").is_dir():
        raise UsageError(
            f"--out {directory} is not empty and holds no earlier load run: give another directory"
        )
    shutil.rmtree(directory / "load", ignore_errors=True)
    for name in _LEFT_BY_RUNS:
        (directory / name).unlink(missing_ok=True)
    return directory


def _look_at_search(
    *, first: int, most: int, has_objectives: bool, has_level: bool, is_led_by_locust: bool
) -> None:
    """See whether a number of sessions can be searched for.

    Raises:
        UsageError: if not; it says which option to leave out, or to add.

    """
    if not has_objectives:
        raise UsageError("--find-max needs an objective: add --slo 'p95(ttft_ms) < 400'")
    if has_level:
        raise UsageError(
            "--find-max looks for a number of sessions: leave --shape and --arrival-rate out"
        )
    if is_led_by_locust:
        raise UsageError("--find-max is led by us: leave --ui, --locust, --master and --worker out")
    if first > most:
        raise UsageError(
            f"--max-users {most}: the search begins with {first} sessions; say fewer --users"
        )


def _say_where(directory: Path, console: Console) -> None:
    console.print(f"run directory: {directory}", soft_wrap=True, highlight=False)


def _objectives(given: list[str] | tuple[str, ...]) -> tuple[Objective, ...]:
    from realtime_harness.load import slo

    found: list[Objective] = []
    for each in given:
        if each.endswith(".toml"):
            found += slo.read(Path(each))
        else:
            found.append(slo.parse(each))
    return tuple(found)


def _seconds(option: str, text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|h)?", text.strip())
    if match is None or not float(match[1]):
        raise UsageError(f"{option} {text!r} is no time: write 60s, 5m or 1h")
    return float(match[1]) * {"h": 3600, "m": 60}.get(match[2] or "s", 1)
