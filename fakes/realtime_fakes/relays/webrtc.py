"""The reference relay from WebRTC to WebSocket.

The caller's call ends here, and the relay speaks to the service as a client of its own.

========================================  ==================================================
from                                      to
========================================  ==================================================
events on the caller's data channel       the service, in order
``output_audio_buffer.clear`` of these    the relay's own playback; sockets do not know it
the caller's sound                        ``input_audio_buffer.append``, 20 ms each
``response.output_audio.delta``           RTP; not the data channel, where they do not exist
every other event of the service          the data channel, in order
========================================  ==================================================

The service sees an ordinary WebSocket client, so ``output_audio_buffer.*`` is not sent. A session
that is posted beside the offer becomes the first ``session.update``, except for its model, which
goes into the query. Ends are passed on as in :mod:`realtime_fakes.relays.websocket`; a caller that
hangs up closes the service's socket with 1000.

Needs aiortc: import this module only where a call is made.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson
from aiohttp import web
from aiortc import RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, AudioResampler
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from realtime_fakes.audience import Role
from realtime_fakes.errors import ApiError
from realtime_fakes.playback import Playback
from realtime_fakes.relays.delay import DelayLine
from realtime_fakes.relays.upstream import Downlink, Route, UpstreamRefused
from realtime_fakes.sdp import Offer, conventional_answer, read_offer
from realtime_harness import rtc

__all__ = ["CallLink"]

_FIRST_EVENT_TIMEOUT_S = 10.0
_REFUSED_STATUS = {None: 401, "invalid_api_key": 401}
"""HTTP status for the code of an ``error`` that a socket is greeted with; 400 if not listed."""


class CallLink:
    """One caller's call, and the socket to the service that was opened for it."""

    def __init__(
        self,
        peer: RTCPeerConnection,
        playback: Playback,
        upstream: ClientConnection,
        route: Route,
        on_end: Callable[[CallLink], object],
    ) -> None:
        self.id = f"rtc_relay_{secrets.token_hex(10)}"
        self._peer = peer
        self._playback = playback
        self._upstream = upstream
        self._policy = route.policy
        self._on_end = on_end
        self._downlink = Downlink(route, Role.DATA_CHANNEL)
        self._line: DelayLine[str | bytes | None] = DelayLine()
        """What the service sent; ``None`` is its end."""
        self._channel: asyncio.Future[RTCDataChannel | None] = asyncio.Future()
        """The data channel, ``None`` in a call without one."""
        self._from_caller: asyncio.Queue[str | bytes] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending: asyncio.Task[None] | None = None
        peer.on("datachannel", self._on_channel)
        peer.on("track", lambda track: self._start(self._hear(track)))
        peer.on("connectionstatechange", self._on_connection_state)

    @classmethod
    async def open(
        cls, request: web.Request, route: Route, *, on_end: Callable[[CallLink], object]
    ) -> tuple[CallLink, str]:
        """Connect to the service and answer the caller's offer; return the link and the answer.

        Args:
            request: holds the offer, bare or in a form beside a session.
            route: where the socket to the service leads.
            on_end: called once, when the link has ended.

        Raises:
            UpstreamRefused: if the service refuses, at the handshake or with its first event.
            ApiError: if the offer cannot be answered or the service cannot be reached.

        """
        body, session = await _read(request)
        offer = read_offer(body)
        upstream = await _with_model(route, session).dial()
        try:
            first = await _first_event(upstream)
            if session:
                await upstream.send(_event("session.update", session=session))
            peer = rtc.peer_connection()
        except BaseException:
            await upstream.close()
            raise
        playback = Playback(offer.codec)
        link = cls(peer, playback, upstream, route, on_end)
        try:
            answer = await link._answer(offer)
        except BaseException as error:
            await link.close(1000, "")
            if isinstance(error, ValueError):
                raise ApiError(f"Invalid SDP offer. {error}", code="invalid_offer") from error
            raise
        link._start(link._fill(first))
        link._start(link._drain())
        link._start(link._up())
        return link, answer

    async def close(self, code: int, reason: str) -> None:
        """Close both sides. Idempotent; returns when it is done."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end(code, reason))
        await asyncio.shield(self._ending)

    # The caller's side.

    async def _answer(self, offer: Offer) -> str:
        if not offer.has_data_channel:
            self._channel.set_result(None)
        await self._peer.setRemoteDescription(RTCSessionDescription(sdp=offer.sdp, type="offer"))
        self._peer.addTrack(self._playback)
        with rtc.loopback_only():
            await self._peer.setLocalDescription(await self._peer.createAnswer())
        return conventional_answer(self._peer.localDescription.sdp, offer)

    def _on_channel(self, channel: RTCDataChannel) -> None:
        if not self._channel.done():
            channel.on("message", self._from_caller.put_nowait)
            channel.on("close", lambda: self._caller_left(1000, ""))
            self._channel.set_result(channel)

    def _on_connection_state(self) -> None:
        if self._peer.connectionState == "failed":
            if (code := self._policy.client_loss_code) is not None:
                self._caller_left(code, "client connection lost")
        elif self._peer.connectionState == "closed":
            self._caller_left(1000, "")

    def _caller_left(self, code: int, reason: str) -> None:
        if self._policy.ends_with_caller:
            self._start(self.close(code, reason))

    async def _hear(self, track: MediaStreamTrack) -> None:
        """Pass the caller's sound to the service."""
        resampler = AudioResampler(format="s16", layout="mono", rate=24000)
        with suppress(MediaStreamError, ConnectionClosed):
            while True:
                frame = await track.recv()
                if not self._policy.hears_caller or not isinstance(frame, AudioFrame):
                    continue
                pcm = b"".join(f.to_ndarray().tobytes() for f in resampler.resample(frame))
                if pcm:
                    audio = base64.b64encode(pcm).decode()
                    await self._upstream.send(_event("input_audio_buffer.append", audio=audio))

    async def _up(self) -> None:
        """Pass the caller's events to the service."""
        with suppress(ConnectionClosed):
            while True:
                frame = await self._from_caller.get()
                if _loads(frame).get("type") == "output_audio_buffer.clear":
                    self._playback.clear()
                else:
                    await self._upstream.send(frame)

    # The service's side.

    async def _fill(self, first: str | bytes) -> None:
        """Put what the service sends into the line, beginning with what it has sent already."""
        frame = first
        try:
            while True:
                for after, delay_s in self._downlink(frame):
                    await self._line.put(after, delay_s)
                frame = await self._upstream.recv()
        except ConnectionClosed:
            if self._policy.ends_call:
                await self._line.put(None, 0)

    async def _drain(self) -> None:
        """Give the caller what comes out of the line, and hang up at its end."""
        channel = await self._channel
        while (frame := await self._line.get()) is not None:
            event = _loads(frame)
            if event.get("type") == "input_audio_buffer.speech_started":
                self._playback.clear()
            if event.get("type") == "response.output_audio.delta":
                if self._policy.speaks_to_caller:
                    self._playback.play(base64.b64decode(event["delta"]))
                if self._policy.drops_audio_deltas:
                    continue
            if channel is not None and channel.readyState == "open":
                channel.send(frame)
        self._start(self.close(1000, ""))

    # Both.

    async def _end(self, code: int, reason: str) -> None:
        for task in self._tasks:
            task.cancel()
        await self._upstream.close(code, reason)
        await rtc.close(self._peer)
        self._playback.stop()
        self._on_end(self)

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _read(request: web.Request) -> tuple[bytes, dict[str, Any]]:
    """Return the offer and the session posted beside it, empty if there is none."""
    if request.content_type != "multipart/form-data":
        return await request.read(), {}
    form = await request.post()
    parts = {
        name: value.encode() if isinstance(value, str) else bytes(value)
        for name, value in form.items()
        if isinstance(value, str | bytes | bytearray)
    }
    return parts.get("sdp", b""), _loads(parts.get("session", b"{}"))


def _with_model(route: Route, session: dict[str, Any]) -> Route:
    """Move the session's model to the query, where a socket has it."""
    model = session.pop("model", None)
    parts = urlsplit(route.url)
    if model is None or "model" in parse_qs(parts.query):
        return route
    query = "&".join(filter(None, (parts.query, urlencode({"model": model}))))
    return replace(route, url=parts._replace(query=query).geturl())


async def _first_event(upstream: ClientConnection) -> str | bytes:
    """Return the service's greeting; sockets are refused by an ``error`` in its place."""
    try:
        async with asyncio.timeout(_FIRST_EVENT_TIMEOUT_S):
            first = await upstream.recv()
    except (TimeoutError, ConnectionClosed) as error:
        raise ApiError(f"The service did not greet: {error!r}", code=None, status=502) from None
    if (event := _loads(first)).get("type") != "error":
        return first
    said = event.get("error") or {}
    kept = {name: said.get(name) for name in ("message", "type", "param", "code")}
    raise UpstreamRefused(
        _REFUSED_STATUS.get(said.get("code"), 400),
        orjson.dumps({"error": kept}),
        "application/json",
    )


def _loads(frame: str | bytes) -> dict[str, Any]:
    """Parse an event; whatever is none is empty, and is passed on unread."""
    try:
        event = orjson.loads(frame)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def _event(type_: str, **fields: Any) -> str:
    return orjson.dumps({"type": type_, **fields}).decode()
