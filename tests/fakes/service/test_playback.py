from __future__ import annotations

import numpy as np
import pytest
from aiortc.codecs import get_decoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from av import AudioResampler

from realtime_fakes.playback import Playback

CLOCKS = {"opus": 48000, "pcmu": 8000, "pcma": 8000}
TONE = (np.sin(np.arange(24000) * 2 * np.pi * 440 / 24000) * 12000).astype("<i2").tobytes()
"""A second of 440 Hz."""


@pytest.fixture
def make_ear():
    """Return a function that makes a decoder of RTP payloads to 24 kHz PCM."""

    def make_ear(codec):
        rate = CLOCKS[codec]
        channels = 2 if codec == "opus" else 1
        decoder = get_decoder(
            RTCRtpCodecParameters(mimeType=f"audio/{codec}", clockRate=rate, channels=channels)
        )
        resampler = AudioResampler(format="s16", layout="mono", rate=24000)

        def hear(payload) -> np.ndarray:
            frames = decoder.decode(JitterFrame(payload, 0))
            parts = []
            for frame in frames:
                frame.pts = None
                parts += resampler.resample(frame)
            return np.concatenate([part.to_ndarray()[0] for part in parts])

        return hear

    return make_ear


@pytest.mark.parametrize("codec", list(CLOCKS))
def test_sound_is_played_and_silence_surrounds_it(make_ear, codec):
    playback, hear = Playback(codec), make_ear(codec)
    silent = np.concatenate([hear(playback.next_frame()) for _ in range(2)])
    playback.play(TONE[:9600])  # 200 ms
    heard = np.concatenate([hear(playback.next_frame()) for _ in range(13)])
    after = hear(playback.next_frame())

    assert np.abs(silent).max() < 20
    loud = np.abs(heard) > 2000
    assert 0.16 < loud.mean() * len(heard) / 24000 < 0.22
    spectrum = np.abs(np.fft.rfft(heard[1200:4800]))
    assert spectrum.argmax() * 24000 / 3600 == pytest.approx(440, abs=10)
    assert np.abs(after).max() < 200


@pytest.mark.parametrize("codec", list(CLOCKS))
def test_clearing_takes_effect_with_the_next_frame(make_ear, codec):
    playback, hear = Playback(codec), make_ear(codec)
    playback.play(TONE)
    for _ in range(3):
        hear(playback.next_frame())
    playback.clear()
    hear(playback.next_frame())  # decoders overlap frames
    assert np.abs(hear(playback.next_frame())).max() < 200


@pytest.mark.parametrize("codec", list(CLOCKS))
def test_calls_that_say_the_same_get_the_same(codec):
    one, other = Playback(codec), Playback(codec)
    one.play(TONE)
    frames = [one.next_frame() for _ in range(30)]
    other.play(TONE)
    assert [other.next_frame() for _ in range(30)] == frames
    one.clear()
    assert one.next_frame() == Playback(codec).next_frame()
    rest = [other.next_frame() for _ in range(22)]
    assert rest[-1] == Playback(codec).next_frame()
    assert rest[-2] != rest[-1]


@pytest.mark.parametrize("codec", list(CLOCKS))
@pytest.mark.parametrize("played", [0, 1, 5])
def test_sound_in_pieces_has_no_seams(make_ear, codec, played):
    """As good as in one piece: where frames lean on others, that is not the same bytes."""
    whole, pieces = Playback(codec), Playback(codec)
    whole.play(TONE[:19200])
    heard = [make_ear(codec), make_ear(codec)]
    pieces.play(TONE[:9600])
    sounds: list[list[np.ndarray]] = [[], []]
    for number in range(20):
        if number == played:
            pieces.play(TONE[9600:19200])
        for sound, hear, playback in zip(sounds, heard, (whole, pieces), strict=True):
            sound.append(hear(playback.next_frame()))
    one, other = (np.concatenate(sound).astype(float) for sound in sounds)
    assert np.abs(one - other).max() < 2500  # of 12000
    assert np.sqrt(np.mean((one - other) ** 2)) < 500


def test_silence_may_be_left_out():
    playback = Playback("opus", sends_silence=False)
    assert playback.next_frame() is None
    playback.play(bytes(960))
    assert playback.next_frame()
