"""Joins what all workers tell a page that watches into one WebSocket."""

from __future__ import annotations

from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

from aiohttp import ClientWebSocketResponse, WSMsgType, web

from realtime_fakes import control
from realtime_fakes.inspector.watch import attend

if TYPE_CHECKING:
    from realtime_fakes.workers.team import Team

__all__ = ["watch_all"]


async def watch_all(team: Team, request: web.Request) -> web.StreamResponse:
    """Tell a page what all workers tell, each message with the number of its ``worker``.

    A page that does not read holds all of them up at their ends, where what waits is bounded.
    """
    try:
        control.guard(request)
    except control.ControlError as error:
        return web.json_response({"error": {"message": error.message}}, status=error.status)
    socket = web.WebSocketResponse(compress=False, heartbeat=20.0, max_msg_size=1024)
    if not socket.can_prepare(request):
        # Any of them says what is wrong with it.
        return (await team.ask(team.shard, request, None)).response()
    async with AsyncExitStack() as stack:
        told = {}
        for shard in team.shards:
            told[shard] = await team.connect(shard, request)
            stack.push_async_callback(told[shard].close)
        await socket.prepare(request)
        await attend(socket, request, *(_pass(shard, one, socket) for shard, one in told.items()))
    return socket


async def _pass(shard: int, told: ClientWebSocketResponse, socket: web.WebSocketResponse) -> None:
    """Pass on what one worker tells, until it ends or the page is gone."""
    with suppress(ConnectionError):
        async for message in told:
            if message.type is WSMsgType.TEXT:
                await socket.send_str(f'{{"worker":{shard},{message.data[1:]}')
