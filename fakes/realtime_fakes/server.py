"""The server: services on one port, their HTTP, WebSocket and control routes."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import uuid4

import orjson
from aiohttp import web

from realtime_fakes import control, process
from realtime_fakes.behaviours import BEHAVIOURS
from realtime_fakes.clock import Clock, RealClock, VirtualClock
from realtime_fakes.defects import DEFECTS
from realtime_fakes.errors import ApiError
from realtime_fakes.inspector import ASSETS, PAGE, asset
from realtime_fakes.latency import LATENCIES
from realtime_fakes.mcp_server import serve_mcp
from realtime_fakes.profiles import DEFAULT_PROFILE, PROFILES
from realtime_fakes.refusals import refusal
from realtime_fakes.rest import ENDPOINTS, Endpoint, json_reply
from realtime_fakes.scripts import Script
from realtime_fakes.service import Service
from realtime_fakes.switches import HttpReply, ReplyTap, Switchboard
from realtime_fakes.tls import issue, server_context
from realtime_fakes.websocket import bearer_key, in_force, is_beta, serve_websocket

if TYPE_CHECKING:
    from aiohttp.typedefs import Middleware

    from realtime_fakes.workers.team import Team

__all__ = ["BACKLOG", "CLOCKS", "ServeOptions", "Server", "serve"]

_DEFAULT_SERVICE = "default"
_DEFAULT_KEY = "sk-fake"
CLOCKS: dict[str, type[RealClock] | type[VirtualClock]] = {
    "real": RealClock,
    "virtual": VirtualClock,
}

_PREFIXES = tuple(
    service + vendor for service in ("", "/_fake/services/{service}") for vendor in ("", "/openai")
)
"""What ``/v1`` may follow upon; the profile of a service says which of the vendors' it has."""

BACKLOG = 1024
"""Connections that the system keeps until they are accepted."""

_MAX_BODY = 4 * 1024 * 1024
_SHUTDOWN_TIMEOUT_S = 2.0
_EXPOSED = "Location, X-Request-Id"

_Handler: TypeAlias = "Callable[[Service, web.Request], Awaitable[HttpReply | web.StreamResponse]]"

_logger = logging.getLogger(__name__)

# It logs the subprotocols of handshakes that select none, and one of those is the key.
logging.getLogger("aiohttp.websocket").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """How the fake is served."""

    host: str = "127.0.0.1"
    port: int = 8080
    """0 picks a free one."""
    api_keys: Sequence[str] = (_DEFAULT_KEY,)
    profile: str = DEFAULT_PROFILE
    defects: Sequence[str] = ()
    behaviours: Sequence[str] = ()
    faults: Sequence[str] = ()
    clock: str = "real"
    """``real`` or ``virtual``."""
    script: Script | str | Path | None = None
    """What it answers: rules, or the file that they are in. ``None`` for the echo."""
    latency: str = "instant"
    """How long it takes: a key of :data:`~realtime_fakes.latency.LATENCIES`."""
    seed: int | None = None
    """Makes identifiers and latencies repeatable."""
    tls: bool = False
    """Whether to speak https and wss, with a certificate made for the occasion."""
    remote_mcp: bool = False
    """Whether sessions may name MCP servers on other machines."""
    ready_file: str | None = None
    """Gets one JSON object and a newline once connections are accepted. May be a pipe."""
    until_eof: bool = False
    """Whether the end of standard input ends it as well."""
    workers: int = 1
    """Processes that share the port, up to :data:`~realtime_fakes.workers.MOST`."""


class Server:
    """Services on one port. An async context manager; leaving it closes everything.

    Args:
        options: how to serve. ``ready_file`` and ``until_eof`` are left to :func:`serve`, and so
            are several ``workers``.
        team: the workers that it is one of, if there are several.

    Raises:
        ValueError: for a profile, clock, defect or behaviour that is not known.

    """

    def __init__(self, options: ServeOptions, team: Team | None = None) -> None:
        if options.workers != 1:
            raise ValueError("several workers are several processes: see serve()")
        self._options = options
        self._team = team
        self._runner: web.AppRunner | None = None
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._origin = ""
        self.services: dict[str, Service] = {}
        self.ca_file: Path | None = None
        self.default = self.add_service(
            _DEFAULT_SERVICE,
            clock=options.clock,
            defects=options.defects,
            behaviours=options.behaviours,
            faults=options.faults,
            script=options.script,
            profile=options.profile,
            now=None if team is None else team.started_at,
        )

    async def __aenter__(self) -> Server:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def ready(self) -> dict[str, Any]:
        """Addresses and key of the default service, and the process id."""
        ready: dict[str, Any] = {**self.addresses(self.default), "pid": os.getpid()}
        if self.ca_file is not None:
            ready["ca_file"] = str(self.ca_file)
        return ready

    async def start(self) -> None:
        """Begin to accept connections.

        Raises:
            OSError: if the address cannot be bound.

        """
        options, team = self._options, self._team
        context = None
        if options.tls:
            if team is not None:
                directory = team.directory
            else:
                self._directory = tempfile.TemporaryDirectory(prefix="realtime-fake-")
                directory = Path(self._directory.name)
                issue(options.host, directory)
            context, self.ca_file = server_context(directory)
        self._runner = self.runner() if team is None else await team.join(self)
        await self._runner.setup()
        site: web.BaseSite
        if team is None:
            site = web.TCPSite(
                self._runner, options.host, options.port, ssl_context=context, backlog=BACKLOG
            )
        else:
            site = web.SockSite(self._runner, team.door, ssl_context=context, backlog=BACKLOG)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        if ip_address(host).is_unspecified:
            host = "127.0.0.1"
        name = f"[{host}]" if ":" in host else host
        self._origin = f"{'http' if context is None else 'https'}://{name}:{port}"

    async def close(self) -> None:
        """End all sessions and stop to accept connections. Idempotent."""
        for name in list(self.services):
            await self.remove_service(name)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._team is not None:
            await self._team.leave()
        if self._directory is not None:
            self._directory.cleanup()
            self._directory = None

    def add_service(
        self,
        name: str,
        *,
        clock: str = "real",
        defects: Iterable[str] = (),
        behaviours: Iterable[str] = (),
        faults: Iterable[str] = (),
        script: Script | str | Path | None = None,
        latency: str | None = None,
        profile: str = DEFAULT_PROFILE,
        now: float | None = None,
    ) -> Service:
        """Add a service.

        Args:
            name: in its URLs.
            clock: ``real`` or ``virtual``.
            defects: that are on.
            behaviours: that are on.
            faults: that are on.
            script: what it answers.
            latency: how long it takes; as the server was started if not given.
            profile: whose legal particulars it has.
            now: what a virtual clock shows at first, in Unix seconds; the time if not given.

        Raises:
            ValueError: for a clock, latency, profile, defect or behaviour that is not known, or a
                script that is none.

        """
        latency = latency or self._options.latency
        if profile not in PROFILES:
            raise ValueError(f"no profile named {profile!r}; known: {', '.join(PROFILES)}")
        if clock not in CLOCKS:
            raise ValueError(f"no clock named {clock!r}; known: {', '.join(CLOCKS)}")
        if latency not in LATENCIES:
            raise ValueError(f"no latency named {latency!r}; known: {', '.join(LATENCIES)}")
        seed = self._options.seed
        made: Clock = VirtualClock(now) if clock == VirtualClock.kind else CLOCKS[clock]()
        base = replace(PROFILES[profile].policy, latency=LATENCIES[latency])
        service = Service(
            name,
            clock=made,
            switchboard=Switchboard((*DEFECTS, *BEHAVIOURS), base, seed=seed),
            api_keys=self._options.api_keys,
            # Services do not share ids, of which one conversation may see those of several.
            seed=seed if seed is None or name == _DEFAULT_SERVICE else f"{seed}/{name}",
            loopback_only=control.is_loopback(self._options.host),
            profile=profile,
            remote_mcp=self._options.remote_mcp,
            shard=None if self._team is None else self._team.shard,
        )
        if self._team is not None:
            self._team.share_keys(service)
        service.switch(defects=defects, behaviours=behaviours, faults=faults)
        service.follow(script)
        self.services[name] = service
        return service

    async def remove_service(self, name: str) -> None:
        """End a service."""
        await self.services.pop(name).close()

    def addresses(self, service: Service) -> dict[str, Any]:
        """Return ``base_url``, ``ws_url``, ``control_url`` and ``api_key`` of a service."""
        root = "" if service is self.default else f"/_fake/services/{service.name}"
        base = f"{self._origin}{root}{service.policy.roots[0]}"
        return {
            "base_url": base,
            "ws_url": f"ws{base.removeprefix('http')}/realtime",
            "api_key": service.api_keys[0],
            "control_url": self._origin + (root or "/_fake"),
            "profile": service.profile,
            "calls_need_ephemeral_key": not service.policy.call_with_standard_key,
            "models_are_deployments": service.policy.name_deployments,
        }

    def runner(
        self,
        *middlewares: Middleware,
        routes: Sequence[tuple[str, str, control.ServerHandler]] = control.SERVER_ROUTES,
    ) -> web.AppRunner:
        """Return what serves all services, not set up yet.

        Args:
            middlewares: that requests go through.
            routes: of the control API of the server.

        """
        return web.AppRunner(
            self._application(middlewares, routes),
            access_log=None,
            shutdown_timeout=_SHUTDOWN_TIMEOUT_S,
        )

    def _application(
        self,
        middlewares: Iterable[Middleware],
        routes: Iterable[tuple[str, str, control.ServerHandler]],
    ) -> web.Application:
        app = web.Application(client_max_size=_MAX_BODY, middlewares=middlewares)
        app.on_response_prepare.append(_allow_pages)
        for service in ("", "/_fake/services/{service}"):
            root = service or "/_fake"
            for method, path, handler in control.SERVICE_ROUTES:
                app.router.add_route(method, root + path, partial(self._control_service, handler))
        for prefix in _PREFIXES:
            router = app.router
            answer = self._answer
            router.add_route(
                "OPTIONS", prefix + "/v1/{path:.*}", partial(answer, "preflight", _preflight)
            )
            for endpoint in ENDPOINTS:
                router.add_post(
                    prefix + "/v1" + endpoint.path,
                    partial(answer, endpoint.name, partial(_post, endpoint)),
                )
            for path in ("/v1/realtime", "/v1/realtime/translations"):
                router.add_get(
                    prefix + path, partial(answer, "websocket", serve_websocket), allow_head=False
                )
        for method, path, server_handler in routes:
            app.router.add_route(
                method, "/_fake" + path, partial(self._control_server, server_handler)
            )
        app.router.add_route("*", "/_fake/mcp", _mcp)
        app.router.add_get("/", _inspector)
        app.router.add_get(ASSETS + "{name}", _inspector)
        app.router.add_route("*", "/{path:.*}", _unknown)
        return app

    def _service(self, request: web.Request) -> Service:
        name = request.match_info.get("service", _DEFAULT_SERVICE)
        service = self.services.get(name)
        if service is None:
            raise refusal("unknown_url", method=request.method, path=request.path)
        return service

    async def _answer(
        self, route: str, handler: _Handler, request: web.Request
    ) -> web.StreamResponse:
        """Run a handler; what it raises becomes JSON, and taps see each reply before it leaves."""
        service: Service | None = None
        taps: tuple[ReplyTap, ...] = ()
        try:
            service = self._service(request)
            # Now, because the session that some are limited to may be over behind it.
            taps = in_force(service, request).reply_taps
            if "/openai/v1/" in request.path and "/openai/v1" not in service.policy.roots:
                raise refusal("unknown_url", method=request.method, path=request.path)
            if route == "websocket":
                service.journal.request(_described(service, request))
            reply = await handler(service, request)
        except ApiError as error:
            reply = _refused(error)
        except web.HTTPRequestEntityTooLarge:
            reply = _refused(refusal("body_too_large", limit=str(_MAX_BODY)))
        except Exception:
            _logger.exception("%s %s failed", request.method, request.path)
            reply = _refused(refusal("server_error"))
        if isinstance(reply, web.StreamResponse):
            return reply
        for tap in taps:
            reply = tap(route, reply)
        if service is not None:
            ids = {name: str(uuid4()) for name in service.policy.request_id_headers}
            reply = replace(reply, headers={**ids, **reply.headers})
            if route != "websocket":
                # Only now: a form is read by its handler or not at all.
                service.journal.request(
                    {**_described(service, request), "body": await _body(request)}
                )
            service.journal.response(
                {
                    "status": reply.status,
                    "headers": dict(reply.headers),
                    "body": _readable(reply.body),
                }
            )
        return _respond(reply)

    async def _control_service(
        self, handler: control.ServiceHandler, request: web.Request
    ) -> web.StreamResponse:
        try:
            control.guard(request)
            reply = await handler(self._service(request), request)
            return reply if isinstance(reply, web.StreamResponse) else _respond(reply)
        except control.ControlError as error:
            return _respond(error.reply())
        except ApiError as error:
            return _respond(_refused(error))

    async def _control_server(
        self, handler: control.ServerHandler, request: web.Request
    ) -> web.StreamResponse:
        try:
            control.guard(request)
            return _respond(await handler(self, request))
        except control.ControlError as error:
            return _respond(error.reply())


async def serve(options: ServeOptions) -> None:
    """Serve until SIGTERM or Ctrl-C, then end everything cleanly.

    Canceling does the same.

    Raises:
        ValueError: for a profile, clock, defect or behaviour that is not known, or options that do
            not go together.
        OSError: if the address cannot be bound or the ready file not written.
        WorkerEnded: if one of several workers ended by itself.

    """
    if options.workers != 1:
        from realtime_fakes.workers.supervisor import supervise

        await supervise(options)
        return
    stop = process.ending(until_eof=options.until_eof)
    async with Server(options) as server:
        if options.ready_file is not None:
            process.write_ready(options.ready_file, server.ready)
        process.greet(server.ready)
        await stop.wait()


def _described(service: Service, request: web.Request) -> dict[str, Any]:
    """Return a request for the journal: without its key, but with what kind of key that is."""
    _, _, path = request.path.partition("/v1")
    shown = ("Content-Type", "User-Agent", "Origin", "OpenAI-Beta")
    return {
        "method": request.method,
        "url": str(request.url),
        "path": path,
        "query": dict(request.query),
        "key": service.keys.kind(bearer_key(request, service.policy)),
        "headers": {
            name.lower(): request.headers[name] for name in shown if name in request.headers
        },
    }


async def _body(request: web.Request) -> Any:
    """Return the body of a request; nothing if it has not all come or cannot be read."""
    if not request.content.is_eof():
        return ""
    try:
        if request.content_type != "multipart/form-data":
            return _readable(await request.read())
        form = await request.post()
    except (web.HTTPRequestEntityTooLarge, ValueError, AssertionError, KeyError):
        return ""
    return {
        name: "" if isinstance(part, web.FileField) else _readable(part)
        for name, part in form.items()
    }


def _readable(body: bytes | bytearray | str) -> Any:
    """Return JSON as what it says, anything else as text."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body if isinstance(body, str) else body.decode(errors="replace")


async def _post(endpoint: Endpoint, service: Service, request: web.Request) -> HttpReply:
    if is_beta(request):
        raise refusal("beta_api_shape_disabled")
    return await endpoint.handler(service, request)


def _refused(error: ApiError) -> HttpReply:
    return json_reply(error.body(), status=error.status)


def _respond(reply: HttpReply) -> web.Response:
    headers = {**reply.headers}
    if reply.body or reply.status == 200:
        headers.setdefault("Content-Type", reply.media_type)
    return web.Response(status=reply.status, body=reply.body, headers=headers)


async def _allow_pages(request: web.Request, response: web.StreamResponse) -> None:
    """Let pages of any origin read replies, refusals included, and the call id in ``Location``.

    The control API is left out: no page has any business there.
    """
    response.headers.setdefault("X-Request-Id", f"req_{uuid4().hex}")
    if "/v1/" in request.path:
        response.headers.setdefault("Access-Control-Allow-Origin", "*")
        response.headers.setdefault("Access-Control-Expose-Headers", _EXPOSED)


async def _preflight(service: Service, request: web.Request) -> HttpReply:
    """Allow what is asked for. SDKs send headers that no fixed list would have."""
    asked = request.headers
    headers = {
        "Access-Control-Allow-Methods": asked.get("Access-Control-Request-Method", "GET, POST"),
        "Access-Control-Max-Age": "600",
    }
    if "Access-Control-Request-Headers" in asked:
        headers["Access-Control-Allow-Headers"] = asked["Access-Control-Request-Headers"]
        headers["Vary"] = "Access-Control-Request-Headers"
    return HttpReply(status=204, headers=headers)


async def _mcp(request: web.Request) -> web.Response:
    try:
        control.guard(request)
    except control.ControlError as error:
        return _respond(error.reply())
    return await serve_mcp(request)


async def _inspector(request: web.Request) -> web.Response:
    try:
        control.guard(request, is_visit="name" not in request.match_info)
    except control.ControlError as error:
        return _respond(error.reply())
    reply = asset(request.match_info.get("name", PAGE))
    return await _unknown(request) if reply is None else _respond(reply)


async def _unknown(request: web.Request) -> web.Response:
    return _respond(_refused(refusal("unknown_url", method=request.method, path=request.path)))
