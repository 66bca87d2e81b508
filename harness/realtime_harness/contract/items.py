"""Rules about items: they are announced, keep their ids, and know their place."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from realtime_harness.checks import Check
from realtime_harness.contract.rule import Finding, Rule
from realtime_harness.contract.stream import (
    Response,
    Stream,
    as_index,
    as_list,
    as_object,
    as_text,
    event_type,
    item_id,
    per_stream,
)
from realtime_harness.evidence.entry import Entry
from realtime_harness.verdicts import Level

__all__ = ["RULES"]

_ADDED = "conversation.item.added"
_DONE = "conversation.item.done"


def _first(stream: Stream, kind: str) -> dict[str, int]:
    """Return where each item first had an event of type ``kind``: item id -> seq."""
    found: dict[str, int] = {}
    for entry in stream.events:
        if event_type(entry.data) == kind and (identifier := item_id(entry.data)):
            found.setdefault(identifier, entry.seq)
    return found


def _announced(stream: Stream) -> Iterator[Finding]:
    added, done = _first(stream, _ADDED), _first(stream, _DONE)
    if not stream.joins_late:
        for identifier, seq in done.items():
            if added.get(identifier, seq) >= seq:
                yield Finding(reason=f"{_DONE} of {identifier} without {_ADDED}", seq=seq)
    # In the order of the wire, so each is looked at once.
    waiting = deque({identifier: added[identifier] for identifier in _inputs(stream)}.items())
    for response in stream.responses:
        if response.done is None or response.created is None or not response.completed:
            continue
        end = response.done.seq
        while waiting and waiting[0][1] < response.created.seq:
            identifier, _ = waiting.popleft()
            if done.get(identifier, end) >= end:
                yield Finding(reason=f"no {_DONE} of {identifier}", seq=end)
        if response.out_of_band:
            continue
        for identifier in _outputs(response):
            for kind, where in ((_ADDED, added), (_DONE, done)):
                if where.get(identifier, end) >= end:
                    reason = f"no {kind} of {identifier} before response.done"
                    yield Finding(reason=reason, seq=end)


def _inputs(stream: Stream) -> Iterator[str]:
    """Yield the ids of added items that are whole at once: what users, systems and tools say."""
    for entry in stream.events:
        item = as_object(entry.data.get("item"))
        whole = item.get("type") == "function_call_output" or item.get("role") in ("user", "system")
        if event_type(entry.data) == _ADDED and whole and (identifier := item_id(entry.data)):
            yield identifier


def _outputs(response: Response) -> Iterator[str]:
    for entry in response.entries:
        if event_type(entry.data) == "response.output_item.added" and (i := item_id(entry.data)):
            yield i


def _ids_agree(stream: Stream) -> Iterator[Finding]:
    for response in stream.responses:
        names: dict[int, tuple[str, str]] = {}
        for entry, index, identifier in _named(response):
            where = event_type(entry.data)
            earlier, source = names.setdefault(index, (identifier, where))
            if earlier != identifier:
                reason = (
                    f"output {index} of {response.id} is {earlier} in {source} "
                    f"but {identifier} in {where}"
                )
                yield Finding(reason=reason, seq=entry.seq)


def _named(response: Response) -> Iterator[tuple[Entry, int, str]]:
    """Yield every place where an event gives the id of the response's n-th output item."""
    for entry in response.entries:
        index, identifier = as_index(entry.data.get("output_index")), item_id(entry.data)
        if index is not None and identifier is not None:
            yield entry, index, identifier
    if response.done is not None and response.completed:
        for index, item in enumerate(as_list(response.final.get("output"))):
            if (identifier := as_text(as_object(item).get("id"))) is not None:
                yield response.done, index, identifier


def _previous_known(stream: Stream) -> Iterator[Finding]:
    if stream.joins_late:
        return
    known: set[str] = set()
    for entry in stream.events:
        if event_type(entry.data) != _ADDED:
            continue
        if identifier := item_id(entry.data):
            known.add(identifier)
        previous = as_text(entry.data.get("previous_item_id"))
        if previous is not None and previous not in known:
            reason = f"{item_id(entry.data)} was added behind {previous}, which was never added"
            yield Finding(reason=reason, seq=entry.seq)


_CASSETTES = "pydantic-ai cassettes test_openai_ws__*, test_azure_ws__*, test_openai_ws_sideband__*"

RULES: tuple[Rule, ...] = (
    Rule(
        check=Check(
            id="rt.wire.items-announced",
            level=Level.MUST,
            clause="Every item of the conversation is announced by conversation.item.added and "
            "conversation.item.done, those of a response before its response.done.",
            source=f"{_CASSETTES}; openai Python SDK 3.52.0, conversation_item_added.py",
        ),
        judge=per_stream(_announced),
    ),
    Rule(
        check=Check(
            id="rt.wire.item-ids-agree",
            level=Level.MUST,
            clause="All events about one output item of a response give it the same id.",
            source=_CASSETTES,
        ),
        judge=per_stream(_ids_agree),
    ),
    Rule(
        check=Check(
            id="rt.wire.previous-item-known",
            level=Level.MUST,
            clause="conversation.item.added names as predecessor an item that was added before, "
            "or none.",
            source=f"{_CASSETTES}; openai Python SDK 3.52.0, conversation_item_added.py",
        ),
        judge=per_stream(_previous_known),
    ),
)
