"""A function call, on its way out: a name that is known at once, and arguments that stream.

Order and keys are recorded (pydantic-ai cassette ``test_openai_ws__test_tool_call_round``):
the item is added with empty arguments, every delta names the ``call_id``, and the event that ends
them carries the name as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from realtime_fakes.audience import Effect, Event
from realtime_fakes.brain import Call
from realtime_fakes.conversation import Entry, Item
from realtime_fakes.message import PAD_TO
from realtime_fakes.output_item import Setting
from realtime_fakes.usage import TEXT_MESSAGE, Tokens, count_text

__all__ = ["FunctionCall"]

_MOST_DELTAS = 64
# Words, runs of punctuation, and the white space between them: much like the recorded pieces.
_find_pieces = re.compile(r"\s*\w+|\s*[^\w\s]+|\s+").findall


class FunctionCall:
    """A function call (an :class:`~realtime_fakes.output_item.OutputItem`).

    Args:
        call: what is called, and with what.
        setting: of its response.
        index: of the item in the response.
        most_tokens: that it may cost; ``None`` for any number.
        is_last: whether no other item follows it.

    """

    __slots__ = (
        "_call",
        "_call_id",
        "_index",
        "_most_tokens",
        "_pieces",
        "_said",
        "_setting",
        "cost",
        "id",
        "is_cut_short",
    )

    def __init__(
        self, call: Call, setting: Setting, index: int, most_tokens: int | None, is_last: bool
    ) -> None:
        self.id = setting.ids.item()
        self._call = call
        self._call_id = call.call_id or setting.ids.function_call()
        self._setting = setting
        self._index = index
        self._said = 0
        self._pieces = _pieces(call.arguments)
        self.is_cut_short = False
        self._most_tokens = most_tokens
        if most_tokens is not None:
            left = most_tokens - TEXT_MESSAGE - count_text(call.name)
            for place, piece in enumerate(self._pieces):
                left -= count_text(piece)
                if left < 0:
                    self._pieces = self._pieces[:place]
                    self.is_cut_short = True
                    break
        self.cost = self._cost("".join(self._pieces))

    def opening(self) -> Item:
        """Return the call as it is added: with its name, and without arguments."""
        return self._item("in_progress", "")

    def begin(self, out: list[Effect]) -> None:
        """Say nothing: the arguments follow at once."""

    def deltas(self) -> Iterator[Event]:
        """Make the arguments piece by piece."""
        obfuscate = self._setting.policy.obfuscate_deltas
        for piece in self._pieces:
            event = self._about_arguments("delta", delta=piece)
            if obfuscate:
                event["obfuscation"] = self._setting.ids.letters()[len(piece) % PAD_TO :]
            self._said += 1
            yield event

    def end(self, status: str, now: float, out: list[Effect]) -> Entry:
        """Say what the arguments are: as far as they came, when the call is cut off.

        A call that is cut off gets this event as well (OpenAI SDK, docstring of
        ``response_function_call_arguments_done_event``); the item's status tells it from others.

        """
        arguments = "".join(self._pieces[: self._said])
        out.append(self._about_arguments("done", name=self._call.name, arguments=arguments))
        return Entry(self._item(status, arguments), Tokens(self._cost(arguments)))

    def _cost(self, arguments: str) -> int:
        cost = TEXT_MESSAGE + count_text(self._call.name) + count_text(arguments)
        # A call that has no room for its name is begun all the same.
        return cost if self._most_tokens is None else min(cost, self._most_tokens)

    def _item(self, status: str, arguments: str) -> Item:
        return {
            "id": self.id,
            "type": "function_call",
            "status": status,
            "name": self._call.name,
            "call_id": self._call_id,
            "arguments": arguments,
        }

    def _about_arguments(self, what: str, **more: Any) -> Event:
        return {
            "type": "response.function_call_arguments." + what,
            "event_id": self._setting.ids.event(),
            "response_id": self._setting.response_id,
            "item_id": self.id,
            "output_index": self._index,
            "call_id": self._call_id,
            **more,
        }


def _pieces(arguments: str) -> list[str]:
    """Cut arguments into their deltas; long ones into longer deltas."""
    pieces = _find_pieces(arguments)
    if len(pieces) > _MOST_DELTAS:
        size = -(-len(pieces) // _MOST_DELTAS)
        pieces = ["".join(pieces[at : at + size]) for at in range(0, len(pieces), size)]
    return pieces
