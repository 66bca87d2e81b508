"""The sound of a call on its way out: 20 ms RTP frames, paced, silence between.

Needs aiortc: import this module only where a call is made.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from fractions import Fraction

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
        self._start: float | None = None
        self._frames = 0

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
        now = asyncio.get_running_loop().time()
        if self._start is None:
            self._start = now
        else:
            self._frames += 1
            due = self._start + self._frames * _FRAME_S
            if now - due > _MAX_LAG_S:
                self._start += now - due
            await asyncio.sleep(max(0.0, due - now))
        packet = Packet(self._next_frame())
        packet.pts = self._frames * round(self._codec.clock * _FRAME_S)
        packet.time_base = Fraction(1, self._codec.clock)
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
            context.options = {"application": "audio"}
        self._context = context
        self._resampler = AudioResampler(
            format="s16", layout="mono", rate=codec.rate, frame_size=round(codec.rate * _FRAME_S)
        )

    def encode(self, pcm: bytes) -> bytes:
        """Encode 20 ms; silence as long as the codec still holds everything back."""
        frame = AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
        frame.sample_rate = _RATE
        frame.planes[0].update(pcm)
        packets = [
            packet
            for resampled in self._resampler.resample(frame)
            for packet in self._context.encode(resampled)
        ]
        return bytes(packets[0]) if packets else self._silence
