from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from realtime_harness.load.operation import Tally
from realtime_reports.load.course import Course, Stretch, read_stretches, thinned


def stretch(number: int, phase: str = "steady", failed: int = 0) -> Stretch:
    tally = Tally()
    tally.outcomes["turn", "ok"] = 2
    tally.outcomes["turn", "lost"] = failed
    return Stretch(
        from_s=number,
        to_s=number + 1,
        phase=phase,
        lines=1,
        sessions=number,
        wanted=5,
        due=3,
        tally=tally,
        health=[],
        worst_failed=failed,
    )


@pytest.mark.parametrize("lines", [1, 7, 8, 9, 100, 1000])
def test_a_run_of_any_length_has_at_most_so_many_stretches(lines: int) -> None:
    course = Course(8)
    for number in range(lines):
        course.add(stretch(number))
    found = course.stretches
    assert min(lines, 4) <= len(found) <= 8
    assert sum(each.tally.count() for each in found) == 2 * lines
    assert sum(each.due or 0 for each in found) == 3 * lines
    assert [each.from_s for each in found[1:]] == [each.to_s for each in found[:-1]]
    assert (found[0].from_s, found[-1].to_s, found[-1].sessions) == (0, lines, lines - 1)


def test_phases_stay_apart() -> None:
    course = Course(4)
    phases = ["ramp"] * 3 + ["steady"] * 40 + ["drain"]
    for number, phase in enumerate(phases):
        course.add(stretch(number, phase))
    assert [each.phase for each in course.stretches][:: len(course.stretches) - 1] == [
        "ramp",
        "drain",
    ]
    for phase in ("ramp", "steady", "drain"):
        seconds = sum(each.seconds for each in course.stretches if each.phase == phase)
        assert seconds == pytest.approx(phases.count(phase))


def test_the_worst_second_stays_visible() -> None:
    found = thinned([stretch(n, failed=9 * (n == 50)) for n in range(100)], 10)
    assert len(found) <= 10
    assert max(each.worst_failed for each in found) == 9


def test_thinning_leaves_what_it_was_given() -> None:
    given = [stretch(n) for n in range(10)]
    thinned(given, 2)
    assert [each.tally.count() for each in given] == [2] * 10


def test_lines_that_cannot_be_read_are_told(load_run: Any) -> None:
    path = load_run() / "load" / "intervals.jsonl"
    with path.open("a") as file:
        file.write('{"t_s": 1\n{"t_s": "x"}\n[]\n')
    problems: list[str] = []
    assert len(read_stretches(path, problems)) == 62
    assert problems == ["3 lines of intervals.jsonl cannot be read."]


def test_a_course_that_is_missing_is_told(tmp_path: Path) -> None:
    problems: list[str] = []
    assert read_stretches(tmp_path / "intervals.jsonl", problems) == []
    assert "there is no course of it" in problems[0]


def test_lines_of_an_earlier_run_in_the_same_folder_are_left_out(new_load: Any) -> None:
    run = new_load()
    for _ in range(2):
        for n in range(5):
            run.line(n + 1.0, Tally(), phase="drain" if n == 4 else "steady")
    found = read_stretches(run.path / "load" / "intervals.jsonl", [])
    assert (len(found), found[-1].to_s) == (5, 5.0)


def test_a_time_that_begins_anew_behind_the_ramp_goes_on(new_load: Any) -> None:
    run = new_load()
    for t_s, phase in ((1.0, "ramp"), (2.0, "ramp"), (1.0, "steady"), (2.0, "steady")):
        run.line(t_s, Tally(), phase=phase)
    found = read_stretches(run.path / "load" / "intervals.jsonl", [])
    assert [each.to_s for each in found] == [1.0, 2.0, 3.0, 4.0]
