"""The run directory: what a run leaves behind, and how it is read back.

::

    <run>/run.json                    about the run: written at its start, rewritten at its end
    <run>/checks.jsonl                one :class:`CheckResult` a line, in the order judged
    <run>/scenarios.jsonl             one :class:`ScenarioResult` a line
    <run>/evidence/<scenario>.jsonl   one :class:`~realtime_harness.evidence.Entry` a line

Everything but ``run.json`` is append-only, so a run that was killed is readable up to the last
complete line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from realtime_harness.verdicts import Level, Verdict

__all__ = ["CheckResult", "RunInfo", "ScenarioResult"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The verdict of one check in one scenario."""

    check: str
    """Check id."""
    scenario: str
    """Scenario id, ``<suite>/<name>``, with ``#<n>`` behind it for the n-th repetition (n > 1)."""
    suite: str
    level: Level
    verdict: Verdict
    reason: str
    """Empty for a pass; otherwise one or a few sentences, with the figures that decided it."""
    clause: str
    source: str
    evidence_seq: int | None = None
    """:attr:`Entry.seq` of the line that decided it, where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioResult:
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
    measurements: dict[str, Any] = field(default_factory=dict)
    """Figures the scenario measured: name -> number or ``{"median", "low", "high", "n", "unit"}``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
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
    exit_code: int | None = None
