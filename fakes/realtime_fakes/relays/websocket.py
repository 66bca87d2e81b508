"""The reference relay from WebSocket to WebSocket.

Frames pass unread, in order, and none is dropped. How an end is passed on:

===========================  ====================================================
what ended                   what the other side sees
===========================  ====================================================
either side closed           the same code and reason (1000 if there was no code)
the service's socket broke   1011 ``connection to the service lost``
the client's socket broke    1001 ``client connection lost``
the relay is stopped         1001 ``relay is shutting down``, on both sides
===========================  ====================================================

Codes are those of RFC 6455, section 7.4.1.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import WSMsgType, web
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from realtime_fakes.audience import Role
from realtime_fakes.relays.delay import DelayLine
from realtime_fakes.relays.upstream import Downlink, Route

__all__ = ["WebSocketLink"]


@dataclass(frozen=True, slots=True)
class _Close:
    """The end of the way down: close the client's side like this."""

    code: int
    reason: str


_NO_CODE = 1005
"""Reported for a close frame without a code; must not be sent (RFC 6455, section 7.4.1)."""


class WebSocketLink:
    """One client's socket, and the socket to the service that was opened for it."""

    def __init__(
        self, client: web.WebSocketResponse, upstream: ClientConnection, route: Route
    ) -> None:
        self._client = client
        self._upstream = upstream
        self._policy = route.policy
        self._downlink = Downlink(route, Role.WEBSOCKET)
        self._line: DelayLine[str | bytes | _Close] = DelayLine()

    @classmethod
    async def open(cls, request: web.Request, route: Route) -> WebSocketLink:
        """Connect to the service, then accept the client with the subprotocol the service chose.

        Raises:
            UpstreamRefused: if the service refuses; the client is then not accepted either.

        """
        upstream = await route.dial()
        client = web.WebSocketResponse(
            protocols=[upstream.subprotocol] if upstream.subprotocol else (),
            compress=False,
            max_msg_size=route.policy.max_frame_bytes or 0,
        )
        try:
            await client.prepare(request)
        except BaseException:
            await upstream.close(1001, "client connection lost")
            raise
        return cls(client, upstream, route)

    async def run(self) -> web.WebSocketResponse:
        """Pass frames on until both sides are closed."""
        drain = asyncio.create_task(self._drain())
        try:
            await asyncio.gather(self._up(), self._fill())
            await self._line.put(_Close(1000, ""), 0)
            await drain
        finally:
            drain.cancel()
        return self._client

    async def close(self, code: int, reason: str) -> None:
        """Close both sides."""
        await self._client.close(code=code, message=reason.encode())
        await self._upstream.close(code, reason)

    async def _up(self) -> None:
        while True:
            message = await self._client.receive()
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                break
            # If the service is gone, _fill() knows and has the client's side closed.
            with suppress(ConnectionClosed):
                await self._upstream.send(message.data)
        if message.type is WSMsgType.CLOSE:
            if not self._policy.ends_with_client:
                return
            close = self._orderly(message.data, message.extra or "")
            await self._upstream.close(close.code, close.reason)
        elif message.type is not WSMsgType.CLOSING and self._policy.client_loss_code is not None:
            await self._upstream.close(self._policy.client_loss_code, "client connection lost")

    async def _fill(self) -> None:
        try:
            while True:
                for frame, delay_s in self._downlink(await self._upstream.recv()):
                    await self._line.put(frame, delay_s)
        except ConnectionClosed as closed:
            if closed.rcvd is not None:
                close = self._orderly(closed.rcvd.code, closed.rcvd.reason)
            elif self._policy.upstream_loss_code is not None:
                close = _Close(self._policy.upstream_loss_code, "connection to the service lost")
            else:
                return
            # Behind the last frame, so that nothing that was sent before the end is lost.
            await self._line.put(close, 0)

    async def _drain(self) -> None:
        while not isinstance(item := await self._line.get(), _Close):
            # A client that is gone is noticed by _up(); what it was still to get is discarded.
            with suppress(ConnectionError):
                if isinstance(item, str):
                    await self._client.send_str(item)
                else:
                    await self._client.send_bytes(item)
        await self._client.close(code=item.code, message=item.reason.encode())

    def _orderly(self, code: int | None, reason: str) -> _Close:
        if not self._policy.keeps_close_codes or code in (None, 0, _NO_CODE):
            return _Close(1000, "")
        return _Close(code, reason)
