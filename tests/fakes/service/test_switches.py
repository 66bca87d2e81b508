"""What is on for whom: everybody, a key, a session; at the start and while it runs."""

from __future__ import annotations

import pytest

from realtime_fakes.switches import Switch, Switchboard

NAME = "letter-by-letter"
SECRET = "sk-0123456789abcdef"


async def deltas(socket, say):
    """Have a turn; return the number of deltas of its text: 13 letters in three words."""
    text = {"output_modalities": ["text"]}
    await socket.send(say("hello"), {"type": "response.create", "response": text})
    events = await socket.until("response.done")
    return sum(event["type"] == "response.output_text.delta" for event in events)


async def put(client, path="/switches", **switches):
    return (await client.control("PUT", path, json=switches)).json()


async def minted(client, **request):
    """Return a new ephemeral key."""
    return (await client.post("/realtime/client_secrets", json={}, **request)).json()["value"]


@pytest.fixture
async def two_keys(open_world):
    return (await open_world(api_keys=["sk-fake", SECRET])).client


@pytest.mark.parametrize("is_at_start", [True, False])
async def test_a_behaviour_for_a_key(open_world, say, is_at_start):
    on = [f"{NAME}:key={SECRET}"]
    options = {"behaviours": on} if is_at_start else {}
    client = (await open_world(api_keys=["sk-fake", SECRET], **options)).client
    sockets = {key: await client.socket(key=key) for key in ("sk-fake", SECRET)}
    if not is_at_start:
        # Sessions that run go by it from now on.
        await put(client, behaviours=on)
    assert await deltas(sockets["sk-fake"], say) == 3
    assert await deltas(sockets[SECRET], say) == 15
    await put(client)
    assert await deltas(sockets[SECRET], say) == 3


async def test_what_a_key_has_made_belongs_to_it(two_keys, say):
    await put(two_keys, behaviours=[f"{NAME}:key={SECRET}"])
    ours, others = await minted(two_keys, key=SECRET), await minted(two_keys)
    assert await deltas(await two_keys.socket(key=ours), say) == 15
    assert await deltas(await two_keys.socket(key=others), say) == 3


async def test_a_decision_for_a_key_and_for_a_session(two_keys, say):
    socket, other = await two_keys.socket(key=SECRET), await two_keys.socket()
    session_id = (await other.event())["session"]["id"]
    for scope in (f"key={SECRET}", f"session={session_id}"):
        await put(two_keys, behaviours=[f"rate-limited:{scope}"])
        failed = []
        for each in (socket, other):
            await each.send(say("hello"), {"type": "response.create"})
            failed.append((await each.until("response.done"))[-1]["response"]["status"])
        assert failed == (["failed", "completed"] if "key" in scope else ["completed", "failed"])


@pytest.mark.parametrize(
    ("key", "status", "media_type"),
    [
        ("sk-fake", 400, "application/json"),
        (SECRET, 400, "text/plain"),
        ("sk-unknown", 403, "application/json"),
        ("sk-another", 401, "application/json"),
    ],
)
async def test_replies_go_by_the_key_that_is_shown(two_keys, key, status, media_type):
    await put(
        two_keys, defects=[f"refusal-as-text:key={SECRET}", "bad-key-is-forbidden:key=sk-unknown"]
    )
    reply = await two_keys.post("/realtime/calls?model=gpt-realtime", key=key, json={})
    assert reply.status_code == status
    assert reply.headers["Content-Type"].startswith(media_type)


async def test_an_answer_goes_by_the_key_of_its_call(open_world):
    world = await open_world(api_keys=["sk-fake", SECRET])
    upside_down = Switch(name="upside-down", summary="", answer=lambda sdp: sdp + "a=x-1\r\n")
    world.server.default.switchboard = Switchboard([upside_down])
    await put(world.client, defects=[f"upside-down:key={SECRET}"])
    answers = [(await world.client.call(key=key)).answer for key in ("sk-fake", SECRET)]
    assert [answer.endswith("a=x-1\r\n") for answer in answers] == [False, True]


async def test_parties_of_a_session_go_by_their_own_keys(two_keys, silence, say):
    await put(two_keys, behaviours=[f"{NAME}:key={SECRET}"])
    caller = await two_keys.call(track=silence)
    await caller.event()
    aside = await two_keys.socket(f"?call_id={caller.call_id}", key=SECRET)
    text = {"type": "response.create", "response": {"output_modalities": ["text"]}}
    caller.send(say("hello"), text)
    counts = []
    for party in (caller, aside):
        events = await party.until("response.done")
        counts.append(sum(event["type"] == "response.output_text.delta" for event in events))
    assert counts == [3, 15]


async def test_switches_of_one_session(client, say):
    socket, other = await client.socket(), await client.socket()
    ids = [(await each.event())["session"]["id"] for each in (socket, other)]
    await put(client, behaviours=["no-rate-limits"])
    path = f"/sessions/{ids[0]}/switches"
    on = await put(client, path, behaviours=[NAME], faults=["drop:on=response.created"])
    assert on == {
        "defects": [],
        "behaviours": ["no-rate-limits", f"{NAME}:session={ids[0]}"],
        "faults": [f"drop:on=response.created,session={ids[0]}"],
    }
    assert [(s["switches"], s["faults"]) for s in (await client.state())["sessions"]] == [
        (on["behaviours"], on["faults"]),
        (["no-rate-limits"], []),
    ]
    assert [await deltas(each, say) for each in (socket, other)] == [15, 3]
    # The next list takes the place of the last one, and of nothing else.
    on = await put(client, path)
    assert on == {"defects": [], "behaviours": ["no-rate-limits"], "faults": []}
    assert await deltas(socket, say) == 3


async def test_a_session_takes_its_switches_with_it(client):
    socket = await client.socket()
    session_id = (await socket.event())["session"]["id"]
    await put(client, f"/sessions/{session_id}/switches", behaviours=[NAME])
    await socket.connection.close()
    await client.state_until(lambda state: not state["sessions"])
    assert (await client.state())["behaviours"] == []


async def test_keys_are_not_shown(two_keys):
    on = {"defects": [f"status-200:key={SECRET}"], "faults": [f"drop:2,key={SECRET}"]}
    shown = {"defects": ["status-200:key=…cdef"], "behaviours": [], "faults": ["drop:2,key=…cdef"]}
    assert await put(two_keys, **on) == shown
    assert SECRET not in str(await two_keys.state())


@pytest.mark.parametrize(
    ("switches", "said"),
    [
        ({"defects": ["none"]}, "no switch named 'none'; `realtime-harness list defects` and"),
        (
            {"defects": ["status-200:kye=sk-1"]},
            "defect 'status-200': no parameter 'kye'; known: key, session",
        ),
        ({"behaviours": [f"{NAME}:sk-1"]}, f"behaviour '{NAME}': 'sk-1': write parameter=value"),
        (
            {"defects": ["relay-slow:key=sk-1"]},
            "defect 'relay-slow' is one of the relays: leave key= and session= away",
        ),
        ({"faults": ["drop:2,kye=sk-1"]}, "fault 'drop': no parameter 'kye'; known: every, "),
    ],
)
async def test_errors_name_the_switch_and_the_remedy(client, switches, said):
    await put(client, behaviours=[NAME])
    assert (await put(client, **switches))["error"]["message"].startswith(said)
    assert (await client.state())["behaviours"] == [NAME]


async def test_a_session_that_there_is_not(client):
    reply = await client.control("PUT", "/sessions/sess_none/switches", json={})
    assert reply.status_code == 404
    assert "GET /state shows" in reply.json()["error"]["message"]


async def test_a_session_switch_names_no_other_session(client):
    session_id = (await (await client.socket()).event())["session"]["id"]
    refused = await put(
        client, f"/sessions/{session_id}/switches", behaviours=[f"{NAME}:session=sess_2"]
    )
    assert "leave session= away" in refused["error"]["message"]


async def test_what_is_decided_about_keys_goes_by_who_made_them(open_world):
    """An ephemeral key outlives its time for one application, and not for the other."""
    world = await open_world(api_keys=["sk-fake", SECRET], clock="virtual")
    board = world.server.default.switchboard
    late = Switch(name="late", summary="", policy={"key_grace_s": 3600.0})
    world.server.default.switchboard = Switchboard([late], board.everybody.policy)
    await put(world.client, defects=[f"late:key={SECRET}"])
    keys = [await minted(world.client, key=key) for key in ("sk-fake", SECRET)]
    await world.client.control("POST", "/clock", json={"advance": 601})
    greeted = [(await (await world.client.socket(key=key)).event())["type"] for key in keys]
    assert greeted == ["error", "session.created"]


def test_a_fault_that_is_on_goes_on_when_another_one_comes() -> None:
    board, ramp = Switchboard([]), "delay:1ms..2ms,over=60s"
    board.set([], [ramp])
    (before,) = board.everybody.faults
    board.set([], ["drop:on=a", ramp])
    assert board.everybody.faults[1] is before
    board.set([])
    board.set([], [ramp])
    # It was off meanwhile.
    assert board.everybody.faults[0] is not before
