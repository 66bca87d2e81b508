from __future__ import annotations

import asyncio

import numpy as np
import pytest

pytest.importorskip("aiortc")

from aiortc.mediastreams import MediaStreamError

from realtime_harness.clients.tracks import MeteredTrack, NoFramesTrack, ToneTrack


async def test_no_frame_ever_comes(soon: float) -> None:
    track = NoFramesTrack()
    waiting = asyncio.create_task(track.recv())
    _, pending = await asyncio.wait({waiting}, timeout=soon)
    assert pending
    track.stop()
    with pytest.raises(MediaStreamError):
        await waiting
    with pytest.raises(MediaStreamError):
        await track.recv()


async def test_tone_has_its_level_and_frequency() -> None:
    track = ToneTrack(frequency_hz=1000, level_dbfs=-20)
    frames = [await track.recv() for _ in range(3)]
    track.stop()
    with pytest.raises(MediaStreamError):
        await track.recv()
    samples = np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(float)
    assert 20 * np.log10(np.sqrt(np.mean(samples**2)) / 32768) == pytest.approx(-20, abs=0.1)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * 48_000 / len(samples) == pytest.approx(1000, abs=20)
    assert [frame.pts for frame in frames] == [0, 960, 1920]


async def test_what_is_sent_is_told_before() -> None:
    told: list[int] = []
    inner = ToneTrack()
    track = MeteredTrack(inner, lambda samples: told.append(len(samples)))
    await track.recv()
    await track.recv()
    assert told == [960, 960]
    track.stop()
    assert inner.readyState == "ended"
    with pytest.raises(MediaStreamError):
        await track.recv()
