"""What the scenarios of ``session`` share: updates, and comparing what is shown of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from realtime_harness.checks import Check
from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.connection import member
from realtime_harness.journeys.probe import Answers, probe
from realtime_harness.run import ScenarioRun

__all__ = ["fits", "judge_refused", "judge_shown", "shown_session", "update"]


async def update(
    connection: EventConnection, change: Mapping[str, Any], *, valid: bool = True
) -> Answers:
    """Send a ``session.update`` with this change, and return what came of it."""
    session = {"type": "realtime", **change}
    event = {"type": "session.update", "event_id": _next_id(connection), "session": session}
    # Whoever names the type themselves may leave it out.
    if change.get("type", "") is None:
        del session["type"]
    return await probe(connection, event, "session.updated", "error", valid=valid)


def shown_session(answers: Answers) -> dict[str, Any]:
    """Return the session in ``session.updated``; an empty one if there is none."""
    updated = answers.first("session.updated")
    session = None if updated is None else member(updated.data, "session")
    return session if isinstance(session, dict) else {}


def fits(expected: Any, got: Any) -> bool:
    """Return whether ``got`` is what was expected; objects may have further members."""
    if isinstance(expected, Mapping):
        return isinstance(got, Mapping) and all(
            name in got and fits(value, got[name]) for name, value in expected.items()
        )
    if isinstance(expected, Sequence) and not isinstance(expected, str):
        return isinstance(got, list) and len(got) == len(expected) and all(map(fits, expected, got))
    return bool(expected == got) and isinstance(expected, bool) == isinstance(got, bool)


def judge_shown(run: ScenarioRun, check: Check, answers: Answers, expected: Any) -> bool:
    """Judge that ``session.updated`` shows what was expected; return whether it does."""
    session = shown_session(answers)
    got = {name: session.get(name, "nothing") for name in expected} or answers.shown()
    return run.check(
        check,
        bool(session) and fits(expected, session),
        f"expected a session with {expected}, got {got if session else answers.shown()}",
        evidence=answers.first("session.updated") or answers.seq,
    )


def judge_refused(run: ScenarioRun, check: Check, answers: Answers) -> bool:
    """Judge that an update was answered with an error; return whether it was."""
    return run.check(
        check,
        answers.refusal is not None,
        f"expected an error, got {answers.shown()}",
        evidence=answers.refusal or answers.first("session.updated") or answers.seq,
    )


def _next_id(connection: EventConnection) -> str:
    return f"update_{len(connection.events)}"
