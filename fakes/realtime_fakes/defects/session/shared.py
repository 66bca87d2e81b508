"""What the defects of ``session`` share: how one is declared, and its taps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from realtime_fakes.audience import Role
from realtime_fakes.defects.members import Change, event_tap, having
from realtime_fakes.defects.suites import Suite
from realtime_fakes.defects.taps import refusal
from realtime_fakes.switches import Event, EventTap, Switch

__all__ = [
    "HEARD",
    "VAD_AT",
    "VOICE_AT",
    "Where",
    "accepts",
    "applies",
    "defect",
    "error",
    "overlooked",
    "shown",
]

Where: TypeAlias = Callable[[dict[str, Any]], bool]

VAD_AT = ("audio", "input", "turn_detection")
VOICE_AT = ("audio", "output", "voice")
HEARD = ("audio", "input")


def shown(kind: str, where: Where, change: Change) -> EventTap:
    """Return a tap on the session in events of a type, on WebSockets, where ``where`` is met."""

    def changed(event: Event) -> Event:
        return {**event, "session": change(event["session"])}

    return event_tap(changed, kind, where=lambda event: where(event["session"]))


def error(event: Event, code: str, param: str | None) -> Event:
    """Return an error in the place of an event."""
    return refusal(event, code, "This cannot be updated.", param)


def accepts(change: Change | None = None, **members: Any) -> EventTap:
    """Return a tap that answers with session.updated what was refused with such an error."""
    where = having(**members)

    def tap(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
        if role is not Role.WEBSOCKET:
            return [event]
        if "session" in event:
            memory["session"] = event["session"]
        if event["type"] != "error" or not where(event) or "session" not in memory:
            return [event]
        session = memory["session"] if change is None else change(memory["session"])
        return [{"type": "session.updated", "event_id": event["event_id"], "session": session}]

    return tap


def applies(change: Change, **members: Any) -> EventTap:
    """Return a tap that does in secret what was refused with such an error."""
    where = having(**members)

    def tap(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
        if role is not Role.WEBSOCKET:
            return [event]
        if event["type"] == "error" and where(event):
            memory["applied"] = True
        elif event["type"] == "session.updated" and "applied" in memory:
            return [{**event, "session": change(event["session"])}]
        return [event]

    return tap


defect = Suite("session", prefix="session-").defect


def overlooked(
    name: str,
    violates: str,
    summary: str,
    *,
    also: Mapping[str, str] | None = None,
    **members: Any,
) -> Switch:
    """Return a defect that accepts what has to be refused with such an error."""
    return defect(name, violates, summary, accepts(**members), also=also)
