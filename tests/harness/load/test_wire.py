"""Figures on their whole way: measured by engines, told interval by interval, merged, read off."""

from __future__ import annotations

import json
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_harness.load.health import Health
from realtime_harness.load.histogram import Histogram
from realtime_harness.load.operation import Operation, Tally
from realtime_harness.load.wire import Interval

HOUR = 3600 * 10**9

turns = st.builds(
    lambda engine, interval, intended, late, first, rest, position: (
        (engine, interval),
        Operation(
            name="turn",
            intended_ns=intended,
            due_ns=intended,
            sent_ns=intended + late,
            first_ns=intended + late + first,
            done_ns=intended + late + first + rest,
            position=position,
        ),
    ),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(0, HOUR),
    st.integers(0, 10**10),
    st.integers(0, 10**11),
    st.integers(0, 10**10),
    st.integers(1, 9),
)
percents = st.sampled_from(["0.1", "1", "50", "75", "90", "95", "99", "99.9", "100"])


def over_the_wire(tally: Tally) -> Tally:
    interval = Interval(t_s=1.0, sessions=1, tally=tally, health=Health(), failures=[])
    return Interval.from_json(json.loads(json.dumps(interval.to_json()))).tally


def nearest_rank(values: list[int], percent: str) -> float:
    """As textbooks have it, of the values themselves and without rounding."""
    return sorted(values)[max(0, ceil(Fraction(percent) / 100 * len(values)) - 1)] / 1e6


@given(st.lists(turns, min_size=1, max_size=60), percents)
def test_percentiles_of_all_engines_are_those_of_all_values(
    measured: list[tuple[tuple[int, int], Operation]], percent: str
) -> None:
    told: dict[tuple[int, int], Tally] = {}
    for where, operation in measured:
        told.setdefault(where, Tally()).add(operation)
    merged = Tally()
    for tally in told.values():
        merged.merge(over_the_wire(tally))
    operations = [operation for _, operation in measured]
    assert merged.count("turn", ok=True) == len(operations)
    for metric, end in (("ttft_ms", "first_ns"), ("turn_ms", "done_ns")):
        for clock, start in (("service", "sent_ns"), ("response", "intended_ns")):
            values = [getattr(each, end) - getattr(each, start) for each in operations]
            histogram = merged.histogram(metric, clock=clock)
            assert histogram.percentile_ms(float(percent)) == pytest.approx(
                nearest_rank(values, percent), rel=0.0005
            )


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=80), percents, percents)
def test_percentiles_rise(values: list[int], one: str, other: str) -> None:
    histogram = Histogram.of(values)
    low, high = sorted((one, other), key=float)
    assert histogram.percentile_ms(float(low)) <= histogram.percentile_ms(float(high))
    assert histogram.min_ms <= histogram.percentile_ms(float(low))
    assert histogram.percentile_ms(float(high)) <= histogram.max_ms


@given(st.lists(turns, min_size=1, max_size=30))
def test_nobody_waits_for_less_than_the_service_takes(
    measured: list[tuple[tuple[int, int], Operation]],
) -> None:
    tally = Tally()
    for _, operation in measured:
        tally.add(operation)
    for percent in (1, 50, 99, 100):
        service, response = (
            tally.histogram("ttft_ms", clock=clock).percentile_ms(percent)
            for clock in ("service", "response")
        )
        assert service <= response
