"""Violations that the checks of ``session`` find.

What becomes of updates is spoilt only in sessions that say by their instructions, or by what is
wrong with them, that they are about it; other conversations need theirs.
"""

from __future__ import annotations

from realtime_fakes.defects.session import beginning, refusals, updates, voice
from realtime_fakes.switches import Switch

__all__ = ["SWITCHES"]

SWITCHES: tuple[Switch, ...] = (
    *beginning.SWITCHES,
    *updates.SWITCHES,
    *refusals.SWITCHES,
    *voice.SWITCHES,
)
