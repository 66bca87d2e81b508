from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
import websockets

from realtime_fakes.scripts import Script
from realtime_fakes.server import ServeOptions, Server, serve
from realtime_harness.lab import Lab, Process
from realtime_harness.verdicts import ExitCode

TWO = ["fake", "--port=0", "--workers=2"]


def worker_pids(process: Process) -> list[int]:
    """Return the process ids of the workers."""
    url = process.ready["control_url"] + "/workers"
    verify: Any = True
    if "ca_file" in process.ready:
        verify = ssl.create_default_context(cafile=process.ready["ca_file"])
    workers = httpx2.get(url, trust_env=False, verify=verify).json()
    assert [worker["worker"] for worker in workers] == [1, 2]
    return [worker["pid"] for worker in workers]


def test_it_is_one_process_to_whoever_started_it(lab: Lab, until_gone: Any) -> None:
    process = lab.start(TWO)
    assert process.ready["pid"] == process.popen.pid
    pids = worker_pids(process)
    assert process.popen.pid not in pids
    process.popen.send_signal(signal.SIGTERM)
    assert process.popen.wait(5) == 0
    until_gone(*pids, timeout_s=0.1)
    assert process.tail() == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_sockets_learn_that_the_server_goes_away(
    lab: Lab, client_of: Callable[..., Any], number: int
) -> None:
    process = await asyncio.to_thread(lab.start, TWO)
    client = client_of(process.ready)
    call = (await client.control("POST", "/sip/calls", json={})).json()["id"]
    session = {"type": "realtime", "model": "gpt-realtime"}
    accepted = await client.post(f"/realtime/calls/{call}/accept", json=session)
    assert accepted.status_code == 200
    sockets = [await client.socket() for _ in range(8)]
    sockets += [await client.socket(f"?call_id={call}") for _ in range(8)]
    process.popen.send_signal(number)
    assert [await one.closed() for one in sockets] == [(1001, "")] * 16
    assert await asyncio.to_thread(process.popen.wait, 5) == 0
    assert process.tail() == ""


def test_workers_do_not_outlive_a_supervisor_that_was_killed(lab: Lab, until_gone: Any) -> None:
    process = lab.start([*TWO, "--tls"])
    pids = worker_pids(process)
    directory = Path(process.ready["ca_file"]).parent
    assert directory.is_dir()
    os.kill(process.popen.pid, signal.SIGKILL)
    until_gone(*pids)
    assert not directory.exists()


@pytest.mark.parametrize("place", [0, 1])
def test_one_worker_less_ends_it_all(lab: Lab, until_gone: Any, place: int) -> None:
    process = lab.start(TWO)
    pids = worker_pids(process)
    os.kill(pids[place], signal.SIGKILL)
    assert process.popen.wait(6) == ExitCode.HARNESS_FAULT
    until_gone(*pids, timeout_s=0.1)
    said = f"worker {place + 1} (pid {pids[place]}) was killed by signal 9, so all were ended"
    assert process.tail() == f"realtime-harness: {said}"


def test_it_ends_with_its_standard_input(until_gone: Any, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    with (
        os.fdopen(reader) as ready,
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "realtime_harness",
                *TWO,
                "--until-eof",
                f"--ready-file=/dev/fd/{writer}",
            ],
            stdin=subprocess.PIPE,
            pass_fds=[writer],
        ) as popen,
    ):
        os.close(writer)
        assert json.loads(ready.readline())["pid"] == popen.pid
        assert popen.stdin is not None
        popen.stdin.close()
        assert popen.wait(5) == 0


def test_a_port_belongs_to_one_fake(lab: Lab) -> None:
    port = lab.start(TWO).ready["base_url"].rpartition(":")[2].removesuffix("/v1")
    for workers in ("1", "2"):
        refused = subprocess.run(
            [
                sys.executable,
                "-m",
                "realtime_harness",
                "fake",
                f"--port={port}",
                f"--workers={workers}",
            ],
            capture_output=True,
            text=True,
            timeout=20,
        )
        assert refused.returncode == ExitCode.USAGE
        assert "cannot listen: " in refused.stderr
        assert "in use" in refused.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"workers": 0}, "0 workers: there can be 1 to 9"),
        ({"workers": 10}, "10 workers: there can be 1 to 9"),
        ({"workers": 2, "script": Script(())}, "has to be in a file"),
        ({"workers": 2, "defects": ["nope"]}, "no switch named 'nope'"),
        ({"workers": 2, "script": "/nowhere.yaml"}, "/nowhere.yaml"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
async def test_what_cannot_be_served_is_refused_before_anything_starts(
    options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        await serve(ServeOptions(port=0, **options))


def test_a_server_by_itself_is_one_process() -> None:
    with pytest.raises(ValueError, match="several workers are several processes"):
        Server(ServeOptions(port=0, workers=2))


async def test_where_the_system_does_not_spread_connections_they_share_a_socket(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, client_of: Callable[..., Any], until_gone: Any
) -> None:
    monkeypatch.setattr("realtime_fakes.workers.supervisor._SPREADS", False)
    reader, writer = os.pipe()
    serving = asyncio.create_task(
        serve(ServeOptions(port=0, workers=2, ready_file=f"/dev/fd/{writer}"))
    )
    with os.fdopen(reader) as ready:
        try:
            line = await asyncio.wait_for(asyncio.to_thread(ready.readline), 10)
            client = client_of(json.loads(line))
            call = (await client.control("POST", "/sip/calls", json={})).json()["id"]
            for _ in range(8):
                found = await client.control("GET", f"/sip/calls/{call}")
                assert found.status_code == 200
            pids = [each["pid"] for each in (await client.control("GET", "/workers")).json()]
            assert len(set(pids)) == 2
        finally:
            os.close(writer)
            serving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await serving
    until_gone(*pids, timeout_s=0.1)


async def ids(lab: Lab, client_of: Callable[..., Any], seed: str) -> dict[str, list[str]]:
    """Return the letters of the first ids of each worker."""
    process = await asyncio.to_thread(lab.start, [*TWO, f"--seed={seed}"])
    client = client_of(process.ready)
    found: dict[str, list[str]] = {"1": [], "2": []}
    async with asyncio.timeout(10):
        while min(map(len, found.values())) < 3:
            call = (await client.control("POST", "/sip/calls", json={})).json()["id"]
            found[call[5]].append(call[-16:])
    return {shard: letters[:3] for shard, letters in found.items()}


async def test_a_seed_repeats_the_ids_of_each_worker(
    lab: Lab, client_of: Callable[..., Any]
) -> None:
    first, again = await ids(lab, client_of, "7"), await ids(lab, client_of, "7")
    assert first == again
    assert not set(first["1"]) & set(first["2"])


async def test_over_tls_calls_are_reached_as_well(lab: Lab, client_of: Callable[..., Any]) -> None:
    process = await asyncio.to_thread(lab.start, [*TWO, "--tls"])
    context = ssl.create_default_context(cafile=process.ready["ca_file"])
    base, key = process.ready["base_url"], {"Authorization": "Bearer sk-fake"}
    async with httpx2.AsyncClient(
        verify=context,
        trust_env=False,
        headers=key,
        limits=httpx2.Limits(max_keepalive_connections=0),
    ) as http:
        control = process.ready["control_url"]
        call = (await http.post(control + "/sip/calls", json={})).json()["id"]
        body = {"type": "realtime", "model": "gpt-realtime"}
        accepted = await http.post(f"{base}/realtime/calls/{call}/accept", json=body)
        assert accepted.status_code == 200
        url = f"{process.ready['ws_url']}?call_id={call}"
        sockets = [
            await websockets.connect(url, additional_headers=key, ssl=context, proxy=None)
            for _ in range(12)
        ]
        workers = (await http.get(control + "/workers")).json()
        assert any(worker["passed_on"] for worker in workers)
        entries = (await http.get(control + "/journal")).json()["entries"]
        urls = [e["data"]["url"] for e in entries if e["kind"] == "request"]
        assert {each.partition(":")[0] for each in urls} == {"https"}
        hangup = await http.post(f"{base}/realtime/calls/{call}/hangup")
        assert hangup.status_code == 200
        for one in sockets:
            await asyncio.wait_for(one.wait_closed(), 10)
        assert {one.close_code for one in sockets} == {1000}


async def test_a_script_is_read_again_by_all_when_it_changes(
    lab: Lab, client_of: Callable[..., Any], tmp_path: Path
) -> None:
    script = tmp_path / "script.yaml"
    script.write_text("rules:\n  - say: before\n")
    process = await asyncio.to_thread(lab.start, [*TWO, f"--script={script}"])
    client = client_of(process.ready)
    sockets = [await client.socket() for _ in range(12)]
    for said in ("before", "after it changed"):
        script.write_text(f"rules:\n  - say: {said}\n")
        for one in sockets:
            await one.send({"type": "response.create", "response": {"output_modalities": ["text"]}})
            (item,) = (await one.until("response.done"))[-1]["response"]["output"]
            assert item["content"][0]["text"] == said


@pytest.mark.parametrize("host", ["localhost", "::1", "0.0.0.0"])
def test_other_addresses(lab: Lab, host: str) -> None:
    if host == "::1":
        try:
            with socket.create_server(("::1", 0), family=socket.AF_INET6):
                pass
        except OSError:
            pytest.skip("no IPv6 here")
    process = lab.start([*TWO, f"--host={host}"])
    assert len(worker_pids(process)) == 2


async def test_a_virtual_clock_shows_the_same_time_in_all(
    lab: Lab, client_of: Callable[..., Any]
) -> None:
    process = await asyncio.to_thread(lab.start, [*TWO, "--clock=virtual"])
    client = client_of(process.ready)
    minted = (await client.post("/realtime/client_secrets", json={})).json()
    now = (await client.state())["clock"]["now"]
    # Up to the last moment of the key, and over it.
    await client.control("POST", "/clock", json={"advance": minted["expires_at"] - now - 0.001})
    for _ in range(8):
        socket = await client.socket("", key=minted["value"])
        assert (await socket.event())["type"] == "session.created"
    await client.control("POST", "/clock", json={"advance": 0.002})
    for _ in range(8):
        socket = await client.socket("", key=minted["value"])
        assert (await socket.event())["error"]["code"] == "invalid_api_key"
