"""Named violations that the fake can be told to commit, one table for each suite."""

from __future__ import annotations

from realtime_fakes.defects import (
    admission,
    audio,
    conversation,
    errors,
    interruption,
    keys,
    lifetime,
    mcp,
    offers,
    relay,
    responses,
    session,
    sideband,
    text_over_webrtc,
    tools,
    transcription,
    translation,
    turn_detection,
    usage,
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
    *responses.SWITCHES,
    *tools.SWITCHES,
    *mcp.SWITCHES,
    *usage.SWITCHES,
    *audio.SWITCHES,
    *turn_detection.SWITCHES,
    *interruption.SWITCHES,
    *transcription.SWITCHES,
    *translation.SWITCHES,
    *lifetime.SWITCHES,
    *keys.SWITCHES,
    *admission.SWITCHES,
    *session.SWITCHES,
    *errors.SWITCHES,
    *wire.SWITCHES,
)
