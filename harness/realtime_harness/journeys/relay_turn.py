"""Turns taken on several ways in turn, to compare what the ways cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from realtime_harness.clients.base import EventConnection
from realtime_harness.errors import EventNotReceived
from realtime_harness.journeys.text_turn import Turn, text_turn

__all__ = ["first_ms", "turns_by_way"]


async def turns_by_way(
    ways: Mapping[str, EventConnection],
    text: str,
    *,
    rounds: int,
    modalities: Sequence[str] = ("text",),
    warm_up: int = 2,
) -> dict[str, list[Turn]]:
    """Take the same turn on each way in every round; return the turns by way, in order.

    The ways alternate within a round, and the order is turned round from one to the next, so that
    whatever else the machine does meets all of them alike: the n-th turns of two ways are a pair.

    Args:
        ways: connections to the same service, by name.
        text: the user's message.
        rounds: how many turns are returned for each way.
        modalities: ``output_modalities`` of the responses.
        warm_up: how many rounds are taken before and thrown away.

    Raises:
        TargetViolation: as :func:`~realtime_harness.journeys.text_turn.text_turn`.

    """
    taken: dict[str, list[Turn]] = {name: [] for name in ways}
    order = list(ways)
    for _ in range(warm_up + rounds):
        for name in order:
            taken[name].append(await text_turn(ways[name], text, modalities=modalities))
        order.reverse()
    return {name: turns[warm_up:] for name, turns in taken.items()}


def first_ms(turns: Sequence[Turn], kind: str) -> list[float]:
    """Return how long each turn took to its first event of type ``kind``, in milliseconds.

    Raises:
        EventNotReceived: if a turn has none.

    """
    return [_first_ms(turn, kind) for turn in turns]


def _first_ms(turn: Turn, kind: str) -> float:
    for event in turn.events:
        if event.type == kind:
            return (event.t_ns - turn.sent_ns) / 1e6
    raise EventNotReceived(
        expected=kind,
        lane="the turn",
        timeout_s=(turn.done_ns - turn.sent_ns) / 1e9,
        seen=[event.type for event in turn.events],
    )
