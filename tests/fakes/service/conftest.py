"""A fake in this process, and callers of every kind: raw HTTP, ``websockets``, aiortc peers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import httpx2
import pytest
import websockets
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, MediaStreamTrack
from av import AudioResampler
from websockets.asyncio.client import ClientConnection

from realtime_fakes.server import ServeOptions, Server
from realtime_harness import rtc

PATIENCE_S = 10.0
BETWEEN_LOOKS = 24_000
"""Bytes of half a second of sound."""
KEY = {"Authorization": "Bearer sk-fake"}

T = TypeVar("T")


async def soon(work: Awaitable[T]) -> T:
    """Wait for ``work``, within a bound."""
    async with asyncio.timeout(PATIENCE_S):
        return await work


async def no_more_tasks(before: set[asyncio.Task[Any]]) -> None:
    """Wait until nothing but ``before`` runs; aiortc and aiohttp need a turn or two to wind up."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 2
    while left := asyncio.all_tasks() - before - {asyncio.current_task()}:
        assert loop.time() < deadline, f"still running: {left}"
        await asyncio.wait(left, timeout=0.1)


@dataclass
class Socket:
    """A WebSocket client."""

    connection: ClientConnection

    async def event(self) -> dict[str, Any]:
        return json.loads(await soon(self.connection.recv()))

    async def until(self, type: str) -> list[dict[str, Any]]:
        events = [await self.event()]
        while events[-1]["type"] != type:
            events.append(await self.event())
        return events

    async def send(self, *events: dict[str, Any]) -> None:
        for event in events:
            await self.connection.send(json.dumps(event))

    async def closed(self) -> tuple[int | None, str]:
        """Read up to the close; return its code and reason."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                async for _ in self.connection:
                    pass
        except websockets.ConnectionClosedError:
            pass
        return self.connection.close_code, self.connection.close_reason or ""


@dataclass
class Client:
    """Talks to one service of a server."""

    addresses: dict[str, Any]
    http: httpx2.AsyncClient
    stack: AsyncExitStack

    async def socket(
        self, query: str = "?model=gpt-realtime", *, key: str | None = "sk-fake", **options: Any
    ) -> Socket:
        headers = dict(options.pop("headers", {}))
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        connecting = websockets.connect(
            self.addresses["ws_url"] + query,
            additional_headers=headers,
            proxy=None,
            max_size=None,
            **options,
        )
        return Socket(await soon(self.stack.enter_async_context(connecting)))

    async def post(self, path: str, *, key: str | None = "sk-fake", **request: Any) -> Any:
        headers = dict(request.pop("headers", {}))
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        url = self.addresses["base_url"] + path
        return await soon(self.http.post(url, headers=headers, **request))

    async def control(self, method: str, path: str, **request: Any) -> Any:
        return await soon(
            self.http.request(method, self.addresses["control_url"] + path, **request)
        )

    async def state(self) -> dict[str, Any]:
        return (await self.control("GET", "/state")).json()

    async def state_until(self, reached: Callable[[dict[str, Any]], bool]) -> None:
        """Ask for the state until it is as expected."""
        async with asyncio.timeout(PATIENCE_S):
            while not reached(await self.state()):
                pass

    async def call(self, **options: Any) -> Caller:
        caller = Caller(self, **options)
        self.stack.push_async_callback(caller.close)
        await caller.connect()
        return caller


@dataclass
class Caller:
    """An aiortc peer that calls the service, as a browser does."""

    client: Client
    track: MediaStreamTrack | None = None
    direction: str = "sendrecv"
    data_channel: bool = True
    video: bool = False
    loopback: bool = True
    key: str = "sk-fake"
    path: str = "/realtime/calls"
    query: str = "?model=gpt-realtime"
    edit: Callable[[str], str] = str
    """Changes the offer before it is sent."""
    answer: str = ""
    call_id: str = ""
    heard: bytearray = field(default_factory=bytearray)

    async def connect(self) -> None:
        self.peer: RTCPeerConnection = rtc.peer_connection()
        self.messages: asyncio.Queue[Any] = asyncio.Queue()
        self.gone = asyncio.Event()
        self.more = asyncio.Event()
        self.listening: list[asyncio.Task[None]] = []
        self.peer.on("track", self._on_track)
        self.peer.on("connectionstatechange", self._on_state)
        if self.track is not None:
            self.peer.addTrack(self.track)
        else:
            self.peer.addTransceiver("audio", direction=self.direction)
        if self.video:
            self.peer.addTransceiver("video")
        if self.data_channel:
            self.channel = self.peer.createDataChannel("oai-events")
            self.channel.on("message", self.messages.put_nowait)
            self.channel.on("close", self.gone.set)
        with rtc.loopback_only():
            await self.peer.setLocalDescription(await self.peer.createOffer())
        reply = await self.client.post(
            self.path + self.query,
            key=self.key,
            content=self.edit(self.peer.localDescription.sdp),
            headers={"Content-Type": "application/sdp"},
        )
        assert reply.status_code == 201, reply.text
        self.answer = reply.text
        self.call_id = reply.headers["Location"].rpartition("/")[2]
        await self.peer.setRemoteDescription(RTCSessionDescription(reply.text, "answer"))

    def _on_state(self) -> None:
        if self.peer.connectionState in ("failed", "closed"):
            self.gone.set()

    def _on_track(self, track: MediaStreamTrack) -> None:
        self.listening.append(asyncio.ensure_future(self._listen(track)))

    async def _listen(self, track: MediaStreamTrack) -> None:
        resampler = AudioResampler(format="s16", layout="mono", rate=24000)
        try:
            while True:
                frame = await track.recv()
                frame.pts = None
                for part in resampler.resample(frame):
                    self.heard += bytes(part.planes[0])[: part.samples * 2]
                self.more.set()
        except MediaStreamError:
            return

    async def event(self) -> dict[str, Any]:
        message = await soon(self.messages.get())
        assert isinstance(message, str), "events are text messages"
        return json.loads(message)

    async def until(self, type: str) -> list[dict[str, Any]]:
        events = [await self.event()]
        while events[-1]["type"] != type:
            events.append(await self.event())
        return events

    def send(self, *events: dict[str, Any]) -> None:
        for event in events:
            self.channel.send(json.dumps(event))

    async def listen_until(self, enough: Callable[[bytes], bool]) -> None:
        """Wait until what was heard is enough.

        Asks once for some frames: reading sound takes longer than a frame lasts, so that whoever
        did it for each would hear less and less of what is said.
        """
        due = 0
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if len(self.heard) >= due:
                    if enough(bytes(self.heard)):
                        return
                    due = len(self.heard) + BETWEEN_LOOKS
                self.more.clear()
                await self.more.wait()

    async def close(self) -> None:
        await soon(rtc.close(self.peer))
        for task in self.listening:  # aiortc ends the tracks only of peers that were connected
            task.cancel()


@dataclass
class World:
    """A running server and a client of its default service."""

    server: Server
    client: Client

    def of(self, addresses: dict[str, Any]) -> Client:
        """Return a client of another service."""
        return Client(addresses, self.client.http, self.client.stack)

    def decide(self, **policy: Any) -> None:
        """Change decisions of the default service that no switch changes."""
        board = self.server.default.switchboard
        board.everybody = replace(board.everybody, policy=replace(board.everybody.policy, **policy))


OpenWorld = Callable[..., Awaitable[World]]


@asynccontextmanager
async def _worlds() -> AsyncIterator[OpenWorld]:
    before = asyncio.all_tasks()
    async with AsyncExitStack() as stack:

        async def open_world(**options: Any) -> World:
            server = await stack.enter_async_context(Server(ServeOptions(port=0, **options)))
            http = await stack.enter_async_context(httpx2.AsyncClient(trust_env=False))
            return World(server, Client(server.ready, http, stack))

        yield open_world
    await no_more_tasks(before)


@pytest.fixture(scope="session")
def worlds() -> Callable[[], AbstractAsyncContextManager[OpenWorld]]:
    """Return what ``open_world`` is, for modules whose tests share an event loop."""
    return _worlds


@pytest.fixture
async def open_world() -> AsyncIterator[OpenWorld]:
    """Return a function that starts a fake; in the end it has to go without a trace."""
    async with _worlds() as open_world:
        yield open_world


@pytest.fixture
async def world(open_world: OpenWorld) -> World:
    return await open_world()


@pytest.fixture
async def client(world: World) -> Client:
    return world.client


@pytest.fixture
async def client_of() -> AsyncIterator[Callable[[dict[str, Any]], Client]]:
    """Return a function that makes a client of a fake elsewhere: a new connection each time."""
    limits = httpx2.Limits(max_keepalive_connections=0)
    async with AsyncExitStack() as stack:
        http = httpx2.AsyncClient(trust_env=False, limits=limits)
        await stack.enter_async_context(http)
        yield lambda addresses: Client(addresses, http, stack)


@pytest.fixture
def say() -> Callable[[str], dict[str, Any]]:
    """Return a function that makes the event with which a user says something."""

    def say(text: str) -> dict[str, Any]:
        content = [{"type": "input_text", "text": text}]
        item = {"type": "message", "role": "user", "content": content}
        return {"type": "conversation.item.create", "item": item}

    return say


@pytest.fixture
def silence() -> MediaStreamTrack:
    """Return a track that sends silence."""
    return AudioStreamTrack()
