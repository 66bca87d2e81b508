"""The sound of a call on its way out: 20 ms RTP frames, silence between.

Needs aiortc: import this module only where a call is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from av import AudioFrame, AudioResampler, CodecContext
from av.audio.codeccontext import AudioCodecContext

from realtime_harness.rtc.tracks import OPUS_SILENCE, PacedTrack

__all__ = ["Playback"]

_FRAME_S = 0.02
_RATE = 24000
_FRAME_BYTES = int(_RATE * _FRAME_S) * 2


@dataclass(frozen=True, slots=True)
class _Codec:
    """How one RTP codec encodes 20 ms."""

    name: str
    rate: int
    """Of the samples that the encoder takes."""
    silence: bytes
    """A frame of silence."""


_CODECS = {
    # Opus takes 24 kHz as it is.
    "opus": _Codec("libopus", 24000, OPUS_SILENCE),
    "pcmu": _Codec("pcm_mulaw", 8000, b"\xff" * 160),
    "pcma": _Codec("pcm_alaw", 8000, b"\xd5" * 160),
}


class Playback(PacedTrack):
    """A track that plays what it is given and is silent otherwise.

    Frames are encoded when they are due, so that clearing costs nothing and takes effect with the
    next frame.

    Args:
        codec: ``opus``, ``pcmu`` or ``pcma``.

    """

    def __init__(self, codec: str) -> None:
        super().__init__()
        self._codec = _CODECS[codec]
        self._encoder: _Encoder | None = None
        self._queue = bytearray()

    def play(self, pcm: bytes) -> None:
        """Append 24 kHz mono PCM16 to what is playing."""
        self._queue += pcm

    def clear(self) -> None:
        """Drop what has not been played."""
        self._queue.clear()
        self._encoder = None

    def next_frame(self) -> bytes:
        """Return the next 20 ms."""
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
