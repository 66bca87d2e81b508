"""``realtime-harness load --find-max``: what it prints while it searches, and at the end."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from realtime_harness.load.run import LoadPlan
from realtime_harness.load.screen import Screen
from realtime_harness.load.search import Found, Step, find_most
from realtime_harness.load.slo import Outcome

__all__ = ["conclusion", "find_max"]

_STYLES = {"held": "green", "missed": "bold red", "void": "magenta"}


def find_max(
    plan: LoadPlan, directory: Path, console: Console, *, step_s: float, most: int
) -> Found:
    """Search for the largest number of sessions at which every objective is met, and print it."""
    # One line a step is enough where lines stay.
    screen = Screen(console) if console.is_terminal else None
    number = 0

    def begun(sessions: int, duration_s: float) -> None:
        nonlocal number
        number += 1
        console.print(
            f"step {number}: {sessions} sessions, {duration_s:.0f} s", highlight=False, end="  "
        )
        if screen is not None:
            console.print()
            screen.start()

    def done(step: Step) -> None:
        if screen is not None:
            screen.stop()
        console.print(_said(step), soft_wrap=True)

    try:
        found = asyncio.run(
            find_most(
                plan,
                directory,
                step_s=step_s,
                most=most,
                begun=begun,
                watch=lambda moment: screen.show(moment) if screen is not None else None,
                done=done,
            )
        )
    finally:
        if screen is not None:
            screen.stop()
    console.print()
    console.print(_table(found))
    console.print(Text(conclusion(found), style="bold"), soft_wrap=True)
    return found


def conclusion(found: Found) -> str:
    """Return the answer in a sentence, with how sure it is."""
    search, most = found.search, found.most
    if most is None:
        if found.obstacle:
            return f"nothing can be said about the service: what binds is {found.binds}"
        held, tries = search.tries(search.missed)
        return f"not even one session: {found.binds} (missed {tries - held} of {tries} times)"
    held, tries = search.tries(most)
    sessions = "1 session" if most == 1 else f"{most} sessions"
    if found.obstacle or search.missed is None:
        return f"at least {sessions} (held {held} of {tries} times): what binds is {found.binds}"
    missed_held, missed_tries = search.tries(search.missed)
    return (
        f"{sessions} (held {held} of {tries} times; {search.missed} missed "
        f"{missed_tries - missed_held} of {missed_tries} times): what binds is {found.binds}"
    )


def _state(step: Step) -> str:
    return "void" if step.is_void else "held" if step.held else "missed"


def _said(step: Step) -> Text:
    state = _state(step)
    why = "; ".join(step.result.finding.reasons) if step.is_void else "; ".join(step.missed)
    return Text.assemble((state, _STYLES[state]), f": {why}" if why else "")


def _table(found: Found) -> Table:
    """Return what was tried, by the number of sessions, with the value of each objective."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("sessions", justify="right")
    table.add_column("")
    for objective in found.plan.objectives:
        table.add_column(objective.text, justify="right")
    for step in sorted(found.steps, key=lambda step: step.sessions):
        state = _state(step)
        values = map(_value, step.result.outcomes)
        table.add_row(str(step.sessions), Text(state, style=_STYLES[state]), *values)
    return table


def _value(outcome: Outcome) -> str:
    if outcome.value is None:
        return "nothing"
    if outcome.objective.unit == "share":
        return f"{outcome.value:.2%} ({outcome.count})"
    return f"{outcome.value:.4g} {outcome.objective.unit} ({outcome.count})"
