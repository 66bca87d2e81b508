"""How well the fake keeps 50 speaking calls to their 20 ms, beside a bare ticker. See README.md."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import orjson
import uvloop
from aiohttp import ClientSession
from aiortc import RTCPeerConnection, RTCSessionDescription

from realtime_harness import rtc
from realtime_harness.lab import Lab
from realtime_harness.rtc.tracks import OPUS_SILENCE, PacedTrack

FRAME_S = 0.02
MS = 1e3
TICKS = os.sysconf("SC_CLK_TCK")
SETTLE_S = 1.0


def cpu_s(pid: int) -> float:
    """CPU time that a process has used, user and system, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def machine_busy_s() -> float:
    """CPU time that all cores were busy since the machine started, in seconds."""
    user, nice, system, _, _, irq, softirq, *_ = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    )
    return (user + nice + system + irq + softirq) / TICKS


class Usage:
    """CPU time from now on: of one process, of this one, and of all others."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._start = time.perf_counter()
        self._before = self._now()

    def _now(self) -> list[float]:
        return [cpu_s(self._pid), cpu_s(os.getpid()), machine_busy_s()]

    def cores(self) -> tuple[float, float, float]:
        """How many cores each of the three kept busy."""
        seconds = time.perf_counter() - self._start
        process, here, all_ = (
            (now - before) / seconds for now, before in zip(self._now(), self._before, strict=True)
        )
        return process, here, max(0.0, all_ - process - here)


@dataclass
class Stream:
    """The frames of one sender: when each came, and when it was due by its own time stamp."""

    arrivals: list[float] = field(default_factory=list)
    schedule: list[float] = field(default_factory=list)

    def arrived(self, due: float) -> None:
        self.arrivals.append(time.perf_counter())
        self.schedule.append(due)

    def lateness_ms(self) -> np.ndarray:
        """Against a schedule on which the fastest frame was not late."""
        transit = np.array(self.arrivals) - np.array(self.schedule)
        return (transit - transit.min(initial=np.inf)) * MS


@dataclass
class Pacing:
    """What one phase measured."""

    name: str
    sent_frames: int
    sent_late: int
    streams: list[Stream]
    cores: tuple[float, float, float]
    """How many cores the sender, the benchmark itself and everything else kept busy."""

    def show(self) -> None:
        late = np.concatenate([stream.lateness_ms() for stream in self.streams])
        p50, p99 = np.percentile(late, [50, 99])
        print(
            f"{self.name:<16}{1 - self.sent_late / self.sent_frames:>10.2%}"
            f"{(late < FRAME_S * MS).mean():>10.2%}{p50:>8.1f}{p99:>8.1f}{late.max():>8.1f}"
            f"{len(late):>8}{self.cores[0] / len(self.streams):>11.2%}"
            f"{self.cores[1]:>7.2f}{self.cores[2]:>8.2f}"
        )


HEADER = (
    f"{'':<16}{'sent in':>10}{'got in':>10}{'p50 ms':>8}{'p99 ms':>8}{'max ms':>8}"
    f"{'frames':>8}{'core/call':>11}{'here':>7}{'others':>8}"
)


# The reference: what a loop, a timer for each socket and the machine cost by themselves.


def tick(streams: int, port: int) -> None:
    """Send 172 bytes each 20 ms on as many sockets, until the standard input ends."""

    async def ticker(number: int, ending: asyncio.Future[str]) -> tuple[int, int]:
        loop = asyncio.get_running_loop()
        late = frames = 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.connect(("127.0.0.1", port))
            start = loop.time() + FRAME_S * number / streams
            while not ending.done():
                due = start + frames * FRAME_S
                await asyncio.sleep(due - loop.time())
                late += loop.time() - due >= FRAME_S
                with contextlib.suppress(BlockingIOError):
                    sender.send(struct.pack("!II", number, frames).ljust(172, b"\0"))
                frames += 1
        return frames, late

    async def run() -> None:
        ending = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        found = await asyncio.gather(*(ticker(number, ending) for number in range(streams)))
        print(*map(sum, zip(*found, strict=True)))

    uvloop.run(run())


class Receiver(asyncio.DatagramProtocol):
    def __init__(self, streams: int) -> None:
        self.streams = [Stream() for _ in range(streams)]

    def datagram_received(self, data: bytes, address: object) -> None:
        number, frame = struct.unpack_from("!II", data)
        self.streams[number].arrived(frame * FRAME_S)


async def reference(streams: int, seconds: float) -> Pacing:
    """Let a bare ticker run for some seconds."""
    transport, receiver = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Receiver(streams), local_addr=("127.0.0.1", 0)
    )
    port = transport.get_extra_info("sockname")[1]
    arguments = [sys.executable, __file__, "--tick", str(port), "--calls", str(streams)]
    process = await asyncio.to_thread(
        subprocess.Popen, arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        await asyncio.sleep(SETTLE_S)
        usage = Usage(process.pid)
        await asyncio.sleep(seconds)
        cores = usage.cores()
        said, _ = await asyncio.to_thread(process.communicate, b"", 10)
    finally:
        process.kill()
        process.wait(10)
        transport.close()
    frames, late = map(int, said.split())
    return Pacing("bare ticker", frames, late, receiver.streams, cores)


# The calls.


class Silence(PacedTrack):
    """A caller who says nothing, at no cost for an encoder."""

    def next_frame(self) -> bytes:
        return OPUS_SILENCE


class Caller:
    """One call: asks once, and notes when the packets of the answer come."""

    def __init__(self, number: int) -> None:
        self.heard = Stream()
        self.is_listening = False
        self.greeted = asyncio.Event()
        self.finished = asyncio.Event()
        self._number = number
        self._peer: RTCPeerConnection = rtc.peer_connection()
        self._peer.addTrack(Silence())
        self._channel = self._peer.createDataChannel("oai-events")
        self._channel.on("message", self._on_event)

    async def open(self, client: ClientSession, url: str) -> None:
        with rtc.loopback_only():
            await self._peer.setLocalDescription(await self._peer.createOffer())
        headers = {"Content-Type": "application/sdp"}
        sdp = self._peer.localDescription.sdp
        async with client.post(url, data=sdp, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            sdp = await answer.text()
        (receiver,) = self._peer.getReceivers()
        rtc.tap_packets(receiver, self._on_packet)
        await self._peer.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        await self.greeted.wait()

    def ask(self, text: str, *, same: bool) -> None:
        if not same:
            text = f"{self._number} {text}"
        content = [{"type": "input_text", "text": text}]
        item = {"type": "message", "role": "user", "content": content}
        for event in (
            {"type": "conversation.item.create", "item": item},
            {"type": "response.create"},
        ):
            self._channel.send(orjson.dumps(event).decode())
        self.is_listening = True

    async def close(self) -> None:
        await rtc.close(self._peer)

    def _on_event(self, message: str) -> None:
        kind = orjson.loads(message)["type"]
        if kind == "session.created":
            self.greeted.set()
        elif kind == "output_audio_buffer.stopped":
            self.is_listening = False
            self.finished.set()

    def _on_packet(self, timestamp: int, payload: bytes) -> None:
        if self.is_listening and len(payload) > len(OPUS_SILENCE):
            self.heard.arrived(timestamp / 48000)


@asynccontextmanager
async def calls(number: int, ready: dict) -> AsyncIterator[list[Caller]]:
    """Have as many calls open."""
    callers = [Caller(n) for n in range(number)]
    headers = {"Authorization": f"Bearer {ready['api_key']}"}
    url = f"{ready['base_url']}/realtime/calls?model=gpt-realtime"
    limit = asyncio.Semaphore(8)

    async def open_one(caller: Caller) -> None:
        async with limit:
            await caller.open(client, url)

    try:
        async with ClientSession(headers=headers) as client:
            await asyncio.gather(*map(open_one, callers))
        yield callers
    finally:
        await asyncio.gather(*(caller.close() for caller in callers))


async def sent(ready: dict) -> tuple[int, int]:
    """Return how many frames the fake has sent on its calls, and how many late."""
    async with ClientSession() as client, client.get(f"{ready['control_url']}/state") as answer:
        found = [call["sent"] for call in (await answer.json())["calls"]]
    return sum(each["frames"] for each in found), sum(each["late"] for each in found)


async def speaking(callers: list[Caller], text: str, ready: dict, *, same: bool) -> list[Pacing]:
    """Measure calls that are silent, then calls that all answer at once."""
    usage = Usage(ready["pid"])
    await asyncio.sleep(2)
    silent = usage.cores()[0]
    before, usage = await sent(ready), Usage(ready["pid"])
    for caller in callers:
        caller.ask(text, same=same)
    waits = [asyncio.create_task(caller.finished.wait()) for caller in callers]
    _, unfinished = await asyncio.wait(waits, timeout=12)
    for wait in unfinished:
        wait.cancel()
    speaks = usage.cores()
    after = await sent(ready)
    print(f"{silent / len(callers):.2%} of a core for each call that is silent in both directions")
    if unfinished:
        print(f"{len(unfinished)} answers were not heard to the end within 12 s")
    frames, late = (b - a for a, b in zip(before, after, strict=True))
    return [Pacing("speaking calls", frames, late, [c.heard for c in callers], speaks)]


@contextmanager
def fake() -> Iterator[dict]:
    with Lab() as lab:
        yield lab.start(["fake", "--port", "0"]).ready


async def measure(number: int, text: str, seconds: float, *, same: bool) -> None:
    print(f"{number} calls, {40 * len(f'You said: 00 {text}') / MS:.1f} s of speech each")
    with fake() as ready:
        async with asyncio.timeout(60):
            phases = [await reference(number, seconds)]
            async with calls(number, ready) as callers:
                await asyncio.sleep(SETTLE_S)
                phases += await speaking(callers, text, ready, same=same)
            phases.append(await reference(number, seconds))
    print(HEADER)
    for phase in phases:
        phase.show()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=4, help="of each phase of the reference")
    parser.add_argument("--characters", type=int, default=120, help="of a question; 40 ms each")
    parser.add_argument("--same", action="store_true", help="all ask, and are answered, the same")
    parser.add_argument("--tick", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.tick is not None:
        tick(options.calls, options.tick)
        return
    text = ("the quick brown fox jumps over the lazy dog; " * 10)[: options.characters]
    uvloop.run(measure(options.calls, text, options.seconds, same=options.same))


if __name__ == "__main__":
    main()
