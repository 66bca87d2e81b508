"""The order of events within a response, as a table.

A response holds output items, an item holds content parts; each of the three opens, holds what is
inside it, and closes::

    response.created
      response.output_item.added
        response.content_part.added
          response.output_text.delta …             response.output_text.done
          response.output_audio_transcript.delta … response.output_audio_transcript.done
          response.output_audio.delta …            response.output_audio.done
        response.content_part.done
        response.function_call_arguments.delta …   response.function_call_arguments.done
      response.output_item.done
    response.done

Items, parts and the streams of one part may interleave with their neighbours. What an interrupted
response leaves open is not pinned down by any recording, so only completed responses have to close
everything. Recorded in pydantic-ai's cassettes ``test_openai_ws__*`` and ``test_azure_ws__*``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeAlias

from realtime_harness.checks import Check
from realtime_harness.contract.rule import Finding, Rule
from realtime_harness.contract.stream import (
    Response,
    Stream,
    as_index,
    as_object,
    as_text,
    event_type,
    per_stream,
    responses,
)
from realtime_harness.evidence.entry import Entry
from realtime_harness.verdicts import Level

__all__ = ["GRAMMAR", "RULES", "Scope", "Step"]


class Scope(IntEnum):
    """What an event is about. The value is the number of indices that name it."""

    RESPONSE = 0
    ITEM = 1
    PART = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """When an event may come."""

    scope: Scope
    after: str | None = None
    """What must have come, for the same part, item or response."""
    until: str | None = None
    """What must not have come yet; nor what that itself must not be behind, and so on."""
    once: bool = False
    closed_by: str | None = None
    """What has to follow before ``response.done``, if the response is completed."""


def _stream(kind: str, scope: Scope, opens: str, closes: str) -> dict[str, Step]:
    """Return the steps of a text that comes in deltas and ends with its whole."""
    delta, done = f"response.{kind}.delta", f"response.{kind}.done"
    return {
        delta: Step(scope=scope, after=opens, until=done, closed_by=done),
        done: Step(scope=scope, after=opens, until=closes, once=True),
    }


_ITEM = ("response.output_item.added", "response.output_item.done")
_PART = ("response.content_part.added", "response.content_part.done")

GRAMMAR: dict[str, Step] = {
    "response.created": Step(scope=Scope.RESPONSE, until="response.done", once=True),
    "response.output_item.added": Step(
        scope=Scope.ITEM,
        after="response.created",
        until="response.output_item.done",
        once=True,
        closed_by="response.output_item.done",
    ),
    "response.content_part.added": Step(
        scope=Scope.PART,
        after="response.output_item.added",
        until="response.content_part.done",
        once=True,
        closed_by="response.content_part.done",
    ),
    **_stream("output_text", Scope.PART, *_PART),
    **_stream("output_audio_transcript", Scope.PART, *_PART),
    **_stream("output_audio", Scope.PART, *_PART),
    **_stream("function_call_arguments", Scope.ITEM, *_ITEM),
    "response.content_part.done": Step(
        scope=Scope.PART,
        after="response.content_part.added",
        until="response.output_item.done",
        once=True,
    ),
    "response.output_item.done": Step(
        scope=Scope.ITEM, after="response.output_item.added", until="response.done", once=True
    ),
    # Seen alone, without response.created, when a response was interrupted at its very start
    # (reported by livekit-agents), hence no "after".
    "response.done": Step(scope=Scope.RESPONSE),
}
"""The transition table. Types that are not in it may come at any time."""

_Place: TypeAlias = tuple[int, ...]


def _place(event: dict[str, Any]) -> _Place | None:
    """Return (output_index, content_index) as far as the event's scope has them."""
    names = ("output_index", "content_index")[: GRAMMAR[event_type(event)].scope]
    indices = [as_index(event.get(name)) for name in names]
    return None if None in indices else tuple(i for i in indices if i is not None)


def _blockers(kind: str) -> Iterator[str]:
    """Return what ``kind`` must not be behind, the nearest first."""
    blocker = GRAMMAR[kind].until
    while blocker is not None:
        yield blocker
        blocker = GRAMMAR[blocker].until


def _order(stream: Stream) -> Iterator[Finding]:
    for response in responses(stream):
        if response.created is None and stream.joins_late:
            continue
        yield from _order_of(response)


def _order_of(response: Response) -> Iterator[Finding]:
    seen: set[tuple[str, _Place]] = set()
    opened: list[tuple[str, _Place]] = []
    for entry in response.entries:
        kind = event_type(entry.data)
        if kind not in GRAMMAR or (place := _place(entry.data)) is None:
            continue
        if wrong := _misplaced(kind, place, seen):
            yield Finding(reason=f"{_name(kind, place)} came {wrong}", seq=entry.seq)
        if entry is response.done and response.completed:
            for opener, where in opened:
                closer = GRAMMAR[opener].closed_by or ""
                if (closer, where) not in seen:
                    reason = f"no {_name(closer, where)} before response.done"
                    yield Finding(reason=reason, seq=entry.seq)
        if GRAMMAR[kind].closed_by and (kind, place) not in seen:
            opened.append((kind, place))
        seen.add((kind, place))


def _misplaced(kind: str, place: _Place, seen: set[tuple[str, _Place]]) -> str | None:
    """Return what is wrong with ``kind`` coming now, as the rest of "… came"."""
    step = GRAMMAR[kind]
    if step.once and (kind, place) in seen:
        return "twice"
    for blocker in _blockers(kind):
        if (blocker, place[: GRAMMAR[blocker].scope]) in seen:
            return f"after {blocker}"
    if step.after and (step.after, place[: GRAMMAR[step.after].scope]) not in seen:
        return f"without {step.after} before it"
    return None


def _name(kind: str, place: _Place) -> str:
    words = zip(("output", "content"), place, strict=False)
    return " ".join([kind, *(f"[{word} {index}]" for word, index in words)])


def _done_once(stream: Stream) -> Iterator[Finding]:
    for response in responses(stream):
        for entry in response.entries:
            if event_type(entry.data) == "response.done" and entry is not response.done:
                reason = f"a second response.done for {response.id}"
                yield Finding(reason=reason, seq=entry.seq)


def _one_at_a_time(stream: Stream) -> Iterator[Finding]:
    active: dict[str | None, Response] = {}
    by_entry: dict[int, Response] = {}
    for response in responses(stream):
        for bound in (response.created, response.done):
            if bound is not None and not response.out_of_band:
                by_entry[bound.seq] = response
    for seq, response in sorted(by_entry.items()):
        start = response.created
        conversation = _conversation(start) if start is not None else None
        if start is not None and seq == start.seq:
            if earlier := active.get(conversation):
                reason = f"{response.id} was created while {earlier.id} was not done"
                yield Finding(reason=reason, seq=seq)
            active[conversation] = response
        elif active.get(conversation) is response:
            del active[conversation]


def _conversation(created: Entry) -> str | None:
    return as_text(as_object(created.data.get("response")).get("conversation_id"))


_CASSETTES = "pydantic-ai cassettes test_openai_ws__*, test_azure_ws__*, test_openai_ws_sideband__*"

RULES: tuple[Rule, ...] = (
    Rule(
        check=Check(
            id="rt.wire.response-order",
            level=Level.MUST,
            clause="Within a response, items and content parts open, stream and close in order, "
            "and a completed response leaves none of them open.",
            source=f"{_CASSETTES}; docstrings of openai Python SDK 3.52.0, types/realtime",
        ),
        judge=per_stream(_order),
    ),
    Rule(
        check=Check(
            id="rt.wire.response-done-once",
            level=Level.MUST,
            clause="A response has exactly one response.done.",
            source=f"{_CASSETTES}; openai Python SDK 3.52.0, response_done_event.py",
        ),
        judge=per_stream(_done_once),
    ),
    Rule(
        check=Check(
            id="rt.wire.one-response-at-a-time",
            level=Level.MUST,
            clause="A conversation has at most one response in progress.",
            source="error code conversation_already_has_active_response; "
            "openai Python SDK 3.52.0, response_create_event.py",
        ),
        judge=per_stream(_one_at_a_time),
    ),
)
