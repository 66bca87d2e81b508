"""One response: the events from ``response.created`` to ``rate_limits.updated``.

A response plays a list of output items, one after the other. The order is the recorded one
(pydantic-ai cassettes ``test_openai_ws__*`` for WebSocket, ``test_openai_ws_sideband__*`` for
calls): an item is added to the output and then to the conversation, says its deltas, and is done in
the conversation before it is done in the output.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from math import inf
from typing import Any, TypeAlias

from realtime_fakes.audience import Cut, Effect, McpOutcome
from realtime_fakes.brain import PLAIN, Answer, Call, Course, Invoke, Output, Say
from realtime_fakes.conversation import INPUT_ITEM, Conversation, Entry
from realtime_fakes.errors import ApiError
from realtime_fakes.function_call import FunctionCall
from realtime_fakes.ids import Ids
from realtime_fakes.latency import INSTANT, Pauses
from realtime_fakes.mcp import McpCall
from realtime_fakes.message import Message
from realtime_fakes.output_audio import OutputAudio
from realtime_fakes.output_item import OutputItem, Setting
from realtime_fakes.policy import Policy
from realtime_fakes.session_fields import (
    AUDIO_FORMAT,
    MAX_OUTPUT_TOKENS,
    OUTPUT_MODALITIES,
    PROMPT,
    REASONING,
    TOOL_CHOICE,
    TOOLS,
    VOICE,
)
from realtime_fakes.shapes import Shape, array, mapping, nullable, one_of, optional, record, text
from realtime_fakes.usage import NOTHING, Tokens, usage

__all__ = ["KINDS", "REQUEST", "Kind", "Response"]

REQUEST: Shape = record(
    {
        "instructions": optional(str),
        "output_modalities": optional(OUTPUT_MODALITIES),
        "audio": optional(
            record(
                {
                    "output": optional(
                        record({"format": optional(AUDIO_FORMAT), "voice": optional(VOICE)})
                    )
                }
            )
        ),
        "tools": optional(TOOLS),
        "tool_choice": optional(TOOL_CHOICE),
        "parallel_tool_calls": optional(bool),
        "reasoning": optional(REASONING),
        "max_output_tokens": optional(MAX_OUTPUT_TOKENS),
        "conversation": optional(one_of("auto", "none")),
        "input": optional(array(INPUT_ITEM)),
        "metadata": nullable(mapping(text(512), most=16, longest_key=64)),
        "prompt": PROMPT,
    }
)
"""``response`` of ``response.create`` (OpenAI SDK, ``realtime_response_create_params``)."""

Kind: TypeAlias = Callable[[Any, Setting, int, int | None, bool], OutputItem]

KINDS: dict[type, Kind] = {Say: Message, Call: FunctionCall, Invoke: McpCall}
"""Which output item plays what a brain has answered. A kind is called with that, the setting of the
response, the index of the item, the tokens that are left for it (``None`` for any number), and
whether it is the last one."""

_RATE_LIMIT = 15_000_000  # tokens a minute, as recorded


_Opened: TypeAlias = tuple[OutputItem, int, str | None]
"""An item that was added and is not done, its index, and the predecessor that is shown when it is
done."""


class Response:
    """A response on its way out.

    Args:
        body: the ``response`` object as it is created.
        answer: what it says and does.
        spent: what its input costs.
        speak: makes 24 kHz PCM16 of words; ``None`` in a text response.
        conversation: that it belongs to; ``None`` for one out of band.
        output_audio: of the call; ``None`` where sound leaves as events.
        shows_phase: whether its messages say which phase they belong to.
        ids: for its items and events.
        policy: the decisions in force.
        add_item: adds an item that is no output to the conversation, and announces it.

    """

    __slots__ = (
        "_add_item",
        "_body",
        "_conversation",
        "_course",
        "_ids",
        "_is_created",
        "_items",
        "_now",
        "_open",
        "_out",
        "_output",
        "_overlaps",
        "_pauses",
        "_play",
        "_policy",
        "_spent",
        "_usage",
        "due",
        "id",
        "is_done",
    )

    def __init__(
        self,
        body: dict[str, Any],
        answer: Answer,
        spent: Tokens,
        *,
        speak: Callable[[str], bytes] | None,
        conversation: Conversation | None,
        output_audio: OutputAudio | None,
        shows_phase: bool,
        ids: Ids,
        policy: Policy,
        add_item: Callable[[str, Entry, list[Effect]], None],
    ) -> None:
        self.id: str = body["id"]
        self.due: float | None = None
        """When it goes on; ``None`` if nothing is left to do."""
        self.is_done = False
        """Whether ``response.done`` was said; ``rate_limits.updated`` may still be due."""
        self._body = body
        self._course = answer.course
        self._spent = spent
        self._conversation = conversation
        self._ids = ids
        self._policy = policy
        self._add_item = add_item
        self._pauses = _pauses(policy, answer.course, self.id)
        format = body["audio"]["output"]["format"]["type"]
        setting = Setting(self.id, ids, policy, format, speak, output_audio, shows_phase)
        self._items = _items(answer.output, setting, body["max_output_tokens"])
        self._overlaps = shows_phase and policy.overlap_output_items
        self._open: list[_Opened] = []
        self._output: list[Entry] = []
        self._is_created = False
        self._now = 0.0
        self._out: list[Effect] = []
        self._play = self._perform()

    @property
    def spoken_ms(self) -> float:
        """How long the assistant speaks in all that was said."""
        return sum(entry.spoken_ms for entry in self._output)

    def start(self, now: float, out: list[Effect]) -> None:
        """Open the response, and say as much as may be said at once."""
        self.due = now
        self.go_on(now, out)

    def go_on(self, now: float, out: list[Effect]) -> None:
        """Say what is due by ``now``, and close the response when all is said."""
        self._now, self._out = now, out
        for pause in self._play:
            if pause and self.due is not None:
                # Counted from when it was due: a late timer must not slow the response down.
                self.due += pause
                return
        self.due = None

    def answered(self, request_id: str, outcome: McpOutcome, now: float, out: list[Effect]) -> bool:
        """Go on with what waited for an answer; return whether anything waited for this one.

        Args:
            request_id: of a request to an MCP server, or of an approval request.
            outcome: what was answered.
            now: Unix seconds.
            out: gets the events.

        """
        for item, _, _ in self._open:
            if isinstance(item, McpCall) and item.waits_for == request_id:
                item.answered(outcome)
                self.start(now, out)
                return True
        return False

    def waits_for_approval(self, request_id: str) -> bool:
        """Return whether a call waits for the answer to this approval request."""
        return any(
            isinstance(item, McpCall) and request_id != item.id and item.waits_for == request_id
            for item, _, _ in self._open
        )

    def cancel(self, reason: str, out: list[Effect]) -> None:
        """Close the response with what has been said so far."""
        self._play.close()
        self._out = out
        self.due = None
        if not self._is_created:
            self._create()
        self._end("cancelled", {"type": "cancelled", "reason": reason})
        self._tell_rate_limits()

    def _perform(self) -> Generator[float, None, None]:
        """Play all of it; wait where a number of seconds is yielded."""
        pauses, items, overlaps = self._pauses, self._items, self._overlaps
        if pauses is not None:
            yield pauses.before_created()
        self._create()
        if pauses is not None:
            yield pauses.before_output()
        last = len(items) - 1
        for index, item in enumerate(items):
            if index == 0 or not overlaps:
                self._begin_item(index)
            if pauses is None:
                self._out.extend(item.deltas())
            else:
                for delta in item.deltas():
                    self._out.append(delta)
                    self._tell_error()
                    if isinstance(item, Message):
                        item.play(self._now, self._out)
                    yield pauses.after_delta()
            if isinstance(item, McpCall):
                yield from self._work(item)
            if index < last:
                if overlaps:
                    self._begin_item(index + 1)
                self._end_item("completed")
        if self._course is not PLAIN:
            self._tell_error()
            yield from self._digress(self._course)
        if not self.is_done:
            if items and items[last].is_cut_short:
                self._end("incomplete", {"type": "incomplete", "reason": "max_output_tokens"})
            else:
                self._end("completed", None)
        if pauses is not None:
            yield pauses.before_rate_limits()
        self._tell_rate_limits()

    def _work(self, call: McpCall) -> Iterator[float]:
        """Have a tool called, and wait for its server, or for who has to approve."""
        for step in call.work():
            if step is None:
                if self._conversation is not None:
                    # Whoever retrieves the call meanwhile sees its arguments.
                    self._conversation.replace(call.id, Entry(call.opening()))
                yield inf
            elif isinstance(step, Entry):
                self._add_item(step.item["id"], step, self._out)
            else:
                self._out.append(step)

    def _digress(self, course: Course) -> Iterator[float]:
        """Do what a plain response does not, where it would be done."""
        if course.drops:
            self._out.append(Cut())
        if course.drops or course.stalls:
            yield inf
        if course.failure is not None:
            self._end("failed", {"type": "failed", "error": course.failure._asdict()})
        elif course.incomplete is not None:
            self._end("incomplete", {"type": "incomplete", "reason": course.incomplete})

    def _tell_error(self) -> None:
        """Say once that something went wrong, if it is to."""
        if self._course.error is not None:
            type, code, message = self._course.error
            self._course = replace(self._course, error=None)
            event_id = self._ids.event() if self._policy.number_errors else None
            self._out.append(ApiError(message, code=code, type=type).event(event_id))

    def _create(self) -> None:
        self._is_created = True
        self._out.append(
            {"type": "response.created", "event_id": self._ids.event(), "response": self._body}
        )

    def _begin_item(self, index: int) -> None:
        item, out, event_id = self._items[index], self._out, self._ids.event
        shown = item.opening()
        out.append(
            {
                "type": "response.output_item.added",
                "event_id": event_id(),
                "response_id": self.id,
                "output_index": index,
                "item": shown,
            }
        )
        previous = None
        if self._conversation is not None:
            previous, place = self._conversation.append(item.id, Entry(shown))
            out.append(
                {
                    "type": "conversation.item.added",
                    "event_id": event_id(),
                    "previous_item_id": previous,
                    "item": shown,
                }
            )
            if place == 1 and self._policy.hide_second_predecessor:
                previous = None
        self._open.append((item, index, previous))
        item.begin(out)

    def _end_item(self, status: str) -> None:
        item, index, previous = self._open.pop(0)
        out, event_id = self._out, self._ids.event
        entry = item.end(status, self._now, out)
        self._output.append(entry)
        if self._conversation is not None:
            self._conversation.replace(item.id, entry)
            if entry.spoken_ms:
                self._conversation.has_assistant_audio = True
            out.append(
                {
                    "type": "conversation.item.done",
                    "event_id": event_id(),
                    "previous_item_id": previous,
                    "item": entry.item,
                }
            )
        out.append(
            {
                "type": "response.output_item.done",
                "event_id": event_id(),
                "response_id": self.id,
                "output_index": index,
                "item": entry.item,
            }
        )

    def _end(self, status: str, details: dict[str, Any] | None) -> None:
        while self._open:
            self._end_item("completed" if status == "completed" else "incomplete")
        self.is_done = True
        # A response that failed costs nothing (twilio-samples
        # speech-assistant-openai-realtime-api-node#37).
        failed = status == "failed"
        self._usage = usage(NOTHING, NOTHING) if failed else usage(self._spent, self._gained())
        body = {
            **self._body,
            "status": status,
            "status_details": details,
            "output": [entry.item for entry in self._output],
            "usage": self._usage,
        }
        self._out.append({"type": "response.done", "event_id": self._ids.event(), "response": body})

    def _gained(self) -> Tokens:
        if len(self._output) == 1:
            return self._output[0].tokens
        text = sum(entry.tokens.text for entry in self._output)
        audio = sum(entry.tokens.audio for entry in self._output)
        return Tokens(text, audio)

    def _tell_rate_limits(self) -> None:
        if not self._policy.send_rate_limits:
            return
        limit, remaining, reset_seconds = self._course.rate_limit or _left_after(
            self._usage["total_tokens"]
        )
        self._out.append(
            {
                "type": "rate_limits.updated",
                "event_id": self._ids.event(),
                "rate_limits": [
                    {
                        "name": "tokens",
                        "limit": limit,
                        "remaining": remaining,
                        "reset_seconds": reset_seconds,
                    }
                ],
            }
        )


def _pauses(policy: Policy, course: Course, seed: str) -> Pauses | None:
    """Return the pauses of a response; ``None`` if it makes none."""
    if course is PLAIN and policy.latency is INSTANT and not policy.delta_interval_s:
        return None
    interval = course.delta_interval_s
    if interval is None:
        interval = policy.delta_interval_s or None
    return Pauses(policy.latency, seed, delay_s=course.delay_s, delta_interval_s=interval)


def _left_after(tokens: int) -> tuple[int, int, float]:
    return _RATE_LIMIT, _RATE_LIMIT - tokens, 60_000 * tokens // _RATE_LIMIT / 1000


def _items(output: Sequence[Output], setting: Setting, most_tokens: int | str) -> list[OutputItem]:
    """Return the items of a response, as far as they are within its limit of tokens."""
    items: list[OutputItem] = []
    left = most_tokens if isinstance(most_tokens, int) else None
    for index, said in enumerate(output):
        item = KINDS[type(said)](said, setting, index, left, index == len(output) - 1)
        items.append(item)
        if left is not None:
            left -= item.cost
            if item.is_cut_short:
                break
    return items
