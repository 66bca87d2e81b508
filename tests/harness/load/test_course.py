from __future__ import annotations

from typing import Any

import pytest

from realtime_harness.load.course import Course, Orders

CLOSED = {"shape": "baseline", "sessions": 10, "spawn_rate": 5.0, "duration_s": 10.0}


def course(**changes: Any) -> Course:
    return Course(**{**CLOSED, **changes})


@pytest.mark.parametrize(
    ("changes", "begin_s", "counted_from_s", "end_s"),
    [
        ({}, 0.0, 2.5, 10.0),
        ({"shape": "soak"}, 0.0, 2.5, 10.0),
        ({"duration_s": 4.0}, 0.0, 2.0, 4.0),
        ({"shape": "ramp"}, 0.0, 0.0, 10.0),
        ({"shape": "reconnect-storm"}, 0.0, 0.0, 10.0),
        ({"arrival_rate": 3.0}, 2.5, 2.5, 12.5),
        ({"arrival_rate": 3.0, "shape": "spike"}, 2.5, 2.5, 12.5),
    ],
    ids=["level", "soak", "short", "climb", "cuts", "arrivals", "arrivals-of-a-shape"],
)
def test_times(
    changes: dict[str, Any], begin_s: float, counted_from_s: float, end_s: float
) -> None:
    asked = course(**changes)
    assert (asked.begin_s, asked.counted_from_s, asked.end_s) == (begin_s, counted_from_s, end_s)


@pytest.mark.parametrize(
    ("changes", "t_s", "phase", "wanted", "counts"),
    [
        ({}, 0.0, "ramp", 1, False),
        ({}, 1.0, "ramp", 6, False),
        ({}, 2.6, "steady", 10, False),
        ({}, 2.75, "steady", 10, True),
        ({}, 10.0, "drain", 10, True),
        ({"shape": "ramp"}, 0.1, "steady", 1, True),
        ({"shape": "ramp"}, 5.0, "steady", 5, True),
        ({"shape": "stress"}, 9.9, "steady", 20, True),
        ({"arrival_rate": 3.0}, 0.1, "ramp", 10, False),
        ({"arrival_rate": 3.0}, 2.6, "steady", 10, True),
    ],
)
def test_what_is_at_a_time(
    changes: dict[str, Any], t_s: float, phase: str, wanted: int, counts: bool
) -> None:
    asked = course(**changes)
    assert asked.phase(t_s) == phase
    assert asked.wanted(t_s) == wanted
    assert asked.counts(t_s) is counts


def test_arrivals_are_due_behind_the_ramp() -> None:
    assert list(course(arrival_rate=0.5).due()) == [2.5, 4.5, 6.5, 8.5, 10.5]
    assert course(arrival_rate=0.5).requested() == 5
    assert list(course().due()) == []
    assert course().requested() is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, [(0.0, "start"), (2.25, "freeze")]),
        ({"duration_s": 2.0}, [(0.0, "start")]),
        ({"arrival_rate": 3.0}, [(2.25, "start"), (2.25, "freeze")]),
        (
            {"shape": "reconnect-storm", "duration_s": 12.0},
            [(0.0, "start"), (2.25, "freeze"), (4.0, "cut"), (8.0, "cut")],
        ),
        (
            {"shape": "reconnect-storm", "arrival_rate": 3.0, "duration_s": 12.0},
            [(2.25, "start"), (2.25, "freeze"), (6.5, "cut"), (10.5, "cut")],
        ),
    ],
    ids=["closed", "short", "open", "storm", "storm-of-arrivals"],
)
def test_commands(changes: dict[str, Any], told: list[tuple[float, str]]) -> None:
    assert [(at_s, each["do"]) for at_s, each in course(**changes).commands()] == told


def test_orders_are_given_once_and_sessions_in_turn() -> None:
    orders = Orders(course(sessions=5), 2)
    assert list(orders.until(0.0)) == [
        (0, {"do": "sessions", "count": 1}),
        (1, {"do": "sessions", "count": 0}),
        (0, {"do": "start", "in_s": 0.0}),
        (1, {"do": "start", "in_s": 0.0}),
    ]
    assert list(orders.until(0.0)) == []
    assert (
        list(orders.until(1.0))
        == [
            (0, {"do": "sessions", "count": 3}),
            (1, {"do": "sessions", "count": 2}),
        ]
        or orders.wanted == 5
    )
    assert [each for _, each in orders.until(9.0)] == [{"do": "freeze"}] * 2
    assert list(orders.until(9.5, wanted=1)) == [
        (0, {"do": "sessions", "count": 1}),
        (1, {"do": "sessions", "count": 0}),
    ]


def test_arrivals_begin_when_they_should_however_late_that_is_told() -> None:
    orders = Orders(course(arrival_rate=3.0), 1)
    assert [each["do"] for _, each in orders.until(2.2)] == ["sessions"]
    ((_, start), (_, freeze)) = orders.until(2.4)
    assert freeze == {"do": "freeze"}
    assert start == {"do": "start", "in_s": pytest.approx(0.1)}
