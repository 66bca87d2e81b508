"""What ``realtime-harness run`` is made of: pytest on the packaged suites, and the conclusion."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from realtime_harness.errors import HarnessError, UsageError
from realtime_harness.verdicts import ExitCode

if TYPE_CHECKING:
    from realtime_harness.campaign import Campaign
    from realtime_harness.plan import Plan

__all__ = ["chosen_suites", "run_plan", "run_targets"]


def chosen_suites(wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the suites to run, or single scenarios of them (``offers/browser``); none means all.

    Raises:
        UsageError: if there is no suite, or no scenario, of a name.

    """
    import realtime_scenarios
    from realtime_harness.catalogue import scenarios, suites

    known = suites(realtime_scenarios)
    if unknown := sorted({name.partition("/")[0] for name in wanted} - set(known)):
        raise UsageError(f"no suite named {', '.join(unknown)}; there are {', '.join(known)}")
    if single := {name for name in wanted if "/" in name}:
        there = {scenario.id for scenario in scenarios(realtime_scenarios)}
        if unknown := sorted(single - there):
            of = {name.partition("/")[0] for name in unknown}
            others = ", ".join(sorted(name for name in there if name.partition("/")[0] in of))
            raise UsageError(f"no scenario named {', '.join(unknown)}; there are {others}")
    return tuple(wanted)


def run_plan(plan: Plan) -> ExitCode:
    """Carry out a run, write its reports, print its summary; return how it ended."""
    from realtime_harness.campaign import RUNS, Campaign
    from realtime_harness.targets.recording import recording_path

    if (recorded := recording_path(plan.target)) is not None:
        from realtime_harness.rejudging import rejudge

        code, directory = rejudge(plan, recorded, RUNS)
        _conclude(directory)
        return code
    campaign = Campaign.begin(plan)
    try:
        fault = _run_suites(campaign, plan)
    except BaseException:
        campaign.finish(ExitCode.HARNESS_FAULT)
        raise
    code = campaign.finish(fault)
    _conclude(campaign.directory)
    return code


def run_targets(plan: Plan, targets: Sequence[str]) -> ExitCode:
    """Carry out a run for each target, and write one report over all of them.

    A target that cannot be reached does not keep the others from being run.

    Returns:
        the gravest of the exit codes.

    """
    from realtime_harness.campaign import RUNS
    from realtime_harness.results import Comparison, TargetRun, write_comparison
    from realtime_harness.store import label_of, new_run_directory
    from realtime_harness.targets.config import TargetFile, resolve_target
    from realtime_harness.targets.recording import recording_path
    from realtime_reports import write_matrix

    if twice := sorted({name for name in targets if targets.count(name) > 1}):
        raise UsageError(f"--target {twice[0]} is given twice")
    file = TargetFile.read(plan.config)
    for target in targets:
        # A mistake in the last one is to be found out before the first one is run.
        if recording_path(target) is None:
            resolve_target(target, file, os.environ)
    plans = [replace(plan, target=target) for target in targets]
    directory = plan.out or new_run_directory(RUNS, " ".join(targets))
    directory.mkdir(parents=True, exist_ok=True)
    runs: list[TargetRun] = []
    codes = []
    for each in plans:
        typer.echo(f"\n{each.target}")
        folder, error = label_of(each.target), ""
        try:
            codes.append(run_plan(replace(each, out=directory / folder)))
        except UsageError:
            raise
        except HarnessError as fault:
            typer.echo(f"realtime-harness: {fault}", err=True)
            error = str(fault)
            codes.append(ExitCode.HARNESS_FAULT)
        runs.append(TargetRun(name=each.target, directory=folder, error=error))
        if codes[-1] is ExitCode.INTERRUPTED:
            break
    command = [*plans[0].command, *(word for t in targets[1:] for word in ("--target", t))]
    write_comparison(directory, Comparison(command=command, targets=runs))
    typer.echo(f"\nall targets: {write_matrix(directory)}")
    return min(codes, key=_GRAVEST.index)


_GRAVEST = (
    ExitCode.INTERRUPTED,
    ExitCode.HARNESS_FAULT,
    ExitCode.USAGE,
    ExitCode.VIOLATIONS,
    ExitCode.STALE_BASELINE,
    ExitCode.OK,
)


def _run_suites(campaign: Campaign, plan: Plan) -> ExitCode | None:
    """Run suites with pytest; return how that ended, if not by their verdicts.

    Args:
        campaign: the run; it is not finished here.
        plan: which scenarios, how often.

    """
    import pytest

    import realtime_scenarios
    from realtime_harness.progress import Progress
    from realtime_harness.pytest_plugin import adopt, conversations

    root = Path(realtime_scenarios.__path__[0])
    arguments = [
        f"-c{Path(__file__).with_name('suites.ini')}",
        f"--rootdir={root}",
        f"--confcutdir={root}",
        "--import-mode=importlib",
        # Whatever else is installed here has no business in a run: neither its options nor its
        # fixtures, event loops or patches.
        "--disable-plugin-autoload",
        "-prealtime_harness.pytest_plugin",
        "-pno:locust",
        "-pno:cacheprovider",
        "-qq",
        "--no-header",
        "--no-summary",
        "--tb=no",
        f"--rt-target={plan.target}",
        f"--rt-repeat={plan.repeat}",
        f"--rt-clients={','.join(plan.clients)}",
    ]
    if plan.keyword:
        arguments.append(f"-k{plan.keyword}")
    folders = dict.fromkeys(root / name.partition("/")[0] for name in plan.suites)
    arguments += [f"--rt-suite={name}" for name in plan.suites]
    arguments += [str(folder) for folder in folders] or [str(root)]
    interrupted = False

    class Adopt:
        """Puts the campaign into pytest's session, and notes a Ctrl-C."""

        def pytest_configure(self, config: pytest.Config) -> None:
            self._plugins = config.pluginmanager
            adopt(config, campaign)

        def pytest_collection_finish(self, session: pytest.Session) -> None:
            campaign.expect(conversations(session))

        def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
            nonlocal interrupted
            interrupted = excinfo.errisinstance(KeyboardInterrupt)
            if interrupted:
                # Where it was interrupted, in our code, is nothing that a tester has to know.
                self._plugins.unregister(name="terminalreporter")

    # Options of the user's own pytest runs are not for this one.
    added = os.environ.pop("PYTEST_ADDOPTS", None)
    try:
        code = pytest.main(arguments, plugins=[Adopt(), Progress(sys.stdout)])
    finally:
        if added is not None:
            os.environ["PYTEST_ADDOPTS"] = added
    if interrupted:
        return ExitCode.INTERRUPTED
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        typer.echo("realtime-harness: no check fits -k and --suite", err=True)
        return ExitCode.USAGE
    return _FAULTS.get(code)


_FAULTS = {
    # How pytest ended -> what that means for us. It is a fault of ours that a suite cannot be
    # collected, and the other two mean what they say.
    2: ExitCode.HARNESS_FAULT,
    3: ExitCode.HARNESS_FAULT,
    4: ExitCode.USAGE,
}


def _conclude(directory: Path) -> None:
    """Write the reports and print the summary."""
    from rich.console import Console

    from realtime_harness.annotations import annotation_lines
    from realtime_harness.pytest_plugin import write_reports
    from realtime_harness.results import read_run
    from realtime_harness.summary import print_summary

    run = read_run(directory)
    if run.checks:
        print_summary(run, write_reports(directory), Console(highlight=False))
        if os.environ.get("GITHUB_ACTIONS") == "true":
            for line in annotation_lines(run):
                typer.echo(line)
    elif run.info.exit_code == ExitCode.INTERRUPTED:
        typer.echo("interrupted before anything was judged", err=True)
