"""The checks of ``sideband``: one sentence each, how binding it is, and who says so."""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.verdicts import Level

__all__ = [
    "ATTACHES",
    "ATTACH_RACE",
    "ATTACH_TIME",
    "AUDIO_EVENTS",
    "BAD_KEY",
    "CHECKS",
    "CLIENT_LEAVES",
    "CONTENT",
    "ENDED_CALL",
    "EPHEMERAL_KEY",
    "EPHEMERAL_SUBPROTOCOL",
    "ERROR_PRIVATE",
    "EVENT_IDS",
    "EVERY_EVENT",
    "HANGUP_CHANNEL",
    "HANGUP_CODE",
    "HANGUP_SIDEBANDS",
    "INSTRUCTIONS",
    "ITEM_SEEN",
    "JOINS",
    "LAG",
    "LEAVES",
    "MAX_OUTPUT_TOKENS",
    "MODEL_FIXED",
    "MODEL_REFUSED",
    "MODEL_TEXT",
    "NO_AUDIO_DELTAS",
    "NO_SESSION_CREATED",
    "ORDER",
    "RECORDED_TURN",
    "RESPONSE_SEEN",
    "SAME_SESSION",
    "SESSION_ID",
    "SUBPROTOCOL_KEY",
    "TOOLS",
    "TWO",
    "UNKNOWN_CODE",
    "UNKNOWN_STATUS",
    "UPDATE_ANSWERED",
    "UPDATE_SEEN",
]

_GUIDE = "https://platform.openai.com/docs/guides/realtime-server-controls"
_RECORDED = "pydantic-ai cassettes test_openai_ws_sideband__* (api.openai.com, July 2026)"
_RECORDED_AUDIO = (
    "pydantic-ai cassette test_openai_ws_sideband__test_webrtc_sideband_audio_turn (2026)"
)
_NOT_FOUND = "https://community.openai.com/t/1396002 (answer of api.openai.com, September 2026)"
_BROWSER_KEYS = "https://github.com/langwatch/langwatch/pull/7066 (api.openai.com, August 2026)"
_KEY_PROBE = "https://github.com/gauravzqa/llmgw capabilities/captures-ws.md (probe, 2026)"
_HANG_UP_UNSEEN = "https://github.com/openai/openai-agents-js/issues/684"
_UPDATE = "openai Python SDK 3.52.0, docstring of session_update_event.py"
_INFERRED = "inferred from the two connections to one session of " + _GUIDE


def _check(slug: str, level: Level, clause: str, source: str) -> Check:
    return Check(id=f"rt.sideband.{slug}", level=level, clause=clause, source=source)


# -- joining ---------------------------------------------------------------------------------------

ATTACHES = _check(
    "attaches",
    Level.MUST,
    "A call is joined by its id, with a standard key in the Authorization header.",
    _GUIDE,
)
JOINS = _check(
    "joins-the-call",
    Level.MUST,
    "What joins by call id is on that call: it is not given a session of its own, with a "
    "session.created of another id and then nothing of the call.",
    f"{_GUIDE}; reported by backends that saw session.created and then silence",
)
NO_SESSION_CREATED = _check(
    "no-session-created",
    Level.MUST,
    "A sideband is not greeted with session.created: the session it joins exists already.",
    _RECORDED,
)
SUBPROTOCOL_KEY = _check(
    "subprotocol-key",
    Level.SHOULD,
    "A call is joined with the key as subprotocol openai-insecure-api-key.<key>, as by clients "
    "that cannot set headers.",
    _BROWSER_KEYS,
)
EPHEMERAL_SUBPROTOCOL = _check(
    "ephemeral-subprotocol",
    Level.INFO,
    "What a subprotocol openai-ephemeral-key.<key>, which was proposed but never seen to work, "
    "gets.",
    "proposed in reports about browser sidebands; no recording shows it",
)
EPHEMERAL_KEY = _check(
    "ephemeral-key",
    Level.INFO,
    "What an ephemeral key in the Authorization header gets.",
    f"{_NOT_FOUND}: worked earlier, 404 since",
)
BAD_KEY = _check(
    "bad-key",
    Level.MUST,
    "An unknown key does not get onto a call, and sees none of its events.",
    f"{_KEY_PROBE}; https://platform.openai.com/docs/guides/error-codes",
)
UNKNOWN_STATUS = _check(
    "unknown-call-status",
    Level.MUST,
    "Joining an unknown call fails the handshake with status 404.",
    _NOT_FOUND,
)
UNKNOWN_CODE = _check(
    "unknown-call-code",
    Level.SHOULD,
    "The 404 for an unknown call has a JSON body with error.code call_id_not_found.",
    _NOT_FOUND,
)
ENDED_CALL = _check(
    "ended-call",
    Level.INFO,
    "What joining a call that has ended gets.",
    _NOT_FOUND,
)
ATTACH_RACE = _check(
    "attach-race",
    Level.SHOULD,
    "A sideband that begins to try when the offer is answered, before media flows, soon gets onto "
    "the call and sees its first turn.",
    f"{_NOT_FOUND}; clients retry the 404 of a call that is not live yet",
)
ATTACH_TIME = _check(
    "attach-time",
    Level.INFO,
    "How long after the answer to the offer a call could be joined, and at which attempt.",
    _NOT_FOUND,
)
SESSION_ID = _check(
    "session-id",
    Level.INFO,
    "What a socket opened with session_id, as if that joined the session, really is.",
    "reported by backends that used the id of the session in place of that of the call",
)

# -- seeing ----------------------------------------------------------------------------------------

EVERY_EVENT = _check(
    "every-event",
    Level.MUST,
    "Every event of a turn that the client makes on its data channel arrives on the sideband.",
    _GUIDE,
)
ORDER = _check(
    "order",
    Level.MUST,
    "The events of a turn arrive on the sideband in the order of the data channel.",
    _GUIDE,
)
EVENT_IDS = _check(
    "event-ids",
    Level.SHOULD,
    "An event has the same event_id on the sideband as on the data channel.",
    _INFERRED,
)
CONTENT = _check(
    "content",
    Level.SHOULD,
    "An event says the same on the sideband as on the data channel.",
    _INFERRED,
)
LAG = _check(
    "lag",
    Level.INFO,
    "How much later than on the data channel events arrive on the sideband.",
    _INFERRED,
)
NO_AUDIO_DELTAS = _check(
    "no-audio-deltas",
    Level.MUST,
    "A sideband gets no response.output_audio.delta: the call's sound goes to the caller alone.",
    _RECORDED_AUDIO,
)
AUDIO_EVENTS = _check(
    "audio-events",
    Level.MUST,
    "Of a spoken response a sideband sees the transcript, response.output_audio.done and "
    "output_audio_buffer.started.",
    _RECORDED_AUDIO,
)
RECORDED_TURN = _check(
    "recorded-turn",
    Level.MUST,
    "A call without a data channel is run from the sideband, and the events of its spoken "
    "response come in the recorded order, with output_audio_buffer.stopped behind them.",
    _RECORDED_AUDIO,
)
INSTRUCTIONS = _check(
    "instructions-seen",
    Level.MUST,
    "When the client changes the instructions, the sideband gets a session.updated with them.",
    _GUIDE,
)
TOOLS = _check(
    "tools-seen",
    Level.MUST,
    "When the client changes the tools, the sideband gets a session.updated with them.",
    _GUIDE,
)
MAX_OUTPUT_TOKENS = _check(
    "max-output-tokens-seen",
    Level.MUST,
    "When the client changes max_output_tokens, the sideband gets a session.updated with it.",
    _GUIDE,
)
ERROR_PRIVATE = _check(
    "error-private",
    Level.SHOULD,
    "An error goes to the connection that caused it and to no other.",
    "inferred from openai Python SDK 3.52.0, realtime_error.py: event_id is of the sender",
)
TWO = _check(
    "two",
    Level.SHOULD,
    "Two sidebands on one call both see a turn.",
    _INFERRED,
)

# -- acting ----------------------------------------------------------------------------------------

UPDATE_ANSWERED = _check(
    "update-answered",
    Level.MUST,
    "A session.update of the sideband is answered there with session.updated.",
    _RECORDED,
)
SAME_SESSION = _check(
    "same-session",
    Level.MUST,
    "The session that the sideband updates is the client's: same id.",
    f"{_RECORDED}; {_GUIDE}",
)
UPDATE_SEEN = _check(
    "update-seen",
    Level.SHOULD,
    "When the sideband changes the session, the client gets a session.updated too.",
    _INFERRED,
)
ITEM_SEEN = _check(
    "item-seen",
    Level.MUST,
    "When the sideband adds an item, the client sees it being added.",
    _GUIDE,
)
RESPONSE_SEEN = _check(
    "response-seen",
    Level.MUST,
    "When the sideband asks for a response, the client sees it from response.created to "
    "response.done.",
    _GUIDE,
)
MODEL_FIXED = _check(
    "model-fixed",
    Level.MUST,
    "The model of a running call stays what it is when a session.update names another.",
    _UPDATE,
)
MODEL_REFUSED = _check(
    "model-refused",
    Level.SHOULD,
    "A session.update that names another model is answered with an error.",
    _UPDATE,
)
MODEL_TEXT = _check(
    "model-text",
    Level.INFO,
    "What the error for another model says.",
    _UPDATE,
)

# -- leaving ---------------------------------------------------------------------------------------

LEAVES = _check(
    "leaves",
    Level.MUST,
    "When a sideband leaves, the call goes on: a further turn is answered.",
    _GUIDE,
)
HANGUP_CHANNEL = _check(
    "hangup-client",
    Level.MUST,
    "Hanging up by HTTP ends the client's call.",
    "openai Python SDK 3.52.0, resources/realtime/calls.py, hangup",
)
HANGUP_SIDEBANDS = _check(
    "hangup-sidebands",
    Level.MUST,
    "Hanging up by HTTP closes the call's sidebands.",
    "openai Python SDK 3.52.0, resources/realtime/calls.py, hangup; pydantic-ai, OpenAI sideband",
)
HANGUP_CODE = _check(
    "hangup-code",
    Level.SHOULD,
    "A sideband is closed with 1000 when its call is hung up.",
    "pydantic-ai, OpenAI sideband: a clean close is taken for a hang-up",
)
CLIENT_LEAVES = _check(
    "client-leaves",
    Level.SHOULD,
    "When the client closes its call, the sidebands are closed within the target's patience.",
    f"pydantic-ai, OpenAI sideband; otherwise reported: {_HANG_UP_UNSEEN}",
)

CHECKS = (
    ATTACHES,
    JOINS,
    NO_SESSION_CREATED,
    SUBPROTOCOL_KEY,
    EPHEMERAL_SUBPROTOCOL,
    EPHEMERAL_KEY,
    BAD_KEY,
    UNKNOWN_STATUS,
    UNKNOWN_CODE,
    ENDED_CALL,
    ATTACH_RACE,
    ATTACH_TIME,
    SESSION_ID,
    EVERY_EVENT,
    ORDER,
    EVENT_IDS,
    CONTENT,
    LAG,
    NO_AUDIO_DELTAS,
    AUDIO_EVENTS,
    RECORDED_TURN,
    INSTRUCTIONS,
    TOOLS,
    MAX_OUTPUT_TOKENS,
    ERROR_PRIVATE,
    TWO,
    UPDATE_ANSWERED,
    SAME_SESSION,
    UPDATE_SEEN,
    ITEM_SEEN,
    RESPONSE_SEEN,
    MODEL_FIXED,
    MODEL_REFUSED,
    MODEL_TEXT,
    LEAVES,
    HANGUP_CHANNEL,
    HANGUP_SIDEBANDS,
    HANGUP_CODE,
    CLIENT_LEAVES,
)
"""The catalogue."""
