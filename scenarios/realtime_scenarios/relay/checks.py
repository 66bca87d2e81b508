"""The checks of ``relay``: one sentence each, how binding it is, and who says so.

What is judged is the way through the reference relay: a target that only works when it is spoken
to directly fails here, and so does a relay that does harm. The figures are what a relay costs.
"""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.verdicts import Level

__all__ = [
    "ADDED_AUDIO",
    "ADDED_TEXT",
    "AUDIO_OVERHEAD",
    "BIG_FRAME",
    "CALLER_HEARD",
    "CALLER_HEARS",
    "CALLER_LEAVES",
    "CALL_ENDS",
    "CALL_NOTHING_LOST",
    "CALL_NO_AUDIO_DELTAS",
    "CHECKS",
    "CLIENT_CLOSES",
    "CLIENT_LOSS",
    "IDS",
    "NOTHING_LOST",
    "OVERHEAD_BOUND",
    "REFUSAL",
    "SAME_ORDER",
    "SUBPROTOCOLS",
    "TEXT_OVERHEAD",
    "UPSTREAM_LOSS",
    "UPSTREAM_LOSS_CODE",
]

_RFC = "RFC 6455 (https://www.rfc-editor.org/rfc/rfc6455)"
_ORDERED = f"{_RFC}, 5.4: messages are delivered in the order sent"
_GUIDE = "https://platform.openai.com/docs/guides/realtime-websocket"
_WEBRTC_GUIDE = "https://platform.openai.com/docs/guides/realtime-webrtc"
_DETOUR = "asked for by users who weigh a relay against a sideband: what does the detour add?"
_CALIBRATION = "calibration: the delay that the reference relay was told to add"


def _check(slug: str, level: Level, clause: str, source: str) -> Check:
    return Check(id=f"rt.relay.{slug}", level=level, clause=clause, source=source)


# -- what it costs ---------------------------------------------------------------------------------

TEXT_OVERHEAD = _check(
    "text-overhead",
    Level.INFO,
    "How much later the first text event of a turn comes through the relay.",
    _DETOUR,
)
AUDIO_OVERHEAD = _check(
    "audio-overhead",
    Level.INFO,
    "How much later the first audio event of a turn comes through the relay.",
    _DETOUR,
)
OVERHEAD_BOUND = _check(
    "overhead-bound",
    Level.SHOULD,
    "On one machine, the relay adds less than 10 ms to the first text and the first audio event.",
    "two local hops; a relay that costs more distorts what is measured through it",
)
ADDED_TEXT = _check(
    "added-delay-text",
    Level.MUST,
    "40 ms added by the relay are measured as 40 ms, within 2 ms, at the first text event.",
    _CALIBRATION,
)
ADDED_AUDIO = _check(
    "added-delay-audio",
    Level.MUST,
    "40 ms added by the relay are measured as 40 ms, within 2 ms, at the first audio event.",
    _CALIBRATION,
)

# -- WebSocket to WebSocket ------------------------------------------------------------------------

NOTHING_LOST = _check(
    "nothing-lost",
    Level.MUST,
    "A turn has the same events through the relay as directly, and its text is whole.",
    _ORDERED,
)
SAME_ORDER = _check(
    "same-order",
    Level.MUST,
    "The events of a turn come through the relay in the order in which they come directly.",
    _ORDERED,
)
IDS = _check(
    "ids",
    Level.MUST,
    "Ids that the client gave to an item and to an event come back unchanged through the relay.",
    _GUIDE,
)
BIG_FRAME = _check(
    "big-frame",
    Level.MUST,
    "A message of 200 KiB passes through the relay both ways.",
    f"{_RFC}, 5.2: a frame's length is not limited; audio and images come in such messages",
)
SUBPROTOCOLS = _check(
    "subprotocols",
    Level.MUST,
    "A client that shows its key as a subprotocol is let in through the relay as it is directly.",
    f"{_RFC}, 1.9; {_GUIDE}",
)
REFUSAL = _check(
    "refusal",
    Level.MUST,
    "A client with a bad key is refused through the relay just as directly: same error, same "
    "close code and reason.",
    f"{_RFC}, 7.1.6",
)
CLIENT_CLOSES = _check(
    "client-closes",
    Level.MUST,
    "When the client closes, its session at the service ends.",
    f"{_RFC}, 7.1.1",
)
CLIENT_LOSS = _check(
    "client-loss",
    Level.MUST,
    "When the client's connection breaks, its session at the service ends.",
    f"{_RFC}, 7.1.5: a lost connection is closed as well",
)
UPSTREAM_LOSS = _check(
    "upstream-loss",
    Level.MUST,
    "When the connection to the service breaks, the relay closes the client's.",
    f"{_RFC}, 7.1.5: a lost connection is closed as well",
)
UPSTREAM_LOSS_CODE = _check(
    "upstream-loss-code",
    Level.SHOULD,
    "A broken connection to the service is not dressed up as a normal close: the client does not "
    "see 1000.",
    f"{_RFC}, 7.4.1",
)

# -- WebRTC to WebSocket ---------------------------------------------------------------------------

CALL_NOTHING_LOST = _check(
    "call-nothing-lost",
    Level.MUST,
    "A text turn over oai-events is whole and in order through the WebRTC relay.",
    _WEBRTC_GUIDE,
)
CALL_NO_AUDIO_DELTAS = _check(
    "call-no-audio-deltas",
    Level.MUST,
    "The WebRTC relay keeps output audio deltas off the data channel.",
    _WEBRTC_GUIDE,
)
CALLER_HEARS = _check(
    "caller-hears",
    Level.MUST,
    "A spoken answer is audible to a caller behind the WebRTC relay.",
    _WEBRTC_GUIDE,
)
CALLER_HEARD = _check(
    "caller-heard",
    Level.MUST,
    "The sound of a caller behind the WebRTC relay reaches the service's input buffer.",
    _WEBRTC_GUIDE,
)
CALLER_LEAVES = _check(
    "caller-leaves",
    Level.MUST,
    "When a caller hangs up, the session that the WebRTC relay opened for it ends.",
    _WEBRTC_GUIDE,
)
CALL_ENDS = _check(
    "call-ends",
    Level.MUST,
    "When the connection to the service breaks, the WebRTC relay ends the call.",
    _WEBRTC_GUIDE,
)

CHECKS = (
    TEXT_OVERHEAD,
    AUDIO_OVERHEAD,
    OVERHEAD_BOUND,
    ADDED_TEXT,
    ADDED_AUDIO,
    NOTHING_LOST,
    SAME_ORDER,
    IDS,
    BIG_FRAME,
    SUBPROTOCOLS,
    REFUSAL,
    CLIENT_CLOSES,
    CLIENT_LOSS,
    UPSTREAM_LOSS,
    UPSTREAM_LOSS_CODE,
    CALL_NOTHING_LOST,
    CALL_NO_AUDIO_DELTAS,
    CALLER_HEARS,
    CALLER_HEARD,
    CALLER_LEAVES,
    CALL_ENDS,
)
"""The catalogue."""
