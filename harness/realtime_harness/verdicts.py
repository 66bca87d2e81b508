"""Levels, verdicts, standings and exit codes: the vocabulary in which a run answers."""

from __future__ import annotations

from enum import Enum, IntEnum

__all__ = ["ExitCode", "Level", "Standing", "Verdict"]


class Level(Enum):
    """How binding a clause is (RFC 2119 words; ``INFO`` observes and never judges)."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    INFO = "INFO"

    @property
    def not_met(self) -> Verdict:
        """The verdict about a clause of this level that is not met."""
        return _NOT_MET[self]


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


_NOT_MET = {Level.MUST: Verdict.FAIL, Level.SHOULD: Verdict.WARN, Level.INFO: Verdict.INFO}

_RED = frozenset({Verdict.FAIL, Verdict.UNTESTABLE, Verdict.ERROR})


class Standing(Enum):
    """Where a verdict stands with a baseline and a requirement set; most have none."""

    EXPECTED = "expected"
    """Not met, and known to the baseline."""
    UNEXPECTED = "unexpected"
    """Red and not known, or not met for another reason than the one known. Decides a gate."""
    FLAKY = "flaky"
    """Red now and then: so says the baseline, or another attempt."""
    PENDING = "pending"
    """Red, and not required by the requirement set."""
    STALE = "stale"
    """Passes, and the baseline still says that it does not."""
    EXPIRED = "expired"
    """Not met, and known to the baseline until a day that has passed."""

    @property
    def is_forgiven(self) -> bool:
        """Whether what has this standing passes a gate."""
        return self in _FORGIVEN


_FORGIVEN = frozenset({Standing.EXPECTED, Standing.FLAKY, Standing.PENDING})


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
