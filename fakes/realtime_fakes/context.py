"""What a response sees: what in its context is to be answered, and how much there may be of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from realtime_fakes.conversation import Conversation, Entry, Item

__all__ = ["fit", "last_input"]


def last_input(entries: Iterable[Entry]) -> tuple[Entry | None, Sequence[Item]]:
    """Return the last message of the user, and the outputs of functions that wait for an answer.

    Args:
        entries: of the context, the newest first.

    """
    outputs: list[Item] = []
    is_answered = False
    for entry in entries:
        item = entry.item
        role = item.get("role")
        if role == "user":
            return entry, outputs
        if role == "assistant":
            is_answered = True
        elif is_answered:
            continue
        elif item["type"] == "function_call_output":
            outputs.insert(0, item)
        elif item["type"] == "mcp_call" and (item["output"] is not None or item["error"]):
            outputs.insert(0, _output_of(item))
    return None, outputs


def _output_of(item: Item) -> Item:
    """Return what an MCP tool returned as if a function had."""
    output = item["error"]["message"] if item["output"] is None else item["output"]
    return {"type": "function_call_output", "call_id": item["id"], "output": output}


def fit(conversation: Conversation, truncation: str | Mapping[str, Any], room: int) -> bool:
    """Make a conversation small enough; return whether it is.

    The oldest items go first. With ``retention_ratio`` more of them go than need to, so that the
    next responses find the same beginning (OpenAI SDK, docstring of
    ``realtime_truncation_retention_ratio``).

    Args:
        conversation: that is input.
        truncation: of the session: ``auto``, ``disabled``, or a ratio.
        room: tokens that the conversation may cost.

    """
    share = 1.0
    if isinstance(truncation, Mapping):
        share = truncation["retention_ratio"]
        room = min(room, truncation.get("token_limits", {}).get("post_instructions", room))
    if conversation.tokens <= room:
        return True
    if truncation == "disabled":
        return False
    conversation.forget_oldest(int(room * share))
    return True
