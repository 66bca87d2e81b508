"""The suites against endpoints that have no control API: what needs one is not applicable."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest

from realtime_harness.lab import Lab
from realtime_harness.results import Run, read_run
from realtime_harness.verdicts import ExitCode, Verdict

NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
    finally:
        writer.close()


class Front:
    """A plain reverse proxy on a thread of its own, which has no control API behind it."""

    def __init__(self, port_behind: int) -> None:
        self.port = 0
        self._behind = port_behind
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(5)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            writer.close()
            return
        if b" /_fake" in head.partition(b"\r\n")[0]:
            writer.write(NOT_FOUND)
            writer.close()
            return
        if b"upgrade: websocket" not in head.lower():
            # Only the first request of a connection is looked at, so there is to be no second one.
            head = head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
        there, back = await asyncio.open_connection("127.0.0.1", self._behind)
        back.write(head)
        await asyncio.gather(pump(reader, back), pump(there, writer))

    def close(self) -> None:
        async def end() -> None:
            self._server.close()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


TIMED = ("rt.relay.added-delay-", "rt.relay.overhead-bound")
"""They measure time, which varies on a machine that does other things as well."""


def red(run: Run) -> list[str]:
    return [
        f"{each.check} in {each.scenario}: {each.reason}"
        for each in run.checks
        if each.verdict.is_red and not each.check.startswith(TIMED)
    ]


def run_suites(folder: Path, *words: str) -> tuple[int, Run]:
    """Run the suites by the command line, as a user does."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "REALTIME_", "OPENAI_", "RT_", "COV_"))
    }
    ended = subprocess.run(
        [sys.executable, "-m", "realtime_harness", "run", "--out", "run", *words],
        cwd=folder,
        env={**clean, "REALTIME_API_KEY": "sk-fake"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (folder / "run" / "run.json").is_file(), ended.stderr
    return ended.returncode, read_run(folder / "run")


@pytest.mark.skipif(find_spec("aiortc") is None, reason="needs the webrtc extra")
def test_all_suites_without_a_control_api(lab: Lab, tmp_path: Path) -> None:
    behind = urlsplit(lab.fake().base_url).port
    assert behind is not None
    front = Front(behind)
    try:
        code, run = run_suites(tmp_path, "--target", f"http://127.0.0.1:{front.port}/v1", "-n", "2")
    finally:
        front.close()
    assert not red(run)
    assert code in {ExitCode.OK, ExitCode.VIOLATIONS}
    told = Counter(each.reason for each in run.checks if each.verdict is Verdict.NOT_APPLICABLE)
    assert any("does not claim control" in reason for reason in told), told
    assert not run.info.switches


RELAY = """[targets.service]
base_url = "{service}"
api_key = "sk-fake"

[targets.ours]
kind = "relay"
via = "{via}"
base_url = "{relay}"
upstream = "service"
"""


@pytest.mark.parametrize(
    ("via", "suites", "judged", "aside"),
    [
        pytest.param(
            "ws",
            ("relay", "responses"),
            {"rt.relay.nothing-lost", "rt.relay.client-loss"},
            {"rt.relay.added-delay-text", "rt.relay.call-nothing-lost"},
            id="ws",
        ),
        pytest.param(
            "webrtc",
            ("relay",),
            {"rt.relay.call-nothing-lost", "rt.relay.caller-leaves"},
            {"rt.relay.nothing-lost", "rt.relay.text-overhead"},
            id="webrtc",
            marks=pytest.mark.skipif(find_spec("aiortc") is None, reason="needs the webrtc extra"),
        ),
    ],
)
def test_relay_of_the_users(
    lab: Lab, tmp_path: Path, via: str, suites: tuple[str, ...], judged: set[str], aside: set[str]
) -> None:
    service = lab.fake()
    relay = lab.relay(via, service)
    (tmp_path / "realtime-harness.toml").write_text(
        RELAY.format(service=service.base_url, via=via, relay=relay)
    )
    words = [word for suite in suites for word in ("--suite", suite)]
    _, run = run_suites(tmp_path, "--target", "ours", *words)
    assert not red(run)
    passed = {each.check for each in run.checks if each.verdict is Verdict.PASS}
    unjudged = {each.check for each in run.checks if each.verdict is Verdict.NOT_APPLICABLE}
    assert passed >= judged
    assert unjudged >= aside
    assert run.info.base_url == relay


def test_vendor_with_particulars(lab: Lab, tmp_path: Path) -> None:
    """Keys in a header of their own, refusals by HTTP: Azure, as a fake with its profile is."""
    service = lab.fake(profile="azure-ga")
    (tmp_path / "realtime-harness.toml").write_text(
        f'[targets.resource]\nkind = "azure"\nbase_url = "{service.base_url}"\n'
        'api_key = "sk-fake"\nmodel = "gpt-realtime"\n'
    )
    words = [word for suite in ("admission", "keys", "offers") for word in ("--suite", suite)]
    _, run = run_suites(tmp_path, "--target", "resource", *words)
    assert not red(run)
    assert run.info.profile == "azure-ga"
