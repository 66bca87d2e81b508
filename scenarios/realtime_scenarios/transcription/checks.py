"""The checks of ``transcription``: one sentence each, how binding it is, and who says so."""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.verdicts import Level

__all__ = [
    "BEHIND_ITEM",
    "BESIDE_ANSWER",
    "CHECKS",
    "COMPLETED",
    "CONTENT_INDEX",
    "DELTAS_FIRST",
    "DELTAS_JOIN",
    "FAILED",
    "FAILED_ALONE",
    "FAILED_GOES_ON",
    "FAILED_NO_ERROR",
    "HEARD",
    "ITEM_ID",
    "ITEM_TRANSCRIPT",
    "LOGPROBS",
    "NOT_DONE_AGAIN",
    "NO_LOGPROBS",
    "ONCE",
    "SESSION_FINDS_TURNS",
    "SESSION_FLAGS",
    "SESSION_REFUSES",
    "SESSION_SILENT",
    "SESSION_STAYS",
    "SESSION_TRANSCRIBES",
    "SESSION_TYPE",
    "STREAMING_NEEDS_NO_VAD",
    "UNASKED",
    "USAGE",
]

_SDK = "openai Python SDK 3.52.0, "
_EVENT = _SDK + "docstring of conversation_item_input_audio_transcription_"
_DELTA = _EVENT + "delta_event.py"
_COMPLETED = _EVENT + "completed_event.py"
_FAILED = _EVENT + "failed_event.py"
_SETTINGS = _SDK + "docstrings of realtime_audio_config_input.py, transcription"
_INCLUDE = _SDK + "docstring of realtime_session_create_request.py, include"
_SESSION = _SDK + "realtime_transcription_session_create_request.py"
_GUIDE = "https://developers.openai.com/api/docs/guides/realtime-transcription"
_PROBE = "https://github.com/gauravzqa/llmgw capabilities/captures-ws.md (probe, 2026)"
_RECORDED = (
    "pydantic-ai cassette test_openai_ws__test_audio_in_server_vad_turn (api.openai.com, July 2026)"
)


def _check(slug: str, level: Level, clause: str, source: str) -> Check:
    return Check(id=f"rt.transcription.{slug}", level=level, clause=clause, source=source)


# -- beside a conversation -------------------------------------------------------------------------

UNASKED = _check(
    "not-unasked",
    Level.MUST,
    "Without transcription in the session nothing is transcribed.",
    f"{_SETTINGS}: defaults to off",
)
COMPLETED = _check(
    "completed",
    Level.MUST,
    "What the user says is transcribed, up to input_audio_transcription.completed.",
    f"{_COMPLETED}; {_RECORDED}",
)
ITEM_ID = _check(
    "item-id",
    Level.MUST,
    "The events of a transcription name the item that was spoken.",
    f"{_COMPLETED}; {_RECORDED}",
)
CONTENT_INDEX = _check(
    "content-index",
    Level.MUST,
    "The events of a transcription name the content of the item that has the sound.",
    f"{_COMPLETED}: content_index; {_RECORDED}",
)
DELTAS_JOIN = _check(
    "deltas-join",
    Level.MUST,
    "The joined deltas of a transcription are its transcript.",
    f"{_DELTA}; {_RECORDED}",
)
DELTAS_FIRST = _check(
    "deltas-first",
    Level.MUST,
    "No delta of a transcription comes behind its end.",
    f"{_DELTA}; {_RECORDED}",
)
ONCE = _check(
    "once",
    Level.MUST,
    "A transcription is completed once.",
    f"{_COMPLETED}; {_RECORDED}",
)
BEHIND_ITEM = _check(
    "behind-commit",
    Level.MUST,
    "A transcription is completed behind the commit of what it is about.",
    f"{_COMPLETED}: runs asynchronously with response creation; {_RECORDED}",
)
USAGE = _check(
    "usage",
    Level.MUST,
    "A completed transcription says what it costs: tokens that add up, or seconds.",
    f"{_COMPLETED}: usage; {_RECORDED}",
)
HEARD = _check(
    "heard",
    Level.MUST,
    "The transcript is what was said.",
    _COMPLETED,
)
NOT_DONE_AGAIN = _check(
    "item-not-done-again",
    Level.SHOULD,
    "conversation.item.done of what the user said is not repeated when its transcript is there.",
    _RECORDED,
)
NO_LOGPROBS = _check(
    "no-logprobs-unasked",
    Level.SHOULD,
    "Without include there are no logprobs.",
    f"{_INCLUDE}; {_RECORDED}",
)
LOGPROBS = _check(
    "logprobs",
    Level.SHOULD,
    "With item.input_audio_transcription.logprobs included, the events of a transcription have "
    "logprobs.",
    _INCLUDE,
)
ITEM_TRANSCRIPT = _check(
    "item-transcript",
    Level.INFO,
    "Whether a retrieved item has its transcript.",
    "no recording shows it",
)
BESIDE_ANSWER = _check(
    "beside-answer",
    Level.INFO,
    "When the transcription of a turn is completed, compared with the response to it.",
    f"{_COMPLETED}: may come before or after the response events",
)

# -- what cannot be transcribed --------------------------------------------------------------------

FAILED = _check(
    "failed",
    Level.MUST,
    "A transcription that fails is told by input_audio_transcription.failed, with the item and an "
    "error.",
    f"{_FAILED}; pydantic-ai cassettes test_azure_ws__* (July 2026)",
)
FAILED_ALONE = _check(
    "failed-alone",
    Level.MUST,
    "A transcription that has failed is not completed.",
    _FAILED,
)
FAILED_GOES_ON = _check(
    "failed-goes-on",
    Level.MUST,
    "A session in which a transcription has failed answers what was said all the same.",
    f"{_FAILED}; {_COMPLETED}",
)
FAILED_NO_ERROR = _check(
    "failed-no-error",
    Level.SHOULD,
    "A transcription that fails is no error event.",
    f"{_FAILED}: separate from other error events",
)

# -- sessions that transcribe ----------------------------------------------------------------------

SESSION_TYPE = _check(
    "session-type",
    Level.MUST,
    "A socket that is opened with intent=transcription is greeted as a session of that type.",
    f"{_GUIDE}; {_PROBE}",
)
SESSION_FLAGS = _check(
    "session-flags",
    Level.SHOULD,
    "The turn detection of such a session shows no flags about responses.",
    _PROBE,
)
SESSION_TRANSCRIBES = _check(
    "session-transcribes",
    Level.MUST,
    "What such a session hears is transcribed.",
    f"{_GUIDE}; {_SESSION}",
)
SESSION_FINDS_TURNS = _check(
    "session-finds-turns",
    Level.MUST,
    "With server VAD such a session finds the turns itself.",
    f"{_GUIDE}; {_SESSION}: turn_detection",
)
SESSION_SILENT = _check(
    "session-silent",
    Level.MUST,
    "Such a session never answers.",
    f"{_GUIDE}: the model does not generate responses",
)
SESSION_REFUSES = _check(
    "session-refuses-responses",
    Level.SHOULD,
    "A response.create in such a session is answered with an error.",
    f"{_GUIDE}; {_SESSION}",
)
SESSION_STAYS = _check(
    "session-stays",
    Level.MUST,
    "Such a session does not take an update for one of type realtime.",
    f"{_PROBE}: is not allowed",
)
STREAMING_NEEDS_NO_VAD = _check(
    "streaming-without-vad",
    Level.SHOULD,
    "Turn detection is refused together with gpt-realtime-whisper, which finds the turns itself.",
    f"{_PROBE}: is not supported for this transcription model",
)

CHECKS = (
    UNASKED,
    COMPLETED,
    ITEM_ID,
    CONTENT_INDEX,
    DELTAS_JOIN,
    DELTAS_FIRST,
    ONCE,
    BEHIND_ITEM,
    USAGE,
    HEARD,
    NOT_DONE_AGAIN,
    NO_LOGPROBS,
    LOGPROBS,
    ITEM_TRANSCRIPT,
    BESIDE_ANSWER,
    FAILED,
    FAILED_ALONE,
    FAILED_GOES_ON,
    FAILED_NO_ERROR,
    SESSION_TYPE,
    SESSION_FLAGS,
    SESSION_TRANSCRIBES,
    SESSION_FINDS_TURNS,
    SESSION_SILENT,
    SESSION_REFUSES,
    SESSION_STAYS,
    STREAMING_NEEDS_NO_VAD,
)
"""The catalogue."""
