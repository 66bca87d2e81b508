"""A reference relay as a server of its own."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias
from urllib.parse import urlsplit

from aiohttp import web

from realtime_fakes import process
from realtime_fakes.errors import ApiError
from realtime_fakes.relays.policy import relay_policy
from realtime_fakes.relays.upstream import Route, UpstreamRefused, route
from realtime_fakes.relays.websocket import WebSocketLink
from realtime_harness import rtc

__all__ = ["KINDS", "RelayOptions", "running", "serve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayOptions:
    """What a relay is started with."""

    kind: str
    """One of :data:`KINDS`."""
    upstream: str
    """Base URL of the service, such as ``http://127.0.0.1:8080/v1``."""
    delay_ms: float = 0.0
    """What the relay adds to a round trip, all of it on the way down."""
    host: str = "127.0.0.1"
    port: int = 0
    """0: any free one."""
    ready_file: str | None = None
    """Gets one JSON object, ``{"base_url", "ws_url", "pid"}``, when connections are accepted."""
    until_eof: bool = False
    """Whether the end of standard input ends it as well."""
    defects: tuple[str, ...] = ()


class _Link(Protocol):
    """A client's connection through the relay."""

    async def close(self, code: int, reason: str) -> None:
        """Close both sides."""
        ...


_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Relay:
    """The links of one relay, and the requests that make them.

    The relay serves the paths of the service's base URL and passes path and query on to the
    service's origin, so that one relay serves every base path of one origin.
    """

    def __init__(self, options: RelayOptions) -> None:
        relay_policy(options.defects)
        self._options = options
        self._links: dict[str, _Link] = {}
        self._tls = ssl.create_default_context() if options.upstream.startswith("https") else None

    def route(self, request: web.Request, path: str) -> Route:
        """Return where ``request`` leads."""
        return route(
            request,
            origin=self._options.upstream,
            path=path,
            delay_ms=self._options.delay_ms,
            defects=self._options.defects,
            tls=self._tls,
        )

    async def websocket(self, request: web.Request) -> web.StreamResponse:
        """Serve a client that comes by WebSocket."""
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise ApiError("This relay carries WebSocket connections only.", code=None, status=426)
        link = await WebSocketLink.open(request, self.route(request, request.path))
        name = str(id(link))
        self._links[name] = link
        try:
            return await link.run()
        finally:
            del self._links[name]

    async def call(self, request: web.Request) -> web.StreamResponse:
        """Serve a caller that comes by WebRTC: answer its offer."""
        from realtime_fakes.relays.webrtc import CallLink

        route = self.route(request, request.path.removesuffix("/calls"))
        link, answer = await CallLink.open(
            request, route, on_end=lambda call: self._links.pop(call.id, None)
        )
        self._links[link.id] = link
        return web.Response(
            status=201,
            text=answer,
            content_type="application/sdp",
            headers={"Location": f"{request.path}/{link.id}"},
        )

    async def hangup(self, request: web.Request) -> web.StreamResponse:
        """End a call."""
        if (link := self._links.get(request.match_info["call_id"])) is None:
            raise ApiError("No such call.", code="call_id_not_found", status=404)
        await link.close(1000, "")
        return web.Response()

    async def close(self, _app: web.Application) -> None:
        """End every link."""
        links = list(self._links.values())
        await asyncio.gather(*(link.close(1001, "relay is shutting down") for link in links))

    @web.middleware
    async def refusals(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Answer what was refused."""
        try:
            return await handler(request)
        except UpstreamRefused as refused:
            return refused.response()
        except ApiError as refused:
            return web.json_response(refused.body(), status=refused.status)


def _websocket_routes(relay: _Relay) -> list[web.RouteDef]:
    return [web.get("/{path:.*}", relay.websocket)]


def _webrtc_routes(relay: _Relay) -> list[web.RouteDef]:
    # What is missing shall show now, and importing takes a second that no caller shall wait.
    rtc.configuration()
    import realtime_fakes.relays.webrtc  # noqa: F401

    return [
        web.post("/{path:.*}/realtime/calls", relay.call),
        web.post("/{path:.*}/realtime/calls/{call_id}/hangup", relay.hangup),
    ]


KINDS: dict[str, Callable[[_Relay], list[web.RouteDef]]] = {
    "ws": _websocket_routes,
    "webrtc": _webrtc_routes,
}
"""Kinds of relay, by how its clients come to it; all speak WebSocket to the service."""


@asynccontextmanager
async def running(options: RelayOptions) -> AsyncIterator[dict[str, Any]]:
    """Run a relay while the context lasts; gives what ``ready_file`` holds.

    On leaving, every connection is closed with 1001.

    Raises:
        ValueError: if the kind or a defect is not known.
        MissingExtra: if it is a WebRTC relay and aiortc is not installed.
        OSError: if the address cannot be listened on.

    """
    if options.kind not in KINDS:
        raise ValueError(f"no relay of kind {options.kind!r}; there are {', '.join(KINDS)}")
    relay = _Relay(options)
    app = web.Application(middlewares=[relay.refusals], client_max_size=1024**2)
    app.add_routes(KINDS[options.kind](relay))
    app.on_shutdown.append(relay.close)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, options.host, options.port).start()
        host, port = runner.addresses[0][:2]
        root = f"{host}:{port}{urlsplit(options.upstream).path.rstrip('/')}"
        ready: dict[str, Any] = {"base_url": f"http://{root}", "pid": os.getpid()}
        if options.kind == "ws":
            ready["ws_url"] = f"ws://{root}/realtime"
        if options.ready_file is not None:
            process.write_ready(options.ready_file, ready)
        yield ready
    finally:
        await runner.cleanup()


async def serve(options: RelayOptions) -> None:
    """Run a relay until SIGTERM or SIGINT, then close every connection and return.

    Raises:
        ValueError, OSError: as :func:`running`.

    """
    stop = process.ending(until_eof=options.until_eof)
    async with running(options):
        await stop.wait()
