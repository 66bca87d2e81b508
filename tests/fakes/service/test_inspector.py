"""The page at ``/``: what serves it, what it is told, and who else may ask for that."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from typing import Any

import pytest
import websockets

from realtime_fakes.client_events import EVENTS_OF_CALLS, EVENTS_OF_TRANSLATIONS, NAMES
from realtime_fakes.inspector import watch
from realtime_fakes.inspector.watch import Unread
from realtime_fakes.journal import Journal, Record, Track
from realtime_fakes.shapes import Refusal

PATIENCE_S = 10.0
ANSWER = {"type": "response.create", "response": {"output_modalities": ["text"]}}
TRACK = Track("ws", "client", "sess_1")


def origin_of(client: Any) -> str:
    return client.addresses["base_url"].rpartition("/v1")[0]


@pytest.fixture
async def get(client):
    """Return a function that gets a path of the server."""

    async def get(path: str, **headers: str) -> Any:
        return await client.http.get(origin_of(client) + path, headers=headers)

    return get


class Watch:
    """What a page is told."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.messages: list[dict[str, Any]] = []

    async def until(self, reached) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = json.loads(await self.connection.recv())
                self.messages.append(message)
                if reached(message):
                    return message

    async def entry(self, reached) -> dict[str, Any]:
        """Return the first entry that is so."""
        found = await self.until(
            lambda m: m["type"] == "entries" and any(reached(e) for e in m["entries"])
        )
        return next(entry for entry in found["entries"] if reached(entry))


@pytest.fixture
async def open_watch(client):
    watches = []

    async def open_watch(of: Any = client, **options: Any) -> Watch:
        url = of.addresses["control_url"].replace("http", "ws", 1) + "/watch"
        watches.append(await websockets.connect(url, proxy=None, max_size=None, **options))
        return Watch(watches[-1])

    yield open_watch
    for each in watches:
        await each.close()


def named(type: str):
    return lambda entry: entry["kind"] == "event" and entry["data"]["type"] == type


# The page


async def test_all_of_the_page_is_served_and_locked_in(get):
    page = await get("/")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = dict(
        each.split(" ", 1) for each in page.headers["content-security-policy"].split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in page.headers
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=", page.text)
    wanted, seen = re.findall(r'(?:src|href)="(/_fake/[^"]+)"', page.text), set()
    assert wanted
    while wanted:
        path = wanted.pop()
        seen.add(path)
        reply = await get(path)
        assert reply.status_code == 200, path
        assert "innerHTML" not in reply.text
        for name in re.findall(r'from "\./([\w.]+)"|fetch\("\./([\w.]+)"\)', reply.text):
            path = "/_fake/inspector/" + "".join(name)
            wanted += [path] if path not in seen else []
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg|localhost)", reply.text), path
    assert len(seen) > 5


@pytest.mark.parametrize(
    "path",
    ["/_fake/inspector/nothing.js", "/_fake/inspector/..%2f__init__.py", "/_fake/inspector/%2e%2e"],
)
async def test_nothing_else_is_served(get, path):
    assert (await get(path)).status_code == 404


FOREIGN = [
    pytest.param({"Host": "rebound.example:8080"}, id="another name"),
    pytest.param({"Host": "127.0.0.1.example"}, id="a name that looks alike"),
    pytest.param({"Host": "10.0.0.1"}, id="another address"),
    pytest.param({"Origin": "http://evil.example"}, id="another page"),
    pytest.param({"Origin": "null"}, id="a sandboxed page"),
    pytest.param({"Origin": "http://127.0.0.1:1"}, id="another port"),
    pytest.param({"Sec-Fetch-Site": "cross-site"}, id="embedded elsewhere"),
    pytest.param({"Sec-Fetch-Site": "same-site"}, id="embedded on another port"),
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/state"), ("GET", "/services"), ("GET", "/watch"), ("PATCH", "/switches")],
)
async def test_foreign_pages_are_kept_out(client, method, path, headers):
    reply = await client.control(method, path, headers=headers)
    assert reply.status_code == 403
    assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize("headers", FOREIGN)
async def test_foreign_pages_cannot_watch(client, open_watch, headers):
    if "Host" in headers:
        # The client has a Host of its own, so this is a handshake by hand.
        reply = await client.control(
            "GET",
            "/watch",
            headers={
                **headers,
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            },
        )
        assert reply.status_code == 403
        return
    with pytest.raises(websockets.InvalidStatus) as refused:
        await open_watch(additional_headers=headers)
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.0.0.9"])
async def test_the_fakes_own_page_may(client, host):
    port = origin_of(client).rpartition(":")[2]
    headers = {"Host": f"{host}:{port}", "Sec-Fetch-Site": "same-origin"}
    headers["Origin"] = f"http://{headers['Host']}"
    reply = await client.control("PATCH", "/switches", json={}, headers=headers)
    assert reply.status_code == 200


async def test_links_lead_to_the_page_alone(get):
    visit = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert (await get("/", **visit)).status_code == 200
    assert (await get("/", Host="rebound.example")).status_code == 403
    assert (await get("/_fake/inspector/main.js", **visit)).status_code == 403


# What it is told


async def test_it_is_told_what_goes_on(client, open_watch, say):
    await client.post("/realtime/client_secrets", json={})
    page = await open_watch()
    state = await page.until(lambda m: m["type"] == "state")
    assert state["service"]["clock"] == {"kind": "real"}
    assert (state["service"]["keys"], state["sessions"]) == (1, [])
    secret = await page.entry(lambda e: e["kind"] == "request")
    assert (secret["seq"], secret["lane"]) == (0, "http")
    talker = await client.socket()
    session_id = (await talker.event())["session"]["id"]
    joined = await page.until(lambda m: m["type"] == "state" and m["sessions"])
    assert joined["service"] is None
    (session,) = joined["sessions"]
    assert (session["id"], session["items"]) == (session_id, 0)
    await talker.send(say("hello"), ANSWER)
    done = await page.entry(named("response.done"))
    assert (done["session_id"], done["connection"], done["direction"]) == (
        session_id,
        "client",
        "received",
    )
    journal = (await client.control("GET", "/journal")).json()["entries"]
    assert journal[done["seq"]]["data"] == done["data"]
    await talker.connection.close()
    await page.until(lambda m: m["type"] == "state" and m["ended"] == [session_id])
    order = [message["type"] for message in page.messages]
    assert order[:2] == ["state", "entries"]


async def test_it_is_told_what_was_before_and_in_order(client, open_watch, say):
    talker = await client.socket()
    for _ in range(60):
        await talker.send(say("hello"), ANSWER)
        await talker.until("response.done")
    page = await open_watch()
    await page.entry(lambda e: e["seq"] == 60 * 15)
    seqs = [e["seq"] for m in page.messages if m["type"] == "entries" for e in m["entries"]]
    assert seqs == sorted(set(seqs))
    assert seqs[0] == 0


async def test_switches_and_the_clock_are_told(open_world, open_watch):
    client = (await open_world(clock="virtual")).client
    page = await open_watch(client)
    first = await page.until(lambda m: m["type"] == "state")
    await client.control("POST", "/clock", json={"advance": 60})
    later = await page.until(lambda m: m["type"] == "state")
    before, now = (m["service"]["clock"]["now"] for m in (first, later))
    assert now == before + 60
    await client.control("PATCH", "/switches", json={"on": ["letter-by-letter"]})
    changed = await page.until(lambda m: m["type"] == "state")
    assert changed["service"]["behaviours"] == ["letter-by-letter"]


async def test_long_strings_are_cut(client, open_watch):
    page, talker = await open_watch(), await client.socket()
    await talker.send({"type": "x", "event_id": "e" * 100_000})
    entry = await page.entry(named("x"))
    assert entry["data"]["event_id"] == "e" * 1000 + "… [99000 more characters]"


async def test_what_is_no_text_is_told(client, open_watch):
    page = await open_watch()
    headers = [(b"User-Agent", b"\xff"), (b"Authorization", b"Bearer sk-fake")]
    await client.http.post(client.addresses["base_url"] + "/realtime/calls", headers=headers)
    await page.entry(lambda e: e["kind"] == "request")


async def test_a_page_that_does_not_read_costs_little_and_holds_nobody_up(
    client, world, say, monkeypatch
):
    monkeypatch.setattr(watch, "MOST_ENTRIES", 50)
    made = []
    monkeypatch.setattr(watch, "Unread", lambda seq: made.append(Unread(seq)) or made[-1])
    host, port = origin_of(client).removeprefix("http://").split(":")
    page = socket.create_connection((host, int(port)))
    page.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    page.sendall(
        f"GET /_fake/watch HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    talker = await client.socket()
    text = say("hello " * 5000)
    async with asyncio.timeout(30):
        while not made or made[0].skipped < 1000:
            await talker.send(text, ANSWER)
            await talker.until("response.done")
    kept = [record for _, record in made[0].take(10**9)]
    assert sum(record.number for record in kept[1:]) <= 50
    page.close()
    await talker.send(say("still there?"), ANSWER)
    await talker.until("response.done")


def test_what_waits_is_bounded():
    unread = Unread(7)
    for n in range(3 * watch.MOST_ENTRIES):
        unread.add(Record(n, TRACK, "sent", "{}", 1, None))
    assert unread.skipped == 2 * watch.MOST_ENTRIES
    assert next(unread.take(1))[0] == 7 + unread.skipped
    for n in range(5):
        unread.add(Record(n, TRACK, "sent", "x" * watch.MOST_BYTES, 1, None))
    assert len(list(unread.take(10**9))) == 1


def test_nobody_is_told_anything_once_the_page_is_gone():
    journal, heard = Journal(), []
    listener = heard.append
    journal.listen(listener)
    journal.request({})
    journal.unlisten(listener)
    journal.request({})
    assert len(heard) == 1
    assert journal.newest(1)[0] == 2


async def test_pages_leave_nothing_behind(client, world, open_watch, monkeypatch):
    journal, left = world.server.default.journal, asyncio.Event()
    unlisten = journal.unlisten
    monkeypatch.setattr(journal, "unlisten", lambda heard: (unlisten(heard), left.set()))
    page = await open_watch()
    await page.until(lambda m: m["type"] == "state")
    await page.connection.close()
    async with asyncio.timeout(PATIENCE_S):
        await left.wait()
    assert journal._listeners == []


async def test_a_service_that_ends_says_goodbye(client, open_watch):
    added = (await client.control("POST", "/services", json={"name": "other"})).json()
    page = await open_watch(type(client)(added, client.http, client.stack))
    await page.until(lambda m: m["type"] == "state")
    await client.control("DELETE", "/services/other")
    with pytest.raises(websockets.ConnectionClosed):
        await page.until(lambda m: False)
    assert page.connection.close_code == 1001


async def test_watching_is_done_over_a_websocket(client):
    assert (await client.control("GET", "/watch")).status_code == 426


# What it steers


async def test_some_are_switched_on_and_off(client):
    async def adjust(on=(), off=()):
        body = {"on": list(on), "off": list(off)}
        reply = await client.control("PATCH", "/switches", json=body)
        assert reply.status_code == 200, reply.text
        return reply.json()

    scoped = "letter-by-letter:key=sk-something-long"
    await adjust(on=[scoped, "status-200"])
    found = await adjust(on=["delay:5ms", "status-200"])
    (shown,) = found["behaviours"]
    assert "sk-something" not in shown
    assert (found["defects"], found["faults"]) == (["status-200"], ["delay:5ms"])
    found = await adjust(off=["status-200", "delay:5ms", "not-on"])
    assert found == {"defects": [], "behaviours": [shown], "faults": []}
    assert (await adjust(off=[shown]))["behaviours"] == []
    refused = await client.control("PATCH", "/switches", json={"on": ["no-such-thing"]})
    assert refused.status_code == 400
    assert (await client.control("PATCH", "/switches", json={"on": "x"})).status_code == 400


async def test_all_that_can_be_switched_on_is_told(client):
    known = (await client.control("GET", "/switches")).json()
    for what, least in (("defects", 50), ("behaviours", 5), ("faults", 5)):
        assert len(known[what]) > least
        assert all(each["name"] and each["summary"] for each in known[what])
    names = [each["name"] for what in ("defects", "behaviours") for each in known[what]]
    reply = await client.control("PUT", "/switches", json={"defects": names})
    assert reply.status_code == 200


async def test_the_script_in_force(client, open_world):
    assert (await client.control("GET", "/script")).json() is None
    text = "rules:\n  - say: hello  # always\n"
    await client.control("PUT", "/script", content=text)
    shown = (await client.control("GET", "/script")).json()
    assert (shown["rules"], shown["text"], shown["error"]) == (1, text, None)


async def test_services_are_listed(client):
    await client.control("POST", "/services", json={"name": "other"})
    default, other = (await client.control("GET", "/services")).json()
    assert (
        default.items()
        >= {"name": "default", "control_url": client.addresses["control_url"]}.items()
    )
    assert other["control_url"].endswith("/_fake/services/other")


async def test_an_event_is_sent_to_any_session(client, say):
    talker = await client.socket()
    session_id = (await talker.event())["session"]["id"]
    path = f"/sessions/{session_id}/events"
    sent = await client.control("POST", path, content=json.dumps(say("psst")))
    types = [event["type"] for event in sent.json()["events"]]
    assert types == ["conversation.item.added", "conversation.item.done"]
    assert (await talker.event())["type"] == "conversation.item.added"
    sent = await client.control("POST", path, content='{"type": "nonsense"}')
    assert [event["type"] for event in sent.json()["events"]] == ["error"]
    sent = await client.control("POST", path, content="no JSON")
    assert sent.json()["events"][0]["error"]["type"] == "invalid_request_error"
    (session,) = (await client.state())["sessions"]
    assert session["attachments"][1:] == [{"role": "sideband", "name": "inspector"}]
    await talker.until("conversation.item.done")
    await talker.send(ANSWER)
    await talker.until("response.done")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        pytest.param("/sessions/sess_none/events", b"{}", 404, id="nobody there"),
        pytest.param("/sessions/{id}/events", b"\xff", 400, id="no text"),
    ],
)
async def test_an_event_that_cannot_be_sent(client, path, body, status):
    talker = await client.socket()
    path = path.format(id=(await talker.event())["session"]["id"])
    assert (await client.control("POST", path, content=body)).status_code == status


async def test_templates_are_events_that_may_be_sent(get):
    text = (await get("/_fake/inspector/templates.json")).text
    templates = json.loads(text.replace("$silence", "AAAA"))
    types = {template["event"]["type"] for template in templates}
    assert types >= set(NAMES) | {"output_audio_buffer.clear"}
    for template in templates:
        shape = EVENTS_OF_TRANSLATIONS if template.get("for") == "translation" else EVENTS_OF_CALLS
        try:
            shape(template["event"])
        except Refusal as refusal:
            raise AssertionError((template, refusal)) from None
