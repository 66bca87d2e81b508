"""Speaking to an endpoint over WebSocket: a microphone, and a spoken turn.

Whom we speak to decides what is said and how fast, here and nowhere else:

- A fake (:attr:`Capability.CONTROL`) understands tones, of which every word is known
  (:mod:`realtime_harness.audio.speech`). Everybody else is given speech: the WAV file that the
  environment variable ``RT_VOICE`` names, or a synthetic voice that we are delivered with. Turn
  detection hears a voice in it; that its words are understood is not promised.
- An endpoint on this machine, or one that claims ``CONTROL``, gets sound as fast as it can be sent:
  turn detection counts the sound and not the clock. Everybody else gets it in real time, as from
  a microphone.
"""

from __future__ import annotations

import asyncio
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from realtime_harness.audio import pcm, speech, wav
from realtime_harness.clients.base import EventConnection
from realtime_harness.clients.connection import ReceivedEvent, member
from realtime_harness.errors import TargetViolation, UsageError
from realtime_harness.journeys.exchange import expect_or_error, id_of
from realtime_harness.targets.capabilities import Capability
from realtime_harness.targets.target import Target

__all__ = [
    "PCM",
    "PCMA",
    "PCMU",
    "Microphone",
    "Said",
    "VoiceTurn",
    "heard",
    "is_understood",
    "sound_of",
    "spoken",
    "voice_turn",
]

PCM: dict[str, Any] = {"type": "audio/pcm", "rate": 24_000}
PCMU: dict[str, Any] = {"type": "audio/pcmu"}
PCMA: dict[str, Any] = {"type": "audio/pcma"}

_RATE = 24_000
_G711_RATE = 8_000
_CODECS: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    "audio/pcmu": (pcm.mulaw_encode, pcm.mulaw_decode),
    "audio/pcma": (pcm.alaw_encode, pcm.alaw_decode),
}
_PIECE_MS = 100
"""Of sound in one append to an endpoint that is spoken to in real time."""
_LARGE_PIECE_MS = 2_000
"""The same where nobody has to wait."""
_VOICE = "RT_VOICE"
_SYNTHETIC = Path(wav.__file__).with_name("voice.wav")
"""Says "hello, how are you"; made by ``harness/generate_voice.py`` in the sources."""


def is_understood(target: Target) -> bool:
    """Return whether what the target says, and what it is told, can be read from the sound."""
    return Capability.CONTROL in target.capabilities


def spoken(target: Target, text: str) -> bytes:
    """Return something to say, 24 kHz mono PCM16: ``text``, if the target understands tones.

    Raises:
        UsageError: if the file that ``RT_VOICE`` names cannot be read.

    """
    if is_understood(target):
        return speech.encode(text)
    named = os.environ.get(_VOICE)
    try:
        return _recorded(named or str(_SYNTHETIC))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{_VOICE}: {named} cannot be read ({error}): name a WAV file, mono, 16 bits"
        ) from error


@lru_cache(maxsize=4)
def _recorded(path: str) -> bytes:
    """Return what a file says, 24 kHz mono PCM16. Many say the same, again and again."""
    samples, rate = wav.read(path)
    return pcm.resample(samples, rate, _RATE)


def heard(data: bytes, format: str) -> str:
    """Return the words in sound that a fake made, in a format of sessions."""
    samples, rate = _samples(data, format)
    return speech.decode(samples, rate)


def sound_of(events: Sequence[ReceivedEvent]) -> bytes:
    """Return the joined sound of the ``response.output_audio.delta`` among the events.

    Raises:
        TargetViolation: if one of them is no base64.

    """
    deltas = (e.data.get("delta") for e in events if e.type == "response.output_audio.delta")
    try:
        return b"".join(b64decode(str(delta), validate=True) for delta in deltas)
    except ValueError as error:
        raise TargetViolation(f"an output audio delta is no base64: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was said, and where in the sound of the session."""

    text: str
    pcm: bytes
    start_ms: float
    """Of all sound that was appended before."""
    end_ms: float


class Microphone:
    """Appends sound to the input buffer of one session, and counts it.

    Args:
        connection: of the session.
        target: to whom it goes; decides what is said, and how fast.

    """

    def __init__(self, connection: EventConnection, target: Target) -> None:
        self.ms = 0.0
        """All that was appended, in milliseconds."""
        self.format = "audio/pcm"
        """``type`` of the session's input format."""
        self.event = "input_audio_buffer.append"
        """Type of the event that carries sound."""
        self._connection = connection
        self._target = target
        self._due: float | None = None

    async def say(self, text: str, *, gain: float = 1.0) -> Said:
        """Say ``text``, or what there is to say; without silence before and behind.

        Raises:
            UsageError: as :func:`spoken`.
            ConnectionLost: if the connection is closed.

        """
        sound = spoken(self._target, text)
        if gain != 1.0:
            sound = _scaled(sound, gain)
        start_ms = self.ms
        await self.send(sound)
        return Said(text=text, pcm=sound, start_ms=start_ms, end_ms=self.ms)

    async def silence(self, ms: int) -> None:
        """Send silence.

        Raises:
            ConnectionLost: if the connection is closed.

        """
        await self.send(bytes(48 * ms))

    async def send(self, sound: bytes) -> None:
        """Send 24 kHz mono PCM16, in the session's format.

        Raises:
            ConnectionLost: if the connection is closed.

        """
        paced = not (self._target.is_loopback or is_understood(self._target))
        size = 48 * (_PIECE_MS if paced else _LARGE_PIECE_MS)
        clock = asyncio.get_running_loop().time
        for start in range(0, len(sound), size):
            piece = sound[start : start + size]
            if paced:
                # Late is not made up for: a microphone never sends more than it has heard.
                self._due = max(self._due or 0.0, clock())
                await asyncio.sleep(self._due - clock())
                self._due += len(piece) / 48_000
            await self._connection.send(
                {"type": self.event, "audio": b64encode(self._coded(piece)).decode()},
                valid=self.event == "input_audio_buffer.append",
            )
            self.ms += len(piece) / 48

    def _coded(self, piece: bytes) -> bytes:
        if self.format not in _CODECS:
            return piece
        encode, _ = _CODECS[self.format]
        return encode(pcm.resample(piece, _RATE, _G711_RATE))


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceTurn:
    """What came of a spoken turn."""

    said: Said
    item_id: str
    """Of what the user said."""
    response_id: str
    output_id: str
    """Of the assistant's first item; empty if there is none."""
    events: list[ReceivedEvent]
    """Everything received from the first event of the turn to ``response.done``."""
    transcript: str
    """What the assistant says that it said."""
    sound: bytes
    """What it said, in the output format of the session."""
    response: dict[str, Any]
    """``response`` of ``response.done``."""
    done: ReceivedEvent
    """``response.done``."""


async def voice_turn(
    connection: EventConnection,
    microphone: Microphone,
    text: str,
    *,
    commit: bool = False,
    silence_ms: int = 1_000,
    response: dict[str, Any] | None = None,
    timeout_s: float | None = None,
) -> VoiceTurn:
    """Say something and wait for the answer.

    Args:
        connection: of the session.
        microphone: of the session.
        text: what is said to those who understand it.
        commit: whether to commit and to ask for a response, as a session without turn detection
            needs it. Otherwise silence follows what is said, and the service does both.
        silence_ms: how much silence.
        response: ``response`` of ``response.create``, if ``commit``.
        timeout_s: bound on each wait, seconds; the target's patience if not given.

    Raises:
        EventNotReceived: if the turn does not come to its end.
        ConnectionLost: if the connection closes first.
        TargetViolation: if the turn is answered with an ``error`` event, or its events lack the
            ids that hold it together.
        UsageError: as :func:`spoken`.

    """
    start = len(connection.events)
    said = await microphone.say(text)
    if commit:
        await connection.send({"type": "input_audio_buffer.commit"})
        await connection.send({"type": "response.create", "response": response or {}})
    else:
        await microphone.silence(silence_ms)
    added = await expect_or_error(connection, "conversation.item.added", timeout_s=timeout_s)
    created = await expect_or_error(connection, "response.created", timeout_s=timeout_s)
    response_id = id_of(created, "response")
    done = await connection.expect(
        "response.done",
        timeout_s=timeout_s,
        where=lambda event: member(event, "response", "id") == response_id,
    )
    events = [event for event in connection.events[start:] if event.seq <= done.seq]
    output = member(done.data, "response", "output")
    output = [item for item in output or [] if isinstance(item, dict)]
    return VoiceTurn(
        said=said,
        item_id=id_of(added, "item"),
        response_id=response_id,
        output_id=str(output[0].get("id") or "") if output else "",
        events=events,
        transcript=_transcript(output),
        sound=sound_of([e for e in events if e.data.get("response_id") == response_id]),
        response=member(done.data, "response") or {},
        done=done,
    )


def _transcript(output: list[dict[str, Any]]) -> str:
    parts = [part for item in output for part in item.get("content") or []]
    words = (member(part, "transcript") for part in parts)
    return "".join(word for word in words if isinstance(word, str))


def _samples(data: bytes, format: str) -> tuple[bytes, int]:
    if format not in _CODECS:
        return data, _RATE
    _, decode = _CODECS[format]
    return decode(data), _G711_RATE


def _scaled(sound: bytes, gain: float) -> bytes:
    import numpy as np

    samples = np.frombuffer(sound, dtype="<i2") * gain
    return samples.clip(-32_768, 32_767).astype("<i2").tobytes()
