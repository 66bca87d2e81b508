"""Levels, verdicts and exit codes: the vocabulary in which a run answers.

Source of truth for the mapping from what happened to what is reported; nothing else decides a
colour or an exit code.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, IntEnum

__all__ = ["ExitCode", "Level", "Verdict", "exit_code"]


class Level(Enum):
    """How binding a clause is (RFC 2119 words; ``INFO`` observes and never judges)."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    INFO = "INFO"


class Verdict(Enum):
    """The outcome of one check."""

    PASS = "pass"
    FAIL = "fail"
    """A MUST clause is violated."""
    WARN = "warn"
    """A SHOULD clause is not met."""
    INFO = "info"
    """An observation, reported for what it is."""
    NOT_APPLICABLE = "not-applicable"
    """The target does not claim the capability that the check needs."""
    UNTESTABLE = "untestable"
    """Declared but not reached: an earlier violation or a missing extra stood in the way."""
    ERROR = "error"
    """The harness itself failed."""

    @property
    def is_red(self) -> bool:
        """Whether this outcome must not pass a gate."""
        return self in _RED


_RED = frozenset({Verdict.FAIL, Verdict.UNTESTABLE, Verdict.ERROR})


class ExitCode(IntEnum):
    """Exit codes of ``realtime-harness run`` and ``load``."""

    OK = 0
    VIOLATIONS = 1
    USAGE = 2
    STALE_BASELINE = 3
    HARNESS_FAULT = 4
    SLO_MISSED = 5
    LOAD_VOID = 6
    INTERRUPTED = 130


def exit_code(verdicts: Iterable[Verdict]) -> ExitCode:
    """Return the exit code of a run with these verdicts.

    A fault of ours outranks violations: with it, the run's word about the endpoint is incomplete.

    """
    seen = set(verdicts)
    if Verdict.ERROR in seen:
        return ExitCode.HARNESS_FAULT
    if seen & {Verdict.FAIL, Verdict.UNTESTABLE}:
        return ExitCode.VIOLATIONS
    return ExitCode.OK
