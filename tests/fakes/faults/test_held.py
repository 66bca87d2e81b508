from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from realtime_fakes.faults.held import Held, merged

TIMES = st.lists(st.integers(0, 10**10), max_size=60)


def held(times, event=b'{"type":"a"}'):
    found = Held()
    for each in times:
        found.hold(event, each)
        found.left(each // 1000)
    return found


@given(TIMES, TIMES)
def test_what_two_say_is_what_one_would_have_said(some, others):
    both = merged([held(some).describe(), held(others).describe()])
    assert both == held(some + others).describe()


@given(TIMES.filter(bool))
def test_percentiles_are_those_of_the_values(times):
    described = held(times).describe()["events"]["a"]
    values = sorted(round(each / 10_000) / 100 for each in times)
    assert described["count"] == len(values)
    assert described["max_ms"] == values[-1]
    for percent in (50, 90, 95, 99):
        rank = -(-len(values) * percent // 100)
        assert described[f"p{percent}_ms"] == values[rank - 1]


def test_what_nothing_was_held_back_of():
    assert Held().describe()["events"] == {}
    assert Held().describe()["late"]["count"] == 0


def test_an_event_without_a_type_counts_as_well():
    assert held([5_000_000], b"{").describe()["events"][""]["p50_ms"] == 5


def test_it_can_be_forgotten():
    found = held([1])
    found.clear()
    assert found.describe() == Held().describe()
