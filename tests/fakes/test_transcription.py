from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from realtime_fakes.ids import Ids
from realtime_fakes.policy import Policy
from realtime_fakes.transcription import UNINTELLIGIBLE, transcribe, understand
from realtime_harness.audio import speech

TEXT = "Hello, my name is Marcelo."


def noise(dbfs: float) -> bytes:
    level = 32_768 * 10 ** (dbfs / 20)
    return np.random.default_rng(3).normal(0, level, 24_000).astype("<i2").tobytes()


SOUNDS = {
    "speech": (speech.encode(TEXT), TEXT),
    "speech between silences": (bytes(48_000) + speech.encode(TEXT) + bytes(48_000), TEXT),
    "space around the words is not heard": (speech.encode(" hi "), "hi"),
    "noise": (noise(-20), UNINTELLIGIBLE),
    "comfort noise": (noise(-60), ""),
    "silence": (bytes(48_000), ""),
    "nothing": (b"", ""),
    "half a sample": (b"\x01", ""),
}


@pytest.mark.parametrize(("pcm", "words"), SOUNDS.values(), ids=SOUNDS)
def test_what_is_understood(pcm: bytes, words: str) -> None:
    assert understand(pcm) == words


def test_two_minutes_are_understood() -> None:
    pcm = bytes(48 * 119_000) + speech.encode("in time") + bytes(48 * 1_000) + speech.encode("late")
    assert understand(pcm) == "in time"


def told(
    words: str = TEXT,
    *,
    ms: float = 2796,
    model: str | None = "gpt-realtime-whisper",
    with_logprobs: bool = False,
    **policy: Any,
) -> list[dict[str, Any]]:
    return transcribe(
        words,
        ms,
        item_id="item_1",
        content_index=0,
        settings={"model": model, "language": None, "prompt": None},
        with_logprobs=with_logprobs,
        ids=Ids(1),
        policy=Policy(**policy),
    )


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"].rpartition(".")[2] for event in events]


def test_deltas_are_words_as_recorded() -> None:
    *deltas, completed = told()
    assert [event["delta"] for event in deltas] == [
        " Hello", ",", " my", " name", " is", " Marcelo", "."
    ]  # fmt: skip
    assert [len(event["delta"] + event["obfuscation"]) for event in deltas] == [16] * 7
    assert completed | {"event_id": None} == {
        "type": "conversation.item.input_audio_transcription.completed",
        "event_id": None,
        "item_id": "item_1",
        "content_index": 0,
        "transcript": TEXT,
        "usage": {"type": "duration", "seconds": 3},
    }


MODELS = {
    "gpt-realtime-whisper": (["delta"] * 7, "duration"),
    "whisper-1": (["delta"], "duration"),
    "gpt-4o-transcribe": (["delta"] * 7, "tokens"),
    "gpt-4o-transcribe-diarize": (["delta"] * 7 + ["segment"], "tokens"),
    "gpt-transcribe": (["delta"] * 7, "tokens"),
    None: (["delta"] * 7, "tokens"),
}


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_models_differ(model: str | None) -> None:
    before, billed_by = MODELS[model]
    events = told(model=model)
    assert kinds(events) == [*before, "completed"]
    assert events[-1]["usage"]["type"] == billed_by


def test_tokens() -> None:
    assert told(model="gpt-4o-transcribe")[-1]["usage"] == {
        "type": "tokens",
        "total_tokens": 34,
        "input_tokens": 27,
        "output_tokens": 7,
        "input_token_details": {"text_tokens": 0, "audio_tokens": 27},
    }


def test_a_segment_has_a_speaker_and_a_time() -> None:
    segment = told(model="gpt-4o-transcribe-diarize")[-2]
    assert (segment["text"], segment["speaker"]) == (TEXT, "A")
    assert (segment["start"], segment["end"]) == (0.0, 2.796)
    assert segment["id"].startswith("seg_")


def test_log_probabilities_when_asked_for() -> None:
    *deltas, completed = told("Hi, you", with_logprobs=True)
    assert [entry["token"] for entry in completed["logprobs"]] == ["Hi", ",", " you"]
    for event in deltas:
        (entry,) = event["logprobs"]
        assert bytes(entry["bytes"]).decode() == entry["token"] == event["delta"]
        assert entry["logprob"] < 0


def test_silence_is_transcribed_as_nothing() -> None:
    events = told("")
    assert kinds(events) == ["completed"]
    assert events[0]["transcript"] == ""


def test_sound_without_words() -> None:
    assert told(UNINTELLIGIBLE)[-1]["transcript"] == UNINTELLIGIBLE
    (failed,) = told(UNINTELLIGIBLE, fail_unintelligible=True)
    assert failed["type"] == "conversation.item.input_audio_transcription.failed"
    assert failed["error"]["code"] == "audio_unintelligible"


def test_a_long_transcript_has_bounded_deltas() -> None:
    text = " ".join(["word"] * 1000)
    *deltas, _ = told(text)
    assert len(deltas) <= 64
    assert "".join(event["delta"] for event in deltas) == " " + text
