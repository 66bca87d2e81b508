"""Tools of MCP servers in a session: they are listed, called, and approved of.

Sans-IO: what a server has to be asked leaves as a :class:`~realtime_fakes.audience.McpRequest`, and
the outcome comes back by ``Session.answered``. Events and items are those of the OpenAI SDK
(``mcp_list_tools_*``, ``response_mcp_call_*``, ``realtime_mcp_*``). Nobody has recorded them, so
their order is a choice: see ``docs/choices.md``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from realtime_fakes.audience import Effect, Event, McpOutcome, McpRequest
from realtime_fakes.brain import Answer, Call, Invoke
from realtime_fakes.conversation import Conversation, Entry, Item
from realtime_fakes.function_call import FunctionCall
from realtime_fakes.ids import Ids
from realtime_fakes.mcp_tools import McpTool, allowed, needs_approval
from realtime_fakes.output_item import Setting
from realtime_fakes.policy import Policy
from realtime_fakes.usage import TEXT_MESSAGE, Tokens, count_text

__all__ = ["McpCall", "McpServers", "decided"]

_UNFINISHED = McpOutcome(error={"type": "tool_execution_error", "message": "The call was ended."})


def decided(answer: Item) -> McpOutcome:
    """Return what an ``mcp_approval_response`` means for the call: an error if it is denied."""
    if answer["approve"]:
        return McpOutcome()
    reason = answer.get("reason")
    message = "The call was not approved" + (f": {reason}" if reason else ".")
    return McpOutcome(error={"type": "tool_execution_error", "message": message})


@dataclass(slots=True)
class _Listing:
    """What a server was asked for, and has."""

    server: Mapping[str, Any]
    item_id: str
    previous_when_done: str | None
    tools: list[McpTool] | None = None
    """``None`` until the server has answered."""
    has_failed: bool = False


class McpServers:
    """The servers that a session knows.

    Args:
        conversation: gets the lists of tools.
        ids: for items and events.
        policy: the decisions in force.

    """

    def __init__(
        self, conversation: Conversation, *, ids: Ids, policy: Callable[[], Policy]
    ) -> None:
        self._conversation = conversation
        self._ids = ids
        self._policy = policy
        self._listings: list[_Listing] = []

    def list_tools(
        self, tools: Sequence[Mapping[str, Any]], out: list[Effect], *, again: bool = False
    ) -> bool:
        """Ask servers what they have; return whether an answer is outstanding.

        Args:
            tools: of a session or a response. Servers among them that were asked are not asked
                again.
            out: gets the events.
            again: whether those that failed are.

        """
        is_waiting = False
        for server in tools:
            if server["type"] != "mcp":
                continue
            listing = self._find(server)
            if listing is None or (again and listing.has_failed):
                if listing is not None:
                    self._listings.remove(listing)
                listing = self._ask(server, out)
            is_waiting = is_waiting or listing.tools is None
        return is_waiting

    def listed(self, item_id: str, outcome: McpOutcome, out: list[Effect]) -> bool:
        """Take what a server has; return whether it was asked under this id."""
        for listing in self._listings:
            if listing.item_id == item_id and listing.tools is None:
                break
        else:
            return False
        found = (outcome.result or {}).get("tools")
        listing.has_failed = outcome.error is not None or not isinstance(found, list)
        listing.tools = [] if listing.has_failed else allowed(listing.server, found or ())
        shown = _list_of_tools(listing)
        cost = Tokens(count_text(json.dumps(shown["tools"])))
        self._conversation.replace(item_id, Entry(shown, cost))
        out.append(
            {
                "type": "conversation.item.done",
                "event_id": self._ids.event(),
                "previous_item_id": listing.previous_when_done,
                "item": shown,
            }
        )
        out.append(self._about_list("failed" if listing.has_failed else "completed", item_id))
        return True

    def expand(self, tools: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Return ``tools`` with those of each server in its place, as far as they are known."""
        expanded: list[Mapping[str, Any]] = []
        for tool in tools:
            if tool["type"] == "mcp":
                expanded += (offered.described() for offered in self._of(tool))
            else:
                expanded.append(tool)
        return expanded

    def invoke(self, answer: Answer, tools: Sequence[Mapping[str, Any]]) -> Answer:
        """Return an answer in which calls go to servers, where a server has the tool.

        A function of that name goes first, as it is the client's own.

        """
        if not self._listings:
            return answer
        functions = {tool["name"] for tool in tools if tool["type"] == "function"}
        known = {
            offered.name: offered
            for tool in reversed(tools)
            if tool["type"] == "mcp"
            for offered in reversed(self._of(tool))
            if offered.name not in functions
        }
        output = [
            Invoke(known[said.name], said.arguments)
            if isinstance(said, Call) and said.name in known
            else said
            for said in answer.output
        ]
        return Answer(output, answer.course)

    def _of(self, server: Mapping[str, Any]) -> list[McpTool]:
        listing = self._find(server)
        return [] if listing is None else listing.tools or []

    def _find(self, server: Mapping[str, Any]) -> _Listing | None:
        return next((known for known in self._listings if known.server == server), None)

    def _ask(self, server: Mapping[str, Any], out: list[Effect]) -> _Listing:
        item_id = self._ids.item()
        out.append(self._about_list("in_progress", item_id))
        # The item is there at once: openai-agents-js retrieves it when it reads of the progress.
        listing = _Listing(server, item_id, None)
        shown = _list_of_tools(listing)
        previous, index = self._conversation.append(item_id, Entry(shown))
        hidden = index == 1 and self._policy().hide_second_predecessor
        listing.previous_when_done = None if hidden else previous
        self._listings.append(listing)
        out.append(
            {
                "type": "conversation.item.added",
                "event_id": self._ids.event(),
                "previous_item_id": previous,
                "item": shown,
            }
        )
        out.append(McpRequest(item_id, server, "tools/list", {}))
        return listing

    def _about_list(self, what: str, item_id: str) -> Event:
        return {
            "type": "mcp_list_tools." + what,
            "event_id": self._ids.event(),
            "item_id": item_id,
        }


def _list_of_tools(listing: _Listing) -> Item:
    return {
        "id": listing.item_id,
        "type": "mcp_list_tools",
        "server_label": listing.server["server_label"],
        "tools": [tool.listed for tool in listing.tools or ()],
    }


class McpCall(FunctionCall):
    """A call of a server's tool: arguments that stream, perhaps an approval, and an outcome.

    An :class:`~realtime_fakes.output_item.OutputItem`, with :meth:`work` between its deltas and its
    end.

    """

    __slots__ = ("_approval_id", "_has_all_arguments", "_invoked", "_outcome", "waits_for")

    def __init__(
        self, invoked: Invoke, setting: Setting, index: int, most_tokens: int | None, is_last: bool
    ) -> None:
        call = Call(invoked.tool.name, invoked.arguments)
        super().__init__(call, setting, index, most_tokens, is_last)
        self.waits_for: str | None = None
        """Id under which somebody was asked and has not answered: the server or the user."""
        self._invoked = invoked
        self._approval_id: str | None = None
        self._has_all_arguments = False
        self._outcome: McpOutcome | None = None

    def opening(self) -> Item:
        """Return the call as far as it was said, without an outcome."""
        return self._item("in_progress", "".join(self._pieces[: self._said]))

    def work(self) -> Iterator[Effect | Entry | None]:
        """Have the tool called.

        Yields effects, items that are to be added to the conversation, and ``None`` where it has to
        wait for :meth:`answered`.

        """
        yield self._end_arguments()
        if self.is_cut_short:
            return
        tool = self._invoked.tool
        if needs_approval(tool, by_default=self._setting.policy.ask_by_default):
            self._approval_id = self._setting.ids.mcp_approval_request()
            request = {
                "id": self._approval_id,
                "type": "mcp_approval_request",
                "server_label": tool.server["server_label"],
                "name": tool.name,
                "arguments": self._invoked.arguments,
            }
            self.waits_for = self._approval_id
            yield Entry(request, Tokens(TEXT_MESSAGE + count_text(self._invoked.arguments)))
            yield None
            if self._outcome is not None and self._outcome.error is not None:
                return
            self._outcome = None
        yield self._about_call("in_progress")
        try:
            arguments = json.loads(self._invoked.arguments)
        except ValueError as problem:
            message = f"The arguments are not JSON: {problem}"
            self._outcome = McpOutcome(error={"type": "tool_execution_error", "message": message})
            return
        self.waits_for = self.id
        params = {"name": tool.name, "arguments": arguments}
        yield McpRequest(self.id, tool.server, "tools/call", params)
        yield None

    def answered(self, outcome: McpOutcome) -> None:
        """Take what whoever was asked has answered."""
        self.waits_for = None
        self._outcome = outcome

    def end(self, status: str, now: float, out: list[Effect]) -> Entry:
        """Say how the call went. One that is ended before its outcome is known has failed."""
        if not self._has_all_arguments:
            out.append(self._end_arguments())
        # While somebody is waited for, an earlier answer is not the outcome.
        known = self._outcome if self.waits_for is None else None
        output, error = _read(known or _UNFINISHED)
        out.append(self._about_call("completed" if error is None else "failed"))
        arguments = "".join(self._pieces[: self._said])
        item = {**self._item(status, arguments), "output": output, "error": error}
        return Entry(item, Tokens(self._cost(arguments)))

    def _end_arguments(self) -> Event:
        self._has_all_arguments = True
        return self._about_arguments("done", arguments="".join(self._pieces[: self._said]))

    def _item(self, status: str, arguments: str) -> Item:
        return {
            "id": self.id,
            "type": "mcp_call",
            "server_label": self._invoked.tool.server["server_label"],
            "name": self._invoked.tool.name,
            "arguments": arguments,
            "approval_request_id": self._approval_id,
            "output": None,
            "error": None,
        }

    def _about_arguments(self, what: str, **more: Any) -> Event:
        return {
            "type": "response.mcp_call_arguments." + what,
            "event_id": self._setting.ids.event(),
            "response_id": self._setting.response_id,
            "item_id": self.id,
            "output_index": self._index,
            **more,
        }

    def _about_call(self, what: str) -> Event:
        return {
            "type": "response.mcp_call." + what,
            "event_id": self._setting.ids.event(),
            "item_id": self.id,
            "output_index": self._index,
        }


def _read(outcome: McpOutcome) -> tuple[str | None, Mapping[str, Any] | None]:
    """Return the output and the error of a call, one of which is ``None``."""
    if outcome.error is not None:
        return None, outcome.error
    result = outcome.result or {}
    content = result.get("content")
    parts = [part for part in content if isinstance(part, dict)] if type(content) is list else []
    words = "\n".join(
        part["text"] if isinstance(part.get("text"), str) else json.dumps(part) for part in parts
    )
    if result.get("isError"):
        return None, {"type": "tool_execution_error", "message": words}
    return words, None
