from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import orjson
import pytest

from realtime_harness.load.book import Book
from realtime_harness.load.course import Course
from realtime_harness.load.health import Health
from realtime_harness.load.histogram import Histogram
from realtime_harness.load.operation import Series, Tally
from realtime_harness.load.slo import parse
from realtime_harness.load.wire import Interval

TODAY = date(2026, 11, 21)
TURN = Series("turn_ms", "response", 1)


def book(*engines: str, objectives: tuple[Any, ...] = (), **changes: Any) -> Book:
    """Ten seconds of four sessions, of which the first 2.5 are their ramp."""
    course = Course(
        **{"shape": "baseline", "sessions": 4, "spawn_rate": 2.0, "duration_s": 10.0, **changes}
    )
    return Book(course, engines or ("the engine",), objectives=objectives, today=TODAY)


def interval(*turns_ms: float, connected: int = 0, failed: int = 0, **more: Any) -> Interval:
    tally = Tally()
    for ms in turns_ms:
        tally.outcomes["turn", "ok"] += 1
        tally.record(TURN, round(ms * 1e6))
    for _ in range(connected):
        tally.outcomes["connect", "ok"] += 1
        tally.record(Series("connect_ms", "response"), 1_000_000)
    if failed:
        tally.outcomes["turn", "timeout"] += failed
    health = Health(wall_s=0.25, cpu_s=0.1, lateness=Histogram.of([1000]))
    return Interval(**{"t_s": 0.0, "sessions": 4, "tally": tally, "health": health, **more})


def test_what_counts_is_the_steady_state_and_how_sessions_were_opened() -> None:
    kept = book()
    told = {
        1.0: kept.take(0, interval(5.0, connected=3), 1.0),
        2.5: kept.take(0, interval(6.0, connected=1), 2.5),
        2.75: kept.take(0, interval(7.0), 2.75),
        3.0: kept.take(0, interval(8.0, 9.0), 3.0),
    }
    kept.look(3.0, 4)
    assert {t_s: tally.count("turn") for t_s, tally in told.items()} == {
        **{1.0: 0, 2.5: 0},
        **{2.75: 1, 3.0: 2},
    }
    assert kept.whole().count("connect") == 4
    assert kept.whole().histogram("turn_ms") == Histogram.of([7_000_000, 8_000_000, 9_000_000])
    assert kept.health[0].wall_s == 0.5
    assert kept.seconds == 0.5


def test_several_engines_add_up_exactly() -> None:
    kept = book("one", "two")
    values = ([1.0, 2.0, 40.0], [3.0, 3.0, 500.0, 6.5])
    for number, turns in enumerate(values):
        kept.take(number, interval(*turns), 5.0)
    pooled = Histogram.of(round(ms * 1e6) for turns in values for ms in turns)
    assert kept.whole().series[TURN] == pooled
    assert [each.wall_s for each in kept.health] == [0.25, 0.25]


def test_what_ends_behind_the_end_counts_and_closing_does_not() -> None:
    kept = book()
    kept.take(0, interval(1.0), 9.9)
    kept.stop(10.0)
    kept.take(0, interval(2.0), 11.0)
    moment = kept.close(11.0)
    assert kept.whole().count("turn") == 2
    assert kept.health[0].wall_s == 0.25
    assert kept.seconds == pytest.approx(10.0 - 9.65)
    assert (moment.phase, moment.wanted) == ("drain", 0)


def test_a_line_a_second_has_what_came_since_the_last() -> None:
    kept = book(shape="ramp", arrival_rate=2.0)
    lines = []
    for quarter in range(1, 25):
        t_s = quarter / 4
        kept.take(0, interval(1.0), t_s)
        if (moment := kept.look(t_s, 4)) is not None:
            lines.append(moment)
    assert [(line.t_s, line.phase) for line in lines] == [
        *((float(t_s), "ramp") for t_s in (1, 2)),
        *((float(t_s), "steady") for t_s in (3, 4, 5, 6)),
    ]
    assert [line.last.count("turn") for line in lines] == [4] * 6
    assert lines[-1].whole.count("turn") == 15
    # Nothing is due before all sessions are there; then more and more, up to two a second.
    assert [line.due for line in lines] == [0, 0, 1, 0, 0, 1]
    written = orjson.loads(orjson.dumps(lines[3].to_json()))
    assert {name: written[name] for name in ("t_s", "phase", "sessions", "wanted", "due")} == {
        **{"t_s": 4.0, "phase": "steady", "sessions": 4, "wanted": 4, "due": 0},
    }
    assert Tally.from_json(written).count("turn") == 4
    assert Health.from_json(written["health"][0]).wall_s == 1.0


@pytest.mark.parametrize(
    ("abort_after_s", "recovers_s", "ends_s"),
    [(0.0, 99, 2.75), (2.0, 99, 4.75), (2.0, 4, None), (None, 99, None)],
    ids=["at-once", "with-delay", "recovers", "never"],
)
def test_an_objective_that_is_missed_for_long_ends_the_run(
    abort_after_s: float | None, recovers_s: float, ends_s: float | None
) -> None:
    objective = replace(parse("rate(ok) >= 50%"), abort_after_s=abort_after_s)
    kept = book(objectives=(objective,))
    ended = None
    for quarter in range(1, 40):
        t_s = quarter / 4
        kept.take(0, interval(failed=1) if t_s < recovers_s else interval(*[1.0] * 20), t_s)
        kept.look(t_s, 4)
        if kept.is_over:
            ended = t_s
            break
    assert ended == ends_s
    assert ("rate(ok) >= 50% was missed for" in kept.aborted) is (ends_s is not None)
    assert kept.fault == ""


def test_nothing_measured_yet_is_not_missed() -> None:
    objective = replace(parse("p95(turn_ms) < 1"), abort_after_s=0.0)
    kept = book(objectives=(objective,))
    kept.look(3.0, 4)
    assert not kept.is_over
    kept.take(0, interval(5.0), 3.2)
    kept.look(3.3, 4)
    assert kept.aborted == "ended after 3 s: p95(turn_ms) < 1 was missed for 0 s"


@pytest.mark.parametrize(
    ("heard", "looked", "fault"),
    [
        ({0: [1, 2, 3, 4, 5, 6], 1: [1]}, range(1, 8), "two told nothing for 5 s"),
        ({0: [], 1: [1, 2, 3, 4, 5]}, range(1, 8), "one told nothing for 5 s"),
        ({0: [1, 5], 1: [2, 6]}, range(1, 8), ""),
        ({0: [1, 9], 1: [1, 9]}, (1, 9), ""),
    ],
    ids=["one-falls-silent", "one-never-spoke", "slow", "we-were-away"],
)
def test_an_engine_that_tells_nothing_is_lost(
    heard: dict[int, list[int]], looked: range, fault: str
) -> None:
    kept = book("one", "two", duration_s=100.0)
    for t_s in looked:
        for engine, times in heard.items():
            if t_s in times:
                kept.take(engine, interval(), float(t_s))
        kept.look(float(t_s), 4)
    assert kept.fault == fault


def test_the_first_fault_is_kept_and_names_the_engine() -> None:
    kept = book("engine 1 of 2", "engine 2 of 2")
    kept.lose(1, "ended by itself")
    kept.lose(0, "ended as well")
    kept.abort("enough")
    kept.abort("more")
    assert (kept.fault, kept.aborted) == ("engine 2 of 2 ended by itself", "enough")
    assert kept.is_over


def test_examples_of_failures_are_kept() -> None:
    kept = book()
    kept.take(0, interval(failures=[{"text": "a"}]), 1.0)
    kept.take(0, interval(failures=[{"text": "b"}]), 5.0)
    assert [each["text"] for each in kept.failures] == ["a", "b"]
