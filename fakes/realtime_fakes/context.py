"""What a response sees: which items, what in them is to be answered, and what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from realtime_fakes.brain import Answer, Course, Failure
from realtime_fakes.config import Config
from realtime_fakes.conversation import Conversation, Entry, Item, made_by_client
from realtime_fakes.errors import api_error
from realtime_fakes.ids import Ids
from realtime_fakes.policy import Policy
from realtime_fakes.usage import NOTHING, TEXT_MESSAGE, Tokens, count_text

__all__ = [
    "chosen",
    "cost_of_input",
    "cost_of_instructions",
    "fit",
    "last_input",
    "offered",
    "too_much",
]


def chosen(
    items: Iterable[Item] | None,
    conversation: Conversation,
    config: Config,
    ids: Ids,
    policy: Policy,
) -> list[Entry] | None:
    """Return the items that a response is to see; ``None`` for all of the conversation.

    Args:
        items: ``input`` of the response; references are to items of the conversation.
        conversation: of the session.
        config: of the session.
        ids: for items that have none.
        policy: the decisions in force.

    Raises:
        ApiError: if a reference is to nothing.

    """
    if items is None:
        return None
    context = []
    for item in items:
        if item["type"] == "item_reference":
            entry = conversation.get(item["id"])
            if entry is None or not policy.follow_references:
                raise api_error("item_reference_invalid_item_id", item_id=item["id"])
            context.append(entry)
        else:
            format = config["audio"]["input"]["format"]["type"]
            context.append(made_by_client(item, item.get("id") or ids.item(), format))
    return context


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


def offered(
    request: Mapping[str, Any], config: Config, policy: Policy
) -> tuple[Sequence[Mapping[str, Any]], str | Mapping[str, Any]]:
    """Return the tools of a response and its ``tool_choice``.

    Args:
        request: ``response`` of ``response.create``.
        config: of the session.
        policy: the decisions in force.

    """
    has_own = "tools" in request and policy.tools_of_responses
    choice = (request if "tool_choice" in request else config)["tool_choice"]
    kind = choice if isinstance(choice, str) else choice["type"]
    tools = (request if has_own else config)["tools"]
    return tools, choice if kind == "auto" or kind in policy.heeded_choices else "auto"


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


def too_much(most: int, found: int) -> Answer:
    """Return the answer to a conversation that is too long and must not be shortened."""
    error = api_error("context_length_exceeded", limit=most, found=found)
    return Answer((), Course(failure=Failure(error.type, error.code, error.message)))


def cost_of_instructions(instructions: str) -> int:
    """Return how many tokens instructions are."""
    return TEXT_MESSAGE + count_text(instructions) if instructions else 0


def cost_of_input(
    instructions: int, context: list[Entry] | None, conversation: Conversation
) -> Tokens:
    """Return what the input of a response costs.

    Args:
        instructions: their cost.
        context: what the response sees; ``None`` for all of the conversation.
        conversation: of the session.

    """
    if context is None:
        text, audio = conversation.text_tokens, conversation.audio_tokens
        return Tokens(instructions + text, audio, conversation.image_tokens)
    costs = [entry.tokens for entry in context]
    text, audio, image = map(sum, zip(*costs, strict=True)) if costs else NOTHING
    return Tokens(instructions + text, audio, image)
