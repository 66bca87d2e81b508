"""Legal but rude things the fake may be told to do; a correct client survives them."""

from __future__ import annotations

from realtime_fakes.behaviours import limits, rude

__all__ = ["BEHAVIOURS"]

BEHAVIOURS = (*rude.SWITCHES, *limits.SWITCHES)
