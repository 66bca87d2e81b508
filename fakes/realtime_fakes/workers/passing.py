"""Passes a WebSocket on as bytes, so that it is what it would be without anybody in between.

Frames, close codes, refusals of the handshake and connections that break off arrive as they left,
because nothing is understood here.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from aiohttp import web
from aiohttp.http_websocket import WebSocketReader

__all__ = ["pass_websocket"]

_CHUNK = 64 * 1024


class _Bytes:
    """What aiohttp hands the bytes of an upgraded connection to: a stream that is read elsewhere.

    It stops reading from the client while the other side does not keep up.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self.reader = asyncio.StreamReader(_CHUNK)
        self.reader.set_transport(transport)

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Take what the client sent."""
        self.reader.feed_data(data)
        return False, b""

    def feed_eof(self) -> None:
        """Take note that the client is gone."""
        self.reader.feed_eof()


async def pass_websocket(
    request: web.Request,
    head: bytes,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> web.StreamResponse:
    """Join a client to a worker until both are done.

    Args:
        request: of the client; nothing has been answered yet.
        head: of the request, for the worker.
        reader: from the worker.
        writer: to the worker; is closed at the end.

    """
    transport = cast(asyncio.Transport, request.transport)
    client = _Bytes(transport)
    request.protocol.set_parser(cast(WebSocketReader, client))
    writer.write(head)
    upwards = asyncio.ensure_future(_upwards(client.reader, writer))
    try:
        while data := await _read(reader):
            transport.write(data)
            await request.writer.drain()
        # The worker has sent all it will; whether it still listens, the client's end decides.
        if transport.can_write_eof() and not transport.is_closing():
            transport.write_eof()
            await upwards
    except ConnectionError:
        pass  # the client is gone
    finally:
        upwards.cancel()
        writer.close()
        transport.close()
    # Everything is said; with the transport closed, aiohttp cannot say it again.
    return web.Response()


async def _upwards(client: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await client.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        return
    writer.close()


async def _read(reader: asyncio.StreamReader) -> Any:
    try:
        return await reader.read(_CHUNK)
    except ConnectionError:
        return b""
