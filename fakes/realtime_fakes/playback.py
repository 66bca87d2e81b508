"""The sound of a call on its way out: 20 ms RTP frames, silence between.

Needs aiortc: import this module only where a call is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil

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
    next frame. What is given in one piece, as an answer without latency is, is encoded once for
    all calls that say the same.

    Args:
        codec: ``opus``, ``pcmu`` or ``pcma``.
        sends_silence: whether frames are sent also while nothing plays.

    """

    def __init__(self, codec: str, *, sends_silence: bool = True) -> None:
        super().__init__()
        self._sends_silence = sends_silence
        self._codec = _CODECS[codec]
        self._encoder: _Encoder | None = None
        self._queue = bytearray()
        self._utterance: _Utterance | None = None
        """What plays, if it is of one piece; the others then are empty."""
        self._played = 0
        """Frames of it."""

    def play(self, pcm: bytes) -> None:
        """Append 24 kHz mono PCM16 to what is playing."""
        if self._utterance is not None:
            self._go_on_alone(self._utterance)
        elif not self._queue and self._encoder is None:
            self._utterance, self._played = _utterance(self._codec, pcm), 0
            return
        self._queue += pcm

    def clear(self) -> None:
        """Drop what has not been played."""
        self._queue.clear()
        self._encoder = self._utterance = None

    def next_frame(self) -> bytes | None:
        """Return the next 20 ms."""
        if self._utterance is not None:
            frame = self._utterance.frame(self._played)
            self._played += 1
            if self._played == self._utterance.frames:
                self._utterance = None
            return frame
        if self._queue:
            if self._encoder is None:
                self._encoder = _Encoder(self._codec)
            pcm = bytes(self._queue[:_FRAME_BYTES])
            del self._queue[:_FRAME_BYTES]
            return self._encoder.encode(pcm)
        if self._encoder is not None:
            # Encoders hold some milliseconds back; one more frame brings them out.
            encoder, self._encoder = self._encoder, None
            return encoder.encode(b"")
        return self._codec.silence if self._sends_silence else None

    def _go_on_alone(self, utterance: _Utterance) -> None:
        """Encode the rest for this call: it goes on in a way of its own."""
        at = self._played * _FRAME_BYTES
        self._utterance = None
        self._queue += utterance.pcm[at:]
        self._encoder = _Encoder(self._codec)
        for heard in range(max(0, at - 2 * _FRAME_BYTES), at, _FRAME_BYTES):
            # Frames lean on those before, so it has to know the last ones.
            self._encoder.encode(utterance.pcm[heard : heard + _FRAME_BYTES])


class _Utterance:
    """Sound of one piece, encoded as far as somebody has got with it."""

    def __init__(self, codec: _Codec, pcm: bytes) -> None:
        self.pcm = pcm
        self.frames = ceil(len(pcm) / _FRAME_BYTES) + 1
        """With the one that brings out what the encoder holds back."""
        self._encoder = _Encoder(codec)
        self._encoded: list[bytes] = []

    def frame(self, number: int) -> bytes:
        """Return a frame; whoever is first at it has it encoded."""
        while len(self._encoded) <= number:
            at = len(self._encoded) * _FRAME_BYTES
            self._encoded.append(self._encoder.encode(self.pcm[at : at + _FRAME_BYTES]))
        return self._encoded[number]


_utterance = lru_cache(maxsize=32)(_Utterance)


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
        """Encode 20 ms, what is missing of them being silent.

        Returns:
            silence as long as the codec still holds everything back.

        """
        pcm = pcm.ljust(_FRAME_BYTES, b"\0")
        frame = AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
        frame.sample_rate = _RATE
        frame.pts = self._samples
        frame.time_base = Fraction(1, _RATE)
        frame.planes[0].update(pcm)
        self._samples += frame.samples
        frames = [frame] if self._resampler is None else self._resampler.resample(frame)
        packets = [packet for each in frames for packet in self._context.encode(each)]
        return bytes(packets[0]) if packets else self._silence
