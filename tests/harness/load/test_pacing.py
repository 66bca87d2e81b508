from __future__ import annotations

import asyncio
from collections import Counter
from itertools import pairwise

from realtime_harness.load.pacing import ROUND_MS, Pacer, Wheel

MS = 1_000_000


def recorder(name: str, seen: list[tuple[str, int]]) -> object:
    return lambda due_ns: seen.append((name, due_ns))


def test_everybody_has_one_turn_in_a_round() -> None:
    wheel = Wheel(0)
    seen: list[tuple[str, int]] = []
    for name in "abc":
        wheel.add(recorder(name, seen))
    for due_ns, turn in wheel.turn(3 * ROUND_MS * MS):
        turn(due_ns)
    assert Counter(name for name, _ in seen) == {"a": 3, "b": 3, "c": 3}
    times = [due_ns for name, due_ns in seen if name == "a"]
    assert {later - earlier for earlier, later in pairwise(times)} == {ROUND_MS * MS}


def test_slots_are_filled_evenly() -> None:
    wheel = Wheel(0)
    due: Counter[int] = Counter()
    for _ in range(200):
        wheel.add(lambda due_ns: None)
    for due_ns, _ in wheel.turn(ROUND_MS * MS):
        due[due_ns] += 1
    assert set(due.values()) == {10}


def test_what_was_missed_is_made_up_for_by_its_own_times() -> None:
    wheel = Wheel(0)
    wheel.add(lambda due_ns: None)
    late = [due_ns for due_ns, _ in wheel.turn(1000 * MS)]
    assert len(late) == 1000 // ROUND_MS
    assert not list(wheel.turn(1000 * MS))


def test_who_is_removed_in_the_middle_has_no_further_turn() -> None:
    wheel = Wheel(0)
    count = 0

    def turn(due_ns: int) -> None:
        nonlocal count
        count += 1
        wheel.remove(turn)

    wheel.add(turn)
    for due_ns, each in wheel.turn(1000 * MS):
        each(due_ns)
    assert count == 1
    assert len(wheel) == 0


async def test_a_pacer_turns_by_the_clock_and_only_while_it_has_to() -> None:
    late: list[int] = []
    pacer = Pacer(late.append)
    turned: asyncio.Queue[int] = asyncio.Queue()
    pacer.add(turned.put_nowait)
    async with asyncio.timeout(5):
        first, second = await turned.get(), await turned.get()
    pacer.remove(turned.put_nowait)
    pacer.remove(turned.put_nowait)
    assert second - first == ROUND_MS * MS
    assert len(late) >= 2
    assert pacer._timer is None
