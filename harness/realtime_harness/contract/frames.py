"""Rules about single frames: their form, their ids, what they refer to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from realtime_harness.checks import Check
from realtime_harness.contract.rule import Finding, Rule
from realtime_harness.contract.schemas import (
    client_event_errors,
    error_path,
    server_event_errors,
    server_event_types,
)
from realtime_harness.contract.stream import (
    EVENT_LANES,
    Stream,
    as_object,
    as_text,
    event_type,
    per_stream,
    streams,
)
from realtime_harness.evidence.entry import Direction, Entry, Kind
from realtime_harness.verdicts import Level

__all__ = ["RULES"]

_WITHOUT_EVENT_ID = frozenset({"input_audio_buffer.dtmf_event_received"})


def _json_frames(stream: Stream) -> Iterator[Finding]:
    """Each frame is a text frame that holds one JSON object with a ``type``."""
    for entry in stream.frames:
        if entry.kind is Kind.RAW:
            what = entry.data.get("why") or entry.data.get("text") or "something else"
            yield Finding(
                reason=f"expected a text frame with one JSON object, got {str(what)[:120]!r}",
                seq=entry.seq,
            )
        elif entry.kind is Kind.EVENT and not event_type(entry.data):
            kind = entry.data.get("type")
            reason = f"expected an event with a type, got an object whose type is {kind!r}"
            yield Finding(reason=reason, seq=entry.seq)


def _schema(stream: Stream) -> Iterator[Finding]:
    for entry in stream.events:
        if errors := server_event_errors(entry.data, translating=stream.translates):
            reason = f"{event_type(entry.data)}: {'; '.join(errors)}"
            yield Finding(reason=reason, seq=entry.seq, path=error_path(errors[0]))


def _client_schema(entries: Sequence[Entry]) -> list[Finding]:
    found = []
    translating = {(s.lane, s.connection) for s in streams(entries) if s.translates}
    for entry in entries:
        if entry.direction is not Direction.SENT or entry.kind is not Kind.EVENT:
            continue
        if entry.lane not in EVENT_LANES:
            continue
        translates = (entry.lane, entry.connection) in translating
        if errors := client_event_errors(entry.data, translating=translates):
            reason = f"{event_type(entry.data)}: {'; '.join(errors)}"
            found.append(Finding(reason=reason, seq=entry.seq, path=error_path(errors[0])))
    return found


def _known_types(stream: Stream) -> Iterator[Finding]:
    seen: set[str] = set()
    known = server_event_types(translating=stream.translates)
    for entry in stream.events:
        kind = event_type(entry.data)
        if kind and kind not in known and kind not in seen:
            seen.add(kind)
            yield Finding(reason=f"{kind} is not in the contract", seq=entry.seq, path="type")


def _unique_ids(stream: Stream) -> Iterator[Finding]:
    first: dict[str, Entry] = {}
    for entry in stream.events:
        identifier = as_text(entry.data.get("event_id"))
        if identifier is None or event_type(entry.data) in _WITHOUT_EVENT_ID:
            continue
        earlier = first.setdefault(identifier, entry)
        if earlier is not entry:
            reason = (
                f"event_id {identifier} of {event_type(entry.data)} was already that of "
                f"{event_type(earlier.data)} (line {earlier.seq})"
            )
            yield Finding(reason=reason, seq=entry.seq, path="event_id")


def _error_causes(entries: Sequence[Entry]) -> list[Finding]:
    # An error may reach more connections than the one that caused it, so all that was sent counts.
    sent = {
        identifier
        for entry in entries
        if entry.direction is Direction.SENT and entry.kind is Kind.EVENT
        if (identifier := as_text(entry.data.get("event_id")))
    }
    raw = [
        entry.data.get("text")
        for entry in entries
        if entry.direction is Direction.SENT and entry.kind is Kind.RAW
    ]
    found = []
    for stream in streams(entries):
        for entry in stream.events:
            if event_type(entry.data) != "error":
                continue
            cause = as_object(entry.data.get("error")).get("event_id")
            if not isinstance(cause, str) or cause in sent:
                continue
            if any(isinstance(text, str) and cause in text for text in raw):
                continue
            reason = f"error.event_id is {cause!r}, but no client event had that event_id"
            found.append(Finding(reason=reason, seq=entry.seq, path="error.event_id"))
    return sorted(found, key=lambda finding: finding.seq)


RULES: tuple[Rule, ...] = (
    Rule(
        check=Check(
            id="rt.wire.frames-are-json",
            level=Level.MUST,
            clause="Every frame from the server is text and holds one JSON object with a type.",
            source="OpenAI Realtime API reference, server events; "
            "all pydantic-ai cassettes in tests/realtime/cassettes",
        ),
        judge=per_stream(_json_frames),
    ),
    Rule(
        check=Check(
            id="rt.wire.event-schema",
            level=Level.MUST,
            clause="Every server event of a known type has the fields and types of its schema.",
            source="openai Python SDK 3.52.0, types/realtime/realtime_server_event.py and "
            "realtime_translation_server_event.py",
        ),
        judge=per_stream(_schema),
    ),
    Rule(
        check=Check(
            id="rt.wire.client-events-valid",
            level=Level.INFO,
            clause="What the client sent has the fields and types of its schema; an endpoint "
            "cannot be blamed for what it makes of anything else.",
            source="openai Python SDK 3.52.0, types/realtime/realtime_client_event.py",
        ),
        judge=_client_schema,
    ),
    Rule(
        check=Check(
            id="rt.wire.event-types-known",
            level=Level.INFO,
            clause="Server events are of the types that the published contract lists; "
            "the API grows, so another type is reported and not judged.",
            source="openai Python SDK 3.52.0, types/realtime/realtime_server_event.py",
        ),
        judge=per_stream(_known_types),
    ),
    Rule(
        check=Check(
            id="rt.wire.event-ids-unique",
            level=Level.MUST,
            clause="No two events on a connection have the same event_id.",
            source="openai Python SDK 3.52.0, types/realtime: event_id is the unique id of the "
            "server event",
        ),
        judge=per_stream(_unique_ids),
    ),
    Rule(
        check=Check(
            id="rt.wire.error-names-its-cause",
            level=Level.MUST,
            clause="An error's error.event_id is null or the event_id of a client event.",
            source="openai Python SDK 3.52.0, types/realtime/realtime_error.py",
        ),
        judge=_error_causes,
    ),
)
