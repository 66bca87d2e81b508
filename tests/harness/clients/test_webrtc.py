from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

pytest.importorskip("aiortc")

from aiortc import RTCPeerConnection, RTCSessionDescription

from realtime_harness import rtc
from realtime_harness.clients.signaling import Form, HttpAnswer
from realtime_harness.clients.tracks import ToneTrack
from realtime_harness.clients.webrtc import Audio, Call, open_call
from realtime_harness.errors import (
    ConnectionLost,
    ConnectionRefused,
    EventNotReceived,
    TargetViolation,
)
from realtime_harness.evidence import Kind, Lane, Recorder
from realtime_harness.targets.target import Target

TARGET = Target(
    name="x", base_url="http://127.0.0.1:1/v1", api_key="abcdef", model="m", patience_s=3.0
)


class Answerer:
    """Stands where HTTP would: a peer that greets on the data channel and echoes what it gets."""

    def __init__(self, *, status: int = 201, answer: str | None = None) -> None:
        self.peer = rtc.peer_connection()
        self.status = status
        self.answer = answer
        self.headers = {"location": "/v1/realtime/calls/rtc_1"}
        self.offer = ""
        self.options: dict[str, Any] = {}
        self.channel: Any = None
        self.packets = 0
        self._listeners: list[asyncio.Task[None]] = []

        @self.peer.on("datachannel")
        def on_channel(channel: Any) -> None:
            self.channel = channel
            channel.on("message", channel.send)
            channel.send(json.dumps({"type": "session.created"}))

    async def create_call(self, sdp: str, **options: Any) -> HttpAnswer:
        self.offer, self.options = sdp, options
        body = self.answer
        if body is None:
            await self.peer.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
            with rtc.loopback_only():
                await self.peer.setLocalDescription(await self.peer.createAnswer())
            body = self.peer.localDescription.sdp
        return HttpAnswer(
            status=self.status, headers=self.headers, body=body.encode(), seq=0, elapsed_ms=1.0
        )


@pytest.fixture
async def answerer() -> AsyncIterator[Answerer]:
    made = Answerer()
    yield made
    await made.peer.close()
    # aiortc leaves this behind when a peer is closed to which nobody ever connected.
    for task in asyncio.all_tasks():
        if "RTCPeerConnection.__connect" in repr(task.get_coro()):
            task.cancel()


async def call_to(answerer: Answerer, recorder: Recorder, **options: Any) -> Call:
    return await open_call(TARGET, answerer, recorder, name="client", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("audio", "direction"),
    [
        (Audio.SILENT_TRACK, "sendrecv"),
        (Audio.NO_FRAMES_TRACK, "sendrecv"),
        (Audio.NO_TRACK, "sendrecv"),
        (Audio.RECVONLY, "recvonly"),
        (Audio.TONE, "sendrecv"),
    ],
    ids=lambda value: value.value if isinstance(value, Audio) else None,
)
async def test_call(answerer: Answerer, recorder: Recorder, audio: Audio, direction: str) -> None:
    call = await call_to(answerer, recorder, audio=audio)
    assert call.id == "rtc_1"
    assert (await call.events.receive()).type == "session.created"
    await call.events.send({"type": "response.create"})
    assert (await call.events.expect("response.create")).type == "response.create"
    await call.close()
    await call.close()
    assert f"a={direction}" in answerer.offer
    assert "127.0.0.1" in answerer.offer
    assert isinstance(answerer.peer, RTCPeerConnection)


async def test_states_are_evidence(answerer: Answerer, recorder: Recorder) -> None:
    call = await call_to(answerer, recorder)
    await call.close()
    states = [
        (entry.data["what"], entry.data["state"])
        for entry in recorder.entries
        if entry.lane is Lane.TRANSPORT
    ]
    for state in [
        ("iceConnectionState", "completed"),
        ("dtls", "connected"),
        ("connectionState", "connected"),
        ("data-channel", "open"),
        ("data-channel", "closed"),
    ]:
        assert state in states


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({}, {"model": "m", "form": Form.SDP, "session": None, "key": None}),
        ({"key": "ek_1"}, {"model": None, "form": Form.SDP, "session": None, "key": "ek_1"}),
        (
            {"session": {"type": "realtime"}},
            {"model": None, "form": Form.MULTIPART, "session": {"type": "realtime"}, "key": None},
        ),
    ],
    ids=["standard-key", "ephemeral-key", "session"],
)
async def test_how_the_offer_is_posted(
    answerer: Answerer, recorder: Recorder, options: dict[str, Any], sent: dict[str, Any]
) -> None:
    call = await call_to(answerer, recorder, connect=False, **options)
    await call.close()
    assert answerer.options == sent


async def test_connecting_later(answerer: Answerer, recorder: Recorder) -> None:
    call = await call_to(answerer, recorder, connect=False)
    assert not call.events.events
    await call.connect()
    assert (await call.events.receive()).type == "session.created"
    await call.close()


async def test_call_without_data_channel(answerer: Answerer, recorder: Recorder) -> None:
    call = await call_to(answerer, recorder, data_channel=False)
    with pytest.raises(AttributeError, match="without a data channel"):
        _ = call.events
    await call.close()
    assert "m=application" not in answerer.offer


async def test_refused_offer(answerer: Answerer, recorder: Recorder) -> None:
    answerer.status, answerer.answer = 400, '{"error": {"code": "invalid_offer"}}'
    with pytest.raises(ConnectionRefused, match="HTTP 400") as raised:
        await call_to(answerer, recorder)
    assert raised.value.answer is not None
    assert raised.value.answer.error == {"code": "invalid_offer"}


async def test_answer_that_cannot_be_applied(answerer: Answerer, recorder: Recorder) -> None:
    answerer.answer = "v=0\r\n"
    with pytest.raises(TargetViolation, match="cannot be applied"):
        await call_to(answerer, recorder)


async def test_answer_without_location(answerer: Answerer, recorder: Recorder) -> None:
    answerer.headers = {}
    call = await call_to(answerer, recorder, connect=False)
    with pytest.raises(TargetViolation, match="no Location"):
        _ = call.id
    await call.close()


async def test_transport_that_never_stands(
    answerer: Answerer, recorder: Recorder, soon: float
) -> None:
    call = await call_to(answerer, recorder, connect=False)
    await answerer.peer.close()
    with pytest.raises(EventNotReceived, match="no DTLS connection on client"):
        await call.connect(timeout_s=soon)
    await call.close()


async def test_other_side_ends_the_call(
    answerer: Answerer, recorder: Recorder, soon: float
) -> None:
    call = await call_to(answerer, recorder)
    with pytest.raises(EventNotReceived, match="end of the call"):
        await call.wait_closed(soon)
    await answerer.peer.close()
    await call.wait_closed()
    assert not (await call.events.wait_closed()).by_us
    with pytest.raises(ConnectionLost):
        await call.events.send({"type": "response.create"})
    await call.close()


async def test_sound_is_metered(answerer: Answerer, recorder: Recorder) -> None:
    answerer.peer.addTrack(ToneTrack(level_dbfs=-12))
    call = await call_to(answerer, recorder, audio=Audio.NO_TRACK)
    await call.received_audio.wait_audible()
    await call.close()
    heard = call.received_audio
    assert heard.packets > 0
    assert heard.level_dbfs > -20
    assert heard.first_audible_ns is not None
    assert len(heard.pcm) >= heard.packets * 2 * heard.rate // 50
    media = [entry for entry in recorder.entries if entry.kind is Kind.MEDIA]
    assert sum(entry.data["packets"] for entry in media) == heard.packets


async def test_silence_is_not_audible(answerer: Answerer, recorder: Recorder, soon: float) -> None:
    call = await call_to(answerer, recorder)
    with pytest.raises(EventNotReceived, match="no sound above -50 dBFS"):
        await call.received_audio.wait_audible(timeout_s=soon)
    await call.close()
    assert call.received_audio.first_audible_ns is None


async def test_cut_leaves_the_other_side_in_the_dark(
    answerer: Answerer, recorder: Recorder
) -> None:
    call = await call_to(answerer, recorder)
    await call.cut()
    assert answerer.channel.readyState == "open"
