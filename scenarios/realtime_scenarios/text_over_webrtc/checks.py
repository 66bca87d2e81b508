"""The checks of ``text_over_webrtc``: one sentence each, how binding it is, and who says so."""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.verdicts import Level

__all__ = [
    "AUDIO_TRANSCRIPT",
    "CHECKS",
    "CREATED_FIRST",
    "HEARD",
    "HISTORY_IS_INPUT",
    "LARGE_MESSAGE",
    "LARGE_MESSAGE_ECHO",
    "NO_AUDIO_DELTAS",
    "NO_INPUT_AUDIO_TOKENS",
    "NO_OUTPUT_AUDIO_TOKENS",
    "OPENS",
    "OUTPUT_BUFFER_EVENTS",
    "PREVIOUS_ITEM",
    "SECOND_TURN",
    "SESSION_CONFIG",
    "SESSION_ENDS",
    "TEXT_ONLY",
    "TEXT_TOKENS",
    "TURN_COMPLETE",
    "TURN_ORDER",
]

_TEXT_TURN = "pydantic-ai cassettes test_openai_ws_sideband__* and test_openai_ws__* (2026)"
_AUDIO_TURN = "pydantic-ai cassette test_openai_ws__test_webrtc_sideband_audio_turn (2026)"
_CALL = "pydantic-ai cassette test_webrtc__test_answer_webrtc_offer (api.openai.com, July 2026)"
_TEXT_ONLY = (
    "https://community.openai.com/t/can-webrtc-be-used-for-a-real-time-text-to-text-chatbot"
    "-instead-of-websockets/1136482"
)
_CONVERSATIONS = "https://platform.openai.com/docs/guides/realtime-conversations"
_COSTS = "https://platform.openai.com/docs/guides/realtime-costs"
_SDK = "openai-python 3.52, https://github.com/openai/openai-python (types/realtime)"
_LARGE_IMAGE = "https://github.com/openai/openai-agents-js/issues/501"
_HANG_UP_UNSEEN = "https://github.com/openai/openai-agents-js/issues/684"

OPENS = Check(
    id="rt.text-over-webrtc.opens",
    level=Level.MUST,
    clause="A call whose audio section carries nothing opens its data channel and is greeted.",
    source=f"{_TEXT_ONLY} (empty track, transceiver without a track); RFC 3264, 6.1 (recvonly)",
)
CREATED_FIRST = Check(
    id="rt.text-over-webrtc.created-first",
    level=Level.MUST,
    clause="The first event on oai-events is session.created, without the client sending anything.",
    source=_CONVERSATIONS,
)
SESSION_CONFIG = Check(
    id="rt.text-over-webrtc.session-config",
    level=Level.MUST,
    clause="session.created shows the session that was posted with the offer.",
    source=f"{_CALL} (session part); https://platform.openai.com/docs/guides/realtime-webrtc",
)
TURN_COMPLETE = Check(
    id="rt.text-over-webrtc.turn-complete",
    level=Level.MUST,
    clause="Each text turn over the data channel ends with a completed response with text.",
    source=_TEXT_TURN,
)
TURN_ORDER = Check(
    id="rt.text-over-webrtc.turn-order",
    level=Level.MUST,
    clause="The user's item is added, then done, then the response to it begins, and ends.",
    source=_TEXT_TURN,
)
TEXT_ONLY = Check(
    id="rt.text-over-webrtc.text-only",
    level=Level.MUST,
    clause="With output_modalities text, no event speaks of audio and the content is output_text.",
    source=_TEXT_TURN,
)
NO_INPUT_AUDIO_TOKENS = Check(
    id="rt.text-over-webrtc.no-input-audio-tokens",
    level=Level.MUST,
    clause="An audio section that carries nothing or silence costs 0 input audio tokens.",
    source=f"{_COSTS} (silence is not added); {_TEXT_ONLY}",
)
NO_OUTPUT_AUDIO_TOKENS = Check(
    id="rt.text-over-webrtc.no-output-audio-tokens",
    level=Level.MUST,
    clause="An answer in text costs 0 output audio tokens.",
    source=f"{_TEXT_TURN}; {_COSTS}",
)
TEXT_TOKENS = Check(
    id="rt.text-over-webrtc.text-tokens",
    level=Level.MUST,
    clause="A text turn costs input and output text tokens.",
    source=f"{_TEXT_TURN}; {_COSTS}",
)
SECOND_TURN = Check(
    id="rt.text-over-webrtc.second-turn",
    level=Level.MUST,
    clause="A second turn on the same channel is answered too, by a response of its own.",
    source=_CONVERSATIONS,
)
PREVIOUS_ITEM = Check(
    id="rt.text-over-webrtc.previous-item",
    level=Level.MUST,
    clause="The second turn's user item names the first answer as previous_item_id.",
    source=f"{_TEXT_TURN}; {_SDK} (conversation_item_added)",
)
HISTORY_IS_INPUT = Check(
    id="rt.text-over-webrtc.history-is-input",
    level=Level.SHOULD,  # truncation may shorten the history of a long conversation
    clause="The second turn counts the first as input: it costs more input text tokens.",
    source=_COSTS,
)
LARGE_MESSAGE = Check(
    id="rt.text-over-webrtc.large-message",
    level=Level.MUST,
    clause="A client message of 200 KiB makes its item, and the channel stays open.",
    source=f"{_LARGE_IMAGE} (fails above 256 KiB); {_CALL} (max-message-size)",
)
LARGE_MESSAGE_ECHO = Check(
    id="rt.text-over-webrtc.large-message-echo",
    level=Level.INFO,
    clause="Whether the endpoint sends an event larger than the offer's max-message-size.",
    source="RFC 8841, 6 (max-message-size)",
)
NO_AUDIO_DELTAS = Check(
    id="rt.text-over-webrtc.no-audio-deltas",
    level=Level.MUST,
    clause="An answer in audio sends no response.output_audio.delta over the data channel.",
    source=_AUDIO_TURN,
)
AUDIO_TRANSCRIPT = Check(
    id="rt.text-over-webrtc.audio-transcript",
    level=Level.MUST,
    clause="An answer in audio sends its transcript, whole, over the data channel.",
    source=_AUDIO_TURN,
)
HEARD = Check(
    id="rt.text-over-webrtc.heard",
    level=Level.MUST,
    clause="An answer in audio is heard on the call's audio track.",
    source="https://platform.openai.com/docs/guides/realtime-webrtc",
)
OUTPUT_BUFFER_EVENTS = Check(
    id="rt.text-over-webrtc.output-buffer-events",
    level=Level.MUST,
    clause="output_audio_buffer.started and then .stopped come with the response's id.",
    source=f"{_AUDIO_TURN}; {_SDK} (output_audio_buffer_*)",
)
SESSION_ENDS = Check(
    id="rt.text-over-webrtc.session-ends",
    level=Level.SHOULD,  # no bound is documented, and late or missing ends are reported
    clause="The session ends soon after the client closes its peer connection.",
    source=f"{_CONVERSATIONS}; {_HANG_UP_UNSEEN}",
)

CHECKS = (
    OPENS,
    CREATED_FIRST,
    SESSION_CONFIG,
    TURN_COMPLETE,
    TURN_ORDER,
    TEXT_ONLY,
    NO_INPUT_AUDIO_TOKENS,
    NO_OUTPUT_AUDIO_TOKENS,
    TEXT_TOKENS,
    SECOND_TURN,
    PREVIOUS_ITEM,
    HISTORY_IS_INPUT,
    LARGE_MESSAGE,
    LARGE_MESSAGE_ECHO,
    NO_AUDIO_DELTAS,
    AUDIO_TRANSCRIPT,
    HEARD,
    OUTPUT_BUFFER_EVENTS,
    SESSION_ENDS,
)
"""Every check of the suite, in the order of the report."""
