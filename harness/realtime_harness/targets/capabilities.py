"""What a target may claim to do. A check that needs an unclaimed one is not applicable."""

from __future__ import annotations

from enum import Enum

__all__ = ["Capability"]


class Capability(Enum):
    """A part of the API that an endpoint may or may not have."""

    WEBSOCKET = "websocket"
    WEBRTC = "webrtc"
    SIDEBAND = "sideband"
    EPHEMERAL_KEYS = "ephemeral-keys"
    HANGUP = "hangup"
    CONTROL = "control"
    """The fake's control API: state of calls and keys, the clock, dropping connections."""
