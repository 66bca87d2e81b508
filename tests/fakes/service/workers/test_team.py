from __future__ import annotations

import asyncio
from typing import Any

import pytest
import websockets

from realtime_fakes.ids import shard_of

MANY = 16
"""Connections, of which all reach the same of two workers once in 32,768 times."""

UPDATE = {"type": "session.update", "session": {"type": "realtime", "instructions": "Be brief."}}
SIP_SESSION = {"type": "realtime", "model": "gpt-realtime", "output_modalities": ["text"]}


async def workers(client: Any) -> list[dict[str, Any]]:
    return (await client.control("GET", "/workers")).json()


async def passed_on(client: Any) -> int:
    return sum(worker["passed_on"] for worker in await workers(client))


async def test_connections_are_spread_and_each_is_served_whole(client: Any, say: Any) -> None:
    sockets = [await client.socket() for _ in range(MANY)]
    for number, socket in enumerate(sockets):
        await socket.send(say(f"number {number}"))
        await socket.send({"type": "response.create", "response": {"output_modalities": ["text"]}})
    for number, socket in enumerate(sockets):
        events = await socket.until("response.done")
        (item,) = events[-1]["response"]["output"]
        assert f"number {number}" in item["content"][0]["text"]
    busy = [worker["sessions"] for worker in await workers(client)]
    assert sum(busy) == MANY
    assert all(busy)
    assert len({session["id"] for session in (await client.state())["sessions"]}) == MANY


async def test_a_call_is_reached_from_wherever_a_request_arrives(client: Any) -> None:
    caller = await client.call()
    await caller.event()
    before = await passed_on(client)
    sidebands = [await client.socket(f"?call_id={caller.call_id}") for _ in range(MANY)]
    owner = shard_of(caller.call_id)
    assert [w["worker"] for w in await workers(client) if w["calls"]] == [owner]
    assert 0 < await passed_on(client) - before < MANY
    (call,) = (await client.state())["calls"]
    assert len(call["attachments"]) == 1 + MANY

    await sidebands[0].send(UPDATE)
    updated = await caller.event()
    for sideband in sidebands:
        assert await sideband.event() == updated

    hangup = await client.post(f"/realtime/calls/{caller.call_id}/hangup")
    assert hangup.status_code == 200
    assert {await sideband.closed() for sideband in sidebands} == {(1000, "")}
    await asyncio.wait_for(caller.gone.wait(), 10)
    assert (await client.state())["calls"] == []


async def test_a_phone_call_is_decided_upon_by_any_worker(client: Any) -> None:
    before = await passed_on(client)
    calls = [(await client.control("POST", "/sip/calls", json={})).json() for _ in range(MANY)]
    for call in calls:
        accepted = await client.post(f"/realtime/calls/{call['id']}/accept", json=SIP_SESSION)
        assert accepted.status_code == 200, accepted.text
        assert (await client.control("GET", f"/sip/calls/{call['id']}")).json()[
            "state"
        ] == "answered"
    assert {call["state"] for call in (await client.state())["calls"]} == {"answered"}
    assert 0 < await passed_on(client) - before < 2 * MANY


@pytest.mark.parametrize(
    "call_id",
    ["rtc_u1_E4TeW0000000000000000", "rtc_u2_E4TeW0000000000000000", "rtc_" + "2" * 32, "rtc_u9_x"],
)
async def test_calls_that_there_are_not_are_refused_alike(client: Any, call_id: str) -> None:
    refused = set()
    for _ in range(8):
        reply = await client.post(f"/realtime/calls/{call_id}/hangup")
        refused.add((reply.status_code, reply.text))
        with pytest.raises(websockets.InvalidStatus) as caught:
            await client.socket(f"?call_id={call_id}")
        response = caught.value.response
        refused.add((response.status_code, response.body.decode()))
    ((status, body),) = refused
    assert status == 404
    assert "call_id_not_found" in body


async def test_an_ephemeral_key_opens_all_workers_at_once(client: Any) -> None:
    for _ in range(4):
        minted = await client.post(
            "/realtime/client_secrets",
            json={"session": {"type": "realtime", "instructions": "Rhyme."}},
        )
        key = minted.json()["value"]
        sockets = await asyncio.gather(*(client.socket("", key=key) for _ in range(8)))
        for socket in sockets:
            assert (await socket.event())["session"]["instructions"] == "Rhyme."
    assert all(worker["sessions"] for worker in await workers(client))
    assert len((await client.state())["keys"]) == 4


async def test_keys_may_be_made_everywhere_at_once(client: Any) -> None:
    session = {"session": {"type": "realtime"}}
    for _ in range(4):
        made = await asyncio.gather(
            *(client.post("/realtime/client_secrets", json=session) for _ in range(MANY))
        )
        assert {reply.status_code for reply in made} == {200}
    state = await client.state()
    assert len({key["id"] for key in state["keys"]}) == 4 * MANY


async def test_a_key_that_one_worker_takes_back_opens_none(client: Any) -> None:
    defects = {"defects": ["refusal-spends-the-key"]}
    assert (await client.control("PUT", "/switches", json=defects)).status_code == 200
    minted = await client.post("/realtime/client_secrets", json={"session": {"type": "realtime"}})
    key = minted.json()["value"]
    offer = {"content": "no offer", "headers": {"Content-Type": "application/sdp"}}
    assert (await client.post("/realtime/calls", key=key, **offer)).status_code == 400
    for _ in range(8):
        socket = await client.socket("", key=key)
        assert (await socket.event())["error"]["code"] == "invalid_api_key"
    assert (await client.state())["keys"] == []


async def test_a_key_for_one_socket_opens_no_second_one_anywhere(client: Any) -> None:
    defects = {"defects": ["ephemeral-key-once"]}
    assert (await client.control("PUT", "/switches", json=defects)).status_code == 200
    minted = await client.post("/realtime/client_secrets", json={"session": {"type": "realtime"}})
    key = minted.json()["value"]
    first = await client.socket("", key=key)  # is not even read from
    for _ in range(8):
        socket = await client.socket("", key=key)
        assert (await socket.event())["error"]["code"] == "invalid_api_key"
    assert (await first.event())["type"] == "session.created"


async def test_what_passes_between_workers_cannot_be_claimed_by_clients(client: Any) -> None:
    call = (await client.control("POST", "/sip/calls", json={})).json()
    claimed = {"X-Realtime-Fake-Passed": '{"remote":"10.0.0.1","scheme":"x","is_final":true}'}
    for _ in range(8):
        found = await client.control("GET", f"/sip/calls/{call['id']}", headers=claimed)
        assert found.status_code == 200
        assert len((await client.control("GET", "/state", headers=claimed)).json()["calls"]) == 1
        keys = await client.control("POST", "/workers/keys", json=[])
        assert keys.status_code == 404


async def test_pages_in_a_browser_reach_no_worker(client: Any) -> None:
    for method, path in (("GET", "/state"), ("POST", "/reset"), ("GET", "/workers")):
        for _ in range(4):
            reply = await client.control(method, path, headers={"Origin": "https://a.example"})
            assert reply.status_code == 403, (method, path, reply.text)
