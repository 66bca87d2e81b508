from __future__ import annotations

from collections.abc import Iterator

import pytest

from realtime_harness.clients.connection import ReceivedEvent
from realtime_harness.errors import EventNotReceived
from realtime_harness.journeys.relay_turn import first_ms, turns_by_way
from realtime_harness.journeys.text_turn import Turn
from realtime_harness.lab import Lab
from realtime_harness.run import ScenarioRun
from realtime_harness.runner import run_scenario
from realtime_harness.targets.target import Target
from realtime_harness.verdicts import Verdict

TEXT = "response.output_text.delta"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


@pytest.fixture(scope="module")
def fake(lab: Lab) -> Target:
    return lab.fake()


async def test_ways_alternate_and_the_order_turns_round(declared, check, lab, fake) -> None:
    taken: dict[str, list[Turn]] = {}

    async def travel(run: ScenarioRun) -> None:
        ways = {name: await run.websocket(name=name) for name in ("left", "right")}
        taken.update(await turns_by_way(ways, "How far?", rounds=4, warm_up=1))
        run.check(check(), True)

    outcome = await run_scenario(declared(travel), fake, lab=lab)
    assert outcome.results[0].verdict is Verdict.PASS, outcome.results[0].reason
    assert {name: len(turns) for name, turns in taken.items()} == {"left": 4, "right": 4}
    asked = sorted((turn.sent_ns, name) for name, turns in taken.items() for turn in turns)
    # The round that was thrown away went left, right.
    assert [name for _, name in asked] == ["right", "left", "left", "right"] * 2
    for turns in taken.values():
        assert all(0 < ms < 1000 for ms in first_ms(turns, TEXT))


def turn(*events: tuple[str, int]) -> Turn:
    made = [
        ReceivedEvent(data={"type": kind}, seq=n, t_ns=t_ns)
        for n, (kind, t_ns) in enumerate(events)
    ]
    return Turn(
        item_id="item_1",
        response_id="resp_1",
        events=made,
        text="",
        streamed="",
        usage={},
        response={},
        done=made[-1],
        sent_ns=1_000_000,
        first_text_ns=None,
        done_ns=9_000_000,
    )


def test_the_first_event_of_a_type_counts() -> None:
    turns = [turn(("a", 2_000_000), (TEXT, 3_500_000), (TEXT, 8_000_000))]
    assert first_ms(turns, TEXT) == [2.5]


def test_a_turn_without_such_an_event_is_the_targets_fault() -> None:
    with pytest.raises(EventNotReceived, match="audio"):
        first_ms([turn(("a", 2_000_000))], "audio")
