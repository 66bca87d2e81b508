"""A load run in the course of time.

What was measured second by second may be a day long and is read line by line: neighbouring seconds
are put together as soon as there are more than a page can show, which histograms allow exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from realtime_harness.load.health import Health
from realtime_harness.load.operation import Tally

__all__ = ["LONGEST", "Course", "Stretch", "read_stretches", "tally_of", "thinned"]

_MOST = 480
"""In memory, of a run of any length."""
LONGEST = 120
"""Characters of a name."""


@dataclass(slots=True, kw_only=True)
class Stretch:
    """Some neighbouring seconds of one phase."""

    from_s: float
    to_s: float
    phase: str
    lines: int
    sessions: int
    """Open at its end."""
    wanted: int
    due: int | None
    """Arrivals that were due in it; ``None`` if sessions decide themselves."""
    tally: Tally
    health: list[Health]
    worst_failed: float
    """Failures a second in its worst second."""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return max(self.to_s - self.from_s, 1e-9)

    def merge(self, later: Stretch) -> None:
        """Add the one behind it."""
        self.to_s = later.to_s
        self.lines += later.lines
        self.sessions, self.wanted = later.sessions, later.wanted
        if later.due is not None:
            self.due = (self.due or 0) + later.due
        self.tally.merge(later.tally)
        for mine, other in zip(self.health, later.health, strict=False):
            mine.merge(other)
        self.health += later.health[len(self.health) :]
        self.worst_failed = max(self.worst_failed, later.worst_failed)


class Course:
    """A run in the course of time, as at most so many stretches.

    Args:
        most: stretches; there are at least half as many, if the run has so many lines.

    """

    def __init__(self, most: int = _MOST) -> None:
        self.stretches: list[Stretch] = []
        self._most = most
        self._lines = 1

    def add(self, stretch: Stretch) -> None:
        """Add the next line."""
        last = self.stretches[-1] if self.stretches else None
        if last is not None and last.phase == stretch.phase and last.lines < self._lines:
            last.merge(stretch)
            return
        self.stretches.append(stretch)
        while len(self.stretches) > self._most and self._lines < 1 << 40:
            self._lines *= 2
            self.stretches = _paired(self.stretches, self._lines)


def thinned(stretches: Iterable[Stretch], most: int) -> list[Stretch]:
    """Put neighbours together until there are at most so many, as far as phases allow."""
    found = [_copy(each) for each in stretches]
    lines = max((each.lines for each in found), default=1)
    phases = len({each.phase for each in found})
    while len(found) > max(most, phases) and lines < 1 << 40:
        lines *= 2
        found = _paired(found, lines)
    return found


def _copy(stretch: Stretch) -> Stretch:
    """Return one that can be added to, with what it holds shared by nobody."""
    tally = Tally()
    tally.merge(stretch.tally)
    health = [Health() for _ in stretch.health]
    for mine, other in zip(health, stretch.health, strict=True):
        mine.merge(other)
    return replace(stretch, tally=tally, health=health)


def _paired(stretches: Iterable[Stretch], lines: int) -> list[Stretch]:
    """Put neighbours of one phase together, up to a number of lines each."""
    paired: list[Stretch] = []
    for each in stretches:
        last = paired[-1] if paired else None
        if last is not None and last.phase == each.phase and last.lines + each.lines <= lines:
            last.merge(each)
        else:
            paired.append(each)
    return paired


def read_stretches(path: Path, problems: list[str]) -> list[Stretch]:
    """Read ``intervals.jsonl``; what cannot be read of it is told among the problems."""
    course = Course()
    unreadable = 0
    offset_s = last_s = told_s = 0.0
    try:
        with path.open("rb") as file:
            for line in file:
                try:
                    values = orjson.loads(line)
                    t_s = float(values["t_s"])
                    if t_s < told_s:
                        offset_s = last_s
                        if course.stretches and course.stretches[-1].phase == "drain":
                            # Lines of an earlier run into the same folder.
                            course, offset_s, last_s = Course(), 0.0, 0.0
                    told_s, now_s = t_s, t_s + offset_s
                    course.add(_stretch(values, last_s, now_s))
                    last_s = now_s
                except (LookupError, TypeError, ValueError, AttributeError):
                    unreadable += 1
    except OSError as error:
        problems.append(f"{path.name} cannot be read ({error.strerror}): there is no course of it.")
    if unreadable:
        noun = "line" if unreadable == 1 else "lines"
        problems.append(f"{unreadable} {noun} of {path.name} cannot be read.")
    return course.stretches


def tally_of(values: Mapping[str, Any]) -> Tally:
    """Read what was counted; names, which may be of any origin, are cut to a bearable length."""
    series = [[name[:LONGEST], *rest] for name, *rest in values["series"]]
    outcomes = [[name[:LONGEST], what[:LONGEST], n] for name, what, n in values["outcomes"]]
    return Tally.from_json({**values, "series": series, "outcomes": outcomes})


def _stretch(values: Mapping[str, Any], from_s: float, to_s: float) -> Stretch:
    tally = tally_of(values)
    due = values.get("due")
    failed = tally.count(ok=False)
    return Stretch(
        from_s=from_s,
        to_s=to_s,
        phase=str(values["phase"]),
        lines=1,
        sessions=int(values.get("sessions") or 0),
        wanted=int(values.get("wanted") or 0),
        due=int(due) if due is not None else None,
        tally=tally,
        health=[Health.from_json(each) for each in values.get("health") or ()],
        worst_failed=failed / max(to_s - from_s, 1e-3) if failed else 0.0,
    )
