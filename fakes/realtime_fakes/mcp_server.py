"""A small MCP server inside the fake, so that sessions have tools to list and call.

Streamable HTTP without sessions and without streams, which its specification leaves to the server
(https://modelcontextprotocol.io/specification/2025-06-18/basic/transports). Sessions of the fake
reach it as ``builtin``, any other MCP client at its URL.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import orjson
from aiohttp import web

__all__ = ["BUILTIN", "respond", "serve_mcp"]

BUILTIN = "builtin"
"""What stands for the URL of this server."""

_VERSIONS = ("2025-06-18", "2025-03-26", "2024-11-05")
_LONGEST_S = 30.0

_PARSE_ERROR, _INVALID_REQUEST, _NO_METHOD, _INVALID_PARAMS = -32700, -32600, -32601, -32602


class _ToolError(Exception):
    """A tool that did not work."""


class _Tool(NamedTuple):
    run: Callable[[Mapping[str, Any]], Awaitable[str]]
    description: str
    properties: Mapping[str, str]
    """Name and JSON type of each argument. All are required."""
    read_only: bool = True


async def _echo(arguments: Mapping[str, Any]) -> str:
    return str(arguments["text"])


async def _add(arguments: Mapping[str, Any]) -> str:
    return json.dumps(arguments["a"] + arguments["b"])


async def _fail(arguments: Mapping[str, Any]) -> str:
    raise _ToolError("This tool always fails.")


async def _slow(arguments: Mapping[str, Any]) -> str:
    seconds = min(max(arguments["seconds"], 0.0), _LONGEST_S)
    await asyncio.sleep(seconds)
    return f"Waited {seconds:g} s."


_TOOLS: dict[str, _Tool] = {
    "echo": _Tool(_echo, "Returns the text.", {"text": "string"}),
    "add": _Tool(_add, "Adds two numbers.", {"a": "number", "b": "number"}),
    "fail": _Tool(_fail, "Fails.", {}, read_only=False),
    "slow": _Tool(_slow, "Returns after some seconds.", {"seconds": "number"}, read_only=False),
}

_FITS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}


class _RpcError(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


async def respond(message: Any) -> dict[str, Any] | None:
    """Return the answer to a JSON-RPC message; ``None`` to one that asks for none."""
    is_object = isinstance(message, dict)
    request_id = message.get("id") if is_object else None
    try:
        if not is_object or not isinstance(message.get("method"), str):
            raise _RpcError(_INVALID_REQUEST, "This is no JSON-RPC request.")
        if request_id is None:
            return None
        method = _METHODS.get(message["method"])
        if method is None:
            raise _RpcError(_NO_METHOD, f"There is no method {message['method']}.")
        params = message.get("params")
        result = await method(params if isinstance(params, dict) else {})
    except _RpcError as error:
        failure = {"code": error.code, "message": error.message}
        return {"jsonrpc": "2.0", "id": request_id, "error": failure}
    return {"jsonrpc": "2.0", "id": request_id, "result": result}


async def serve_mcp(request: web.Request) -> web.Response:
    """Answer an HTTP request to the server. It takes posts, and nothing else."""
    if request.method != "POST":
        return web.Response(status=405, headers={"Allow": "POST"})
    try:
        message = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        failure = {"code": _PARSE_ERROR, "message": "This is no JSON."}
        return _json({"jsonrpc": "2.0", "id": None, "error": failure}, status=400)
    answer = await respond(message)
    return web.Response(status=202) if answer is None else _json(answer)


def _json(answer: Mapping[str, Any], status: int = 200) -> web.Response:
    body = orjson.dumps(answer)
    return web.Response(status=status, body=body, content_type="application/json")


async def _initialize(params: Mapping[str, Any]) -> dict[str, Any]:
    asked = params.get("protocolVersion")
    return {
        "protocolVersion": asked if asked in _VERSIONS else _VERSIONS[0],
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "realtime-fake", "version": "1"},
    }


async def _ping(params: Mapping[str, Any]) -> dict[str, Any]:
    return {}


async def _list(params: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "tools": [
            {
                "name": name,
                "description": tool.description,
                "inputSchema": {
                    "type": "object",
                    "properties": {key: {"type": kind} for key, kind in tool.properties.items()},
                    "required": list(tool.properties),
                },
                "annotations": {"readOnlyHint": tool.read_only},
            }
            for name, tool in _TOOLS.items()
        ]
    }


async def _call(params: Mapping[str, Any]) -> dict[str, Any]:
    name, arguments = params.get("name"), params.get("arguments", {})
    tool = _TOOLS.get(name) if isinstance(name, str) else None
    if tool is None:
        raise _RpcError(_INVALID_PARAMS, f"There is no tool {name}.")
    for key, kind in tool.properties.items():
        if not isinstance(arguments, dict) or not _FITS[kind](arguments.get(key)):
            raise _RpcError(_INVALID_PARAMS, f"The argument {key} has to be a {kind}.")
    try:
        words, is_error = await tool.run(arguments), False
    except _ToolError as error:
        words, is_error = str(error), True
    return {"content": [{"type": "text", "text": words}], "isError": is_error}


_METHODS: dict[str, Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]] = {
    "initialize": _initialize,
    "ping": _ping,
    "tools/list": _list,
    "tools/call": _call,
}
