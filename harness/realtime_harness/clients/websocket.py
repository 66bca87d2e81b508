"""WebSocket connections, opened by a model's name or as a sideband of a call."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from websockets import exceptions
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
    WebSocketException,
)
from websockets.typing import Subprotocol

from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.signaling import HttpAnswer
from realtime_harness.clients.transport import ssl_context, unreachable
from realtime_harness.errors import ConnectionRefused, EventNotReceived
from realtime_harness.evidence import MASK, Direction, Kind, Lane, Recorder
from realtime_harness.targets.target import Target

__all__ = ["Auth", "WebSocketConnection", "open_websocket"]

_CLOSE_TIMEOUT_S = 3.0
# ``proxy`` came with websockets 15; before, there was no support for proxies to switch off.
_KNOWS_PROXY = "proxy" in inspect.signature(connect).parameters
# A proxy that fails is no fault of the endpoint's.
_PROXY_ERRORS = tuple(
    getattr(exceptions, name)
    for name in ("InvalidProxy", "ProxyError")
    if hasattr(exceptions, name)
)


class Auth(Enum):
    """How a WebSocket client shows its key."""

    HEADER = "header"
    """As servers do: ``Authorization: Bearer``, or the way of the target's profile."""
    SUBPROTOCOL = "subprotocol"
    """``openai-insecure-api-key.<key>`` beside ``realtime``, as browsers do."""
    NONE = "none"


class WebSocketConnection(EventConnection):
    """An open WebSocket, on the lane ``ws`` or ``sideband``."""

    def __init__(
        self,
        socket: ClientConnection,
        *,
        name: str,
        lane: Lane,
        recorder: Recorder,
        patience_s: float = 5.0,
    ) -> None:
        super().__init__(name=name, lane=lane, recorder=recorder, patience_s=patience_s)
        self._socket = socket
        self._reader = asyncio.create_task(self._read(), name=f"read {name}")

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that the server selected."""
        return self._socket.subprotocol

    async def _read(self) -> None:
        try:
            async for frame in self._socket:
                self._received(frame)
        except ConnectionClosed:
            pass
        finally:
            # A socket that broke without a close frame has no code: websockets calls that 1006.
            protocol = self._socket.protocol
            code = protocol.close_code
            self._ended(code=None if code == 1006 else code, reason=protocol.close_reason or "")

    async def _transmit(self, frame: str | bytes) -> None:
        try:
            await self._socket.send(frame)
        except ConnectionClosed as error:
            # The reader notes how it ended; whoever sends gets to know after that.
            await asyncio.wait({self._reader}, timeout=_CLOSE_TIMEOUT_S)
            raise ConnectionResetError(str(error)) from error

    async def _shut(self) -> None:
        await self._socket.close()
        await asyncio.wait({self._reader}, timeout=_CLOSE_TIMEOUT_S)
        if not self._reader.done():
            self._reader.cancel()

    async def ping(self, *, timeout_s: float | None = None) -> float:
        """Ping, and return after how many milliseconds the pong came.

        Raises:
            EventNotReceived: if none came in time; the target's patience if not given.
            ConnectionLost: if the connection is closed.

        """
        bound_s = self._patience_s if timeout_s is None else timeout_s
        self._recorder.note(f"{self.name} pings")
        try:
            async with asyncio.timeout(bound_s):
                pong = await self._socket.ping()
                return 1000 * await pong
        except TimeoutError:
            raise EventNotReceived(
                expected="pong", lane=self.name, timeout_s=bound_s, seen=[]
            ) from None
        except ConnectionClosed:
            raise self._lost("waiting for a pong") from None

    def cut(self) -> None:
        """Break the connection off without a close frame, as a lost network does."""
        self._closing = self._cut = True
        self._socket.transport.abort()


async def open_websocket(
    target: Target,
    recorder: Recorder,
    *,
    name: str,
    lane: Lane,
    query: Mapping[str, str],
    key: str | None = None,
    auth: Auth = Auth.HEADER,
    subprotocols: Sequence[str] | None = None,
    headers: Mapping[str, str] | None = None,
    path: str = "/realtime",
    timeout_s: float = 10.0,
) -> WebSocketConnection:
    """Open a WebSocket; the handshake is recorded on lane ``transport``.

    A handshake that is refused for now is made again as the target's ``retry`` says; every attempt
    is recorded.

    Args:
        target: the endpoint.
        recorder: where everything is written down.
        name: of the connection in the evidence.
        lane: ``WEBSOCKET`` or ``SIDEBAND``.
        query: of the URL, complete.
        key: the target's own if not given.
        auth: how the key is shown.
        subprotocols: offered in addition to what ``auth`` offers.
        headers: sent in addition to what ``auth`` sends.
        path: below the target's base URL.
        timeout_s: bound on each handshake.

    Raises:
        ConnectionRefused: if the endpoint does not switch protocols; ``answer`` has its response.
        TargetUnreachable: if nothing answers at that address.

    """
    attempt = 0
    while True:
        attempt += 1
        try:
            return await _open(
                target,
                recorder,
                name=name,
                lane=lane,
                query=query,
                key=key,
                auth=auth,
                subprotocols=subprotocols,
                headers=headers,
                path=path,
                timeout_s=timeout_s,
            )
        except ConnectionRefused as refused:
            answer = refused.answer
            asked = answer.headers.get("retry-after") if answer is not None else None
            pause_s = target.retry.pause_s(attempt, refused.status, asked)
            if pause_s is None:
                raise
            recorder.note(
                f"{name} is opened again in {pause_s:.3g} s, as it was refused with "
                f"{refused.status}: attempt {attempt + 1} of {target.retry.attempts}"
            )
        await asyncio.sleep(pause_s)


async def _open(
    target: Target,
    recorder: Recorder,
    *,
    name: str,
    lane: Lane,
    query: Mapping[str, str],
    key: str | None,
    auth: Auth,
    subprotocols: Sequence[str] | None,
    headers: Mapping[str, str] | None,
    path: str,
    timeout_s: float,
) -> WebSocketConnection:
    secret = target.api_key if key is None else key
    recorder.redactor.register(secret)
    headers = dict(headers or {})
    offered = list(subprotocols or ())
    shown_url = url = target.websocket_url(path, **query)
    if auth is Auth.HEADER:
        style = target.profile.key_style
        headers |= style.headers(secret)
        shows = style.query(secret)
        url = target.websocket_url(path, **{**query, **shows})
        shown_url = target.websocket_url(path, **{**query, **dict.fromkeys(shows, MASK)})
    elif auth is Auth.SUBPROTOCOL:
        offered = ["realtime", f"openai-insecure-api-key.{secret}", *offered]
    shown = {**headers, **({"Sec-WebSocket-Protocol": ", ".join(offered)} if offered else {})}
    asked = _record(
        recorder,
        name,
        Direction.SENT,
        Kind.REQUEST,
        {"method": "GET", "url": shown_url, "headers": shown, "body": ""},
    )
    options: dict[str, Any] = {"ssl": ssl_context(target)} if url.startswith("wss:") else {}
    if _KNOWS_PROXY and target.is_loopback:
        options["proxy"] = None
    try:
        socket = await connect(
            url,
            additional_headers=headers,
            subprotocols=[Subprotocol(protocol) for protocol in offered] or None,
            user_agent_header="realtime-harness",
            compression=None,
            max_size=None,
            open_timeout=timeout_s,
            close_timeout=_CLOSE_TIMEOUT_S,
            **options,
        )
    except InvalidStatus as error:
        response = error.response
        answer = _answer(
            recorder, name, asked, response.status_code, response.headers, response.body or b""
        )
        raise ConnectionRefused(
            lane=name, status=answer.status, detail=answer.text[:500], answer=answer
        ) from None
    except _PROXY_ERRORS as error:
        raise unreachable(target, shown_url, error) from error
    except TimeoutError:
        raise ConnectionRefused(
            lane=name, status=None, detail=f"no answer to the handshake within {timeout_s:g} s"
        ) from None
    except (InvalidHandshake, InvalidMessage) as error:
        recorder.state(name, lane.value, "refused", why=str(error))
        raise ConnectionRefused(lane=name, status=None, detail=str(error)) from error
    except (WebSocketException, EOFError) as error:
        raise ConnectionRefused(lane=name, status=None, detail=repr(error)) from error
    except OSError as error:
        raise unreachable(target, shown_url, error) from error
    if socket.response is not None:
        _answer(recorder, name, asked, socket.response.status_code, socket.response.headers, b"")
    recorder.state(name, lane.value, "open", subprotocol=socket.subprotocol)
    return WebSocketConnection(
        socket, name=name, lane=lane, recorder=recorder, patience_s=target.patience_s
    )


def _answer(
    recorder: Recorder, name: str, asked: int, status: int, headers: Any, body: bytes
) -> HttpAnswer:
    received: dict[str, str] = {}
    for header, value in headers.raw_items():
        known = received.get(header.lower())
        received[header.lower()] = value if known is None else f"{known}, {value}"
    data = {"status": status, "headers": received, "body": body.decode(errors="replace")}
    seq = _record(recorder, name, Direction.RECEIVED, Kind.RESPONSE, data)
    entries = recorder.entries
    return HttpAnswer(
        status=status,
        headers=received,
        body=body,
        seq=seq,
        elapsed_ms=(entries[seq].t_ns - entries[asked].t_ns) / 1e6,
    )


def _record(
    recorder: Recorder, name: str, direction: Direction, kind: Kind, data: dict[str, Any]
) -> int:
    return recorder.record(Lane.TRANSPORT, name, direction, kind, data).seq
