from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from realtime_harness.audio import pcm


def tone(hertz: float, rate: int, *, seconds: float = 0.2, peak: float = 10_000) -> bytes:
    n = np.arange(round(rate * seconds))
    return np.rint(peak * np.sin(2 * np.pi * hertz / rate * n)).astype("<i2").tobytes()


def samples(sound: bytes) -> np.ndarray:
    return np.frombuffer(sound, dtype="<i2").astype(float)


RATES = [(24_000, 48_000), (48_000, 24_000), (24_000, 8_000), (8_000, 24_000), (44_100, 24_000)]


@pytest.mark.parametrize(("source", "target"), RATES, ids=lambda rate: str(rate))
def test_resampled_tone_is_the_tone_at_that_rate(source: int, target: int) -> None:
    heard = samples(pcm.resample(tone(1_000, source), source, target))
    wanted = samples(tone(1_000, target))
    assert len(heard) == len(wanted)
    middle = slice(len(wanted) // 4, -len(wanted) // 4)
    assert np.abs(heard[middle] - wanted[middle]).max() < 0.002 * 10_000


def test_resampling_removes_what_the_lower_rate_cannot_hold() -> None:
    heard = samples(pcm.resample(tone(6_000, 24_000), 24_000, 8_000))
    assert np.abs(heard[200:-200]).max() < 10


def test_resampling_keeps_a_constant() -> None:
    sound = np.full(2_400, 1_234, dtype="<i2").tobytes()
    heard = samples(pcm.resample(sound, 24_000, 48_000))
    assert set(heard[200:-200]) == {1_234}


def test_same_rate_is_the_same_sound() -> None:
    sound = tone(440, 24_000)
    assert pcm.resample(sound, 24_000, 24_000) is sound


@pytest.mark.parametrize("rates", [(0, 8_000), (8_000, -1)], ids=str)
def test_rates_are_positive(rates: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="positive"):
        pcm.resample(b"\0\0", *rates)


@pytest.mark.parametrize(
    ("sound", "level"),
    [
        (b"", pcm.SILENCE_DBFS),
        (bytes(200), pcm.SILENCE_DBFS),
        (np.full(100, -32_768, dtype="<i2").tobytes(), 0.0),
        (np.full(100, 1, dtype="<i2").tobytes(), -90.309),
        (tone(1_000, 24_000, peak=32_767), -3.01),
    ],
    ids=["nothing", "silence", "full scale", "quietest", "sine"],
)
def test_dbfs(sound: bytes, level: float) -> None:
    assert pcm.dbfs(sound) == pytest.approx(level, abs=0.01)


LAWS = {
    "pcm_mulaw": (pcm.mulaw_encode, pcm.mulaw_decode),
    "pcm_alaw": (pcm.alaw_encode, pcm.alaw_decode),
}


@pytest.mark.parametrize("law", LAWS)
def test_g711_codes_decode_and_encode_to_themselves(law: str) -> None:
    encode, decode = LAWS[law]
    codes = bytes(range(256))
    values = decode(codes)
    # mu-law has two zeros; the negative one becomes the positive one.
    expected = codes.replace(b"\x7f", b"\xff") if law == "pcm_mulaw" else codes
    assert encode(values) == expected


@pytest.mark.parametrize("law", LAWS)
def test_g711_expands_as_ffmpeg_does(law: str) -> None:
    decode: Callable[[bytes], bytes] = LAWS[law][1]
    av = pytest.importorskip("av")
    codec = av.CodecContext.create(law, "r")
    codec.sample_rate, codec.layout = 8_000, "mono"
    (frame,) = codec.decode(av.Packet(bytes(range(256))))
    assert samples(decode(bytes(range(256)))).tolist() == frame.to_ndarray().reshape(-1).tolist()


@pytest.mark.parametrize(
    ("law", "sample", "code"),
    [
        ("pcm_mulaw", 0, 0xFF),
        ("pcm_mulaw", 32_767, 0x80),
        ("pcm_mulaw", -32_768, 0x00),
        ("pcm_alaw", 0, 0xD5),
        ("pcm_alaw", 32_767, 0xAA),
        ("pcm_alaw", -32_768, 0x2A),
    ],
)
def test_g711_known_codes(law: str, sample: int, code: int) -> None:
    encode = LAWS[law][0]
    assert encode(np.array([sample], dtype="<i2").tobytes()) == bytes([code])


@pytest.mark.parametrize("law", LAWS)
def test_g711_error_is_small_beside_the_sound(law: str) -> None:
    encode, decode = LAWS[law]
    sound = tone(1_000, 8_000)
    error = samples(decode(encode(sound))) - samples(sound)
    assert pcm.dbfs(error.astype("<i2").tobytes()) < pcm.dbfs(sound) - 33
