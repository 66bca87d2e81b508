"""The book of a run: what its engines told, added up, and what that says about going on.

Whoever leads a run, we or Locust, keeps one. It has no clock of its own: it is told what time it
is, in seconds since the first session was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from realtime_harness.load.course import Course
from realtime_harness.load.health import Health
from realtime_harness.load.operation import Tally
from realtime_harness.load.purse import Bill
from realtime_harness.load.slo import Objective, State, judge
from realtime_harness.load.wire import Interval

__all__ = ["LINE_S", "SILENT_S", "Book", "Moment"]

LINE_S = 1.0
"""How much time one line of ``intervals.jsonl`` is about."""

SILENT_S = 5.0
"""For how long an engine, which should tell four times a second, may tell nothing."""

_OPENING = "connect"
"""Operation that counts from the first session on."""


@dataclass(slots=True, kw_only=True)
class Moment:
    """How a run stands: a line of ``intervals.jsonl``, and for whoever watches it."""

    t_s: float
    end_s: float
    """When it is to be over."""
    phase: str
    """``ramp``, ``steady`` or ``drain``."""
    sessions: int
    """How many are connected."""
    wanted: int
    """How many there are to be."""
    due: int | None
    """How many arrivals were due since the last line; ``None`` if sessions decide themselves."""
    last: Tally
    """What was measured since the last line."""
    whole: Tally
    """All that counts so far."""
    seconds: float
    """For how long that was."""
    health: list[Health]
    """Of each engine, since the last line."""
    failures: list[dict[str, Any]] = field(default_factory=list)
    """All examples so far."""

    def to_json(self) -> dict[str, Any]:
        """Return it as a line."""
        return {
            "t_s": round(self.t_s, 3),
            "phase": self.phase,
            "sessions": self.sessions,
            "wanted": self.wanted,
            "due": self.due,
            **self.last.to_json(),
            "health": [each.to_json() for each in self.health],
        }


class Book:
    """What is known of a run.

    Args:
        course: of the run.
        engines: what each is called, in order.
        objectives: those of the run: one of them may end it.
        today: for waivers.

    """

    def __init__(
        self,
        course: Course,
        engines: Sequence[str],
        *,
        objectives: Iterable[Objective] = (),
        today: date,
    ) -> None:
        self.course = course
        self.health = [Health() for _ in engines]
        """Of each engine, over what counts."""
        self.failures: list[dict[str, Any]] = []
        """Examples."""
        self.fault = ""
        """What went wrong with an engine; empty as long as nothing did."""
        self.aborted = ""
        """Why the run was ended early; empty as long as it was not."""
        self.bill = Bill()
        """What was charged, from the first session on."""
        self._names = list(engines)
        self._patient = [each for each in objectives if each.abort_after_s is not None]
        self._today = today
        self._ramp = Tally()
        self._counted = Tally()
        self._counted_from_s: float | None = None
        self._missed_since: dict[str, float] = {}
        self._stopped_s: float | None = None
        self._sessions = [0] * len(self._names)
        self._heard_s = [0.0] * len(self._names)
        self._looked_s = 0.0
        self._line = Tally()
        self._line_health = [Health() for _ in engines]
        self._next_line_s = LINE_S
        self._due = course.due()
        self._next_due_s = next(self._due, None)

    @property
    def is_over(self) -> bool:
        """Whether there is a reason to end it before its time."""
        return bool(self.fault or self.aborted)

    @property
    def seconds(self) -> float:
        """For how long what counts has been measured."""
        if self._counted_from_s is None:
            return 0.0
        now_s = self._looked_s if self._stopped_s is None else self._stopped_s
        return max(0.0, now_s - self._counted_from_s)

    def whole(self) -> Tally:
        """Return what counts: the steady state, and how sessions were opened before it."""
        whole = Tally()
        whole.merge(self._counted)
        whole.merge(self._ramp.only(_OPENING))
        return whole

    def take(self, engine: int, interval: Interval, t_s: float) -> Tally:
        """Add what an engine told, and return what of it counts.

        Args:
            engine: its number, from 0.
            interval: what it told.
            t_s: when that came.

        """
        self._heard_s[engine] = t_s
        self._sessions[engine] = interval.sessions
        self.failures += interval.failures
        self.bill.merge(interval.bill)
        if interval.bill.is_exhausted:
            self.abort(
                f"ended after {t_s:.0f} s, to stay below --max-cost: about ${self.bill.usd:.4f} is "
                "spent, and what may come next might be more than is left"
            )
        self._line.merge(interval.tally)
        self._line_health[engine].merge(interval.health)
        if not self.course.counts(t_s):
            self._ramp.merge(interval.tally)
            return interval.tally.only(_OPENING)
        self._counted.merge(interval.tally)
        # What was under way at the end is still a part of what was asked for; to close sessions
        # is not.
        if self._stopped_s is None:
            self.health[engine].merge(interval.health)
            if self._counted_from_s is None:
                began_s = t_s - interval.health.wall_s
                self._counted_from_s = max(began_s, self.course.counted_from_s)
        return interval.tally

    def lose(self, engine: int, why: str) -> None:
        """Say that an engine cannot go on; the first that is said is kept."""
        self.fault = self.fault or f"{self._names[engine]} {why}"

    def abort(self, why: str) -> None:
        """Say why the run ends early; the first that is said is kept."""
        self.aborted = self.aborted or why

    def look(self, t_s: float, wanted: int) -> Moment | None:
        """Say what time it is, a few times a second; return how it stands when a line is due.

        Args:
            t_s: what time it is.
            wanted: how many sessions there are to be.

        """
        if self._stopped_s is None:
            self._look_for_silence(t_s)
            self._looked_s = t_s
            if self.course.phase(t_s) == "steady":
                self._look_for_end(t_s)
        if t_s < self._next_line_s:
            return None
        self._next_line_s = max(self._next_line_s + LINE_S, t_s)
        return self._moment(t_s, wanted)

    def stop(self, t_s: float) -> None:
        """Say that the engines were told to stop. Idempotent."""
        if self._stopped_s is None:
            self._stopped_s = t_s

    def close(self, t_s: float) -> Moment:
        """Return how it stood when all engines had ended."""
        self.stop(t_s)
        return self._moment(t_s, 0)

    def _moment(self, t_s: float, wanted: int) -> Moment:
        last, health = self._line, self._line_health
        self._line, self._line_health = Tally(), [Health() for _ in self._names]
        return Moment(
            t_s=t_s,
            end_s=self.course.end_s,
            phase=self.course.phase(t_s) if self._stopped_s is None else "drain",
            sessions=sum(self._sessions),
            wanted=wanted,
            due=self._count_due(t_s),
            last=last,
            whole=self.whole(),
            seconds=self.seconds,
            health=health,
            failures=self.failures,
        )

    def _count_due(self, t_s: float) -> int | None:
        if self.course.arrival_rate is None:
            return None
        count = 0
        while self._next_due_s is not None and self._next_due_s <= t_s:
            count += 1
            self._next_due_s = next(self._due, None)
        return count

    def _look_for_silence(self, t_s: float) -> None:
        """See whether an engine tells nothing: it, or the way to it, is gone or stands still."""
        if t_s - self._looked_s > SILENT_S / 2:
            # Who was away cannot say who was silent.
            self._heard_s = [t_s] * len(self._names)
        for engine, heard_s in enumerate(self._heard_s):
            if t_s - heard_s > SILENT_S:
                self.lose(engine, f"told nothing for {SILENT_S:g} s")

    def _look_for_end(self, t_s: float) -> None:
        """End the run if an objective was missed for as long as it says."""
        for outcome in judge(self._patient, self._counted, seconds=self.seconds, today=self._today):
            objective = outcome.objective
            if outcome.state is not State.FAIL or outcome.value is None:
                self._missed_since.pop(objective.text, None)
                continue
            since_s = self._missed_since.setdefault(objective.text, t_s)
            patience_s = objective.abort_after_s
            if patience_s is not None and t_s - since_s >= patience_s:
                lasted_s = t_s - since_s
                self.abort(
                    f"ended after {t_s:.0f} s: {objective.text} was missed for {lasted_s:.0f} s"
                )
