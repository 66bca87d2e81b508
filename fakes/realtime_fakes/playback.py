"""The sound of a call on its way out: 20 ms RTP frames, paced, silence between.

Needs aiortc: import this module only where a call is made.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, AudioResampler, CodecContext, Packet
from av.audio.codeccontext import AudioCodecContext
from av.stream import Stream

__all__ = ["Playback"]

_FRAME_S = 0.02
_RATE = 24000
_FRAME_BYTES = int(_RATE * _FRAME_S) * 2
_MAX_LAG_S = 0.2
"""A sender that is later than this (a suspended machine) moves its schedule instead of sending the
missed frames in a burst."""


@dataclass(frozen=True, slots=True)
class _Codec:
    """How one RTP codec encodes 20 ms."""

    name: str
    rate: int
    """Of the samples that the encoder takes."""
    clock: int
    """Of RTP timestamps."""
    silence: bytes
    """A frame of silence."""


_CODECS = {
    # Opus takes 24 kHz as it is; its silence is a CELT frame of 20 ms without content.
    "opus": _Codec("libopus", 24000, 48000, b"\xf8\xff\xfe"),
    "pcmu": _Codec("pcm_mulaw", 8000, 8000, b"\xff" * 160),
    "pcma": _Codec("pcm_alaw", 8000, 8000, b"\xd5" * 160),
}


class Playback(MediaStreamTrack):
    """A track that plays what it is given and is silent otherwise.

    Frames are encoded when they are due, so that clearing costs nothing and takes effect with the
    next frame.

    Args:
        codec: ``opus``, ``pcmu`` or ``pcma``.

    """

    kind = "audio"

    def __init__(self, codec: str) -> None:
        super().__init__()
        self._codec = _CODECS[codec]
        self._encoder: _Encoder | None = None
        self._queue = bytearray()
        self.frames = 0
        """How many were sent."""
        self.late = 0
        """How many of them were ready a frame's time after they were due, or later."""
        self._start = 0.0
        """When frame 0 was due, or would have been, if the schedule was moved since."""

    def play(self, pcm: bytes) -> None:
        """Append 24 kHz mono PCM16 to what is playing."""
        self._queue += pcm

    def clear(self) -> None:
        """Drop what has not been played."""
        self._queue.clear()
        self._encoder = None

    async def recv(self) -> Packet[Stream]:
        """Return the next frame when it is due. Called by the RTP sender."""
        if self.readyState != "live":
            raise MediaStreamError
        clock = asyncio.get_running_loop().time
        now = clock()
        if self.frames == 0:
            self._start = _on_grid(now)
        due = self._start + self.frames * _FRAME_S
        if now - due > _MAX_LAG_S:
            self._start = _on_grid(now) - self.frames * _FRAME_S
        # Also if it is late: others have frames to send, too.
        await asyncio.sleep(max(0.0, due - now))
        packet = Packet(self._next_frame())
        packet.pts = self.frames * round(self._codec.clock * _FRAME_S)
        packet.time_base = Fraction(1, self._codec.clock)
        self.frames += 1
        if clock() - due >= _FRAME_S:
            self.late += 1
        return packet

    def _next_frame(self) -> bytes:
        if self._queue:
            if self._encoder is None:
                self._encoder = _Encoder(self._codec)
            pcm = bytes(self._queue[:_FRAME_BYTES])
            del self._queue[:_FRAME_BYTES]
            return self._encoder.encode(pcm.ljust(_FRAME_BYTES, b"\0"))
        if self._encoder is not None:
            # Encoders hold some milliseconds back; one more frame brings them out.
            encoder, self._encoder = self._encoder, None
            return encoder.encode(bytes(_FRAME_BYTES))
        return self._codec.silence


def _on_grid(time_s: float) -> float:
    """Return the next time at which frames are due.

    It is the same for all calls: they share one wake-up of the loop, and of the callers' machine.
    """
    return ceil(time_s / _FRAME_S) * _FRAME_S


class _Encoder:
    """Encodes one stretch of sound."""

    def __init__(self, codec: _Codec) -> None:
        self._silence = codec.silence
        context = CodecContext.create(codec.name, "w")
        assert isinstance(context, AudioCodecContext)
        context.sample_rate = codec.rate
        context.layout = "mono"
        context.format = "s16"
        context.time_base = Fraction(1, codec.rate)
        if codec.name == "libopus":
            context.bit_rate = 64000
            # The cheapest there is, a third of what the best costs: tones stay as clear.
            context.options = {"application": "lowdelay", "compression_level": "0"}
        self._context = context
        self._resampler: AudioResampler | None = None
        if codec.rate != _RATE:
            self._resampler = AudioResampler(
                format="s16",
                layout="mono",
                rate=codec.rate,
                frame_size=round(codec.rate * _FRAME_S),
            )
        self._samples = 0

    def encode(self, pcm: bytes) -> bytes:
        """Encode 20 ms; silence as long as the codec still holds everything back."""
        frame = AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
        frame.sample_rate = _RATE
        frame.pts = self._samples
        frame.time_base = Fraction(1, _RATE)
        frame.planes[0].update(pcm)
        self._samples += frame.samples
        frames = [frame] if self._resampler is None else self._resampler.resample(frame)
        packets = [packet for each in frames for packet in self._context.encode(each)]
        return bytes(packets[0]) if packets else self._silence
