from __future__ import annotations

import json
from typing import Any

import pytest

from realtime_harness.clients.base import EventConnection
from realtime_harness.errors import EventNotReceived, TargetViolation
from realtime_harness.evidence import Lane, Recorder
from realtime_harness.journeys.exchange import (
    add_item,
    finish,
    id_of,
    message,
    objects,
    refused,
    respond,
    start,
)

ADDED = {"type": "conversation.item.added", "item": {"id": "item_1"}}
OTHER = {"type": "conversation.item.added", "item": {"id": "item_2"}}
ERROR = {"type": "error", "error": {"code": "c", "message": "No."}}
CREATED = {"type": "response.created", "response": {"id": "resp_1"}}
NOISE = {"type": "rate_limits.updated"}


def done(**response: Any) -> dict[str, Any]:
    return {"type": "response.done", "response": {"id": "resp_1", **response}}


class Answering(EventConnection):
    """Answers whatever is sent with these events."""

    def __init__(self, recorder: Recorder, *events: Any) -> None:
        super().__init__(name="client", lane=Lane.WEBSOCKET, recorder=recorder, patience_s=0.05)
        self._answer = events
        self.sent: list[dict[str, Any]] = []

    async def _transmit(self, frame: str | bytes) -> None:
        self.sent.append(json.loads(frame))
        for event in self._answer:
            self._received(json.dumps(event))

    async def _shut(self) -> None:
        pass


@pytest.mark.parametrize(
    ("role", "kind"),
    [("user", "input_text"), ("system", "input_text"), ("assistant", "output_text")],
)
def test_messages_have_the_content_of_their_role(role, kind):
    assert message(role, "Hi.", id="item_1") == {
        "type": "message",
        "role": role,
        "content": [{"type": kind, "text": "Hi."}],
        "id": "item_1",
    }


@pytest.mark.parametrize(
    ("value", "found"), [([{}, 1, {"a": 2}], [{}, {"a": 2}]), (None, []), ({"a": 1}, [])]
)
def test_objects_survive_what_is_no_list_of_them(value, found):
    assert objects(value) == found


async def test_an_item_with_an_id_is_waited_for_by_it(recorder):
    connection = Answering(recorder, OTHER, ADDED)
    added = await add_item(connection, message("user", "Hi.", id="item_1"), after="root")
    assert id_of(added, "item") == "item_1"
    assert connection.sent[0]["previous_item_id"] == "root"


async def test_an_item_that_is_refused(recorder):
    with pytest.raises(TargetViolation, match=r"instead of conversation\.item\.added: .*No\."):
        await add_item(Answering(recorder, ERROR), message("user", "Hi."))


async def test_an_item_that_is_not_added(recorder):
    with pytest.raises(EventNotReceived):
        await add_item(Answering(recorder, NOISE), message("user", "Hi."))


@pytest.mark.parametrize("held", [None, {}, {"id": 5}])
async def test_what_has_no_id(recorder, held):
    connection = Answering(recorder, {**ADDED, "item": held})
    added = await add_item(connection, message("user", "Hi."))
    with pytest.raises(TargetViolation, match=r"has no item\.id"):
        id_of(added, "item")


async def test_an_answer_is_all_that_came_of_a_response(recorder):
    item = {"id": "item_1", "content": [{"type": "output_text", "text": "Hi."}]}
    own = {"response_id": "resp_1"}
    usage = {"input_token_details": {"text_tokens": 7}}
    answer = await respond(
        Answering(
            recorder,
            NOISE,
            CREATED,
            {"type": "response.output_item.added", "item": item, **own},
            ADDED,
            OTHER,
            {"type": "response.output_item.added", "item": OTHER["item"], "response_id": "resp_2"},
            done(status="completed", output=[item], usage=usage),
            NOISE,
        ),
        output_modalities=["text"],
    )
    assert (answer.id, answer.status, answer.output) == ("resp_1", "completed", [item])
    assert answer.content == item["content"]
    assert [event.type for event in (answer.events[0], answer.events[-1])] == [
        "response.created",
        "response.done",
    ]
    assert len(answer.own("response.output_item.added")) == 1
    assert [id_of(e, "item") for e in answer.about_items(ADDED["type"])] == ["item_1"]
    assert answer.tokens("input_token_details", "text_tokens") == 7
    assert answer.tokens("output_token_details", "text_tokens") is None


async def test_the_end_of_another_response_is_none_of_ours(recorder):
    other = {"type": "response.done", "response": {"id": "resp_2"}}
    connection = Answering(recorder, CREATED, other)
    with pytest.raises(EventNotReceived):
        await finish(connection, await start(connection))


async def test_a_response_that_shows_nothing(recorder):
    answer = await respond(Answering(recorder, CREATED, done(output=None)))
    assert (answer.status, answer.output, answer.content) == (None, [], [])


async def test_what_is_refused(recorder):
    connection = Answering(recorder, NOISE, ERROR)
    error = await refused(connection, {"type": "nope"}, otherwise=["session.updated"])
    assert error == ERROR["error"]


async def test_what_should_have_been_refused(recorder):
    connection = Answering(recorder, CREATED)
    with pytest.raises(TargetViolation, match=r"expected an error, got response\.created"):
        await refused(connection, {"type": "response.create"}, otherwise=["response.created"])
