"""What a target may claim to do. A check that needs an unclaimed one is not applicable."""

from __future__ import annotations

from enum import Enum

__all__ = ["Capability"]


class Capability(Enum):
    """A part of the API that an endpoint may or may not have."""

    API_KEYS = "api-keys"
    """Keys that callers have to show: who shows none, or a wrong one, is refused."""
    WEBSOCKET = "websocket"
    WEBRTC = "webrtc"
    SIDEBAND = "sideband"
    EPHEMERAL_KEYS = "ephemeral-keys"
    HANGUP = "hangup"
    TRANSCRIPTION = "transcription"
    """Sessions of type ``transcription``."""
    TRANSLATION = "translation"
    """Sessions of type ``translation``, below ``/realtime/translations``."""
    MCP = "mcp"
    """Remote tools of MCP servers, called by the service."""
    SIP = "sip"
    """Calls by telephone: accept, reject, refer."""
    CONTROL = "control"
    """The fake's control API: state of calls and keys, the clock, dropping connections."""
