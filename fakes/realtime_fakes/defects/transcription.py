"""Violations that the checks of ``transcription`` find."""

from __future__ import annotations

from realtime_fakes.switches import Switch

__all__ = ["SWITCHES"]

SWITCHES: tuple[Switch, ...] = ()
