from __future__ import annotations

import math
import string
from collections.abc import Callable, Collection
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_harness.audio import pcm, speech

TEXTS = {
    "answer": "You said: hello",
    "every printable": string.printable.strip(),
    "same letter again and again": "aaaaaaaaaaaa",
    "one letter": "x",
    "other scripts": "Ünï ☃ 東京",
}


def through_opus(sound: bytes, lost: Collection[int] = ()) -> bytes:
    """24 kHz in, 48 kHz out, through the codec of a WebRTC call; lost packets are silence."""
    opus = pytest.importorskip("aiortc.codecs.opus")
    av = pytest.importorskip("av")
    jitter = pytest.importorskip("aiortc.jitterbuffer")
    samples = np.frombuffer(pcm.resample(sound, 24_000, 48_000), dtype="<i2")
    samples = np.concatenate([samples, np.zeros(-len(samples) % 960, dtype="<i2")])
    encoder, decoder = opus.OpusEncoder(), opus.OpusDecoder()
    heard: list[Any] = []
    for start in range(0, len(samples), 960):
        frame = av.AudioFrame(format="s16", layout="stereo", samples=960)
        frame.sample_rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
        frame.planes[0].update(np.repeat(samples[start : start + 960], 2).tobytes())
        for payload in encoder.encode(frame)[0]:
            if start // 960 in lost:
                heard.append(np.zeros(960, dtype="<i2"))
                continue
            decoded = decoder.decode(jitter.JitterFrame(data=payload, timestamp=start))
            heard.extend(part.to_ndarray().reshape(-1)[::2] for part in decoded)
    return np.concatenate(heard).astype("<i2").tobytes()


def through_telephone(sound: bytes, lost: Collection[int] = ()) -> bytes:
    """24 kHz in, 8 kHz out, through mu-law; lost packets are silence."""
    data = bytearray(pcm.mulaw_encode(pcm.resample(sound, 24_000, 8_000)))
    for packet in lost:
        data[160 * packet : 160 * (packet + 1)] = b"\xff" * len(
            data[160 * packet : 160 * (packet + 1)]
        )
    return pcm.mulaw_decode(bytes(data))


def noisy(sound: bytes, snr_db: float, seed: int) -> bytes:
    """Add white noise, so much below the level of the sound."""
    samples = np.frombuffer(sound, dtype="<i2").astype(float)
    level = math.sqrt(float(np.mean(samples**2)) / 10 ** (snr_db / 10))
    samples += np.random.default_rng(seed).normal(0, level, len(samples))
    return np.clip(samples, -32_768, 32_767).astype("<i2").tobytes()


def errors(said: str, heard: str) -> int:
    """Return how many letters have to be changed, added or left out (Levenshtein's distance)."""
    row = list(range(len(heard) + 1))
    for i, letter in enumerate(said, 1):
        corner, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            changed = corner + (letter != other)
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, changed)
    return row[-1]


WAYS = {
    "as it is": (lambda sound: sound, 24_000),
    "at 48 kHz": (lambda sound: pcm.resample(sound, 24_000, 48_000), 48_000),
    "opus": (through_opus, 48_000),
    "telephone": (through_telephone, 8_000),
    "opus then telephone": (
        lambda sound: through_telephone(pcm.resample(through_opus(sound), 48_000, 24_000)),
        8_000,
    ),
    "a-law": (
        lambda sound: pcm.alaw_decode(pcm.alaw_encode(pcm.resample(sound, 24_000, 8_000))),
        8_000,
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("text", TEXTS)
def test_survives(text: str, way: str) -> None:
    carry, rate = WAYS[way]
    assert speech.decode(carry(speech.encode(TEXTS[text])), rate) == TEXTS[text]


SENTENCE = "The quick brown fox jumps over the lazy dog, and 1,234 other things happen."


@pytest.mark.parametrize("way", WAYS)
def test_survives_noise_20_db_below(way: str) -> None:
    carry, rate = WAYS[way]
    assert speech.decode(carry(noisy(speech.encode(SENTENCE), 20, seed=1)), rate) == SENTENCE


# Character error rates as stated in docs/fake.md.
LOSSES: dict[str, tuple[Callable[[bytes, Collection[int]], bytes], int, float]] = {
    "opus": (through_opus, 48_000, 0.03),
    "telephone": (through_telephone, 8_000, 0.015),
}


@pytest.mark.parametrize("noise", [False, True], ids=["clean", "noise 20 dB below"])
@pytest.mark.parametrize(("carry", "rate", "most"), LOSSES.values(), ids=LOSSES)
def test_few_letters_are_lost_with_three_packets_in_a_hundred(
    carry: Callable[[bytes, Collection[int]], bytes], rate: int, most: float, noise: bool
) -> None:
    wrong = letters = 0
    for seed in range(6):
        draw = np.random.default_rng(seed)
        text = f"{SENTENCE} {SENTENCE}"
        # Packets begin anywhere in a letter.
        sound = bytes(2 * int(draw.integers(960))) + speech.encode(text) + bytes(4_800)
        if noise:
            sound = noisy(sound, 20, seed)
        lost = set(np.flatnonzero(draw.random(len(sound) // 960 + 1) < 0.03).tolist())
        wrong += errors(text, speech.decode(carry(sound, lost), rate))
        letters += len(text)
    assert wrong / letters <= most


@given(st.text(max_size=30))
@settings(max_examples=40)
def test_any_text_comes_back(text: str) -> None:
    expected = text.encode("utf-8", "replace").decode()
    assert speech.decode(speech.encode(text)) == expected


@pytest.mark.parametrize("offset", [1, 7, 119, 333, 479, 12_345])
def test_starts_anywhere(offset: int) -> None:
    sound = bytes(2 * offset) + speech.encode("Hello") + bytes(2 * offset)
    assert speech.decode(through_opus(sound), 48_000) == "Hello"


def test_silence_pushed_in_between_symbols_is_skipped() -> None:
    sound = speech.encode("He") + bytes(24_000) + speech.encode("llo")
    assert speech.decode(sound) == "Hello"


@pytest.mark.parametrize("gain", [0.02, 0.3, 1.9])
def test_level_does_not_matter(gain: float) -> None:
    samples = np.frombuffer(speech.encode("quiet"), dtype="<i2") * gain
    assert speech.decode(samples.astype("<i2").tobytes()) == "quiet"


def test_a_damaged_symbol_is_a_replacement_character() -> None:
    samples = np.frombuffer(speech.encode("abc"), dtype="<i2").copy()
    noise = np.random.default_rng(1).normal(0, 6_000, 960)
    samples[960 : 960 + 700] = noise[:700]
    assert speech.decode(samples.tobytes()) == "a\N{REPLACEMENT CHARACTER}c"


@pytest.mark.parametrize("kind", ["nothing", "half a sample", "silence", "noise", "one tone"])
def test_other_sound_is_no_text(kind: str) -> None:
    n = np.arange(24_000)
    sound = {
        "nothing": b"",
        "half a sample": b"\0",
        "silence": bytes(48_000),
        "noise": np.random.default_rng(0).normal(0, 3_000, 24_000).astype("<i2").tobytes(),
        "one tone": (8_000 * np.sin(2 * np.pi * 440 / 24_000 * n)).astype("<i2").tobytes(),
    }[kind]
    assert speech.decode(sound) == ""


def test_is_short() -> None:
    assert len(speech.encode("hello")) == 5 * 24 * speech.SYMBOL_MS * 2
    assert speech.duration_ms("hello") == 5 * speech.SYMBOL_MS


def test_rate_without_the_high_tones_is_refused() -> None:
    with pytest.raises(ValueError, match="4000 Hz"):
        speech.decode(b"", 4_000)
