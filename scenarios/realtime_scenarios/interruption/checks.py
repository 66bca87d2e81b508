"""The checks of ``interruption``: one sentence each, how binding it is, and who says so."""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.verdicts import Level

__all__ = [
    "BEYOND_REFUSED",
    "CANCELLED",
    "CHECKS",
    "CLEARED",
    "CLEAR_ON_SOCKET",
    "CLIENT_CANCEL",
    "CLIENT_CANCELLED",
    "CLOSE_OUT",
    "INTERRUPT_OFF",
    "NEXT_ANSWER",
    "NO_STRAGGLERS",
    "PARTIAL_USAGE",
    "QUIET",
    "QUIET_AFTER",
    "STARTED_FIRST",
    "STILL_DETECTED",
    "TEXT_REFUSED",
    "TRUNCATED",
    "TRUNCATED_FIELDS",
    "TRUNCATED_TEXT",
    "TRUNCATED_TO_NOTHING",
    "TURN_DETECTED",
]

_SDK = "openai Python SDK 3.52.0, "
_SETTINGS = _SDK + "docstrings of realtime_audio_input_turn_detection.py"
_STATUS = _SDK + "docstrings of realtime_response_status.py"
_CANCEL = _SDK + "docstring of response_cancel_event.py"
_TRUNCATE = _SDK + "docstring of conversation_item_truncate_event.py"
_TRUNCATED = _SDK + "docstring of conversation_item_truncated_event.py"
_CLEAR = _SDK + "docstring of output_audio_buffer_clear_event.py"
_CLEARED = _SDK + "docstring of output_audio_buffer_cleared event in realtime_server_event.py"
_GUIDE = "https://developers.openai.com/api/docs/guides/realtime-conversations"


def _check(slug: str, level: Level, clause: str, source: str) -> Check:
    return Check(id=f"rt.interruption.{slug}", level=level, clause=clause, source=source)


# -- by speaking -----------------------------------------------------------------------------------

CANCELLED = _check(
    "speech-cancels",
    Level.MUST,
    "Speech during a response cancels it, if interrupt_response is on.",
    f"{_SETTINGS}: interrupt_response",
)
TURN_DETECTED = _check(
    "turn-detected",
    Level.MUST,
    "A response that speech has cancelled says so: status_details.reason is turn_detected.",
    _STATUS,
)
STARTED_FIRST = _check(
    "speech-first",
    Level.SHOULD,
    "The start of speech is told before the end of the response that it cancels.",
    f"{_GUIDE}; {_SETTINGS}",
)
NO_STRAGGLERS = _check(
    "no-stragglers",
    Level.SHOULD,
    "Nothing more is said of a response behind its response.done.",
    f"{_SDK}docstring of response_done_event.py: returned when a Response is done streaming",
)
NEXT_ANSWER = _check(
    "next-answer",
    Level.MUST,
    "Whoever has interrupted is answered when he is silent again.",
    f"{_SETTINGS}: create_response",
)
CLOSE_OUT = _check(
    "close-out",
    Level.INFO,
    "Which events close the item that was interrupted.",
    "no recording shows it; described by servers that imitate it",
)
PARTIAL_USAGE = _check(
    "partial-usage",
    Level.INFO,
    "What a response that was interrupted costs.",
    "no recording shows it",
)
INTERRUPT_OFF = _check(
    "interrupt-response-off",
    Level.MUST,
    "With interrupt_response off speech does not cancel a response.",
    f"{_SETTINGS}: interrupt_response",
)
STILL_DETECTED = _check(
    "still-detected",
    Level.MUST,
    "With both flags off speech during a response is still found and committed.",
    f"{_SETTINGS}: create_response and interrupt_response",
)

# -- by the client ---------------------------------------------------------------------------------

CLIENT_CANCEL = _check(
    "client-cancels",
    Level.MUST,
    "response.cancel during a spoken response ends it with status cancelled.",
    f"{_CANCEL}; {_STATUS}",
)
CLIENT_CANCELLED = _check(
    "client-cancelled",
    Level.MUST,
    "A response that the client has cancelled says so: status_details.reason is client_cancelled.",
    _STATUS,
)

# -- truncation ------------------------------------------------------------------------------------

TRUNCATED = _check(
    "truncated",
    Level.MUST,
    "A truncation of what the assistant said is answered with conversation.item.truncated.",
    f"{_TRUNCATE}; {_TRUNCATED}",
)
TRUNCATED_FIELDS = _check(
    "truncated-fields",
    Level.MUST,
    "conversation.item.truncated names the item, the content and the time that the client named.",
    _TRUNCATED,
)
TRUNCATED_TEXT = _check(
    "truncated-text",
    Level.SHOULD,
    "What was not heard is not in the transcript of a truncated item any more.",
    f"{_TRUNCATE}: will delete the server-side text transcript",
)
TRUNCATED_TO_NOTHING = _check(
    "truncated-to-nothing",
    Level.SHOULD,
    "An item may be truncated to 0 ms.",
    f"{_TRUNCATE}: inclusive duration, in milliseconds",
)
BEYOND_REFUSED = _check(
    "beyond-refused",
    Level.MUST,
    "A truncation behind the end of the sound is answered with an error.",
    f"{_TRUNCATE}: greater than the actual audio duration",
)
TEXT_REFUSED = _check(
    "text-refused",
    Level.SHOULD,
    "A truncation of a written message of the assistant is answered with an error.",
    f"{_TRUNCATE}: truncate a previous assistant message's audio",
)
CLEAR_ON_SOCKET = _check(
    "clear-on-websocket",
    Level.INFO,
    "What output_audio_buffer.clear gets on a plain WebSocket.",
    f"{_CLEAR}: WebRTC only",
)

# -- calls -----------------------------------------------------------------------------------------

CLEARED = _check(
    "cleared",
    Level.MUST,
    "On a call output_audio_buffer.clear is answered with output_audio_buffer.cleared, which names "
    "the response that was playing.",
    f"{_CLEAR}; {_CLEARED}",
)
QUIET = _check(
    "quiet",
    Level.SHOULD,
    "Once the output buffer of a call is cleared, the caller hears nothing more of the response.",
    f"{_CLEAR}: cut off the current audio response",
)
QUIET_AFTER = _check(
    "quiet-after",
    Level.INFO,
    "How long after the clear the last sound was heard.",
    _CLEAR,
)

CHECKS = (
    CANCELLED,
    TURN_DETECTED,
    STARTED_FIRST,
    NO_STRAGGLERS,
    NEXT_ANSWER,
    CLOSE_OUT,
    PARTIAL_USAGE,
    INTERRUPT_OFF,
    STILL_DETECTED,
    CLIENT_CANCEL,
    CLIENT_CANCELLED,
    TRUNCATED,
    TRUNCATED_FIELDS,
    TRUNCATED_TEXT,
    TRUNCATED_TO_NOTHING,
    BEYOND_REFUSED,
    TEXT_REFUSED,
    CLEAR_ON_SOCKET,
    CLEARED,
    QUIET,
    QUIET_AFTER,
)
"""The catalogue."""
