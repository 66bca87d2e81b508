"""The checks of ``mcp``: one sentence each, how binding it is, and who says so."""

from __future__ import annotations

from realtime_harness.checks import Check
from realtime_harness.verdicts import Level

__all__ = [
    "ALLOWED",
    "ANSWERED",
    "APPROVAL_ADDED",
    "APPROVED",
    "ARGUMENTS",
    "ARGUMENTS_JSON",
    "ASKED",
    "ASKED_BY_DEFAULT",
    "ASKED_FOR",
    "CALLED",
    "CALL_COMPLETED",
    "CALL_ERROR",
    "CALL_FAILED",
    "CALL_IN_PROGRESS",
    "CALL_NAMES",
    "CHECKS",
    "COMPLETED",
    "DENIED",
    "DENIED_END",
    "IN_PROGRESS",
    "LABEL",
    "LINKED",
    "LISTED",
    "LISTING_FAILED",
    "NOT_ASKED",
    "NOT_BEFORE",
    "ONE_ID",
    "OUTPUT",
    "RESPONSE_COMPLETED",
    "SHOWN",
    "SURVIVED",
]

_LISTING = (
    "openai Python SDK 3.52.0, docstrings of mcp_list_tools_in_progress.py, "
    "mcp_list_tools_completed.py and mcp_list_tools_failed.py"
)
_LIST = "openai Python SDK 3.52.0, realtime_mcp_list_tools.py"
_SERVER = "openai Python SDK 3.52.0, realtime_tools_config_union.py"
_CHOICE = "openai Python SDK 3.52.0, types/responses/tool_choice_mcp.py"
_CALLING = (
    "openai Python SDK 3.52.0, docstrings of response_mcp_call_in_progress.py, "
    "response_mcp_call_completed.py and response_mcp_call_failed.py"
)
_ARGUMENTS = "openai Python SDK 3.52.0, response_mcp_call_arguments_done.py"
_CALL = "openai Python SDK 3.52.0, realtime_mcp_tool_call.py"
_REQUEST = "openai Python SDK 3.52.0, realtime_mcp_approval_request.py"
_RESPONSE = "openai Python SDK 3.52.0, realtime_mcp_approval_response.py"
_GUIDE = "https://developers.openai.com/api/docs/guides/realtime-mcp"


def _check(slug: str, level: Level, clause: str, source: str) -> Check:
    return Check(id=f"rt.mcp.{slug}", level=level, clause=clause, source=source)


# -- listing ---------------------------------------------------------------------------------------

SHOWN = _check(
    "shown",
    Level.SHOULD,
    "session.updated shows the MCP server that the session was given, by its label.",
    _GUIDE,
)
IN_PROGRESS = _check(
    "in-progress",
    Level.SHOULD,
    "mcp_list_tools.in_progress says that a server is being asked for its tools.",
    _LISTING,
)
LISTED = _check(
    "listed",
    Level.MUST,
    "The tools of a server come as an item of type mcp_list_tools.",
    _LIST,
)
LABEL = _check(
    "label",
    Level.MUST,
    "That item has the label of its server.",
    _LIST,
)
COMPLETED = _check(
    "completed",
    Level.MUST,
    "mcp_list_tools.completed says that the tools are there.",
    _LISTING,
)
ONE_ID = _check(
    "one-id",
    Level.MUST,
    "What is said about a listing names the item with the tools.",
    _LISTING,
)
ALLOWED = _check(
    "allowed",
    Level.SHOULD,
    "With allowed_tools no other tools are listed.",
    _SERVER,
)
LISTING_FAILED = _check(
    "listing-failed",
    Level.SHOULD,
    "A server that cannot be reached gives mcp_list_tools.failed.",
    _LISTING,
)
SURVIVED = _check(
    "survived",
    Level.MUST,
    "A session goes on when a server cannot be reached: a turn is answered.",
    _GUIDE,
)

# -- calls -----------------------------------------------------------------------------------------

CALLED = _check(
    "called",
    Level.MUST,
    "With a server and one of its tools as tool_choice the response has an mcp_call.",
    _CHOICE,
)
CALL_NAMES = _check(
    "call-names",
    Level.MUST,
    "A call names its server and the tool.",
    _CALL,
)
ARGUMENTS = _check(
    "arguments",
    Level.MUST,
    "response.mcp_call_arguments.done has the arguments that the call has.",
    _ARGUMENTS,
)
ARGUMENTS_JSON = _check(
    "arguments-json",
    Level.MUST,
    "The arguments are a JSON object.",
    _CALL,
)
CALL_IN_PROGRESS = _check(
    "call-in-progress",
    Level.SHOULD,
    "response.mcp_call.in_progress says that a tool is being called.",
    _CALLING,
)
CALL_COMPLETED = _check(
    "call-completed",
    Level.MUST,
    "response.mcp_call.completed says that it has returned.",
    _CALLING,
)
OUTPUT = _check(
    "output",
    Level.MUST,
    "The call has an output then, and no error.",
    _CALL,
)
NOT_ASKED = _check(
    "not-asked",
    Level.MUST,
    "With require_approval never nobody is asked for approval.",
    _SERVER,
)
RESPONSE_COMPLETED = _check(
    "response-completed",
    Level.MUST,
    "A response whose tool has returned is completed.",
    _GUIDE,
)
ANSWERED = _check(
    "answered",
    Level.SHOULD,
    "A further response answers what the tool returned.",
    _GUIDE,
)
CALL_FAILED = _check(
    "call-failed",
    Level.SHOULD,
    "response.mcp_call.failed says that a tool did not work.",
    _CALLING,
)
CALL_ERROR = _check(
    "call-error",
    Level.SHOULD,
    "The call has an error then.",
    _CALL,
)

# -- approval --------------------------------------------------------------------------------------

ASKED = _check(
    "asked",
    Level.MUST,
    "With require_approval always an mcp_approval_request comes.",
    _REQUEST,
)
ASKED_BY_DEFAULT = _check(
    "asked-by-default",
    Level.SHOULD,
    "It comes too when require_approval is not given.",
    _GUIDE,
)
ASKED_FOR = _check(
    "asked-for",
    Level.MUST,
    "A request names the server and the tool.",
    _REQUEST,
)
NOT_BEFORE = _check(
    "not-before",
    Level.MUST,
    "A tool is not called before it is approved of.",
    _GUIDE,
)
APPROVAL_ADDED = _check(
    "approval-added",
    Level.SHOULD,
    "An mcp_approval_response is added to the conversation.",
    _RESPONSE,
)
APPROVED = _check(
    "approved",
    Level.MUST,
    "A tool that is approved of is called.",
    _RESPONSE,
)
LINKED = _check(
    "linked",
    Level.SHOULD,
    "Its call has the id of the request.",
    _CALL,
)
DENIED = _check(
    "denied",
    Level.MUST,
    "A tool that is denied is not called.",
    _RESPONSE,
)
DENIED_END = _check(
    "denied-end",
    Level.INFO,
    "What becomes of a call that is denied.",
    _CALLING,
)

CHECKS = (
    SHOWN,
    IN_PROGRESS,
    LISTED,
    LABEL,
    COMPLETED,
    ONE_ID,
    ALLOWED,
    LISTING_FAILED,
    SURVIVED,
    CALLED,
    CALL_NAMES,
    ARGUMENTS,
    ARGUMENTS_JSON,
    CALL_IN_PROGRESS,
    CALL_COMPLETED,
    OUTPUT,
    NOT_ASKED,
    RESPONSE_COMPLETED,
    ANSWERED,
    CALL_FAILED,
    CALL_ERROR,
    ASKED,
    ASKED_BY_DEFAULT,
    ASKED_FOR,
    NOT_BEFORE,
    APPROVAL_ADDED,
    APPROVED,
    LINKED,
    DENIED,
    DENIED_END,
)
"""The catalogue."""
