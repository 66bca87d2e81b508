"""What one session of a load profile does. The conversations are the journeys of the suites."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from realtime_harness.errors import UsageError
from realtime_harness.load.sessions.base import RATE_LIMITED, Journey, World, class_of
from realtime_harness.load.sessions.calls import Sideband, WebrtcIdle, WebrtcText, WebrtcVoice
from realtime_harness.load.sessions.relays import Relayed, RelayedCall
from realtime_harness.load.sessions.text import Churn, Idle, Text, Tools
from realtime_harness.load.sessions.voice import BargeIn, Voice

__all__ = ["JOURNEYS", "RATE_LIMITED", "Journey", "World", "class_of", "journey_class"]

JOURNEYS: Mapping[str, type[Journey]] = {
    "text": Text,
    "idle": Idle,
    "churn": Churn,
    "tools": Tools,
    "relay": Relayed,
    "voice": Voice,
    "barge-in": BargeIn,
    "webrtc-idle": WebrtcIdle,
    "webrtc-text": WebrtcText,
    "webrtc-voice": WebrtcVoice,
    "webrtc-relay": RelayedCall,
    "sideband": Sideband,
}
"""By name, as profiles have it."""


def journey_class(name: str) -> type[Journey]:
    """Return a journey of ours, or one of the user's as ``module:Class``.

    Raises:
        UsageError: if there is none.

    """
    if name in JOURNEYS:
        return JOURNEYS[name]
    module, _, attribute = name.partition(":")
    if not attribute:
        raise UsageError(
            f"journey {name}: unknown; known are {', '.join(JOURNEYS)}, and module:Class of yours"
        )
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"journey {name}: cannot be imported: {error}") from error
    if not (isinstance(found, type) and issubclass(found, Journey)):
        raise UsageError(f"journey {name}: is no subclass of {Journey.__module__}.Journey")
    return found
