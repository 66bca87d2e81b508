"""When a request that sets something up is made again, and after how long."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["NEVER", "Retry", "retry_after_s"]

_PASSING = frozenset({429, 500, 502, 503, 504})
"""Statuses that say that it may work another time (RFC 9110, 15.5 and 15.6; RFC 6585, 4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How patiently refusals are met that may pass: 429, and most of 5xx."""

    attempts: int = 4
    """In all; 1 for none but the first."""
    first_pause_s: float = 0.5
    """Doubled with each attempt."""
    longest_pause_s: float = 8.0
    """Also bounds what a ``Retry-After`` may ask for."""

    def pause_s(
        self, attempt: int, status: int | None, retry_after: str | None = None
    ) -> float | None:
        """Return how long to wait before the next attempt, seconds; ``None`` to leave it at that.

        Args:
            attempt: how many were made.
            status: what the last one was answered with.
            retry_after: that header of the answer, seconds or a date (RFC 9110, 10.2.3). If it asks
                for more than ``longest_pause_s``, trying earlier would only make it worse.

        """
        if attempt >= self.attempts or status not in _PASSING:
            return None
        asked_s = retry_after_s(retry_after)
        if asked_s is not None:
            return asked_s if asked_s <= self.longest_pause_s else None
        pause_s = min(self.first_pause_s * 2.0 ** (attempt - 1), self.longest_pause_s)
        # Several workers that were refused together are not to come back together.
        return pause_s * random.uniform(0.5, 1.0)


NEVER = Retry(attempts=1)
"""What fakes and everything else on this machine get: there, a refusal is news."""


def retry_after_s(retry_after: str | None) -> float | None:
    """Return what a ``Retry-After`` asks for; ``None`` if it says nothing that can be read."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())
