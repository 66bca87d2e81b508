"""``realtime-harness baseline``: keeping the list of what is known to fail."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from realtime_harness.errors import UsageError

__all__ = ["app", "update"]

app = typer.Typer(help="Keep the list of what is known to fail.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    # With it, `update` stays a subcommand although it is the only one.
    pass


@app.command()
def update(
    directory: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")],
    *,
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The baseline. Default: the one that the run had."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why the new entries fail.")] = "",
    issue: Annotated[str, typer.Option(help="Address of the issue about them.")] = "",
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The last day on which they hold."),
    ] = None,
) -> None:
    """Take a run's unexpected failures into a baseline, and its stale entries out of it.

    Whatever else is in the file stays as it is.
    """
    from realtime_harness.baseline import Known, base_id, updated
    from realtime_harness.results import read_run
    from realtime_harness.verdicts import Standing

    run = read_run(directory)
    if baseline is None and not run.info.baseline:
        raise UsageError("that run had no baseline: name the file with --baseline")
    path = baseline or Path(run.info.baseline)
    if run.info.finished_at is None:
        raise UsageError(f"{directory} did not finish: what it did not judge cannot be known")

    def entries(standing: Standing) -> list[Known]:
        found = {
            (base_id(result.scenario), result.check): Known(
                scenario=base_id(result.scenario),
                check=result.check,
                reason=reason,
                issue=issue,
                until=until.date() if until is not None else None,
                target=run.info.target,
            )
            for result in run.checks
            if result.standing is standing
        }
        return list(found.values())

    new, stale = entries(Standing.UNEXPECTED), entries(Standing.STALE)
    if new and not reason.strip():
        raise UsageError(f"{len(new)} new entries need a reason: give it with --reason")
    text, added, removed = updated(path, add=new, remove=stale, target=run.info.target)
    path.write_text(text, encoding="utf-8")
    typer.echo(f"{path}: {added} added, {removed} removed")
