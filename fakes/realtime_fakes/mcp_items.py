"""Items about MCP servers as clients make them: history of an earlier session, and approvals.

Fields are those of the OpenAI SDK (``realtime_mcp_list_tools_param``, ``…_tool_call_param``,
``…_approval_request_param``, ``…_approval_response_param``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from realtime_fakes.shapes import Shape, anything, array, nullable, record, tagged

__all__ = ["MCP_ITEMS", "Item", "McpItem"]

Item = Mapping[str, Any]


class McpItem(NamedTuple):
    """One type of item."""

    fields: Mapping[str, Shape]
    required: tuple[str, ...]
    shown: Callable[[Item], dict[str, Any]]
    """Returns what the service shows of it, but for its id and type."""
    words: Callable[[Item], str]
    """Returns what of it is input to a model."""


_TOOL = record(
    {"name": str, "input_schema": anything, "description": nullable(str), "annotations": anything},
    required=("name", "input_schema"),
)
_WITH_CODE = record({"type": str, "code": int, "message": str}, required=("code", "message"))
_ERROR = tagged(
    "type",
    {
        "protocol_error": _WITH_CODE,
        "http_error": _WITH_CODE,
        "tool_execution_error": record({"type": str, "message": str}, required=("message",)),
    },
)
_CALLED: dict[str, Shape] = {"server_label": str, "name": str, "arguments": str}


def _tools(item: Item) -> dict[str, Any]:
    tools = [{"description": None, "annotations": None, **tool} for tool in item["tools"]]
    return {"server_label": item["server_label"], "tools": tools}


def _called(item: Item, **more: Any) -> dict[str, Any]:
    return {name: item[name] for name in _CALLED} | more


def _outcome(item: Item) -> dict[str, Any]:
    names = ("approval_request_id", "output", "error")
    return _called(item, **{name: item.get(name) for name in names})


def _decision(item: Item) -> dict[str, Any]:
    return {
        "approval_request_id": item["approval_request_id"],
        "approve": item["approve"],
        "reason": item.get("reason"),
    }


MCP_ITEMS: dict[str, McpItem] = {
    "mcp_list_tools": McpItem(
        {"server_label": str, "tools": array(_TOOL)},
        ("server_label", "tools"),
        _tools,
        lambda item: str(item["tools"]),
    ),
    "mcp_call": McpItem(
        {
            **_CALLED,
            "approval_request_id": nullable(str),
            "output": nullable(str),
            "error": nullable(_ERROR),
        },
        tuple(_CALLED),
        _outcome,
        lambda item: f"{item['name']} {item['arguments']} {item.get('output') or ''}",
    ),
    "mcp_approval_request": McpItem(
        _CALLED, tuple(_CALLED), _called, lambda item: f"{item['name']} {item['arguments']}"
    ),
    "mcp_approval_response": McpItem(
        {"approval_request_id": str, "approve": bool, "reason": nullable(str)},
        ("approval_request_id", "approve"),
        _decision,
        lambda item: item.get("reason") or "",
    ),
}
"""By type."""
