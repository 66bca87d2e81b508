from __future__ import annotations

from time import perf_counter_ns

import pytest

from realtime_harness.evidence import Direction, Kind, Lane
from realtime_harness.load.recent import RecentRecorder


def test_the_last_lines_stay_and_lose_their_secrets_when_looked_at() -> None:
    recorder = RecentRecorder()
    recorder.redactor.register("a-secret-key")
    for number in range(100):
        entry = recorder.record(
            Lane.WEBSOCKET, "client", Direction.SENT, Kind.EVENT, {"n": number, "k": "a-secret-key"}
        )
        assert entry.seq == number
        assert recorder.entries[number].data["n"] == number
    recent = recorder.recent()
    assert [each["data"]["n"] for each in recent] == list(range(100 - len(recent), 100))
    assert "a-secret-key" not in str(recent)
    assert len(recorder.entries) == len(recent)
    with pytest.raises(IndexError, match="line 3 is not kept any more"):
        recorder.entries[3]


def test_times_are_those_of_the_process() -> None:
    recorder = RecentRecorder()
    before = perf_counter_ns()
    note = recorder.note("hello")
    assert before <= note.t_ns <= perf_counter_ns()


def test_events_come_back_as_they_were_but_for_their_sound() -> None:
    recorder = RecentRecorder()
    event = {"type": "response.done", "response": {"id": "resp_1", "usage": {"total_tokens": 3}}}
    sound = {"type": "response.output_audio.delta", "item_id": "item_1", "delta": "A" * 9_000}
    for data in (event, sound):
        line = recorder.record(Lane.WEBSOCKET, "client", Direction.RECEIVED, Kind.EVENT, data)
        assert line.data == data
    assert recorder.entries[0].data == event
    kept = recorder.entries[1].data
    assert kept == {**sound, "delta": kept["delta"]}
    assert len(kept["delta"]) < 100
    assert "9000" in kept["delta"]


def test_it_knows_when_something_was_sent_however_long_the_answer() -> None:
    recorder = RecentRecorder()
    recorder.add(Lane.WEBSOCKET, "client", Direction.SENT, Kind.EVENT, {"type": "ask"}, 7)
    for number in range(100):
        recorder.add(Lane.WEBSOCKET, "client", Direction.RECEIVED, Kind.EVENT, {"n": number}, 8)
    assert recorder.time_of(0) == 7
