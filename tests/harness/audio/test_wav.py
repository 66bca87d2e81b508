from __future__ import annotations

import io
import wave
from pathlib import Path

import pytest

from realtime_harness.audio import wav


def test_comes_back(tmp_path: Path) -> None:
    wav.write(tmp_path / "sound.wav", b"\1\2\3\4", 24_000)
    assert wav.read(tmp_path / "sound.wav") == (b"\1\2\3\4", 24_000)


def test_file_objects() -> None:
    file = io.BytesIO()
    wav.write(file, b"\1\2", 8_000)
    file.seek(0)
    assert wav.read(file) == (b"\1\2", 8_000)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not a sound at all"], ids=repr)
def test_no_wav(content: bytes) -> None:
    with pytest.raises(ValueError, match="not a readable WAV file"):
        wav.read(io.BytesIO(content))


def test_stereo_is_refused() -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as sink:
        sink.setnchannels(2)
        sink.setsampwidth(2)
        sink.setframerate(8_000)
        sink.writeframes(bytes(8))
    file.seek(0)
    with pytest.raises(ValueError, match="2 channels of 16 bits"):
        wav.read(file)
