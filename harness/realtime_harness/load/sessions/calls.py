"""Sessions over WebRTC: calls whose sound costs little, and sidebands that watch them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from time import perf_counter_ns
from typing import Any, ClassVar

from realtime_harness import rtc
from realtime_harness.audio import pcm
from realtime_harness.clients.call import Audio, ChannelConnection
from realtime_harness.clients.heard import AUDIBLE_DBFS
from realtime_harness.clients.sideband import open_sideband
from realtime_harness.clients.webrtc import PeerCall, SetUp, open_call
from realtime_harness.clients.websocket import WebSocketConnection
from realtime_harness.errors import ConnectionLost, EventNotReceived, TargetViolation
from realtime_harness.journeys.text_turn import text_turn
from realtime_harness.journeys.voice_turn import spoken
from realtime_harness.load.operation import Operation
from realtime_harness.load.sessions.base import Journey, World, completed

__all__ = ["Sideband", "WebrtcIdle", "WebrtcJourney", "WebrtcText", "WebrtcVoice"]

_KEPT_EVENTS = 4
_FRAME = 48 * 20
"""Bytes of 20 ms of 24 kHz PCM16."""


@lru_cache(maxsize=16)
def _opus(sound: bytes) -> tuple[bytes, ...]:
    """Return 24 kHz mono PCM16 as packets of 20 ms; all calls say the same."""
    import numpy as np
    from av import AudioFrame, AudioResampler, CodecContext

    encoder: Any = CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.format, encoder.layout = 24_000, "s16", "mono"
    encoder.options = {"frame_duration": "20", "application": "voip"}
    encoder.open()
    resampler = AudioResampler(format="s16", layout="mono", rate=24_000, frame_size=480)
    samples = np.frombuffer(sound.ljust(-(-len(sound) // _FRAME) * _FRAME, b"\0"), dtype="<i2")
    frame = AudioFrame.from_ndarray(samples[np.newaxis, :], format="s16", layout="mono")
    frame.sample_rate = 24_000
    packets: list[bytes] = []
    for each in (*resampler.resample(frame), None):
        packets += [bytes(packet) for packet in encoder.encode(each)]
    return tuple(packets)


def _new_track() -> Any:
    """Return a track that sends what it is given in real time, and silence otherwise."""
    from realtime_harness.rtc.tracks import OPUS_SILENCE, PacedTrack

    class Track(PacedTrack):
        def __init__(self) -> None:
            super().__init__()
            self.packets: list[bytes] = []
            self.place = 0
            self.on_end: Callable[[], None] = lambda: None

        def next_frame(self) -> bytes | None:
            if self.place >= len(self.packets):
                return OPUS_SILENCE
            packet = self.packets[self.place]
            self.place += 1
            if self.place == len(self.packets):
                self.on_end()
            return packet

    return Track()


def _phases(set_up: SetUp, created_ns: int) -> dict[str, int]:
    """Return the phases of a set-up, which follow each other without a gap."""
    return {
        "setup_ms": set_up.open_ns - set_up.begun_ns,
        "http_ms": set_up.answered_ns - set_up.posted_ns,
        "ice_ms": set_up.ice_ns - set_up.answered_ns,
        "dtls_ms": set_up.dtls_ns - set_up.ice_ns,
        "sctp_ms": set_up.open_ns - set_up.dtls_ns,
        "created_ms": max(0, created_ns - set_up.open_ns),
    }


class WebrtcJourney(Journey):
    """A call: what is heard is dropped unless somebody listens."""

    speaks: ClassVar[bool] = True
    """Whether it sends sound, silence included; otherwise no RTP leaves."""

    def __init__(self, world: World, number: int) -> None:
        super().__init__(world, number)
        self._call: PeerCall | None = None
        self.track: Any = None

    @property
    def call(self) -> PeerCall:
        """The open call."""
        assert self._call is not None
        return self._call

    @property
    def events(self) -> ChannelConnection:
        """Its data channel."""
        return self.call.events

    async def open(self, operation: Operation) -> None:
        """Make the call and wait for ``session.created``."""
        self.track = _new_track() if self.speaks else None
        self._call = await open_call(
            self.target,
            self.world.signaling,
            self.recorder,
            name="client",
            audio=Audio.NO_TRACK,
            track=self.track,
            listens=False,
            timeout_s=self.target.patience_s,
        )
        created = await self.events.expect("session.created", "error")
        if created.type == "error":
            raise TargetViolation(f"instead of a session came {created.data.get('error')}")
        operation.done_ns = created.t_ns
        operation.more |= _phases(self.call.set_up, created.t_ns)

    async def close(self) -> None:
        """Hang up."""
        if self._call is not None:
            await self._call.close()

    async def cut(self) -> None:
        """Break the call off without a word."""
        if self._call is not None:
            await self._call.cut()


class WebrtcText(WebrtcJourney):
    """A text turn at a time, over the data channel."""

    async def act(self, operation: Operation) -> None:
        """Take a text turn."""
        self.events.forget(keep=_KEPT_EVENTS)
        turn = await text_turn(self.events, str(self.parameters.get("text", "Hello")))
        operation.sent_ns = turn.sent_ns
        operation.first_ns = turn.first_text_ns
        operation.done_ns = turn.done_ns
        completed(turn.response)


class WebrtcIdle(WebrtcJourney):
    """Nothing, but to notice when the call ends."""

    operation = "idle"
    drains = False
    speaks = False

    async def act(self, operation: Operation) -> None:
        """Wait a while for what must not come."""
        with suppress(EventNotReceived):
            await self.call.wait_closed(float(self.parameters.get("hold_s", 3600.0)))
            raise ConnectionLost(lane="client", code=None, reason="hung up", while_doing="idle")


class WebrtcVoice(WebrtcJourney):
    """A spoken turn at a time: what is said and what is heard is RTP."""

    async def act(self, operation: Operation) -> None:
        """Say something, and listen until the first audible sound of the answer."""
        events, track = self.events, self.track
        events.forget(keep=_KEPT_EVENTS)
        loop = asyncio.get_running_loop()
        said: asyncio.Future[None] = loop.create_future()
        audible: asyncio.Future[int] = loop.create_future()
        self._listen(audible)
        begun_ns = perf_counter_ns()

        def note_end() -> None:
            if not said.done():
                said.set_result(None)

        track.on_end = note_end
        track.packets = _opus(spoken(self.target, str(self.parameters.get("text", "Hello"))))
        track.place = 0
        try:
            async with asyncio.timeout(self.target.patience_s):
                await said
                operation.send_later(begun_ns)
                created = await events.expect("response.created", "error")
                if created.type == "error":
                    raise TargetViolation(f"instead of a response came {created.data}")
                operation.first_audio_ns = await audible
                done = await events.expect("response.done")
        except TimeoutError:
            raise EventNotReceived(
                expected="first audible sound" if said.done() else "end of what is said",
                lane="client",
                timeout_s=self.target.patience_s,
                seen=[event.type for event in events.events],
            ) from None
        finally:
            self._ignore()
        operation.done_ns = max(done.t_ns, operation.first_audio_ns)
        completed(done.data.get("response") or {})

    def _listen(self, audible: asyncio.Future[int]) -> None:
        def listener(sound: bytes) -> None:
            if not audible.done() and pcm.dbfs(sound) > AUDIBLE_DBFS:
                audible.set_result(perf_counter_ns())
                self._ignore()

        for receiver in self.call.peer.getReceivers():
            if receiver.track.kind == "audio":
                rtc.hear(self.call.peer, receiver.track, listener)

    def _ignore(self) -> None:
        for receiver in self.call.peer.getReceivers():
            rtc.ignore(self.call.peer, receiver.track)


class Sideband(WebrtcText):
    """A call with a sideband that sees what happens on it."""

    def __init__(self, world: World, number: int) -> None:
        super().__init__(world, number)
        self._sideband: WebSocketConnection | None = None

    async def open(self, operation: Operation) -> None:
        """Make the call, and attach to it."""
        await super().open(operation)
        self._sideband = await open_sideband(
            self.target, self.recorder, self.call.id, name="sideband", retry_s=2.0
        )
        operation.done_ns = perf_counter_ns()

    async def act(self, operation: Operation) -> None:
        """Take a text turn on the call, and see its end on the sideband."""
        assert self._sideband is not None
        self._sideband.forget()
        await super().act(operation)
        seen = await self._sideband.expect("response.done")
        operation.more["sideband_ms"] = max(0, seen.t_ns - operation.done_ns)

    async def close(self) -> None:
        """Detach and hang up."""
        if self._sideband is not None:
            await self._sideband.close()
        await super().close()
