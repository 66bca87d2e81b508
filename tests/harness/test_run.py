from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from realtime_harness.errors import HarnessError
from realtime_harness.evidence import Lane, Recorder
from realtime_harness.lab import Lab
from realtime_harness.metrics import Interval
from realtime_harness.run import Call, ScenarioRun
from realtime_harness.scenario import Scenario
from realtime_harness.targets.target import Target

Open = Callable[[Target], ScenarioRun]


@pytest.fixture
def open_run(declared: Callable[..., Scenario], recorder: Recorder) -> Open:
    async def sample(run: ScenarioRun) -> None:
        """Show something."""

    scenario = declared(sample)
    return lambda target: ScenarioRun(scenario, target, lab=None, recorder=recorder)


@pytest.fixture
async def run(open_run: Open, target: Target) -> AsyncIterator[ScenarioRun]:
    async with open_run(target) as run:
        yield run


@pytest.fixture(scope="module")
def fake() -> Iterator[Target]:
    with Lab() as lab:
        yield lab.fake()


def test_names_are_unique_on_their_lane(open_run: Open, target: Target) -> None:
    run = open_run(target)
    names = [run.unique_name(Lane.SIDEBAND, "sideband") for _ in range(3)]
    assert names == ["sideband", "sideband-2", "sideband-3"]
    assert run.unique_name(Lane.WEBSOCKET, "sideband") == "sideband"
    asyncio.run(run.close())


async def test_measuring(run: ScenarioRun) -> None:
    run.measure("lag", 2, "ms")
    run.measure("overhead", Interval(median=1.0, low=0.5, high=1.5, n=20), "ms")
    assert run.measurements == {
        "lag": {"value": 2, "unit": "ms"},
        "overhead": {"median": 1.0, "low": 0.5, "high": 1.5, "n": 20, "unit": "ms"},
    }
    assert [entry.data["text"] for entry in run.evidence] == ["measured lag", "measured overhead"]


async def test_lab_is_asked_for_in_vain(run: ScenarioRun) -> None:
    with pytest.raises(HarnessError, match="without a lab"):
        _ = run.lab


async def test_target_without_control_api(run: ScenarioRun) -> None:
    assert run.control is None


async def test_one_session_three_ways_in(open_run: Open, fake: Target) -> None:
    pytest.importorskip("aiortc")
    call: Call
    async with open_run(fake) as run:
        assert run.control is not None
        socket = await run.websocket()
        assert (await socket.receive()).type == "session.created"
        call = await run.call()
        assert (await call.events.receive()).type == "session.created"
        sideband = await run.sideband(call.id, retry_s=2)
        await sideband.send(
            {"type": "response.create", "response": {"output_modalities": ["text"]}}
        )
        seen = await sideband.expect("response.done")
        same = await call.events.expect("response.done")
        assert seen.data["event_id"] == same.data["event_id"]
        state = await run.control.state()
        assert [each["id"] for each in state["calls"]] == [call.id]
    assert socket.closed is not None
    assert socket.closed.by_us
    assert sideband.closed is not None
    assert call.events.closed is not None


async def test_query_without_model(open_run: Open, fake: Target) -> None:
    async with open_run(fake) as run:
        socket = await run.websocket(query={"foo": "bar"})
        assert (await socket.receive()).type == "error"
        assert [
            entry.data["url"].partition("?")[2] for entry in run.evidence if "url" in entry.data
        ] == ["foo=bar"]


async def test_virtual_time(open_run: Open, fake: Target) -> None:
    async with open_run(fake) as run:
        clock = await run.enter_virtual_time()
        assert run.target.base_url != fake.base_url
        before = (await clock.state())["clock"]
        after = (await clock.advance(3600))["clock"]
        assert after == {"kind": "virtual", "now": before["now"] + 3600}
        connection = await run.websocket()
        created = await connection.expect("session.created")
        assert created.data["session"]["expires_at"] == int(after["now"]) + 3600
        await clock.advance(3601)
        assert (await connection.wait_closed()).code == 1001
    async with open_run(fake) as run:
        assert (await run.control.state())["clock"]["kind"] == "real"


async def test_virtual_time_needs_a_clock(run: ScenarioRun) -> None:
    with pytest.raises(HarnessError, match="no clock"):
        await run.enter_virtual_time()
