"""Connectors: services of others that a session names instead of the URL of an MCP server.

Nothing is behind them here. They list the tools that the guide names and answer each call with
what they were asked, which is enough for a client that lists, approves, calls and speaks. Like the
real ones they want an OAuth token, and take any
(https://developers.openai.com/api/docs/guides/tools-connectors-mcp).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["TOOLS", "answer"]

TOOLS: dict[str, tuple[str, ...]] = {
    "connector_dropbox": (
        "search",
        "fetch",
        "search_files",
        "fetch_file",
        "list_recent_files",
        "get_profile",
    ),
    "connector_gmail": (
        "get_profile",
        "search_emails",
        "search_email_ids",
        "get_recent_emails",
        "read_email",
        "batch_read_email",
    ),
    "connector_googlecalendar": ("get_profile", "search", "fetch", "search_events", "read_event"),
    "connector_googledrive": ("get_profile", "list_drives", "search", "recent_documents", "fetch"),
    "connector_microsoftteams": ("search", "fetch", "get_chat_members", "get_profile"),
    "connector_outlookcalendar": (
        "search_events",
        "fetch_event",
        "fetch_events_batch",
        "list_events",
        "get_profile",
    ),
    "connector_outlookemail": (
        "get_profile",
        "list_messages",
        "search_messages",
        "get_recent_emails",
        "fetch_message",
        "fetch_messages_batch",
    ),
    "connector_sharepoint": (
        "get_site",
        "search",
        "list_recent_documents",
        "fetch",
        "get_profile",
    ),
}
"""What each connector can do. All of it only reads."""


def answer(connector: str, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of ``tools/list`` or ``tools/call``."""
    if method == "tools/list":
        return {"tools": [_described(connector, name) for name in TOOLS[connector]]}
    name = params.get("name")
    if name not in TOOLS[connector]:
        return _said(f"There is no tool {name}.", is_error=True)
    asked = {"connector": connector, "tool": name, "arguments": params.get("arguments", {})}
    return _said(json.dumps(asked), is_error=False)


def _described(connector: str, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "description": f"{name} of {connector}.",
        "inputSchema": {"type": "object", "properties": {"query": {"type": "string"}}},
        "annotations": {"readOnlyHint": True},
    }


def _said(words: str, *, is_error: bool) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": words}], "isError": is_error}
