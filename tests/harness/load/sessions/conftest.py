from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from time import perf_counter_ns

import pytest

from realtime_harness.load.operation import Operation
from realtime_harness.load.pacing import Pacer
from realtime_harness.load.profile import Profile
from realtime_harness.load.sessions import Journey, World, journey_class
from realtime_harness.load.sessions.media import LITE, MEDIA
from realtime_harness.targets.target import Target

Opened = tuple[Journey, Operation]


@pytest.fixture
def begin() -> Callable[[str], Operation]:
    """An operation that is due now."""

    def begin(name: str) -> Operation:
        now = perf_counter_ns()
        return Operation(name=name, intended_ns=now, due_ns=now, sent_ns=now)

    return begin


@pytest.fixture
async def opened(
    profile: Callable[..., Profile], begin: Callable[[str], Operation]
) -> AsyncIterator[Callable[..., Awaitable[Opened]]]:
    """Open the session of a profile in this process, and close it in the end."""
    journeys: list[Journey] = []
    worlds: list[World] = []

    async def opened(target: Target, name: str, media: str = LITE, **changes: object) -> Opened:
        world = World(
            target=target,
            profile=profile(name, **changes),
            pacer=Pacer(lambda _: None),
            media=MEDIA[media],
        )
        worlds.append(world)
        journey = journey_class(world.profile.journey)(world, 0)
        journeys.append(journey)
        operation = begin("connect")
        await journey.open(operation)
        return journey, operation

    yield opened
    for journey in journeys:
        await journey.close()
    for world in worlds:
        await world.close()
