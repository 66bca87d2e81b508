"""WebSocket: admission, and the attachment of a socket to a session.

The live service accepts the handshake of a caller that it is about to refuse, sends one ``error``
event and closes with a code of its own; only an unknown call id fails the handshake itself (probed:
https://github.com/gauravzqa/llmgw ``capabilities/captures-ws.md``; community.openai.com 1396002).
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from math import inf
from os import urandom
from random import Random
from struct import Struct
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import WSMsgType, web

from realtime_fakes.audience import Attachment, Role
from realtime_fakes.errors import ApiError, api_error
from realtime_fakes.host import Host
from realtime_fakes.keys import DEFAULT_MODEL, EphemeralKey
from realtime_fakes.policy import Policy
from realtime_fakes.refusals import key_refused, refusal
from realtime_fakes.session_types import check_path
from realtime_fakes.switches import InForce

if TYPE_CHECKING:
    from realtime_fakes.service import Service

__all__ = [
    "MAX_UNSENT",
    "SUBPROTOCOL",
    "WebSocketOutlet",
    "bearer_key",
    "in_force",
    "is_beta",
    "serve_websocket",
]

_MAX_MESSAGE = 32 * 1024 * 1024
"""Of a client's frame, bytes. One append may carry 15 MiB of audio (OpenAI SDK, docstring of
``input_audio_buffer_append_event``), which is 20 MiB as base64."""

MAX_UNSENT = 64 * 1024 * 1024
"""A socket that has not read this many bytes is cut off; waiting for it would hold up others."""

_CLOSE_TIMEOUT = 2.0
"""Seconds that a client has to answer our close frame."""

SUBPROTOCOL = "realtime"
_KEY_SUBPROTOCOL = "openai-insecure-api-key."
_BETA_SUBPROTOCOL = "openai-beta.realtime-v1"
_API_KEY = "api-key"

_LONG_KEY = 32
"""Characters from which on an unknown key may be overlooked; those that are good have more."""

_REFUSED_BY_STATUS = frozenset({"call_id_not_found", "rate_limit_exceeded"})
"""Refusals that fail the handshake itself. That the second one does is our choice."""

_NORMAL, _ABNORMAL, _INTERNAL_ERROR = 1000, 1006, 1011

_logger = logging.getLogger(__name__)

_TEXT = 0x81
_PING = b"\x89\x04"
_RIGHT = Policy()
_SHORT, _LONG = Struct("!BBH"), Struct("!BBQ")


class WebSocketOutlet:
    """Sends events over an accepted socket.

    Frames are written to the transport by hand, and all that one turn of the event loop brings goes
    in a single write: with a call to the system for each frame, half of the server's time would go
    into sending.

    Args:
        socket: that was accepted.
        transport: of the socket.
        ping_interval_s: seconds between two pings. The live service pings about every 20 s, with
            four bytes, whether there is traffic or not (probed: llmgw, as above).
        longest_silence_s: seconds after a ping in which something has to come; then the client is
            gone, and TCP may not tell for hours.

    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport,
        *,
        ping_interval_s: float,
        longest_silence_s: float = inf,
    ) -> None:
        self.is_heard = True
        """To be set with each message that comes, pongs included."""
        self._socket = socket
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._parts: list[bytes] = []
        self._is_half_closed = False
        self._closing: asyncio.Task[bool] | None = None
        self._ping_interval_s = ping_interval_s
        self._longest_silence_s = longest_silence_s
        self._silence_s = 0.0
        self._ping_timer = self._loop.call_later(ping_interval_s, self._ping)

    def send(self, events: list[bytes]) -> None:
        """Send serialised events, in order."""
        parts = self._parts
        if not parts:
            self._loop.call_soon(self._flush)
        for event in events:
            size = len(event)
            if size < 126:
                parts.append(bytes((_TEXT, size)))
            elif size < 0x10000:
                parts.append(_SHORT.pack(_TEXT, 126, size))
            else:
                parts.append(_LONG.pack(_TEXT, 127, size))
            parts.append(event)

    def close(self, code: int, reason: str) -> None:
        """Close with a code and a reason, behind what was sent. Idempotent."""
        if self._closing is None and not self._socket.closed:
            self._flush()
            self._closing = asyncio.ensure_future(
                self._socket.close(code=code, message=reason.encode())
            )

    def cut(self) -> None:
        """Break the connection off without a close frame, behind what was sent."""
        self._flush()
        self._transport.abort()

    def half_close(self) -> None:
        """Close the sending direction of the TCP connection; over TLS just stop to send."""
        self._flush()
        self._is_half_closed = True
        if self._transport.can_write_eof():
            self._transport.write_eof()

    async def release(self) -> None:
        """Stop pinging, and wait until a close that was begun is through."""
        self._ping_timer.cancel()
        if self._closing is not None:
            await self._closing

    def _flush(self) -> None:
        parts, self._parts = self._parts, []
        if parts and self._is_open():
            self._transport.write(b"".join(parts))
            if self._transport.get_write_buffer_size() > MAX_UNSENT:
                self._transport.abort()

    def _ping(self) -> None:
        self._silence_s = 0.0 if self.is_heard else self._silence_s + self._ping_interval_s
        self.is_heard = False
        if self._silence_s >= self._longest_silence_s:
            self.close(_INTERNAL_ERROR, "keepalive ping timeout")
        elif self._is_open():
            self._transport.write(_PING + urandom(4))
            self._ping_timer = self._loop.call_later(self._ping_interval_s, self._ping)

    def _is_open(self) -> bool:
        return (
            self._closing is None
            and not self._socket.closed
            and not self._transport.is_closing()
            and not self._is_half_closed
        )


@dataclass(frozen=True, slots=True)
class _Admission:
    """Who a handshake lets in, and to what."""

    host: Host
    attachment: Attachment


async def serve_websocket(service: Service, request: web.Request) -> web.StreamResponse:
    """Answer ``GET /realtime``: admit the caller and serve it until either side closes.

    Raises:
        ApiError: if the handshake itself is to fail; the caller answers it over HTTP.

    """
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise refusal("websocket_only")
    try:
        admission = _admit(service, request)
    except ApiError as error:
        if (
            error.code in _REFUSED_BY_STATUS
            or not in_force(service, request).policy.refuse_in_socket
        ):
            raise
        return await _refuse(service, request, error)
    socket = await _accept(service, request)
    transport = request.transport
    if transport is None:
        if admission.attachment.role is Role.WEBSOCKET:
            admission.host.end()
        return socket
    host, attachment = admission.host, admission.attachment
    outlet = WebSocketOutlet(
        socket,
        transport,
        ping_interval_s=host.policy.ping_interval_s,
        longest_silence_s=host.policy.longest_silence_s,
    )
    try:
        if attachment.role is Role.WEBSOCKET and (greeting := host.policy.latency.greeting)[1]:
            await asyncio.sleep(Random(host.session.id).uniform(*greeting))
        host.attach(attachment, outlet)
        while True:
            message = await socket.receive()
            outlet.is_heard = True
            if message.type is WSMsgType.TEXT or message.type is WSMsgType.BINARY:
                if pause_s := host.read_pause(attachment):
                    await asyncio.sleep(pause_s)
                host.receive(attachment, message.data)
            elif message.type is WSMsgType.PING:
                if host.policy.answer_pings:
                    await socket.pong(message.data)
            elif message.type is not WSMsgType.PONG:
                if message.type is WSMsgType.CLOSE:
                    outlet.close(host.policy.close_reply, "")
                break
    except Exception:
        _logger.exception("a session failed")
        outlet.close(_INTERNAL_ERROR, "")
    finally:
        if attachment.role is not Role.WEBSOCKET or _left(socket) not in host.policy.outlived:
            host.detach(attachment)
        await outlet.release()
    return socket


def _left(socket: web.WebSocketResponse) -> str:
    """Return how a client has left: by a ``close``, or by the ``loss`` of its connection."""
    return "loss" if socket.close_code in (None, _ABNORMAL) else "close"


def is_beta(request: web.Request, policy: Policy = _RIGHT) -> bool:
    """Whether the caller asks for the beta API, by header or subprotocol.

    ``policy`` says which of them is overlooked.
    """
    by_header = "realtime=v1" in request.headers.get("OpenAI-Beta", "")
    by_subprotocol = any(name.startswith(_BETA_SUBPROTOCOL) for name in _subprotocols(request))
    return (by_header and "beta_header" not in policy.overlook) or (
        by_subprotocol and "beta_subprotocol" not in policy.overlook
    )


def bearer_key(request: web.Request, policy: Policy = _RIGHT) -> str | None:
    """Return the key of the ``Authorization`` header, or of the subprotocol that browsers use.

    ``policy`` says where else a key may be, and where not.
    """
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return key.strip()
    for name in _subprotocols(request) if policy.read_key_subprotocol else ():
        key = name.removeprefix(_KEY_SUBPROTOCOL)
        if key != name and not key.startswith(policy.unread_subprotocol_keys):
            return key
    if policy.read_api_key:
        return request.headers.get(_API_KEY) or request.query.get(_API_KEY)
    return None


def in_force(service: Service, request: web.Request) -> InForce:
    """Return what is on for a request: by the key it shows, and the session of its call."""
    call_id = request.match_info.get("call_id") or request.query.get("call_id")
    call = None if call_id is None else service.calls.get(call_id)
    session_id = None if call is None else call.host.session.id
    return service.in_force(bearer_key(request, service.policy), session_id)


def _subprotocols(request: web.Request) -> list[str]:
    offered = ",".join(request.headers.getall("Sec-WebSocket-Protocol", []))
    return [name.strip() for name in offered.split(",") if name.strip()]


def _admit(service: Service, request: web.Request) -> _Admission:
    """Decide what a handshake gets.

    Raises:
        ApiError: if it gets nothing.

    """
    policy, call_id = in_force(service, request).policy, request.query.get("call_id")
    if is_beta(request, policy):
        raise refusal("beta_api_shape_disabled")
    key = bearer_key(request, policy)
    ephemeral = None
    if call_id is None or policy.sideband_needs_key:
        ephemeral = _admit_key(service, request, key, policy)
    call = None if call_id is None else service.calls.attachable(call_id)
    if call_id is not None and call is None and "call_id_not_found" not in policy.overlook:
        raise refusal("call_id_not_found")
    if call is not None:
        if policy.sidebands_at_once is not None and call.sidebands >= policy.sidebands_at_once:
            raise refusal("too_many_sidebands", limit=str(policy.sidebands_at_once))
        name = call.next_sideband_name()
        return _Admission(call.host, Attachment(Role.SIDEBAND, name, service.keys.lineage(key)))
    session = dict(ephemeral.session) if ephemeral is not None else {}
    translates = request.path.endswith("/translations")
    intent = "translation" if translates else request.query.get("intent", "realtime")
    if request.query.get("intent") in policy.refused_intents:
        raise api_error("invalid_value", param="intent", found=intent, supported="none of these")
    session.setdefault("type", intent)
    check_path(session, translates=translates)
    model = request.query.get("model", ephemeral.model if ephemeral is not None else None)
    try:
        host = service.open_session(session, model=model, key=key)
    except ApiError as error:
        is_transcriber = "is a transcription model" in error.message
        if ("transcription_model" if is_transcriber else error.code) not in policy.overlook:
            raise
        host = service.open_session({**session, "model": DEFAULT_MODEL}, model=None, key=key)
    if ephemeral is not None and policy.end_with_key:
        host.session.config = {**host.session.config, "expires_at": ephemeral.expires_at}
    keys = service.keys.lineage(key)
    if ephemeral is not None and "websocket" in policy.single_use_keys:
        service.keys.spend(ephemeral)
    return _Admission(host, Attachment(Role.WEBSOCKET, "client", keys))


def _admit_key(
    service: Service, request: web.Request, key: str | None, policy: Policy
) -> EphemeralKey | None:
    """Return the ephemeral key that a caller shows; ``None`` for any other that is let in.

    Raises:
        ApiError: if it is not.

    """
    try:
        ephemeral = service.keys.admit(key)
    except ApiError as error:
        what = error.code or ("key_missing" if key is None else "key_empty")
        if key and "Authorization" not in request.headers:
            what = "subprotocol_key"
        elif key and len(key) >= _LONG_KEY:
            what = "long_key"
        if what not in policy.overlook:
            raise
        return None
    if ephemeral is not None and not policy.ephemeral_opens_websocket:
        raise key_refused(ephemeral.value)
    return ephemeral


async def _accept(service: Service, request: web.Request) -> web.WebSocketResponse:
    # Browsers and undici fail a handshake that selects nothing they offered, or something they did
    # not; permessage-deflate makes undici report 1006 when it closes amid compressed frames.
    wanted, offered = in_force(service, request).policy.subprotocol, _subprotocols(request)
    chosen = [name for name in offered if name.startswith(wanted)] or [SUBPROTOCOL]
    socket = web.WebSocketResponse(
        timeout=_CLOSE_TIMEOUT,
        protocols=chosen[:1] if wanted and SUBPROTOCOL in offered else (),
        compress=False,
        autoping=False,  # Pongs are to be seen.
        autoclose=service.policy.close_reply == _NORMAL,
        max_msg_size=_MAX_MESSAGE,
    )
    await socket.prepare(request)
    return socket


async def _refuse(service: Service, request: web.Request, error: ApiError) -> web.WebSocketResponse:
    """Accept the handshake, say why not, and close."""
    socket = await _accept(service, request)
    on, memory = in_force(service, request), dict[str, Any]()
    events = [error.event(service.ids.event())]
    for tap in on.event_taps:
        events = [left for event in events for left in tap(event, Role.WEBSOCKET, memory)]
    for event in events:
        await socket.send_str(orjson.dumps(event).decode())
    for_key, for_request, for_model = on.policy.refusal_codes
    # By the status that the same refusal has in HTTP.
    code = {401: for_key, 404: for_model}.get(error.status, for_request)
    reason = error.type if error.code is None else f"{error.type}.{error.code}"
    if not on.policy.close_refused:
        await socket.receive()
    await socket.close(code=code, message=reason.encode() if on.policy.explain_refusal else b"")
    return socket
