"""Damage below the protocol: what a network or a broken peer does to right events.

:mod:`~realtime_fakes.faults.kinds` says which faults there are, :mod:`~realtime_fakes.faults.line`
does them to events and :mod:`~realtime_fakes.faults.media` to RTP. All of them are seeded.
"""

from __future__ import annotations

from realtime_fakes.faults.kinds import FAULTS, Fault, Kind, parse_fault

__all__ = ["FAULTS", "Fault", "Kind", "parse_fault"]
