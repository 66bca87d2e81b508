"""What calls say and hear: lite, for hundreds of them, and full, as everybody else does it.

Lite sound is encoded once for all calls, sent by one clock, and decoded until the first audible
sample; behind that only packets count. Full sound goes through a peer of aiortc's own, with its
encoder, its jitter buffer and its decoder.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from functools import cache, lru_cache
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from realtime_harness import rtc
from realtime_harness.audio import pcm
from realtime_harness.clients.heard import AUDIBLE_DBFS
from realtime_harness.load.playout import Playout, RtpPlayout

if TYPE_CHECKING:
    from aiortc import MediaStreamTrack, RTCPeerConnection

__all__ = ["CallSound", "FullSound", "LiteSound"]

_RATE = 24_000
_FRAME = 48 * 20
"""Bytes of 20 ms of 24 kHz PCM16."""
_OPUS_RATE = 48_000


class CallSound(ABC):
    """The two ends of a call's sound. Make one for each call, before its offer."""

    def __init__(self, peer: RTCPeerConnection, track: MediaStreamTrack | None) -> None:
        self.peer = peer
        """To make the call with."""
        self.track = track
        """To be sent on it: silence, unless something is said. ``None`` if no sound is sent."""
        self._audible: asyncio.Future[int] | None = None
        self._playout: RtpPlayout | None = None

    @abstractmethod
    def say(self, sound: bytes) -> asyncio.Future[None]:
        """Say 24 kHz mono PCM16 in real time; is done when the last 20 ms leave."""

    def listen(self) -> asyncio.Future[int]:
        """Listen from now on; is done with the time at which the first audible 20 ms came."""
        self._audible = asyncio.get_running_loop().create_future()
        self._playout = None
        self._open_ear()
        return self._audible

    def ignore(self) -> Playout | None:
        """Listen no more; return how it would have been played from the first audible sound on.

        ``None`` if there was none. Idempotent.
        """
        if self._audible is None:
            return None
        self._audible.cancel()
        self._audible = None
        self._close_ear()
        return None if self._playout is None else self._playout.playout

    async def close(self) -> None:
        """Listen no more. Idempotent; the peer is closed by the call."""
        self.ignore()

    @abstractmethod
    def _open_ear(self) -> None:
        """Have :meth:`_hear` called with what is heard."""

    @abstractmethod
    def _follow(self, playout: RtpPlayout) -> None:
        """Have packets played out, and look at no samples any more."""

    @abstractmethod
    def _close_ear(self) -> None:
        """Drop what is heard."""

    def _hear(self, sound: bytes) -> None:
        if self._audible is None or self._audible.done() or pcm.dbfs(sound) <= AUDIBLE_DBFS:
            return
        self._audible.set_result(perf_counter_ns())
        if (reception := rtc.reception(self.peer)) is not None:
            self._playout = RtpPlayout(reception.clock_rate, perf_counter_ns)
            self._follow(self._playout)


class LiteSound(CallSound):
    """Sound that costs little.

    Args:
        speaks: whether sound is sent at all.

    """

    def __init__(self, speaks: bool = True) -> None:
        # Two sections of an offer, of which each would open its sockets otherwise.
        track = _encoded_track()() if speaks else None
        super().__init__(rtc.peer_connection(bundled=True), track)

    def say(self, sound: bytes) -> asyncio.Future[None]:
        """Say 24 kHz mono PCM16 in real time; is done when the last 20 ms leave."""
        said: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        track: Any = self.track
        track.say(_opus(sound), said)
        return said

    def _open_ear(self) -> None:
        for receiver in self._receivers():
            rtc.hear(self.peer, receiver.track, self._hear)

    def _follow(self, playout: RtpPlayout) -> None:
        for receiver in self._receivers():
            rtc.tap_packets(receiver, playout.packet)

    def _close_ear(self) -> None:
        for receiver in self._receivers():
            rtc.ignore(self.peer, receiver.track)

    def _receivers(self) -> list[Any]:
        return [each for each in self.peer.getReceivers() if each.track.kind == "audio"]


class FullSound(CallSound):
    """Sound as aiortc has it when nobody interferes.

    Args:
        speaks: whether sound is sent at all.

    """

    def __init__(self, speaks: bool = True) -> None:
        from aiortc import RTCPeerConnection

        track = _plain_track()() if speaks else None
        super().__init__(RTCPeerConnection(rtc.configuration()), track)
        self._take: Callable[[Any], None] | None = None
        self._listener: asyncio.Task[None] | None = None
        self.peer.on("track", self._on_track)

    def say(self, sound: bytes) -> asyncio.Future[None]:
        """Say 24 kHz mono PCM16 in real time; is done when the last 20 ms leave."""
        said: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        track: Any = self.track
        track.say(sound, said)
        return said

    async def close(self) -> None:
        """Listen no more. Idempotent; the peer is closed by the call."""
        await super().close()
        if self._listener is not None:
            self._listener.cancel()
            with suppress(asyncio.CancelledError):
                await self._listener
            self._listener = None

    def _on_track(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            self._listener = asyncio.create_task(self._listen(track), name="listen")

    async def _listen(self, track: MediaStreamTrack) -> None:
        from aiortc.mediastreams import MediaStreamError

        with suppress(MediaStreamError):
            while True:
                # Also what nobody wants is decoded and taken, as applications do.
                frame = await track.recv()
                if self._take is not None:
                    self._take(frame)

    def _open_ear(self) -> None:
        def take(frame: Any) -> None:
            samples = frame.to_ndarray().reshape(-1)[:: len(frame.layout.channels)]
            self._hear(samples.tobytes())

        self._take = take

    def _follow(self, playout: RtpPlayout) -> None:
        self._take = lambda frame: playout.packet(frame.pts, b"")

    def _close_ear(self) -> None:
        self._take = None


@lru_cache(maxsize=16)
def _opus(sound: bytes) -> tuple[bytes, ...]:
    """Return 24 kHz mono PCM16 as packets of 20 ms; all calls say the same."""
    import numpy as np
    from av import AudioFrame, AudioResampler, CodecContext

    encoder: Any = CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.format, encoder.layout = _RATE, "s16", "mono"
    encoder.options = {"frame_duration": "20", "application": "voip"}
    encoder.open()
    resampler = AudioResampler(format="s16", layout="mono", rate=_RATE, frame_size=480)
    samples = np.frombuffer(sound.ljust(-(-len(sound) // _FRAME) * _FRAME, b"\0"), dtype="<i2")
    frame = AudioFrame.from_ndarray(samples[np.newaxis, :], format="s16", layout="mono")
    frame.sample_rate = _RATE
    packets: list[bytes] = []
    for each in (*resampler.resample(frame), None):
        packets += [bytes(packet) for packet in encoder.encode(each)]
    return tuple(packets)


@cache
def _encoded_track() -> type[MediaStreamTrack]:
    """Make the class of tracks that send packets in real time, and silence otherwise."""
    from realtime_harness.rtc.tracks import OPUS_SILENCE, PacedTrack

    class Track(PacedTrack):
        def __init__(self) -> None:
            super().__init__()
            self._packets: tuple[bytes, ...] = ()
            self._place = 0
            self._said: asyncio.Future[None] | None = None

        def say(self, packets: tuple[bytes, ...], said: asyncio.Future[None]) -> None:
            self._packets, self._place, self._said = packets, 0, said

        def next_frame(self) -> bytes | None:
            if self._place >= len(self._packets):
                return OPUS_SILENCE
            packet = self._packets[self._place]
            self._place += 1
            if self._place == len(self._packets) and self._said is not None:
                _settle(self._said)
            return packet

    return Track


@cache
def _plain_track() -> type[MediaStreamTrack]:
    """Make the class of tracks that give samples in real time, and silence otherwise."""
    import numpy as np
    from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
    from av import AudioFrame

    size = 2 * _OPUS_RATE // 50

    class Track(MediaStreamTrack):
        kind = "audio"

        def __init__(self) -> None:
            super().__init__()
            self._sound = b""
            self._said: asyncio.Future[None] | None = None
            self._frames = 0
            self._since_ns = 0

        def say(self, sound: bytes, said: asyncio.Future[None]) -> None:
            self._sound, self._said = pcm.resample(sound, _RATE, _OPUS_RATE), said

        async def recv(self) -> Any:
            if self.readyState != "live":
                raise MediaStreamError
            self._since_ns = self._since_ns or perf_counter_ns()
            due_ns = self._since_ns + self._frames * 20_000_000
            await asyncio.sleep(max(0, due_ns - perf_counter_ns()) / 1e9)
            piece, self._sound = self._sound[:size], self._sound[size:]
            if not self._sound and self._said is not None:
                _settle(self._said)
                self._said = None
            samples = np.frombuffer(piece.ljust(size, b"\0"), dtype="<i2")
            frame = AudioFrame.from_ndarray(samples[np.newaxis, :], format="s16", layout="mono")
            frame.sample_rate, frame.time_base = _OPUS_RATE, Fraction(1, _OPUS_RATE)
            frame.pts = self._frames * (size // 2)
            self._frames += 1
            return frame

    return Track


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
