"""The run directory: what a run leaves behind, and how it is read back.

::

    <run>/run.json                    about the run: written at its start, rewritten at its end
    <run>/checks.jsonl                one :class:`CheckResult` a line, in the order judged
    <run>/scenarios.jsonl             one :class:`ScenarioResult` a line
    <run>/evidence/<scenario>.jsonl   one :class:`~realtime_harness.evidence.Entry` a line

A directory with the runs of several targets has ``matrix.json`` (a :class:`Comparison`) instead,
and a run directory for each of them.

Everything but ``run.json`` is append-only, so a run that was killed is readable up to the last
complete line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from pathlib import Path
from typing import Any, Self

from realtime_harness.errors import UsageError
from realtime_harness.evidence.entry import Entry
from realtime_harness.evidence.reader import read_entries, read_lines
from realtime_harness.verdicts import Level, Standing, Verdict

__all__ = [
    "CheckResult",
    "Comparison",
    "Run",
    "RunInfo",
    "ScenarioResult",
    "TargetRun",
    "is_comparison",
    "is_load_run",
    "read_comparison",
    "read_run",
    "run_directories",
    "write_comparison",
]

_ENUMS: dict[str, type[Enum]] = {"level": Level, "standing": Standing, "verdict": Verdict}

_NULLABLE = frozenset({"standing"})


class _Record:
    """Conversion to and from the JSON objects of the run directory."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """Return the record as the JSON object that the store writes."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]
        return {k: v.value if isinstance(v, Enum) else v for k, v in values.items()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Read back what :meth:`to_json` wrote; keys of a later version are left out.

        Raises:
            TypeError, ValueError: if the object is not such a record.

        """
        known = {f.name for f in fields(cls)}  # type: ignore[arg-type]
        return cls(
            **{
                k: _ENUMS[k](v) if k in _ENUMS and (v is not None or k not in _NULLABLE) else v
                for k, v in value.items()
                if k in known
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult(_Record):
    """The verdict of one check in one scenario."""

    check: str
    """Check id."""
    scenario: str
    """Scenario id, ``<suite>/<name>``, with ``@<client>`` behind it if another client than the
    usual one made its calls, ``#<n>`` for the n-th repetition and ``~<n>`` for the n-th attempt
    (n > 1)."""
    suite: str
    level: Level
    verdict: Verdict
    reason: str
    """Empty for a pass; otherwise one or a few sentences, with the figures that decided it."""
    clause: str
    source: str
    evidence_seq: int | None = None
    """:attr:`Entry.seq` of the line that decided it, where there is one."""
    evidence_path: str = ""
    """Which field of its ``data`` did, such as ``response.output[0].id``; ``body:a=setup`` for such
    lines of an SDP, and ``body.error.code`` for a member of a body that is JSON; empty for all of
    it."""
    standing: Standing | None = None
    """Where it stands with the baseline and the requirement set of the run."""
    known: str = ""
    """What the baseline says about it."""
    attempts: list[dict[str, str]] = field(default_factory=list)
    """What further attempts at the scenario said, which were made because the first one was
    unexpectedly red: objects of ``scenario``, ``verdict`` and ``reason``."""

    @property
    def client(self) -> str:
        """What made the scenario's calls, where that was not the usual client; else nothing."""
        return re.sub("[#~].*", "", self.scenario).partition("@")[2]

    @property
    def decides(self) -> bool:
        """Whether it keeps a run from being fine.

        A fault of ours always does. What else is red or has a standing does so unless that forgives
        it.
        """
        if self.verdict is Verdict.ERROR or self.standing is None:
            return self.verdict.is_red
        return not self.standing.is_forgiven


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioResult(_Record):
    """One conversation that was run."""

    id: str
    suite: str
    name: str
    summary: str
    """First line of the scenario's docstring."""
    started_at: str
    """UTC, ISO 8601."""
    duration_s: float
    evidence: str
    """Path of the evidence file, relative to the run directory."""
    declared: list[str] = field(default_factory=list)
    """Ids of the checks that it declares."""
    remarks: list[str] = field(default_factory=list)
    """By what the endpoint is known to speak another API than the one that is judged."""
    measurements: dict[str, Any] = field(default_factory=dict)
    """Figures measured: name -> number or ``{"median", "low", "high", "n", "unit"}``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo(_Record):
    """What was run, against what, with what."""

    id: str
    target: str
    base_url: str
    """Without credentials."""
    started_at: str
    finished_at: str | None
    """``None`` while running, and for ever in a run that was killed."""
    harness_version: str
    contract: str
    """Revision of the event schemas, such as ``openai-3.52.0``."""
    command: list[str]
    """The command line that reproduces the run; no secrets, they cannot be given there."""
    environment: dict[str, str] = field(default_factory=dict)
    """Python, platform, versions of the packages that matter."""
    switches: dict[str, Any] = field(default_factory=dict)
    """Behaviours, defects and faults that were on in the fake (empty for a real endpoint)."""
    settings: dict[str, str] = field(default_factory=dict)
    """How the fake was set besides: its clock, latency, script and seed."""
    profile: str = ""
    """Name of the target's profile."""
    remarks: list[str] = field(default_factory=list)
    """Sentences that whoever reads the verdicts has to know."""
    cost: dict[str, Any] = field(default_factory=dict)
    """An estimate: ``usd``, ``charges``, ``limit_usd``, ``model`` and which ``prices``; empty where
    nothing is charged."""
    baseline: str = ""
    """Path of the baseline that results were held against."""
    requirements: str = ""
    """Name of the requirement set."""
    orphans: list[str] = field(default_factory=list)
    """Sentences about entries of the baseline that no check of the suites fits."""
    exit_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run directory, read back."""

    directory: Path
    info: RunInfo
    checks: list[CheckResult]
    scenarios: list[ScenarioResult]
    problems: list[str]
    """Sentences about what could not be read, such as the torn last line of a killed run."""

    def entries(self, scenario: ScenarioResult) -> tuple[list[Entry], list[str]]:
        """Read the evidence of a scenario: its entries, and sentences about unreadable lines."""
        path = self.directory / scenario.evidence
        if not path.resolve().is_relative_to(self.directory.resolve()):
            return [], [f"{scenario.evidence} lies outside of the run directory"]
        lines = read_entries(path)
        return lines.values, lines.problems


def read_run(directory: Path) -> Run:
    """Read everything of a run directory but its evidence, which is read scenario by scenario.

    Raises:
        UsageError: if there is no such directory, or its ``run.json`` is missing or unusable.

    """
    path = directory / "run.json"
    remedy = "give the directory that `realtime-harness run` printed"
    try:
        info = RunInfo.from_json(json.loads(path.read_bytes()))
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}): {remedy}") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise UsageError(f"{path} does not describe a run ({error}): {remedy}") from error
    checks, scenarios = (
        read_lines(directory / name, record.from_json)
        for name, record in (("checks.jsonl", CheckResult), ("scenarios.jsonl", ScenarioResult))
    )
    return Run(
        directory=directory,
        info=info,
        checks=checks.values,
        scenarios=scenarios.values,
        problems=[*checks.problems, *scenarios.problems],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRun(_Record):
    """One of several targets that the same was run against."""

    name: str
    directory: str
    """Its run directory, relative to that of the comparison."""
    error: str = ""
    """Why there is none, if it could not be run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The runs of several targets."""

    command: list[str]
    targets: list[TargetRun]

    def to_json(self) -> dict[str, Any]:
        """Return what ``matrix.json`` holds."""
        return {"command": self.command, "targets": [each.to_json() for each in self.targets]}


def is_comparison(directory: Path) -> bool:
    """Return whether a directory holds the runs of several targets."""
    return (directory / _COMPARISON).is_file()


def is_load_run(directory: Path) -> bool:
    """Return whether a directory holds a load run, or a search for the largest load."""
    return any((directory / "load" / name).is_file() for name in ("load.json", "search.json"))


def write_comparison(directory: Path, comparison: Comparison) -> None:
    """Write down which runs a directory holds."""
    text = json.dumps(comparison.to_json(), indent=2)
    (directory / _COMPARISON).write_text(text, encoding="utf-8")


def read_comparison(directory: Path) -> Comparison:
    """Read back what :func:`write_comparison` wrote.

    Raises:
        UsageError: if it is not there or not of that form.

    """
    path = directory / _COMPARISON
    try:
        found = json.loads(path.read_bytes())
        targets = [TargetRun.from_json(each) for each in found["targets"]]
        return Comparison(command=[*map(str, found["command"])], targets=targets)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path} does not list the runs of several targets: {error!r}") from error


def run_directories(paths: Sequence[Path]) -> list[Path]:
    """Return the run directories that are meant: those given, and those inside of folders given.

    Raises:
        UsageError: if a folder is no run directory and holds none.

    """
    found: list[Path] = []
    for path in paths:
        if (path / "run.json").exists() or is_comparison(path) or is_load_run(path):
            found.append(path)
            continue
        inside = sorted(
            each for each in path.glob("*") if (each / "run.json").exists() or is_load_run(each)
        )
        if not inside:
            raise UsageError(
                f"{path / 'run.json'} cannot be read (there is none, and no run directory below "
                f"{path}): give the directory that `realtime-harness run` printed"
            )
        found += inside
    return list(dict.fromkeys(found))


_COMPARISON = "matrix.json"
