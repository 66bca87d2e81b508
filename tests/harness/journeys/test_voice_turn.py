from __future__ import annotations

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest

from realtime_harness.audio import pcm, speech, wav
from realtime_harness.clients.base import EventConnection
from realtime_harness.errors import TargetViolation, UsageError
from realtime_harness.evidence import Lane, Recorder
from realtime_harness.journeys.voice_turn import Microphone, heard, spoken, voice_turn
from realtime_harness.targets.capabilities import Capability
from realtime_harness.targets.target import Target

FAKE = Target(
    name="fake",
    base_url="http://127.0.0.1:1/v1",
    api_key="k",
    capabilities=frozenset(Capability),
    control_url="http://127.0.0.1:1/_fake",
)
REMOTE = Target(name="remote", base_url="https://host.example/v1", api_key="k")

SOUND = b64encode(speech.encode("Hi")).decode()
OUTPUT = {"id": "item_2", "content": [{"type": "output_audio", "transcript": "Hi"}]}
TURN = (
    {"type": "conversation.item.added", "item": {"id": "item_1"}},
    {"type": "response.created", "response": {"id": "resp_1"}},
    {"type": "response.output_audio.delta", "response_id": "resp_1", "delta": SOUND},
    {"type": "response.done", "response": {"id": "resp_1", "output": [OUTPUT]}},
)


class Answering(EventConnection):
    """Answers events of one type with these."""

    def __init__(self, recorder: Recorder, kind: str, *events: dict[str, Any]) -> None:
        super().__init__(name="client", lane=Lane.WEBSOCKET, recorder=recorder, patience_s=0.05)
        self._kind = kind
        self._answer = events
        self.sent: list[dict[str, Any]] = []

    async def _transmit(self, frame: str | bytes) -> None:
        self.sent.append(json.loads(frame))
        if self.sent[-1]["type"] == self._kind:
            for event in self._answer:
                self._received(json.dumps(event))

    async def _shut(self) -> None:
        pass


def test_a_fake_is_spoken_to_in_tones() -> None:
    assert speech.decode(spoken(FAKE, "hello")) == "hello"


def test_others_are_spoken_to_in_a_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RT_VOICE", raising=False)
    synthetic = spoken(REMOTE, "hello")
    assert 1 < len(synthetic) / 48_000 < 3
    assert pcm.dbfs(synthetic) > -35
    wav.write(tmp_path / "voice.wav", bytes(1_600), 8_000)
    monkeypatch.setenv("RT_VOICE", str(tmp_path / "voice.wav"))
    assert len(spoken(REMOTE, "hello")) == 4_800
    monkeypatch.setenv("RT_VOICE", str(tmp_path / "none.wav"))
    with pytest.raises(UsageError, match=r"RT_VOICE: .*none.wav cannot be read"):
        spoken(REMOTE, "hello")


@pytest.mark.parametrize("format", ["audio/pcm", "audio/pcmu", "audio/pcma"])
async def test_what_is_said_can_be_heard(recorder: Recorder, format: str) -> None:
    connection = Answering(recorder, "")
    microphone = Microphone(connection, FAKE)
    microphone.format = format
    await microphone.silence(500)
    said = await microphone.say("good morning")
    assert (said.start_ms, said.end_ms, microphone.ms) == (500, 980, 980)
    sound = b"".join(b64decode(event["audio"]) for event in connection.sent)
    assert heard(sound, format) == "good morning"


async def test_a_softer_voice(recorder: Recorder) -> None:
    said = await Microphone(Answering(recorder, ""), FAKE).say("hello", gain=0.1)
    assert pcm.dbfs(said.pcm) == pytest.approx(pcm.dbfs(speech.encode("hello")) - 20, abs=0.1)


async def test_real_endpoints_hear_in_real_time(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("realtime_harness.journeys.voice_turn.asyncio.sleep", sleep)
    connection = Answering(recorder, "")
    await Microphone(connection, REMOTE).silence(300)
    assert len(connection.sent) == 3
    assert 0.15 < slept[-1] <= 0.2


async def test_a_turn_that_the_service_finds(recorder: Recorder) -> None:
    connection = Answering(recorder, "input_audio_buffer.append", *TURN)
    turn = await voice_turn(connection, Microphone(connection, FAKE), "hello")
    assert (turn.item_id, turn.response_id, turn.output_id) == ("item_1", "resp_1", "item_2")
    assert turn.transcript == heard(turn.sound, "audio/pcm") == "Hi"


async def test_a_turn_that_the_client_commits(recorder: Recorder) -> None:
    connection = Answering(recorder, "response.create", *TURN)
    await voice_turn(connection, Microphone(connection, FAKE), "hello", commit=True)
    kinds = [event["type"] for event in connection.sent]
    assert kinds == ["input_audio_buffer.append", "input_audio_buffer.commit", "response.create"]


@pytest.mark.parametrize(
    "events",
    [
        [{"type": "error", "error": {}}],
        [{"type": "conversation.item.added", "item": {}}, *TURN[1:]],
    ],
    ids=["error", "item without id"],
)
async def test_turns_that_go_wrong(recorder: Recorder, events: list[dict[str, Any]]) -> None:
    connection = Answering(recorder, "response.create", *events)
    with pytest.raises(TargetViolation):
        await voice_turn(connection, Microphone(connection, FAKE), "hello", commit=True)


async def test_sound_that_is_no_base64(recorder: Recorder) -> None:
    spoilt = {**TURN[2], "delta": "no*base*64"}
    connection = Answering(recorder, "response.create", *TURN[:2], spoilt, TURN[3])
    with pytest.raises(TargetViolation, match="base64"):
        await voice_turn(connection, Microphone(connection, FAKE), "hello", commit=True)
