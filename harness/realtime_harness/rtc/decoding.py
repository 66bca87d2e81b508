"""aiortc's own tracks without a thread for each. Needs aiortc to import."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

from aiortc import rtcrtpreceiver
from aiortc.codecs import get_decoder
from av import AudioFrame, FFmpegError

from realtime_harness.rtc.inside import require_attributes, require_parameters
from realtime_harness.rtc.tracks import OPUS_SILENCE

if TYPE_CHECKING:
    from aiortc import RTCRtpReceiver
    from aiortc.codecs.base import Decoder
    from aiortc.jitterbuffer import JitterFrame
    from aiortc.rtcrtpparameters import RTCRtpCodecParameters

__all__ = ["decode_on_loop", "wrap_decoders"]


class _LoopDecoder:
    """Stands in for the queue to a decoder's thread, and decodes what is put into it at once.

    Decoding 20 ms of sound takes less time than handing them to a thread and back. And the thread
    holds the interpreter's lock just when the loop wants it back from libsrtp, packet by packet:
    with some ten calls in one process, everything on the loop was seconds late.
    """

    def __init__(self, frames: asyncio.Queue[Any]) -> None:
        self._frames = frames
        self._name = ""
        self._decoder: Decoder | None = None
        self._last = b""

    def put(self, task: tuple[RTCRtpCodecParameters, JitterFrame] | None) -> None:
        if task is None:
            self._frames.put_nowait(None)
            return
        codec, encoded = task
        if encoded.data == self._last == OPUS_SILENCE:
            frame = AudioFrame(format="s16", layout="stereo", samples=960)
            frame.planes[0].update(bytes(3840))
            frame.sample_rate, frame.pts = 48000, encoded.timestamp
            frame.time_base = Fraction(1, 48000)
            self._frames.put_nowait(frame)
            return
        self._last = encoded.data
        if self._decoder is None or codec.name != self._name:
            self._name, self._decoder = codec.name, get_decoder(codec)
        with suppress(FFmpegError):  # as the thread does: what cannot be decoded is lost
            for decoded in self._decoder.decode(encoded):
                self._frames.put_nowait(decoded)


def decode_on_loop(receiver: RTCRtpReceiver) -> None:
    """Do it, unless it is done or there is nothing to receive. Before the receiver starts."""
    inside: Any = receiver
    if inside._track is not None and not isinstance(
        inside._RTCRtpReceiver__decoder_queue, _LoopDecoder
    ):
        inside._RTCRtpReceiver__decoder_queue = _LoopDecoder(inside._track._queue)


@cache
def wrap_decoders() -> None:
    """Let threads that would wait for a :class:`_LoopDecoder` end at once.

    Raises:
        HarnessError: if this aiortc has another inside than we know.

    """
    work = rtcrtpreceiver.decoder_worker
    require_parameters("decodes", work, "loop", "input_q")
    require_attributes("decodes", rtcrtpreceiver.RTCRtpReceiver, "__decoder_queue", "_track")

    def decoder_worker(loop: Any, input_q: Any, *more: Any) -> None:
        if not isinstance(input_q, _LoopDecoder):
            work(loop, input_q, *more)

    wrapped: Any = decoder_worker
    rtcrtpreceiver.decoder_worker = wrapped
