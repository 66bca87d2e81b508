from __future__ import annotations

from typing import Any

import pytest

from realtime_fakes.mcp_tools import allowed, needs_approval

READ: dict[str, Any] = {"name": "read", "annotations": {"readOnlyHint": True}}
WRITE: dict[str, Any] = {"name": "write"}


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        (None, ["read", "write"]),
        ([], []),
        (["write", "other"], ["write"]),
        ({"tool_names": ["read"]}, ["read"]),
        ({"read_only": True}, ["read"]),
        ({"read_only": False}, ["write"]),
        ({"read_only": True, "tool_names": ["write"]}, []),
        ({}, ["read", "write"]),
    ],
)
def test_which_tools_a_session_may_use(rule: Any, names: list[str]) -> None:
    server = {"server_label": "x", "allowed_tools": rule}
    assert [tool.name for tool in allowed(server, [READ, WRITE])] == names


@pytest.mark.parametrize("junk", [None, 1, "echo", {}, {"name": 1}], ids=repr)
def test_what_is_no_tool_is_left_out(junk: Any) -> None:
    assert [tool.name for tool in allowed({}, [junk, WRITE])] == ["write"]


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        (None, ["read", "write"]),
        ("always", ["read", "write"]),
        ("never", []),
        ({}, ["read", "write"]),
        ({"always": {"tool_names": ["write"]}}, ["write"]),
        ({"never": {"read_only": True}}, ["write"]),
        ({"never": {"read_only": True}, "always": {"tool_names": ["read"]}}, ["read", "write"]),
    ],
)
def test_which_tools_need_approval(rule: Any, names: list[str]) -> None:
    tools = allowed({"server_label": "x", "require_approval": rule}, [READ, WRITE])
    assert [tool.name for tool in tools if needs_approval(tool)] == names
