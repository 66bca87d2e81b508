from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from realtime_harness.clients.base import EventConnection
from realtime_harness.errors import ConnectionLost, EventNotReceived, TargetViolation
from realtime_harness.evidence import Lane, Recorder
from realtime_harness.journeys.text_turn import text_turn

ITEM = {"type": "conversation.item.added", "item": {"id": "item_1"}}
CREATED = {"type": "response.created", "response": {"id": "resp_1"}}
DELTA = {"type": "response.output_text.delta", "delta": "Hi"}
DONE = {
    "type": "response.done",
    "response": {
        "id": "resp_1",
        "output": [{"content": [{"type": "output_text", "text": "Hi"}, {"transcript": "!"}]}, 5],
        "usage": {"total_tokens": 3},
    },
}
LIMITS = {"type": "rate_limits.updated", "rate_limits": []}


class Answering(EventConnection):
    """Answers ``response.create`` with these events."""

    def __init__(self, recorder: Recorder, *events: dict[str, Any], end: bool = False) -> None:
        super().__init__(name="client", lane=Lane.WEBSOCKET, recorder=recorder, patience_s=0.05)
        self._answer = events
        self._end = end
        self.sent: list[dict[str, Any]] = []

    async def _transmit(self, frame: str | bytes) -> None:
        self.sent.append(json.loads(frame))
        if self.sent[-1]["type"] == "response.create":
            for event in self._answer:
                self._received(json.dumps(event))
            if self._end:
                self._ended(code=1006, reason="")

    async def _shut(self) -> None:
        await asyncio.sleep(0)


@pytest.mark.parametrize("last", [[LIMITS], []], ids=["rate-limits", "no-rate-limits"])
async def test_turn(recorder: Recorder, last: list[dict[str, Any]]) -> None:
    connection = Answering(recorder, ITEM, CREATED, DELTA, DONE, *last)
    turn = await text_turn(connection, "Hello", modalities=["text"])
    assert [event["type"] for event in connection.sent] == [
        "conversation.item.create",
        "response.create",
    ]
    assert (turn.item_id, turn.response_id, turn.text) == ("item_1", "resp_1", "Hi!")
    assert turn.usage == {"total_tokens": 3}
    assert len(turn.events) == 4 + len(last)
    assert turn.first_text_ns is not None
    assert turn.sent_ns < turn.first_text_ns <= turn.done_ns


async def test_second_turn_has_its_own_events(recorder: Recorder) -> None:
    connection = Answering(recorder, ITEM, CREATED, DONE, LIMITS)
    await text_turn(connection, "one")
    turn = await text_turn(connection, "two")
    assert len(turn.events) == 4
    assert turn.first_text_ns is None


@pytest.mark.parametrize(
    ("events", "error", "message"),
    [
        pytest.param([ITEM, CREATED], EventNotReceived, "no response.done", id="unfinished"),
        pytest.param(
            [ITEM, {"type": "error", "error": {"code": "x"}}],
            TargetViolation,
            "got an error instead of response.created",
            id="error",
        ),
        pytest.param(
            [{"type": "conversation.item.added"}, CREATED, DONE, LIMITS],
            TargetViolation,
            r"conversation\.item\.added has no item\.id",
            id="no-item-id",
        ),
        pytest.param(
            [ITEM, {"type": "response.created", "response": []}],
            TargetViolation,
            r"response\.created has no response\.id",
            id="no-response-id",
        ),
    ],
)
async def test_turn_that_goes_wrong(
    recorder: Recorder, events: list[dict[str, Any]], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        await text_turn(Answering(recorder, *events), "Hello")


async def test_connection_that_is_lost(recorder: Recorder) -> None:
    with pytest.raises(ConnectionLost):
        await text_turn(Answering(recorder, ITEM, end=True), "Hello")


async def test_an_endpoint_that_never_sends_rate_limits_is_waited_for_once(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = Answering(recorder, ITEM, CREATED, DELTA, DONE)
    await text_turn(connection, "one")
    waited: list[str] = []
    expect = connection.expect

    async def counting(*types: str, **options: Any) -> Any:
        waited.extend(types)
        return await expect(*types, **options)

    monkeypatch.setattr(connection, "expect", counting)
    await text_turn(connection, "two")
    assert "rate_limits.updated" not in waited
