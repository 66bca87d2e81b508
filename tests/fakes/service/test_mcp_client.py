from __future__ import annotations

import json

import pytest
from aiohttp import web
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from realtime_fakes.audience import McpRequest
from realtime_fakes.mcp_client import McpClient
from realtime_fakes.mcp_server import respond
from realtime_harness.contract.schemas import server_event_errors

STRICT = TypeAdapter(RealtimeServerEvent)
RESPOND = {"type": "response.create"}


class McpWorld:
    """An MCP server that can be anything the protocol allows, and wrong."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], dict]] = []
        self.streams = False
        self.pages = False
        self.reply: web.Response | None = None
        self.url = ""

    async def serve(self, request: web.Request) -> web.Response:
        message = await request.json() if request.can_read_body else {}
        method = message.get("method", request.method)
        self.requests.append((method, dict(request.headers), message.get("params", {})))
        if self.reply is not None:
            return self.reply
        if method == "DELETE":
            return web.Response(status=204)
        answer = await respond(message)
        if answer is None:
            return web.Response(status=202)
        if self.pages and method == "tools/list":
            tools = answer["result"]["tools"]
            if "cursor" in message["params"]:
                answer["result"] = {"tools": tools[2:]}
            else:
                answer["result"] = {"tools": tools[:2], "nextCursor": "2"}
        headers = {"Mcp-Session-Id": "s1"} if method == "initialize" else {}
        if not self.streams:
            return web.json_response(answer, headers=headers)
        note = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"é": "ü"}}
        text = (
            f": comment\r\nevent: message\r\ndata: {json.dumps(note, ensure_ascii=False)}\r\n\r\n"
        )
        text += f"id: 4\ndata: {json.dumps(answer)}\n\n"
        return web.Response(text=text, content_type="text/event-stream", headers=headers)


@pytest.fixture
async def mcp():
    """Return an MCP server at a URL."""
    world = McpWorld()
    app = web.Application()
    app.router.add_route("*", "/mcp", world.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    world.url = f"http://127.0.0.1:{runner.addresses[0][1]}/mcp"
    yield world
    await runner.cleanup()


def server(url: str = "builtin", **more):
    tool = {"type": "mcp", "server_label": "tools", "server_url": url, "require_approval": "never"}
    return {**tool, **more}


def update(*tools):
    session = {"type": "realtime", "tools": tools, "output_modalities": ["text"]}
    return {"type": "session.update", "session": session}


async def ask(url: str, method: str = "tools/list", *, anywhere=False, params=None, **more):
    request = McpRequest("x", server(url, **more), method, params or {})
    return await McpClient(anywhere=anywhere).ask(request)


def valid(events):
    for event in events:
        STRICT.validate_python(event)
        assert server_event_errors(event) == []
    return events


async def test_tools_are_listed_and_called_and_every_event_is_valid(world, say):
    control = world.client.addresses["control_url"]
    for url in ("builtin", f"{control}/mcp"):
        socket = await world.client.socket()
        await socket.event()
        await socket.send(update(server(url)))
        listed = valid(await socket.until("mcp_list_tools.completed"))
        assert [tool["name"] for tool in listed[-2]["item"]["tools"]] == [
            "echo",
            "add",
            "fail",
            "slow",
        ]
        await socket.send(say('call add {"a": 1, "b": 2} and call fail {}'), RESPOND)
        events = valid(await socket.until("rate_limits.updated"))
        added, failed = events[-2]["response"]["output"]
        assert (added["output"], added["error"]) == ("3", None)
        assert failed["error"]["type"] == "tool_execution_error"
        await socket.send(RESPOND)
        said = valid(await socket.until("response.done"))[-1]["response"]["output"][0]
        assert said["content"][0]["text"] == "The tool said: 3; This tool always fails."


async def test_approval_over_a_socket(client, say):
    socket = await client.socket()
    await socket.send(update(server(require_approval={"never": {"tool_names": ["add"]}})))
    await socket.until("mcp_list_tools.completed")
    await socket.send(say('call echo {"text": "hi"}'), RESPOND)
    events = valid(await socket.until("response.mcp_call_arguments.done"))
    request = [valid([await socket.event()])[0] for _ in range(2)][1]["item"]
    answer = {
        "type": "mcp_approval_response",
        "approval_request_id": request["id"],
        "approve": True,
    }
    await socket.send({"type": "conversation.item.create", "item": answer})
    events = valid(await socket.until("response.done"))
    assert events[-1]["response"]["output"][0]["output"] == "hi"


async def test_a_phone_call_has_its_tools_listed_to_the_first_sideband(client):
    call_id = (await client.control("POST", "/sip/calls", json={})).json()["id"]
    session = {"type": "realtime", "model": "gpt-realtime", "tools": [server()]}
    await client.post(f"/realtime/calls/{call_id}/accept", json=session)
    socket = await client.socket(f"?call_id={call_id}")
    valid(await socket.until("mcp_list_tools.completed"))


async def test_a_session_that_ends_does_not_wait_for_its_servers(client, say):
    socket = await client.socket()
    await socket.send(update(server()))
    await socket.until("mcp_list_tools.completed")
    await socket.send(say('call slow {"seconds": 30}'), RESPOND)
    await socket.until("response.mcp_call.in_progress")
    await socket.send({"type": "response.cancel"})
    events = await socket.until("response.done")
    assert events[0]["type"] == "response.mcp_call.failed"


async def test_failures_reach_the_session(client, mcp, say):
    mcp.reply = web.Response(status=500, text="broken")
    socket = await client.socket()
    await socket.send(update(server(mcp.url)))
    valid(await socket.until("mcp_list_tools.failed"))


@pytest.mark.parametrize("streams", [False, True], ids=["json", "event stream"])
@pytest.mark.parametrize("pages", [False, True], ids=["whole", "pages"])
async def test_a_server_at_a_url(mcp, streams, pages):
    mcp.streams, mcp.pages = streams, pages
    outcome = await ask(mcp.url, authorization="secret", headers={"X-Mine": "1"})
    assert outcome.error is None
    assert [tool["name"] for tool in outcome.result["tools"]] == ["echo", "add", "fail", "slow"]
    methods = [method for method, _, _ in mcp.requests]
    lists = ["tools/list"] * (1 + pages)
    assert methods == ["initialize", "notifications/initialized", *lists, "DELETE"]
    for method, headers, _ in mcp.requests:
        assert headers["Authorization"] == "Bearer secret"
        assert headers["X-Mine"] == "1"
        if method != "initialize":
            assert headers["Mcp-Session-Id"] == "s1"
            assert headers["MCP-Protocol-Version"] == "2025-06-18"


FAILURES = [
    pytest.param(lambda: web.Response(status=401, text="no"), "http_error", 401, id="status"),
    pytest.param(lambda: web.Response(status=307, headers={"Location": "/"}), "http_error", 307,
                 id="redirect"),
    pytest.param(lambda: web.Response(text="hello"), "http_error", 502, id="no JSON"),
    pytest.param(lambda: web.json_response([1]), "protocol_error", -32603, id="no answer"),
    pytest.param(lambda: web.json_response({"id": 1}), "protocol_error", -32603, id="no result"),
    pytest.param(lambda: web.json_response({"id": 1, "error": {"code": -5, "message": "x"}}),
                 "protocol_error", -5, id="error"),
]  # fmt: skip


@pytest.mark.parametrize(("reply", "kind", "code"), FAILURES)
async def test_a_server_that_fails(mcp, reply, kind, code):
    mcp.reply = reply()
    outcome = await ask(mcp.url)
    assert outcome.result is None
    assert (outcome.error["type"], outcome.error["code"]) == (kind, code)


@pytest.mark.parametrize(
    ("url", "more", "code"),
    [
        pytest.param("http://127.0.0.1:1/mcp", {}, 502, id="nobody there"),
        pytest.param("http://mcp.example/mcp", {}, 403, id="another machine"),
        pytest.param("http://127.0.0.1.example/mcp", {}, 403, id="looks like this machine"),
        pytest.param("http://", {}, 403, id="no host"),
        pytest.param(None, {"connector_id": "connector_gmail"}, 401, id="no token"),
        pytest.param(None, {"tunnel_id": "tunnel_" + "a" * 32}, 502, id="tunnel"),
    ],
)
async def test_a_server_that_cannot_be_asked(url, more, code):
    outcome = await ask(url, **more)
    assert outcome.error["type"] == "http_error"
    assert outcome.error["code"] == code


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        pytest.param("GET", {}, 405, id="no stream"),
        pytest.param("DELETE", {}, 405, id="no session"),
        pytest.param("POST", {"Origin": "https://page.example"}, 403, id="a page"),
        pytest.param("POST", {}, 400, id="no JSON"),
    ],
)
async def test_what_the_server_inside_refuses_over_http(client, method, headers, status):
    reply = await client.control(method, "/mcp", headers=headers)
    assert reply.status_code == status
