from __future__ import annotations

import asyncio
from typing import Any

import pytest

from realtime_harness.clients.base import EventConnection
from realtime_harness.errors import ConnectionLost, EventNotReceived, HarnessError
from realtime_harness.evidence import Direction, Kind, Lane, Recorder


class Pipe(EventConnection):
    """A connection that ends in two lists."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(name="client", lane=Lane.WEBSOCKET, recorder=recorder)
        self.sent: list[str | bytes] = []
        self.broken = False
        self.shut = 0

    async def _transmit(self, frame: str | bytes) -> None:
        if self.broken:
            raise ConnectionResetError("gone")
        self.sent.append(frame)

    async def _shut(self) -> None:
        self.shut += 1

    def feed(self, *frames: str | bytes) -> None:
        for frame in frames:
            self._received(frame)

    def end(self, code: int | None = 1000, reason: str = "bye") -> None:
        self._ended(code=code, reason=reason)


@pytest.fixture
def pipe(recorder: Recorder) -> Pipe:
    return Pipe(recorder)


ADDED, DONE, ERROR = (
    '{"type": "response.created"}',
    '{"type": "response.done", "n": 1}',
    '{"type": "error", "error": {"code": "invalid_value", "message": "No."}}',
)


async def test_receive_returns_one_after_the_other(pipe: Pipe) -> None:
    pipe.feed(ADDED, DONE)
    assert (await pipe.receive()).type == "response.created"
    assert (await pipe.receive()).data == {"type": "response.done", "n": 1}


async def test_expect_skips_and_moves_the_cursor(pipe: Pipe) -> None:
    pipe.feed(ADDED, DONE, ADDED)
    found = await pipe.expect("response.done", where=lambda event: event["n"] == 1)
    assert found.seq == 1
    assert (await pipe.receive()).seq == 2
    assert [event.seq for event in pipe.events] == [0, 1, 2]


async def test_expect_in_vain_loses_nothing(pipe: Pipe, soon: float) -> None:
    pipe.feed(ADDED, ERROR)
    with pytest.raises(EventNotReceived) as raised:
        await pipe.expect("response.done", "response.cancelled", timeout_s=soon)
    assert str(raised.value) == (
        "no response.done or response.cancelled on client within 0.05 s; "
        "seen since: response.created, error invalid_value: No."
    )
    assert (await pipe.receive()).type == "response.created"


async def test_event_that_comes_later_is_waited_for(pipe: Pipe) -> None:
    waiting = asyncio.create_task(pipe.expect("response.done"))
    await asyncio.sleep(0)
    pipe.feed(ADDED, DONE)
    assert (await waiting).seq == 1


async def test_two_can_wait_at_once(pipe: Pipe) -> None:
    waiting = [asyncio.create_task(pipe.expect(kind)) for kind in ("error", "response.done")]
    await asyncio.sleep(0)
    pipe.feed(DONE, ERROR)
    assert {event.type for event in await asyncio.gather(*waiting)} == {"error", "response.done"}


async def test_canceling_loses_no_event(pipe: Pipe) -> None:
    waiting = asyncio.create_task(pipe.receive())
    await asyncio.sleep(0)
    pipe.feed(ADDED)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await pipe.receive()).type == "response.created"


async def test_what_came_before_the_close_is_still_received(pipe: Pipe) -> None:
    pipe.feed(ADDED)
    pipe.end()
    assert (await pipe.receive()).type == "response.created"
    with pytest.raises(ConnectionLost, match="client closed with code 1000") as raised:
        await pipe.receive()
    assert raised.value.while_doing == "waiting for event"


async def test_loss_quotes_the_error_that_came_last(pipe: Pipe) -> None:
    pipe.feed(ERROR)
    pipe.end(4000, "")
    with pytest.raises(ConnectionLost, match="last event: error invalid_value: No"):
        await pipe.expect("session.created")


@pytest.mark.parametrize(
    ("frame", "data"),
    [
        pytest.param(b"\x00{}", {"bytes": 3, "why": "binary frame"}, id="binary"),
        pytest.param("[1]", {"text": "[1]", "why": "not a JSON object"}, id="no-object"),
        pytest.param("{", {"text": "{"}, id="no-json"),
        pytest.param('{"a": NaN}', {"text": '{"a": NaN}'}, id="nan"),
        pytest.param("{}", {}, id="object-without-type"),
    ],
)
async def test_any_frame_is_survived_and_recorded(
    pipe: Pipe, recorder: Recorder, frame: str | bytes, data: dict[str, Any]
) -> None:
    pipe.feed(frame)
    entry = recorder.entries[0]
    assert entry.direction is Direction.RECEIVED
    assert entry.data.items() >= data.items()
    is_event = frame == "{}"
    assert entry.kind is (Kind.EVENT if is_event else Kind.RAW)
    assert len(pipe.events) == is_event


async def test_received_event_is_whole_while_the_evidence_is_masked(
    pipe: Pipe, recorder: Recorder
) -> None:
    pipe.feed('{"type": "x", "key": "ek_0123456789"}')
    assert pipe.events[0].data["key"] == "ek_0123456789"
    assert recorder.entries[0].data["key"] == "[redacted]"


async def test_send_records_first(pipe: Pipe, recorder: Recorder) -> None:
    seq = await pipe.send({"type": "response.create"})
    assert pipe.sent == ['{"type":"response.create"}']
    assert recorder.entries[seq].data == {"type": "response.create"}
    assert pipe.sent_at_ns(seq) == recorder.entries[seq].t_ns


async def test_invalid_event_is_a_fault_of_ours_unless_meant(pipe: Pipe) -> None:
    with pytest.raises(HarnessError, match="valid=False"):
        await pipe.send({"type": "response.create", "response": 5})
    assert not pipe.sent
    await pipe.send({"type": "response.create", "response": 5}, valid=False)
    assert len(pipe.sent) == 1


async def test_send_raw(pipe: Pipe, recorder: Recorder) -> None:
    await pipe.send_raw("{")
    await pipe.send_raw(b"\x00\x01")
    assert pipe.sent == ["{", b"\x00\x01"]
    assert [entry.data for entry in recorder.entries] == [
        {"text": "{"},
        {"bytes": 2, "why": "binary"},
    ]


async def test_sending_on_a_lost_connection(pipe: Pipe) -> None:
    pipe.broken = True
    with pytest.raises(ConnectionLost, match="while sending"):
        await pipe.send({"type": "response.create"})
    pipe.end()
    with pytest.raises(ConnectionLost, match="while sending"):
        await pipe.send({"type": "response.create"})


async def test_wait_closed(pipe: Pipe, soon: float) -> None:
    with pytest.raises(EventNotReceived, match="no close on client"):
        await pipe.wait_closed(timeout_s=soon)
    pipe.end(4000, "no")
    pipe.end(1000, "later")
    closed = await pipe.wait_closed()
    assert (closed.code, closed.reason, closed.by_us) == (4000, "no", False)
    assert pipe.closed is closed


async def test_close_is_idempotent_and_known_as_ours(pipe: Pipe) -> None:
    await pipe.close()
    await pipe.close()
    assert pipe.shut == 1
    assert pipe.closed is not None
    assert pipe.closed.by_us
