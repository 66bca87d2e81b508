from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import ssl
import sys
import weakref

import httpx2
import pytest
import websockets

from realtime_fakes.server import ServeOptions, Server, serve

CHILD = """
import asyncio, sys
from realtime_fakes.server import ServeOptions, serve
asyncio.run(serve(ServeOptions(port=0, ready_file=sys.argv[1])))
"""


async def test_the_ready_file(tmp_path):
    path = tmp_path / "ready.json"
    serving = asyncio.ensure_future(serve(ServeOptions(port=0, ready_file=str(path))))
    for _ in range(500):
        if path.exists():
            break
        await asyncio.sleep(0.01)
    ready = json.loads(path.read_text())
    assert set(ready) == {
        "base_url",
        "ws_url",
        "api_key",
        "control_url",
        "profile",
        "calls_need_ephemeral_key",
        "models_are_deployments",
        "pid",
    }
    assert ready["base_url"].startswith("http://127.0.0.1:")
    assert ready["base_url"].endswith("/v1")
    assert ready["ws_url"] == ready["base_url"].replace("http:", "ws:") + "/realtime"
    assert ready["control_url"] == ready["base_url"].removesuffix("/v1") + "/_fake"
    assert (ready["api_key"], ready["pid"]) == ("sk-fake", os.getpid())
    assert path.read_text().endswith("}\n")
    async with httpx2.AsyncClient(trust_env=False) as http:
        assert (await http.get(ready["control_url"] + "/state")).status_code == 200
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signals_end_it_cleanly(number):
    """Ready through a pipe, a session and a call open, then a signal: nothing is complained of."""
    reader, writer = os.pipe()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        "-c",
        CHILD,
        f"/dev/fd/{writer}",
        pass_fds=[writer],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(writer)
    with os.fdopen(reader) as pipe:
        ready = json.loads(await asyncio.wait_for(asyncio.to_thread(pipe.readline), 20))
    assert ready["pid"] == process.pid
    headers = {"Authorization": f"Bearer {ready['api_key']}"}
    url = ready["ws_url"] + "?model=gpt-realtime"
    async with websockets.connect(url, additional_headers=headers, proxy=None) as socket:
        await asyncio.wait_for(socket.recv(), 5)
        process.send_signal(number)
        with pytest.raises(websockets.ConnectionClosed) as caught:
            await asyncio.wait_for(socket.recv(), 5)
        assert caught.value.rcvd.code == 1001
    out, err = await asyncio.wait_for(process.communicate(), 10)
    assert (process.returncode, out, err) == (0, b"", b"")


async def test_closing_ends_sessions_and_calls(open_world):
    world = await open_world()
    socket = await world.client.socket()
    caller = await world.client.call()
    await caller.event()
    await world.server.close()
    assert (await socket.closed())[0] == 1001
    async with asyncio.timeout(5):
        await caller.gone.wait()


@pytest.mark.parametrize("removes", ["service", "sessions"])
async def test_what_is_over_is_let_go_of(open_world, silence, removes):
    """A service with all that was in it; or, of one that goes on, sessions and calls."""
    world = await open_world()
    server = world.server
    client = world.of(server.addresses(server.add_service("passing")))
    await client.post("/realtime/client_secrets", json={})
    sockets = [await client.socket()]
    await sockets[0].event()
    caller = await client.call(track=silence)
    sockets.append(await client.socket(f"?call_id={caller.call_id}"))
    await client.state_until(lambda state: state["sessions"][1]["input_audio_ms"] >= 100)

    def parts():
        service = server.services["passing"]
        hosts = service.hosts.values()
        yield from (*hosts, *(host.media for host in hosts if host.media is not None))
        if removes == "service":
            yield from (service, service.keys, service.calls, service.trunk, service.journal)

    left = [weakref.ref(part) for part in parts()]
    assert len(left) == {"sessions": 3, "service": 8}[removes]
    if removes == "service":
        await server.remove_service("passing")
    else:
        await server.services["passing"].reset()
    for socket in sockets:
        await socket.closed()
    async with asyncio.timeout(5):
        await caller.gone.wait()
        while any(ref() is not None for ref in left):
            # Who served them is about to leave.
            await asyncio.sleep(0.01)
            gc.collect()


async def test_tls(open_world):
    world = await open_world(tls=True)
    ready = world.server.ready
    assert ready["base_url"].startswith("https://127.0.0.1:")
    assert ready["ws_url"].startswith("wss://127.0.0.1:")
    context = ssl.create_default_context(cafile=ready["ca_file"])
    for host in ("127.0.0.1", "localhost"):
        base = ready["control_url"].replace("127.0.0.1", host)
        async with httpx2.AsyncClient(verify=context, trust_env=False) as http:
            assert (await http.get(base + "/state")).status_code == 200
    socket = await world.client.socket(ssl=context)
    assert (await socket.event())["type"] == "session.created"
    await socket.connection.close()
    await world.server.close()
    with pytest.raises(FileNotFoundError):
        os.stat(ready["ca_file"])


@pytest.mark.parametrize(
    "options",
    [
        {"profile": "none"},
        {"clock": "sundial"},
        {"defects": ["none"]},
        {"behaviours": ["none"]},
    ],
    ids=lambda options: next(iter(options)),
)
def test_options_that_do_not_exist(options):
    with pytest.raises(ValueError, match=r"none|sundial"):
        Server(ServeOptions(**options))


async def test_a_port_that_is_taken(open_world):
    world = await open_world()
    port = int(world.server.ready["base_url"].split(":")[2].partition("/")[0])
    with pytest.raises(OSError, match="address already in use"):
        async with Server(ServeOptions(port=port)):
            pass


async def test_several_keys(open_world):
    client = (await open_world(api_keys=("sk-one", "sk-two"))).client
    assert client.addresses["api_key"] == "sk-one"
    for key in ("sk-one", "sk-two"):
        socket = await client.socket(key=key)
        assert (await socket.event())["type"] == "session.created"


async def test_a_seed_repeats_identifiers(open_world):
    names = []
    for _ in range(2):
        client = (await open_world(seed=7, clock="virtual")).client
        created = await (await client.socket()).event()
        names.append(created["session"]["id"][-16:])
    assert names[0] == names[1]
