"""Violations that the checks of ``errors`` find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from realtime_fakes.audience import Role
from realtime_fakes.defects.members import at, drop, errors, event_tap, said
from realtime_fakes.defects.suites import Suite
from realtime_fakes.switches import Event, EventTap, Switch

__all__ = ["SWITCHES"]

_NO_TYPE = "The 'type' field is missing."
_UNKNOWN = "'nobody.knows.this'"
_ITEM = "item_thatWasRefused000000"


def _says(*words: str) -> Callable[[Event], bool]:
    """Return whether the message of an error has all these words."""
    return lambda event: all(word in str(at(event, "error", "message")) for word in words)


def _silent(*words: str, role: Role = Role.WEBSOCKET) -> EventTap:
    """Return a tap that leaves out errors whose message has all these words."""
    return event_tap(drop, "error", where=_says(*words), role=role)


def _without_type(is_named: bool) -> EventTap:
    """Return a tap that leaves out errors about a missing type, by whether they name an event."""

    def where(event: Event) -> bool:
        return _says(_NO_TYPE)(event) and (at(event, "error", "event_id") is not None) is is_named

    return event_tap(drop, "error", where=where)


def _deaf(words: str, role: Role) -> EventTap:
    """Return a tap that sends nothing more once there was such an error."""

    def tap(event: Event, to: Role, memory: dict[str, Any]) -> list[Event]:
        if "deaf" in memory:
            return []
        if to is role and event["type"] == "error" and words in event["error"]["message"]:
            memory["deaf"] = True
        return [event]

    return tap


def _of_ours(event: Event) -> bool:
    return str(at(event, "error", "event_id")).startswith("wrong_")


def _twice(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    if event["type"] != "error" or not _says("'item_id'", "integer")(event):
        return [event]
    return [event, {**event, "event_id": f"{event['event_id']}x"}]


def _trace(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    """Show an item that was refused in front of the first one."""
    content = at(event, "item", "content")
    is_meant = event["type"] == "conversation.item.added" and content and role is Role.WEBSOCKET
    if is_meant and content[0].get("text") == "After all that was wrong.":
        return [{**event, "previous_item_id": _ITEM}]
    return [event]


def _because(reason: str, *names: str) -> dict[str, str]:
    return {f"rt.{name}": reason for name in names}


_defect = Suite("errors", prefix="error-").defect


def _field(name: str, violates: str, summary: str, **members: Any) -> Switch:
    """Return a defect that says nothing about what has to be answered with such an error."""
    return _defect(name, violates, summary, errors(drop, **members))


SWITCHES: tuple[Switch, ...] = (
    # frames
    _defect(
        "json-ignored",
        "not-json",
        "Overlooks frames that begin like prose.",
        _silent("failed to parse JSON", "column 1 (char 0)", "unexpected character"),
    ),
    _defect(
        "json-code-differs",
        "not-json-code",
        "Answers a frame that is not JSON with another code.",
        errors(said("code", "invalid_event"), code="invalid_json"),
    ),
    _defect("empty-ignored", "empty-frame", "Overlooks empty frames.", _silent("empty document")),
    _defect(
        "non-object-ignored",
        "not-an-object",
        "Overlooks JSON that is no object.",
        _without_type(is_named=False),
    ),
    _defect("binary-ignored", "binary", "Overlooks binary frames.", _silent("binary frames")),
    _defect(
        "binary-code-differs",
        "binary-code",
        "Answers a binary frame with another code.",
        event_tap(said("code", "invalid_value"), "error", where=_says("binary frames")),
    ),
    _defect(
        "untyped-ignored",
        "no-type",
        "Overlooks events without a type.",
        _without_type(is_named=True),
    ),
    _field(
        "type-number-ignored",
        "type-not-text",
        "Overlooks events whose type is a number.",
        param="type",
        code="invalid_type",
    ),
    _defect(
        "unknown-type-ignored",
        "unknown-type",
        "Overlooks events of unknown types.",
        _silent(_UNKNOWN),
    ),
    _defect(
        "unknown-type-unnamed",
        "unknown-type-param",
        "Does not say that it is the type that is unknown.",
        event_tap(said("param", None), "error", where=_says(_UNKNOWN)),
    ),
    _defect(
        "unknown-type-unlisted",
        "unknown-type-list",
        "Does not list which types there are.",
        event_tap(said("message", f"Invalid value: {_UNKNOWN}."), "error", where=_says(_UNKNOWN)),
    ),
    _defect(
        "beta-event-ignored",
        "beta-event",
        "Overlooks transcription_session.update.",
        _silent("Invalid value: 'transcription_session.update'"),
    ),
    # fields
    _field(
        "missing-field-ignored",
        "missing-field",
        "Overlooks appends without sound.",
        param="audio",
        code="missing_required_parameter",
    ),
    _defect(
        "missing-field-unnamed",
        "missing-field-param",
        "Does not say which field of a deletion is missing.",
        errors(said("param", None), param="item_id", code="missing_required_parameter"),
    ),
    _field(
        "wrong-type-ignored",
        "wrong-type",
        "Overlooks deletions whose item_id is a number.",
        param="item_id",
        code="invalid_type",
    ),
    _field(
        "item-type-ignored", "item-type", "Overlooks items of unknown types.", param="item.type"
    ),
    _field("role-ignored", "role", "Overlooks messages of unknown roles.", param="item.role"),
    _defect(
        "content-type-ignored",
        "content-type",
        "Overlooks messages of the user with content of the assistant.",
        _silent("Invalid value: 'output_text'"),
    ),
    _field(
        "metadata-pairs-ignored",
        "metadata-pairs",
        "Overlooks responses with too many pairs of metadata.",
        param="response.metadata",
        code="object_above_max_properties",
    ),
    _defect(
        "metadata-key-ignored",
        "metadata-key",
        "Overlooks responses with a long key in their metadata.",
        _silent("response.metadata", "maximum length 64"),
    ),
    _defect(
        "metadata-value-ignored",
        "metadata-value",
        "Overlooks responses with a long value in their metadata.",
        _silent("response.metadata", "maximum length 512"),
    ),
    # every error
    _defect(
        "without-message",
        "shape",
        "Leaves the message of errors about a missing type empty.",
        errors(said("message", ""), message=_NO_TYPE),
    ),
    _defect(
        "without-event-id",
        "event-id",
        "Does not say which event an error is about.",
        event_tap(said("event_id", None), "error", where=_of_ours),
    ),
    _defect(
        "with-any-event-id",
        "no-event-id",
        "Makes an event_id up for an event that has none.",
        errors(said("event_id", "event_of_the_client"), code="invalid_json"),
        also=_because("no client event had it", "wire.error-names-its-cause"),
    ),
    _defect("said-twice", "one-error", "Sends an error about a wrong item_id twice.", _twice),
    _defect(
        "deafens",
        "survives",
        "Says nothing any more once it got a binary frame.",
        _deaf("binary frames", Role.WEBSOCKET),
    ),
    _defect(
        "leaves-a-trace",
        "no-trace",
        "Names an item that was refused as the one before the next.",
        _trace,
        also=_because("nobody has seen that item", "wire.previous-item-known"),
    ),
    # on a call
    _defect(
        "channel-json-ignored",
        "channel-not-json",
        "Overlooks messages on a data channel that are not JSON.",
        _silent("failed to parse JSON", role=Role.DATA_CHANNEL),
    ),
    _defect(
        "channel-unknown-type-ignored",
        "channel-unknown-type",
        "Overlooks events of unknown types on a data channel.",
        _silent(_UNKNOWN, role=Role.DATA_CHANNEL),
    ),
    _defect(
        "channel-deafens",
        "channel-survives",
        "Says nothing any more on a data channel once it got an unknown event.",
        _deaf(_UNKNOWN, Role.DATA_CHANNEL),
    ),
)
