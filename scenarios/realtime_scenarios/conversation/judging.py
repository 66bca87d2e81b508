"""What the scenarios of ``conversation`` share."""

from __future__ import annotations

from typing import Any

from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.connection import ReceivedEvent, member
from realtime_harness.journeys.exchange import expect_or_error
from realtime_harness.run import ScenarioRun
from realtime_scenarios.conversation import checks

__all__ = ["add_first"]


async def add_first(
    run: ScenarioRun, connection: EventConnection, item: dict[str, Any]
) -> ReceivedEvent | None:
    """Add the first item of a conversation; return ``None`` if items cannot be followed by ids.

    Judges ``ADDED`` and ``CLIENT_ID``. Everything else about items needs both.

    Raises:
        TargetViolation: if it is not added.

    """
    await connection.send({"type": "conversation.item.create", "item": item})
    with run.requiring(checks.ADDED):
        added = await expect_or_error(connection, "conversation.item.added")
    got = member(added.data, "item", "id")
    ok = got == item["id"]
    run.check(checks.CLIENT_ID, ok, f"expected id {item['id']}, got {got}", evidence=added)
    return added if ok else None
