from __future__ import annotations

from itertools import count

from realtime_harness.evidence import MASK, Direction, Entry, Kind, Lane, Recorder, Redactor


def test_entries_are_numbered_timed_and_handed_on() -> None:
    seen: list[Entry] = []
    ticks = count(1000, 10)
    recorder = Recorder(sink=seen.append, clock=lambda: next(ticks))
    first = recorder.record(Lane.HTTP, "http", Direction.SENT, Kind.REQUEST, {"a": 1})
    second = recorder.record(Lane.HTTP, "http", Direction.SENT, Kind.REQUEST, {}, t_ns=5)
    assert [(entry.seq, entry.t_ns) for entry in (first, second)] == [(0, 10), (1, 5)]
    assert recorder.entries == seen == [first, second]


def test_secrets_do_not_reach_entry_or_sink() -> None:
    seen: list[Entry] = []
    recorder = Recorder(redactor=Redactor("hush-hush"), sink=seen.append)
    recorder.note("hush-hush", key="Bearer x")
    assert seen[0].data == {"text": MASK, "key": f"Bearer {MASK}"}


def test_state_is_on_lane_transport() -> None:
    entry = Recorder().state("client", "ice", "connected", why="test")
    assert (entry.lane, entry.kind) == (Lane.TRANSPORT, Kind.STATE)
    assert entry.data == {"what": "ice", "state": "connected", "why": "test"}
