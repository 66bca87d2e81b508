"""What a service with the profile of Azure does otherwise than OpenAI's."""

from __future__ import annotations

import re

import pytest
import websockets

AZURE = "azure-ga"
OFFERED = {"headers": {"Content-Type": "application/sdp"}, "content": "v=0\r\n"}


@pytest.fixture
async def azure(open_world):
    return (await open_world(profile=AZURE)).client


async def minted(client):
    secret = await client.post("/realtime/client_secrets", json={})
    return secret.json()["value"]


async def refused(connecting) -> int:
    with pytest.raises(websockets.InvalidStatus) as refusal:
        await connecting
    return refusal.value.response.status_code


async def test_the_announced_root_is_the_vendors_own_and_the_other_works_too(azure):
    assert azure.addresses["base_url"].endswith("/openai/v1")
    assert azure.addresses["ws_url"].endswith("/openai/v1/realtime")
    azure.addresses["base_url"] = azure.addresses["base_url"].replace("/openai/v1", "/v1")
    assert (await azure.post("/realtime/client_secrets", json={})).status_code == 200


async def test_the_other_profile_has_one_root(client):
    client.addresses["base_url"] = client.addresses["base_url"].replace("/v1", "/openai/v1")
    assert (await client.post("/realtime/client_secrets", json={})).status_code == 404


@pytest.mark.parametrize("key", [None, "sk-nobodys"])
async def test_who_shows_no_good_key_is_refused_at_the_handshake(azure, key):
    assert await refused(azure.socket(key=key)) == 401


async def test_a_key_may_be_a_header_or_a_parameter(azure):
    for query, headers in (("", {"api-key": "sk-fake"}), ("&api-key=sk-fake", {})):
        socket = await azure.socket("?model=my-deployment" + query, key=None, headers=headers)
        created = await socket.event()
        assert created["session"]["model"] == "my-deployment"


async def test_the_other_profile_reads_no_such_header(client):
    socket = await client.socket(key=None, headers={"api-key": "sk-fake"})
    assert (await socket.event())["type"] == "error"


async def test_a_standard_key_opens_no_call(azure):
    answer = await azure.post("/realtime/calls?model=gpt-realtime", **OFFERED)
    assert answer.status_code == 401
    message = answer.json()["error"]["message"]
    assert message == "This operation requires ephemeral tokens for authentication"


async def test_a_call_is_named_in_hexadecimal(azure, silence):
    caller = await azure.call(track=silence, key=await minted(azure), query="")
    assert re.fullmatch(r"rtc_[0-9a-f]{32}", caller.call_id)
    created = await caller.event()
    assert re.fullmatch(r"sess_\w{21}", created["session"]["id"])


async def test_parts_come_twice_and_rate_limits_never(azure, say):
    socket = await azure.socket()
    await socket.event()
    await socket.send(say("hello"), {"type": "response.create"})
    events = await socket.until("response.done")
    parts = [e for e in events if e["type"].startswith("response.content_part.")]
    assert len(parts) == 2
    assert all(part["content"] == part["part"] for part in parts)
    await socket.send({"type": "input_audio_buffer.clear"})
    assert (await socket.event())["type"] == "input_audio_buffer.cleared"


async def test_errors_have_no_id_and_list_one_more_event(azure):
    socket = await azure.socket()
    await socket.event()
    await socket.send({"type": "nonsense", "event_id": "mine"})
    error = await socket.event()
    assert error["event_id"] is None
    assert error["error"]["event_id"] == "mine"
    assert "'transcription_session.update'" in error["error"]["message"]


@pytest.mark.parametrize("filtered", [True, False])
async def test_a_filtered_channel_gets_what_is_for_users(azure, silence, say, filtered):
    query = "?webrtcfilter=on" if filtered else ""
    caller = await azure.call(track=silence, key=await minted(azure), query=query)
    await azure.state_until(lambda state: bool(state["calls"][0]["attachments"]))
    sideband = await azure.socket(f"?call_id={caller.call_id}")
    modalities = {"output_modalities": ["text"]}
    await sideband.send(say("hello"), {"type": "response.create", "response": modalities})
    watched = {event["type"] for event in await sideband.until("response.done")}
    assert {"response.created", "response.output_item.done"} <= watched

    seen = {event["type"] for event in await caller.until("response.output_text.done")}
    private = {"session.created", "response.created", "conversation.item.done"}
    assert private & seen == (set() if filtered else private)


async def test_a_service_of_the_control_api_may_have_a_profile(world):
    made = await world.client.control("POST", "/services", json={"name": "cloud", "profile": AZURE})
    other = world.of(made.json())
    assert (await other.state())["profile"] == AZURE
    assert (await other.post("/realtime/client_secrets", json={})).status_code == 200
    refusal = await world.client.control(
        "POST", "/services", json={"name": "moon", "profile": "moon"}
    )
    assert refusal.status_code == 400
    assert "azure-ga" in refusal.json()["error"]["message"]


async def test_replies_have_an_id_of_azures_own(azure, client):
    for each, has in ((azure, True), (client, False)):
        reply = await each.post("/realtime/client_secrets", json={})
        assert ("apim-request-id" in reply.headers) is has
        assert reply.headers["X-Request-Id"]
