"""A rule over the event stream, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from realtime_harness.checks import Check
from realtime_harness.evidence.entry import Entry

__all__ = ["Finding", "Rule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One place in the evidence where a rule is broken."""

    reason: str
    """What was expected and what came instead."""
    seq: int
    """:attr:`Entry.seq` of the line that decided it."""
    path: str = ""
    """Which field of that line's ``data``, such as ``response.output[0].id``; empty for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A check together with the function that judges it over a scenario's evidence."""

    check: Check
    judge: Callable[[Sequence[Entry]], list[Finding]]
    """Returns the findings in the order of the evidence; none, if the rule is kept.

    Never raises, whatever the endpoint sent. Every prefix of a right stream is right: a rule
    judges only what was completed.
    """
