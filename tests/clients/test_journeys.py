"""The stock SDKs in environments of their own: the same four conversations through each of them.

A client is a program that gets a job as JSON and gives back what came of it: the events as they
arrived, what the SDK took for an error, the sound and the history that it holds.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import ssl
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from realtime_fakes.audience import Role
from realtime_fakes.server import ServeOptions, Server
from realtime_fakes.switches import Event, Switch, Switchboard
from realtime_harness.audio import speech
from realtime_harness.contract.schemas import server_event_errors
from realtime_harness.lab import Lab, fake_target
from realtime_harness.targets.target import Target

if TYPE_CHECKING:
    from playwright.async_api import Page

FOLDER = Path(__file__).parent
TIMEOUT_S = 40
TOOL = {
    "type": "function",
    "name": "weather",
    "description": "Tells the weather.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a job."""

    events: list[dict[str, Any]]
    errors: list[str]
    """What the SDK reported as such."""
    rejected: list[str]
    """Types of the events that did not fit the SDK's own schemas."""
    sound: bytes
    """24 kHz PCM16, as the SDK handed it out or as it was played."""
    interruptions: int | None
    """How often the SDK said that the user had interrupted; ``None`` if it knows no such thing."""
    history: str | None
    """The conversation that the SDK holds, as JSON; ``None`` if it holds none."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Result:
        return cls(
            events=data["events"],
            errors=data["errors"],
            rejected=data.get("rejected", []),
            sound=base64.b64decode(data["sound"]),
            interruptions=data.get("interruptions"),
            history=json.dumps(data["history"]) if "history" in data else None,
        )

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]

    def transcripts(self) -> list[str]:
        """What was heard of the user."""
        completed = self.of_type("conversation.item.input_audio_transcription.completed")
        return [event["transcript"] for event in completed]

    def responses(self) -> list[dict[str, Any]]:
        return [event["response"] for event in self.of_type("response.done")]

    def said(self) -> str:
        """What the last response says."""
        *_, message = self.responses()[-1]["output"]
        part = message["content"][0]
        return str(part.get("text") or part.get("transcript"))

    def assert_flawless(self) -> None:
        assert not self.errors
        assert not self.rejected
        assert not self.of_type("error")
        assert not [found for event in self.events for found in server_event_errors(event)]

    def assert_remembers(self, *texts: str) -> None:
        """Fail if the SDK holds a conversation in which one of these is missing."""
        if self.history is not None:
            assert not [text for text in texts if text not in self.history], self.history


Program: TypeAlias = list[str | Path]
Job: TypeAlias = dict[str, Any]
Call: TypeAlias = Callable[..., AbstractAsyncContextManager[tuple[str, asyncio.Queue[str]]]]
Converse: TypeAlias = Callable[[Target, Job], Awaitable[Result]]


def job(
    journey: str,
    *,
    text: str = "",
    spoken: str = "",
    modality: str = "text",
    tool_output: str = "",
) -> Job:
    """What a client is told to do, except where."""
    sound = speech.encode(spoken) + bytes(2 * speech.RATE)  # and a second of silence
    return {
        "journey": journey,
        "modality": modality,
        "text": text,
        "sound": base64.b64encode(sound).decode(),
        "tool": TOOL,
        "toolOutput": tool_output,
    }


async def run(
    program: list[str | Path],
    target: Target,
    job: Job,
    environment: Mapping[str, str] | None = None,
) -> Result:
    """Run a client that is a program."""
    address = {"baseUrl": target.base_url, "apiKey": target.api_key, "model": target.model}
    process = await asyncio.create_subprocess_exec(
        *program,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **(environment or {})},
    )
    try:
        output, complaints = await asyncio.wait_for(
            process.communicate(json.dumps({**job, **address}).encode()), TIMEOUT_S
        )
    except TimeoutError:
        process.kill()
        _, complaints = await process.communicate()
        pytest.fail(f"{program} does not come to an end: {complaints.decode()}")
    assert process.returncode == 0, complaints.decode()
    return Result.from_json(json.loads(output))


def installed(variable: str) -> Path:
    """The path that the variable names; skips the test if there is none."""
    path = os.environ.get(variable)
    if not path or not Path(path).exists():
        pytest.skip(f"no stock clients: run ./toxw run -e clients, or set {variable}")
    return Path(path).absolute()


@pytest.fixture(scope="session")
def node_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with our JavaScript in it and the stock packages beside it."""
    packages = installed("RT_NODE_MODULES")
    folder = tmp_path_factory.mktemp("clients") / "node"
    shutil.copytree(FOLDER / "node", folder, ignore=shutil.ignore_patterns("node_modules"))
    (folder / "node_modules").symlink_to(packages)
    return folder


def node(script: str, *arguments: str) -> Callable[[pytest.FixtureRequest], Converse]:
    def prepare(request: pytest.FixtureRequest) -> Converse:
        folder = request.getfixturevalue("node_folder")

        async def converse(target: Target, job: Job) -> Result:
            # Until Node 22 the native WebSocket is there on request only.
            options = ("--no-warnings", "--experimental-websocket")
            trusted = {"NODE_EXTRA_CA_CERTS": target.ca_file} if target.ca_file else {}
            program = ["node", *options, folder / script, *arguments]
            return await run(program, target, job, trusted)

        return converse

    return prepare


def openai_python(request: pytest.FixtureRequest) -> Converse:
    async def converse(target: Target, job: Job) -> Result:
        program: Program = [sys.executable, FOLDER / "python" / "openai_websocket.py"]
        return await run(program, target, job)

    return converse


def agents_python(request: pytest.FixtureRequest) -> Converse:
    python = installed("RT_AGENTS_PYTHON")

    async def converse(target: Target, job: Job) -> Result:
        program: Program = [python, FOLDER / "python" / "agents_websocket.py"]
        # Its traces go to OpenAI.
        return await run(program, target, job, {"OPENAI_AGENTS_DISABLE_TRACING": "1"})

    return converse


def agents_chromium(request: pytest.FixtureRequest) -> Converse:
    folder: Path = request.getfixturevalue("node_folder")
    browse: Callable[[Path], AbstractAsyncContextManager[Page]] = request.getfixturevalue("browse")

    async def converse(target: Target, job: Job) -> Result:
        async with AsyncOpenAI(api_key=target.api_key, base_url=target.base_url) as backend:
            secret = await backend.realtime.client_secrets.create(
                session={"type": "realtime", "model": target.model}
            )
        async with browse(folder / "agents-webrtc.html") as page:
            await page.wait_for_function("'run' in window")
            address = {"baseUrl": target.base_url, "apiKey": secret.value, "model": target.model}
            talk = page.evaluate("job => run(job)", {**job, **address})
            return Result.from_json(await asyncio.wait_for(talk, TIMEOUT_S))

    return converse


@dataclass(frozen=True, slots=True)
class Client:
    """A stock client, and in which respect it differs from others."""

    prepare: Callable[[pytest.FixtureRequest], Converse]
    tls: bool = False
    """Whether it refuses to speak without."""
    calls: bool = False
    """Whether it speaks over WebRTC: sound goes as it plays, and through a jitter buffer."""


CLIENTS = {
    "openai-python": Client(openai_python),
    "openai-node-ws": Client(node("openai.mjs", "ws"), tls=True),
    "openai-node-native": Client(node("openai.mjs", "native"), tls=True),
    "agents-node": Client(node("agents-websocket.mjs")),
    "agents-python": Client(agents_python),
    "agents-chromium": Client(agents_chromium, calls=True),
}


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> Client:
    return CLIENTS[request.param]


@pytest.fixture(scope="session")
def fakes(lab: Lab) -> Callable[..., Target]:
    """Fakes of several kinds, each started when it is first asked for."""
    started: dict[tuple[bool, str], Target] = {}

    def fake(*, tls: bool, latency: str) -> Target:
        if (tls, latency) not in started:
            started[tls, latency] = lab.fake(tls=tls, latency=latency)
        return started[tls, latency]

    return fake


@pytest.fixture
def converse(
    request: pytest.FixtureRequest,
    client: Client,
    fakes: Callable[..., Target],
    recorded_pattern: Any,
) -> Callable[..., Awaitable[Result]]:
    """Has the client carry out a journey and returns what came of it.

    All of that has to have keys and nulls as they were recorded.

    """
    talk = client.prepare(request)

    async def converse(journey: str, *, latency: str = "instant", **says: str) -> Result:
        result = await talk(fakes(tls=client.tls, latency=latency), job(journey, **says))
        assert not [odd for event in result.events for odd in recorded_pattern.differences(event)]
        return result

    return converse


def assert_heard(client: Client, result: Result, text: str) -> None:
    """Fail if the sound does not end with these words."""
    heard = speech.decode(result.sound, speech.RATE)[-len(text) :]
    # A jitter buffer stretches what comes late.
    least = 0.9 if client.calls else 1.0
    assert SequenceMatcher(None, heard, text, autojunk=False).ratio() >= least, heard


async def test_a_text_turn(converse: Callable[..., Awaitable[Result]]) -> None:
    result = await converse("text", text="hello there")
    result.assert_flawless()
    assert result.said() == "You said: hello there"
    result.assert_remembers("hello there", "You said: hello there")


async def test_a_voice_turn(converse: Callable[..., Awaitable[Result]], client: Client) -> None:
    result = await converse("voice", spoken="Hello there.", modality="audio")
    result.assert_flawless()
    assert result.transcripts() == ["Hello there."]
    assert "Hello there." in result.said()
    assert_heard(client, result, result.said())
    result.assert_remembers("Hello there.", result.said())


ARGUMENTS = '{"city": "Rome"}'


def assert_tool_was_used(result: Result) -> None:
    calling, answering = result.responses()
    (call,) = calling["output"]
    assert (call["name"], json.loads(call["arguments"])) == ("weather", json.loads(ARGUMENTS))
    (output,) = [
        event["item"]
        for event in result.of_type("conversation.item.added")
        if event["item"]["type"] == "function_call_output"
    ]
    assert (output["call_id"], output["output"]) == (call["call_id"], "It rains.")
    assert answering["status"] == "completed"
    assert "It rains." in result.said()
    result.assert_remembers("Rome", "It rains.")


async def test_a_tool_round(converse: Callable[..., Awaitable[Result]]) -> None:
    result = await converse("tool", text=f"call weather {ARGUMENTS}", tool_output="It rains.")
    result.assert_flawless()
    assert_tool_was_used(result)


@pytest.mark.parametrize("name", [name for name, client in CLIENTS.items() if not client.calls])
async def test_a_tool_round_over_a_sideband(
    name: str, request: pytest.FixtureRequest, fakes: Callable[..., Target], call: Call
) -> None:
    client = CLIENTS[name]
    talk = client.prepare(request)
    # openai-agents names this model in its update of a call, whichever the call has.
    target = replace(fakes(tls=client.tls, latency="instant"), model="gpt-realtime-2.1")
    trusted = ssl.create_default_context(cafile=target.ca_file)
    todo = job("tool", text=f"call weather {ARGUMENTS}", tool_output="It rains.")
    async with (
        DefaultAsyncHttpxClient(verify=trusted) as http,
        AsyncOpenAI(api_key=target.api_key, base_url=target.base_url, http_client=http) as caller,
        call(caller, session={"type": "realtime", "model": target.model}) as (call_id, inbox),
    ):
        created = json.loads(await asyncio.wait_for(inbox.get(), 5))
        result = await talk(target, {**todo, "callId": call_id})
        shown = [json.loads(await asyncio.wait_for(inbox.get(), 5)) for _ in result.events]

    result.assert_flawless()
    assert_tool_was_used(result)
    assert created["type"] == "session.created"
    assert [event["event_id"] for event in shown] == [event["event_id"] for event in result.events]


async def test_an_interruption(converse: Callable[..., Awaitable[Result]], client: Client) -> None:
    result = await converse(
        "interruption",
        text="Tell me a long story. " * 40,
        spoken="Stop, please.",
        modality="audio",
        latency="realistic",
    )
    result.assert_flawless()
    interrupted, answer = result.responses()
    if client.calls:
        # It may have been made faster than it was played: what was left is not heard.
        assert result.of_type("output_audio_buffer.cleared")
    else:
        assert interrupted["status"] == "cancelled"
        assert interrupted["status_details"]["reason"] == "turn_detected"
        assert result.interruptions in {None, 1}
    (truncated,) = result.of_type("conversation.item.truncated")
    assert truncated["item_id"] == interrupted["output"][0]["id"]
    assert answer["status"] == "completed"
    assert_heard(client, result, result.said())
    result.assert_remembers("Stop, please.", result.said())


@pytest.mark.parametrize("name", ["agents-node", "agents-python"])
async def test_what_an_sdk_does_not_accept_is_seen(
    name: str, request: pytest.FixtureRequest
) -> None:
    talk = CLIENTS[name].prepare(request)
    wrong = Switch(name="wrong", summary="Sends parts of no type.", event=_part_of_no_type)
    async with Server(ServeOptions(port=0)) as server:
        server.default.switchboard = Switchboard([wrong])
        server.default.switch(behaviours=["wrong"])
        result = await talk(fake_target(server.ready), job("text", text="hello there"))
    assert result.errors or result.rejected == ["response.content_part.added"]
    assert not result.of_type("error")


def _part_of_no_type(event: Event, role: Role, memory: dict[str, Any]) -> list[Event]:
    if event["type"] == "response.content_part.added":
        return [{**event, "part": {**event["part"], "type": "of no kind"}}]
    return [event]
