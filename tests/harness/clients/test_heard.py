from __future__ import annotations

import asyncio
import base64
import math

import numpy as np
import pytest

pytest.importorskip("aiortc")

from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

from realtime_harness.audio.pcm import mulaw_decode
from realtime_harness.clients.heard import LevelLog, ReceivedAudio
from realtime_harness.errors import EventNotReceived
from realtime_harness.evidence import Direction, Kind, Lane, Recorder
from realtime_harness.load.recent import RecentRecorder


class Track:
    """Gives frames of these amplitudes, then ends."""

    def __init__(self, *amplitudes: int) -> None:
        self._amplitudes = list(amplitudes)

    async def recv(self) -> AudioFrame:
        if not self._amplitudes:
            raise MediaStreamError
        left = np.full(960, self._amplitudes.pop(0), dtype=np.int16)
        stereo = np.stack([left, left], axis=1).reshape(1, -1)
        frame = AudioFrame.from_ndarray(stereo, format="s16", layout="stereo")
        frame.sample_rate = 48_000
        return frame


async def test_levels_and_first_sound(recorder: Recorder) -> None:
    heard = ReceivedAudio("client", recorder)
    await heard.listen(Track(0, 16384, 0))
    await heard.wait_audible(timeout_s=0.01)
    assert heard.packets == 3
    assert heard.level_dbfs == pytest.approx(-6.02, abs=0.01)
    assert heard.first_audible_ns is not None
    assert heard.pcm == b"\0\0" * 960 + b"\x00\x40" * 960 + b"\0\0" * 960
    (entry,) = recorder.entries
    assert (entry.lane, entry.kind) == (Lane.RTP_IN, Kind.MEDIA)
    assert entry.data["packets"] == 3
    assert entry.data["level_dbfs"] == -6.0
    assert entry.data["levels_dbfs"] == [None, -6.0, None]


async def test_sound_is_kept_to_be_heard_again(recorder: Recorder) -> None:
    heard = ReceivedAudio("client", recorder)
    await heard.listen(Track(0, 16384, -8192))
    (entry,) = recorder.entries
    assert (entry.data["format"], entry.data["rate"]) == ("audio/pcmu", 8_000)
    kept = np.frombuffer(mulaw_decode(base64.b64decode(entry.data["audio"])), dtype="<i2")
    # G.711 has 5 bits of a sample, the sign among them.
    expected = np.repeat([0, 16384, -8192], 160)
    assert np.abs(kept - expected).max() < 512


async def test_of_silence_and_of_what_is_long_no_sound_is_kept(recorder: Recorder) -> None:
    log = LevelLog("client", recorder, Direction.SENT)
    loud, quiet = np.full(160, 9000, dtype=np.int16), np.zeros(160, dtype=np.int16)
    for second in range(70):
        for samples in (quiet, loud):
            for _ in range(25):
                log.add(samples, second)
            log.write(second)
    kept = ["audio" in entry.data for entry in recorder.entries]
    assert kept[:4] == [False, True, False, True]
    assert sum(kept) == 70
    loud_only = LevelLog("client", recorder, Direction.SENT)
    for second in range(70):
        for _ in range(50):
            loud_only.add(loud, second)
        loud_only.write(second)
    assert sum("audio" in entry.data for entry in recorder.entries) == 70 + 60


async def test_what_is_forgotten_has_no_sound() -> None:
    recorder = RecentRecorder()
    heard = ReceivedAudio("client", recorder)
    heard.hear(np.full(960, 9000, dtype=np.int16), 0)
    heard.sum_up(1)
    assert "audio" not in recorder.entries[0].data


class LossyTrack(Track):
    """Gives frames of 20 ms with these timestamps, in frames."""

    def __init__(self, *times: int) -> None:
        super().__init__(*[1] * len(times))
        self._times = list(times)

    async def recv(self) -> AudioFrame:
        frame = await super().recv()
        frame.pts = 960 * self._times.pop(0)
        return frame


@pytest.mark.parametrize(
    ("times", "heard_frames"),
    [
        pytest.param([7, 8, 9], "111", id="nothing-lost"),
        pytest.param([7, 8, 11, 12], "110011", id="two-lost"),
        pytest.param([7, 9, 8, 10], "10111", id="a-late-one"),
        pytest.param([7, 507], "1" + "0" * 50 + "1", id="no-more-than-a-second"),
    ],
)
async def test_what_was_lost_is_silence(
    recorder: Recorder, times: list[int], heard_frames: str
) -> None:
    heard = ReceivedAudio("client", recorder)
    await heard.listen(LossyTrack(*times))
    assert heard.packets == len(times)
    frames = [heard.pcm[at : at + 1920] for at in range(0, len(heard.pcm), 1920)]
    assert "".join(str(frame[0]) for frame in frames) == heard_frames


async def test_silence_has_no_level(recorder: Recorder) -> None:
    heard = ReceivedAudio("client", recorder)
    await heard.listen(Track(0))
    assert heard.level_dbfs == -math.inf
    assert heard.first_audible_ns is None
    assert recorder.entries[0].data["level_dbfs"] is None


def hear(heard: ReceivedAudio, *amplitudes: int) -> None:
    for amplitude in amplitudes:
        heard.hear(np.full(480, amplitude, dtype=np.int16), now=0)


async def test_quiet_is_five_frames_without_sound(recorder: Recorder) -> None:
    heard = ReceivedAudio("client", recorder)
    hear(heard, 0, 0, 0, 0, 0)
    waiting = asyncio.create_task(heard.wait_quiet(timeout_s=5))
    await asyncio.sleep(0)
    hear(heard, 0, 0, 0, 0, 16384, 0, 0, 0, 0)
    await asyncio.sleep(0)
    assert not waiting.done(), "what was quiet before, and what was interrupted, does not count"
    hear(heard, 0)
    await waiting


async def test_quiet_is_also_that_nothing_is_sent_any_more(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime_harness.clients.heard._NOTHING_S", 0.01)
    heard = ReceivedAudio("client", recorder)
    hear(heard, 16384, 16384)
    await heard.wait_quiet(timeout_s=5)


@pytest.mark.parametrize("amplitudes", [(), (16384,) * 10], ids=["nothing", "loud"])
async def test_what_does_not_become_quiet(recorder: Recorder, amplitudes: tuple[int, ...]) -> None:
    heard = ReceivedAudio("client", recorder)
    waiting = asyncio.create_task(heard.wait_quiet(timeout_s=0.01))
    await asyncio.sleep(0)
    hear(heard, *amplitudes)
    with pytest.raises(EventNotReceived, match="silence below"):
        await waiting
