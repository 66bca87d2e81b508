"""Rules about the session itself: how it begins, and what a refused update leaves behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from realtime_harness.checks import Check
from realtime_harness.contract.rule import Finding, Rule
from realtime_harness.contract.stream import (
    EVENT_LANES,
    Stream,
    as_object,
    as_text,
    event_type,
    item_id,
    per_stream,
    streams,
)
from realtime_harness.evidence.entry import Direction, Entry, Kind, Lane
from realtime_harness.verdicts import Level

__all__ = ["RULES"]

_CREATED = "session.created"
_SHOWS = frozenset({_CREATED, "session.updated"})


def _begins(stream: Stream) -> Iterator[Finding]:
    """A session begins with ``session.created``, unless an error says that there is none."""
    if stream.joins_late:
        return
    begun = False
    for entry in stream.events:
        kind = event_type(entry.data)
        if kind == _CREATED:
            if begun:
                yield Finding(reason=f"{_CREATED} came twice", seq=entry.seq)
            begun = True
        elif not begun and kind != "error":
            reason = f"expected {_CREATED} first, got {kind or 'an event without type'}"
            yield Finding(reason=reason, seq=entry.seq)
            begun = True


_Path: TypeAlias = tuple[str, ...]


def _refused_updates(entries: Sequence[Entry]) -> list[Finding]:
    """A refused update changes nothing: the next session shows none of its values.

    Updates of one connection are answered in the order sent. Where several connections update a
    session, whose update did what cannot be told.
    """
    updating = {(entry.lane, entry.connection) for entry in entries if _is_update(entry)}
    if len(updating) != 1:
        return []
    (place,) = updating
    found: list[Finding] = []
    shown: dict[_Path, Any] = {}
    asked: dict[str, dict[_Path, Any]] = {}
    refused: dict[_Path, Any] = {}
    for entry in entries:
        if (entry.lane, entry.connection) != place or entry.kind is not Kind.EVENT:
            continue
        if _is_update(entry):
            identifier = as_text(entry.data.get("event_id")) or f"line {entry.seq}"
            asked[identifier] = dict(_leaves(as_object(entry.data.get("session"))))
        elif event_type(entry.data) == "error" and entry.direction is Direction.RECEIVED:
            cause = as_text(as_object(entry.data.get("error")).get("event_id"))
            refused |= asked.pop(cause or "", {})
            if cause is None:
                # It may be about any of them.
                asked, refused = {}, {}
        elif event_type(entry.data) in _SHOWS:
            session = dict(_leaves(as_object(entry.data.get("session"))))
            is_answer = bool(asked) and event_type(entry.data) != _CREATED
            answered = asked.pop(next(iter(asked))) if is_answer else {}
            for path, value in refused.items():
                told = path in shown and path in session and path not in answered
                if told and session[path] == value != shown[path]:
                    reason = f"{'.'.join(path)} is {value!r}, as a refused session.update wanted it"
                    found.append(Finding(reason=reason, seq=entry.seq))
            shown, refused = session, {}
    return found


_TRUNCATED = "conversation.item.truncated"
_ASKED_FOR = {
    "conversation.item.deleted": "conversation.item.delete",
    "conversation.item.retrieved": "conversation.item.retrieve",
    _TRUNCATED: "conversation.item.truncate",
    "input_audio_buffer.cleared": "input_audio_buffer.clear",
}
"""What a server sends in answer to one client event, and only then."""


def _answers(entries: Sequence[Entry]) -> list[Finding]:
    asked: Counter[tuple[str, str | None]] = Counter()
    for entry in entries:
        if entry.direction is Direction.SENT and entry.lane in EVENT_LANES:
            if entry.kind is Kind.RAW:
                # What a frame that is no event asks for is not for us to say.
                return []
            asked[event_type(entry.data), item_id(entry.data)] += 1
    found = []
    for stream in streams(entries):
        if stream.joins_late:
            continue
        given: Counter[tuple[str, str | None]] = Counter()
        for entry in stream.events:
            kind = event_type(entry.data)
            if kind not in _ASKED_FOR or (
                # Who is called is interrupted, and told what was not heard, by the server.
                kind == _TRUNCATED and stream.lane is not Lane.WEBSOCKET
            ):
                continue
            request, answer = _ASKED_FOR[kind], (kind, item_id(entry.data))
            given[answer] += 1
            if given[answer] > (times := asked[request, item_id(entry.data)]):
                reason = f"{kind} came {given[answer]} times, {request} was sent {times}"
                found.append(Finding(reason=reason, seq=entry.seq))
    return sorted(found, key=lambda finding: finding.seq)


def _is_update(entry: Entry) -> bool:
    return (
        entry.direction is Direction.SENT
        and entry.kind is Kind.EVENT
        and entry.lane in EVENT_LANES
        and event_type(entry.data) == "session.update"
    )


def _leaves(value: dict[str, Any], path: _Path = ()) -> Iterator[tuple[_Path, Any]]:
    for key, inner in value.items():
        if isinstance(inner, dict) and inner:
            yield from _leaves(inner, (*path, key))
        else:
            yield (*path, key), inner


RULES: tuple[Rule, ...] = (
    Rule(
        check=Check(
            id="rt.wire.session-created-first",
            level=Level.MUST,
            clause="A connection that opens a session gets session.created before any other event, "
            "and once, or an error that says why there is no session.",
            source="pydantic-ai cassettes test_openai_ws__*, test_azure_ws__*; "
            "openai Python SDK 3.52.0, types/realtime/session_created_event.py",
        ),
        judge=per_stream(_begins),
    ),
    Rule(
        check=Check(
            id="rt.wire.refused-update-without-effect",
            level=Level.MUST,
            clause="No value of a session.update that was refused is in the session that is shown "
            "next.",
            source="openai Python SDK 3.52.0, types/realtime/session_update_event.py; OpenAI "
            "Realtime API reference, session.update",
        ),
        judge=_refused_updates,
    ),
    Rule(
        check=Check(
            id="rt.wire.answers-asked-for",
            level=Level.SHOULD,
            clause="Items are retrieved, deleted and, on WebSockets, truncated, and the input "
            "audio buffer is cleared, once for each client event that asks for it.",
            source="openai Python SDK 3.52.0, docstrings of types/realtime/"
            "conversation_item_deleted_event.py and input_audio_buffer_cleared_event.py",
        ),
        judge=_answers,
    ),
)
