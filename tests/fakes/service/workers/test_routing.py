from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import websockets

from realtime_fakes import control
from realtime_fakes.workers.routing import RULES

SCRIPT = "rules:\n  - say: by script\n"
ANSWER = {"type": "response.create", "response": {"output_modalities": ["text"]}}
MANY = 12


def test_every_route_of_the_control_api_has_a_rule() -> None:
    routes = {
        (method, root + path)
        for routes, roots in (
            (control.SERVICE_ROUTES, ("/_fake", "/_fake/services/{service}")),
            (control.SERVER_ROUTES, ("/_fake",)),
        )
        for method, path, _ in routes
        for root in roots
        if "{call_id}" not in path
    }
    assert set(RULES) == routes | {("GET", "/_fake/workers")}


async def answers(sockets: list[Any]) -> set[str]:
    """Return what is answered in all of these sessions."""
    said = set()
    for socket in sockets:
        await socket.send(ANSWER)
        (item,) = (await socket.until("response.done"))[-1]["response"]["output"]
        said.add(item["content"][0]["text"])
    return said


async def greeted(client: Any, number: int = MANY, **options: Any) -> list[Any]:
    sockets = [await client.socket(**options) for _ in range(number)]
    for socket in sockets:
        assert (await socket.event())["type"] == "session.created"
    return sockets


async def test_a_script_reaches_all_sessions(client: Any) -> None:
    sockets = await greeted(client)
    put = await client.control("PUT", "/script", content=SCRIPT)
    assert put.status_code == 200, put.text
    assert await answers(sockets) == {"by script"}
    wrong = await client.control("PUT", "/script", content="rules: 1")
    assert wrong.status_code == 400
    assert await answers(sockets) == {"by script"}


async def test_switches_reach_all_sessions_and_all_or_none_change(client: Any) -> None:
    sockets = await greeted(client)
    behaviours = {"behaviours": ["letter-by-letter"]}
    assert (await client.control("PUT", "/switches", json=behaviours)).json()["behaviours"]
    wrong = await client.control("PUT", "/switches", json={"defects": ["nope"]})
    assert wrong.status_code == 400
    assert (await client.state())["behaviours"] == ["letter-by-letter"]
    for socket in sockets:
        await socket.send(ANSWER)
        deltas = [e["delta"] for e in await socket.until("response.done") if "delta" in e]
        assert set(map(len, deltas)) == {1}


async def test_a_session_is_found_wherever_it_is(client: Any) -> None:
    sockets = await greeted(client)
    sessions = [session["id"] for session in (await client.state())["sessions"]]
    assert len(sessions) == MANY
    only = {"behaviours": ["letter-by-letter"]}
    for session in sessions[1:]:
        put = await client.control("PUT", f"/sessions/{session}/switches", json=only)
        assert put.status_code == 200, put.text
    assert len((await client.state())["behaviours"]) == MANY - 1
    for session in sessions:
        dropped = await client.control("POST", f"/sessions/{session}/drop")
        assert dropped.status_code == 200
    assert {(await socket.closed())[0] for socket in sockets} == {1006}
    assert (await client.control("POST", "/sessions/sess_none/drop")).status_code == 404


async def test_time_of_a_service_passes_in_all_workers(
    client: Any, client_of: Callable[..., Any]
) -> None:
    asked = {"name": "later", "clock": "virtual", "now": 1_800_000_000.5}
    made = await client.control("POST", "/services", json=asked)
    assert made.status_code == 201, made.text
    assert (await client.control("POST", "/services", json=asked)).status_code == 409
    later = client_of(made.json())
    minted = (await later.post("/realtime/client_secrets", json={})).json()
    assert minted["expires_at"] == 1_800_000_600
    sockets = await greeted(later, query="", key=minted["value"])
    for _ in range(MANY):
        advanced = await later.control("POST", "/clock", json={"advance": 100})
        assert advanced.status_code == 200
    now = {(await later.state())["clock"]["now"] for _ in range(MANY)}
    assert now == {1_800_000_000.5 + 100 * MANY}
    for _ in range(MANY):
        refused = await later.socket("", key=minted["value"])
        assert (await refused.event())["error"]["code"] == "invalid_api_key"
    # An hour is over for all, whichever worker they are in.
    await later.control("POST", "/clock", json={"advance": 3600})
    for socket in sockets:
        assert (await socket.until("error"))[-1]["error"]["code"] == "session_expired"
    deleted = await client.control("DELETE", "/services/later")
    assert deleted.status_code == 204
    for _ in range(4):
        with pytest.raises(websockets.InvalidStatus):
            await later.socket()
        assert (await later.control("GET", "/state")).status_code == 404


async def test_the_clock_of_the_machine_stays_as_it_is(client: Any) -> None:
    for _ in range(4):
        refused = await client.control("POST", "/clock", json={"advance": 1})
        assert refused.status_code == 409


async def test_changes_come_in_the_same_order_to_all(client: Any) -> None:
    choices = [["letter-by-letter"], ["one-piece"]]
    await asyncio.gather(
        *(
            client.control("PUT", "/switches", json={"behaviours": choices[number % 2]})
            for number in range(20)
        )
    )
    assert (await client.state())["behaviours"] in choices


async def test_a_reset_ends_what_goes_on_in_all_workers(client: Any) -> None:
    sockets = await greeted(client)
    await client.post("/realtime/client_secrets", json={})
    reset = await client.control("POST", "/reset")
    assert (reset.json()["sessions"], reset.json()["keys"]) == ([], [])
    assert {(await socket.closed())[0] for socket in sockets} == {1000}
    assert (await client.control("GET", "/journal")).json()["entries"] == []


async def test_what_all_workers_held_back_is_told(client: Any) -> None:
    await client.control("PUT", "/switches", json={"faults": ["delay:5ms"]})
    sockets = await greeted(client)
    told = (await client.control("GET", "/delays")).json()
    created = told["events"]["session.created"]
    assert (created["count"], created["p50_ms"]) == (len(sockets), 5.0)
    assert (await client.control("DELETE", "/delays")).json()["events"] == {}


async def test_the_journals_are_one_in_the_order_of_time(client: Any, say: Any) -> None:
    sockets = await greeted(client)
    for number in range(2 * MANY):
        await sockets[number % MANY].send(say(f"{number}"))
        await sockets[number % MANY].until("conversation.item.done")
    journal = (await client.control("GET", "/journal")).json()
    entries = journal["entries"]
    order = [entry["seq"] for entry in entries]
    assert order == sorted(set(order))
    times = [entry["t_ns"] for entry in entries]
    assert times == sorted(times)
    sent = [e for e in entries if e["kind"] == "event" and e["direction"] == "sent"]
    assert [e["data"]["item"]["content"][0]["text"] for e in sent] == [
        str(number) for number in range(2 * MANY)
    ]
    assert len({(e["connection"], e["session_id"]) for e in sent}) == MANY
    assert len({e["connection"] for e in sent}) == MANY
    assert journal["dropped"] == 0


async def test_a_journal_that_is_read_in_parts_is_read_whole(client: Any, say: Any) -> None:
    sockets = await greeted(client, 4)
    found: list[dict[str, Any]] = []

    async def read() -> None:
        after = found[-1]["seq"] if found else -1
        reply = await client.control("GET", f"/journal?after={after}")
        found.extend(reply.json()["entries"])

    for number in range(12):
        await sockets[number % 4].send(say(f"{number}"))
        await read()
    for socket in sockets:
        for _ in range(3):
            await socket.until("conversation.item.done")
    await read()
    assert found == (await client.control("GET", "/journal")).json()["entries"]
    (one, *_) = {entry["session_id"] for entry in found} - {None}
    reply = await client.control("GET", f"/journal?session_id={one}&after={found[0]['seq']}")
    assert {entry["session_id"] for entry in reply.json()["entries"]} == {one}
    assert (await client.control("GET", "/journal?after=x")).status_code == 400
