"""Legal but rude things the fake may be told to do; a correct client survives them."""

from __future__ import annotations

from realtime_fakes.switches import Switch

__all__ = ["BEHAVIOURS"]

BEHAVIOURS: tuple[Switch, ...] = ()
