"""From RTP packets to sound. Needs aiortc to import."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np
from aiortc.codecs import get_decoder
from aiortc.jitterbuffer import JitterFrame
from av import AudioFrame, AudioResampler, CodecContext, FFmpegError
from av import Packet as EncodedPacket
from av.audio.codeccontext import AudioCodecContext

from realtime_harness.rtc.intake import Packet
from realtime_harness.rtc.tracks import OPUS_SILENCE

if TYPE_CHECKING:
    from aiortc.rtcrtpparameters import RTCRtpCodecParameters

__all__ = ["RATE", "Ear"]

RATE = 24_000
"""Of the sound that is heard, samples a second."""

_PATIENCE = 3
"""How many packets behind one that is missing are waited for, before it is given up."""
_FARTHEST = 100
"""A packet that is farther ahead than this begins anew, as after a long interruption."""
_LONGEST_GAP_S = 1.0
"""Silence that is put in the place of packets that did not come, at most."""


class Ear:
    """Makes sound of the packets of one stream: in order, and without holes.

    Args:
        listener: gets 24 kHz mono PCM16, at least 20 ms at a time if packets have as much.

    """

    def __init__(self, listener: Callable[[bytes], object]) -> None:
        self._listener = listener
        self._next: int | None = None
        """Sequence number of the packet that is due."""
        self._waiting: dict[int, Packet] = {}
        """Packets behind one that is missing."""
        self._next_timestamp: int | None = None
        self._decoder: _Decoder | None = None
        self._codec = ""

    def __call__(self, packet: Packet, codec: RTCRtpCodecParameters) -> None:
        """Take a packet as it comes."""
        if not packet.payload:
            return
        if self._next is None:
            self._next = packet.sequence_number
        ahead = _distance(self._next, packet.sequence_number)
        if ahead >= 0x8000 and 0x10000 - ahead <= _FARTHEST:
            return  # too late, or twice
        if ahead > _FARTHEST:
            self._waiting.clear()
            self._next, ahead = packet.sequence_number, 0
        if ahead == 0 and not self._waiting:
            self._play(packet, codec)
            return
        self._waiting[packet.sequence_number] = packet
        if ahead >= _PATIENCE and self._next not in self._waiting:
            self._next = min(self._waiting, key=partial(_distance, self._next))
        while (due := self._waiting.pop(self._next, None)) is not None:
            self._play(due, codec)

    def _play(self, packet: Packet, codec: RTCRtpCodecParameters) -> None:
        self._next = (packet.sequence_number + 1) & 0xFFFF
        if self._decoder is None or codec.name != self._codec:
            self._codec = codec.name
            self._decoder = _OpusDecoder() if codec.name.lower() == "opus" else _OtherDecoder(codec)
        if self._next_timestamp is not None:
            missing = (packet.timestamp - self._next_timestamp) & 0xFFFF_FFFF
            if 0 < missing < 0x8000_0000:
                missing_s = min(missing / codec.clockRate, _LONGEST_GAP_S)
                self._listener(bytes(2 * round(missing_s * RATE)))
        try:
            pcm, duration_s = self._decoder.decode(packet.payload)
        except FFmpegError:
            return  # as if it had been lost
        length = round(duration_s * codec.clockRate)
        self._next_timestamp = (packet.timestamp + length) & 0xFFFF_FFFF
        if pcm:
            self._listener(pcm)


def _distance(start: int, end: int) -> int:
    """Return how far one sequence number is ahead of another; they begin anew after 65535."""
    return (end - start) & 0xFFFF


class _Decoder(Protocol):
    def decode(self, payload: bytes) -> tuple[bytes, float]:
        """Return 24 kHz mono PCM16, and how long the packet lasts in seconds.

        A resampler holds some of the sound back, so these are two things.
        """


class _OpusDecoder:
    """Decodes to one channel, and halves the rate without a filter's help.

    Each sample is the mean of two, which is filter enough for speech.
    """

    def __init__(self) -> None:
        context = CodecContext.create("libopus", "r")
        assert isinstance(context, AudioCodecContext)
        context.format, context.layout, context.sample_rate = "s16", "mono", 48_000
        self._context = context
        self._last = b""

    def decode(self, payload: bytes) -> tuple[bytes, float]:
        if payload == self._last == OPUS_SILENCE:
            return _SILENCE  # nearly all that many callers send
        self._last = payload
        pcm = b"".join(map(_halved, self._context.decode(EncodedPacket(payload))))
        return pcm, len(pcm) / 2 / RATE


_SILENCE = (bytes(2 * RATE // 50), 0.02)


def _halved(frame: AudioFrame) -> bytes:
    samples = np.frombuffer(memoryview(frame.planes[0]), dtype="<i2", count=frame.samples) >> 1
    halved: bytes = (samples[0::2] + samples[1::2]).tobytes()
    return halved


class _OtherDecoder:
    def __init__(self, codec: RTCRtpCodecParameters) -> None:
        self._decoder = get_decoder(codec)
        self._resampler = AudioResampler(format="s16", layout="mono", rate=RATE)

    def decode(self, payload: bytes) -> tuple[bytes, float]:
        parts, duration_s = [], 0.0
        for frame in self._decoder.decode(JitterFrame(payload, 0)):
            assert isinstance(frame, AudioFrame)
            duration_s += frame.samples / frame.sample_rate
            frame.pts = None  # gaps would upset the resampler
            for part in self._resampler.resample(frame):
                parts.append(bytes(part.planes[0])[: 2 * part.samples])
        return b"".join(parts), duration_s
