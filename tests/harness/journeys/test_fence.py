from __future__ import annotations

import json
from typing import Any

import pytest

from realtime_harness.clients.base import EventConnection
from realtime_harness.errors import EventNotReceived, TargetViolation
from realtime_harness.evidence import Lane, Recorder
from realtime_harness.journeys.fence import of_type, until_fence, update_session

UPDATED = {"type": "session.updated", "session": {"instructions": "Be brief."}}
REFUSED = {"type": "error", "error": {"message": "no"}}
COMMITTED = {"type": "input_audio_buffer.committed"}
ADDED = {"type": "conversation.item.added"}


class Answering(EventConnection):
    """Answers each ``session.update`` with these events."""

    def __init__(self, recorder: Recorder, *events: dict[str, Any]) -> None:
        super().__init__(name="client", lane=Lane.WEBSOCKET, recorder=recorder, patience_s=0.05)
        self._answer = events
        self.sent: list[dict[str, Any]] = []

    def come(self, *events: dict[str, Any]) -> None:
        for event in events:
            self._received(json.dumps(event))

    async def _transmit(self, frame: str | bytes) -> None:
        self.sent.append(json.loads(frame))
        self.come(*self._answer)

    async def _shut(self) -> None:
        pass


async def test_an_update_returns_the_session(recorder: Recorder) -> None:
    connection = Answering(recorder, UPDATED)
    assert await update_session(connection, instructions="Be brief.") == UPDATED["session"]
    assert connection.sent[0]["session"] == {"type": "realtime", "instructions": "Be brief."}


async def test_an_update_that_is_refused(recorder: Recorder) -> None:
    with pytest.raises(TargetViolation, match="no"):
        await update_session(Answering(recorder, REFUSED), instructions="Be brief.")


async def test_the_update_of_a_translation_names_no_type(recorder: Recorder) -> None:
    connection = Answering(recorder, UPDATED)
    await until_fence(connection, kind="translation")
    assert connection.sent[0]["session"] == {}


async def test_what_comes_before_the_fence(recorder: Recorder) -> None:
    connection = Answering(recorder, ADDED, UPDATED)
    connection.come(COMMITTED)
    assert [e.type for e in await until_fence(connection)] == [ADDED["type"]]
    start = 0
    events = await until_fence(connection, since=start, awaiting=[COMMITTED["type"]])
    assert [e.type for e in of_type(events, COMMITTED["type"])] == [COMMITTED["type"]]


async def test_what_is_awaited_may_be_missing(recorder: Recorder) -> None:
    connection = Answering(recorder, UPDATED)
    assert await until_fence(connection, awaiting=["response.done"]) == []


async def test_a_fence_that_does_not_come(recorder: Recorder) -> None:
    with pytest.raises(EventNotReceived):
        await until_fence(Answering(recorder))
