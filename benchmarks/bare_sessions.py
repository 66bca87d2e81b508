"""Sessions as the libraries alone have them: what engines are compared with by load_capacity.py."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from base64 import b64encode
from pathlib import Path
from time import monotonic, process_time

import orjson
import uvloop

ROUND_S = 0.1
PIECE = 4800
"""Bytes of 24 kHz PCM16 in a round."""
TURN_S = 3.0
"""From one spoken turn to the next, about what the profile makes of a second of thinking."""


def private_kb() -> int:
    """Memory that this process has to itself, kB."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private"))


class WebSocket:
    """``websockets``: one task that reads, and one that speaks."""

    def __init__(self, options: argparse.Namespace, number: int) -> None:
        self._options = options
        self._number = number
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        from websockets.asyncio.client import connect

        self._socket = await connect(
            f"{self._options.ws_url}?model=gpt-realtime",
            additional_headers={"Authorization": f"Bearer {self._options.key}"},
            compression=None,
            ping_interval=None,
        )
        self._created = asyncio.Event()
        self._tasks.append(asyncio.create_task(self._read()))
        await self._created.wait()

    async def start(self) -> None:
        if self._options.kind == "websocket-voice":
            self._tasks.append(asyncio.create_task(self._speak()))

    async def _read(self) -> None:
        async for message in self._socket:
            if orjson.loads(message)["type"] == "session.created":
                self._created.set()

    async def _speak(self) -> None:
        from realtime_harness.audio import speech

        sound = speech.encode("Hello").ljust(round(TURN_S / ROUND_S) * PIECE, b"\0")
        frames = [
            orjson.dumps(
                {
                    "type": "input_audio_buffer.append",
                    "audio": b64encode(sound[at : at + PIECE]).decode(),
                }
            ).decode()
            for at in range(0, len(sound), PIECE)
        ]
        due = monotonic() + ROUND_S * (self._number * 0.618 % 1)
        round_ = self._number
        while True:
            await asyncio.sleep(max(0.0, due - monotonic()))
            await self._socket.send(frames[round_ % len(frames)])
            round_ += 1
            due += ROUND_S


class WebRtc:
    """``aiortc`` as it is: it encodes the silence it sends, and decodes what it receives."""

    def __init__(self, options: argparse.Namespace, number: int) -> None:
        self._options = options

    async def open(self) -> None:
        from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
        from aiortc.contrib.media import MediaBlackhole
        from aiortc.mediastreams import AudioStreamTrack

        self._peer = peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._sink = MediaBlackhole()
        if self._options.kind == "webrtc-voice":
            peer.addTrack(AudioStreamTrack())
            peer.on("track", self._sink.addTrack)
        else:
            peer.addTransceiver("audio")
        created = asyncio.Event()
        channel = peer.createDataChannel("oai-events")
        channel.on("message", lambda message: created.set())
        await peer.setLocalDescription(await peer.createOffer())
        async with self._options.http.post(
            f"{self._options.url}/realtime/calls?model=gpt-realtime",
            data=peer.localDescription.sdp,
            headers={
                "Authorization": f"Bearer {self._options.key}",
                "Content-Type": "application/sdp",
            },
        ) as answer:
            assert answer.status == 201, await answer.text()
            sdp = await answer.text()
        await peer.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        await created.wait()

    async def start(self) -> None:
        await self._sink.start()


async def measure(options: argparse.Namespace) -> dict[str, float]:
    """Open sessions one after the other, then hold them; one has been open before that."""
    from aiohttp import ClientSession

    kind = WebSocket if options.kind.startswith("websocket") else WebRtc
    async with ClientSession() as options.http:
        sessions = [kind(options, number) for number in range(options.sessions + 1)]
        await sessions[0].open()
        before_kb, before_s = private_kb(), process_time()
        for session in sessions[1:]:
            await session.open()
        open_s = process_time() - before_s
        for session in sessions:
            await session.start()
        await asyncio.sleep(2)
        before_s, begin = process_time(), monotonic()
        await asyncio.sleep(options.seconds)
        cores = (process_time() - before_s) / (monotonic() - begin)
        return {
            "core": cores / options.sessions,
            "open_ms": 1000 * open_s / options.sessions,
            "kb": (private_kb() - before_kb) / options.sessions,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "kind", choices=["websocket-voice", "websocket-idle", "webrtc-voice", "webrtc-idle"]
    )
    parser.add_argument("--url", required=True, help="base URL, with /v1")
    parser.add_argument("--ws-url", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=4)
    options = parser.parse_args()

    async def run() -> None:
        async with asyncio.timeout(45):
            print(json.dumps(await measure(options)), flush=True)

    # Not closed: what is measured is over, and whoever started us goes on.
    loop = uvloop.new_event_loop()
    loop.run_until_complete(run())
    sys.stdout.flush()
    import os

    os._exit(0)


if __name__ == "__main__":
    main()
