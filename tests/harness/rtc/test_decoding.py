from __future__ import annotations

import asyncio
import threading

from aiortc.mediastreams import AudioStreamTrack


async def test_tracks_are_decoded_on_the_loop(open_peer, connect):
    one, other = open_peer(), open_peer()
    one.addTrack(AudioStreamTrack())
    await connect(one, other)
    track = other.getReceivers()[0].track
    async with asyncio.timeout(5):
        frames = [await track.recv() for _ in range(10)]
    assert {(frame.sample_rate, frame.samples) for frame in frames} == {(48000, 960)}
    assert [frame.pts for frame in frames] == [frames[0].pts + 960 * n for n in range(10)]
    assert not any("decoder" in thread.name for thread in threading.enumerate())
