"""Items are looked up and taken away; what is gone is gone."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

from realtime_harness.audio import speech
from realtime_harness.checks import Check
from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.connection import member
from realtime_harness.journeys.exchange import (
    add_item,
    expect_or_error,
    message,
    objects,
    refused,
)
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability
from realtime_scenarios.conversation import checks
from realtime_scenarios.conversation.judging import add_first

_IDS = ("rt-a", "rt-b", "rt-c")
_UNKNOWN = "rt-unknown"


@scenario(
    suite="conversation",
    checks=[
        checks.ADDED,
        checks.CLIENT_ID,
        checks.RETRIEVED,
        checks.RETRIEVED_TEXT,
        checks.RETRIEVED_SOUND,
        checks.RETRIEVE_UNKNOWN,
        checks.RETRIEVE_UNKNOWN_CODE,
        checks.ERROR_EVENT_ID,
        checks.DELETED,
        checks.DELETED_IS_GONE,
        checks.DELETED_TWICE,
        checks.DELETE_UNKNOWN,
        checks.DELETE_UNKNOWN_CODE,
        checks.AFTER_DELETION,
        checks.TRUNCATE_USER,
        checks.TRUNCATE_UNKNOWN,
        checks.TRUNCATE_UNKNOWN_CODE,
    ],
    needs=[Capability.WEBSOCKET],
)
async def looks_up_and_takes_away(run: ScenarioRun) -> None:
    """Items are retrieved and deleted by their ids, and nothing is done to unknown ones."""
    connection = await run.websocket()
    await connection.expect("session.created")
    items = [message("user", f"This is {item_id}.", id=item_id) for item_id in _IDS]
    if await add_first(run, connection, items[0]) is None:
        return
    for item in items[1:]:
        await add_item(connection, item)
    await _retrieve(run, connection)
    error = await _refuse(run, connection, "retrieve", _UNKNOWN, checks.RETRIEVE_UNKNOWN)
    if error:
        _code(run, checks.RETRIEVE_UNKNOWN_CODE, error, "item_retrieve_invalid_item_id")
        sent = f"rt-retrieve-{_UNKNOWN}"
        run.check(
            checks.ERROR_EVENT_ID,
            error.get("event_id") == sent,
            f"expected error.event_id {sent}, got {error.get('event_id')}",
        )
    await _delete(run, connection)
    await _refuse(run, connection, "truncate", _IDS[0], checks.TRUNCATE_USER)
    error = await _refuse(run, connection, "truncate", _UNKNOWN, checks.TRUNCATE_UNKNOWN)
    if error:
        _code(run, checks.TRUNCATE_UNKNOWN_CODE, error, "item_truncate_invalid_item_id")


async def _retrieve(run: ScenarioRun, connection: EventConnection) -> None:
    with run.judging(checks.RETRIEVED):
        item = await _retrieved(run, connection, _IDS[1])
        texts = [part.get("text") for part in objects(item.get("content"))]
        run.check(
            checks.RETRIEVED_TEXT,
            texts == [f"This is {_IDS[1]}."],
            f"expected the text that was sent, got {texts}",
        )
    pcm = speech.encode("Seven")
    heard = {"type": "input_audio", "audio": b64encode(pcm).decode()}
    with run.judging(checks.RETRIEVED_SOUND):
        sound = {"id": "rt-sound", "type": "message", "role": "user", "content": [heard]}
        await add_item(connection, sound)
        item = await _retrieved(run, connection, "rt-sound")
        got = _bytes(member(item, "content", 0, "audio"))
        # What is kept may have been cleaned of noise, and trimmed.
        run.check(
            checks.RETRIEVED_SOUND,
            bool(got),
            f"expected about {len(pcm)} bytes of sound, got {len(got)}",
        )
    await connection.send({"type": "conversation.item.delete", "item_id": "rt-sound"})
    await connection.expect("conversation.item.deleted", "error")


async def _retrieved(run: ScenarioRun, connection: EventConnection, item_id: str) -> dict[str, Any]:
    await connection.send({"type": "conversation.item.retrieve", "item_id": item_id})
    event = await expect_or_error(connection, "conversation.item.retrieved")
    got = member(event.data, "item", "id")
    run.check(checks.RETRIEVED, got == item_id, f"expected {item_id}, got {got}", evidence=event)
    item = event.data.get("item")
    return item if isinstance(item, dict) else {}


async def _delete(run: ScenarioRun, connection: EventConnection) -> None:
    gone = _IDS[1]
    await connection.send({"type": "conversation.item.delete", "item_id": gone})
    with run.requiring(checks.DELETED):
        deleted = await expect_or_error(connection, "conversation.item.deleted")
        got = deleted.data.get("item_id")
        run.check(checks.DELETED, got == gone, f"expected {gone}, got {got}", evidence=deleted)
    await _refuse(run, connection, "retrieve", gone, checks.DELETED_IS_GONE)
    await _refuse(run, connection, "delete", gone, checks.DELETED_TWICE)
    with run.judging(checks.AFTER_DELETION):
        added = await add_item(connection, message("user", "Anew.", id="rt-d"), after=_IDS[0])
        got = added.data.get("previous_item_id")
        run.check(
            checks.AFTER_DELETION, got == _IDS[0], f"expected {_IDS[0]}, got {got}", evidence=added
        )
    error = await _refuse(run, connection, "delete", _UNKNOWN, checks.DELETE_UNKNOWN)
    if error:
        _code(run, checks.DELETE_UNKNOWN_CODE, error, "item_delete_invalid_item_id")


_DONE = {"retrieve": "retrieved", "delete": "deleted", "truncate": "truncated"}


async def _refuse(
    run: ScenarioRun, connection: EventConnection, what: str, item_id: str, check: Check
) -> dict[str, Any]:
    """Judge that something cannot be done to an item; return the error, empty if there is none."""
    event: dict[str, Any] = {
        "type": f"conversation.item.{what}",
        "event_id": f"rt-{what}-{item_id}",
        "item_id": item_id,
    }
    if what == "truncate":
        event |= {"content_index": 0, "audio_end_ms": 0}
    error: dict[str, Any] = {}
    with run.judging(check):
        error = await refused(connection, event, otherwise=[f"conversation.item.{_DONE[what]}"])
    return error


def _code(run: ScenarioRun, check: Check, error: dict[str, Any], expected: str) -> None:
    got = error.get("code")
    run.check(check, got == expected, f"expected code {expected}, got {got}")


def _bytes(value: Any) -> bytes:
    try:
        return b64decode(value, validate=True)
    except (TypeError, ValueError):
        return b""
