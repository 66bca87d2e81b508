"""WAV files: mono PCM16 in and out."""

from __future__ import annotations

import wave
from os import PathLike, fspath
from typing import BinaryIO, TypeAlias

__all__ = ["read", "write"]

_File: TypeAlias = "str | PathLike[str] | BinaryIO"


def read(file: _File) -> tuple[bytes, int]:
    """Return the samples (mono PCM16, little endian) and the sample rate of a WAV file.

    Raises:
        ValueError: if it is no WAV file, or not mono with 16 bits: convert it first.

    """
    try:
        with wave.open(_target(file), "rb") as source:
            shape = (source.getnchannels(), source.getsampwidth())
            pcm, rate = source.readframes(source.getnframes()), source.getframerate()
    except (wave.Error, EOFError) as error:
        raise ValueError(f"not a readable WAV file: {str(error) or 'it is cut off'}") from error
    if shape != (1, 2):
        raise ValueError(f"expected mono PCM16, got {shape[0]} channels of {8 * shape[1]} bits")
    return pcm, rate


def write(file: _File, pcm: bytes, rate: int) -> None:
    """Write ``pcm`` (mono PCM16, little endian) at ``rate`` Hz as a WAV file."""
    with wave.open(_target(file), "wb") as sink:
        sink.setnchannels(1)
        sink.setsampwidth(2)
        sink.setframerate(rate)
        sink.writeframes(pcm)


def _target(file: _File) -> str | BinaryIO:
    return fspath(file) if isinstance(file, str | PathLike) else file
