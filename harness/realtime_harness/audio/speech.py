"""Text as sound and back: one pair of tones for each byte of UTF-8.

A fake that speaks and a judge that listens need sound whose content is known exactly, however it
travelled. Each byte becomes two tones at once, in the manner of telephone keys: its high nibble
picks one of sixteen low tones, its low nibble one of sixteen high ones. All of them lie in the
telephone band, so the sound survives Opus, G.711 and resampling to 8 kHz.

:func:`encode` is cheap (cached per byte, no numpy), because the fake speaks every answer with it.
The text survives unchanged, case and script included; a character outside ASCII takes as many
symbols as it has bytes.
"""

from __future__ import annotations

import math
import sys
from array import array
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

__all__ = ["RATE", "SYMBOL_MS", "decode", "duration_ms", "encode"]

RATE = 24_000
"""Sample rate of :func:`encode`, Hz: what ``audio/pcm`` has on the wire."""

SYMBOL_MS = 40
"""Length of one byte of text, tone and pause together: two Opus frames."""

_TONE_MS = 32
_RAMP_MS = 3
_AMPLITUDE = 8_000  # of each of the two tones: together half of full scale

# 85 Hz apart: told from each other within the 18 ms that are left of a tone without its ramps.
_LOW_HZ = tuple(450 + 85 * nibble for nibble in range(16))
_HIGH_HZ = tuple(1_875 + 85 * nibble for nibble in range(16))

_ENVELOPE_MS = 4
_HOP_MS = 1
_WINDOW_MS = 18
_SILENT_RMS = 60.0  # below: -54 dBFS, the rest of a codec's noise
_SHORTEST_MS = 7  # what is left of a tone when a packet of 20 ms is lost is still heard
_CLICK_MS = 14  # shorter ones than this are no symbols, unless they can be made out
_PURE = 0.6  # share of the energy that the two tones have to hold
_TWIST = 20.0  # most by which one tone may outweigh the other, as a ratio of powers


@lru_cache(maxsize=16)
def encode(text: str) -> bytes:
    """Return ``text`` as 24 kHz mono PCM16, little endian; :data:`SYMBOL_MS` for each UTF-8 byte.

    Lone surrogates, which UTF-8 cannot hold, are spoken as ``?``.
    """
    return b"".join([_symbol(byte) for byte in text.encode("utf-8", "replace")])


def duration_ms(text: str) -> int:
    """Return how long :func:`encode` speaks ``text``, in milliseconds."""
    return SYMBOL_MS * len(text.encode("utf-8", "replace"))


def decode(pcm: bytes, rate: int = RATE) -> str:
    """Return the text that is heard in ``pcm``, mono PCM16 little endian at ``rate`` Hz.

    Silence before, between and behind the symbols does not matter, nor does the level. A symbol
    that cannot be made out is ``U+FFFD``. Sound that is something else altogether (less than half
    of its bursts are symbols) is heard as ``""``.

    Args:
        pcm: the sound; a trailing half sample is ignored.
        rate: its sample rate; at least 8000 Hz, below which the high tones do not exist.

    Raises:
        ValueError: if the rate is too low.

    """
    if rate < 8_000:
        raise ValueError(f"cannot hear speech at {rate} Hz: it needs at least 8000 Hz")
    import numpy as np

    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2").astype(np.float64)
    heard = [
        byte
        for start, end in _bursts(samples, rate)
        if (byte := _byte(samples, start, end, rate)) is not None
        or 1000 * (end - start) >= _CLICK_MS * rate
    ]
    known = [byte for byte in heard if byte is not None]
    if 2 * len(known) < len(heard):
        return ""
    # 0xFF never occurs in UTF-8, so what was not made out becomes U+FFFD.
    return bytes(0xFF if byte is None else byte for byte in heard).decode("utf-8", "replace")


@lru_cache(maxsize=256)
def _symbol(byte: int) -> bytes:
    low, high = _tone(_LOW_HZ[byte >> 4]), _tone(_HIGH_HZ[byte & 15])
    samples = array("h", [round(a + b) for a, b in zip(low, high, strict=True)])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


@lru_cache(maxsize=32)
def _tone(hertz: int) -> list[float]:
    """Return one symbol's time of a tone, with soft edges: hard ones would spread over the band."""
    sounding, ramp = RATE * _TONE_MS // 1000, RATE * _RAMP_MS // 1000
    step = 2 * math.pi * hertz / RATE
    samples = [0.0] * (RATE * SYMBOL_MS // 1000)
    for n in range(sounding):
        edge = min(n + 1, sounding - n, ramp) / ramp
        gain = _AMPLITUDE * (1 - math.cos(math.pi * edge)) / 2
        samples[n] = gain * math.sin(step * n)
    return samples


def _bursts(samples: NDArray[float64], rate: int) -> list[tuple[int, int]]:
    """Return where it sounds: (first sample, sample behind the last), one pair a symbol."""
    import numpy as np

    width, hop = rate * _ENVELOPE_MS // 1000, rate * _HOP_MS // 1000
    if len(samples) < width:
        return []
    energy = np.concatenate(([0.0], np.cumsum(samples * samples)))
    starts = np.arange(0, len(samples) - width + 1, hop)
    envelope = np.sqrt((energy[starts + width] - energy[starts]) / width)
    loud = float(np.percentile(envelope, 95)) if len(envelope) else 0.0
    # Of a short sound in a long silence the percentile would be silence.
    loud = max(loud, 0.5 * float(envelope.max()))
    sounding = envelope > max(0.4 * loud, _SILENT_RMS)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], sounding, [False])).astype(np.int8)))
    bursts = []
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        # Half a window is added at either side by looking through a window.
        start, end = first * hop + width // 2, (last - 1) * hop + width // 2
        length_ms = (end - start) * 1000 / rate
        if length_ms < _SHORTEST_MS:
            continue
        symbols = max(1, round((length_ms + SYMBOL_MS - _TONE_MS) / SYMBOL_MS))
        each = SYMBOL_MS * rate / 1000
        if symbols == 1:
            bursts.append((start, end))
            continue
        # The pauses were filled in on the way: cut where they have to be.
        for n in range(symbols):
            begin = start + round(n * each)
            bursts.append((begin, begin + _TONE_MS * rate // 1000))
    return bursts


def _byte(samples: NDArray[float64], start: int, end: int, rate: int) -> int | None:
    """Return the byte that sounds in the middle of the burst, or ``None``."""
    import numpy as np

    width = min(rate * _WINDOW_MS // 1000, end - start)
    begin = max(0, (start + end - width) // 2)
    window = samples[begin : begin + width]
    if len(window) < width or width == 0:
        return None
    powers = np.abs(window @ _detectors(width, rate)) ** 2
    low, high = powers[:16], powers[16:]
    first, second = int(low.argmax()), int(high.argmax())
    a, b = float(low[first]), float(high[second])
    if min(a, b) * _TWIST < max(a, b):
        return None
    # A tone of amplitude A holds A²/2 a sample and gives (A·width/2)² here.
    if 2 * (a + b) / width < _PURE * float(window @ window):
        return None
    return first << 4 | second


@lru_cache(maxsize=64)
def _detectors(width: int, rate: int) -> NDArray[float64]:
    """Return the matrix that measures all tones at once: Goertzel's sums, one column a tone."""
    import numpy as np

    hertz = np.array(_LOW_HZ + _HIGH_HZ)
    matrix: NDArray[float64] = np.exp(-2j * np.pi / rate * np.outer(np.arange(width), hertz))
    return matrix
