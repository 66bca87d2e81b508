"""Violations that the checks of ``conversation`` find.

They are committed on items to which clients have given ids, so that turns go on as they should.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from realtime_fakes.defects.suites import Suite
from realtime_fakes.defects.taps import (
    Change,
    another,
    drop,
    drop_error,
    in_item,
    is_chosen,
    named_item,
    on_websocket,
)
from realtime_fakes.switches import Event, EventTap, Switch

__all__ = ["SWITCHES"]

_ADDED, _DONE = "conversation.item.added", "conversation.item.done"

_Item = dict[str, Any]


def _chosen(change: Change, *types: str, **members: str) -> EventTap:
    """Return a tap on items with these members and an id of the client's choice."""

    def tap(event: Event, memory: dict[str, Any]) -> list[Event]:
        item = event["item"]
        is_meant = is_chosen(item) and all(item.get(k) == v for k, v in members.items())
        return change(event, memory) if is_meant else [event]

    return on_websocket(tap, *(types or (_ADDED, _DONE)))


def _written(change: Change, *types: str) -> EventTap:
    """Return a tap on messages of users that have a text and nothing else."""

    def tap(event: Event, memory: dict[str, Any]) -> list[Event]:
        kinds = [part["type"] for part in event["item"]["content"]]
        return change(event, memory) if kinds == ["input_text"] else [event]

    return _chosen(tap, *types, role="user")


def _content(change: Callable[[_Item], _Item | None], kind: str) -> Change:
    """Return a change of parts of this type; a part becomes what is returned, or goes."""

    def members(item: _Item) -> _Item:
        parts = item.get("content", ())
        if not any(part["type"] == kind for part in parts):
            return {}
        changed = [change(part) if part["type"] == kind else part for part in parts]
        return {"content": [part for part in changed if part is not None]}

    return in_item(members)


# -- adding ----------------------------------------------------------------------------------------


def _as_beta(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [{**event, "type": "conversation.item.created"}] if event["type"] == _ADDED else []


_id_of_ours = in_item(lambda item: {"id": "item_" + item["id"].rjust(21, "0").replace("-", "x")})
_shouted = _content(lambda part: {**part, "text": part["text"].upper()}, "input_text")
_trimmed = _content(lambda part: {**part, "text": part["text"][:-1]}, "input_text")


# -- places ----------------------------------------------------------------------------------------


def _behind_itself(event: Event, memory: dict[str, Any]) -> list[Event]:
    first = memory.setdefault("first", event["item"]["id"])
    if first == event["item"]["id"] and event["previous_item_id"] is None:
        return [{**event, "previous_item_id": first}]
    return [event]


def _behind_the_last(is_meant: Callable[[str | None, str], bool]) -> Change:
    """Return a change that shows items behind the one that was added last.

    Args:
        is_meant: gets the ids of the predecessor and of that one.

    """

    def change(event: Event, memory: dict[str, Any]) -> list[Event]:
        last, memory["last"] = memory.get("last"), event["item"]["id"]
        if last is not None and is_meant(event["previous_item_id"], last):
            return [{**event, "previous_item_id": last}]
        return [event]

    return change


def _never_behind(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Forget the predecessor of what was appended."""
    count = memory["count"] = memory.get("count", 0) + 1
    return [{**event, "previous_item_id": None}] if count == 2 else [event]


def _refused_and_kept(event: Event, memory: dict[str, Any]) -> list[Event]:
    code = event["error"]["code"]
    if code == "item_create_invalid_previous_item_id":
        memory["refused"] = True
    elif code == "item_retrieve_invalid_item_id" and memory.pop("refused", False):
        return [_made_up(event)]
    return [event]


def _made_up(event: Event) -> Event:
    item = {
        "id": named_item(event),
        "type": "message",
        "status": "completed",
        "role": "user",
        "content": [{"type": "input_text", "text": "…"}],
    }
    return another(event, "x", type="conversation.item.retrieved", item=item)


# -- looking up, and taking away -------------------------------------------------------------------


def _wrong_one(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [{**event, "item": {**event["item"], "id": event["item"]["id"] + "x"}}]


def _wrong_deleted(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [{**event, "item_id": event["item_id"] + "x"}]


def _silent(part: _Item) -> _Item:
    return {name: value for name, value in part.items() if name != "audio"}


def _unknown(code: str, change: Change, *, deleted: bool = False) -> EventTap:
    """Return a tap on errors about items that do not exist: never did, or do not any more."""

    def tap(event: Event, memory: dict[str, Any]) -> list[Event]:
        gone: set[str] = memory.setdefault("gone", set())
        if event["type"] == "conversation.item.deleted":
            gone.add(event["item_id"])
        elif event["error"]["code"] == code and (named_item(event) in gone) is deleted:
            return change(event, memory)
        return [event]

    return on_websocket(tap, "error", "conversation.item.deleted")


def _found_after_all(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [_made_up(event)]


def _done_after_all(kind: str, **members: Any) -> Change:
    def change(event: Event, memory: dict[str, Any]) -> list[Event]:
        return [another(event, "x", type=kind, item_id=named_item(event), **members)]

    return change


def _another_code(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [{**event, "error": {**event["error"], "code": "item_not_found"}}]


def _nobodys(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [{**event, "error": {**event["error"], "event_id": None}}]


def _restored(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Show what is put where an item was deleted behind that item, as if it were still there."""
    if event["type"] == "conversation.item.deleted":
        memory["gone"] = event["item_id"]
    elif "gone" in memory and event["type"] == _ADDED:
        return [{**event, "previous_item_id": memory["gone"]}]
    return [event]


_RETRIEVE, _DELETE, _TRUNCATE = (
    f"item_{what}_invalid_item_id" for what in ("retrieve", "delete", "truncate")
)


_defect = Suite("conversation").defect


SWITCHES: tuple[Switch, ...] = (
    # adding
    _defect(
        "item-created-as-in-beta",
        "added",
        "Announces items of the client by conversation.item.created alone.",
        _written(_as_beta),
    ),
    _defect(
        "client-item-never-done",
        "done",
        "Does not say that an item of the client is done.",
        _written(drop, _DONE),
    ),
    _defect(
        "client-item-id-replaced",
        "client-id",
        "Gives items ids of its own in place of the client's.",
        _written(_id_of_ours),
    ),
    _defect(
        "client-item-text-changed",
        "content",
        "Adds what users write in capital letters.",
        _written(_shouted),
    ),
    _defect(
        "client-item-incomplete",
        "status",
        "Says of messages of the client that they are incomplete.",
        _chosen(in_item(lambda item: {"status": "incomplete"}), type="message"),
    ),
    _defect(
        "client-item-differs-when-done",
        "same-when-done",
        "Says of messages of users that they are in progress until they are done.",
        _written(in_item(lambda item: {"status": "in_progress"}), _ADDED),
    ),
    _defect(
        "system-item-of-user",
        "system",
        "Adds what the system says as if the user had said it.",
        _chosen(in_item(lambda item: {"role": "user"}), role="system"),
    ),
    _defect(
        "assistant-item-emptied",
        "assistant",
        "Adds what the client makes the assistant say without its text.",
        _chosen(in_item(lambda item: {"content": []}), role="assistant"),
    ),
    _defect(
        "assistant-audio-dropped",
        "assistant-audio",
        "Drops sound of the assistant without an error.",
        drop_error("invalid_value", mentions="'output_audio'"),
    ),
    _defect(
        "sound-item-emptied",
        "sound",
        "Adds a message with sound without its content.",
        _chosen(_content(lambda part: None, "input_audio"), _ADDED, _DONE),
        also={"rt.audio.item-with-sound": "the same message with sound"},
    ),
    _defect(
        "sound-item-repeated",
        "sound-not-repeated",
        "Sends sound back when a message with it was added.",
        _chosen(_content(lambda part: {**part, "audio": "AAAA"}, "input_audio"), _ADDED),
    ),
    _defect(
        "image-item-dropped",
        "image",
        "Adds a message with an image without it.",
        _chosen(_content(lambda part: None, "input_image")),
    ),
    _defect(
        "call-item-without-arguments",
        "call",
        "Forgets the arguments of calls that the client puts into the history.",
        _chosen(in_item(lambda item: {"arguments": ""}), type="function_call"),
    ),
    _defect(
        "call-output-item-cut",
        "call-output",
        "Forgets what a function returned that the client puts into the history.",
        _chosen(in_item(lambda item: {"output": ""}), type="function_call_output"),
    ),
    # places
    _defect(
        "first-item-behind-itself",
        "first",
        "Says that the first item of a conversation is behind itself.",
        _written(_behind_itself, _ADDED),
    ),
    _defect(
        "appended-item-without-predecessor",
        "appended",
        "Does not say behind which item the second one was added.",
        _written(_never_behind, _ADDED),
    ),
    _defect(
        "root-not-understood",
        "root",
        "Shows an item that was to be the first one behind the last one.",
        _written(_behind_the_last(lambda previous, last: previous is None), _ADDED),
    ),
    _defect(
        "always-appended",
        "middle",
        "Shows an item that was to be put between others behind the last one.",
        _written(_behind_the_last(lambda previous, last: previous not in (None, last)), _ADDED),
        also={
            "rt.conversation.after-deletion": "what comes where an item was deleted is put "
            "elsewhere as well"
        },
    ),
    _defect(
        "unknown-predecessor-ignored",
        "unknown-previous",
        "Drops an item behind one that does not exist without an error.",
        drop_error("item_create_invalid_previous_item_id"),
    ),
    _defect(
        "refused-item-kept",
        "not-added",
        "Keeps an item that was refused for its previous_item_id.",
        on_websocket(_refused_and_kept, "error"),
    ),
    # looking up
    _defect(
        "wrong-item-retrieved",
        "retrieved",
        "Retrieves an item under another id.",
        _chosen(_wrong_one, "conversation.item.retrieved"),
        also={"rt.wire.answers-asked-for": "nobody asked for that item to be retrieved"},
    ),
    _defect(
        "retrieved-text-changed",
        "retrieved-text",
        "Retrieves what users wrote without its last letter.",
        _chosen(_trimmed, "conversation.item.retrieved"),
    ),
    _defect(
        "sound-not-retrieved",
        "retrieved-sound",
        "Retrieves messages without their sound.",
        _chosen(_content(_silent, "input_audio"), "conversation.item.retrieved"),
    ),
    _defect(
        "unknown-item-retrieved",
        "retrieve-unknown",
        "Retrieves items that never were.",
        _unknown(_RETRIEVE, _found_after_all),
        also={
            "rt.conversation.not-added": "an item that was refused never was",
            "rt.lifetime.apart-items": "in another session an item never was",
            "rt.responses.not-retrievable": "what is out of band never was in the conversation",
        },
    ),
    _defect(
        "retrieve-error-code",
        "retrieve-unknown-code",
        "Refuses to retrieve an item with another code.",
        _unknown(_RETRIEVE, _another_code),
    ),
    _defect(
        "retrieve-error-of-nobody",
        "error-event-id",
        "Does not say which event asked for an item that cannot be retrieved.",
        _unknown(_RETRIEVE, _nobodys),
    ),
    # taking away
    _defect(
        "wrong-item-deleted",
        "deleted",
        "Names another item than the one that was deleted.",
        on_websocket(_wrong_deleted, "conversation.item.deleted"),
        also={
            "rt.wire.answers-asked-for": "nobody asked for that item to be deleted",
        },
    ),
    _defect(
        "deleted-item-retrieved",
        "deleted-is-gone",
        "Retrieves items that were deleted.",
        _unknown(_RETRIEVE, _found_after_all, deleted=True),
    ),
    _defect(
        "deleted-item-deleted-again",
        "deleted-twice",
        "Deletes an item as often as it is asked to.",
        _unknown(_DELETE, _done_after_all("conversation.item.deleted"), deleted=True),
    ),
    _defect(
        "unknown-item-deleted",
        "delete-unknown",
        "Deletes items that never were.",
        _unknown(_DELETE, _done_after_all("conversation.item.deleted")),
    ),
    _defect(
        "delete-error-code",
        "delete-unknown-code",
        "Refuses to delete an item that never was with another code.",
        _unknown(_DELETE, _another_code),
    ),
    _defect(
        "deleted-item-still-precedes",
        "after-deletion",
        "Shows what is put where an item was deleted behind that item.",
        on_websocket(_restored, _ADDED, "conversation.item.deleted"),
    ),
    _defect(
        "user-item-truncated",
        "truncate-user",
        "Passes over the truncation of a user's message without an error.",
        drop_error(None, mentions="Only model output audio"),
        also={"rt.interruption.text-refused": "the same refusal, of a written answer"},
    ),
    _defect(
        "unknown-item-truncated",
        "truncate-unknown",
        "Truncates items that never were.",
        _unknown(
            _TRUNCATE,
            _done_after_all("conversation.item.truncated", content_index=0, audio_end_ms=0),
        ),
    ),
    _defect(
        "truncate-error-code",
        "truncate-unknown-code",
        "Refuses to truncate an item that never was with another code.",
        _unknown(_TRUNCATE, _another_code),
    ),
)
