"""Judges evidence by the rules over the event stream, wherever it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from realtime_harness.checks import Check
from realtime_harness.contract.rules import STREAM_RULES
from realtime_harness.contract.stream import SplitEvidence
from realtime_harness.evidence.entry import Direction, Entry, Kind
from realtime_harness.verdicts import Level

__all__ = ["Accusation", "is_judgeable", "judge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accusation:
    """A place in the evidence where a rule is broken."""

    check: Check
    reason: str
    entry: Entry | None
    """The line that decided it."""
    number: int | None
    """Which event of the evidence it is, from 1; nothing if it is no event."""

    @property
    def is_violation(self) -> bool:
        """Whether the endpoint breaks what it must keep."""
        return self.check.level is Level.MUST

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {
            "check": self.check.id,
            "level": self.check.level.value,
            "clause": self.check.clause,
            "source": self.check.source,
            "reason": self.reason,
            "event": self.number,
            "seq": self.entry.seq if self.entry is not None else None,
            "data": self.entry.data if self.entry is not None else None,
        }


def is_judgeable(evidence: Sequence[Entry]) -> bool:
    """Return whether a server sent anything that there are rules for."""
    return any(
        entry.direction is Direction.RECEIVED and entry.kind in (Kind.EVENT, Kind.RAW)
        for entry in evidence
    )


def judge(evidence: Sequence[Entry]) -> list[Accusation]:
    """Return all that any rule finds, in the order of the evidence."""
    evidence = SplitEvidence(evidence)
    by_seq = {entry.seq: entry for entry in evidence}
    numbers: dict[int, int] = {}
    for entry in evidence:
        if entry.kind in (Kind.EVENT, Kind.RAW):
            numbers[entry.seq] = len(numbers) + 1
    found = [
        Accusation(
            check=rule.check,
            reason=finding.reason,
            entry=by_seq.get(finding.seq),
            number=numbers.get(finding.seq),
        )
        for rule in STREAM_RULES
        for finding in rule.judge(evidence)
    ]
    return sorted(found, key=lambda each: each.entry.seq if each.entry is not None else -1)
