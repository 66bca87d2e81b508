from __future__ import annotations

import asyncio

import pytest

from realtime_fakes.faults import parse_fault
from realtime_fakes.faults.line import DamagedLine, Ends


class Way:
    """Notes what comes through."""

    def __init__(self):
        self.seen = []
        self.closed = asyncio.Event()

    def send(self, events):
        self.seen += events

    def close(self, code, reason):
        self.seen.append(code)
        self.closed.set()

    def cut(self):
        self.seen.append("cut")

    def half_close(self):
        self.seen.append("half")


def damaged(*faults, seed="1"):
    way = Way()
    ends = Ends(lambda code: way.seen.append(code), way.cut)
    return way, DamagedLine(way, [parse_fault(each) for each in faults], seed=seed, ends=ends)


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
    for seed in ("1", "1", "2"):
        way, line = damaged("drop:chance=50%", seed=seed)
        line.send(EVENTS * 20)
        seen.append(way.seen)
    assert seen[0] == seen[1] != seen[2]
    assert 20 < len(seen[0]) < 60


async def test_what_is_delayed_keeps_its_order_and_a_close_comes_behind():
    way, line = damaged("delay:20ms,on=b")
    line.send(EVENTS)
    line.close(1000, "")
    assert way.seen == [A]
    start = asyncio.get_running_loop().time()
    async with asyncio.timeout(2):
        await way.closed.wait()
    assert asyncio.get_running_loop().time() - start >= 0.015
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
