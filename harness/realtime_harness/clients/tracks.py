"""Audio tracks that calls are made with. Needs the ``webrtc`` extra to import."""

from __future__ import annotations

import asyncio
import fractions
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, MediaStreamTrack
from av import AudioFrame

if TYPE_CHECKING:
    from aiortc import RTCPeerConnection

__all__ = ["MeteredTrack", "NoFramesTrack", "ToneTrack", "add_audio"]

_RATE = 48_000
_FRAME = _RATE // 50
"""Samples in 20 ms, the usual length of an RTP packet of speech."""


class NoFramesTrack(MediaStreamTrack):
    """A live track from which no frame ever comes."""

    kind = "audio"

    async def recv(self) -> Any:
        """Wait until the track is stopped.

        Raises:
            MediaStreamError: when it is.

        """
        if self.readyState == "live":
            stopped = asyncio.get_running_loop().create_future()
            self.once("ended", stopped.cancel)
            await asyncio.wait({stopped})
        raise MediaStreamError


class ToneTrack(MediaStreamTrack):
    """A sine of 440 Hz at -12 dBFS, paced in real time."""

    kind = "audio"

    def __init__(self, *, frequency_hz: float = 440.0, level_dbfs: float = -12.0) -> None:
        super().__init__()
        self._frequency_hz = frequency_hz
        # The level is that of the sine's RMS, which lies 3 dB below its peak.
        self._peak = 32767 * 10 ** (level_dbfs / 20) * 2**0.5
        self._position = 0
        self._start: float | None = None

    async def recv(self) -> Any:
        """Return the next 20 ms when they are due.

        Raises:
            MediaStreamError: if the track is stopped.

        """
        if self.readyState != "live":
            raise MediaStreamError
        if self._start is None:
            self._start = time.monotonic()
        await asyncio.sleep(self._start + self._position / _RATE - time.monotonic())
        t = np.arange(self._position, self._position + _FRAME) / _RATE
        samples = (self._peak * np.sin(2 * np.pi * self._frequency_hz * t)).astype(np.int16)
        frame = AudioFrame.from_ndarray(samples[np.newaxis, :], format="s16", layout="mono")
        frame.sample_rate = _RATE
        frame.pts = self._position
        frame.time_base = fractions.Fraction(1, _RATE)
        self._position += _FRAME
        return frame


class MeteredTrack(MediaStreamTrack):
    """Hands on what another track gives, and tells each frame's samples before.

    Args:
        track: whose frames these are; it ends with this one.
        told: gets the samples of each frame, PCM16, of its first channel.

    """

    kind = "audio"

    def __init__(self, track: MediaStreamTrack, told: Callable[[Any], object]) -> None:
        super().__init__()
        self._track = track
        self._told = told

    async def recv(self) -> Any:
        """Return the next frame when it is due.

        Raises:
            MediaStreamError: if the track is stopped.

        """
        frame: Any = await self._track.recv()
        self._told(frame.to_ndarray().reshape(-1)[:: len(frame.layout.channels)])
        return frame

    def stop(self) -> None:
        """End both tracks."""
        self._track.stop()
        super().stop()


def add_audio(peer: RTCPeerConnection, kind: str, told: Callable[[Any], object]) -> None:
    """Give the peer its audio section.

    Args:
        peer: the connection, before its offer.
        kind: a value of :class:`~realtime_harness.clients.call.Audio`.
        told: gets the samples of what is sent, frame by frame.

    """
    tracks = {
        "silent-track": AudioStreamTrack,
        "no-frames-track": NoFramesTrack,
        "tone": ToneTrack,
    }
    if kind in tracks:
        peer.addTrack(MeteredTrack(tracks[kind](), told))
    else:
        peer.addTransceiver("audio", direction="recvonly" if kind == "recvonly" else "sendrecv")
