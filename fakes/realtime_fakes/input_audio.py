"""The input audio buffer: what was heard and not committed yet.

Sound comes as base64 in the session's input format, or as decoded RTP. It is kept as it came and
made into 24 kHz PCM16 as a whole, because cutting it before resampling would add clicks. For turn
detection each piece is decoded as it comes, at its own rate, because levels do not need more.
"""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from realtime_fakes.shapes import Refusal
from realtime_harness.audio.pcm import (
    alaw_decode,
    alaw_encode,
    mulaw_decode,
    mulaw_encode,
    resample,
)

if TYPE_CHECKING:
    from numpy import int16
    from numpy.typing import NDArray

__all__ = ["BYTES_PER_MS", "RATE", "InputAudio", "coded", "decoded", "samples", "sound"]

RATE = 24_000
"""Samples a second of all sound inside the fake."""

BYTES_PER_MS = {"audio/pcm": 48, "audio/pcmu": 8, "audio/pcma": 8}

_G711_RATE = 8_000
_LONGEST_APPEND = 15 * 1024 * 1024  # bytes, SDK docstring of ``input_audio_buffer_append_event``
_DECODE: dict[str, Callable[[bytes], bytes]] = {
    "audio/pcmu": mulaw_decode,
    "audio/pcma": alaw_decode,
}
_ENCODE: dict[str, Callable[[bytes], bytes]] = {
    "audio/pcmu": mulaw_encode,
    "audio/pcma": alaw_encode,
}


def sound(value: Any) -> bytes:
    """Accept base64 and return the bytes (a :data:`~realtime_fakes.shapes.Shape`)."""
    if type(value) is not str:
        raise Refusal("invalid_base64")
    try:
        data = a2b_base64(value, strict_mode=True)
    except ValueError:
        raise Refusal("invalid_base64") from None
    if len(data) > _LONGEST_APPEND:
        raise Refusal("string_above_max_length", limit=_LONGEST_APPEND, found=len(data))
    return data


def coded(pcm: bytes, format: str) -> bytes:
    """Return 24 kHz PCM16 in the output format of a session."""
    encode = _ENCODE.get(format)
    return pcm if encode is None else encode(resample(pcm, RATE, _G711_RATE))


def decoded(data: bytes, format: str) -> bytes:
    """Return sound in the input format of a session as 24 kHz PCM16."""
    decode = _DECODE.get(format)
    return data if decode is None else resample(decode(data), _G711_RATE, RATE)


def samples(data: bytes, format: str) -> tuple[NDArray[int16], int]:
    """Return the samples of sound in the input format of a session, and their rate."""
    import numpy as np

    decode = _DECODE.get(format)
    if decode is not None:
        return np.frombuffer(decode(data), dtype="<i2"), _G711_RATE
    return np.frombuffer(data, dtype="<i2", count=len(data) // 2), RATE


class InputAudio:
    """What was heard since the last commit or clear."""

    def __init__(self) -> None:
        self.total_ms = 0.0
        """All that was ever appended: the clock of ``audio_start_ms`` and its like."""
        self._pcm = bytearray()
        self._pending = bytearray()  # in self._format, still to be decoded
        self._format = "audio/pcm"

    @property
    def ms(self) -> float:
        """How much is buffered, in milliseconds."""
        return len(self._pcm) / 48 + len(self._pending) / BYTES_PER_MS[self._format]

    def append(self, data: bytes, format: str) -> None:
        """Add sound in one of the formats of a session."""
        self.total_ms += len(data) / BYTES_PER_MS[format]
        if format == "audio/pcm" and not self._pending:
            self._pcm += data
            return
        if format != self._format:
            self._decode()
            self._format = format
        self._pending += data

    def keep_last(self, ms: int) -> None:
        """Forget what is older than ``ms``, if that is at least as much again."""
        if self.ms > 2 * ms:
            self._decode()
            del self._pcm[: -48 * ms]

    def take(self, start_ms: float = 0, end_ms: float | None = None) -> bytes:
        """Return what was heard between two times as 24 kHz PCM16; forget all up to the later.

        Times count as :attr:`total_ms` does. What is not in the buffer any more is left out.

        """
        pcm, end = self._cut(start_ms, end_ms)
        del self._pcm[:end]
        return pcm

    def peek(self, start_ms: float, end_ms: float | None = None) -> bytes:
        """Return what :meth:`take` would, and forget nothing."""
        return self._cut(start_ms, end_ms)[0]

    def _cut(self, start_ms: float, end_ms: float | None) -> tuple[bytes, int]:
        self._decode()
        length = len(self._pcm)
        origin = self.total_ms - length / 48
        start = max(0, 2 * round((start_ms - origin) * 24))
        end = length if end_ms is None else min(length, max(0, 2 * round((end_ms - origin) * 24)))
        return bytes(self._pcm[start:end]), end

    def clear(self) -> None:
        """Empty the buffer."""
        self._pcm.clear()
        self._pending.clear()

    def _decode(self) -> None:
        if self._pending:
            self._pcm += decoded(bytes(self._pending), self._format)
            self._pending.clear()
