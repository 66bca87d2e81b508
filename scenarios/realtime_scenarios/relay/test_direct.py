"""The way without a relay, which the others are compared with."""

from __future__ import annotations

from realtime_harness.journeys.text_turn import text_turn
from realtime_harness.run import ScenarioRun
from realtime_harness.scenario import scenario
from realtime_harness.targets.capabilities import Capability


@scenario(suite="relay", checks=[], needs=[Capability.WEBSOCKET])
async def without_a_relay(run: ScenarioRun) -> None:
    """Turns that go directly keep the rules of the wire: relayed ones are compared with them."""
    client = await run.websocket(target=run.service)
    await client.expect("session.created")
    # The turns are to be compared whole.
    await client.send(
        {"type": "session.update", "session": {"type": "realtime", "truncation": "disabled"}}
    )
    await client.expect("session.updated", "error")
    for modality in ("text", "audio"):
        await text_turn(client, f"Answer in {modality}", modalities=[modality])
