from __future__ import annotations

from typing import Any

import pytest

from realtime_fakes.audience import Role
from realtime_fakes.defects.taps import (
    another,
    drop,
    drop_error,
    in_item,
    in_output,
    in_response,
    in_sessions,
    is_chosen,
    named_item,
    on_websocket,
    refusal,
    with_metadata,
)

Event = dict[str, Any]


def event(type: str, **members: Any) -> Event:
    return {"type": type, "event_id": "event_1", **members}


def failing(message: str, code: str | None = "invalid_value") -> Event:
    return event("error", error={"code": code, "message": message})


def mark(event: Event, memory: Event) -> list[Event]:
    return [{**event, "marked": True}]


def marked(tap: Any, *events: Event, role: Role = Role.WEBSOCKET) -> list[bool]:
    """Send events through a tap to one attachment; return which of them were changed."""
    memory: Event = {}
    return ["marked" in sent for each in events for sent in tap(each, role, memory)]


def test_only_these_types_are_changed_and_only_on_sockets():
    tap = on_websocket(mark, "a")
    assert marked(tap, event("a"), event("b")) == [True, False]
    assert marked(tap, event("a"), role=Role.SIDEBAND) == [False]
    assert marked(on_websocket(mark), event("a"), event("b")) == [True, True]


def test_without_a_word():
    assert on_websocket(drop, "a")(event("a"), Role.WEBSOCKET, {}) == []


@pytest.mark.parametrize(
    ("error", "is_sent"),
    [
        pytest.param(failing("the thing"), False, id="meant"),
        pytest.param(failing("something else"), True, id="other-message"),
        pytest.param(failing("the thing", code=None), True, id="other-code"),
    ],
)
def test_errors_are_dropped_by_code_and_message(error, is_sent):
    sent = drop_error("invalid_value", mentions="the thing")(error, Role.WEBSOCKET, {})
    assert bool(sent) is is_sent


def test_responses_with_metadata_and_what_is_about_them():
    def about(response: str, item: str, **metadata: str) -> list[Event]:
        shown = {"id": response, "metadata": metadata or None}
        return [
            event("response.created", response=shown),
            event("response.output_item.added", response_id=response, item={"id": item}),
            event("conversation.item.added", item={"id": item}),
            event("response.output_text.delta", response_id=response, item_id=item),
            event("response.done", response=shown),
        ]

    events = [*about("resp_1", "item_1"), *about("resp_2", "item_2", topic="numbers")]
    types = {each["type"] for each in events}
    assert marked(with_metadata(mark, *types), *events) == [False] * 5 + [True] * 5
    assert sum(marked(with_metadata(mark, "response.done"), *events)) == 1
    is_other = with_metadata(mark, *types, where=lambda response: response["id"] == "resp_3")
    assert not any(marked(is_other, *events))


def test_sessions_of_a_type():
    tap = in_sessions("translation", mark, "a", "session.created")
    for kind, is_meant in (("translation", True), ("realtime", False)):
        greeting = event("session.created", session={"type": kind})
        assert marked(tap, greeting, event("a"), event("b")) == [is_meant, is_meant, False]


@pytest.mark.parametrize(
    ("change", "given", "holder"),
    [
        (in_item, event("a", item={"id": "x", "status": "completed"}), "item"),
        (in_response, event("a", response={"id": "x", "status": "completed"}), "response"),
    ],
    ids=["item", "response"],
)
def test_members_are_replaced(change, given, holder):
    (sent,) = change(lambda held: {"status": f"not {held['status']}"})(given, {})
    assert sent[holder] == {"id": "x", "status": "not completed"}
    assert given[holder]["status"] == "completed", "events are shared: a copy is changed"
    assert change(lambda held: {})(given, {}) == [given]


def test_items_of_an_output():
    given = event("response.done", response={"output": [{"type": "a"}, {"type": "b"}]})
    (sent,) = in_output(lambda item: {"n": 1} if item["type"] == "b" else {})(given, {})
    assert sent["response"]["output"] == [{"type": "a"}, {"type": "b", "n": 1}]


@pytest.mark.parametrize("event_id", ["event_1", None])
def test_what_is_sent_beside_has_an_id_of_its_own(event_id):
    beside = another({"event_id": event_id}, "x", type="a")
    assert beside["type"] == "a"
    assert beside["event_id"] not in (event_id, None)


def test_a_refusal_in_the_place_of_an_event():
    refused = refusal(event("a"), "c", "No.", "item.id")
    assert refused["type"] == "error"
    assert refused["error"] == {
        "type": "invalid_request_error",
        "code": "c",
        "message": "No.",
        "param": "item.id",
        "event_id": None,
    }


def test_whose_ids_they_are():
    assert is_chosen({"id": "item_of_mine"})
    assert not is_chosen({"id": "item_" + 21 * "a"})


@pytest.mark.parametrize(
    ("message", "item_id"),
    [("Item with id 'item_1' not found.", "item_1"), ("No such item.", None)],
)
def test_the_item_that_an_error_is_about(message, item_id):
    assert named_item(failing(message)) == item_id
