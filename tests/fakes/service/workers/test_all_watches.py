from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import websockets

PATIENCE_S = 10.0
ANSWER = {"type": "response.create", "response": {"output_modalities": ["text"]}}


def watch_of(client: Any, **options: Any) -> Any:
    url = client.addresses["control_url"].replace("http", "ws", 1) + "/watch"
    return websockets.connect(url, proxy=None, max_size=None, **options)


async def test_a_page_is_told_what_all_workers_do(client: Any) -> None:
    sockets = [await client.socket() for _ in range(12)]
    ids = {(await socket.event())["session"]["id"] for socket in sockets}
    spread = {
        each["worker"]: each["sessions"]
        for each in (await client.control("GET", "/workers")).json()
    }
    assert all(spread.values())
    async with watch_of(client) as page, asyncio.timeout(PATIENCE_S):
        sessions: dict[str, int] = {}
        answered: dict[str, int] = {}
        for socket in sockets:
            await socket.send(ANSWER)
        while len(sessions) < 12 or len(answered) < 12:
            message = json.loads(await page.recv())
            worker = message["worker"]
            if message["type"] == "state":
                sessions |= {each["id"]: worker for each in message["sessions"]}
                continue
            for entry in message["entries"]:
                if entry["kind"] == "event" and entry["data"]["type"] == "response.done":
                    answered[entry["session_id"]] = worker
        assert set(sessions) == ids
        assert sessions == answered
        assert {n: list(sessions.values()).count(n) for n in spread} == spread


async def test_an_event_is_sent_wherever_the_session_is(client: Any) -> None:
    for _ in range(6):
        socket = await client.socket()
        session_id = (await socket.event())["session"]["id"]
        path = f"/sessions/{session_id}/events"
        sent = await client.control("POST", path, content=json.dumps({"type": "nonsense"}))
        assert [event["type"] for event in sent.json()["events"]] == ["error"]
    missing = await client.control("POST", "/sessions/sess_none/events", content=b"{}")
    assert missing.status_code == 404


async def test_switches_are_adjusted_everywhere(client: Any) -> None:
    body = {"on": ["letter-by-letter"]}
    assert (await client.control("PATCH", "/switches", json=body)).status_code == 200
    for _ in range(6):
        assert (await client.control("GET", "/state")).json()["behaviours"] == body["on"]
    assert (await client.control("PATCH", "/switches", json={"off": body["on"]})).json()[
        "behaviours"
    ] == []


async def test_any_worker_has_the_page(client: Any) -> None:
    origin = client.addresses["base_url"].rpartition("/v1")[0]
    for _ in range(6):
        assert (await client.http.get(origin + "/")).status_code == 200
        assert (await client.control("GET", "/script")).json() is None
        assert len((await client.control("GET", "/services")).json()) == 1


@pytest.mark.parametrize("header", ["Origin", "Sec-Fetch-Site"])
async def test_foreign_pages_cannot_watch(client: Any, header: str) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        await watch_of(client, additional_headers={header: "https://a.example"})
    assert refused.value.response.status_code == 403
    assert (await client.control("GET", "/watch")).status_code == 426
