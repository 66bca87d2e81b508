"""Recordings: kept conversations, in any form that can be judged again.

========================  =====================================================================
a run directory           what ``realtime-harness run`` leaves behind
``recording.jsonl.gz``    the same in one file, as ``realtime-harness record`` keeps it
``*.jsonl``               the evidence of one scenario
``*.yaml``                a cassette, see :mod:`realtime_harness.evidence.cassette`
========================  =====================================================================

The file is JSON lines, compressed. The first is ``{"recording": 1, "run": …}``; behind it come, for
each scenario, ``{"scenario": …}``, its ``{"check": …}`` and its ``{"entry": …}``, each as in the
run directory. Secrets never reached the evidence, so there are none in it.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from realtime_harness.errors import UsageError
from realtime_harness.evidence.cassette import read_cassette
from realtime_harness.evidence.entry import Entry
from realtime_harness.evidence.reader import read_entries
from realtime_harness.results import CheckResult, RunInfo, ScenarioResult, read_run

__all__ = ["RECORDING_NAME", "Conversation", "Recording", "read_recording", "write_recording"]

RECORDING_NAME = "recording.jsonl.gz"

_VERSION = 1
_GZIP = b"\x1f\x8b"
_FORMS = "a run directory, a recording.jsonl.gz, an evidence .jsonl or a cassette .yaml"


@dataclass(slots=True, kw_only=True)
class Conversation:
    """One conversation of a recording."""

    name: str
    """Scenario id, or the name of the file."""
    entries: list[Entry] = field(default_factory=list)
    scenario: ScenarioResult | None = None
    """What was recorded about the scenario, if it was one of a run."""
    checks: list[CheckResult] = field(default_factory=list)
    """The verdicts at that time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What was kept of one run, or of one conversation."""

    path: Path
    conversations: list[Conversation]
    info: RunInfo | None = None
    problems: list[str] = field(default_factory=list)
    """Sentences about what could not be read, such as the torn last line of a killed run."""


def read_recording(path: Path) -> Recording:
    """Read a recording of any form.

    Raises:
        UsageError: if it cannot be used; the message names the file, the line and the remedy.

    """
    if path.is_dir():
        return _from_run(path)
    try:
        with path.open("rb") as file:
            start = file.read(2)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}): give {_FORMS}") from error
    if start == _GZIP:
        return _from_file(path)
    if path.suffix in {".yaml", ".yml"}:
        conversation = Conversation(name=path.name, entries=read_cassette(path))
        return Recording(path=path, conversations=[conversation])
    return _from_evidence(path)


def write_recording(directory: Path, path: Path | None = None) -> Path:
    """Keep a run directory in one file; return its path.

    Args:
        directory: of a run.
        path: of the file; ``recording.jsonl.gz`` in the directory if not given.

    """
    path = path or directory / RECORDING_NAME
    recording = _from_run(directory)
    # Without a time in it, the same run makes the same file.
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as file:
        for line in _lines(recording):
            try:
                file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
            except TypeError:
                # orjson refuses lone surrogates, which are evidence like anything else.
                file.write(json.dumps(line).encode("ascii") + b"\n")
    return path


def _lines(recording: Recording) -> Iterator[dict[str, Any]]:
    assert recording.info is not None
    yield {"recording": _VERSION, "run": recording.info.to_json()}
    for conversation in recording.conversations:
        assert conversation.scenario is not None
        yield {"scenario": conversation.scenario.to_json()}
        for check in conversation.checks:
            yield {"check": check.to_json()}
        for entry in conversation.entries:
            yield {"entry": entry.to_json()}


def _from_run(directory: Path) -> Recording:
    run = read_run(directory)
    problems = list(run.problems)
    checks: dict[str, list[CheckResult]] = {}
    for check in run.checks:
        checks.setdefault(check.scenario, []).append(check)
    conversations = []
    for scenario in run.scenarios:
        entries, unread = run.entries(scenario)
        problems += unread
        conversations.append(
            Conversation(
                name=scenario.id,
                entries=entries,
                scenario=scenario,
                checks=checks.get(scenario.id, []),
            )
        )
    return Recording(path=directory, conversations=conversations, info=run.info, problems=problems)


def _from_evidence(path: Path) -> Recording:
    lines = read_entries(path)
    # The last line may be torn; any other that cannot be read says that this is something else.
    torn = [problem for problem in lines.problems if problem.endswith("is cut off")]
    wrong = [problem for problem in lines.problems if problem not in torn]
    if wrong or not lines.values:
        what = (wrong or torn or ["it is empty"])[0]
        raise UsageError(f"{path} is no evidence ({what}): give {_FORMS}")
    conversation = Conversation(name=path.name, entries=lines.values)
    return Recording(path=path, conversations=[conversation], problems=torn)


def _from_file(path: Path) -> Recording:
    conversations: list[Conversation] = []
    info: RunInfo | None = None
    number = 0
    try:
        with gzip.open(path, "rb") as file:
            for number, line in enumerate(file, start=1):
                value = json.loads(line)
                if number == 1:
                    if value["recording"] != _VERSION:
                        raise ValueError(f"form {value['recording']} is not known")
                    info = RunInfo.from_json(value["run"])
                elif "scenario" in value:
                    scenario = ScenarioResult.from_json(value["scenario"])
                    conversations.append(Conversation(name=scenario.id, scenario=scenario))
                elif "check" in value:
                    conversations[-1].checks.append(CheckResult.from_json(value["check"]))
                else:
                    conversations[-1].entries.append(Entry.from_json(value["entry"]))
    except (
        AttributeError,
        EOFError,
        IndexError,
        KeyError,
        OSError,
        TypeError,
        ValueError,
        zlib.error,
    ) as error:
        remedy = "record it again, or give the run directory that it was made of"
        raise UsageError(f"{path}, line {number}: cannot be used ({error!r}): {remedy}") from error
    if info is None:
        raise UsageError(f"{path}, line 1: is empty: give {_FORMS}")
    return Recording(path=path, conversations=conversations, info=info)
