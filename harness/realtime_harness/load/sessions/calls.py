"""Sessions over WebRTC: calls whose sound costs little, and sidebands that watch them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from time import perf_counter_ns
from typing import ClassVar

from realtime_harness import rtc
from realtime_harness.clients.call import Audio, ChannelConnection
from realtime_harness.clients.connection import ReceivedEvent
from realtime_harness.clients.sideband import once_attachable
from realtime_harness.clients.webrtc import PeerCall, SetUp, open_call
from realtime_harness.errors import ConnectionLost, EventNotReceived
from realtime_harness.evidence import Lane
from realtime_harness.journeys.exchange import expect_or_error
from realtime_harness.journeys.text_turn import text_turn
from realtime_harness.journeys.voice_turn import spoken
from realtime_harness.load.operation import Operation
from realtime_harness.load.sessions.base import Journey, World, completed
from realtime_harness.load.sessions.media import Socket
from realtime_harness.load.sessions.sound import CallSound

__all__ = ["Sideband", "WebrtcIdle", "WebrtcJourney", "WebrtcText", "WebrtcVoice"]

_KEPT_EVENTS = 2
_ENOUGH_PACKETS = 25
"""Of RTP, half a second of sound: of fewer, no share of lost ones is told."""
_ATTACH_S = 2.0
"""A call is not always attachable the moment its offer was answered."""
_TRANSCRIPT = "response.output_audio_transcript.delta"
_PLAYING = "output_audio_buffer.started"
_PLAYED = ("output_audio_buffer.stopped", "output_audio_buffer.cleared")


_NOTHING = rtc.Reception(clock_rate=0, expected=0, received=0, jitter_ns=0)


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
        self._sound: CallSound | None = None
        self._counted = _NOTHING

    @property
    def call(self) -> PeerCall:
        """The open call."""
        assert self._call is not None
        return self._call

    @property
    def sound(self) -> CallSound:
        """What it says and hears."""
        assert self._sound is not None
        return self._sound

    @property
    def events(self) -> ChannelConnection:
        """Its data channel."""
        return self.call.events

    async def open(self, operation: Operation) -> None:
        """Make the call and wait for ``session.created``."""
        self._sound = self.world.media.sound(self.speaks)
        self._counted = _NOTHING
        self._call = await open_call(
            self.target,
            self.world.signaling,
            self.recorder,
            name="client",
            audio=Audio.NO_TRACK,
            track=self._sound.track,
            peer=self._sound.peer,
            listens=False,
            timeout_s=self.target.patience_s,
        )
        created = await expect_or_error(self.events, "session.created")
        operation.done_ns = created.t_ns
        operation.more |= _phases(self.call.set_up, created.t_ns)

    def note_quality(self, operation: Operation) -> None:
        """Note how RTP came through since this was done last; nothing, if hardly any came."""
        peer = self.call.peer
        if (now := rtc.reception(peer)) is not None:
            expected = now.expected - self._counted.expected
            if expected >= _ENOUGH_PACKETS:
                lost = max(0, expected - (now.received - self._counted.received))
                operation.more["loss_percent"] = 100_000_000 * lost // expected
                operation.more["jitter_ms"] = now.jitter_ns
                self._counted = now
        if (round_trip_ns := rtc.round_trip_ns(peer)) is not None:
            operation.more["rtt_ms"] = round_trip_ns

    def forget(self) -> None:
        """Drop the events of the last turn but for a few."""
        if self._call is not None:
            self.events.forget(keep=_KEPT_EVENTS)

    async def close(self) -> None:
        """Hang up."""
        if self._call is not None:
            await self._call.close()
        if self._sound is not None:
            await self._sound.close()

    async def cut(self) -> None:
        """Break the call off without a word."""
        if self._call is not None:
            await self._call.cut()


class WebrtcText(WebrtcJourney):
    """A text turn at a time, over the data channel."""

    async def act(self, operation: Operation) -> None:
        """Take a text turn."""
        turn = await text_turn(self.events, str(self.parameters.get("text", "Hello")))
        operation.sent_ns = turn.sent_ns
        operation.first_ns = turn.first_text_ns
        operation.done_ns = turn.done_ns
        self.note_quality(operation)
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
        """Say something, and listen to the answer: sent is the end of what was said."""
        events, sound = self.events, self.sound
        begun_ns = perf_counter_ns()
        said = sound.say(spoken(self.target, str(self.parameters.get("text", "Hello"))))
        try:
            async with asyncio.timeout(self.target.patience_s):
                await said
                operation.send_later(begun_ns)
                audible = sound.listen()
                created = await expect_or_error(events, "response.created")
                operation.first_audio_ns = await audible
                done = await events.expect("response.done")
            await self._hear_out(created)
        except TimeoutError:
            raise EventNotReceived(
                expected="first audible sound" if said.done() else "end of what is said",
                lane="client",
                timeout_s=self.target.patience_s,
                seen=[event.type for event in events.events],
            ) from None
        finally:
            heard = sound.ignore()
        words = (each.t_ns for each in events.events if each.type == _TRANSCRIPT)
        operation.first_ns = next((t_ns for t_ns in words if t_ns > created.t_ns), None)
        operation.done_ns = done.t_ns
        if heard is not None:
            operation.more |= heard.figures()
        self.note_quality(operation)
        completed(done.data.get("response") or {})

    async def _hear_out(self, created: ReceivedEvent) -> None:
        """Listen until all was played, if the service tells when that is; nobody talks into it."""
        since = [each.type for each in self.events.events if each.t_ns >= created.t_ns]
        if _PLAYING in since and not set(_PLAYED).intersection(since):
            with suppress(EventNotReceived):
                await self.events.expect(*_PLAYED)


class Sideband(WebrtcText):
    """A call with a sideband that sees what happens on it."""

    files = 2

    def __init__(self, world: World, number: int) -> None:
        super().__init__(world, number)
        self._sideband: Socket | None = None

    async def open(self, operation: Operation) -> None:
        """Make the call, and attach to it."""
        await super().open(operation)
        self._sideband = await once_attachable(self._attach, _ATTACH_S)
        operation.done_ns = perf_counter_ns()

    async def _attach(self) -> Socket:
        return await self.world.media.open_socket(
            self.target,
            self.recorder,
            name="sideband",
            lane=Lane.SIDEBAND,
            query={"call_id": self.call.id},
        )

    async def act(self, operation: Operation) -> None:
        """Take a text turn on the call, and see its end on the sideband."""
        assert self._sideband is not None
        await super().act(operation)
        seen = await self._sideband.expect("response.done")
        operation.more["sideband_ms"] = max(0, seen.t_ns - operation.done_ns)

    def forget(self) -> None:
        """Drop the events of the last turn, on both."""
        super().forget()
        if self._sideband is not None:
            self._sideband.forget()

    async def close(self) -> None:
        """Detach and hang up."""
        if self._sideband is not None:
            await self._sideband.close()
        await super().close()
