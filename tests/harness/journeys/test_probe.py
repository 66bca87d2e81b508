from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from realtime_harness.clients.base import EventConnection
from realtime_harness.errors import EventNotReceived
from realtime_harness.evidence import Lane, Recorder
from realtime_harness.journeys import probe as module
from realtime_harness.journeys.probe import probe

CLEARED = {"type": "input_audio_buffer.cleared"}
ERROR = {"type": "error", "error": {"type": "t", "code": "c", "message": "No.", "param": None}}
NOISE = {"type": "rate_limits.updated"}


class Answering(EventConnection):
    """Sends ``before`` the answer to the fence, and ``behind`` it."""

    def __init__(
        self,
        recorder: Recorder,
        *before: dict[str, Any],
        behind: tuple[dict[str, Any], ...] = (),
        is_fenced: bool = True,
    ) -> None:
        super().__init__(name="client", lane=Lane.WEBSOCKET, recorder=recorder, patience_s=0.05)
        self._before = before
        self._behind = behind
        self._is_fenced = is_fenced

    async def _transmit(self, frame: str | bytes) -> None:
        if frame != json.dumps({"type": "input_audio_buffer.clear"}, separators=(",", ":")):
            return
        for event in (*self._before, *([CLEARED] if self._is_fenced else [])):
            self._received(json.dumps(event))
        for event in self._behind:
            asyncio.get_running_loop().call_soon(self._received, json.dumps(event))

    async def _shut(self) -> None:
        pass


@pytest.fixture(autouse=True)
def short_grace(monkeypatch):
    monkeypatch.setattr(module, "_GRACE_S", 0.05)


@pytest.mark.parametrize("message", ["not JSON", b"\x00", {"type": "nope", "event_id": "mine"}])
async def test_what_comes_before_the_fence(recorder, message):
    connection = Answering(recorder, NOISE, ERROR)
    answers = await probe(connection, message, valid=False)
    assert [event.type for event in answers.events] == ["rate_limits.updated", "error"]
    assert answers.said("code") == "c"
    assert answers.event_id == ("mine" if isinstance(message, dict) else None)
    assert "'No.'" in answers.shown()


async def test_an_answer_that_the_fence_overtook(recorder):
    answers = await probe(Answering(recorder, behind=(ERROR,)), "not JSON")
    assert answers.refusal is not None


async def test_no_answer(recorder):
    answers = await probe(Answering(recorder, NOISE), "not JSON")
    assert answers.refusal is None
    assert answers.said("code") is None
    assert answers.shown() == "rate_limits.updated"


async def test_the_next_probe_begins_behind_this_one(recorder):
    connection = Answering(recorder, ERROR)
    for _ in range(2):
        answers = await probe(connection, "not JSON")
        assert len(answers.events) == 1


async def test_an_endpoint_that_does_not_answer_at_all(recorder):
    with pytest.raises(EventNotReceived):
        await probe(Answering(recorder, is_fenced=False), "not JSON")
