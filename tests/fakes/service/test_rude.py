"""Rude answers say the same as polite ones."""

from __future__ import annotations

import pytest

from realtime_fakes.behaviours.rude import SWITCHES

TAPPED = [switch.name for switch in SWITCHES if switch.event is not None]


async def turn(open_world, say, *behaviours):
    client = (await open_world(behaviours=behaviours)).client
    socket = await client.socket()
    await socket.event()
    text = {"output_modalities": ["text"]}
    await socket.send(say("hello out there"), {"type": "response.create", "response": text})
    return await socket.until("response.done")


@pytest.mark.parametrize("name", TAPPED)
async def test_the_text_is_the_same(open_world, say, name):
    events = await turn(open_world, say, name)
    deltas = [e["delta"] for e in events if e["type"] == "response.output_text.delta"]
    (done,) = [e for e in events if e["type"] == "response.output_text.done"]
    assert "".join(deltas) == done["text"] == "You said: hello out there"
    lengths = {"letter-by-letter": 25, "one-piece": 1}
    assert len(deltas) == lengths.get(name, 5)
    ids = [e["event_id"] for e in events]
    assert len(set(ids)) == len(ids)


async def test_what_is_added(open_world, say):
    (done,) = (await turn(open_world, say, "fields-of-the-future"))[-1:]
    assert done["x_future"] == done["response"]["output"][0]["content"][0]["x_future"]
    types = {e["type"] for e in await turn(open_world, say, "events-of-the-future")}
    assert {kind for kind in types if ".x_" in kind or kind.startswith("x_")}


async def test_rate_limits_come_first(open_world, say):
    types = [e["type"] for e in await turn(open_world, say, "rate-limits-first")]
    assert types.index("rate_limits.updated") == types.index("response.created") + 1
