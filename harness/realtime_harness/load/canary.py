"""The canary of a run: a few full sessions beside the lite ones, in an engine of their own.

Lite sessions leave out what costs much, and all of them share one process. Full ones leave out
nothing, so they tell what others would see: if they differ, either that matters to the service, or
the engine is at fault. They are measured apart and never merged with the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from realtime_harness.load.book import Book
from realtime_harness.load.course import Course, Orders
from realtime_harness.load.engine import Plan
from realtime_harness.load.fleet import Listened
from realtime_harness.load.health import Health
from realtime_harness.load.operation import Tally
from realtime_harness.load.purse import Bill
from realtime_harness.load.sessions import JOURNEYS
from realtime_harness.load.sessions.media import FULL

__all__ = ["FROM_SESSIONS", "Canary", "CanaryResult", "canaries_of", "canary_plan"]

FROM_SESSIONS = 10
"""So many sessions have a canary unless told otherwise: it then is a tenth of them at most."""

_LEAST_THINK_S = 1.0
"""Full sessions cost ten times as much. They must not become a load of their own."""


def canaries_of(journey: str, sessions: int) -> int:
    """Return how many full sessions go beside so many lite ones, unless somebody says.

    None beside those that do nothing, and of journeys of the user's own, which need not know how.
    """
    return int(sessions >= FROM_SESSIONS and journey in JOURNEYS and JOURNEYS[journey].drains)


def canary_plan(plan: Plan, sessions: int) -> Plan:
    """Return the plan of an engine with full sessions, beside those of another plan.

    Each goes on when it has thought, also where arrivals are dealt out among the others.
    """
    profile = replace(plan.profile, think_s=max(plan.profile.think_s, _LEAST_THINK_S))
    allowance_usd = plan.allowance_usd
    if allowance_usd is not None:
        # As much for each session as the others have.
        allowance_usd *= plan.shares * sessions / plan.sessions
    return replace(
        plan,
        profile=profile,
        media=FULL,
        arrival_rate=None,
        sessions=sessions,
        share=0,
        shares=1,
        limits=None,
        allowance_usd=allowance_usd,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryResult:
    """What full sessions measured while the others were."""

    sessions: int
    tally: Tally
    health: Health
    spent: Bill
    failures: list[dict[str, Any]] = field(default_factory=list)
    fault: str = ""
    """What went wrong with their engine. The run is none the worse for it."""

    def to_json(self) -> dict[str, Any]:
        """Return it as ``load.json`` has it."""
        return {
            "sessions": self.sessions,
            "metrics": self.tally.described(),
            **self.tally.to_json(),
            "health": self.health.to_json(),
            "failures": self.failures,
            "fault": self.fault,
        }


class Canary:
    """The canary of a run that is under way. Nothing is done if there is no engine for it.

    Args:
        course: of the run: what counts there counts here.
        sessions: how many full ones.
        engines: the one that has them, or none.
        today: as for the book of the run.

    """

    def __init__(
        self, course: Course, sessions: int, engines: Sequence[Listened], *, today: date
    ) -> None:
        self._sessions = sessions
        self._engines = engines
        self._orders = Orders(course, len(engines))
        self._book = Book(course, ["the canary"] * len(engines), today=today)

    def keep_to(self, t_s: float) -> str:
        """Tell the engine what is due by now and take what it told; return why to end the run."""
        if not self._engines:
            return ""
        for _, command in self._orders.until(t_s, wanted=self._sessions):
            self._engines[0].tell(**command)
        self._take(t_s)
        self._book.look(t_s, self._sessions)
        return self._book.aborted

    async def stop(self, t_s: float, *, in_a_hurry: bool = False) -> None:
        """End the sessions, bounded."""
        self._book.stop(t_s)
        for engine in self._engines:
            await engine.stop(in_a_hurry=in_a_hurry)
        self.close(t_s)

    def close(self, t_s: float) -> None:
        """Take the rest of what was told, when the engine has ended."""
        self._book.stop(t_s)
        self._take(t_s)

    def result(self) -> CanaryResult | None:
        """Return what was measured, ``None`` if there was no canary."""
        if not self._engines:
            return None
        book = self._book
        return CanaryResult(
            sessions=self._sessions,
            tally=book.whole(),
            health=book.health[0],
            spent=book.bill,
            failures=book.failures,
            fault=book.fault,
        )

    def _take(self, t_s: float) -> None:
        for engine in self._engines:
            while not engine.intervals.empty():
                self._book.take(0, engine.intervals.get_nowait(), t_s)
            if engine.fault:
                self._book.lose(0, engine.fault)
