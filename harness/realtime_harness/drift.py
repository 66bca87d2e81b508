"""Drift: what a recording, the SDK's contract and the fake say about the same conversation.

The fake is sent what the recorded client sent, and told to answer as was recorded; then events are
compared by type: which keys they have, what is null, and the values that are part of the protocol.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from realtime_harness.clients.control import Control
from realtime_harness.clients.websocket import WebSocketConnection, open_websocket
from realtime_harness.contract.pattern import Shape, shapes
from realtime_harness.contract.schemas import (
    server_event_errors,
    server_event_paths,
    server_event_types,
)
from realtime_harness.contract.stream import EVENT_LANES, as_list, as_object, as_text, event_type
from realtime_harness.errors import HarnessError, TargetViolation
from realtime_harness.evidence import Direction, Entry, Kind, Lane, Recorder
from realtime_harness.targets.target import Target

__all__ = ["Drift", "drifts", "played_again"]

_CALLED = "response.function_call_arguments.done"
_FENCE = "rt-drift-fence"
_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One difference."""

    event: str
    path: str
    """Where in the event; empty if it is about the whole of it."""
    recording: str
    contract: str
    fake: str

    def to_json(self) -> dict[str, str]:
        """Return it as a JSON object."""
        return asdict(self)


def drifts(recorded: Iterable[dict[str, Any]], faked: Iterable[dict[str, Any]]) -> list[Drift]:
    """Return in what recorded events, the contract and the fake's events differ.

    Events that the fake did not send are one row each; what the fake alone sends is none, as
    recordings end before everything came.
    """
    events = list(recorded)
    said, ours = shapes(events), shapes(faked)
    found: list[Drift] = []
    for kind, shape in said.items():
        known = kind in server_event_types()
        other = ours.get(kind)
        if not known or other is None:
            found.append(
                Drift(
                    event=kind,
                    path="",
                    recording=f"{shape.count} times",
                    contract="known" if known else "unknown",
                    fake=f"{other.count} times" if other is not None else "never",
                )
            )
        broken = {
            error
            for event in events
            if event_type(event) == kind
            for error in server_event_errors(event)
        }
        found += [
            Drift(event=kind, path="", recording="as sent", contract=error, fake="")
            for error in sorted(broken)
        ]
        found += _rows(kind, shape, other, server_event_paths(kind) if known else None)
    return found


def _rows(
    kind: str, shape: Shape, other: Shape | None, paths: frozenset[str] | None
) -> Iterable[Drift]:
    for path in dict.fromkeys([*shape.kinds, *(other.kinds if other is not None else ())]):
        mine = shape.kinds.get(path, set())
        theirs = other.kinds.get(path, set()) if other is not None else mine
        in_contract = paths is None or _is_in(path, paths)
        differ = mine != theirs and not _below_absent(path, shape, other)
        values, others = shape.values.get(path, set()), _values(other, path)
        differ_in_values = other is not None and bool(mine and theirs) and not values <= others
        if differ or differ_in_values or (mine and not in_contract):
            yield Drift(
                event=kind,
                path=path,
                recording=_told(mine, values if differ_in_values else set()),
                contract="known" if in_contract else "unknown",
                fake=_told(theirs, others if differ_in_values else set()) if other else "",
            )


def _values(shape: Shape | None, path: str) -> set[str]:
    return shape.values.get(path, set()) if shape is not None else set()


def _below_absent(path: str, *both: Shape | None) -> bool:
    """Whether one of them has nothing at the place above, which has a row of its own."""
    above = path.rpartition(".")[0].removesuffix("[]")
    return bool(above) and any(
        shape is not None and not {"object", "array"} & shape.kinds.get(above, set())
        for shape in both
    )


def _is_in(path: str, paths: frozenset[str]) -> bool:
    """Whether the contract knows a path, or leaves open what is above it."""
    if path in paths:
        return True
    steps = path.replace("[]", ".[]").split(".")
    above = [".".join(steps[:n]).replace(".[]", "[]") for n in range(1, len(steps))]
    return any(f"{each}.*" in paths for each in above)


def _told(kinds: set[str], values: set[str]) -> str:
    return " or ".join(sorted(values or kinds)) or "absent"


async def played_again(target: Target, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Send a fake what was recorded as sent; return all that it answers.

    A sideband's conversation is had over a WebSocket of its own. What was said by voice is not
    heard where its sound was taken out of the recording.

    Raises:
        HarnessError: if it does not go along.

    """
    sent, received = (
        [
            entry.data
            for entry in entries
            if entry.direction is direction and entry.kind is Kind.EVENT
            if entry.lane in EVENT_LANES
        ]
        for direction in (Direction.SENT, Direction.RECEIVED)
    )
    if not received:
        return []
    async with Control(target) as control:
        await control.script(_script(received))
    try:
        connection = await _opened(target, received)
        try:
            await _send(connection, sent, received)
            return [event.data for event in connection.events[:-1]]
        finally:
            await connection.close()
    except TargetViolation as violation:
        raise HarnessError(f"the fake does not go along: {violation}") from violation


async def _opened(target: Target, received: Sequence[dict[str, Any]]) -> WebSocketConnection:
    """Open a session with the recorded model, or another one if the fake does not know it."""
    shown = next((as_object(event.get("session")) for event in received if "session" in event), {})
    for model in filter(None, (as_text(shown.get("model")), target.model)):
        connection = await open_websocket(
            target, Recorder(), name="client", lane=Lane.WEBSOCKET, query={"model": model}
        )
        if (await connection.expect("session.created", "error")).type == "session.created":
            return connection
        await connection.close()
    raise HarnessError("the fake opens no session")


async def _send(
    connection: WebSocketConnection,
    sent: Sequence[dict[str, Any]],
    received: Sequence[dict[str, Any]],
) -> None:
    """Send all that was sent, with the ids of the fake's calls, and wait until it is answered."""
    called = [event.get("call_id") for event in received if event_type(event) == _CALLED]
    ours: dict[Any, Any] = {}
    for event in sent:
        item = as_object(event.get("item"))
        if (call_id := item.get("call_id")) in called:
            while call_id not in ours:
                answer = await connection.expect(_CALLED)
                ours[called[len(ours)]] = answer.data.get("call_id")
            event = {**event, "item": {**item, "call_id": ours[call_id]}}
        await connection.send(event, valid=False)
    fence = {"type": "conversation.item.retrieve", "item_id": _FENCE, "event_id": _FENCE}
    await connection.send(fence)
    await connection.expect(
        "error",
        timeout_s=_PATIENCE_S,
        where=lambda event: as_object(event.get("error")).get("event_id") == _FENCE,
    )


def _script(received: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rules by which each response says what the recorded one said."""
    done = [event for event in received if event_type(event) == "response.done"]
    rules: list[dict[str, Any]] = []
    for number, event in enumerate(done, start=1):
        rule: dict[str, Any] = {"when": {"turn": number}}
        calls = []
        for item in map(as_object, as_list(as_object(event.get("response")).get("output"))):
            if item.get("type") == "function_call":
                calls.append({str(item.get("name")): item.get("arguments") or "{}"})
            for part in map(as_object, as_list(item.get("content"))):
                if words := part.get("text") or part.get("transcript"):
                    rule.setdefault("say", []).append(words)
        if calls:
            rule["call"] = calls
        if len(rule) > 1:
            rules.append(rule)
    return rules
