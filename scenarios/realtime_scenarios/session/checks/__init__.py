"""The checks of ``session``: one sentence each, how binding it is, and who says so."""

from __future__ import annotations

from realtime_scenarios.session.checks import beginning, refusals, updates, voice

__all__ = ["CHECKS"]

CHECKS = (*beginning.CHECKS, *updates.CHECKS, *refusals.CHECKS, *voice.CHECKS)
"""The catalogue."""
