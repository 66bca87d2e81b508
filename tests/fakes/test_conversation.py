from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

OpenStage = Any
Event = dict[str, Any]
Message = Callable[..., Event]

RESPOND: Event = {"type": "response.create"}
HALF_SECOND = b64encode(bytes(24_000)).decode()


def first(events: list[Event], kind: str) -> Event:
    return next(event for event in events if event["type"] == kind)


def about(kind: str, item_id: str, **more: Any) -> Event:
    return {"type": f"conversation.item.{kind}", "item_id": item_id, **more}


def previous(events: list[Event]) -> list[str | None]:
    return [event["previous_item_id"] for event in events if "previous_item_id" in event]


def create(item_id: str, **more: Any) -> Event:
    content = [{"type": "input_text", "text": item_id}]
    item = {"id": item_id, "type": "message", "role": "user", "content": content}
    return {"type": "conversation.item.create", "item": item, **more}


def test_items_that_follow_each_other(open_stage: OpenStage) -> None:
    stage = open_stage()
    # The ``done`` of the second item hides its predecessor, in every recording.
    assert previous(stage.send(create("a"))) == [None, None]
    assert previous(stage.send(create("b"))) == ["a", None]
    assert previous(stage.send(create("c"))) == ["b", "b"]
    assert stage.session.describe()["items"] == ["a", "b", "c"]


def test_the_predecessor_may_be_shown_by_policy(open_stage: OpenStage) -> None:
    stage = open_stage()
    stage.change(hide_second_predecessor=False)
    stage.send(create("a"))
    assert previous(stage.send(create("b"))) == ["a", "a"]


def test_items_that_are_inserted(open_stage: OpenStage) -> None:
    stage = open_stage()
    stage.send(create("a"))
    assert previous(stage.send(create("b", previous_item_id="a"))) == ["a", "a"]
    assert previous(stage.send(create("c", previous_item_id="a"))) == ["a", "a"]
    assert previous(stage.send(create("d", previous_item_id="root"))) == [None, None]
    assert previous(stage.send(create("e", previous_item_id=""))) == ["b", "b"]
    assert stage.session.describe()["items"] == ["d", "a", "c", "b", "e"]


def test_items_after_one_was_deleted(open_stage: OpenStage) -> None:
    stage = open_stage()
    stage.send(create("a"), create("b"), create("c"))
    (deleted,) = stage.send(about("delete", "b"))
    assert (deleted["type"], deleted["item_id"]) == ("conversation.item.deleted", "b")
    assert previous(stage.send(create("d", previous_item_id="a"))) == ["a", "a"]
    assert stage.session.describe()["items"] == ["a", "d", "c"]
    stage.send(about("delete", "c"), about("delete", "d"), about("delete", "a"))
    assert previous(stage.send(create("e"))) == [None, None]


def test_deleted_items_cost_nothing(open_stage: OpenStage) -> None:
    stage = open_stage(instructions="")
    stage.send(create("a"), create("b"), about("delete", "b"))
    usage = first(stage.send(RESPOND), "response.done")["response"]["usage"]
    assert usage["input_tokens"] == 3


def test_an_item_may_lose_its_id_by_policy(open_stage: OpenStage) -> None:
    stage = open_stage()
    stage.change(keep_client_item_ids=False)
    added = stage.send(create("a"))[0]
    assert added["item"]["id"].startswith("item_")


@pytest.mark.parametrize(
    ("item", "shown"),
    [
        pytest.param(
            {"type": "message", "role": "system", "content": []},
            {"type": "message", "status": "completed", "role": "system", "content": []},
            id="system",
        ),
        pytest.param(
            {
                "type": "message",
                "role": "assistant",
                "object": "realtime.item",
                "status": "completed",
                "content": [{"type": "output_text", "text": "x"}],
            },
            {
                "type": "message",
                "status": "completed",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "x"}],
            },
            id="assistant",
        ),
        pytest.param(
            {
                "type": "message",
                "role": "user",
                "content": [
                    {"type": "input_audio", "audio": HALF_SECOND},
                    {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
                ],
            },
            {
                "type": "message",
                "status": "completed",
                "role": "user",
                "content": [
                    {"type": "input_audio", "transcript": None},
                    {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
                ],
            },
            id="user",
        ),
        pytest.param(
            {"type": "function_call", "name": "f", "call_id": "call_1", "arguments": "{}"},
            {
                "type": "function_call",
                "status": "completed",
                "name": "f",
                "call_id": "call_1",
                "arguments": "{}",
            },
            id="function-call",
        ),
        pytest.param(
            {"type": "function_call_output", "call_id": "call_1", "output": "12"},
            {"type": "function_call_output", "call_id": "call_1", "output": "12"},
            id="function-call-output",
        ),
    ],
)
def test_every_kind_of_item_is_shown_as_recorded(
    open_stage: OpenStage, item: Event, shown: Event
) -> None:
    stage = open_stage()
    stage.change(check_call_ids=False)
    added, done = stage.send({"type": "conversation.item.create", "item": item})
    item_id = added["item"].pop("id")
    assert item_id.startswith("item_")
    assert added["item"] == shown
    assert done["item"] == {"id": item_id, **shown}


def test_spoken_answers_can_be_truncated(open_stage: OpenStage, message: Message) -> None:
    stage = open_stage(modality="audio")
    answered = stage.send(message("one two"), RESPOND)
    item_id = first(answered, "response.output_item.done")["item"]["id"]
    (truncated,) = stage.send(about("truncate", item_id, content_index=0, audio_end_ms=900))
    assert truncated["type"] == "conversation.item.truncated"
    assert (truncated["content_index"], truncated["audio_end_ms"]) == (0, 900)
    (retrieved,) = stage.send(about("retrieve", item_id))
    assert retrieved["item"]["content"] == [{"type": "output_audio", "transcript": "You said:"}]
    usage = first(stage.send(RESPOND), "response.done")["response"]["usage"]
    assert usage["input_token_details"]["audio_tokens"] == 18
    (error,) = stage.send(about("truncate", item_id, content_index=0, audio_end_ms=901))
    assert error["error"]["message"] == "Audio content of 900ms is already shorter than 901ms"
