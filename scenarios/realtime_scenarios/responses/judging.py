"""What the scenarios of ``responses`` share."""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.clients.connection import ReceivedEvent
from realtime_harness.run import ScenarioRun

__all__ = ["LONG", "METADATA", "same"]

METADATA = {"topic": "numbers"}
"""By which responses are told apart from others."""

LONG = (
    "Please count slowly from one to sixty, with each number in a word of its own, as in: one, "
    "two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, and so on until sixty."
)
"""What takes a while to do, so that there is time to interrupt."""


def same(
    run: ScenarioRun,
    check: Check,
    expected: object,
    got: object,
    evidence: ReceivedEvent | None = None,
) -> None:
    """Judge that something is as expected."""
    run.check(check, got == expected, f"expected {expected}, got {got}", evidence=evidence)
