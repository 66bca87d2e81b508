"""Tools: which of them the user asks for, and arguments that fit their schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["asked_for", "sample"]

_find_calls = re.compile(r"\bcall\s+([A-Za-z0-9_-]+)\s*").finditer
_read_json = json.JSONDecoder().raw_decode

_SAMPLES: dict[str, Any] = {
    "string": "",
    "number": 0,
    "integer": 0,
    "boolean": False,
    "array": [],
    "null": None,
}


def asked_for(
    text: str, tools: Sequence[Mapping[str, Any]], choice: str | Mapping[str, Any]
) -> list[tuple[str, str]]:
    """Return the calls, as name and arguments, that a user asks for or that have to be made.

    ``call NAME`` in the text calls a tool of that name, with the JSON object behind it if there is
    one, and with arguments made up from the schema otherwise.

    Args:
        text: of the user.
        tools: that are offered: functions, and tools of MCP servers in the same form.
        choice: ``tool_choice``; it may forbid all calls, or demand one.

    """
    offered = {
        tool["name"]: tool.get("parameters") or {}
        for tool in tools
        if isinstance(choice, str) or _is_meant(tool, choice)
    }
    if choice == "none" or not offered:
        return []
    calls = list(_named(text, offered))
    if not calls and choice != "auto":
        needed = next(iter(offered))
        calls = [(needed, _json(sample(offered[needed])))]
    return calls


def sample(schema: Mapping[str, Any]) -> Any:
    """Return the plainest value of a JSON schema: what is required, and nothing else."""
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return sample(schema[key][0])
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        kind = kind[0]
    if kind != "object":
        return _SAMPLES.get(kind)
    properties = schema.get("properties", {})
    return {name: sample(properties.get(name, {})) for name in schema.get("required", ())}


def _is_meant(tool: Mapping[str, Any], choice: Mapping[str, Any]) -> bool:
    return tool["type"] == choice["type"] and all(
        choice.get(key) in (None, tool.get(key)) for key in ("name", "server_label")
    )


def _named(text: str, offered: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    end = 0
    for match in _find_calls(text):
        name = match[1]
        # What stands in the arguments of a call is not a call.
        if match.start() < end or name not in offered:
            continue
        if text.startswith("{", match.end()):
            try:
                _, end = _read_json(text, match.end())
            except ValueError:
                continue
            yield name, text[match.end() : end]
        else:
            yield name, _json(sample(offered[name]))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
