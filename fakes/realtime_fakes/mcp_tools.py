"""Tools of MCP servers: which of them a session may use, and which of those need approval.

Source of the filters: types of the OpenAI SDK (``realtime_tools_config_union``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["McpTool", "allowed", "needs_approval"]


@dataclass(frozen=True, slots=True)
class McpTool:
    """A tool that a server has listed."""

    server: Mapping[str, Any]
    """The ``mcp`` tool of the session, by which the server was asked."""
    name: str
    listed: Mapping[str, Any]
    """As ``mcp_list_tools`` shows it."""

    def described(self) -> dict[str, Any]:
        """Return the tool in the form of a function tool, and with the label of its server."""
        return {
            "type": "mcp",
            "server_label": self.server["server_label"],
            "name": self.name,
            "parameters": self.listed["input_schema"],
        }


def allowed(server: Mapping[str, Any], tools: Iterable[Any]) -> list[McpTool]:
    """Return those tools that a session may use. What is no tool at all is left out.

    Args:
        server: the ``mcp`` tool of the session.
        tools: as the server lists them (``tools/list`` of the Model Context Protocol).

    """
    rule = server.get("allowed_tools")
    if isinstance(rule, list):
        rule = {"tool_names": rule}
    return [
        McpTool(server, tool["name"], _listed(tool))
        for tool in tools
        if isinstance(tool, dict) and isinstance(tool.get("name"), str) and _fits(rule, tool)
    ]


def needs_approval(tool: McpTool, *, by_default: bool = True) -> bool:
    """Return whether somebody has to approve of each call of this tool.

    A tool that both filters name needs approval; one that neither names does if only ``never`` is
    given.

    Args:
        tool: that is called.
        by_default: what holds where the server was given no rule.

    """
    rule = tool.server.get("require_approval")
    if rule is None:
        return by_default
    if isinstance(rule, str):
        return rule != "never"
    always, never = rule.get("always"), rule.get("never")
    if always is not None and _fits(always, tool.listed):
        return True
    if never is not None:
        return not _fits(never, tool.listed)
    return always is None


def _fits(rule: Mapping[str, Any] | None, tool: Mapping[str, Any]) -> bool:
    if rule is None:
        return True
    names, read_only = rule.get("tool_names"), rule.get("read_only")
    annotations = tool.get("annotations")
    is_read_only = isinstance(annotations, dict) and annotations.get("readOnlyHint") is True
    return (names is None or tool["name"] in names) and read_only in (None, is_read_only)


def _listed(tool: Mapping[str, Any]) -> dict[str, Any]:
    schema = tool.get("inputSchema")
    return {
        "name": tool["name"],
        "description": tool.get("description"),
        "input_schema": schema if isinstance(schema, dict) else {"type": "object"},
        "annotations": tool.get("annotations"),
    }
