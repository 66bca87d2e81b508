"""One worker's view of all: its doors, and what passes between it and the others."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import aiohttp
import orjson
from aiohttp import web
from yarl import URL

from realtime_fakes.control import SERVER_ROUTES
from realtime_fakes.ids import shard_of
from realtime_fakes.keys import EphemeralKey
from realtime_fakes.refusals import refusal
from realtime_fakes.rest import json_reply
from realtime_fakes.switches import HttpReply
from realtime_fakes.workers.passing import pass_websocket
from realtime_fakes.workers.seat import Seat, back_door

if TYPE_CHECKING:
    from realtime_fakes.server import Server
    from realtime_fakes.service import Service

__all__ = ["LEADER", "Reply", "Rule", "Team"]

LEADER = 1
"""The worker through which everything goes that changes all of them, one at a time."""

_PASSED = "X-Realtime-Fake-Passed"
"""What came through a back door says in this header where it came from. Anybody may send it to the
front door, where it means nothing."""

_KEYS = "/workers/keys"
_TIMEOUT_S = 30.0
_OF_THE_WAY = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "keep-alive",
        "transfer-encoding",
        "upgrade",
        _PASSED.lower(),
    }
)
"""Headers that each connection has of its own."""
_SKIPPED = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")

_logger = logging.getLogger(__name__)

_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
Rule: TypeAlias = "Callable[[Team, web.Request], Awaitable[web.StreamResponse]]"


class Reply(NamedTuple):
    """What a worker answered."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes

    def response(self) -> web.Response:
        """Return it for the client."""
        response = web.Response(status=self.status, body=self.body)
        response.headers.clear()
        response.headers.extend(self.headers)
        return response


class Team:
    """All workers, as one of them sees them.

    Args:
        seat: of this one.
        rule_of: says who answers a request that names no call; ``None`` for whoever has it.

    """

    def __init__(self, seat: Seat, rule_of: Callable[[web.Request], Rule | None]) -> None:
        self._rule_of = rule_of
        self.shard = seat.shard
        self.shards = range(1, seat.of + 1)
        self.directory = Path(seat.directory)
        self.started_at = seat.started_at
        self.door = socket.socket(fileno=seat.front_fd)
        """Where clients come in."""
        self.changing = asyncio.Lock()
        """Held by the leader while something changes in all workers."""
        self._back = socket.socket(fileno=seat.back_fd)
        self._runner: web.AppRunner | None = None
        self._clients: dict[int, aiohttp.ClientSession] = {}
        self._passed_on = 0
        self._changed_keys: list[dict[str, Any]] = []
        self._telling = asyncio.Lock()

    async def join(self, server: Server) -> web.AppRunner:
        """Open the back door; return what serves the front door."""
        for shard in self.shards:
            self._clients[shard] = aiohttp.ClientSession(
                # A connection each: over a Unix socket it costs less than to find one that is
                # about to be closed.
                connector=aiohttp.UnixConnector(
                    str(back_door(self.directory, shard)), limit=0, force_close=True
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
                skip_auto_headers=_SKIPPED,
            )
        routes = (*SERVER_ROUTES, ("GET", "/workers", self._describe))
        self._runner = server.runner(
            web.middleware(partial(self._answer, is_back_door=True)),
            routes=(*routes, ("POST", _KEYS, self._learn_keys)),
        )
        front = server.runner(
            web.middleware(partial(self._answer, is_back_door=False)), routes=routes
        )
        for runner in (self._runner, front):
            runner.app.on_response_prepare.append(self._tell_keys)
        await self._runner.setup()
        await web.SockSite(self._runner, self._back).start()
        return front

    async def leave(self) -> None:
        """Close the back door. Idempotent."""
        for client in self._clients.values():
            await client.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def share_keys(self, service: Service) -> None:
        """Make ephemeral keys of a service known to all workers, each before a caller gets it."""

        def changed(key: EphemeralKey, is_valid: bool) -> None:
            self._changed_keys.append(
                {"service": service.name, "key": asdict(key), "is_valid": is_valid}
            )

        service.keys.listen(changed)

    async def ask(
        self, shard: int, request: web.Request, body: Any, *, is_final: bool = True
    ) -> Reply:
        """Have a worker answer a request.

        Args:
            shard: of that worker; it may be this one.
            request: as the client sent it.
            body: of the request.
            is_final: whether that worker is to answer by itself.

        Raises:
            aiohttp.ClientError, TimeoutError: if it does not.

        """
        headers = [
            (name, value)
            for name, value in request.headers.items()
            if name.lower() not in _OF_THE_WAY
        ]
        headers.append((_PASSED, self._passed(request, is_final=is_final)))
        url = URL(f"http://{request.host}{request.raw_path}", encoded=True)
        async with self._clients[shard].request(
            request.method, url, headers=headers, data=body, allow_redirects=False
        ) as answer:
            return Reply(
                answer.status,
                [
                    (name, value)
                    for name, value in answer.headers.items()
                    if name.lower() not in _OF_THE_WAY
                ],
                await answer.read(),
            )

    async def connect(self, shard: int, request: web.Request) -> aiohttp.ClientWebSocketResponse:
        """Open the WebSocket that a request asks for, at a worker that is to answer by itself.

        Raises:
            aiohttp.ClientError, TimeoutError: if it does not.

        """
        url = URL(f"http://{request.host}{request.raw_path}", encoded=True)
        return await self._clients[shard].ws_connect(
            url, headers={_PASSED: self._passed(request)}, max_msg_size=0
        )

    async def _answer(
        self, request: web.Request, handler: _Handler, *, is_back_door: bool
    ) -> web.StreamResponse:
        """Answer a request here or elsewhere: the middleware of both doors."""
        is_final = False
        if is_back_door:
            passed = orjson.loads(request.headers[_PASSED])
            is_final = passed["is_final"]
            # On a Unix socket nobody is remote and nothing is https.
            request = request.clone(scheme=passed["scheme"], remote=passed["remote"])
        if not is_final:
            try:
                elsewhere = await self._answer_elsewhere(request)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                # It has ended, and this one is about to.
                _logger.warning("%s %s: no answer: %r", request.method, request.path, error)
                refused = refusal("server_error")
                return web.json_response(refused.body(), status=refused.status)
            if elsewhere is not None:
                return elsewhere
        response = await handler(request)
        if is_back_door:
            # What came behind it on the same connection would not be looked at.
            response.force_close()
        return response

    async def _answer_elsewhere(self, request: web.Request) -> web.StreamResponse | None:
        """Answer a request that another worker, or more than one, has to do with."""
        owner = self._owner(request)
        if owner is not None and owner != self.shard:
            return await self._pass_on(owner, request)
        rule = self._rule_of(request)
        return None if rule is None else await rule(self, request)

    def _owner(self, request: web.Request) -> int | None:
        """Return the worker of the call that a request names, if it names one of ours."""
        call_id = request.match_info.get("call_id")
        if call_id is None and _is_websocket(request):
            call_id = request.query.get("call_id")
        shard = None if call_id is None else shard_of(call_id)
        return shard if shard in self.shards else None

    async def _pass_on(self, shard: int, request: web.Request) -> web.StreamResponse:
        self._passed_on += 1
        if not _is_websocket(request):
            body = request.content if request.can_read_body else None
            return (await self.ask(shard, request, body)).response()
        lines = [f"{request.method} {request.raw_path} HTTP/1.1".encode()]
        lines += [
            name + b": " + value
            for name, value in request.raw_headers
            if name.lower() != _PASSED.lower().encode()
        ]
        lines.append(f"{_PASSED}: ".encode() + self._passed(request).encode())
        reader, writer = await asyncio.open_unix_connection(back_door(self.directory, shard))
        return await pass_websocket(request, b"\r\n".join([*lines, b"", b""]), reader, writer)

    def _passed(self, request: web.Request, *, is_final: bool = True) -> str:
        passed = {"remote": request.remote, "scheme": request.scheme, "is_final": is_final}
        return orjson.dumps(passed).decode()

    async def _tell_keys(self, request: web.Request, _response: web.StreamResponse) -> None:
        """Tell the others what became of keys; all of them know before anything is answered."""
        if not self._changed_keys and not self._telling.locked():
            return
        if request.path == "/_fake" + _KEYS:
            return  # two that tell each other must not wait for each other
        async with self._telling:  # who finds nothing to tell still waits for who tells it
            changed, self._changed_keys = self._changed_keys, []
            if changed:
                others = (shard for shard in self.shards if shard != self.shard)
                await asyncio.gather(*(self._tell(shard, changed) for shard in others))

    async def _tell(self, shard: int, changed: list[dict[str, Any]]) -> None:
        passed = {"remote": "127.0.0.1", "scheme": "http", "is_final": True}
        async with self._clients[shard].post(
            f"http://localhost/_fake{_KEYS}",
            data=orjson.dumps(changed),
            headers={_PASSED: orjson.dumps(passed).decode()},
        ) as answer:
            answer.raise_for_status()

    async def _learn_keys(self, server: Server, request: web.Request) -> HttpReply:
        for change in orjson.loads(await request.read()):
            with suppress(KeyError):  # a service that is gone by now
                keys = server.services[change["service"]].keys
                key = EphemeralKey(**change["key"])
                if change["is_valid"]:
                    keys.put(key)
                else:
                    keys.remove(key.value)
        return HttpReply(status=204)

    async def _describe(self, server: Server, request: web.Request) -> HttpReply:
        """Return what this worker does; the rule of the route makes a list of all."""
        services = server.services.values()
        return json_reply(
            {
                "worker": self.shard,
                "pid": os.getpid(),
                "sessions": sum(len(service.hosts) for service in services),
                "calls": sum(len(service.calls.describe()) for service in services),
                "passed_on": self._passed_on,
            }
        )


def _is_websocket(request: web.Request) -> bool:
    return request.headers.get("Upgrade", "").lower() == "websocket"
