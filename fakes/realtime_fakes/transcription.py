"""What the user said, as text: heard from the sound, and told in events if the session asks for it.

Sound of :mod:`realtime_harness.audio.speech` is understood exactly. Sound of any other kind is
``[unintelligible]``, and silence is nothing.

Order and keys of the events are the recorded ones (pydantic-ai cassette
``test_openai_ws__test_audio_in_server_vad_turn``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from realtime_fakes.audience import Event
from realtime_fakes.ids import Ids
from realtime_fakes.policy import Policy
from realtime_fakes.turn_detection import levels, threshold_dbfs
from realtime_fakes.usage import HEARD_MS, count_text
from realtime_harness.audio import speech

__all__ = ["MODELS", "UNINTELLIGIBLE", "Transcriber", "transcribe", "understand"]

UNINTELLIGIBLE = "[unintelligible]"
"""What sound is that has no words in it."""

_RATE = 24_000
_LONGEST_BYTES = 120 * 2 * _RATE  # two minutes; understanding more would hold up other sessions
_PAD_TO = 16
_MOST_DELTAS = 64
_LOGPROB = -0.01  # what is heard in tones is as good as certain
_find_pieces = re.compile(r"\s*\w+|\s*[^\w\s]+|\s+").findall
_KIND = "conversation.item.input_audio_transcription."


class Transcriber(NamedTuple):
    """How a transcription model tells what it heard."""

    billed_by: str = "tokens"
    """``tokens`` or ``duration``."""
    streams: bool = True
    """Whether deltas are words; if not, the only delta is all of the transcript (OpenAI SDK,
    docstring of ``conversation_item_input_audio_transcription_delta_event`` for whisper-1)."""
    tells_speakers: bool = False
    """Whether there are segments with a speaker."""


# Recorded: gpt-realtime-whisper. The others as far as the API reference tells them apart.
MODELS: dict[str, Transcriber] = {
    "gpt-realtime-whisper": Transcriber("duration"),
    "whisper-1": Transcriber("duration", streams=False),
    "gpt-4o-transcribe-diarize": Transcriber(tells_speakers=True),
}


def understand(pcm: bytes) -> str:
    """Return the words in 24 kHz mono PCM16; :data:`UNINTELLIGIBLE` if there is only sound.

    Of a longer sound the first two minutes are understood.

    """
    return _understood(bytes(pcm[:_LONGEST_BYTES]))


# The sessions of a load run all say the same.
@lru_cache(maxsize=16)
def _understood(pcm: bytes) -> str:
    import numpy as np

    heard = levels(np.frombuffer(pcm, dtype="<i2", count=len(pcm) // 2), _RATE)
    if max(heard, default=-100.0) <= threshold_dbfs(0):
        return ""
    return speech.decode(pcm, _RATE).strip() or UNINTELLIGIBLE


def transcribe(
    words: str,
    ms: float,
    *,
    item_id: str,
    content_index: int,
    settings: Mapping[str, Any],
    with_logprobs: bool,
    ids: Ids,
    policy: Policy,
) -> list[Event]:
    """Return the events that tell what was heard in an item.

    Args:
        words: from :func:`understand`.
        ms: length of the sound.
        item_id: of the item.
        content_index: of the sound in it.
        settings: ``transcription`` of the session.
        with_logprobs: whether the client asked for them.
        ids: for the events.
        policy: the decisions in force.

    """
    model = MODELS.get(settings["model"] or "", Transcriber())

    def about(kind: str, **more: Any) -> Event:
        return {
            "type": _KIND + kind,
            "event_id": ids.event(),
            "item_id": item_id,
            "content_index": content_index,
            **more,
        }

    deployed = policy.transcription_deployments
    if deployed is not None and settings["model"] not in (None, *deployed):
        # Recorded from Azure, where the model has to be the name of a deployment.
        error = {
            "type": "server_error",
            "code": "DeploymentNotFound",
            "message": f"Input transcription failed for item '{item_id}'.",
            "param": None,
        }
        return [about("failed", error=error)]
    if words == UNINTELLIGIBLE and policy.fail_unintelligible:
        error = {
            "type": "transcription_error",
            "code": "audio_unintelligible",
            "message": "The audio could not be transcribed.",
            "param": None,
        }
        return [about("failed", error=error)]
    events = []
    for piece in _pieces(words, model.streams):
        event = about("delta", delta=piece)
        if with_logprobs:
            event["logprobs"] = _logprobs(piece)
        if policy.obfuscate_deltas:
            event["obfuscation"] = ids.letters()[len(piece) % _PAD_TO :]
        events.append(event)
    if model.tells_speakers and words:
        segment = {"text": words, "speaker": "A", "start": 0.0, "end": round(ms / 1000, 3)}
        events.append(about("segment", id=f"seg_{ids.letters()}", **segment))
    completed = about("completed", transcript=words, usage=_USAGE[model.billed_by](words, ms))
    if with_logprobs:
        completed["logprobs"] = _logprobs(words)
    events.append(completed)
    return events


def _pieces(words: str, streams: bool) -> list[str]:
    """Cut a transcript into its deltas: words with the space before them, and punctuation."""
    if not words:
        return []
    if not streams:
        return [words]
    pieces = _find_pieces(" " + words)
    if len(pieces) > _MOST_DELTAS:
        size = -(-len(pieces) // _MOST_DELTAS)
        pieces = ["".join(pieces[at : at + size]) for at in range(0, len(pieces), size)]
    return pieces


def _logprobs(words: str) -> list[dict[str, Any]]:
    return [
        {"token": piece, "logprob": _LOGPROB, "bytes": list(piece.encode())}
        for piece in _find_pieces(words)
    ]


def _tokens(words: str, ms: float) -> dict[str, Any]:
    heard, said = int(ms / HEARD_MS), count_text(words)
    return {
        "type": "tokens",
        "total_tokens": heard + said,
        "input_tokens": heard,
        "output_tokens": said,
        "input_token_details": {"text_tokens": 0, "audio_tokens": heard},
    }


def _duration(words: str, ms: float) -> dict[str, Any]:
    return {"type": "duration", "seconds": math.ceil(ms / 1000)}


_USAGE = {"tokens": _tokens, "duration": _duration}
