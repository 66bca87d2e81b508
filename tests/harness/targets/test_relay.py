from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from urllib.parse import parse_qs, urlsplit

import pytest

from realtime_harness.clients.websocket import Auth
from realtime_harness.journeys.text_turn import text_turn
from realtime_harness.lab import Lab
from realtime_harness.run import ScenarioRun
from realtime_harness.runner import run_scenario
from realtime_harness.targets.relay import open_relay
from realtime_harness.targets.target import Target
from realtime_harness.verdicts import Verdict


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


@pytest.fixture(scope="module")
def fake(lab: Lab) -> Target:
    return lab.fake()


def test_one_process_for_each_kind_and_origin_serves_all_paths(lab: Lab, fake: Target) -> None:
    other = replace(fake, base_url=fake.base_url.replace("/v1", "/_fake/services/x/v1"))
    first = lab.relay("ws", fake)
    assert lab.relay("ws", other) == first
    assert lab.relay("webrtc", fake) != first


async def converse(declared, lab, target, function):
    """Run a coroutine as a scenario; return its outcome."""
    outcome = await run_scenario(declared(function), target, lab=lab)
    [result] = outcome.results
    assert result.verdict is Verdict.PASS, result.reason
    return outcome


async def test_a_turn_goes_through_the_websocket_relay(declared, check, lab, fake) -> None:
    async def talk(run: ScenarioRun) -> None:
        relay = await run.relay("ws")
        for auth in (Auth.HEADER, Auth.SUBPROTOCOL):
            connection = await relay.websocket(auth=auth)
            turn = await text_turn(connection, "hello")
            run.check(check(), "hello" in turn.text, turn.text)

    outcome = await converse(declared, lab, fake, talk)
    assert {entry.connection for entry in outcome.evidence} >= {"relayed", "relayed-2"}


@pytest.mark.skipif(find_spec("aiortc") is None, reason="needs the webrtc extra")
async def test_a_turn_goes_through_the_webrtc_relay(declared, check, lab, fake) -> None:
    async def talk(run: ScenarioRun) -> None:
        relay = await run.relay("webrtc")
        call = await relay.call(session={"type": "realtime", "model": "gpt-realtime"})
        turn = await text_turn(call.events, "hello")
        run.check(check(), "hello" in turn.text, turn.text)

    await converse(declared, lab, fake, talk)


async def test_delay_and_defects_are_told_with_each_connection(declared, check, lab, fake) -> None:
    defective = replace(fake, switches={"defects": ["relay-slow", "relay-reorders"]})

    async def look(run: ScenarioRun) -> None:
        relay = await open_relay(run, "ws", delay_ms=40)
        told = parse_qs(urlsplit(relay.target.websocket_url(model="m")).query)
        run.check(
            check(),
            told
            == {
                "model": ["m"],
                "relay_delay_ms": ["40"],
                "relay_defect": ["relay-slow,relay-reorders"],
            },
            str(told),
        )
        run.check(check(), urlsplit(relay.base_url).path == "/v1", relay.base_url)
        run.check(check(), relay.target.control_url == fake.control_url, "control stays")

    await converse(declared, lab, defective, look)


async def test_two_scenarios_that_ask_at_once_get_one_process(lab: Lab, fake: Target) -> None:
    asked = [asyncio.to_thread(lab.relay, "ws", fake) for _ in range(4)]
    assert len(set(await asyncio.gather(*asked))) == 1
