"""What an engine and whoever started it tell each other: one JSON object on a line.

Down::

    {"do": "plan", …}                         first of all: see realtime_harness.load.engine.Plan
    {"do": "sessions", "count": 12}           have so many sessions
    {"do": "start", "in_s": 0.1}              begin with the schedule of arrivals
    {"do": "freeze"}                          collect garbage now rather than later
    {"do": "cut"}                             break all sessions off; they come back
    {"do": "stop", "drain_s": 2.0}            let operations under way come to their end for so
                                              long, end all sessions, tell the rest, and end

Up::

    {"is": "ready"}                           the plan is understood
    {"is": "interval", …}                     each 250 ms: see :class:`Interval`
    {"is": "end"}                             the last line
    {"is": "fault", "text": …}                the engine cannot go on

An engine whose connection is closed ends: it does not outlive whoever started it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from realtime_harness.load.health import Health
from realtime_harness.load.operation import Tally
from realtime_harness.load.purse import Bill

__all__ = ["INTERVAL_S", "Interval", "stop"]

INTERVAL_S = 0.25
"""How often an engine tells what it measured."""


_DRAIN_S = 2.0
"""For how long operations under way may come to their end when a run is over."""


def stop(*, in_a_hurry: bool = False) -> dict[str, Any]:
    """Return the command that ends all."""
    return {"do": "stop", "drain_s": 0.0 if in_a_hurry else _DRAIN_S}


@dataclass(slots=True, kw_only=True)
class Interval:
    """What an engine measured since the last time."""

    t_s: float
    """When it ended: seconds since the engine's schedule began."""
    sessions: int
    """How many are connected."""
    tally: Tally = field(default_factory=Tally)
    health: Health = field(default_factory=Health)
    bill: Bill = field(default_factory=Bill)
    failures: list[dict[str, Any]] = field(default_factory=list)
    """Some examples: the first few of each class."""

    def to_json(self) -> dict[str, Any]:
        """Return it as a line."""
        return {
            "is": "interval",
            "t_s": round(self.t_s, 4),
            "sessions": self.sessions,
            "tally": self.tally.to_json(),
            "health": self.health.to_json(),
            "bill": self.bill.to_json(),
            "failures": self.failures,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Interval:
        """Read back what :meth:`to_json` returned."""
        return cls(
            t_s=values["t_s"],
            sessions=values["sessions"],
            tally=Tally.from_json(values["tally"]),
            health=Health.from_json(values["health"]),
            bill=Bill(*values["bill"]),
            failures=values["failures"],
        )
