"""The control API: look into a fake service and steer it. Only for programs on this machine.

Of pages in a browser, which run on this machine as well, it answers the fake's own and no other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

import orjson
from aiohttp import web

from realtime_fakes.behaviours import BEHAVIOURS
from realtime_fakes.clock import VirtualClock
from realtime_fakes.defects import DEFECTS
from realtime_fakes.faults import FAULTS
from realtime_fakes.inspector.bystander import take_part
from realtime_fakes.inspector.watch import watch
from realtime_fakes.profiles import DEFAULT_PROFILE
from realtime_fakes.rest import json_reply
from realtime_fakes.script_files import read_script
from realtime_fakes.scripts import Script, ScriptError
from realtime_fakes.sip import WEBHOOK_SECRET, SipCall
from realtime_fakes.switches import HttpReply

if TYPE_CHECKING:
    from realtime_fakes.server import Server
    from realtime_fakes.service import Service

__all__ = [
    "SERVER_ROUTES",
    "SERVICE_ROUTES",
    "ControlError",
    "ServerHandler",
    "ServiceHandler",
    "adjust",
    "advance",
    "create_service",
    "delays",
    "delete_service",
    "drop",
    "forget_delays",
    "guard",
    "hang_up",
    "is_loopback",
    "journal",
    "known_switches",
    "press",
    "reset",
    "ring",
    "say",
    "script",
    "send",
    "services",
    "session_switches",
    "show_script",
    "sip_call",
    "state",
    "switches",
]

ServiceHandler: TypeAlias = (
    "Callable[[Service, web.Request], Awaitable[HttpReply | web.StreamResponse]]"
)
ServerHandler: TypeAlias = "Callable[[Server, web.Request], Awaitable[HttpReply]]"


class ControlError(Exception):
    """A request of the control API that cannot be fulfilled."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message

    def reply(self) -> HttpReply:
        """Return the reply that says so."""
        return json_reply({"error": {"message": self.message}}, status=self.status)


def guard(request: web.Request, *, is_visit: bool = False) -> None:
    """Let only programs on this machine pass, and the fake's own page.

    Pages in a browser are on this machine too, whoever wrote them. They are told apart by what a
    browser says and no page can change: where a request comes from (``Origin``,
    ``Sec-Fetch-Site``), and by what name the fake was addressed (``Host``). The name has to be one
    that always means this machine: a page of ``a.example`` is at home there even when its name
    has come to mean 127.0.0.1.

    Args:
        request: of the caller.
        is_visit: whether it asks for a page to look at, to which links from elsewhere may lead.

    Raises:
        ControlError: if the caller is anybody else.

    """
    if request.remote is None or not is_loopback(request.remote.partition("%")[0]):
        raise ControlError(403, "the control API answers this machine only")
    if not is_loopback(urlsplit(f"//{request.host}").hostname or ""):
        raise ControlError(403, "the control API is at 127.0.0.1 or localhost, by no other name")
    origin = request.headers.get("Origin", f"{request.scheme}://{request.host}")
    is_foreign = request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none")
    if origin != f"{request.scheme}://{request.host}" or (is_foreign and not is_visit):
        raise ControlError(403, "the control API does not answer other pages than its own")


def is_loopback(host: str) -> bool:
    """Whether a name or an address means this machine, wherever it is looked up."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def state(service: Service, request: web.Request) -> HttpReply:
    """Return what goes on in the service."""
    return json_reply(service.describe())


async def advance(service: Service, request: web.Request) -> HttpReply:
    """Move the virtual clock on; due timers have run when this answers."""
    seconds = (await _body(request)).get("advance")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        raise ControlError(400, 'expected {"advance": seconds}')
    if not isinstance(service.clock, VirtualClock):
        raise ControlError(409, "the clock of this service is real; start it with a virtual one")
    try:
        service.clock.advance(seconds)
    except ValueError as error:
        raise ControlError(400, str(error)) from error
    return json_reply({"clock": {"kind": service.clock.kind, "now": service.clock.now()}})


async def switches(service: Service, request: web.Request) -> HttpReply:
    """Switch exactly the given defects, behaviours and faults on."""
    body = await _body(request)
    try:
        service.switch(**{what: _names(body, what) for what in _SWITCHES})
    except ValueError as error:
        raise ControlError(400, str(error)) from error
    return json_reply(service.switched_on())


async def known_switches(service: Service, request: web.Request) -> HttpReply:
    """Return everything that can be switched on."""
    return json_reply(
        {
            "defects": [
                {"name": each.name, "summary": each.summary, "violates": each.violates}
                for each in DEFECTS
                if each.where == "service"
            ],
            "behaviours": [
                {"name": each.name, "summary": each.summary, "refuses": each.refuses}
                for each in BEHAVIOURS
                if each.where == "service"
            ],
            "faults": [
                {"name": each.name, "summary": each.summary, "usage": each.usage}
                for each in FAULTS.values()
            ],
        }
    )


async def adjust(service: Service, request: web.Request) -> HttpReply:
    """Switch some on and some off, and leave everything else as it is."""
    body = await _body(request)
    try:
        service.adjust(on=_names(body, "on"), off=_names(body, "off"))
    except ValueError as error:
        raise ControlError(400, str(error)) from error
    return json_reply(service.switched_on())


async def delays(service: Service, request: web.Request) -> HttpReply:
    """Return by how much faults have held events back, and how exactly they left."""
    return json_reply(service.switchboard.held.describe())


async def forget_delays(service: Service, request: web.Request) -> HttpReply:
    """Count from now on what is held back."""
    service.switchboard.held.clear()
    return json_reply(service.switchboard.held.describe())


async def session_switches(service: Service, request: web.Request) -> HttpReply:
    """Switch exactly the given ones on for one session; what is on for others stays."""
    body, session_id = await _body(request), request.match_info["session_id"]
    host = service.hosts.get(session_id)
    if host is None:
        raise ControlError(404, f"no session {session_id!r}; GET /state shows those that run")
    try:
        service.switch_session(host, **{what: _names(body, what) for what in _SWITCHES})
    except ValueError as error:
        raise ControlError(400, str(error)) from error
    return json_reply(service.switched_on())


async def script(service: Service, request: web.Request) -> HttpReply:
    """Answer by the script in the body, YAML or JSON; running sessions do so as well.

    An empty body brings the echo back.
    """
    body = await request.read()
    try:
        text = body.decode()
        service.follow(read_script(text, source="PUT /script") if text.strip() else None)
    except (ScriptError, UnicodeDecodeError) as error:
        raise ControlError(400, str(error)) from error
    return json_reply(service.describe()["script"])


async def show_script(service: Service, request: web.Request) -> HttpReply:
    """Return the script in force, with its text where it has one; ``null`` for the echo."""
    return json_reply(service.script())


async def reset(service: Service, request: web.Request) -> HttpReply:
    """End all sessions and calls and forget all ephemeral keys."""
    await service.reset()
    return json_reply(service.describe())


async def journal(service: Service, request: web.Request) -> HttpReply:
    """Return what callers sent and got: of all sessions or of one, behind a given number."""
    after = request.query.get("after", "-1")
    if not after.removeprefix("-").isdecimal():
        raise ControlError(400, "after is the seq of the last entry that is known")
    entries = service.journal.entries(session_id=request.query.get("session_id"), after=int(after))
    return json_reply(
        {
            "entries": entries,
            "dropped": service.journal.dropped,
            "start_ns": service.journal.start_ns,
        }
    )


async def send(service: Service, request: web.Request) -> HttpReply:
    """Hand the body to a session as the frame of a sideband; return what that got at once.

    The sideband joins any session, of a call or not, and stays until the session ends. What comes
    later is in the journal.
    """
    session_id = request.match_info["session_id"]
    host = service.hosts.get(session_id)
    if host is None:
        raise ControlError(404, f"no session {session_id!r}; GET /state shows those that run")
    try:
        frame = (await request.read()).decode()
    except UnicodeDecodeError as error:
        raise ControlError(400, f"not UTF-8: {error.reason}") from error
    return json_reply({"events": take_part(host, frame)})


async def drop(service: Service, request: web.Request) -> HttpReply:
    """Cut all transports of a session, as a lost network does."""
    session_id = request.match_info["session_id"]
    host = service.hosts.get(session_id)
    if host is None:
        raise ControlError(404, f"no session {session_id!r}")
    host.cut()
    return json_reply({})


async def ring(service: Service, request: web.Request) -> HttpReply:
    """Let a SIP call come in; the webhook has been answered when this answers."""
    body = await _body(request)
    caller, called = body.get("from", "sip:+15550100@127.0.0.1"), body.get("to", "sip:proj_fake")
    more, url = body.get("headers", []), body.get("webhook_url")
    secret = body.get("webhook_secret", WEBHOOK_SECRET)
    if isinstance(more, dict):
        more = [{"name": name, "value": value} for name, value in more.items()]
    try:
        headers = [("From", caller), ("To", called), *((h["name"], h["value"]) for h in more)]
    except (TypeError, KeyError) as error:
        raise ControlError(
            400, 'headers is {name: value} or a list of {"name", "value"}'
        ) from error
    strings = [secret, *(text for header in headers for text in header)]
    if not all(isinstance(text, str) for text in strings) or not isinstance(url, str | None):
        raise ControlError(400, "from, to, headers, webhook_url and webhook_secret are strings")
    try:
        call = await service.trunk.ring(headers, webhook_url=url, webhook_secret=secret)
    except ValueError as error:
        raise ControlError(400, str(error)) from error
    described = {"id": call.id, "state": call.state, **call.describe(), "webhook_secret": secret}
    return json_reply(described, status=201)


async def sip_call(service: Service, request: web.Request) -> HttpReply:
    """Return a SIP call, and in words what its caller was told."""
    call = _sip_call(service, request)
    return json_reply(
        {"id": call.id, "state": call.state, **call.describe(), "heard": call.words()}
    )


async def press(service: Service, request: web.Request) -> HttpReply:
    """Let the caller press keys."""
    call, keys = _sip_call(service, request), (await _body(request)).get("keys")
    if not isinstance(keys, str):
        raise ControlError(400, 'expected {"keys": "12#"}')
    try:
        service.trunk.press(call, keys)
    except ValueError as error:
        raise ControlError(409, str(error)) from error
    return json_reply({})


async def say(service: Service, request: web.Request) -> HttpReply:
    """Let the caller say something."""
    call, body = _sip_call(service, request), await _body(request)
    text, silence_ms = body.get("text"), body.get("silence_ms", 1000)
    is_paced = body.get("paced")
    if is_paced not in (None, True, False):
        raise ControlError(400, "paced is true or false")
    if not isinstance(text, str) or type(silence_ms) is not int or not 0 <= silence_ms <= 60_000:
        raise ControlError(400, 'expected {"text": "hello"}, and at most 60000 as "silence_ms"')
    try:
        service.trunk.say(call, text, silence_ms=silence_ms, is_paced=is_paced)
    except ValueError as error:
        raise ControlError(409, str(error)) from error
    return json_reply({})


async def hang_up(service: Service, request: web.Request) -> HttpReply:
    """Let the caller hang up."""
    service.trunk.give_up(_sip_call(service, request))
    return json_reply({})


async def create_service(server: Server, request: web.Request) -> HttpReply:
    """Add a service of its own to the server."""
    body = await _body(request)
    name, clock = body.get("name"), body.get("clock", "real")
    profile, now = body.get("profile", DEFAULT_PROFILE), body.get("now")
    if not isinstance(name, str) or not name.replace("-", "").replace("_", "").isalnum():
        raise ControlError(400, "a service needs a name of letters, digits, '-' and '_'")
    if not isinstance(now, int | float | None) or isinstance(now, bool):
        raise ControlError(400, "now is Unix time in seconds, as a virtual clock shows it")
    if name in server.services:
        raise ControlError(409, f"there is a service {name!r} already")
    try:
        service = server.add_service(
            name,
            clock=clock,
            defects=_names(body, "defects"),
            behaviours=_names(body, "behaviours"),
            faults=_names(body, "faults"),
            script=_script(body),
            latency=body.get("latency"),
            profile=profile,
            now=now,
        )
    except ValueError as error:
        raise ControlError(400, str(error)) from error
    return json_reply({"name": name, **server.addresses(service)}, status=201)


async def services(server: Server, request: web.Request) -> HttpReply:
    """Return the services there are, the default one first."""
    return json_reply(
        [{"name": name, **server.addresses(each)} for name, each in server.services.items()]
    )


async def delete_service(server: Server, request: web.Request) -> HttpReply:
    """End a service that was added."""
    name = request.match_info["service"]
    if name not in server.services:
        raise ControlError(404, f"no service {name!r}")
    if server.services[name] is server.default:
        raise ControlError(409, "the default service stays; POST /reset empties it")
    await server.remove_service(name)
    return HttpReply(status=204)


SERVICE_ROUTES: tuple[tuple[str, str, ServiceHandler], ...] = (
    ("GET", "/state", state),
    ("GET", "/journal", journal),
    ("GET", "/watch", watch),
    ("POST", "/clock", advance),
    ("GET", "/switches", known_switches),
    ("PUT", "/switches", switches),
    ("PATCH", "/switches", adjust),
    ("GET", "/delays", delays),
    ("DELETE", "/delays", forget_delays),
    ("PUT", "/sessions/{session_id}/switches", session_switches),
    ("GET", "/script", show_script),
    ("PUT", "/script", script),
    ("POST", "/reset", reset),
    ("POST", "/sessions/{session_id}/events", send),
    ("POST", "/sessions/{session_id}/drop", drop),
    ("POST", "/sip/calls", ring),
    ("GET", "/sip/calls/{call_id}", sip_call),
    ("POST", "/sip/calls/{call_id}/dtmf", press),
    ("POST", "/sip/calls/{call_id}/say", say),
    ("POST", "/sip/calls/{call_id}/hangup", hang_up),
)
"""Of each service, below its control URL."""

SERVER_ROUTES: tuple[tuple[str, str, ServerHandler], ...] = (
    ("GET", "/services", services),
    ("POST", "/services", create_service),
    ("DELETE", "/services/{service}", delete_service),
)
"""Of the server, below ``/_fake``."""


def _sip_call(service: Service, request: web.Request) -> SipCall:
    call_id = request.match_info["call_id"]
    call = service.trunk.get(call_id)
    if call is None:
        raise ControlError(404, f"no SIP call {call_id!r}")
    return call


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = orjson.loads(await request.read() or b"{}")
    except orjson.JSONDecodeError as error:
        raise ControlError(400, f"not JSON: {error}") from error
    if not isinstance(body, dict):
        raise ControlError(400, "expected a JSON object")
    return body


def _script(body: dict[str, Any]) -> Script | None:
    if body.get("script") is None:
        return None
    return Script.of(body["script"], source="POST /services, script")


_SWITCHES = ("defects", "behaviours", "faults")


def _names(body: dict[str, Any], key: str) -> list[str]:
    names = body.get(key, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ControlError(400, f"{key} is a list of names")
    return names
