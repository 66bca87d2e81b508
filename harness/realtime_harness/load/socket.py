"""A WebSocket client that costs little: for thousands of sessions in a process.

What it is asked and what it hands on is the same as of the other connections
(:class:`~realtime_harness.clients.base.EventConnection`), so the journeys do not know the
difference. It leaves out what a load engine does not need: events of ours are not checked against
the contract, evidence is not kept but for the last lines, there is no compression, and handshakes
are not made again. A whole frame of text (RFC 6455, section 5.2) is found without copying; the
handshake and all frames that are rare are those of ``websockets``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from time import perf_counter_ns
from typing import Any, cast
from urllib.parse import urlsplit

import orjson
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import Close, Frame, Opcode
from websockets.uri import parse_uri

from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.connection import ReceivedEvent
from realtime_harness.clients.signaling import HttpAnswer
from realtime_harness.clients.transport import ssl_context, unreachable
from realtime_harness.errors import ConnectionRefused, HarnessError
from realtime_harness.evidence import Direction, Kind, Lane
from realtime_harness.load.recent import RecentRecorder
from realtime_harness.targets.target import Target

__all__ = ["LightSocket", "framed", "open_light"]

_TEXT = 0x80 | Opcode.TEXT
_CLOSE_S = 1.0
_MOST_HEAD = 1 << 16
_MOST_FRAME = 1 << 28


def framed(event: Mapping[str, Any]) -> bytes:
    """Return an event as a client's frame, to be sent again and again by many sessions."""
    return bytes(Frame(Opcode.TEXT, orjson.dumps(event)).serialize(mask=True, extensions=[]))


class LightSocket(EventConnection, asyncio.Protocol):
    """One connection. Use :func:`open_light` to open one."""

    def __init__(
        self, *, name: str, lane: Lane, recorder: RecentRecorder, patience_s: float
    ) -> None:
        super().__init__(name=name, lane=lane, recorder=recorder, patience_s=patience_s)
        self.connected_ns = 0
        """When the TCP connection stood, and TLS on it."""
        self.upgraded_ns = 0
        """When the answer to the handshake was read."""
        self._recent = recorder
        self.on_event: Callable[[dict[str, Any], int], None] | None = None
        """Called with each event and when it came, before anybody waits for it."""
        self._rest = b""
        self._parts: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._handshake: ClientProtocol | None = None
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_gone = False
        # Made when they are needed: an event is as large as all the rest.
        self._gone: asyncio.Event | None = None
        self._may_write: asyncio.Event | None = None
        self._code: int | None = None
        self._reason = ""

    async def send(self, event: Mapping[str, Any], *, valid: bool = True) -> int:
        """Send one event, which is not looked at; return its line in the evidence."""
        if self._closed is not None:
            raise self._lost("sending")
        data = dict(event)
        seq = self._recent.add(
            self.lane, self.name, Direction.SENT, Kind.EVENT, data, perf_counter_ns()
        )
        try:
            await self._transmit(orjson.dumps(data))
        except ConnectionError as error:
            raise self._lost("sending") from error
        return seq

    async def send_raw(self, message: str | bytes) -> int:
        """Send text as it is; return its line in the evidence.

        Raises:
            ConnectionLost: if the connection is closed.
            HarnessError: if it is binary, which no load needs.

        """
        if isinstance(message, bytes):
            raise HarnessError("load engines send no binary frames")
        return await super().send_raw(message)

    def write(self, frame: bytes) -> None:
        """Send a frame that :func:`framed` made, without waiting and without evidence.

        Nothing, if the connection is closed.
        """
        if self._closed is None and self._transport is not None:
            self._transport.write(frame)

    def cut(self) -> None:
        """Break the connection off without a close frame, as a lost network does."""
        self._closing = self._cut = True
        if self._transport is not None:
            self._transport.abort()

    # What the base asks for.

    async def _transmit(self, frame: str | bytes) -> None:
        if self._may_write is not None:
            await self._may_write.wait()
        if self._is_gone or self._transport is None:
            raise ConnectionResetError
        data = frame.encode() if isinstance(frame, str) else frame
        self._transport.write(Frame(Opcode.TEXT, data).serialize(mask=True, extensions=[]))

    async def _shut(self) -> None:
        if self._transport is None:
            return
        if self._opened.done() and not self._is_gone:
            self._gone = asyncio.Event()
            self._transport.write(
                Frame(Opcode.CLOSE, Close(1000, "").serialize()).serialize(mask=True, extensions=[])
            )
            try:
                async with asyncio.timeout(_CLOSE_S):
                    await self._gone.wait()
            except TimeoutError:
                pass
        self._transport.abort()

    # What the transport tells.

    async def handshake(self, protocol: ClientProtocol) -> None:
        """Ask for the protocol to be switched, and wait for the answer."""
        self._handshake = protocol
        assert self._transport is not None
        self._transport.write(b"".join(protocol.data_to_send()))
        await self._opened

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note where to send."""
        self.connected_ns = perf_counter_ns()
        # No assertion: that of uvloop is of no class of asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Hand on all events that are complete."""
        t_ns = perf_counter_ns()
        if self._rest:
            data = self._rest + data
        if self._handshake is not None:
            data = self._answered(data)
            if self._handshake is not None:
                self._rest = data
                return
            self.upgraded_ns = t_ns
        at, size = 0, len(data)
        while size - at >= 2:
            start, length = at + 2, data[at + 1]
            if length >= 126:
                start += 2 if length == 126 else 8
                if size < start:
                    break
                length = int.from_bytes(data[at + 2 : start], "big")
            end = start + length
            if end > size:
                if length > _MOST_FRAME:
                    self.cut()
                break
            if data[at] == _TEXT:
                self._event(data[start:end], t_ns)
            else:
                self._rare(data[at], data[start:end], t_ns)
            at = end
        self._rest = data[at:]
        if self._waiters:
            self._wake()

    def eof_received(self) -> None:
        """Close when the other side does."""

    def connection_lost(self, error: Exception | None) -> None:
        """Note that it is over."""
        if self._handshake is not None and not self._opened.done():
            self._handshake.receive_eof()
            self._fail_handshake()
        self._is_gone = True
        if self._gone is not None:
            self._gone.set()
        self.resume_writing()
        self._ended(code=self._code, reason=self._reason)

    def pause_writing(self) -> None:
        """Keep senders waiting: the other side does not read."""
        self._may_write = self._may_write or asyncio.Event()

    def resume_writing(self) -> None:
        """Let senders go on."""
        if self._may_write is not None:
            self._may_write.set()
            self._may_write = None

    # Inside.

    def _event(self, frame: bytes, t_ns: int) -> None:
        try:
            data = orjson.loads(frame)
        except ValueError:
            data = None
        if not isinstance(data, dict):
            # Whatever it is, the base has a name for it.
            self._received(frame.decode(errors="replace"), t_ns)
            return
        seq = self._recent.add(
            self.lane, self.name, Direction.RECEIVED, Kind.EVENT, data, t_ns, frame
        )
        if self.on_event is not None:
            self.on_event(data, t_ns)
        self._events.append(ReceivedEvent(data=data, seq=seq, t_ns=t_ns))

    def _rare(self, head: int, payload: bytes, t_ns: int) -> None:
        opcode, is_last = head & 0x0F, head & 0x80
        match opcode:
            case Opcode.TEXT | Opcode.CONT:
                self._parts.append(payload)
                if is_last:
                    whole, self._parts = b"".join(self._parts), []
                    self._event(whole, t_ns)
            case Opcode.BINARY:
                self._received(payload, t_ns)
            case Opcode.PING:
                self._answer(Opcode.PONG, payload)
            case Opcode.CLOSE:
                if len(payload) >= 2:
                    self._code = int.from_bytes(payload[:2], "big")
                    self._reason = payload[2:].decode(errors="replace")
                if not self._closing:
                    self._answer(Opcode.CLOSE, payload[:2])
                if self._transport is not None:
                    self._transport.close()

    def _answer(self, opcode: Opcode, payload: bytes) -> None:
        if self._transport is not None:
            self._transport.write(Frame(opcode, payload).serialize(mask=True, extensions=[]))

    def _answered(self, data: bytes) -> bytes:
        """Look at the answer to the handshake; return what is behind it."""
        assert self._handshake is not None
        end = data.find(b"\r\n\r\n") + 4
        if end < 4 and len(data) < _MOST_HEAD:
            return data
        if data.startswith(b"HTTP/1.1 101"):
            self._handshake.receive_data(data[:end])
            data = data[end:]
        else:
            # The whole answer is the reason why not; it ends with the connection.
            self._handshake.receive_data(data)
            data = b""
        if self._handshake.handshake_exc is not None:
            self._fail_handshake()
        elif self._handshake.state.name == "OPEN":
            self._handshake = None
            self._opened.set_result(None)
        return data

    def _fail_handshake(self) -> None:
        assert self._handshake is not None
        if not self._opened.done():
            error = self._handshake.handshake_exc or ConnectionResetError("the connection broke")
            self._opened.set_exception(error)


async def open_light(
    target: Target,
    recorder: RecentRecorder,
    *,
    name: str,
    lane: Lane,
    query: Mapping[str, str],
    key: str | None = None,
    path: str = "/realtime",
    timeout_s: float = 10.0,
) -> LightSocket:
    """Open a WebSocket, as :func:`realtime_harness.clients.websocket.open_websocket` does.

    Args:
        target: the endpoint.
        recorder: where the last lines are written down.
        name: of the connection in the evidence.
        lane: ``WEBSOCKET`` or ``SIDEBAND``.
        query: of the URL, complete.
        key: the target's own if not given.
        path: below the target's base URL.
        timeout_s: bound on the handshake.

    Raises:
        ConnectionRefused: if the endpoint does not switch protocols.
        TargetUnreachable: if nothing answers at that address.

    """
    secret = target.api_key if key is None else key
    recorder.redactor.register(secret)
    style = target.profile.key_style
    url = target.websocket_url(path, **{**query, **style.query(secret)})
    protocol = ClientProtocol(parse_uri(url), max_size=None)
    request = protocol.connect()
    for header, value in style.headers(secret).items():
        request.headers[header] = value
    request.headers["User-Agent"] = "realtime-harness"
    protocol.send_request(request)
    place = urlsplit(url)
    is_tls = place.scheme == "wss"
    shown_url = target.websocket_url(path, **query)
    socket: LightSocket | None = None
    try:
        async with asyncio.timeout(timeout_s):
            _, socket = await asyncio.get_running_loop().create_connection(
                lambda: LightSocket(
                    name=name, lane=lane, recorder=recorder, patience_s=target.patience_s
                ),
                place.hostname or "",
                place.port or (443 if is_tls else 80),
                ssl=ssl_context(target) if is_tls else None,
            )
            await socket.handshake(protocol)
    except TimeoutError:
        await _abandon(socket)
        raise ConnectionRefused(
            lane=name, status=None, detail=f"no answer to the handshake within {timeout_s:g} s"
        ) from None
    except InvalidStatus as error:
        await _abandon(socket)
        response = error.response
        answer = HttpAnswer(
            status=response.status_code,
            headers={key.lower(): value for key, value in response.headers.raw_items()},
            body=bytes(response.body or b""),
            seq=0,
            elapsed_ms=0.0,
        )
        raise ConnectionRefused(
            lane=name, status=answer.status, detail=answer.text[:500], answer=answer
        ) from None
    except OSError as error:
        if socket is not None:
            await _abandon(socket)
            raise ConnectionRefused(lane=name, status=None, detail=str(error)) from error
        raise unreachable(target, shown_url, error) from error
    except BaseException:
        await _abandon(socket)
        raise
    recorder.state(name, lane.value, "open")
    return socket


async def _abandon(socket: LightSocket | None) -> None:
    if socket is not None:
        socket.cut()
