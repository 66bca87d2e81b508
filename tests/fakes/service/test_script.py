"""Scripts and latency of a running service: set, changed, refused, and what they do to sockets."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from realtime_fakes.scripts import Script
from realtime_fakes.server import ServeOptions, Server

RESPOND = {"type": "response.create", "response": {"output_modalities": ["text"]}}


def say(text: str) -> dict[str, Any]:
    content = [{"type": "input_text", "text": text}]
    item = {"type": "message", "role": "user", "content": content}
    return {"type": "conversation.item.create", "item": item}


async def answer(socket: Any, text: str = "hello") -> str:
    await socket.send(say(text), RESPOND)
    events = await socket.until("response.done")
    return "".join(e["delta"] for e in events if e["type"] == "response.output_text.delta")


async def test_running_sessions_follow_a_new_script(client: Any) -> None:
    socket = await client.socket()
    assert await answer(socket) == "You said: hello"
    reply = await client.control("PUT", "/script", content="rules: [{say: 'Hi, {text}.'}]")
    assert reply.json() == {"source": "PUT /script", "rules": 1, "error": None}
    assert await answer(socket) == "Hi, hello."
    assert (await client.state())["script"] == reply.json()
    reply = await client.control("PUT", "/script")
    assert (reply.status_code, reply.json()) == (200, None)
    assert await answer(socket) == "You said: hello"


async def test_a_script_that_is_none_changes_nothing(client: Any) -> None:
    await client.control("PUT", "/script", content="rules: [{say: one}]")
    reply = await client.control("PUT", "/script", content="rules:\n  - sya: two")
    assert reply.status_code == 400
    assert reply.json()["error"]["message"].startswith("PUT /script:2: ")
    assert (await client.control("PUT", "/script", content=b"\xff")).status_code == 400
    assert await answer(await client.socket()) == "one"


async def test_a_service_may_have_a_script_and_a_latency_of_its_own(client: Any) -> None:
    body: dict[str, Any] = {"name": "x", "script": {"rules": [{"say": "mine"}]}}
    made = await client.control("POST", "/services", json={**body, "latency": "realistic"})
    assert made.status_code == 201
    base, client.addresses = client.addresses, {**client.addresses, **made.json()}
    state = await client.state()
    assert (state["latency"], state["script"]["rules"]) == ("realistic", 1)
    assert await answer(await client.socket()) == "mine"
    client.addresses = base
    assert await answer(await client.socket()) == "You said: hello"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"script": {"rules": [{"sya": 1}]}}, "rules[0].sya"),
        ({"latency": "slow"}, "instant, realistic"),
    ],
    ids=["script", "latency"],
)
async def test_a_service_is_not_made_from_what_is_wrong(
    client: Any, wrong: dict[str, Any], told: str
) -> None:
    reply = await client.control("POST", "/services", json={"name": "y", **wrong})
    assert reply.status_code == 400
    assert told in reply.json()["error"]["message"]
    assert (await client.control("POST", "/services", json={"name": "y"})).status_code == 201


async def test_the_connection_is_lost_amid_an_answer(client: Any) -> None:
    await client.control("PUT", "/script", content="rules: [{say: one, drop: true}]")
    socket = await client.socket()
    await socket.send(say("x"), RESPOND)
    events = await socket.until("response.output_text.delta")
    assert events[-1]["delta"] == "one"
    assert await socket.closed() == (1006, "")
    await client.state_until(lambda state: not state["sessions"])


async def test_a_sideband_is_lost_with_its_call(client: Any) -> None:
    await client.control("PUT", "/script", content="rules: [{drop: true}]")
    caller = await client.call()
    await caller.event()
    sideband = await client.socket(f"?call_id={caller.call_id}")
    await sideband.send(say("x"), RESPOND)
    await sideband.until("response.created")
    assert (await sideband.closed())[0] == 1006


async def test_options_take_rules_and_files(tmp_path: Path) -> None:
    script = Script([{"say": "one"}])
    async with Server(ServeOptions(port=0, script=script)) as server:
        assert server.default.describe()["script"]["rules"] == 1
    path = tmp_path / "s.yaml"
    path.write_text("rules: [{say: one}, {say: two}]")
    async with Server(ServeOptions(port=0, script=path, latency="realistic")) as server:
        described = server.default.describe()
        assert described["script"] == {"source": str(path), "rules": 2, "error": None}
        assert described["latency"] == "realistic"
        path.write_text("rules: [{say: one}]")
        os.utime(path, ns=(1, 1))
        assert server.default.describe()["script"]["rules"] == 1


@pytest.mark.parametrize("wrong", [{"latency": "slow"}, {"script": "/nowhere.yaml"}], ids=str)
def test_options_that_are_wrong_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"instant, realistic|cannot be read"):
        Server(ServeOptions(port=0, **wrong))
