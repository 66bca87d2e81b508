from __future__ import annotations

import asyncio
from time import perf_counter_ns

import pytest

from realtime_fakes.faults import parse_fault
from realtime_fakes.faults.held import Held
from realtime_fakes.faults.line import DamagedLine, Ends

MS = 1_000_000


class Way:
    """Notes what comes through."""

    def __init__(self):
        self.seen = []
        self.closed = asyncio.Event()
        self.came = asyncio.Event()

    def send(self, events):
        self.seen += events
        self.came.set()

    def close(self, code, reason):
        self.seen.append(code)
        self.closed.set()

    def cut(self):
        self.seen.append("cut")

    def half_close(self):
        self.seen.append("half")


def damaged(*faults, seed=1, number="0", **more):
    way = Way()
    ends = Ends(lambda code: way.seen.append(code), way.cut)
    known = [parse_fault(each) for each in faults]
    more = {"held": Held(), **more}
    return way, DamagedLine(way, known, seed=seed, number=number, ends=ends, **more)


async def left(way, count):
    """Wait until so much has come through."""
    async with asyncio.timeout(5):
        while len(way.seen) < count:
            way.came.clear()
            await way.came.wait()


EVENTS = [b'{"type":"a"}', b'{"type":"b"}', b'{"type":"c"}', b'{"type":"d"}']
A, B, C, D = EVENTS


@pytest.mark.parametrize(
    ("fault", "left"),
    [
        ("drop:every=2", [A, C]),
        ("drop:on=c", [A, B, D]),
        ("duplicate:every=3", [A, B, C, C, D]),
        ("reorder:every=2", [A, C, B, D]),
        ("stall:after=1", [A]),
        ("half-close:after=1", [A, "half"]),
        ("close:4001,after=2", [A, B, 4001]),
        ("disconnect:after=3", [A, B, C, "cut"]),
        ("slow-reader:1s", EVENTS),
    ],
)
async def test_what_is_left(fault, left):
    way, line = damaged(fault)
    line.send(EVENTS)
    await asyncio.sleep(0)
    assert way.seen == left


async def test_a_corrupted_event_differs_in_one_letter():
    way, line = damaged("corrupt:every=2")
    line.send(EVENTS)
    assert way.seen[::2] == EVENTS[::2]
    assert [sum(x != y for x, y in zip(B, way.seen[1], strict=True)), len(way.seen)] == [1, 4]


async def test_chance_is_seeded():
    seen = []
    for seed, number in ((1, "0"), (1, "0"), (2, "0"), (1, "1")):
        way, line = damaged("drop:chance=50%", seed=seed, number=number)
        line.send(EVENTS * 20)
        seen.append(way.seen)
    assert seen[0] == seen[1] != seen[2]
    # Or all sessions would be slow at the same time.
    assert seen[0] != seen[3]
    assert 20 < len(seen[0]) < 60


async def test_what_is_delayed_keeps_its_order_and_a_close_comes_behind():
    way, line = damaged("delay:20ms,on=b")
    line.send(EVENTS)
    line.close(1000, "")
    assert way.seen == [A]
    start = perf_counter_ns()
    async with asyncio.timeout(2):
        await way.closed.wait()
    assert perf_counter_ns() - start >= 15 * MS
    assert way.seen == [*EVENTS, 1000]


async def test_faults_work_one_after_the_other():
    way, line = damaged("drop:every=2", "duplicate:every=1")
    line.send(EVENTS)
    assert way.seen == [A, A, C, C]


async def test_what_waits_is_forgotten_with_the_line():
    way, line = damaged("delay:10ms")
    line.send(EVENTS)
    assert line.discard() is way
    await asyncio.sleep(0.03)
    assert way.seen == []


async def test_what_waits_leaves_when_a_fault_is_switched_off():
    way, line = damaged("delay:60s")
    line.send(EVENTS)
    line.close(1000, "")
    assert line.thaw() is way
    assert way.seen == [*EVENTS, 1000]


def counts(held, event="a"):
    described = held.describe()["events"].get(event, {"histogram": []})
    return {ms: count for ms, count in described["histogram"]}


async def test_a_delay_counts_from_what_was_asked_and_is_written_down():
    # The service has thought for a while.
    held, asked = Held(), perf_counter_ns() - 5 * MS
    way, line = damaged("delay:30ms,on=b", held=held, asked_ns=lambda: asked)
    line.send([A, B, C])
    await left(way, 3)
    assert perf_counter_ns() - asked >= 30 * MS
    assert (counts(held, "a"), counts(held, "b"), counts(held, "c")) == ({}, {30.0: 1}, {})
    assert held.describe()["late"]["count"] == 1


async def test_what_is_late_before_it_could_leave_is_written_down_as_well():
    held, asked = Held(), perf_counter_ns() - 50 * MS
    way, line = damaged("delay:30ms", held=held, asked_ns=lambda: asked)
    line.send([A])
    assert way.seen == [A]
    assert counts(held) == {30.0: 1}
    assert held.describe()["late"]["max_ms"] >= 20


async def test_delays_are_drawn_with_their_shares():
    held = Held()
    _, line = damaged("delay:10ms@75%+40ms@25%", held=held)
    for _ in range(400):
        # As if all before had left: whatever is behind a slow one waits for it.
        line._last_due_ns = 0
        line.send([A])
    line.discard()
    seen = counts(held)
    assert set(seen) == {10.0, 40.0}
    assert 260 <= seen[10.0] <= 340  # Five standard deviations of a draw.


@pytest.mark.parametrize(
    ("after_s", "delay_ms"), [(0, 50), (2.5, 100), (10, 250), (99, 250)], ids=str
)
async def test_a_delay_grows_by_the_time_that_it_is_on(after_s, delay_ms):
    held = Held()
    fault = parse_fault("delay:50ms..250ms,over=10s")
    asked = fault.began_ns + round(after_s * 1e9)
    way = Way()
    ends = Ends(way.seen.append, way.cut)
    line = DamagedLine(
        way, [fault], seed=1, number="0", ends=ends, held=held, asked_ns=lambda: asked
    )
    line.send([A])
    line.discard()
    assert counts(held) == {delay_ms: 1}


async def test_nothing_leaves_while_all_stands_still():
    held = Held()
    way, line = damaged("freeze:60ms", "delay:20ms,on=b", held=held)
    began = perf_counter_ns()
    line.send([A, B])
    assert way.seen == []
    await left(way, 2)
    assert way.seen == [A, B]
    assert perf_counter_ns() - began >= 50 * MS
    line.send([C])
    assert way.seen == [A, B, C]
    assert counts(held, "c") == {}
    # Of what would have been late anyway, too.
    assert [*counts(held, "a")] == [*counts(held, "b")]
    assert 50 <= next(iter(counts(held))) <= 60
