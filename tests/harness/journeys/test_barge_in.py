from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from realtime_harness.clients.connection import member
from realtime_harness.journeys.barge_in import ask_for_a_story, have_stories, wait_for_end
from realtime_harness.lab import Lab
from realtime_harness.run import ScenarioRun
from realtime_harness.runner import run_scenario
from realtime_harness.scenario import Scenario
from realtime_harness.verdicts import Verdict


async def test_a_story_goes_on_until_it_is_cancelled(
    declared: Callable[..., Scenario], check: Callable[..., Any]
) -> None:
    async def interrupting(run: ScenarioRun) -> None:
        """Cancel a story."""
        await have_stories(run)
        client = await run.websocket()
        story = await ask_for_a_story(client)
        assert not [event for event in client.events if event.type == "response.done"]
        await client.send({"type": "response.cancel"})
        done = await wait_for_end(client, story)
        assert await wait_for_end(client, story) is done
        status = member(done.data, "response", "status")
        run.check(check(), status == "cancelled", f"got {status}")

    with Lab() as lab:
        target = await asyncio.to_thread(lab.fake)
        outcome = await run_scenario(declared(interrupting), target, lab=lab)
    assert [(r.verdict, r.reason) for r in outcome.results] == [(Verdict.PASS, "")]
