"""Writes ``realtime_harness/audio/voice.wav``: a synthetic voice that says "hello, how are you".

Endpoints elsewhere do not know the tones in which we talk to our fake. What they are given instead
is made here: pulses of a voice and noise of breath, sent through three resonances that move as
those of a mouth do (a formant synthesizer, after D. H. Klatt, "Software for a cascade/parallel
formant synthesizer", JASA 67, 1980; vowels after Peterson and Barney, JASA 24, 1952). It rises and
falls, pauses and hisses like speech, and turn detection that looks for a voice finds one. That a
model understands the words is not promised: name a recording of a person by RT_VOICE for that.

Run it with ``python harness/generate_voice.py`` when something in it was changed; the file is the
same each time.
"""

from __future__ import annotations

import sys
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 24_000
FRAME_S = 0.005
PATH = Path(__file__).parent / "realtime_harness" / "audio" / "voice.wav"

Floats = NDArray[np.float64]

# Formants in Hz, how much voice and how much breath.
SOUNDS = {
    "_": (500, 1500, 2500, 0.0, 0.0),
    "h": (600, 1300, 2500, 0.0, 0.35),
    "eh": (530, 1840, 2480, 1.0, 0.02),
    "l": (360, 1050, 2800, 0.7, 0.0),
    "ow": (500, 900, 2400, 1.0, 0.02),
    "uw": (310, 870, 2250, 0.9, 0.02),
    "aa": (730, 1090, 2440, 1.0, 0.02),
    "r": (420, 1250, 1600, 0.8, 0.0),
    "y": (280, 2250, 3000, 0.7, 0.0),
}

# Sound, seconds, pitch in Hz at its end.
SENTENCE = (
    ("_", 0.04, 118),
    ("h", 0.07, 120),
    ("eh", 0.10, 132),
    ("l", 0.08, 135),
    ("ow", 0.16, 118),
    ("uw", 0.10, 108),
    ("_", 0.12, 110),
    ("h", 0.07, 118),
    ("aa", 0.14, 138),
    ("uw", 0.10, 130),
    ("aa", 0.12, 124),
    ("r", 0.09, 120),
    ("y", 0.07, 122),
    ("uw", 0.24, 98),
    ("_", 0.05, 95),
)


def controls() -> Floats:
    """Return a row for each frame: three formants, voice, breath, pitch; gliding from sound on."""
    targets: list[tuple[float, ...]] = []
    for name, seconds, pitch in SENTENCE:
        targets += [(*SOUNDS[name], pitch)] * round(seconds / FRAME_S)
    rows = np.array(targets, dtype=float)
    # A mouth takes some 50 ms from one place to the next.
    width = 11
    window = np.hanning(width + 2)[1:-1]
    window /= window.sum()
    padded = np.pad(rows, ((width // 2, width // 2), (0, 0)), mode="edge")
    return np.stack([np.convolve(column, window, mode="valid") for column in padded.T], axis=1)


def source(rows: Floats) -> Floats:
    """Return what goes into the resonances: pulses as of vocal folds, and noise."""
    random = np.random.default_rng(7)
    frame = round(RATE * FRAME_S)
    samples = np.repeat(rows, frame, axis=0)
    phase = np.cumsum(samples[:, 5] * (1 + 0.01 * random.standard_normal(len(samples)))) / RATE
    turn = phase % 1.0
    # Air flows for 60 % of a period; its slope is what radiates.
    flow = np.where(turn < 0.6, np.sin(np.pi * turn / 0.6) ** 2, 0.0)
    voice = np.diff(flow, prepend=0.0) * 12
    breath = random.standard_normal(len(samples)) * 0.25
    return voice * samples[:, 3] + breath * samples[:, 4]


def resonate(sound: Floats, frequencies: Floats, bandwidth: float) -> Floats:
    """Send sound through one resonance that moves from frame to frame."""
    frame = round(RATE * FRAME_S)
    out = np.empty_like(sound)
    last = before = 0.0
    for index, frequency in enumerate(frequencies):
        decay = np.exp(-np.pi * bandwidth / RATE)
        b = 2 * decay * np.cos(2 * np.pi * frequency / RATE)
        c = -(decay**2)
        a = 1 - b - c
        for n in range(index * frame, (index + 1) * frame):
            last, before = a * sound[n] + b * last + c * before, last
            out[n] = last
    return out


def main() -> int:
    """Write the file."""
    rows = controls()
    sound = source(rows)
    for column, bandwidth in ((0, 70.0), (1, 100.0), (2, 150.0)):
        sound = resonate(sound, rows[:, column], bandwidth)
    sound *= 0.6 / np.max(np.abs(sound))
    data = np.round(sound * 32767).astype("<i2").tobytes()
    with wave.open(str(PATH), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(data)
    sys.stdout.write(f"{PATH.name}: {len(data) / 2 / RATE:.2f} s, {PATH.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
