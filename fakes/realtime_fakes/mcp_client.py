"""Asks MCP servers: one inside the fake, a connector, or one at a URL, over Streamable HTTP.

See https://modelcontextprotocol.io/specification/2025-06-18/basic/transports.
"""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import AsyncIterator, Mapping
from ipaddress import ip_address
from typing import Any

import aiohttp
import orjson
from yarl import URL

from realtime_fakes.audience import McpOutcome, McpRequest
from realtime_fakes.mcp_connectors import answer
from realtime_fakes.mcp_server import BUILTIN, respond

__all__ = ["McpClient"]

_VERSION = "2025-06-18"
_PATIENCE_S = 40.0
_MOST_PAGES = 20
_LONGEST_REPLY = 4 * 1024 * 1024


class _Failed(Exception):
    """A request without a result."""

    def __init__(self, kind: str, code: int, message: str) -> None:
        super().__init__(message)
        self.error = {"type": kind, "code": code, "message": message}


class McpClient:
    """Asks servers for what sessions want of them.

    Args:
        anywhere: whether servers may be on other machines.

    """

    def __init__(self, *, anywhere: bool = False) -> None:
        self._anywhere = anywhere

    async def ask(self, request: McpRequest) -> McpOutcome:
        """Return what a server answers, or why there is no answer. Raises nothing of its own."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return McpOutcome(await self._ask(request))
        except _Failed as failure:
            return McpOutcome(error=failure.error)
        except TimeoutError:
            return McpOutcome(error=_http_error(504, "The server did not answer in time."))
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            return McpOutcome(error=_http_error(502, f"The server cannot be asked: {problem}"))

    async def _ask(self, request: McpRequest) -> Mapping[str, Any]:
        address = request.server.get("server_url")
        if "connector_id" in request.server:
            if not request.server.get("authorization"):
                raise _Failed("http_error", 401, "A connector needs an OAuth token.")
            return answer(request.server["connector_id"], request.method, request.params)
        if address is None:
            raise _Failed("http_error", 502, "No tunnel of this id is connected.")
        if address == BUILTIN:
            return _result(await respond(_rpc(1, request.method, request.params)))
        url = URL(address)
        if not self._anywhere and not _is_loopback(url.host):
            raise _Failed("http_error", 403, "Servers on other machines are not allowed here.")
        headers = {
            **(request.server.get("headers") or {}),
            "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json",
        }
        if request.server.get("authorization"):
            headers["Authorization"] = f"Bearer {request.server['authorization']}"
        async with aiohttp.ClientSession(headers=headers) as http:
            dialogue = _Dialogue(http, url)
            await dialogue.open()
            try:
                return await dialogue.request(request.method, request.params)
            finally:
                await dialogue.close()


class _Dialogue:
    """A session with a server."""

    def __init__(self, http: aiohttp.ClientSession, url: URL) -> None:
        self._http = http
        self._url = url
        self._headers: dict[str, str] = {}
        self._count = 0

    async def open(self) -> None:
        about = {
            "protocolVersion": _VERSION,
            "capabilities": {},
            "clientInfo": {"name": "realtime-fake", "version": "1"},
        }
        agreed = await self._post_request("initialize", about)
        self._headers["MCP-Protocol-Version"] = str(agreed.get("protocolVersion", _VERSION))
        message = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        async with self._post(message):
            pass

    async def request(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the result of a request; a list that comes in pages is put together."""
        result = await self._post_request(method, params)
        tools = result.get("tools")
        for _ in range(_MOST_PAGES):
            cursor = result.get("nextCursor")
            if not isinstance(tools, list) or not isinstance(cursor, str):
                break
            result = await self._post_request(method, {**params, "cursor": cursor})
            more = result.get("tools")
            tools = [*tools, *(more if isinstance(more, list) else ())]
        return result if tools is None else {**result, "tools": tools}

    async def close(self) -> None:
        """Tell a server that keeps sessions that this one is over."""
        if "Mcp-Session-Id" in self._headers:
            async with self._http.delete(self._url, headers=self._headers, allow_redirects=False):
                pass

    async def _post_request(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        self._count += 1
        async with self._post(_rpc(self._count, method, params)) as reply:
            if reply.status != 200:
                words = (await reply.content.read(500)).decode(errors="replace")
                message = words or reply.reason or "The server refuses."
                raise _Failed("http_error", reply.status, message)
            if "Mcp-Session-Id" in reply.headers:
                self._headers["Mcp-Session-Id"] = reply.headers["Mcp-Session-Id"]
            is_stream = reply.content_type == "text/event-stream"
            messages = _events(reply) if is_stream else _whole(reply)
            async for message in messages:
                if isinstance(message, dict) and message.get("id") == self._count:
                    return _result(message)
        raise _Failed("protocol_error", -32603, "The server did not answer the request.")

    def _post(self, message: Mapping[str, Any]) -> Any:
        return self._http.post(
            self._url, data=orjson.dumps(message), headers=self._headers, allow_redirects=False
        )


async def _whole(reply: aiohttp.ClientResponse) -> AsyncIterator[Any]:
    body = b""
    async for chunk in reply.content.iter_any():
        body += chunk
        if len(body) > _LONGEST_REPLY:
            raise ValueError("the reply is too long")
    yield orjson.loads(body)


async def _events(reply: aiohttp.ClientResponse) -> AsyncIterator[Any]:
    """Yield the messages of a stream of server-sent events."""
    decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
    rest, data = "", ""
    async for chunk in reply.content.iter_any():
        rest += decode(chunk)
        *lines, rest = rest.split("\n")
        for line in lines:
            line = line.rstrip("\r")
            if line.startswith("data:"):
                data += line.removeprefix("data:").strip()
            elif not line and data:
                yield orjson.loads(data)
                data = ""
        if len(rest) + len(data) > _LONGEST_REPLY:
            raise ValueError("the reply is too long")


def _rpc(number: int, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def _result(message: Any) -> Mapping[str, Any]:
    error = message.get("error")
    if isinstance(error, dict):
        code = error.get("code")
        message = str(error.get("message", ""))
        raise _Failed("protocol_error", code if type(code) is int else -32603, message)
    result = message.get("result")
    if not isinstance(result, dict):
        raise _Failed("protocol_error", -32603, "The server answered without a result.")
    return result


def _http_error(code: int, message: str) -> Mapping[str, Any]:
    return {"type": "http_error", "code": code, "message": message}


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or (host is not None and ip_address(host).is_loopback)
    except ValueError:
        return False
