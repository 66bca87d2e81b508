"""The checks of ``audio``: one sentence each, how binding it is, and who says so."""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.verdicts import Level

__all__ = [
    "APPEND_SILENT",
    "BAD_BASE64",
    "BAD_BASE64_APART",
    "CHECKS",
    "CLEARED",
    "CLEAR_EMPTIES",
    "COMMITTED",
    "COMMIT_EMPTIES",
    "COMMIT_ITEM",
    "COMMIT_ITEM_ID",
    "COMMIT_NO_RESPONSE",
    "COMMIT_ORDER",
    "COMMIT_PREVIOUS",
    "EMPTY_CODE",
    "EMPTY_REFUSED",
    "FORMAT_NAMED",
    "FORMAT_OVERRIDE",
    "HEARD",
    "ITEM_WITH_SOUND",
    "ODD_BYTES",
    "OVERRIDE_HEARD",
    "PCMA_ACCEPTED",
    "PCMA_HEARD",
    "PCMA_UNDERSTOOD",
    "PCMU_ACCEPTED",
    "PCMU_HEARD",
    "PCMU_UNDERSTOOD",
    "PLAUSIBLE",
    "REFUSED_ADDS_NOTHING",
    "RETRIEVED",
    "RETRIEVED_HEARD",
    "RETRIEVED_SOUND",
    "SHORT_REFUSED",
    "SOUND_COMES",
    "TRANSCRIPT_COMES",
    "WHOLE_SAMPLES",
]

_SDK = "openai Python SDK 3.52.0, "
_APPEND = _SDK + "docstring of input_audio_buffer_append_event.py"
_COMMIT = _SDK + "docstring of input_audio_buffer_commit_event.py"
_COMMITTED = _SDK + "docstring of input_audio_buffer_committed_event.py"
_CLEAR = _SDK + "docstring of input_audio_buffer_clear_event.py"
_RETRIEVE = _SDK + "docstring of conversation_item_retrieve_event.py"
_FORMATS = _SDK + "realtime_audio_formats.py"
_RECORDED = (
    "pydantic-ai cassette test_openai_ws__test_audio_in_server_vad_turn (api.openai.com, July 2026)"
)
_TOO_SMALL = f"{_COMMIT}; code and text as many clients quote them"


def _check(slug: str, level: Level, clause: str, source: str) -> Check:
    return Check(id=f"rt.audio.{slug}", level=level, clause=clause, source=source)


# -- the input buffer ------------------------------------------------------------------------------

APPEND_SILENT = _check(
    "append-silent",
    Level.MUST,
    "An append of sound is not acknowledged.",
    _APPEND,
)
COMMITTED = _check(
    "committed",
    Level.MUST,
    "A commit is answered with input_audio_buffer.committed.",
    _COMMIT,
)
COMMIT_ORDER = _check(
    "commit-order",
    Level.MUST,
    "What was committed is announced in the order committed, item added, item done.",
    _RECORDED,
)
COMMIT_ITEM_ID = _check(
    "commit-item-id",
    Level.MUST,
    "The item that is added is the one that input_audio_buffer.committed names.",
    f"{_COMMITTED}; {_RECORDED}",
)
COMMIT_ITEM = _check(
    "commit-item",
    Level.MUST,
    "What was committed is a completed message of the user with one part input_audio, which has "
    "no transcript yet.",
    _RECORDED,
)
COMMIT_PREVIOUS = _check(
    "commit-previous",
    Level.MUST,
    "input_audio_buffer.committed names the item that the new one is behind, the same as "
    "conversation.item.added.",
    f"{_COMMITTED}; {_RECORDED}",
)
COMMIT_NO_RESPONSE = _check(
    "commit-no-response",
    Level.MUST,
    "A commit by the client does not make a response.",
    _COMMIT,
)
COMMIT_EMPTIES = _check(
    "commit-empties",
    Level.MUST,
    "What was committed is not in the buffer any more: a second commit is refused.",
    _COMMIT,
)
EMPTY_REFUSED = _check(
    "empty-refused",
    Level.MUST,
    "A commit of an empty buffer is answered with an error.",
    _COMMIT,
)
EMPTY_CODE = _check(
    "empty-code",
    Level.SHOULD,
    "That error has the code input_audio_buffer_commit_empty.",
    _TOO_SMALL,
)
SHORT_REFUSED = _check(
    "short-refused",
    Level.SHOULD,
    "A commit of less than 100 ms is refused like one of nothing.",
    f"{_TOO_SMALL}: expected at least 100ms of audio",
)
REFUSED_ADDS_NOTHING = _check(
    "refused-adds-nothing",
    Level.MUST,
    "A commit that is refused adds no item.",
    _COMMIT,
)
CLEARED = _check(
    "cleared",
    Level.MUST,
    "A clear is answered with input_audio_buffer.cleared.",
    _CLEAR,
)
CLEAR_EMPTIES = _check(
    "clear-empties",
    Level.MUST,
    "What was cleared is not in the buffer any more: a commit is refused.",
    _CLEAR,
)
BAD_BASE64 = _check(
    "bad-base64",
    Level.SHOULD,
    "An append of what is no base64 is answered with an error.",
    f"{_APPEND}: base64-encoded bytes",
)
BAD_BASE64_APART = _check(
    "bad-base64-apart",
    Level.MUST,
    "An append of what is no base64 leaves the sound before and behind it as it is.",
    _SDK + "docstring of realtime_error_event.py: most errors are recoverable",
)
ODD_BYTES = _check(
    "odd-bytes",
    Level.INFO,
    "What an append of half a sample gets.",
    f"{_FORMATS}: 16-bit PCM",
)
RETRIEVED = _check(
    "retrieved",
    Level.MUST,
    "An item of sound can be retrieved by its id.",
    _RETRIEVE,
)
RETRIEVED_SOUND = _check(
    "retrieved-sound",
    Level.SHOULD,
    "A retrieved item of the user has its sound in it, as base64 in the input format.",
    f"{_RETRIEVE}: useful to inspect user audio",
)
RETRIEVED_HEARD = _check(
    "retrieved-heard",
    Level.SHOULD,
    "The sound of a retrieved item is what was said.",
    _RETRIEVE,
)
ITEM_WITH_SOUND = _check(
    "item-with-sound",
    Level.MUST,
    "A message of the user may be created with sound in it.",
    _SDK + "realtime_conversation_item_user_message.py, content input_audio",
)

# -- what is said ----------------------------------------------------------------------------------

FORMAT_NAMED = _check(
    "format-named",
    Level.MUST,
    "A spoken response names the output format of the session.",
    "pydantic-ai cassettes test_openai_ws__* (api.openai.com, July 2026)",
)
WHOLE_SAMPLES = _check(
    "whole-samples",
    Level.MUST,
    "Every delta of PCM16 output holds whole samples.",
    f"{_FORMATS}; pydantic-ai cassettes test_openai_ws__*",
)
SOUND_COMES = _check(
    "sound-comes",
    Level.MUST,
    "A spoken response over WebSocket has sound in response.output_audio.delta.",
    "pydantic-ai cassettes test_openai_ws__*; " + _SDK + "response_audio_delta_event.py",
)
TRANSCRIPT_COMES = _check(
    "transcript-comes",
    Level.MUST,
    "A spoken response has a transcript.",
    "pydantic-ai cassettes test_openai_ws__*; " + _SDK + "response_audio_transcript_done_event.py",
)
HEARD = _check(
    "heard-is-claimed",
    Level.MUST,
    "What is heard in the output is what its transcript claims.",
    _SDK + "response_audio_transcript_done_event.py: the final transcript of the audio",
)
PLAUSIBLE = _check(
    "plausible-length",
    Level.INFO,
    "How long the sound of a response is, for how many characters of its transcript.",
    _SDK + "response_audio_transcript_done_event.py",
)

# -- formats ---------------------------------------------------------------------------------------

PCMU_ACCEPTED = _check(
    "pcmu-accepted",
    Level.MUST,
    "A session takes audio/pcmu as its input and output format, and says so.",
    _FORMATS,
)
PCMU_UNDERSTOOD = _check(
    "pcmu-understood",
    Level.MUST,
    "Sound that is appended as audio/pcmu is taken for that.",
    _FORMATS,
)
PCMU_HEARD = _check(
    "pcmu-heard",
    Level.MUST,
    "What a session with output format audio/pcmu says is audio/pcmu at 8 kHz.",
    _FORMATS,
)
PCMA_ACCEPTED = _check(
    "pcma-accepted",
    Level.MUST,
    "A session takes audio/pcma as its input and output format, and says so.",
    _FORMATS,
)
PCMA_UNDERSTOOD = _check(
    "pcma-understood",
    Level.MUST,
    "Sound that is appended as audio/pcma is taken for that.",
    _FORMATS,
)
PCMA_HEARD = _check(
    "pcma-heard",
    Level.MUST,
    "What a session with output format audio/pcma says is audio/pcma at 8 kHz.",
    _FORMATS,
)
FORMAT_OVERRIDE = _check(
    "format-override",
    Level.MUST,
    "A response that asks for another output format than the session's names that format.",
    _SDK + "realtime_response_create_audio_output.py, format",
)
OVERRIDE_HEARD = _check(
    "override-heard",
    Level.SHOULD,
    "The sound of such a response is in the format that it asked for.",
    _SDK + "realtime_response_create_audio_output.py, format",
)

CHECKS = (
    APPEND_SILENT,
    COMMITTED,
    COMMIT_ORDER,
    COMMIT_ITEM_ID,
    COMMIT_ITEM,
    COMMIT_PREVIOUS,
    COMMIT_NO_RESPONSE,
    COMMIT_EMPTIES,
    EMPTY_REFUSED,
    EMPTY_CODE,
    SHORT_REFUSED,
    REFUSED_ADDS_NOTHING,
    CLEARED,
    CLEAR_EMPTIES,
    BAD_BASE64,
    BAD_BASE64_APART,
    ODD_BYTES,
    RETRIEVED,
    RETRIEVED_SOUND,
    RETRIEVED_HEARD,
    ITEM_WITH_SOUND,
    FORMAT_NAMED,
    WHOLE_SAMPLES,
    SOUND_COMES,
    TRANSCRIPT_COMES,
    HEARD,
    PLAUSIBLE,
    PCMU_ACCEPTED,
    PCMU_UNDERSTOOD,
    PCMU_HEARD,
    PCMA_ACCEPTED,
    PCMA_UNDERSTOOD,
    PCMA_HEARD,
    FORMAT_OVERRIDE,
    OVERRIDE_HEARD,
)
"""The catalogue."""
