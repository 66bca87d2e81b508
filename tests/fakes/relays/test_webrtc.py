from __future__ import annotations

import asyncio
import base64
import json
import math
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from fractions import Fraction
from typing import Any

import aiohttp
import numpy as np
import pytest

from realtime_harness import rtc

pytest.importorskip("aiortc")

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

from realtime_fakes.relays.app import RelayOptions, running

GREETING = {"type": "session.created", "event_id": "event_1", "session": {"id": "sess_1"}}
SOUND = (8000 * np.sin(2 * math.pi * 500 * np.arange(24000) / 24000)).astype("<i2").tobytes()
"""One second of 500 Hz, 24 kHz."""


class Tone(MediaStreamTrack):
    """440 Hz at half of full scale."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._at = 0

    async def recv(self) -> AudioFrame:
        await asyncio.sleep(0.02)
        times = (self._at + np.arange(960)) / 48000
        samples = (16000 * np.sin(2 * math.pi * 440 * times)).astype(np.int16)
        frame = AudioFrame.from_ndarray(samples[np.newaxis, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, self._at, Fraction(1, 48000)
        self._at += 960
        return frame


class Caller:
    """A WebRTC caller through the relay, and the service's end of its connection."""

    def __init__(self, *, data_channel: bool = True) -> None:
        self.peer: RTCPeerConnection = rtc.peer_connection()
        self.peer.addTrack(Tone())
        self.events: asyncio.Queue[Any] = asyncio.Queue()
        self.heard: asyncio.Queue[float] = asyncio.Queue()
        self.left = asyncio.Event()
        self.opened = asyncio.Event()
        self.upstream: Any = None
        self.location = ""
        self._listening: asyncio.Task[None] | None = None
        self.peer.on("track", self._listen)
        if data_channel:
            self.channel = self.peer.createDataChannel("oai-events")
            self.channel.on("open", self.opened.set)
            self.channel.on("message", self.events.put_nowait)
            self.channel.on("close", self.left.set)

    def _listen(self, track: Any) -> None:
        async def listen() -> None:
            with suppress(MediaStreamError):
                while True:
                    samples = (await track.recv()).to_ndarray().astype(float)
                    self.heard.put_nowait(float(np.sqrt(np.mean(samples**2))))

        self._listening = asyncio.create_task(listen())

    async def offer(self) -> str:
        with rtc.loopback_only():
            await self.peer.setLocalDescription(await self.peer.createOffer())
        return self.peer.localDescription.sdp

    async def next(self) -> Any:
        return json.loads(await asyncio.wait_for(self.events.get(), 3))

    async def close(self) -> None:
        await self.peer.close()
        if self._listening is not None:
            await self._listening


Calling = Callable[..., AbstractAsyncContextManager[Caller]]


@pytest.fixture
async def post(service: Any) -> AsyncIterator[Callable[..., Any]]:
    """Post to a relay before the service, whose socket is greeted by ``greeting``."""
    async with (
        running(RelayOptions(kind="webrtc", upstream=service.base_url)) as ready,
        aiohttp.ClientSession() as http,
    ):

        async def post(path: str, *, greeting: Any = None, **request: Any) -> Any:
            url = ready["base_url"] + path
            answer = asyncio.create_task(http.post(url, **request))
            upstream = None
            if greeting is not None:
                upstream = await service.socket()
                await upstream.send(json.dumps(greeting))
            return await asyncio.wait_for(answer, 5), upstream

        yield post


@pytest.fixture
def calling(post: Any) -> Calling:
    """Call through the relay."""

    @asynccontextmanager
    async def calling(query: str = "?model=m", *, data_channel: bool = True) -> Any:
        caller = Caller(data_channel=data_channel)
        try:
            answer, caller.upstream = await post(
                f"/realtime/calls{query}",
                greeting=GREETING,
                data=await caller.offer(),
                headers={"Content-Type": "application/sdp", "Authorization": "Bearer sk-x"},
            )
            assert answer.status == 201, await answer.text()
            caller.location = answer.headers["Location"]
            await caller.peer.setRemoteDescription(
                RTCSessionDescription(sdp=await answer.text(), type="answer")
            )
            if data_channel:
                await asyncio.wait_for(caller.opened.wait(), 5)
            yield caller
        finally:
            await caller.close()

    return calling


async def upstream_event(socket: Any, type_: str) -> Any:
    """Return the next event of that type that reached the service."""
    async with asyncio.timeout(3):
        while (event := json.loads(await socket.recv()))["type"] != type_:
            pass
    return event


async def test_events_pass_both_ways_in_order_and_the_greeting_is_first(calling: Any) -> None:
    async with calling() as caller:
        assert await caller.next() == GREETING
        for n in range(50):
            await caller.upstream.send(json.dumps({"type": "x", "n": n}))
            caller.channel.send(json.dumps({"type": "y", "n": n}))
        assert [(await caller.next())["n"] for _ in range(50)] == list(range(50))
        assert [(await upstream_event(caller.upstream, "y"))["n"] for _ in range(50)] == list(
            range(50)
        )


async def test_query_and_credentials_reach_the_service(calling: Any) -> None:
    async with calling("?model=m&relay_delay_ms=1&x=1") as caller:
        request = caller.upstream.request
        assert request.path == "/v1/realtime?model=m&x=1"
        assert request.headers["Authorization"] == "Bearer sk-x"


async def test_a_message_of_200_kib_passes_both_ways(calling: Any) -> None:
    message = json.dumps({"type": "x", "text": "x" * 200 * 1024})
    async with calling() as caller:
        await caller.next()
        caller.channel.send(message)
        assert json.dumps(await upstream_event(caller.upstream, "x")) == message
        await caller.upstream.send(message)
        assert json.dumps(await caller.next()) == message


async def test_sound_of_the_service_is_heard_and_its_deltas_are_not_on_the_channel(
    calling: Any,
) -> None:
    async with calling() as caller:
        await caller.next()
        delta = base64.b64encode(SOUND).decode()
        await caller.upstream.send(
            json.dumps({"type": "response.output_audio.delta", "delta": delta})
        )
        await caller.upstream.send(json.dumps({"type": "response.output_audio.done"}))
        assert (await caller.next())["type"] == "response.output_audio.done"
        async with asyncio.timeout(3):
            while await caller.heard.get() < 3000:
                pass


async def test_sound_of_the_caller_reaches_the_service(calling: Any) -> None:
    async with calling(data_channel=False) as caller:
        pcm = b""
        while len(pcm) < 24000:
            event = await upstream_event(caller.upstream, "input_audio_buffer.append")
            pcm += base64.b64decode(event["audio"])
        samples = np.frombuffer(pcm, "<i2").astype(float)
        spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
        loudest = np.argmax(spectrum) * 24000 / len(samples)
        assert loudest == pytest.approx(440, abs=10)


async def test_the_service_leaving_ends_the_call(calling: Any) -> None:
    async with calling() as caller:
        caller.upstream.transport.abort()
        await asyncio.wait_for(caller.left.wait(), 3)


async def test_the_caller_hanging_up_closes_the_service_with_1000(
    calling: Any, end_of: Any
) -> None:
    async with calling() as caller:
        await caller.peer.close()
        assert await end_of(caller.upstream) == (1000, "")


async def test_hangup_ends_both_sides(calling: Any, post: Any, end_of: Any) -> None:
    async with calling() as caller:
        path = caller.location.removeprefix("/v1") + "/hangup"
        answer, _ = await post(path)
        assert answer.status == 200
        assert await end_of(caller.upstream) == (1000, "")
        await asyncio.wait_for(caller.left.wait(), 3)
        again, _ = await post(path)
        assert again.status == 404


async def test_a_session_beside_the_offer_becomes_model_and_update(post: Any) -> None:
    caller = Caller()
    form = aiohttp.FormData()
    form.add_field("sdp", await caller.offer(), content_type="application/sdp")
    session = {"type": "realtime", "model": "m 1", "instructions": "Be brief."}
    form.add_field("session", json.dumps(session), content_type="application/json")
    answer, upstream = await post("/realtime/calls", greeting=GREETING, data=form)
    assert answer.status == 201
    assert upstream.request.path == "/v1/realtime?model=m+1"
    update = json.loads(await upstream.recv())
    del session["model"]
    assert update == {"type": "session.update", "session": session}
    await caller.close()


@pytest.mark.parametrize(
    ("greeting", "sdp", "status", "code"),
    [
        pytest.param(
            {"type": "error", "error": {"code": "invalid_api_key", "message": "No."}},
            None,
            401,
            "invalid_api_key",
            id="the-service-refuses-the-key",
        ),
        pytest.param(
            {"type": "error", "error": {"code": "invalid_model", "message": "No."}},
            None,
            400,
            "invalid_model",
            id="the-service-refuses-the-model",
        ),
        pytest.param(None, "v=0\r\n", 400, None, id="the-offer-is-none"),
    ],
)
async def test_a_refusal_is_an_http_error(
    post: Any, greeting: Any, sdp: Any, status: int, code: Any
) -> None:
    caller = Caller()
    offer = await caller.offer() if sdp is None else sdp
    headers = {"Content-Type": "application/sdp"}
    answer, _ = await post("/realtime/calls", greeting=greeting, data=offer, headers=headers)
    assert answer.status == status
    error = (await answer.json())["error"]
    assert error["message"]
    assert code in (None, error["code"])
    await caller.close()
