from __future__ import annotations

from typing import Any

import pytest

from realtime_fakes.mcp_server import respond


def request(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}


def call(name: Any, **arguments: Any) -> dict[str, Any]:
    return request("tools/call", name=name, arguments=arguments)


@pytest.mark.parametrize("version", ["2025-06-18", "2025-03-26", "2024-11-05"])
async def test_it_speaks_the_version_it_is_asked_for(version: str) -> None:
    answer = await respond(request("initialize", protocolVersion=version))
    assert answer is not None
    assert answer["result"]["protocolVersion"] == version
    assert "tools" in answer["result"]["capabilities"]


async def test_it_offers_the_version_it_knows_to_others() -> None:
    answer = await respond(request("initialize", protocolVersion="1999-01-01"))
    assert answer is not None
    assert answer["result"]["protocolVersion"] == "2025-06-18"


async def test_its_tools_are_described() -> None:
    answer = await respond(request("tools/list"))
    assert answer is not None
    tools = {tool["name"]: tool for tool in answer["result"]["tools"]}
    assert list(tools) == ["echo", "add", "fail", "slow"]
    assert tools["add"]["inputSchema"] == {
        "type": "object",
        "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
        "required": ["a", "b"],
    }


@pytest.mark.parametrize(
    ("message", "words", "is_error"),
    [
        pytest.param(call("echo", text="hi"), "hi", False, id="echo"),
        pytest.param(call("add", a=1, b=2.5), "3.5", False, id="add"),
        pytest.param(call("fail"), "This tool always fails.", True, id="fail"),
        pytest.param(call("slow", seconds=0), "Waited 0 s.", False, id="slow"),
    ],
)
async def test_a_tool(message: dict[str, Any], words: str, is_error: bool) -> None:
    assert await respond(message) == {
        "jsonrpc": "2.0",
        "id": 7,
        "result": {"content": [{"type": "text", "text": words}], "isError": is_error},
    }


@pytest.mark.parametrize(
    ("message", "code"),
    [
        pytest.param(request("resources/list"), -32601, id="method"),
        pytest.param(call("nothing"), -32602, id="tool"),
        pytest.param(call(["echo"]), -32602, id="name of a tool"),
        pytest.param(call("echo"), -32602, id="argument missing"),
        pytest.param(call("add", a="1", b=2), -32602, id="type of an argument"),
        pytest.param(call("add", a=True, b=2), -32602, id="boolean for a number"),
        pytest.param(request("tools/call", name="echo", arguments=1), -32602, id="no arguments"),
        pytest.param([], -32600, id="batch"),
        pytest.param({"id": 7, "method": 1}, -32600, id="method is a number"),
    ],
)
async def test_what_it_refuses(message: Any, code: int) -> None:
    answer = await respond(message)
    assert answer is not None
    assert answer["error"]["code"] == code


async def test_a_notification_is_not_answered() -> None:
    assert await respond({"jsonrpc": "2.0", "method": "notifications/initialized"}) is None
