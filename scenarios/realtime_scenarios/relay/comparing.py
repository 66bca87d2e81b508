"""A turn through the relay, compared with the same turn taken directly."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable

from realtime_harness.checks import Check
from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.connection import ReceivedEvent, member
from realtime_harness.clients.control import Control
from realtime_harness.errors import ConnectionRefused, NotClaimed
from realtime_harness.journeys.text_turn import Turn
from realtime_harness.run import ScenarioRun
from realtime_harness.targets.relay import Relay

__all__ = ["control_of", "judge_passage", "refusal", "session_ended", "session_id"]

_POLL_S = 0.02


def judge_passage(run: ScenarioRun, lost: Check, order: Check, direct: Turn, relayed: Turn) -> None:
    """Judge that a relayed turn has what a direct one has, in the same order.

    Args:
        run: the scenario's.
        lost: the check that nothing is lost.
        order: the check that nothing is reordered.
        direct: the turn to compare with.
        relayed: the turn that is judged.

    """
    want, got = _outline(direct), _outline(relayed)
    missing = list((Counter(want) - Counter(got)).elements())
    said = relayed.text
    run.check(lost, not missing, f"expected the events of a direct turn, missed {missing}")
    run.check(
        lost,
        len(relayed.streamed) >= len(said),
        f"expected deltas of {len(said)} characters in all, got {len(relayed.streamed)}",
    )
    common = Counter(want) & Counter(got)
    run.check(
        order,
        _only(want, common) == _only(got, common),
        f"expected {', '.join(want)}, got {', '.join(got)}",
    )
    run.check(
        order,
        len(relayed.streamed) != len(said) or relayed.streamed == said,
        f"expected deltas that make up {said!r}, got {relayed.streamed!r}",
    )


async def refusal(connect: Callable[[], Awaitable[EventConnection]]) -> str:
    """Return how a connection is refused, in words that can be compared.

    Raises:
        EventNotReceived: if it is let in.

    """
    try:
        connection = await connect()
    except ConnectionRefused as refused:
        code = (refused.answer.error or {}).get("code") if refused.answer is not None else None
        return f"status {refused.status}, error {code}"
    closed = await connection.wait_closed()
    errors = [member(event.data, "error", "code") for event in connection.events]
    return f"errors {errors}, then close {closed.code} {closed.reason!r}"


def session_id(created: ReceivedEvent) -> str:
    """Return the id in a ``session.created``; empty if there is none."""
    return str(member(created.data, "session", "id") or "")


def control_of(run: ScenarioRun, relay: Relay) -> Control:
    """Return the control API of the service behind a relay.

    Raises:
        NotClaimed: if it has none.

    """
    if relay.control is None:
        raise NotClaimed(f"target {run.service.name} does not claim control")
    return relay.control


async def session_ended(run: ScenarioRun, control: Control, session: str) -> bool:
    """Return whether the service's session ends within the target's patience."""
    deadline = time.monotonic() + run.target.patience_s
    while any(each["id"] == session for each in (await control.state())["sessions"]):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_POLL_S)
    return True


def _outline(turn: Turn) -> list[str]:
    """Return the types in order; deltas in a row count once, how a text is cut up is free."""
    kinds: list[str] = []
    for event in turn.events:
        if not (event.type.endswith(".delta") and event.type in kinds[-1:]):
            kinds.append(event.type)
    return kinds


def _only(kinds: list[str], allowed: Counter[str]) -> list[str]:
    left = allowed.copy()
    kept = []
    for kind in kinds:
        if left[kind] > 0:
            left[kind] -= 1
            kept.append(kind)
    return kept
