"""The checks of ``tools``: one sentence each, how binding it is, and who says so."""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.verdicts import Level

__all__ = [
    "ADDED_EMPTY",
    "ANSWERED",
    "ARGUMENTS_DONE",
    "ARGUMENTS_JSON",
    "ARGUMENTS_NAME",
    "CALL_ID",
    "CALL_ID_AGREES",
    "CHECKS",
    "COMPLETED",
    "HOW_MANY",
    "IN_CONVERSATION",
    "LISTED",
    "NAME",
    "NAMED",
    "NONE",
    "NO_ANSWER",
    "NO_PARTS",
    "OF_RESPONSE",
    "OUTPUT_ADDED",
    "OUTPUT_EARLY",
    "OUTPUT_KEPT",
    "REQUIRED",
    "RETRIEVABLE",
    "SESSION_UNCHANGED",
    "SEVERAL_ANSWERED",
    "SEVERAL_IDS",
    "SEVERAL_PLACES",
    "SHOWN",
    "UNKNOWN_CALL",
]

_RECORDED = (
    "pydantic-ai cassettes test_openai_ws__test_tool_call_round and "
    "test_azure_ws__test_tool_call_round (July 2026)"
)
_PARAMS = "openai Python SDK 3.52.0, realtime_response_create_params.py"
_CREATE = "openai Python SDK 3.52.0, docstring of response_create_event.py"
_DONE = "openai Python SDK 3.52.0, docstring of response_function_call_arguments_done_event.py"
_CHOICE = "openai Python SDK 3.52.0, realtime_tool_choice_config.py and tool_choice_options.py"
_ITEM = "openai Python SDK 3.52.0, realtime_conversation_item_function_call.py"
_OUTPUT = "openai Python SDK 3.52.0, realtime_conversation_item_function_call_output.py"
_GUIDE = "https://platform.openai.com/docs/guides/realtime-conversations"
_UNKNOWN = "https://github.com/livekit/agents/issues/3344"


def _check(slug: str, level: Level, clause: str, source: str) -> Check:
    return Check(id=f"rt.tools.{slug}", level=level, clause=clause, source=source)


# -- a call ----------------------------------------------------------------------------------------

SHOWN = _check(
    "shown",
    Level.MUST,
    "session.updated shows the tools and the tool_choice that the session was given.",
    _GUIDE,
)
REQUIRED = _check(
    "required",
    Level.MUST,
    "With tool_choice required the response has a function call.",
    _CHOICE,
)
NAME = _check(
    "name",
    Level.MUST,
    "What is called is a function that was offered.",
    _GUIDE,
)
ADDED_EMPTY = _check(
    "added-empty",
    Level.SHOULD,
    "A call is added in progress, with its name and without arguments.",
    _RECORDED,
)
CALL_ID = _check(
    "call-id",
    Level.MUST,
    "A call has a call_id.",
    _ITEM,
)
CALL_ID_AGREES = _check(
    "call-id-agrees",
    Level.MUST,
    "All events about a call give it the same call_id.",
    _RECORDED,
)
ARGUMENTS_DONE = _check(
    "arguments-done",
    Level.MUST,
    "response.function_call_arguments.done ends the arguments of a call.",
    _DONE,
)
ARGUMENTS_NAME = _check(
    "arguments-name",
    Level.SHOULD,
    "It names the function.",
    _RECORDED,
)
ARGUMENTS_JSON = _check(
    "arguments-json",
    Level.MUST,
    "The arguments are a JSON object.",
    _ITEM,
)
COMPLETED = _check(
    "completed",
    Level.MUST,
    "Call and response are completed when they are done.",
    _RECORDED,
)
LISTED = _check(
    "listed",
    Level.MUST,
    "response.done lists the call, with name and arguments.",
    _RECORDED,
)
NO_PARTS = _check(
    "no-parts",
    Level.MUST,
    "A call has no content parts.",
    _RECORDED,
)
IN_CONVERSATION = _check(
    "in-conversation",
    Level.MUST,
    "A call is added to the conversation, behind what the user said.",
    _RECORDED,
)
RETRIEVABLE = _check(
    "retrievable",
    Level.SHOULD,
    "A call can be retrieved.",
    _GUIDE,
)

# -- its output ------------------------------------------------------------------------------------

OUTPUT_ADDED = _check(
    "output-added",
    Level.MUST,
    "The output of a call is added to the conversation.",
    _RECORDED,
)
OUTPUT_KEPT = _check(
    "output-kept",
    Level.MUST,
    "It has the call_id and the output that were sent.",
    _RECORDED,
)
OUTPUT_EARLY = _check(
    "output-early",
    Level.SHOULD,
    "An output that is sent when the arguments are done, before the response is, is added as well.",
    _RECORDED,
)
NO_ANSWER = _check(
    "no-answer",
    Level.MUST,
    "An output is not answered until a response is asked for.",
    _GUIDE,
)
ANSWERED = _check(
    "answered",
    Level.MUST,
    "The response that is asked for then is completed, with a message.",
    _RECORDED,
)
UNKNOWN_CALL = _check(
    "unknown-call",
    Level.INFO,
    "What an output with an unknown call_id gets.",
    _UNKNOWN,
)

# -- choice ----------------------------------------------------------------------------------------

NONE = _check(
    "none",
    Level.MUST,
    "With tool_choice none nothing is called.",
    _CHOICE,
)
NAMED = _check(
    "named",
    Level.MUST,
    "With the name of a function as tool_choice that function is called.",
    _CHOICE,
)
OF_RESPONSE = _check(
    "of-response",
    Level.MUST,
    "A response that is given tools of its own calls one of those.",
    _CREATE,
)
SESSION_UNCHANGED = _check(
    "session-unchanged",
    Level.MUST,
    "Such tools are not the session's.",
    _CREATE,
)

# -- several calls ---------------------------------------------------------------------------------

SEVERAL_IDS = _check(
    "several-ids",
    Level.MUST,
    "Several calls of one response have each a call_id of its own.",
    _ITEM,
)
SEVERAL_PLACES = _check(
    "several-places",
    Level.MUST,
    "Several calls of one response have each an output_index of its own, as response.done lists "
    "them.",
    _DONE,
)
SEVERAL_ANSWERED = _check(
    "several-answered",
    Level.MUST,
    "When all of them have an output, one response answers them.",
    _GUIDE,
)
HOW_MANY = _check(
    "how-many",
    Level.INFO,
    "How many functions are called when the user asks for two.",
    _PARAMS,
)

CHECKS = (
    SHOWN,
    REQUIRED,
    NAME,
    ADDED_EMPTY,
    CALL_ID,
    CALL_ID_AGREES,
    ARGUMENTS_DONE,
    ARGUMENTS_NAME,
    ARGUMENTS_JSON,
    COMPLETED,
    LISTED,
    NO_PARTS,
    IN_CONVERSATION,
    RETRIEVABLE,
    OUTPUT_ADDED,
    OUTPUT_KEPT,
    OUTPUT_EARLY,
    NO_ANSWER,
    ANSWERED,
    UNKNOWN_CALL,
    NONE,
    NAMED,
    OF_RESPONSE,
    SESSION_UNCHANGED,
    SEVERAL_IDS,
    SEVERAL_PLACES,
    SEVERAL_ANSWERED,
    HOW_MANY,
)
"""The catalogue."""
