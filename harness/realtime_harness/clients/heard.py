"""What is heard on a call: a meter on the received audio."""

from __future__ import annotations

import asyncio
import base64
import math
from contextlib import suppress
from typing import Any

from realtime_harness.audio.pcm import mulaw_encode
from realtime_harness.errors import EventNotReceived
from realtime_harness.evidence import Direction, Kind, Lane, Recorder

__all__ = ["AUDIBLE_DBFS", "LevelLog", "ReceivedAudio"]

AUDIBLE_DBFS = -50.0
"""RMS level of 20 ms above which they count as sound: above the noise that Opus makes of digital
silence, below any speech."""

_QUIET_FRAMES = 5
"""So many frames of 20 ms without sound are silence, and no pause between two words."""
_NOTHING_S = 0.5
"""When no packet has come for so long, behind others, nothing is sent: services may do without
packets of silence (discontinuous transmission, RFC 3551, 4.1)."""
_INTERVAL_NS = 500_000_000
_LONGEST_GAP_S = 1.0
"""Silence that is put in the place of packets that did not come, at most."""


_KEPT_RATE = 8_000
"""Hz of sound that is kept, as by telephone: enough to hear what was said."""
_MOST_KEPT_S = 60
"""Sound of a track that is kept, so that evidence stays small: 11 kB a second, 640 kB in all."""


class LevelLog:
    """Writes down how loud a track is: an entry each half second, with the level of each frame.

    Where there was sound, the entry also has it, for people to listen to: ``audio``, base64, in
    the format and rate that stand beside it.

    Args:
        name: of the connection.
        recorder: where it is written.
        direction: seen from us.

    """

    def __init__(self, name: str, recorder: Recorder, direction: Direction) -> None:
        self._name = name
        self._recorder = recorder
        self._direction = direction
        self._lane = Lane.RTP_IN if direction is Direction.RECEIVED else Lane.RTP_OUT
        self._bytes = 0
        self._levels: list[float] = []
        self._since_ns: int | None = None
        self._sound: list[Any] = []
        self._kept_s = 0.0

    def add(self, samples: Any, now: int, *, rate: int | None = None) -> float:
        """Meter a frame of some 20 ms, PCM16, and return its RMS level in dBFS.

        Args:
            samples: mono.
            now: when it is played out.
            rate: of sampling, Hz; as if the frame were 20 ms long, if not given.

        """
        import numpy as np

        power = float(np.mean(np.square(samples.astype(np.float64))))
        level = 10 * math.log10(power / 32768**2) if power else -math.inf
        self._bytes += samples.nbytes
        self._levels.append(level)
        if self._recorder.keeps and self._kept_s < _MOST_KEPT_S:
            self._sound.append(_thinned(samples, rate or 50 * len(samples)))
        if self._since_ns is None:
            self._since_ns = now
        if now - self._since_ns >= _INTERVAL_NS:
            self.write(now)
        return level

    def write(self, now: int) -> None:
        """Write down what came since this was done last."""
        if self._levels:
            data = {
                "packets": len(self._levels),
                "bytes": self._bytes,
                "level_dbfs": _rounded(max(self._levels)),
                "levels_dbfs": [_rounded(level) for level in self._levels],
                "from_ns": self._since_ns,
                **self._kept(),
            }
            self._recorder.record(self._lane, self._name, self._direction, Kind.MEDIA, data)
        self._since_ns = None
        self._bytes = 0
        self._levels = []
        self._sound = []

    def _kept(self) -> dict[str, Any]:
        """Return the sound since an entry was written last; of silence, nothing."""
        import numpy as np

        if not self._sound or max(self._levels) <= AUDIBLE_DBFS:
            return {}
        pcm = np.concatenate(self._sound)
        self._kept_s += len(pcm) / _KEPT_RATE
        audio = base64.b64encode(mulaw_encode(pcm.astype("<i2").tobytes())).decode("ascii")
        return {"audio": audio, "format": "audio/pcmu", "rate": _KEPT_RATE}


class ReceivedAudio:
    """Meters the audio of a call as it is played out.

    Packets that were lost are heard as silence, so that sound keeps its time. An entry on lane
    ``rtp-in`` sums up every half second, and whatever is left at the end.
    """

    def __init__(self, name: str, recorder: Recorder, *, patience_s: float = 5.0) -> None:
        self._name = name
        self._recorder = recorder
        self._patience_s = patience_s
        self._audible = asyncio.Event()
        self.packets = 0
        """RTP packets that came; with aiortc, those that were played out."""
        self.level_dbfs = -math.inf
        """Loudest RMS level of a frame so far."""
        self.first_audible_ns: int | None = None
        """When the first frame above :data:`AUDIBLE_DBFS` was decoded, on the scenario's clock."""
        self.last_audible_ns: int | None = None
        """When the last one was, so far."""
        self._quiet = asyncio.Event()
        self._quiet_frames = 0
        self._frames = 0
        self.rate = 48_000
        """Sampling rate of :attr:`pcm`, Hz."""
        self._pcm = bytearray()
        self._expected: int | None = None
        """Timestamp of the next frame, if none is lost before it."""
        self._log = LevelLog(name, recorder, Direction.RECEIVED)

    @property
    def pcm(self) -> bytes:
        """Everything heard, with silence for what was lost: mono PCM16, little endian."""
        return bytes(self._pcm)

    async def wait_audible(self, *, timeout_s: float | None = None) -> None:
        """Wait until something was heard.

        Args:
            timeout_s: bound; the target's patience if not given.

        Raises:
            EventNotReceived: if there was only silence, or nothing at all.

        """
        bound_s = self._patience_s if timeout_s is None else timeout_s
        try:
            async with asyncio.timeout(bound_s):
                await self._audible.wait()
        except TimeoutError:
            raise EventNotReceived(
                expected=f"sound above {AUDIBLE_DBFS:g} dBFS",
                lane=self._name,
                timeout_s=bound_s,
                seen=[f"{self.packets} packets of at most {self.level_dbfs:.1f} dBFS"],
            ) from None

    async def wait_quiet(self, *, timeout_s: float | None = None) -> None:
        """Wait until a tenth of a second of silence was heard, or no packets come any more.

        Args:
            timeout_s: bound; the target's patience if not given.

        Raises:
            EventNotReceived: if the sound goes on, or there was never anything.

        """
        bound_s = self._patience_s if timeout_s is None else timeout_s
        self._quiet.clear()
        self._quiet_frames = 0
        try:
            async with asyncio.timeout(bound_s):
                while not self._quiet.is_set():
                    heard = self._frames
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_NOTHING_S):
                            await self._quiet.wait()
                    if heard and heard == self._frames:
                        return
        except TimeoutError:
            raise EventNotReceived(
                expected=f"silence below {AUDIBLE_DBFS:g} dBFS",
                lane=self._name,
                timeout_s=bound_s,
                seen=[f"{self.packets} packets"],
            ) from None

    async def listen(self, track: Any) -> None:
        """Meter ``track`` until it ends or the task is canceled."""
        from aiortc.mediastreams import MediaStreamError

        try:
            while True:
                self._hear(await track.recv())
        except MediaStreamError:
            pass
        finally:
            self.sum_up(self._recorder.now_ns())

    def _hear(self, frame: Any) -> None:
        # Opus is decoded to interleaved stereo; the service speaks mono.
        samples = frame.to_ndarray().reshape(-1)[:: len(frame.layout.channels)]
        self.rate = frame.sample_rate
        self.hear(samples, self._recorder.now_ns(), position=frame.pts)
        self.packets += 1

    def hear(self, samples: Any, now: int, *, position: int | None = None) -> None:
        """Meter some 20 ms of sound.

        Args:
            samples: array of PCM16, mono, of the sampling rate :attr:`rate`.
            now: when they were played out, on the scenario's clock.
            position: number of their first sample, where some may be missing before it.

        """
        self._frames += 1
        level = self._log.add(samples, now, rate=self.rate)
        if position is not None:
            if self._expected is not None and position > self._expected:
                missing = min(position - self._expected, round(_LONGEST_GAP_S * self.rate))
                self._pcm += bytes(2 * missing)
            self._expected = max(self._expected or 0, position + len(samples))
        self._pcm += samples.astype("<i2").tobytes()
        self.level_dbfs = max(self.level_dbfs, level)
        if level > AUDIBLE_DBFS:
            self.last_audible_ns, self._quiet_frames = now, 0
        else:
            self._quiet_frames += 1
            if self._quiet_frames >= _QUIET_FRAMES:
                self._quiet.set()
        if self.first_audible_ns is None and level > AUDIBLE_DBFS:
            self.first_audible_ns = now
            self._audible.set()

    def sum_up(self, now: int) -> None:
        """Write down what was heard since this was done last."""
        self._log.write(now)


def _thinned(samples: Any, rate: int) -> Any:
    """Return samples at the rate that is kept; each is the mean of those that it stands for."""
    import numpy as np

    many = rate // _KEPT_RATE
    if many <= 1:
        return samples
    whole = len(samples) - len(samples) % many
    return np.mean(samples[:whole].reshape(-1, many), axis=1).astype(np.int16)


def _rounded(level: float) -> float | None:
    # JSON has no infinity; digital silence has no level.
    return round(level, 1) if math.isfinite(level) else None
