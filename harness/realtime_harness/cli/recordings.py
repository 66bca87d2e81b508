"""Commands about what was recorded: ``judge``, ``record`` and ``drift``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from realtime_harness.verdicts import ExitCode

if TYPE_CHECKING:
    from realtime_harness.judging import Accusation
    from realtime_harness.recording import Conversation

__all__ = ["add_to", "drift", "judge", "record"]

_EXCERPT = 300
_CELL = 70

_Recordings = Annotated[
    list[Path],
    typer.Argument(
        metavar="RECORDING…",
        help="A run directory, a recording.jsonl.gz, an evidence .jsonl, or a cassette .yaml.",
    ),
]
_AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(judge)
    app.command()(record)
    app.command()(drift)


def judge(recordings: _Recordings, *, as_json: _AsJson = False) -> None:
    """Judge recorded traffic by the rules over the event stream.

    Exit codes: 0 no MUST violation, 1 violations, 2 a file that cannot be used.
    """
    from realtime_harness.judging import judge as judge_evidence
    from realtime_harness.recording import read_recording

    report = []
    violated = False
    # All are read before anything is said: a wrong path must not be found behind pages of findings.
    read = [read_recording(path) for path in recordings]
    for recording in read:
        told = []
        for problem in recording.problems:
            typer.echo(f"realtime-harness: {recording.path}: {problem}", err=True)
        for conversation in recording.conversations:
            found = judge_evidence(conversation.entries)
            violated = violated or any(each.is_violation for each in found)
            told.append(
                {
                    "name": conversation.name,
                    "entries": len(conversation.entries),
                    "findings": [each.to_json() for each in found],
                }
            )
            if not as_json:
                _print(recording.path, conversation, found)
        report.append({"path": str(recording.path), "conversations": told})
    if as_json:
        typer.echo(json.dumps({"recordings": report}, indent=2))
    raise typer.Exit(ExitCode.VIOLATIONS if violated else ExitCode.OK)


def record(
    *,
    target: Annotated[str, typer.Option(metavar="NAME|URL", help="As for `run`; one.")] = "fake",
    suite: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this suite; repeatable.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The run directory, made anew.")],
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File with [targets.NAME].")
    ] = None,
) -> None:
    """Run the suites against a target, and keep what was sent and seen in recording.jsonl.gz.

    `run --target recording:FILE` and `judge FILE` judge it later. Exit codes are those of `run`.
    """
    from realtime_harness.cli.suites import chosen_suites, run_plan
    from realtime_harness.plan import Plan
    from realtime_harness.recording import write_recording

    plan = Plan(target=target, config=config, out=out, suites=chosen_suites(suite or ()))
    code = run_plan(plan)
    typer.echo(f"recording: {write_recording(out)}")
    raise typer.Exit(code)


def drift(
    recording: Annotated[Path, typer.Argument(metavar="RECORDING", help="As for `judge`.")],
    *,
    profile: Annotated[str, typer.Option(help="Of the fake that is compared with.")] = "",
    as_json: _AsJson = False,
) -> None:
    """Compare a recording with the SDK's contract and with the fake, event type by event type.

    The fake is sent what was recorded as sent. Differences are shown; they are no verdicts.
    """
    import asyncio

    from realtime_harness.contract.schemas import REVISION
    from realtime_harness.drift import drifts, played_again
    from realtime_harness.evidence import Direction, Kind
    from realtime_harness.lab import Lab
    from realtime_harness.recording import read_recording

    conversations = read_recording(recording).conversations
    recorded, faked = [], []
    with Lab() as lab:
        fake = lab.fake(profile=profile)
        for conversation in conversations:
            recorded += [
                entry.data
                for entry in conversation.entries
                if entry.direction is Direction.RECEIVED and entry.kind is Kind.EVENT
            ]
            faked += asyncio.run(played_again(fake, conversation.entries))
    found = drifts(recorded, faked)
    if as_json:
        told = [each.to_json() for each in found]
        typer.echo(json.dumps({"contract": REVISION, "drifts": told}, indent=2))
        return
    rows = [("event", "path", "recording", f"contract ({REVISION})", fake.name)]
    rows += [
        (each.event, each.path, each.recording, _short(each.contract), each.fake) for each in found
    ]
    # Not cut to the width of a terminal: paths are long, and are what it is about.
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows if found else ():
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())
    typer.echo(f"{len(found)} differences" if found else "no drift")


def _short(text: str) -> str:
    return text if len(text) <= _CELL else f"{text[: _CELL - 2]} …"


def _print(path: Path, conversation: Conversation, found: list[Accusation]) -> None:
    from realtime_harness.evidence import Direction, Kind
    from realtime_harness.judging import is_judgeable

    received = sum(
        entry.direction is Direction.RECEIVED and entry.kind in (Kind.EVENT, Kind.RAW)
        for entry in conversation.entries
    )
    name = str(path) if conversation.scenario is None else f"{path}: {conversation.name}"
    musts = sum(each.is_violation for each in found)
    if not is_judgeable(conversation.entries):
        typer.echo(f"-   {name}: no server events, so there is no rule to judge it by")
        return
    mark = "BAD" if musts else "ok "
    typer.echo(f"{mark} {name}: {received} server events, {len(found)} findings, {musts} MUST")
    for each in found:
        event = f"event {each.number}" if each.number is not None else "no event"
        typer.echo(f"    {each.check.level.value:<6} {each.check.id}  {event}")
        typer.echo(f"           {each.reason}")
        typer.echo(f"           clause: {each.check.clause}")
        if each.entry is not None:
            text = orjson.dumps(each.entry.data).decode()
            short = text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]} …"
            typer.echo(f"           {short}")
