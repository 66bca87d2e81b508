"""What the sessions of an engine are charged, and whether they may go on.

A run must not cost more than it may, and what is under way cannot be taken back. So before each
operation it is asked whether it, and all others that are under way, may cost as much as the dearest
one so far. What one costs is known from the trial session, before any other comes.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from realtime_harness.cost import CHARGED, LIKELY_USD, charge
from realtime_harness.evidence import Entry
from realtime_harness.targets.target import Target

__all__ = ["CHARGED", "Account", "Bill", "Purse"]

_REMEMBERED = 8
"""Charges of a session: two connections see the same one, soon after each other."""


@dataclass(slots=True)
class Bill:
    """What was charged."""

    usd: float = 0.0
    charges: int = 0
    is_exhausted: bool = False
    """Whether there was something that might have cost too much, and was not done."""

    def merge(self, other: Bill) -> None:
        """Add what else was charged."""
        self.usd += other.usd
        self.charges += other.charges
        self.is_exhausted = self.is_exhausted or other.is_exhausted

    def to_json(self) -> list[float | int | bool]:
        """Return it as plain values, which are its arguments."""
        return [self.usd, self.charges, self.is_exhausted]


class Purse:
    """What all sessions of an engine may spend.

    Args:
        target: whose models are charged.
        allowance_usd: what they may spend in all; ``None`` for no limit.

    """

    def __init__(self, target: Target, allowance_usd: float | None = None) -> None:
        self.target = target
        self._allowance_usd = allowance_usd
        self._bill = Bill()
        self._usd = 0.0
        self._under_way = 0
        self._dearest_usd: float | None = None

    def begin(self) -> bool:
        """Return whether one more operation may be begun; :meth:`end` has to follow if so."""
        if self._allowance_usd is not None:
            each_usd = LIKELY_USD if self._dearest_usd is None else self._dearest_usd
            if self._usd + (self._under_way + 1) * each_usd > self._allowance_usd:
                self._bill.is_exhausted = True
                return False
        self._under_way += 1
        return True

    def end(self, usd: float) -> None:
        """Say that an operation is over, and what it cost."""
        self._under_way -= 1
        if usd > 0:
            self._dearest_usd = max(self._dearest_usd or 0.0, usd)

    def pay(self, usd: float) -> None:
        """Count a charge."""
        self._usd += usd
        self._bill.usd += usd
        self._bill.charges += 1

    def take(self) -> Bill:
        """Return what was charged since the last time."""
        bill, self._bill = self._bill, Bill(is_exhausted=self._bill.is_exhausted)
        return bill


class Account:
    """What one session is charged. It is shown what may say so.

    Args:
        purse: that pays.

    """

    def __init__(self, purse: Purse) -> None:
        self.usd = 0.0
        self._purse = purse
        self._seen: deque[str] = deque(maxlen=_REMEMBERED)

    def note(self, entry: Entry) -> None:
        """Count what a line of evidence says was charged, unless that was counted."""
        target = self._purse.target
        found = charge(entry, model=target.model, transcription_model=target.transcription_model)
        if found is None or found.id in self._seen:
            return
        if found.id:
            self._seen.append(found.id)
        self.usd += found.usd
        self._purse.pay(found.usd)
