"""Text turns that the fake serves in one second of its CPU, beside a bare server. See README.md."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import orjson
import uvloop

from realtime_harness.lab import Lab

ORDER = [
    "conversation.item.added",
    "conversation.item.done",
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
    "rate_limits.updated",
]
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A server under test, in a process of its own."""

    name: str
    url: str
    api_key: str
    pid: int
    frames_in: int
    """Frames that a client sends for one turn."""

    def cpu_s(self) -> float:
        """CPU time that the process has used, user and system, in seconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


@dataclass
class Totals:
    """What all sessions of one phase saw."""

    turns: int = 0
    events: int = 0
    out_of_order: int = 0
    example: str = ""

    def blame(self, what: str) -> None:
        self.out_of_order += 1
        self.example = self.example or what


class Session(asyncio.Protocol):
    """A WebSocket client with just enough of the protocol, that takes turns as fast as it can.

    A library would cost this process more than the turn costs the server, and the server would
    never be busy.
    """

    def __init__(self, number: int, server: Server, totals: Totals, check: bool) -> None:
        self.number = number
        self.server = server
        self.totals = totals
        self.check = check
        self.running = True
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._buffer = b""
        self._open = False
        self._turn = 0
        self._events: list[dict[str, Any]] = []
        self._seen: set[str] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        url = urlsplit(self.server.url)
        lines = [
            f"GET {url.path}?model=gpt-realtime HTTP/1.1",
            f"Host: {url.netloc}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            f"Authorization: Bearer {self.server.api_key}",
        ]
        self._transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data if self._buffer else data
        at = 0
        if not self._open:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._buffer = data
                return
            if not data.startswith(b"HTTP/1.1 101"):
                self.done.set_exception(ConnectionError(data[:200].decode(errors="replace")))
                return
            self._open = True
            at = end + 4
        size = len(data)
        while at + 2 <= size:
            length, start = data[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(data[start : start + 2], "big"), start + 2
            elif length == 127:
                length, start = int.from_bytes(data[start : start + 8], "big"), start + 8
            if start + length > size:
                break
            if data[at] == 0x81:
                self._on_event(data[start : start + length])
            at = start + length
        self._buffer = data[at:]

    def _on_event(self, frame: bytes) -> None:
        event = orjson.loads(frame)
        if event["type"] == "session.created":
            self._take_turn()
            return
        self._events.append(event)
        if event["type"] == "rate_limits.updated":
            self._end_turn()

    def _take_turn(self) -> None:
        if not self.running:
            self._transport.close()
            self.done.set_result(None)
            return
        self._turn += 1
        self._events = []
        self._transport.write(self._frames(f"{self.number} {self._turn}"))

    def _frames(self, text: str) -> bytes:
        create = {
            "type": "conversation.item.create",
            "item": {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": text}],
            },
        }
        respond = {"type": "response.create", "response": {"output_modalities": ["text"]}}
        frames = (create, respond)[-self.server.frames_in :]
        return b"".join(_masked(orjson.dumps(event)) for event in frames)

    def _end_turn(self) -> None:
        totals = self.totals
        totals.turns += 1
        totals.events += len(self._events)
        if self.check:
            self._judge()
        self._take_turn()

    def _judge(self) -> None:
        """Look for events out of order, repeated, or of another turn."""
        place = 0
        for event in self._events:
            kind = event["type"]
            if kind != ORDER[place - 1] or "delta" not in kind:
                if place >= len(ORDER) or kind != ORDER[place]:
                    self.totals.blame(f"{kind} at place {place}")
                    return
                place += 1
            if event["event_id"] in self._seen:
                self.totals.blame(f"{event['event_id']} twice")
            self._seen.add(event["event_id"])
        response = next(e["response"] for e in self._events if e["type"] == "response.created")
        said = "".join(e["delta"] for e in self._events if "delta" in e)
        whole = next(e["text"] for e in self._events if e["type"] == "response.output_text.done")
        if said != whole or not said.endswith(f"{self.number} {self._turn}"):
            self.totals.blame(f"{said!r} in turn {self._turn} of session {self.number}")
        if any(e.get("response_id", response["id"]) != response["id"] for e in self._events):
            self.totals.blame(f"an event of another response than {response['id']}")


def _masked(payload: bytes) -> bytes:
    """Return a client's text frame. A mask of zeros is a mask."""
    size = len(payload)
    head = bytes((0x81, 0x80 | size)) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
    return head + bytes(4) + payload


@dataclass(frozen=True)
class Phase:
    """What one phase measured."""

    turns_per_cpu_s: float
    turns_per_s: float
    busy: float
    """Share of one core that the server used."""
    totals: Totals


async def connect(session: Session) -> Session:
    """Open the socket of a session, which then takes turns by itself."""
    url = urlsplit(session.server.url)
    assert url.hostname is not None
    assert url.port is not None
    await asyncio.get_running_loop().create_connection(lambda: session, url.hostname, url.port)
    return session


async def phase(server: Server, *, sessions: int, seconds: float, check: bool) -> Phase:
    """Let ``sessions`` take turns for ``seconds``, after a warm-up of a quarter of that."""
    totals = Totals()
    async with asyncio.timeout(30 + 2 * seconds):
        parties = [
            await connect(Session(number, server, totals, check)) for number in range(sessions)
        ]
        await asyncio.sleep(seconds / 4)
        turns, cpu, start = totals.turns, server.cpu_s(), time.perf_counter()
        await asyncio.sleep(seconds)
        turns, cpu = totals.turns - turns, server.cpu_s() - cpu
        elapsed = time.perf_counter() - start
        for party in parties:
            party.running = False
        await asyncio.gather(*(party.done for party in parties))
    return Phase(turns / cpu, turns / elapsed, cpu / elapsed, totals)


def bare(frames: list[bytes]) -> None:
    """Serve: one event in, these frames out, with nothing in between but JSON."""
    from aiohttp import web

    events = [orjson.loads(frame) for frame in frames]

    async def realtime(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        await socket.send_str('{"type":"session.created"}')
        async for message in socket:
            orjson.loads(message.data)
            for event in events:
                await socket.send_str(orjson.dumps(event).decode())
        return socket

    async def serve() -> None:
        app = web.Application()
        app.router.add_get("/v1/realtime", realtime)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
        sys.stdout.write(f"{runner.addresses[0][1]}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()

    uvloop.run(serve())


@contextmanager
def bare_server(frames: Sequence[bytes]) -> Iterator[Server]:
    """Run :func:`bare` in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--bare"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(orjson.dumps([frame.decode() for frame in frames]) + b"\n")
        process.stdin.flush()
        port = int(process.stdout.readline())
        yield Server("bare", f"http://127.0.0.1:{port}/v1/realtime", "", process.pid, 1)
    finally:
        process.terminate()
        process.wait(10)
        process.stdin.close()
        process.stdout.close()


async def one_turn(server: Server) -> list[bytes]:
    """Return the frames with which a server answers one turn."""
    frames: list[bytes] = []

    class Listener(Session):
        def _on_event(self, frame: bytes) -> None:
            if b"session.created" not in frame[:40]:
                frames.append(frame)
            self.running = not frames
            super()._on_event(frame)

    async with asyncio.timeout(10):
        party = await connect(Listener(100, server, Totals(), False))
        await party.done
    return frames


async def compare(fake: Server, *, sessions: int, seconds: float, rounds: int) -> int:
    """Measure both servers in turn, so that a busy machine is busy for both; print the figures."""
    frames = await one_turn(fake)
    size = sum(map(len, frames))
    print(
        f"one turn: {fake.frames_in} frames in, {len(frames)} frames and {size} bytes out; "
        f"{sessions} sessions, {rounds} rounds of {seconds:g} s"
    )
    found: dict[str, list[Phase]] = {}
    with bare_server(frames) as echo:
        for _ in range(rounds):
            for server in (echo, fake):
                check = server is fake
                result = await phase(server, sessions=sessions, seconds=seconds, check=check)
                found.setdefault(server.name, []).append(result)
    print(f"{'server':8}{'turns/CPU s':>14}{'us/turn':>10}{'turns/s':>10}{'busy':>8}")
    for name, phases in found.items():
        rate = statistics.median(result.turns_per_cpu_s for result in phases)
        print(
            f"{name:8}{rate:14.0f}{1e6 / rate:10.1f}"
            f"{statistics.median(result.turns_per_s for result in phases):10.0f}"
            f"{statistics.median(result.busy for result in phases):8.0%}"
        )
    ratios = [
        own.turns_per_cpu_s / other.turns_per_cpu_s
        for own, other in zip(found["fake"], found["bare"], strict=True)
    ]
    print(
        f"ratio {statistics.median(ratios):.2f} (rounds: {', '.join(f'{r:.2f}' for r in ratios)})"
    )
    events = sum(result.totals.events for result in found["fake"])
    wrong = sum(result.totals.out_of_order for result in found["fake"])
    print(f"{wrong} of {events} events out of order")
    for result in found["fake"]:
        if result.totals.example:
            print("for example:", result.totals.example)
    return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one phase")
    parser.add_argument("--rounds", type=int, default=3, help="phases for each server")
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        bare([frame.encode() for frame in json.loads(sys.stdin.readline())])
        return 0
    with Lab() as lab:
        ready = lab.start(["fake", "--port", "0"]).ready
        url = ready["ws_url"].replace("ws://", "http://", 1)
        fake = Server("fake", url, ready["api_key"], ready["pid"], 2)
        return uvloop.run(
            compare(fake, sessions=options.sessions, seconds=options.seconds, rounds=options.rounds)
        )


if __name__ == "__main__":
    sys.exit(main())
