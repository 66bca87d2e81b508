from __future__ import annotations

import json

import pytest

from realtime_harness.load.operation import METRICS, Operation, Series, Tally

MS = 1_000_000


def turn(position: int = 1, *, first: int | None = 30, **more: int) -> Operation:
    return Operation(
        name="turn",
        intended_ns=0,
        due_ns=5 * MS,
        sent_ns=10 * MS,
        first_ns=None if first is None else first * MS,
        done_ns=50 * MS,
        position=position,
        more=more,
    )


def test_both_clocks() -> None:
    tally = Tally()
    tally.add(turn())
    found = {
        (metric, clock): tally.histogram(metric, clock=clock).percentile_ms(50)
        for metric in ("ttft_ms", "turn_ms")
        for clock in ("response", "service")
    }
    assert found == pytest.approx(
        {
            ("ttft_ms", "response"): 30,
            ("ttft_ms", "service"): 20,
            ("turn_ms", "response"): 50,
            ("turn_ms", "service"): 40,
        },
        rel=0.001,
    )


def test_what_did_not_come_has_no_duration() -> None:
    tally = Tally()
    tally.add(turn(first=None))
    assert tally.metrics() == ["turn_ms"]


def test_failures_have_no_duration_and_what_was_cut_short_does_not_count() -> None:
    tally = Tally()
    tally.add(turn())
    tally.fail("turn", "timeout")
    tally.fail("turn", "unfinished")
    assert (tally.count(), tally.count(ok=True), tally.count("turn", ok=False)) == (2, 1, 1)
    assert list(tally.failures()) == [("turn", "timeout", 1)]
    assert tally.histogram("turn_ms", clock="service").count == 1


def test_late_positions_share_a_series() -> None:
    tally = Tally()
    for position in range(1, 9):
        tally.add(turn(position))
    assert tally.histogram("turn_ms", clock="service", position="4").count == 1
    assert tally.histogram("turn_ms", clock="service", position="5+").count == 4


def test_further_durations() -> None:
    tally = Tally()
    tally.add(turn(gap_ms=7 * MS))
    assert tally.histogram("gap_ms", clock="service").percentile_ms(50) == pytest.approx(
        7, rel=0.001
    )


def test_merging_is_adding_and_json_loses_nothing() -> None:
    one, other, both = Tally(), Tally(), Tally()
    for tally in (one, both):
        tally.add(turn())
    for tally in (other, both):
        tally.add(turn(2))
        tally.fail("connect", "refused-503")
    one.merge(Tally.from_json(json.loads(json.dumps(other.to_json()))))
    assert one.outcomes == both.outcomes
    assert one.series == both.series


def test_a_part_that_is_not_measured_moves_all_but_what_is_late() -> None:
    operation = turn()
    operation.send_later(operation.sent_ns)
    assert operation.sent_ns - operation.due_ns == 5 * MS
    assert operation.sent_ns - operation.intended_ns == 10 * MS


def test_only_openings() -> None:
    tally = Tally()
    tally.add(turn())
    tally.add(Operation(name="connect", intended_ns=0, due_ns=0, sent_ns=0, done_ns=MS))
    only = tally.only("connect")
    assert only.metrics() == ["connect_ms"]
    assert only.count() == 1


def test_metrics_are_described() -> None:
    tally = Tally()
    tally.add(turn(loss_percent=2_500_000, mine_ms=MS))
    described = tally.described()
    assert list(described) == ["ttft_ms", "turn_ms", "loss_percent", "mine_ms"]
    assert described["loss_percent"]["unit"] == "%"
    assert described["mine_ms"] == {"definition": "", "unit": "ms"}
    # A histogram of millionths of a percent is read like one of nanoseconds.
    assert tally.histogram("loss_percent").max_ms == pytest.approx(2.5, rel=0.001)


def test_series_have_definitions() -> None:
    units = {"_ms": "ms", "_percent": "%"}
    for name, metric in METRICS.items():
        ending = name[name.rfind("_") :] if "_" in name else ""
        assert (bool(metric.definition), metric.unit) == (True, units.get(ending, "x"))
    assert Series("ttft_ms", "response", 5).tags == {"clock": "response", "position": "5+"}
