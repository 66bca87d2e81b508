"""How the scenarios of ``mcp`` get at the tools of a server."""

from __future__ import annotations

from typing import Any

from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.connection import ReceivedEvent, member
from realtime_harness.clients.websocket import WebSocketConnection
from realtime_harness.journeys.exchange import add_item, message, objects, start
from realtime_harness.journeys.fence import update_session
from realtime_harness.run import ScenarioRun
from realtime_scenarios.mcp import checks

__all__ = ["LABEL", "call", "connect", "is_item", "list_tools", "server"]

LABEL = "rt-tools"
"""By which the session knows its server."""


async def connect(run: ScenarioRun) -> WebSocketConnection | None:
    """Return a session, or ``None``, with nothing judged, if the target names no MCP server."""
    if run.target.mcp_server_url is None:
        for check in run.scenario.checks:
            run.not_applicable(check, "the target names no MCP server (mcp_server_url)")
        return None
    connection = await run.websocket()
    await connection.expect("session.created")
    return connection


def server(run: ScenarioRun, **more: Any) -> dict[str, Any]:
    """Return the target's MCP server as a tool of a session."""
    url = run.target.mcp_server_url
    return {"type": "mcp", "server_label": LABEL, "server_url": url, **more}


async def list_tools(
    run: ScenarioRun, connection: EventConnection, tool: dict[str, Any]
) -> tuple[dict[str, Any], ReceivedEvent]:
    """Give the session a server; return the session, and the item with its tools when it is done.

    Raises:
        TargetViolation: if no tools are listed.

    """
    session = await update_session(connection, tools=[tool], output_modalities=["text"])
    with run.requiring(checks.LISTED):
        listed = await connection.expect(
            "conversation.item.done",
            where=lambda data: (
                member(data, "item", "type") == "mcp_list_tools"
                and bool(objects(member(data, "item", "tools")))
            ),
        )
    return session, listed


async def call(
    run: ScenarioRun, connection: EventConnection, name: str
) -> tuple[ReceivedEvent, ReceivedEvent]:
    """Have a tool called; return ``response.created``, and how the call was added.

    Raises:
        TargetViolation: if it is not called.

    """
    await add_item(connection, message("user", "Please use your tool."))
    choice = {"type": "mcp", "server_label": LABEL, "name": name}
    with run.requiring(checks.CALLED):
        created = await start(connection, tool_choice=choice)
        added = await connection.expect(
            "response.output_item.added", where=lambda data: is_item(data, "mcp_call")
        )
    return created, added


def is_item(data: dict[str, Any], kind: str) -> bool:
    """Whether an event is about an item of this type."""
    return bool(member(data, "item", "type") == kind)
