"""The event stream as the rules look at it: by connection, and by response.

What an endpoint sent may be anything, so nothing here trusts the type of a value. Every rule looks
at the same evidence, so it is taken apart once, when the first of them does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from realtime_harness.contract.rule import Finding
from realtime_harness.evidence.entry import Direction, Entry, Kind, Lane

__all__ = [
    "EVENT_LANES",
    "Response",
    "SplitEvidence",
    "Stream",
    "as_index",
    "as_list",
    "as_object",
    "as_text",
    "event_type",
    "item_id",
    "per_stream",
    "response_id",
    "streams",
]

EVENT_LANES = frozenset({Lane.WEBSOCKET, Lane.DATA_CHANNEL, Lane.SIDEBAND})
"""The channels that events go over."""

_SHOW_SESSION = frozenset({"session.created", "session.updated"})


@dataclass(frozen=True, kw_only=True)
class Stream:
    """What one connection received."""

    lane: Lane
    connection: str
    frames: list[Entry]
    """All of it in order: events, and frames that are none."""
    repeated: frozenset[str] = frozenset()
    """Ids that clients gave to more than one item. Whether the second one is taken, refused or
    ignored is not pinned down."""

    @cached_property
    def events(self) -> list[Entry]:
        """The frames that are events."""
        return [entry for entry in self.frames if entry.kind is Kind.EVENT]

    @cached_property
    def responses(self) -> list[Response]:
        """The responses, in the order they were first heard of."""
        found: dict[str, Response] = {}
        for entry in self.events:
            identifier = response_id(entry.data)
            if identifier is None:
                continue
            response = found.setdefault(identifier, Response(id=identifier))
            response.entries.append(entry)
            kind = event_type(entry.data)
            if kind == "response.created" and response.created is None:
                response.created = entry
            elif kind == "response.done" and response.done is None:
                response.done = entry
        return list(found.values())

    @cached_property
    def translates(self) -> bool:
        """Whether its session says that it is of type ``translation``."""
        return any(
            as_object(entry.data.get("session")).get("type") == "translation"
            for entry in self.events
            if event_type(entry.data) in _SHOW_SESSION
        )

    @property
    def joins_late(self) -> bool:
        """Whether the session may be older than the connection, as it is for a sideband."""
        return self.lane is Lane.SIDEBAND


@dataclass(slots=True, kw_only=True)
class Response:
    """The events of one response on one connection."""

    id: str
    entries: list[Entry] = field(default_factory=list)
    created: Entry | None = None
    done: Entry | None = None
    """The first ``response.done``."""

    @property
    def completed(self) -> bool:
        """Whether it ended with everything that it set out to say.

        How an interrupted response is closed is not pinned down by any recording, so most rules
        leave those alone.
        """
        return self.final.get("status") == "completed"

    @property
    def final(self) -> dict[str, Any]:
        """The response object of ``response.done``; empty before it."""
        return as_object(self.done.data.get("response")) if self.done else {}

    @property
    def out_of_band(self) -> bool:
        """Whether it belongs to no conversation (``"conversation": "none"``)."""
        start = as_object(self.created.data.get("response")) if self.created else {}
        return "conversation_id" in start and start["conversation_id"] is None


class SplitEvidence(tuple[Entry, ...]):
    """Entries that many rules are going to look at."""

    @cached_property
    def streams(self) -> list[Stream]:
        """What each connection that carries events received."""
        found: dict[tuple[Lane, str], Stream] = {}
        repeated = _repeated(self)
        for entry in self:
            if entry.direction is Direction.RECEIVED and entry.lane in EVENT_LANES:
                key = (entry.lane, entry.connection)
                if key not in found:
                    found[key] = Stream(
                        lane=entry.lane, connection=entry.connection, frames=[], repeated=repeated
                    )
                found[key].frames.append(entry)
        return list(found.values())


def streams(entries: Sequence[Entry]) -> list[Stream]:
    """Return what each connection that carries events received."""
    return (entries if isinstance(entries, SplitEvidence) else SplitEvidence(entries)).streams


def _repeated(entries: Sequence[Entry]) -> frozenset[str]:
    given = Counter(
        item_id(entry.data)
        for entry in entries
        if entry.direction is Direction.SENT
        and entry.kind is Kind.EVENT
        and event_type(entry.data) == "conversation.item.create"
    )
    return frozenset(each for each, count in given.items() if each and count > 1)


_Judge: TypeAlias = Callable[[Sequence[Entry]], list[Finding]]


def per_stream(judge: Callable[[Stream], Iterable[Finding]]) -> _Judge:
    """Make a judge of all evidence from one that judges a single connection."""

    def judge_all(entries: Sequence[Entry]) -> list[Finding]:
        found = [finding for stream in streams(entries) for finding in judge(stream)]
        return sorted(found, key=lambda finding: finding.seq)

    judge_all.__doc__ = judge.__doc__
    return judge_all


def event_type(event: dict[str, Any]) -> str:
    """Return the event's type, ``""`` if it has none."""
    return as_text(event.get("type")) or ""


def response_id(event: dict[str, Any]) -> str | None:
    """Return the id of the response that the event belongs to, if it belongs to one."""
    if event_type(event) in {"response.created", "response.done"}:
        return as_text(as_object(event.get("response")).get("id"))
    return as_text(event.get("response_id"))


def item_id(event: dict[str, Any]) -> str | None:
    """Return the id of the item that the event is about, if it is about one."""
    return as_text(event.get("item_id")) or as_text(as_object(event.get("item")).get("id"))


def as_object(value: Any) -> dict[str, Any]:
    """Return ``value`` if it is an object, otherwise an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return ``value`` if it is an array, otherwise an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: Any) -> str | None:
    """Return ``value`` if it is a string."""
    return value if isinstance(value, str) else None


def as_index(value: Any) -> int | None:
    """Return ``value`` if it is an integer (``true`` is none)."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
