"""Named violations that the fake can be told to commit, one table for each suite."""

from __future__ import annotations

from realtime_fakes.defects import (
    admission,
    conversation,
    keys,
    offers,
    relay,
    sideband,
    text_over_webrtc,
    wire,
)
from realtime_fakes.switches import Switch

__all__ = ["DEFECTS"]

DEFECTS: tuple[Switch, ...] = (
    *offers.SWITCHES,
    *text_over_webrtc.SWITCHES,
    *sideband.SWITCHES,
    *relay.SWITCHES,
    *conversation.SWITCHES,
    *keys.SWITCHES,
    *admission.SWITCHES,
    *wire.SWITCHES,
)
