from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pytest

from realtime_fakes.turn_detection import (
    SpeechStarted,
    SpeechStopped,
    TurnDetector,
    is_complete,
    levels,
    threshold_dbfs,
)
from realtime_harness.audio import pcm, speech

RATE = 24_000
SERVER = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 200,
}
SEMANTIC = {"type": "semantic_vad", "eagerness": "auto"}


Samples: TypeAlias = "np.ndarray[Any, np.dtype[np.int16]]"


def silence(ms: int) -> Samples:
    return np.zeros(ms * 24, dtype="<i2")


def noise(ms: int, dbfs: float, seed: int = 1) -> Samples:
    level = 32_768 * 10 ** (dbfs / 20)
    return np.random.default_rng(seed).normal(0, level, ms * 24).astype("<i2")


def say(text: str, gain: float = 1.0) -> Samples:
    return (np.frombuffer(speech.encode(text), dtype="<i2") * gain).astype("<i2")


def over(background: Samples, *sounds: Samples) -> Samples:
    """Put sounds one after the other over a background, which is as long."""
    samples = np.concatenate(sounds)
    return (samples + background[: len(samples)]).astype("<i2")


def boundaries(
    samples: Samples, settings: dict[str, Any] = SERVER, *, chunk_ms: int = 0, words: str = ""
) -> list[Any]:
    detector = TurnDetector(settings, at_ms=0, words_until=lambda _: words)
    size = chunk_ms * 24 or len(samples)
    return [
        boundary
        for start in range(0, len(samples), size)
        for boundary in detector.hear(samples[start : start + size], RATE)
    ]


HELLO = np.concatenate([silence(1000), say("hello"), silence(1000)])  # 200 ms of speech


@pytest.mark.parametrize("chunk_ms", [0, 7, 20, 33, 200], ids=lambda ms: f"chunks of {ms} ms")
def test_speech_between_silences(chunk_ms: int) -> None:
    assert boundaries(HELLO, chunk_ms=chunk_ms) == [SpeechStarted(700), SpeechStopped(1400)]


SETTINGS: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "no padding": ({"prefix_padding_ms": 0}, [SpeechStarted(1000), SpeechStopped(1400)]),
    "padding beyond the beginning": (
        {"prefix_padding_ms": 5000},
        [SpeechStarted(0), SpeechStopped(1400)],
    ),
    "longer silence": ({"silence_duration_ms": 500}, [SpeechStarted(700), SpeechStopped(1700)]),
    "no silence": ({"silence_duration_ms": 0}, [SpeechStarted(700), SpeechStopped(1220)]),
    "never silent enough": ({"silence_duration_ms": 5000}, [SpeechStarted(700)]),
}


@pytest.mark.parametrize(("changes", "expected"), SETTINGS.values(), ids=SETTINGS)
def test_settings(changes: dict[str, Any], expected: list[Any]) -> None:
    assert boundaries(HELLO, {**SERVER, **changes}) == expected


THRESHOLDS = {
    "loud speech, highest threshold": (1.0, 1.0, True),
    "soft speech, half way": (0.02, 0.5, False),
    "soft speech, low threshold": (0.02, 0.1, True),
    "very soft speech, lowest threshold": (0.005, 0.0, False),
}


@pytest.mark.parametrize(("gain", "threshold", "heard"), THRESHOLDS.values(), ids=THRESHOLDS)
def test_threshold(gain: float, threshold: float, heard: bool) -> None:
    sound = np.concatenate([silence(500), say("hello", gain), silence(500)])
    assert bool(boundaries(sound, {**SERVER, "threshold": threshold})) is heard


SILENT = {
    "digital silence": silence(3000),
    "comfort noise": noise(3000, -58),
    "the quietest steps": np.tile(np.array([8, -8], dtype="<i2"), 36_000),
    "a click": np.concatenate([silence(500), np.full(1, 32_767, "<i2"), silence(500)]),
    "less than a frame": silence(3),
    "nothing": silence(0),
}


@pytest.mark.parametrize("name", SILENT)
def test_silence_is_no_speech(name: str) -> None:
    assert boundaries(SILENT[name], chunk_ms=20) == []


def test_every_utterance_in_one_piece_of_sound() -> None:
    sound = np.concatenate([HELLO, HELLO])
    assert boundaries(sound) == [
        SpeechStarted(700),
        SpeechStopped(1400),
        SpeechStarted(2900),
        SpeechStopped(3600),
    ]


def test_an_utterance_does_not_reach_into_the_one_before() -> None:
    sound = np.concatenate([silence(400), say("hello"), silence(240), say("again"), silence(400)])
    first, stopped, second, _ = boundaries(sound)
    assert (first, stopped) == (SpeechStarted(100), SpeechStopped(800))
    assert second == SpeechStarted(800)


def test_a_pause_between_words_is_bridged() -> None:
    sound = np.concatenate([silence(400), say("one"), silence(150), say("two"), silence(400)])
    assert len(boundaries(sound)) == 2


def test_speech_over_noise_ends_and_the_noise_does_not_begin_anew() -> None:
    background = noise(6000, -32)
    sound = over(background, silence(500), say("over the noise"), silence(1500), say("again"),
                 silence(1500))  # fmt: skip
    kinds = [type(boundary) for boundary in boundaries(sound, chunk_ms=20)]
    assert kinds == [SpeechStarted, SpeechStopped] * 2


def test_time_goes_on_where_the_session_was() -> None:
    detector = TurnDetector(SERVER, at_ms=60_000, words_until=lambda _: "")
    assert list(detector.hear(HELLO, RATE)) == [SpeechStarted(60_700), SpeechStopped(61_400)]


def test_padding_stops_at_what_was_forgotten() -> None:
    detector = TurnDetector(SERVER, at_ms=0, words_until=lambda _: "")
    list(detector.hear(HELLO[: 900 * 24], RATE))
    detector.start_over(900)
    assert next(iter(detector.hear(HELLO[900 * 24 :], RATE))) == SpeechStarted(900)


def test_starting_over_ends_an_utterance_without_a_word() -> None:
    detector = TurnDetector(SERVER, at_ms=0, words_until=lambda _: "")
    assert list(detector.hear(HELLO[: 1100 * 24], RATE)) == [SpeechStarted(700)]
    detector.start_over(1100)
    assert not detector.is_speaking
    assert list(detector.hear(silence(1000), RATE)) == []


def test_sound_of_a_telephone_is_judged_at_its_own_rate() -> None:
    narrow = np.frombuffer(pcm.resample(HELLO.tobytes(), RATE, 8_000), dtype="<i2")
    detector = TurnDetector(SERVER, at_ms=0, words_until=lambda _: "")
    started, stopped = detector.hear(narrow, 8_000)
    assert started[0] == pytest.approx(700, abs=20)
    assert stopped[0] == pytest.approx(1400, abs=20)


def test_a_change_of_rate_keeps_the_time() -> None:
    detector = TurnDetector(SERVER, at_ms=0, words_until=lambda _: "")
    list(detector.hear(silence(1010), RATE))
    assert list(detector.hear(np.zeros(8 * 990, "<i2"), 8_000)) == []
    assert next(iter(detector.hear(say("hello"), RATE)))[0] == pytest.approx(1700, abs=20)


EAGERNESS = {
    "finished, auto": ("auto", "That is all.", 500),
    "finished, low": ("low", "That is all.", 500),
    "a full word": ("auto", "hello", 500),
    "unfinished, auto": ("auto", "hello and", 4000),
    "unfinished, medium": ("medium", "hello and", 4000),
    "unfinished, high": ("high", "hello and", 2000),
    "unfinished, low": ("low", "hello and", 8000),
    "no words": ("high", "[unintelligible]", 2000),
}


@pytest.mark.parametrize(("eagerness", "words", "wait_ms"), EAGERNESS.values(), ids=EAGERNESS)
def test_semantic_detection_waits_for_the_end_of_a_sentence(
    eagerness: str, words: str, wait_ms: int
) -> None:
    sound = np.concatenate([silence(1000), say("hello"), silence(9000)])
    settings = {"type": "semantic_vad", "eagerness": eagerness}
    assert boundaries(sound, settings, chunk_ms=20, words=words) == [
        SpeechStarted(700),
        SpeechStopped(1200 + wait_ms),
    ]


def test_semantic_detection_is_told_until_when_to_listen() -> None:
    asked: list[int] = []

    def words_until(ms: int) -> str:
        asked.append(ms)
        return "and"

    list(TurnDetector(SEMANTIC, at_ms=0, words_until=words_until).hear(HELLO, RATE))
    assert asked == [1700]


WORDS = {
    "Hello.": True,
    "Hello": True,
    "Really?": True,
    "「はい。": True,
    'He said "no."': True,
    "well,": False,
    "I would like to": False,
    "um": False,
    "Let me think...": False,
    "Let me think…": False,
    "either -": False,
    "": False,
    "[unintelligible]": False,
}


@pytest.mark.parametrize(("words", "complete"), WORDS.items(), ids=WORDS)
def test_words_tell_whether_a_turn_is_over(words: str, complete: bool) -> None:
    assert is_complete(words) is complete


def test_levels() -> None:
    square = np.full(960, 16_384, "<i2")
    assert levels(np.concatenate([square, silence(20), square[:100]]), RATE) == pytest.approx(
        [-6.02, -6.02, -100], abs=0.01
    )


def test_thresholds_rise() -> None:
    assert [threshold_dbfs(value) for value in (0, 0.5, 1)] == [-55, -40, -25]
