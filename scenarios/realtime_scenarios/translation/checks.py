"""The checks of ``translation``: one sentence each, how binding it is, and who says so."""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.verdicts import Level

__all__ = [
    "CHECKS",
    "CLOSED",
    "DESCRIBED",
    "ELAPSED",
    "FLUSHED",
    "GREETED",
    "HEARD",
    "LANGUAGE",
    "NO_RESPONSES",
    "REFUSES",
    "SOCKET_CLOSED",
    "SOUND",
    "SOURCE",
    "SOURCE_OFF",
    "TRANSCRIPT",
    "WHOLE_SAMPLES",
]

_SDK = "openai Python SDK 3.52.0, realtime_translation_"


def _check(slug: str, level: Level, clause: str, source: str) -> Check:
    return Check(id=f"rt.translation.{slug}", level=level, clause=clause, source=source)


GREETED = _check(
    "greeted",
    Level.MUST,
    "A socket at /realtime/translations is greeted as a session that translates.",
    f"{_SDK}session_created_event.py, {_SDK}session.py",
)
LANGUAGE = _check(
    "language",
    Level.MUST,
    "A session that is given another language says so.",
    f"{_SDK}session_update_request.py: target language",
)
TRANSCRIPT = _check(
    "transcript",
    Level.MUST,
    "What was said comes back in words.",
    f"{_SDK}output_transcript_delta_event.py",
)
SOUND = _check(
    "sound",
    Level.MUST,
    "What was said comes back aloud.",
    f"{_SDK}output_audio_delta_event.py",
)
WHOLE_SAMPLES = _check(
    "whole-samples",
    Level.MUST,
    "Every delta of sound is base64 of whole samples of PCM16.",
    f"{_SDK}output_audio_delta_event.py",
)
DESCRIBED = _check(
    "sound-described",
    Level.SHOULD,
    "A delta of sound that says what it is says PCM16, a rate and a number of channels.",
    f"{_SDK}output_audio_delta_event.py: format, sample_rate, channels",
)
HEARD = _check(
    "heard-is-claimed",
    Level.SHOULD,
    "What is heard is what the transcript claims.",
    f"{_SDK}output_transcript_delta_event.py: text for the translated output audio",
)
ELAPSED = _check(
    "elapsed",
    Level.SHOULD,
    "The elapsed_ms of a transcript never go back, and move in steps of 200.",
    f"{_SDK}output_transcript_delta_event.py: elapsed_ms",
)
SOURCE_OFF = _check(
    "source-unasked",
    Level.MUST,
    "Without transcription there is no transcript of what was said.",
    f"{_SDK}session_update_request.py: optional source-language transcription",
)
SOURCE = _check(
    "source",
    Level.MUST,
    "With transcription there is a transcript of what was said.",
    f"{_SDK}input_transcript_delta_event.py",
)
NO_RESPONSES = _check(
    "no-responses",
    Level.MUST,
    "There are neither responses nor items.",
    f"{_SDK}server_event.py",
)
REFUSES = _check(
    "refuses-turns",
    Level.SHOULD,
    "What belongs to conversations is answered with an error.",
    f"{_SDK}client_event.py",
)
FLUSHED = _check(
    "flushed",
    Level.MUST,
    "What was said before session.close is translated before the session is closed.",
    f"{_SDK}session_close_event.py: flushes pending input audio",
)
CLOSED = _check(
    "closed",
    Level.MUST,
    "session.close is answered with session.closed.",
    f"{_SDK}session_closed_event.py",
)
SOCKET_CLOSED = _check(
    "socket-closed",
    Level.SHOULD,
    "Behind session.closed the service closes the socket.",
    f"{_SDK}session_close_event.py: gracefully close the session",
)

CHECKS = (
    GREETED,
    LANGUAGE,
    TRANSCRIPT,
    SOUND,
    WHOLE_SAMPLES,
    DESCRIBED,
    HEARD,
    ELAPSED,
    SOURCE_OFF,
    SOURCE,
    NO_RESPONSES,
    REFUSES,
    FLUSHED,
    CLOSED,
    SOCKET_CLOSED,
)
"""The catalogue."""
