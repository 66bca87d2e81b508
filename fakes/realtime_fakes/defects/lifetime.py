"""Violations that the checks of ``lifetime`` find."""

from __future__ import annotations

from typing import Any

from realtime_fakes.defects.suites import Suite
from realtime_fakes.defects.taps import Change, another, is_chosen, named_item, on_websocket
from realtime_fakes.switches import Event, Switch

__all__ = ["SWITCHES"]

_CREATED, _UPDATED = "session.created", "session.updated"


def _in_session(change: dict[str, int]) -> Change:
    """Return a change that adds to numbers of the session object."""

    def changed(event: Event, memory: dict[str, Any]) -> list[Event]:
        session = event["session"]
        members = {name: session[name] + more for name, more in change.items()}
        return [{**event, "session": {**session, **members}}]

    return changed


def _prolonged(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Move the end a little with every update."""
    memory["updates"] = memory.get("updates", 0) + 1
    return _in_session({"expires_at": 60 * memory["updates"]})(event, memory)


def _silent_end(event: Event, memory: dict[str, Any]) -> list[Event]:
    return [] if event["error"]["code"] == "session_expired" else [event]


def _somebody_else(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Tell of another session's item in one that is the second."""
    if "second" not in str(event["session"].get("instructions")):
        return [event]
    count = memory["told"] = memory.get("told", 0) + 1
    if count == 1:
        return [event]
    item = {
        "id": f"item_ofAnotherSession{count:03}",
        "type": "message",
        "status": "completed",
        "role": "user",
        "content": [{"type": "input_text", "text": "This is between us."}],
    }
    return [
        another(
            event, f"{step}o", type=f"conversation.item.{step}", previous_item_id=None, item=item
        )
        for step in ("added", "done")
    ] + [event]


def _items_of_all(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Find items of other sessions by their ids, which have the form of ours."""
    own: set[str] = memory.setdefault("own", set())
    own.add((event.get("item") or {}).get("id") or event.get("item_id") or "")
    if event.get("error", {}).get("code") != "item_retrieve_invalid_item_id":
        return [event]
    item_id = named_item(event) or ""
    if item_id in own or is_chosen({"id": item_id}):
        return [event]
    item = {
        "id": item_id,
        "type": "message",
        "status": "completed",
        "role": "user",
        "content": [{"type": "input_text", "text": "This is between us."}],
    }
    return [another(event, "o", type="conversation.item.retrieved", item=item)]


def _id_of_all(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Show the same id in both of two sessions."""
    session = event["session"]
    if not str(session.get("instructions")).endswith("of two."):
        return [event]
    return [{**event, "session": {**session, "id": "sess_ofEverybody000000000"}}]


def _settings_of_all(event: Event, memory: dict[str, Any]) -> list[Event]:
    """Show the instructions of the first of two sessions in the second, later on."""
    session = event["session"]
    instructions = str(session.get("instructions"))
    if not instructions.endswith("second of two."):
        return [event]
    memory["shown"] = memory.get("shown", 0) + 1
    if memory["shown"] == 1:
        return [event]
    mixed = instructions.replace("second", "first")
    return [{**event, "session": {**session, "instructions": mixed}}]


_defect = Suite("lifetime").defect


SWITCHES: tuple[Switch, ...] = (
    # an hour
    _defect(
        "expired-from-the-start",
        "expires-ahead",
        "A session says that it ended an hour ago.",
        event=on_websocket(_in_session({"expires_at": -7_200}), _CREATED, _UPDATED),
        also={"expires-in-an-hour": "what lies behind us is not an hour ahead"},
    ),
    _defect(
        "half-an-hour",
        "expires-in-an-hour",
        "A session says that it ends in half an hour.",
        event=on_websocket(_in_session({"expires_at": -1_800}), _CREATED, _UPDATED),
    ),
    _defect(
        "prolonged-by-updates",
        "expires-fixed",
        "Every update of a session moves the time of its end.",
        event=on_websocket(_prolonged, _UPDATED),
    ),
    _defect(
        "dies-early",
        "lives-its-hour",
        "A session ends ten minutes before its time.",
        policy={"early_end_s": 600.0},
    ),
    _defect(
        "never-expires",
        "ends",
        "A session goes on when its time is up.",
        policy={"sessions_expire": False},
    ),
    _defect(
        "expires-in-silence",
        "expiry-error",
        "A session that has expired is closed without an error.",
        event=on_websocket(_silent_end, "error"),
    ),
    _defect(
        "expires-with-1000",
        "expiry-close-code",
        "A session that has expired is closed with 1000.",
        policy={"expiry_close_code": 1000},
    ),
    # the socket
    _defect(
        "pings-unanswered",
        "pong",
        "Pings of a client are not answered.",
        policy={"answer_pings": False},
    ),
    _defect(
        "close-answered-with-1011",
        "close-answered",
        "The close of a client is answered with 1011.",
        policy={"close_reply": 1011},
    ),
    _defect(
        "session-outlives-close",
        "ends-with-client",
        "A session goes on when its client has closed the socket.",
        policy={"outlived": ("close",)},
        also={
            "rt.relay.caller-leaves": "what a relay closes goes on as well",
            "rt.relay.client-closes": "what a relay closes goes on as well",
            "rt.relay.client-loss": "what a relay closes goes on as well",
        },
    ),
    _defect(
        "session-outlives-loss",
        "ends-with-loss",
        "A session goes on when the connection of its client has broken.",
        policy={"outlived": ("loss",)},
    ),
    # sessions apart
    _defect(
        "events-of-another-session",
        "apart-events",
        "What was said in another session is told.",
        event=on_websocket(_somebody_else, _UPDATED),
    ),
    _defect(
        "session-id-of-everybody",
        "apart-ids",
        "Sessions say that they have the same id.",
        event=on_websocket(_id_of_all, _UPDATED),
    ),
    _defect(
        "items-of-another-session",
        "apart-items",
        "Items of one session can be retrieved from others.",
        event=on_websocket(_items_of_all),
    ),
    _defect(
        "settings-of-another-session",
        "apart-settings",
        "A session takes over the instructions of another one.",
        event=on_websocket(_settings_of_all, _UPDATED),
    ),
)
