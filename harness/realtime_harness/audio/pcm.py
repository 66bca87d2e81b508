"""PCM16: resampling, levels and the two laws of G.711.

All sound is mono, 16 bit, little endian, as ``bytes``.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import float64, int16, uint8
    from numpy.typing import NDArray

__all__ = [
    "SILENCE_DBFS",
    "alaw_decode",
    "alaw_encode",
    "dbfs",
    "mulaw_decode",
    "mulaw_encode",
    "resample",
    "rms",
]

SILENCE_DBFS = -100.0
"""Level given to digital silence; the quietest sound of 16 bits is at -90 dBFS."""

_FULL_SCALE = 32_768
_ZERO_CROSSINGS = 16


def rms(pcm: bytes) -> float:
    """Return the root mean square of the samples, 0 to 32768; 0 for no samples."""
    samples = _samples(pcm)
    return math.sqrt(float(samples @ samples) / len(samples)) if len(samples) else 0.0


def dbfs(pcm: bytes) -> float:
    """Return the level in dBFS (a full-scale square wave is 0), at least :data:`SILENCE_DBFS`."""
    level = rms(pcm)
    return max(SILENCE_DBFS, 20 * math.log10(level / _FULL_SCALE)) if level else SILENCE_DBFS


def resample(pcm: bytes, from_rate: int, to_rate: int) -> bytes:
    """Return ``pcm`` at another sample rate, band-limited to the lower of the two.

    For whole sounds: what is cut into pieces and resampled piece by piece has clicks at the cuts.

    Raises:
        ValueError: if a rate is not positive.

    """
    import numpy as np

    if from_rate <= 0 or to_rate <= 0:
        raise ValueError(f"sample rates are positive, not {from_rate} and {to_rate}")
    if from_rate == to_rate or not pcm:
        return pcm
    divisor = math.gcd(from_rate, to_rate)
    up, down = to_rate // divisor, from_rate // divisor
    bank = _filters(up, down)
    reach = bank.shape[1] // 2
    samples = _samples(pcm)
    padded = np.concatenate((np.zeros(reach), samples, np.zeros(reach + 1)))
    ticks = np.arange(len(samples) * up // down) * down
    windows = np.lib.stride_tricks.sliding_window_view(padded, bank.shape[1])
    result = np.einsum("ij,ij->i", windows[ticks // up], bank[ticks % up])
    rounded = np.clip(np.rint(result), -_FULL_SCALE, _FULL_SCALE - 1)
    return bytes(rounded.astype("<i2").tobytes())


def mulaw_encode(pcm: bytes) -> bytes:
    """Return ``pcm`` as G.711 mu-law, one byte a sample (``audio/pcmu``)."""
    return _compress(pcm, _mulaw_codes())


def mulaw_decode(data: bytes) -> bytes:
    """Return G.711 mu-law as PCM16."""
    return _expand(data, _mulaw_values())


def alaw_encode(pcm: bytes) -> bytes:
    """Return ``pcm`` as G.711 A-law, one byte a sample (``audio/pcma``)."""
    return _compress(pcm, _alaw_codes())


def alaw_decode(data: bytes) -> bytes:
    """Return G.711 A-law as PCM16."""
    return _expand(data, _alaw_values())


def _samples(pcm: bytes) -> NDArray[float64]:
    import numpy as np

    return np.frombuffer(pcm, dtype="<i2").astype(np.float64)


@lru_cache(maxsize=16)
def _filters(up: int, down: int) -> NDArray[float64]:
    """Return a windowed sinc for each of the ``up`` phases that an output sample can have."""
    import numpy as np

    cutoff = 0.95 * min(1.0, up / down)  # of the input's Nyquist frequency
    reach = math.ceil(_ZERO_CROSSINGS / cutoff)
    distance = np.arange(-reach, reach + 1)[None, :] - np.arange(up)[:, None] / up
    window = np.kaiser(4001, 8.0)
    shape = np.interp(distance, np.linspace(-reach - 1, reach + 1, 4001), window)
    bank = np.sinc(cutoff * distance) * shape
    # Each phase passes a constant unchanged, so that silence at an offset does not hum.
    normalised: NDArray[float64] = bank / bank.sum(axis=1, keepdims=True)
    return normalised


def _compress(pcm: bytes, codes: NDArray[uint8]) -> bytes:
    import numpy as np

    return codes[np.frombuffer(pcm, dtype="<i2").astype(np.int32) + _FULL_SCALE].tobytes()


def _expand(data: bytes, values: NDArray[int16]) -> bytes:
    import numpy as np

    return values[np.frombuffer(data, dtype=np.uint8)].astype("<i2").tobytes()


@lru_cache(maxsize=1)
def _mulaw_values() -> NDArray[int16]:
    import numpy as np

    code = ~np.arange(256, dtype=np.uint8)
    segment, step = (code >> 4 & 7).astype(np.int32), (code & 15).astype(np.int32)
    magnitude = ((step << 3) + 132 << segment) - 132
    return np.where(code & 128, -magnitude, magnitude).astype(np.int16)


@lru_cache(maxsize=1)
def _mulaw_codes() -> NDArray[uint8]:
    import numpy as np

    sample = np.arange(-_FULL_SCALE, _FULL_SCALE, dtype=np.int32)
    magnitude = np.minimum(np.abs(sample), 32_635) + 132
    segment = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    code = segment << 4 | magnitude >> segment + 3 & 15
    codes: NDArray[uint8] = (~np.where(sample < 0, code | 128, code)).astype(np.uint8)
    return codes


@lru_cache(maxsize=1)
def _alaw_values() -> NDArray[int16]:
    import numpy as np

    code = np.arange(256, dtype=np.uint8) ^ 0x55
    segment, step = (code >> 4 & 7).astype(np.int32), (code & 15).astype(np.int32)
    magnitude = np.where(
        segment == 0, (step << 4) + 8, (step << 4) + 264 << np.maximum(segment, 1) - 1
    )
    return np.where(code & 128, magnitude, -magnitude).astype(np.int16)


@lru_cache(maxsize=1)
def _alaw_codes() -> NDArray[uint8]:
    import numpy as np

    sample = np.arange(-_FULL_SCALE, _FULL_SCALE, dtype=np.int32)
    # Negative samples count from -1, as in the standard's tables.
    magnitude = np.where(sample < 0, ~sample, sample)
    segment = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int32) - 7, 0)
    code = segment << 4 | magnitude >> np.maximum(segment, 1) + 3 & 15
    codes: NDArray[uint8] = (np.where(sample < 0, code, code | 128) ^ 0x55).astype(np.uint8)
    return codes
