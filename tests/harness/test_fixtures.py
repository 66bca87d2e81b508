"""The fixtures in pytest processes of their own, with and without neighbours and workers."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PREAMBLE = """
import asyncio
import json

import pytest
import websockets
import websockets.sync.client

MESSAGE = {
    "type": "conversation.item.create",
    "item": {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "hello"}],
    },
}
CREATE = {"type": "response.create", "response": {"output_modalities": ["text"]}}


def arguments(fake):
    headers = {"Authorization": f"Bearer {fake.api_key}"}
    return {
        "uri": f"{fake.ws_url}?model=gpt-realtime", "additional_headers": headers, "proxy": None
    }


def turn(fake):
    with websockets.sync.client.connect(**arguments(fake)) as connection:
        connection.send(json.dumps(MESSAGE))
        connection.send(json.dumps(CREATE))
        while True:
            event = json.loads(connection.recv(5))
            if event["type"] == "response.output_text.done":
                text = event["text"]
            if event["type"] == "response.done":
                return text


async def async_turn(fake):
    async with websockets.connect(**arguments(fake)) as connection:
        await connection.send(json.dumps(MESSAGE))
        await connection.send(json.dumps(CREATE))
        async for frame in connection:
            event = json.loads(frame)
            if event["type"] == "response.done":
                return event["response"]["output"][0]["content"][0]["text"]
"""

SYNC = """
def test_turn(rt_fake, rt_evidence):
    assert turn(rt_fake) == "You said: hello"
    assert rt_evidence.sent("response.create")
    assert rt_evidence.received("response.done")


@pytest.mark.parametrize("number", range(6))
def test_alone(rt_fake, number):
    assert rt_fake.control.state()["sessions"] == []
    assert len(rt_fake.evidence) == 0
    turn(rt_fake)


@pytest.mark.rt_defect("status-200")
@pytest.mark.rt_fault("delay:5ms")
@pytest.mark.rt_fake(api_keys=["sk-mine"])
def test_options(rt_fake):
    assert rt_fake.api_key == "sk-mine"
    state = rt_fake.control.state()
    assert (state["defects"], state["faults"]) == (["status-200"], ["delay:5ms"])
    assert rt_fake.control.switch()["faults"] == []


@pytest.mark.rt_fault("disconnect:5")
def test_fault(rt_fake):
    with pytest.raises(websockets.ConnectionClosedError):
        turn(rt_fake)


@pytest.mark.rt_script({"when": {"text": "hello"}, "say": "Hello to you."})
def test_script(rt_fake, rt_script):
    assert turn(rt_fake) == "Hello to you."
    rt_script("script.yaml")
    assert turn(rt_fake) == "From a file."
    rt_script()
    assert turn(rt_fake) == "You said: hello"


def test_clock(rt_fake, rt_clock):
    assert rt_fake.control.state()["clock"]["kind"] == "virtual"
    before = rt_clock.now
    assert rt_clock.advance(3600) == before + 3600


@pytest.mark.rt_complete(ignore=["response.*"])
def test_complete(rt_fake):
    rt_fake.expect("conversation.item.create", MESSAGE)
    turn(rt_fake)


def test_scope(rt_server):
    with rt_server.fake() as one, rt_server.fake() as other:
        assert one.base_url != other.base_url


def test_without():
    pass
"""

ASYNC = """
async def test_async(rt_fake):
    created = rt_fake.expect("response.create")
    talk = asyncio.ensure_future(async_turn(rt_fake))
    assert (await created).data["response"] == CREATE["response"]
    assert await talk == "You said: hello"


@pytest.mark.rt_complete
async def test_async_complete(rt_fake):
    with rt_fake.in_any_order():
        rt_fake.expect("response.create")
        rt_fake.expect("conversation.item.create")
    await async_turn(rt_fake)
"""

ANYIO = """
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"
"""

FAILING = """
@pytest.mark.rt_complete
def test_unmet(rt_fake):
    rt_fake.expect("session.update", {"session": {"instructions": "Be brief"}})
    rt_fake.ignore("conversation.*", "response.*")
    turn(rt_fake)


@pytest.mark.rt_complete
def test_broken(rt_fake):
    rt_fake.expect("never")
    raise RuntimeError("of the test's own")


def test_wait(rt_fake):
    turn(rt_fake)
    rt_fake.expect("conversation.item.create", {"item": {"role": "system"}}).wait(0.01)


@pytest.mark.rt_script({"say": "x", "wen": {}})
def test_no_rule(rt_fake):
    pass
"""

CONFIG = """\
[pytest]
strict = true
filterwarnings = ["error"]
addopts = ["-p", "no:locust", "-p", "no:cacheprovider"]
"""

Pytest = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def pytest_on(tmp_path: Path, invoke: Callable[..., Any]) -> Pytest:
    """Runs pytest on a file of this text, with nothing but us and the plugins that are named."""

    def run(
        text: str, *arguments: str, plugins: tuple[str, ...] = (), config: str = ""
    ) -> subprocess.CompletedProcess[str]:
        (tmp_path / "pytest.toml").write_text(CONFIG + config)
        (tmp_path / "test_app.py").write_text(PREAMBLE + text)
        (tmp_path / "script.yaml").write_text("rules:\n  - say: From a file.\n")
        loaded = [word for name in plugins for word in ("-p", name)]
        done: subprocess.CompletedProcess[str] = invoke(
            "pytest",
            "-p",
            "realtime_harness.pytest_plugin",
            *loaded,
            *arguments,
            environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        )
        return done

    return run


ASYNCIO = 'asyncio_mode = "auto"\nasyncio_default_fixture_loop_scope = "function"\n'


@pytest.mark.parametrize(
    ("text", "options", "count"),
    [
        (SYNC, {}, 14),
        (SYNC + ASYNC, {"plugins": ("pytest_asyncio.plugin",), "config": ASYNCIO}, 16),
        (ANYIO + ASYNC, {"plugins": ("anyio.pytest_plugin",)}, 2),
    ],
    ids=["alone", "pytest-asyncio", "anyio"],
)
def test_fixtures(pytest_on: Pytest, text: str, options: dict[str, Any], count: int) -> None:
    done = pytest_on(text, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{count} passed" in done.stdout


def test_fixtures_with_workers(pytest_on: Pytest) -> None:
    done = pytest_on(SYNC, "-n2", plugins=("xdist.plugin",))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "14 passed" in done.stdout


def test_failures_can_be_read(pytest_on: Pytest) -> None:
    done = pytest_on(FAILING, "--junit-xml=junit.xml")
    assert re.search(r"\b3 failed, 1 error\b", done.stdout), done.stdout
    for text in [
        "1 unmet and 0 unexpected:",
        "expected that the application sends session.update with",
        "RuntimeError: of the test's own",
        "nearest miss: #",
        "item.role: expected 'system', got 'user'",
        "rt_evidence",
        "<- response.done",
        "Did you mean 'when'?",
    ]:
        assert text in done.stdout
    assert "never" not in done.stdout.partition("short test summary")[2]


def test_nothing_runs_that_nobody_asked_for(pytest_on: Pytest) -> None:
    text = """
import sys
import threading


def test_nothing():
    assert not {"aiohttp", "realtime_fakes", "realtime_harness.testing"} & set(sys.modules)
    assert threading.active_count() == 1
"""
    done = pytest_on(text)
    assert "1 passed" in done.stdout, done.stdout
