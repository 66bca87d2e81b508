from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest
from aiortc.codecs import get_decoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.mediastreams import MediaStreamError
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

        def hear(packet) -> np.ndarray:
            frames = decoder.decode(JitterFrame(bytes(packet), packet.pts))
            parts = [part for frame in frames for part in resampler.resample(frame)]
            return np.concatenate([part.to_ndarray()[0] for part in parts])

        return hear

    return make_ear


@pytest.mark.parametrize("codec", list(CLOCKS))
async def test_sound_is_played_and_silence_surrounds_it(make_ear, codec):
    playback, hear = Playback(codec), make_ear(codec)
    silent = np.concatenate([hear(await playback.recv()) for _ in range(2)])
    playback.play(TONE[:9600])  # 200 ms
    heard = np.concatenate([hear(await playback.recv()) for _ in range(13)])
    after = hear(await playback.recv())

    assert np.abs(silent).max() < 20
    loud = np.abs(heard) > 2000
    assert 0.16 < loud.mean() * len(heard) / 24000 < 0.22
    spectrum = np.abs(np.fft.rfft(heard[1200:4800]))
    assert spectrum.argmax() * 24000 / 3600 == pytest.approx(440, abs=10)
    assert np.abs(after).max() < 200


async def test_frames_are_paced_and_stamped():
    loop = asyncio.get_running_loop()
    playback = Playback("opus")
    start = loop.time()
    packets = [await playback.recv() for _ in range(6)]
    assert loop.time() - start >= 0.095
    assert [packet.pts for packet in packets] == [960 * n for n in range(6)]


async def test_frames_that_were_late_are_counted():
    playback = Playback("opus")
    await playback.recv()
    await playback.recv()
    late = playback.late  # the machine may be busy
    time.sleep(0.1)  # a loop that is busy elsewhere  # noqa: ASYNC251
    await playback.recv()
    assert (playback.frames, playback.late) == (3, late + 1)


async def test_a_late_sender_does_not_burst():
    loop = asyncio.get_running_loop()
    playback = Playback("opus")
    await playback.recv()
    await asyncio.sleep(0.5)
    start = loop.time()
    for _ in range(4):
        await playback.recv()
    assert loop.time() - start >= 0.05


@pytest.mark.parametrize("codec", list(CLOCKS))
async def test_clearing_takes_effect_with_the_next_frame(make_ear, codec):
    playback, hear = Playback(codec), make_ear(codec)
    playback.play(TONE)
    for _ in range(3):
        hear(await playback.recv())
    playback.clear()
    hear(await playback.recv())  # decoders overlap frames
    assert np.abs(hear(await playback.recv())).max() < 200


async def test_a_stopped_track_says_so():
    playback = Playback("opus")
    playback.stop()
    with pytest.raises(MediaStreamError):
        await playback.recv()
