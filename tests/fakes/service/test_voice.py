"""Talking with the fake, over sockets and over calls."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode, b64encode
from fractions import Fraction
from typing import Any

import pytest
from aiortc.codecs import get_decoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from av import AudioFrame

from realtime_fakes.input_audio import coded, samples
from realtime_harness.audio import speech
from realtime_harness.audio.pcm import dbfs, resample

FRAME = 960
SILENCE = bytes(48_000)
QUIET_DBFS = -50.0
LONG = "a long story of a fox and a dog " * 3


class Voice(MediaStreamTrack):
    """A microphone: silent until it is told what to say, 20 ms at a time."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._queue = bytearray()
        self._start: float | None = None
        self._frames = 0

    def say(self, text: str) -> None:
        self._queue += resample(speech.encode(text), 24_000, 48_000)

    @property
    def left_ms(self) -> float:
        """How long it is still going to speak."""
        return len(self._queue) / 96

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        loop = asyncio.get_running_loop()
        if self._start is None:
            self._start = loop.time()
        await asyncio.sleep(self._start + self._frames * 0.02 - loop.time())
        frame = AudioFrame(format="s16", layout="mono", samples=FRAME)
        frame.planes[0].update(bytes(self._queue[: 2 * FRAME]).ljust(2 * FRAME, b"\0"))
        del self._queue[: 2 * FRAME]
        frame.sample_rate, frame.pts = 48_000, self._frames * FRAME
        frame.time_base = Fraction(1, 48_000)
        self._frames += 1
        return frame


class Wire:
    """What reaches a caller, in its order: events, and RTP before it waits in a jitter buffer."""

    def __init__(self, caller: Any) -> None:
        self.packets: list[bytes] = []
        """Payloads, each of 20 ms."""
        self.places: dict[str, int] = {}
        """How many packets came before the last event of each type."""
        (transceiver,) = caller.peer.getTransceivers()
        receiver = transceiver.receiver
        handle = receiver._handle_rtp_packet

        async def note(packet: Any, arrival_time_ms: int) -> None:
            self.packets.append(packet.payload)
            await handle(packet, arrival_time_ms)

        receiver._handle_rtp_packet = note
        caller.channel.on("message", self._note_event)

    def _note_event(self, message: str) -> None:
        self.places[json.loads(message)["type"]] = len(self.packets)

    def sounds(self) -> list[bytes]:
        """Return what each packet holds, as 48 kHz mono PCM16."""
        decoder = get_decoder(RTCRtpCodecParameters("audio/opus", 48_000, 2, payloadType=96))
        sounds = []
        for index, payload in enumerate(self.packets):
            frame: Any = decoder.decode(JitterFrame(data=payload, timestamp=index * FRAME))[0]
            sounds.append(frame.to_ndarray().reshape(-1)[::2].astype("<i2").tobytes())
        return sounds


def append(data: bytes) -> dict[str, Any]:
    return {"type": "input_audio_buffer.append", "audio": b64encode(data).decode()}


def only(events: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (event,) = [event for event in events if event["type"] == kind]
    return event


async def heard(caller: Any, text: str) -> None:
    """Wait until the caller has heard ``text``."""
    length, seen = 48 * (speech.duration_ms(text) + 500), 0

    def is_there(pcm: bytes) -> bool:
        nonlocal seen
        start, seen = max(0, seen - length), len(pcm)
        return text in speech.decode(pcm[start:], 24_000)

    await caller.listen_until(is_there)


@pytest.mark.parametrize("format", ["audio/pcm", "audio/pcmu", "audio/pcma"])
async def test_a_spoken_turn_over_a_socket(client: Any, format: str) -> None:
    socket = await client.socket()
    audio = {
        "input": {"format": {"type": format}, "transcription": {"model": "gpt-realtime-whisper"}},
        "output": {"format": {"type": format}},
    }
    await socket.send({"type": "session.update", "session": {"type": "realtime", "audio": audio}})
    await socket.until("session.updated")
    sound = coded(SILENCE + speech.encode("Can you hear me?") + SILENCE, format)
    size = len(sound) // 26
    await socket.send(*(append(sound[at : at + size]) for at in range(0, len(sound), size)))
    events = await socket.until("rate_limits.updated")
    said = "You said: Can you hear me?"
    assert only(events, "response.output_audio_transcript.done")["transcript"] == said
    completed = only(events, "conversation.item.input_audio_transcription.completed")
    assert completed["transcript"] == "Can you hear me?"
    data = b"".join(
        b64decode(event["delta"]) for event in events if event["type"].endswith("_audio.delta")
    )
    pcm, rate = samples(data, format)
    assert speech.decode(pcm.tobytes(), rate) == said


@pytest.mark.parametrize("codec", ["opus", "PCMU", "PCMA"])
async def test_a_spoken_turn_over_a_call(client: Any, codec: str) -> None:
    def prefer(sdp: str) -> str:
        types = {"opus": "96 0 8", "PCMU": "0 96 8", "PCMA": "8 96 0"}[codec]
        return sdp.replace("SAVPF 96 9 0 8", f"SAVPF {types}")

    voice = Voice()
    caller = await client.call(track=voice, edit=prefer)
    await caller.event()
    voice.say("Can you hear me?")
    events = await caller.until("output_audio_buffer.stopped")
    assert events[0]["type"] == "input_audio_buffer.speech_started"
    said = "You said: Can you hear me?"
    assert only(events, "response.output_audio_transcript.done")["transcript"] == said
    await heard(caller, said)


async def test_silent_tracks_say_nothing_and_cost_nothing(
    client: Any, say: Any, silence: Any
) -> None:
    caller = await client.call(track=silence)
    await caller.event()
    await client.state_until(lambda state: state["sessions"][0]["input_audio_ms"] >= 1000)
    caller.send(say("hello"), {"type": "response.create"})
    events = await caller.until("rate_limits.updated")
    assert not [event for event in events if event["type"].startswith("input_audio_buffer")]
    usage = only(events, "response.done")["response"]["usage"]
    assert usage["input_token_details"]["audio_tokens"] == 0


async def test_who_speaks_is_not_talked_over(client: Any, say: Any) -> None:
    voice = Voice()
    caller = await client.call(track=voice)
    wire = Wire(caller)
    await caller.event()
    caller.send(say(LONG), {"type": "response.create"})
    done = (await caller.until("response.done"))[-1]["response"]
    assert done["status"] == "completed"
    await heard(caller, "You said")
    voice.say("stop it, please")
    events = await caller.until("conversation.item.truncated")
    types = [event["type"] for event in events if event["type"] != "rate_limits.updated"]
    assert types == [
        "input_audio_buffer.speech_started",
        "output_audio_buffer.cleared",
        "conversation.item.truncated",
    ]
    # Counted in packets, of 20 ms each: whoever is told late also hears late.
    told = wire.places["input_audio_buffer.speech_started"]

    item_id = done["output"][0]["id"]
    caller.send({"type": "conversation.item.retrieve", "item_id": item_id})
    item = (await caller.until("conversation.item.retrieved"))[-1]["item"]
    said = "You said: " + LONG
    assert item["content"][0]["transcript"] != said
    assert said.startswith(item["content"][0]["transcript"])
    await heard(caller, "stop it")
    sounds = wire.sounds()
    is_loud = [dbfs(sound) > QUIET_DBFS for sound in sounds]
    assert any(is_loud[:told])
    quiet = is_loud.index(False, told)
    assert quiet - told <= 3
    # Nothing that was left over, only the answer to the new turn.
    assert speech.decode(b"".join(sounds[quiet:]), 48_000).startswith("You said: stop it")


async def test_an_answer_is_cut_off_over_a_socket(world: Any, say: Any) -> None:
    world.decide(delta_interval_s=0.03)
    socket = await world.client.socket()
    await socket.event()
    await socket.send(say(LONG), {"type": "response.create"})
    await socket.until("response.output_audio.delta")
    await socket.send(append(speech.encode("stop")))
    await socket.until("input_audio_buffer.speech_started")
    done = (await socket.until("response.done"))[-1]["response"]
    assert done["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    await socket.send(append(SILENCE))
    events = await socket.until("response.done")
    assert {event.get("response_id") for event in events} <= {None, events[-1]["response"]["id"]}
    said = "".join(
        event["delta"] for event in events if event["type"].endswith("audio_transcript.delta")
    )
    assert said == "You said: stop"


async def test_lost_packets_keep_their_time(client: Any) -> None:
    voice = Voice()
    caller = await client.call(track=voice)
    await caller.event()
    transport = caller.peer.getSenders()[0].transport
    send, sent = transport._send_rtp, 0

    async def lossy(data: bytes) -> None:
        nonlocal sent
        sent += 1
        if sent % 30:  # counts reports of RTCP as well, which nobody misses
            await send(data)

    transport._send_rtp = lossy
    text = "What is lost is a letter here and there"
    await client.state_until(lambda state: state["sessions"][0]["input_audio_ms"] >= 500)
    voice.say(text)
    events = await caller.until("response.output_audio_transcript.done")
    said = events[-1]["transcript"].removeprefix("You said: ")
    assert 0.75 * len(text) <= len(said) <= len(text)
    started, stopped = events[0]["audio_start_ms"], events[1]["audio_end_ms"]
    assert stopped - started == pytest.approx(300 + speech.duration_ms(text) + 200, abs=60)


async def test_a_translation_over_a_call(client: Any) -> None:
    session = {
        "model": "gpt-realtime-translate",
        "audio": {
            "input": {"transcription": {"model": "gpt-realtime-whisper"}},
            "output": {"language": "es"},
        },
    }
    secret = await client.post("/realtime/translations/client_secrets", json={"session": session})
    key, path = secret.json()["value"], "/realtime/translations/calls"
    offer = {"content": b"", "headers": {"Content-Type": "application/sdp"}}
    refused = await client.post(path + "?model=gpt-realtime-translate", key=key, **offer)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "model")

    voice = Voice()
    caller = await client.call(key=key, path=path, query="", track=voice)
    assert (await caller.event())["session"]["audio"]["output"] == {"language": "es"}
    spoken = "one two three four five"
    voice.say(spoken)
    # It is translated while it is spoken.
    told = [await caller.event()]
    assert told[0] == {**told[0], "type": "session.input_transcript.delta", "delta": "one"}
    assert voice.left_ms > 400
    while told[-1]["delta"] != " five" or told[-1]["type"] != "session.output_transcript.delta":
        told.append(await caller.event())
    for kind, text in (("input", spoken), ("output", f"[es] {spoken}")):
        deltas = [e["delta"] for e in told if e["type"] == f"session.{kind}_transcript.delta"]
        assert "".join(deltas) == text
    assert {event["type"].partition(".")[2] for event in told} == {
        "input_transcript.delta",
        "output_transcript.delta",
    }
    await caller.listen_until(lambda heard: "five" in speech.decode(heard, 24_000))
    assert speech.decode(bytes(caller.heard), 24_000).endswith(f"[es] {spoken}")
    caller.send({"type": "session.close"})
    assert (await caller.until("session.closed"))[-1]["type"] == "session.closed"
