"""The WebRTC end of a call: data channel and sound of one aiortc peer, attached to a session.

Needs aiortc: import this module only where a call is made.
"""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING

from aiortc import MediaStreamTrack, RTCDataChannel, RTCSessionDescription
from aiortc.exceptions import InvalidStateError, OperationError

from realtime_fakes.audience import Attachment, Role
from realtime_fakes.faults.media import packet_fate
from realtime_fakes.host import Host
from realtime_fakes.playback import Playback
from realtime_fakes.refusals import refusal
from realtime_fakes.sdp import Offer, conventional_answer
from realtime_harness import rtc

if TYPE_CHECKING:
    from realtime_fakes.service import Service

__all__ = ["DataChannelOutlet", "Peer"]

_FLUSH_TIMEOUT_S = 1.0
"""How long a closing call waits for its last events to leave."""


class DataChannelOutlet:
    """Sends events over the data channel of a call, one text message each."""

    def __init__(self, channel: RTCDataChannel) -> None:
        self._channel = channel

    def send(self, events: list[bytes]) -> None:
        """Send serialised events, in order. aiortc queues what does not fit its window."""
        for event in events:
            try:
                self._channel.send(event.decode())
            except InvalidStateError:
                return

    def close(self, code: int, reason: str) -> None:
        """Leave it to the peer, which is closed with the call; channels have no codes."""

    def cut(self) -> None:
        """Leave it to the peer, which is cut off with the call."""

    def half_close(self) -> None:
        """Do nothing: a data channel has no half of its own."""


class Peer:
    """The service's end of one call.

    Args:
        offer: of the caller.
        host: runs the session of the call; it ends when the caller leaves.
        service: the call belongs to.
        is_filtered: whether the data channel gets only what is for users.
        key: the call was opened with.

    """

    def __init__(
        self,
        offer: Offer,
        *,
        host: Host,
        service: Service,
        is_filtered: bool = False,
        key: str | None = None,
    ) -> None:
        self._offer = offer
        self._host = host
        self._service = service
        role = Role.FILTERED_CHANNEL if is_filtered else Role.DATA_CHANNEL
        self._party = Attachment(role, "oai-events", service.keys.lineage(key))
        self._playback = Playback(offer.codec, sends_silence=host.policy.send_silence)
        self._channel: RTCDataChannel | None = None
        self._is_heard = asyncio.Event()
        self._waiting: list[asyncio.Task[None]] = []
        self._setup_timeout = asyncio.get_running_loop().call_later(
            host.policy.call_setup_timeout_s, host.end
        )
        self._peer = rtc.peer_connection()
        self._peer.on("datachannel", self._on_data_channel)
        self._peer.on("track", self._on_track)
        self._peer.on("connectionstatechange", self._on_state)
        host.player = self._playback
        host.media = self

    @property
    def state(self) -> str:
        """``new``, ``connecting``, ``connected``, ``failed`` or ``closed``."""
        return self._peer.connectionState

    @property
    def sent(self) -> dict[str, int]:
        """How many RTP ``frames`` it has sent, and how many of them ``late``, by 20 ms or more."""
        return {"frames": self._playback.frames, "late": self._playback.late}

    async def answer(self) -> str:
        """Apply the offer and return the answer.

        All candidates are in it; by default they are all on 127.0.0.1.

        Raises:
            ApiError: if the WebRTC stack cannot work with the offer.

        """
        local = rtc.loopback_only() if self._service.loopback_only else nullcontext()
        try:
            if self._offer.has_audio:
                self._peer.addTrack(self._playback)
            await self._peer.setRemoteDescription(
                RTCSessionDescription(sdp=self._offer.sdp, type="offer")
            )
            with local:
                await self._peer.setLocalDescription(await self._peer.createAnswer())
        except (ValueError, OperationError, InvalidStateError) as error:
            raise refusal("not_whip") from error
        if self._host.faults(self._party):
            self.damage()
        answer = conventional_answer(self._peer.localDescription.sdp, self._offer)
        for tap in self._host.answer_taps:
            answer = tap(answer)
        return answer

    def damage(self) -> None:
        """Do to RTP, in either direction, what the faults say that are on by now."""
        faults = self._host.faults(self._party)
        seed = f"{self._service.switchboard.seed}/rtp"
        rtc.damage_rtp(self._peer, packet_fate(faults, to="caller", seed=seed))
        rtc.damage_received_rtp(self._peer, packet_fate(faults, to="service", seed=f"{seed}-in"))

    async def close(self) -> None:
        """Hang up: what was sent leaves, then channel and media are closed. Idempotent."""
        self._setup_timeout.cancel()
        await self._flush()
        self._stop()
        await rtc.close(self._peer)

    async def cut(self) -> None:
        """Break off without a word to the caller. Idempotent."""
        self._setup_timeout.cancel()
        self._stop()
        await rtc.cut(self._peer)

    def _stop(self) -> None:
        self._playback.stop()
        # aiortc ends the tracks of a peer only if it ever connected.
        for task in self._waiting:
            task.cancel()

    async def _flush(self) -> None:
        """Wait, within a bound, until the channel has handed its messages on."""
        channel = self._channel
        if channel is None or channel.readyState != "open":
            return
        sent = asyncio.Event()
        channel.on("bufferedamountlow", sent.set)
        try:
            async with asyncio.timeout(_FLUSH_TIMEOUT_S):
                if channel.bufferedAmount:
                    await sent.wait()
        except TimeoutError:
            pass

    def _on_data_channel(self, channel: RTCDataChannel) -> None:
        if self._channel is not None or self._host.ended:
            return
        # The label is "oai-events" in the documentation; the service takes any.
        self._channel = channel
        if self._host.policy.greet_after_sound:
            self._waiting.append(self._service.spawn(self._join_when_heard(channel)))
        else:
            self._join(channel)

    def _join(self, channel: RTCDataChannel) -> None:
        """Attach the channel to the session."""
        attachment = self._party
        attachment.name = channel.label
        policy = self._host.policy

        def on_message(message: str | bytes) -> None:
            if policy.largest_message is not None and len(message) > policy.largest_message:
                channel.close()
            else:
                self._host.receive(attachment, message)

        def on_close() -> None:
            if policy.end_with_caller:
                self._host.detach(attachment)

        channel.on("message", on_message)
        channel.on("close", on_close)
        self._host.attach(attachment, DataChannelOutlet(channel))

    async def _join_when_heard(self, channel: RTCDataChannel) -> None:
        await self._is_heard.wait()
        if not self._host.ended:
            self._join(channel)

    def _on_track(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            rtc.hear(self._peer, track, self._hear)
        else:
            rtc.ignore(self._peer, track)

    def _hear(self, pcm: bytes) -> None:
        self._is_heard.set()
        self._host.receive_audio(pcm)

    def _on_state(self) -> None:
        if self.state == "connected":
            self._setup_timeout.cancel()
        elif self.state in ("failed", "closed") and self._host.policy.end_with_caller:
            self._host.end(cause="caller")
