"""Violations that the checks of ``responses`` find.

What is shown is spoilt in responses that were asked for with metadata, and on WebSockets: other
suites judge the turns of calls, and their own.
"""

from __future__ import annotations

from realtime_fakes.defects.responses import one_at_a_time, out_of_band, turns
from realtime_fakes.switches import Switch

__all__ = ["SWITCHES"]

SWITCHES: tuple[Switch, ...] = (
    *turns.SWITCHES,
    *one_at_a_time.SWITCHES,
    *out_of_band.SWITCHES,
)
