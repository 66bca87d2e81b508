"""Requests and what comes of them: an item, a response, a refusal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.connection import ReceivedEvent, member
from realtime_harness.errors import TargetViolation

__all__ = [
    "Answer",
    "add_item",
    "expect_or_error",
    "finish",
    "id_of",
    "message",
    "objects",
    "refused",
    "respond",
    "start",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a ``response.create``."""

    id: str
    created: ReceivedEvent
    done: ReceivedEvent
    events: list[ReceivedEvent]
    """Everything that was received from ``response.created`` to ``response.done``, of whatever it
    is about."""

    @property
    def response(self) -> dict[str, Any]:
        """``response`` of ``response.done``."""
        value = self.done.data.get("response")
        return value if isinstance(value, dict) else {}

    @property
    def status(self) -> Any:
        """The status it ended with."""
        return self.response.get("status")

    @property
    def output(self) -> list[dict[str, Any]]:
        """The output items of ``response.done``."""
        return objects(self.response.get("output"))

    @property
    def content(self) -> list[dict[str, Any]]:
        """The content of all output items."""
        return [part for item in self.output for part in objects(item.get("content"))]

    def own(self, *types: str) -> list[ReceivedEvent]:
        """Return the events of these types that name the response, in order."""
        return [
            event
            for event in self.events
            if event.type in types and event.data.get("response_id") == self.id
        ]

    def about_items(self, *types: str) -> list[ReceivedEvent]:
        """Return the events of these types that are about its output items, in order."""
        ids = {member(e.data, "item", "id") for e in self.own("response.output_item.added")}
        return [
            event
            for event in self.events
            if event.type in types
            and (event.data.get("item_id") in ids or member(event.data, "item", "id") in ids)
        ]

    def tokens(self, *path: str) -> int | None:
        """Return a count of its usage, such as ``input_token_details``, ``audio_tokens``."""
        count = member(self.response, "usage", *path)
        return count if isinstance(count, int) else None


def message(role: str, text: str, **more: Any) -> dict[str, Any]:
    """Return a message with one text, as a client sends it."""
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}], **more}


def objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; none, if it is something else."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


async def expect_or_error(
    connection: EventConnection, wanted: str, *, timeout_s: float | None = None, **where: Any
) -> ReceivedEvent:
    """Return the next event of type ``wanted``, whose members are as given.

    Args:
        connection: on which it is awaited.
        wanted: its type.
        timeout_s: bound; the target's patience if not given.
        where: member names and values; ``item__id`` is that of ``item.id``.

    Raises:
        TargetViolation: if an ``error`` comes first.
        EventNotReceived: if it does not come.
        ConnectionLost: if the connection closes first.

    """
    paths = [(name.split("__"), value) for name, value in where.items()]

    def fits(data: dict[str, Any]) -> bool:
        return data.get("type") == "error" or all(
            member(data, *path) == value for path, value in paths
        )

    event = await connection.expect(wanted, "error", where=fits, timeout_s=timeout_s)
    if event.type == "error":
        raise TargetViolation(
            f"{connection.name} got an error instead of {wanted}: {event.data.get('error')}"
        )
    return event


def id_of(event: ReceivedEvent, holder: str) -> str:
    """Return the id of what an event holds, such as its ``item``.

    Raises:
        TargetViolation: if there is none.

    """
    value = member(event.data, holder, "id")
    if not isinstance(value, str):
        raise TargetViolation(f"{event.type} has no {holder}.id")
    return value


async def add_item(
    connection: EventConnection, item: Mapping[str, Any], *, after: str | None = None
) -> ReceivedEvent:
    """Add an item to the conversation; return its ``conversation.item.added``.

    Args:
        connection: on which to do so.
        item: with its id if the client chooses it.
        after: ``previous_item_id``.

    Raises:
        TargetViolation: if it is refused.
        EventNotReceived: if it is not added.
        ConnectionLost: if the connection closes first.

    """
    event: dict[str, Any] = {"type": "conversation.item.create", "item": dict(item)}
    if after is not None:
        event["previous_item_id"] = after
    await connection.send(event)
    known = {"item__id": item["id"]} if "id" in item else {}
    return await expect_or_error(connection, "conversation.item.added", **known)


async def start(
    connection: EventConnection, *, valid: bool = True, **response: Any
) -> ReceivedEvent:
    """Ask for a response; return its ``response.created``.

    Args:
        connection: on which to ask.
        valid: ``False`` if what is said is not in the contract.
        response: what ``response.create`` says about it.

    Raises:
        TargetViolation: if it is refused.
        EventNotReceived: if it does not begin.
        ConnectionLost: if the connection closes first.

    """
    await connection.send({"type": "response.create", "response": response}, valid=valid)
    return await expect_or_error(connection, "response.created")


async def finish(connection: EventConnection, created: ReceivedEvent) -> Answer:
    """Wait for the end of a response.

    Raises:
        EventNotReceived: if it does not come.
        ConnectionLost: if the connection closes first.

    """
    identifier = member(created.data, "response", "id")
    done = await connection.expect(
        "response.done", where=lambda data: member(data, "response", "id") == identifier
    )
    return Answer(
        id=str(identifier),
        created=created,
        done=done,
        events=_between(connection.events, created, done),
    )


async def respond(connection: EventConnection, *, valid: bool = True, **response: Any) -> Answer:
    """Ask for a response and wait for its end: :func:`start`, then :func:`finish`."""
    return await finish(connection, await start(connection, valid=valid, **response))


async def refused(
    connection: EventConnection, event: Mapping[str, Any], *, otherwise: Sequence[str]
) -> dict[str, Any]:
    """Send what has to be refused; return the ``error`` of the event that refuses it.

    Args:
        connection: on which to send.
        event: the client event. It may break the contract.
        otherwise: types of the events that would come if it were accepted.

    Raises:
        TargetViolation: if it is accepted.
        EventNotReceived: if nothing comes of it.
        ConnectionLost: if the connection closes.

    """
    await connection.send(event, valid=False)
    answer = await connection.expect("error", *otherwise)
    if answer.type != "error":
        raise TargetViolation(f"expected an error, got {answer.type}")
    error = answer.data.get("error")
    return error if isinstance(error, dict) else {}


def _between(
    events: Iterable[ReceivedEvent], first: ReceivedEvent, last: ReceivedEvent
) -> list[ReceivedEvent]:
    return [event for event in events if first.seq <= event.seq <= last.seq]
