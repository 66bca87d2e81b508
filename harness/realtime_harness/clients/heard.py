"""What is heard on a call: a meter on the received audio."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from realtime_harness.errors import EventNotReceived
from realtime_harness.evidence import Direction, Kind, Lane, Recorder

__all__ = ["AUDIBLE_DBFS", "ReceivedAudio"]

AUDIBLE_DBFS = -50.0
"""RMS level of 20 ms above which they count as sound: above the noise that Opus makes of digital
silence, below any speech."""

_QUIET_FRAMES = 5
"""So many frames of 20 ms without sound are silence, and no pause between two words."""
_INTERVAL_NS = 500_000_000
_LONGEST_GAP_S = 1.0
"""Silence that is put in the place of packets that did not come, at most."""


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
        self.rate = 48_000
        """Sampling rate of :attr:`pcm`, Hz."""
        self._pcm = bytearray()
        self._expected: int | None = None
        """Timestamp of the next frame, if none is lost before it."""
        self._since_ns = 0
        self._interval_packets = 0
        self._interval_bytes = 0
        self._interval_level = -math.inf
        self._interval_levels: list[float | None] = []

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
        """Wait until nothing has been heard for a tenth of a second.

        Args:
            timeout_s: bound; the target's patience if not given.

        Raises:
            EventNotReceived: if the sound goes on, or nothing comes at all.

        """
        bound_s = self._patience_s if timeout_s is None else timeout_s
        self._quiet.clear()
        self._quiet_frames = 0
        try:
            async with asyncio.timeout(bound_s):
                await self._quiet.wait()
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

        self._since_ns = self._recorder.now_ns()
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
        import numpy as np

        power = float(np.mean(np.square(samples.astype(np.float64))))
        level = 10 * math.log10(power / 32768**2) if power else -math.inf
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
        self._interval_packets += 1
        self._interval_bytes += samples.nbytes
        self._interval_level = max(self._interval_level, level)
        self._interval_levels.append(_rounded(level))
        if now - self._since_ns >= _INTERVAL_NS:
            self.sum_up(now)

    def sum_up(self, now: int) -> None:
        """Write down what was heard since this was done last."""
        if self._interval_packets:
            data = {
                "packets": self._interval_packets,
                "bytes": self._interval_bytes,
                "level_dbfs": _rounded(self._interval_level),
                "levels_dbfs": self._interval_levels,
                "from_ns": self._since_ns,
            }
            self._recorder.record(Lane.RTP_IN, self._name, Direction.RECEIVED, Kind.MEDIA, data)
        self._since_ns = now
        self._interval_packets = self._interval_bytes = 0
        self._interval_level = -math.inf
        self._interval_levels = []


def _rounded(level: float) -> float | None:
    # JSON has no infinity; digital silence has no level.
    return round(level, 1) if math.isfinite(level) else None
